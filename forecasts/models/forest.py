"""A random forest on lags, season and regressors, one for all series of a batch."""

from typing import Any

import numpy as np

from forecasts.base import Model
from forecasts.panel.batch import Batch, filled

TREES, LEAF, SEED = 100, 5, 20240229
LAGS = 6  # recent periods; the period one season ago is added


class Forest(Model):
    """Forecasts one step at a time (recursively): each step's forecast is the next step's last lag.

    Series are divided by the mean of their last season, so that one forest serves large and small ones; trees
    cannot extrapolate, so growth is in the divisor.
    """

    name = "forest"
    engine = "scikit-learn"
    seasons_needed = 2.0
    uses_regressors = True
    learns_across_series = True

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One forest per batch."""
        forest, _ = fitted(batch)
        season = batch.frequency.season
        paths = [list(filled(values)) for values in batch.values]
        for step in range(1, horizon + 1):
            rows = np.vstack(
                [_row(path, int(end) + step, batch, season) for path, end in zip(paths, batch.last, strict=True)]
            )
            scale = np.array([_size(np.array(path[-season:])) for path in paths])
            for path, value in zip(paths, forest.predict(rows) * scale, strict=True):
                path.append(float(value))
        return np.array([path[-horizon:] for path in paths])


def importance(batch: Batch) -> dict[str, float]:
    """Share of the explained variance that each factor is used for; the shares add up to 1."""
    forest, names = fitted(batch)
    return dict(zip(names, forest.feature_importances_.tolist(), strict=True))


def fitted(batch: Batch) -> tuple[Any, list[str]]:
    """The forest of a batch and the names of its factors."""
    from sklearn.ensemble import RandomForestRegressor

    season = batch.frequency.season
    rows, targets = [], []
    for values, end in zip(batch.values, batch.last, strict=True):
        series = filled(values)
        for position in range(max(season, LAGS), len(series)):
            past = series[:position]
            rows.append(_row(past, int(end) - (len(series) - 1 - position), batch, season))
            targets.append(series[position] / _size(past[-season:]))
    forest = RandomForestRegressor(TREES, min_samples_leaf=LEAF, max_features=0.5, random_state=SEED, n_jobs=1)
    return forest.fit(np.vstack(rows), np.array(targets)), factor_names(batch)


def factor_names(batch: Batch) -> list[str]:
    """The features of the forest, in the order of its columns."""
    regressors = batch.regressors.names if batch.regressors else ()
    return [*(f"lag_{lag}" for lag in range(1, LAGS + 1)), "lag_season", "period_of_season", *regressors]


def _row(past: Any, period: int, batch: Batch, season: int) -> np.ndarray:
    tail = np.asarray(past[-max(season, LAGS) :])
    lags = np.append(tail[-LAGS:][::-1], tail[-season]) / _size(tail[-season:])
    regressors = batch.regressors.rows(period, period + 1)[0] if batch.regressors else np.empty(0)
    return np.concatenate([lags, [period % season], regressors])


def _size(values: np.ndarray) -> float:
    return float(np.mean(np.abs(values))) or 1.0
