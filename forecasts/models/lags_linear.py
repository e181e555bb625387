"""One linear regression on lags for all series together."""

import numpy as np

from forecasts.base import Model
from forecasts.panel.batch import Batch, filled

RIDGE = 1e-3  # of the number of windows: only enough to settle lags that say the same
WINDOWS = 20  # per lag: with fewer, the weights are those of the noise, and there is no answer
FAR = 4.0  # windows' standard deviations beyond which a target is cut: one jump must not bend all series


class LagsLinear(Model):
    """A global autoregression (Montero-Manso & Hyndman 2021): every window of every series teaches the same weights.

    A window is two seasons of (log) values, centred on its last season and scaled; the targets are the next steps,
    each with weights of its own. What one series is too short to show, the others do.
    """

    name = "lags_linear"
    seasons_needed = 2.0
    learns_across_series = True

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One regression per batch; series with values of zero or less are learnt and forecast on their own scale."""
        lags = max(2 * batch.frequency.season, 4)
        out = np.full((len(batch), horizon), np.nan)
        known = [filled(values) for values in batch.values]
        positive = np.array([values.min() > 0 for values in known])
        for rows, forward, back in (
            (np.flatnonzero(positive), np.log, np.exp),
            (np.flatnonzero(~positive), np.array, np.array),
        ):
            series = [forward(known[row]) for row in rows if len(known[row]) >= lags]
            able = [row for row in rows if len(known[row]) >= lags]
            weights = learnt(series, lags, horizon, batch.frequency.season)
            if weights is not None and able:
                out[able] = back(_ahead(series, weights, lags, batch.frequency.season))
        return out


def learnt(series: list[np.ndarray], lags: int, horizon: int, season: int) -> np.ndarray | None:
    """Weights (lags, horizon) from all windows; None where there are too few."""
    squares, products, count = np.zeros((lags, lags)), np.zeros((lags, horizon)), 0
    for values in series:
        if len(values) < lags + horizon:
            continue
        windows = np.lib.stride_tricks.sliding_window_view(values, lags + horizon)
        centre, spread = _frame(windows[:, :lags], season)
        past = (windows[:, :lags] - centre) / spread
        future = np.clip((windows[:, lags:] - centre) / spread, -FAR, FAR)
        squares += past.T @ past
        products += past.T @ future
        count += len(windows)
    if count < WINDOWS * lags:
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
