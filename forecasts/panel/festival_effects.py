"""Festival effects for models without regressors: estimated, removed from the history, restored on the forecast.

Seasonal differences remove trend and season but not a moving festival, so the effect is the least squares slope of the
differenced (log) series on the differenced regressors.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from forecasts.panel.batch import Batch, filled

MIN_T_VALUE = 2.0  # an effect with a smaller t value costs more in noise than it explains

AMOUNT_MARGIN = 0.5  # of the squared error of factors, which most sales follow: amounts must leave half of it


@dataclass(frozen=True)
class Effects:
    """adjusted: the batch without the effects. future: (series, steps) of log effects, or amounts where not is_log."""

    adjusted: Batch
    future: np.ndarray
    is_log: np.ndarray

    def restore(self, forecasts: np.ndarray) -> np.ndarray:
        """The forecasts with the effects of the future regressors."""
        logs = np.where(self.is_log[:, None], self.future, 0.0)  # amounts are no exponents: a large one would overflow
        return np.where(self.is_log[:, None], forecasts * np.exp(logs), forecasts + self.future)


def effects_of(batch: Batch, horizon: int) -> Effects:
    """The significant effects of the batch's regressors on every series.

    No future effect is larger than the largest one of the history, or smaller than its smallest: a regressor that a
    series has never seen so high says nothing about what happens there.
    """
    values, future, logs = [], np.zeros((len(batch), horizon)), np.zeros(len(batch), dtype=bool)
    for row, series in enumerate(batch.values):
        past, ahead = _columns(batch, row, horizon)
        logs[row], slopes = _better_form(filled(series), past, batch.frequency.season)
        effect = past @ slopes
        values.append(series / np.exp(effect) if logs[row] else series - effect)
        future[row] = np.clip(ahead @ slopes, min(effect.min(), 0.0), max(effect.max(), 0.0))
    return Effects(replace(batch, values=tuple(values), regressors=None), future, logs)


def _columns(batch: Batch, row: int, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    assert batch.regressors is not None
    last, length = int(batch.last[row]), len(batch.values[row])
    rows = batch.regressors.rows(last - length + 1, last + horizon + 1)
    return rows[:length], rows[length:]


def _better_form(values: np.ndarray, past: np.ndarray, season: int) -> tuple[bool, np.ndarray]:
    """Whether the effects are factors, and their slopes: amounts where a series is not positive or they fit far better.

    A festival of half a month is half an amount, but the root of a factor. Errors of logarithms are compared in the
    units of the series, by its geometric mean (Box & Cox 1964).
    """
    amounts = _remembered_slopes(values.tobytes(), past.tobytes(), past.shape[1], season)
    if values.min() <= 0:
        return False, amounts
    logs = np.log(values)
    factors = _remembered_slopes(logs.tobytes(), past.tobytes(), past.shape[1], season)
    if not amounts.any() or not factors.any():
        return True, factors
    size = float(np.exp(logs.mean())) ** 2
    is_amount = _squares(values, past, amounts, season) < AMOUNT_MARGIN * size * _squares(logs, past, factors, season)
    return not is_amount, amounts if is_amount else factors


def _squares(target: np.ndarray, columns: np.ndarray, slopes: np.ndarray, season: int) -> float:
    """Mean square of what the effects leave of the seasonal differences."""
    lag = season if season > 1 else 1
    left = target - columns @ slopes
    return float(np.var(left[lag:] - left[:-lag]))


@lru_cache(maxsize=4096)  # every model of a cutoff asks for the same ones
def _remembered_slopes(target: bytes, columns: bytes, count: int, season: int) -> np.ndarray:
    return significant_slopes(np.frombuffer(target), np.frombuffer(columns).reshape(-1, count), season)


def significant_slopes(target: np.ndarray, columns: np.ndarray, season: int) -> np.ndarray:
    """Slope per column, 0 where its t value is below MIN_T_VALUE or the series is too short to estimate it."""
    slopes = np.zeros(columns.shape[1])
    lag = season if season > 1 else 1
    if len(target) < 2 * lag + columns.shape[1] + 3:
        return slopes
    y, x = target[lag:] - target[:-lag], columns[lag:] - columns[:-lag]
    y, x = y - y.mean(), x - x.mean(axis=0)
    candidates = np.flatnonzero(np.abs(x).max(axis=0) > 1e-9)
    while len(candidates):
        slope, t = _least_squares(y, x[:, candidates])
        if np.abs(t).min() >= MIN_T_VALUE:
            slopes[candidates] = slope
            break
        candidates = np.delete(candidates, np.abs(t).argmin())
    return slopes


def _least_squares(y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slopes and their t values."""
    inverse = np.linalg.pinv(x.T @ x)
    slope = inverse @ x.T @ y
    degrees_of_freedom = max(1, len(y) - x.shape[1] - 1)
    variance = float(((y - x @ slope) ** 2).sum()) / degrees_of_freedom
    error = np.sqrt(np.maximum(variance * np.diag(inverse), 1e-300))
    return slope, slope / error
