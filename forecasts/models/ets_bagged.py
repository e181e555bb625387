"""Exponential smoothing of several versions of a series that might have been (bagging)."""

import numpy as np

from forecasts.base import Model
from forecasts.panel.batch import Batch, filled

VERSIONS = 8  # resampled series beside the real one: more cost time and changed no second digit
SEASONS_PER_BLOCK = 2  # remainders are drawn in runs of this length, so that what clings together stays together
SEED = 20160303


class EtsBagged(Model):
    """Bagged exponential smoothing (Bergmeir, Hyndman & Benitez 2016): the median over resampled series.

    A series is split by loess into trend, season and remainder; each version has its remainders drawn anew in blocks.
    One search picks one form by luck; the median of many does not. Every series gets the same draws, so that its
    forecast does not depend on its neighbours.
    """

    name = "ets_bagged"
    engine = "numba"
    seasons_needed = 2.0

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One decomposition and VERSIONS small searches per series."""
        season = batch.frequency.season
        return np.array([_median_of_versions(filled(values), season, horizon) for values in batch.values])


def _median_of_versions(values: np.ndarray, season: int, horizon: int) -> np.ndarray:
    """The bagged forecast of one series; a series of a single value is forecast by it."""
    if np.ptp(values) == 0:
        return np.full(horizon, values[-1])
    size = float(np.mean(np.abs(values)))
    logs = bool(values.min() > 0)
    known = np.log(values / size) if logs else values / size
    smooth, remainder = _parts(known, season)
    paths = [_forecast(known, logs, season, horizon)]
    for draw in _draws(len(known), season):
        paths.append(_forecast(smooth + remainder[draw], logs, season, horizon))
    return np.median(paths, axis=0) * size


def _parts(values: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray]:
    """Trend with season, and the remainder."""
    if season == 1 or len(values) < 2 * season:
        from statsmodels.nonparametric.smoothers_lowess import lowess

        trend = lowess(values, np.arange(len(values)), frac=0.5, return_sorted=False)
        return trend, values - trend
    from statsmodels.tsa.seasonal import STL

    found = STL(values, period=season).fit()
    return found.trend + found.seasonal, found.resid


def _draws(length: int, season: int) -> np.ndarray:
    """Places of remainders, a row per version: blocks that start anywhere, the first one cut at a random place."""
    generator = np.random.default_rng(SEED)
    block = min(max(SEASONS_PER_BLOCK * season, 8), max(length // 2, 1))
    count = length // block + 2
    starts = generator.integers(0, length - block + 1, (VERSIONS, count))
    places = (starts[:, :, None] + np.arange(block)).reshape(VERSIONS, -1)
    cuts = generator.integers(0, block, VERSIONS)
    return np.stack([row[cut : cut + length] for row, cut in zip(places, cuts, strict=True)])


def _forecast(known: np.ndarray, logs: bool, season: int, horizon: int) -> np.ndarray:
    from forecasts.engines.smoothing import smooth

    series = np.exp(known) if logs else known
    size = float(np.mean(np.abs(series))) or 1.0
    return smooth(np.ascontiguousarray(series / size), season, horizon) * size
