"""Exponential smoothing of several resampled versions of a series (bagging)."""

import numpy as np

from forecasts.base import Model
from forecasts.panel.batch import Batch, filled

VERSIONS = 8  # resampled series besides the real one: more cost time and did not change the second digit
SEASONS_PER_BLOCK = 2  # block length of the bootstrap: keeps autocorrelation within a block
SEED = 20160303  # any fixed number: the same series gets the same forecast in every run


class EtsBagged(Model):
    """Bagged exponential smoothing (Bergmeir, Hyndman & Benitez 2016): the median over resampled series.

    A series is split by loess into trend, season and remainder; each version redraws its remainders in blocks.
    One search may pick a form by luck; the median of many does not. Every series gets the same draws, so that its
    forecast does not depend on the other series.
    """

    name = "ets_bagged"
    engine = "numba"
    seasons_needed = 2.0

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One decomposition and VERSIONS small searches per series."""
        season = batch.frequency.season
        return np.array([_median_of_versions(filled(values), season, horizon) for values in batch.values])


def _median_of_versions(values: np.ndarray, season: int, horizon: int) -> np.ndarray:
    """The bagged forecast of one series; a constant series is continued."""
    if np.ptp(values) == 0:
        return np.full(horizon, values[-1])
    size = float(np.mean(np.abs(values)))
    is_log = bool(values.min() > 0)
    transformed = np.log(values / size) if is_log else values / size
    trend_season, remainder = _decompose(transformed, season)
    forecasts = [_forecast(transformed, is_log, season, horizon)]
    for draw in _block_draws(len(transformed), season):
        forecasts.append(_forecast(trend_season + remainder[draw], is_log, season, horizon))
    return np.median(forecasts, axis=0) * size


def _decompose(values: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray]:
    """Trend with season, and the remainder."""
    if season == 1 or len(values) < 2 * season:
        from statsmodels.nonparametric.smoothers_lowess import lowess

        trend = lowess(values, np.arange(len(values)), frac=0.5, return_sorted=False)
        return trend, values - trend
    from statsmodels.tsa.seasonal import STL

    decomposition = STL(values, period=season).fit()
    return decomposition.trend + decomposition.seasonal, decomposition.resid


def _block_draws(length: int, season: int) -> np.ndarray:
    """Positions of remainders, a row per version: blocks from random starts, the first one cut at a random point."""
    generator = np.random.default_rng(SEED)
    block = min(max(SEASONS_PER_BLOCK * season, 8), max(length // 2, 1))
    count = length // block + 2
    starts = generator.integers(0, length - block + 1, (VERSIONS, count))
    positions = (starts[:, :, None] + np.arange(block)).reshape(VERSIONS, -1)
    cuts = generator.integers(0, block, VERSIONS)
    return np.stack([row[cut : cut + length] for row, cut in zip(positions, cuts, strict=True)])


def _forecast(transformed: np.ndarray, is_log: bool, season: int, horizon: int) -> np.ndarray:
    from forecasts.engines.smoothing import smooth

    series = np.exp(transformed) if is_log else transformed
    size = float(np.mean(np.abs(series))) or 1.0
    return smooth(np.ascontiguousarray(series / size), season, horizon) * size
