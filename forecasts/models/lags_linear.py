"""One linear regression on lags for all series of a batch."""

import numpy as np

from forecasts.base import Model
from forecasts.panel.batch import Batch, filled

RIDGE = 1e-3  # of the number of windows: only enough for collinear lags
MIN_WINDOWS_PER_LAG = 20  # with fewer the weights would fit noise, and there is no forecast
TARGET_CAP = 4.0  # standard deviations at which a target is clipped: one jump must not bend all series


class LagsLinear(Model):
    """A global autoregression (Montero-Manso & Hyndman 2021): all windows of all series fit the same weights.

    A window is two seasons of (log) values, centred on its last season and scaled; the targets are the next steps,
    each with its own weights. Short series share what longer ones show.
    """

    name = "lags_linear"
    seasons_needed = 2.0
    learns_across_series = True

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One regression per batch; series with values of zero or less are fitted and forecast without logarithms."""
        lags = max(2 * batch.frequency.season, 4)
        out = np.full((len(batch), horizon), np.nan)
        histories = [filled(values) for values in batch.values]
        positive = np.array([values.min() > 0 for values in histories])
        for rows, forward, back in (
            (np.flatnonzero(positive), np.log, np.exp),
            (np.flatnonzero(~positive), np.array, np.array),
        ):
            series = [forward(histories[row]) for row in rows if len(histories[row]) >= lags]
            long_enough = [row for row in rows if len(histories[row]) >= lags]
            weights = fit_weights(series, lags, horizon, batch.frequency.season)
            if weights is not None and long_enough:
                out[long_enough] = back(_ahead(series, weights, lags, batch.frequency.season))
        return out


def fit_weights(series: list[np.ndarray], lags: int, horizon: int, season: int) -> np.ndarray | None:
    """Weights (lags, horizon) from all windows; None where there are too few."""
    squares, products, count = np.zeros((lags, lags)), np.zeros((lags, horizon)), 0
    for values in series:
        if len(values) < lags + horizon:
            continue
        windows = np.lib.stride_tricks.sliding_window_view(values, lags + horizon)
        centre, spread = _frame(windows[:, :lags], season)
        past = (windows[:, :lags] - centre) / spread
        future = np.clip((windows[:, lags:] - centre) / spread, -TARGET_CAP, TARGET_CAP)
        squares += past.T @ past
        products += past.T @ future
        count += len(windows)
    if count < MIN_WINDOWS_PER_LAG * lags:
        return None
    return np.linalg.solve(squares + RIDGE * count * np.eye(lags), products)


def _ahead(series: list[np.ndarray], weights: np.ndarray, lags: int, season: int) -> np.ndarray:
    windows = np.vstack([values[-lags:] for values in series])
    centre, spread = _frame(windows, season)
    return (windows - centre) / spread @ weights * spread + centre


def _frame(windows: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean of each window's last season and its standard deviation, as columns."""
    centre = windows[:, -season:].mean(axis=1, keepdims=True)
    return centre, windows.std(axis=1, keepdims=True) + 1e-3 * np.abs(centre) + 1e-12
