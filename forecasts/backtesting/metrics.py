"""Forecast error metrics: one signature for all, `metric(actual, forecast)`, over the last axis; NaN where unknown.

Shapes: actual and forecast (..., steps); `scale` broadcasts against the result. Units are those of the series for
`bias_amount`, none for the others. Percent figures are 0-1 shares except sMAPE, which M3 and M4 print times 100.
"""

import numpy as np


def scale_of(values: np.ndarray, season: int) -> float:
    """Mean absolute seasonal difference of a history: the divisor of MASE (Hyndman & Koehler 2006).

    A history of one season or less is scaled by its first differences, a constant one by its mean size, zeros by 1.
    """
    if step := step_of(values, season):
        return step
    size = float(nan_mean(np.abs(values))) if len(values) else 0.0
    return size if size > 0 else 1.0


def step_of(values: np.ndarray, season: int) -> float:
    """The mean absolute difference over a season, or over one period where there is none; 0 for a constant history."""
    for lag in (season, 1):
        if len(values) > lag:
            step = float(nan_mean(np.abs(values[lag:] - values[:-lag])))
            if step > 0:
                return step
    return 0.0


def squared_scale_of(values: np.ndarray) -> float:
    """Mean squared first difference: the divisor of RMSSE (M5 guide)."""
    step = float(nan_mean(np.diff(values) ** 2)) if len(values) > 1 else 0.0
    return step if step > 0 else scale_of(values, 1) ** 2


def smape(actual: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    """Symmetric absolute percentage error, 0 to 200; both zero counts as no error (M4 definition)."""
    size = np.abs(actual) + np.abs(forecast)
    share = 2 * np.abs(actual - forecast) / np.where(size == 0, 1, size)
    return 100 * nan_mean(share)


def mase(actual: np.ndarray, forecast: np.ndarray, scale: np.ndarray | float) -> np.ndarray:
    """Mean absolute error in units of the history's seasonal steps."""
    return nan_mean(np.abs(actual - forecast)) / scale


def rmsse(actual: np.ndarray, forecast: np.ndarray, squared_scale: np.ndarray | float) -> np.ndarray:
    """Root mean squared error in units of the history's steps."""
    return np.sqrt(nan_mean((actual - forecast) ** 2) / squared_scale)


def wape(actual: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    """Sum of absolute errors over the sum of absolute actuals; NaN if nothing was sold."""
    total = np.nansum(np.abs(actual), axis=-1)
    error = np.nansum(np.abs(actual - forecast), axis=-1)
    return np.where(total > 0, error / np.where(total > 0, total, 1), np.nan)


def bias(actual: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    """Sum of (forecast - actual) over the sum of absolute actuals: above zero is too high; NaN if nothing was sold."""
    total = np.nansum(np.abs(actual), axis=-1)
    error = np.nansum(forecast - actual, axis=-1)
    return np.where(total > 0, error / np.where(total > 0, total, 1), np.nan)


def coverage(actual: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Share of the actuals inside their interval, bounds included."""
    inside = np.where(np.isnan(actual) | np.isnan(low), np.nan, (actual >= low) & (actual <= high))
    return nan_mean(inside)


def msis(
    actual: np.ndarray, low: np.ndarray, high: np.ndarray, scale: np.ndarray | float, level: float = 0.95
) -> np.ndarray:
    """Mean scaled interval score: width plus 2/alpha times every miss, in units of seasonal steps (M4 definition)."""
    penalty = 2 / (1 - level)
    misses = np.maximum(low - actual, 0) + np.maximum(actual - high, 0)
    return nan_mean(high - low + penalty * misses) / scale


def accuracy(actual: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    """1 - |actual - forecast| / |actual| per value, at least 0. With an actual of 0: 1 if forecast as 0, else 0."""
    error, size = np.abs(actual - forecast), np.abs(actual)
    share = np.where(size > 0, np.maximum(0.0, 1 - error / np.where(size > 0, size, 1)), (error == 0).astype(float))
    return np.where(np.isnan(error), np.nan, share)


def nan_mean(values: np.ndarray) -> np.ndarray:
    """The mean of the known values over the last axis; NaN where there is none. No warnings, unlike np.nanmean."""
    if values.ndim == 1 and len(values) and not np.isnan(total := values.sum()):
        return np.asarray(total / len(values))  # nothing is unknown: a fifth of the work
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    return np.where(count > 0, np.where(known, values, 0).sum(axis=-1) / np.maximum(count, 1), np.nan)
