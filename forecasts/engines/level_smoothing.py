"""Simple exponential smoothing of many series: its weight is searched in compiled code, which is most of its time.

The search is Brent's on an interval, step for step as SciPy's bounded one (Brent 1973, chapter 5), so that a forecast
is the same number as statsforecast's; calling back into Python for every step took twenty times as long.
"""

from collections.abc import Callable

import numba
import numpy as np

from forecasts.engines.statsforecast import scale_for_optimiser
from forecasts.panel.batch import Batch, filled

GOLDEN = 0.5 * (3.0 - np.sqrt(5.0))
ROOT_OF_PRECISION = np.sqrt(2.2e-16)
PRECISION = 1e-5  # of the weight
MOST_STEPS = 500


def level_of_each(batch: Batch, horizon: int, level_of: Callable[[np.ndarray], float]) -> np.ndarray:
    """The level of every series, repeated over the horizon: (series, steps). level_of: values without gaps -> level."""
    levels = [_level(filled(values), level_of) for values in batch.values]
    return np.repeat(np.array(levels)[:, None], horizon, axis=1)


def _level(values: np.ndarray, level_of: Callable[[np.ndarray], float]) -> float:
    if np.ptp(values) == 0:
        return float(values[-1])
    scale = scale_for_optimiser(values)
    return level_of(np.ascontiguousarray(values / scale)) * scale


def smoothed(values: np.ndarray, lowest: float, highest: float) -> float:
    """The last level of a series; the weight of the newest value has the least squared error in lowest ... highest."""
    return float(_last_level(values, _best_weight(values, lowest, highest)))


@numba.njit(cache=True, nogil=True)
def _squared_error(weight, values):
    forecast, total = values[0], 0.0
    for t in range(1, len(values)):
        forecast = weight * values[t - 1] + (1 - weight) * forecast
        total += (values[t] - forecast) ** 2
    return total


@numba.njit(cache=True, nogil=True)
def _last_level(values, weight):
    level = values[0]
    for t in range(len(values)):
        level = weight * values[t] + (1 - weight) * level
    return level


@numba.njit(cache=True, nogil=True)
def _next_step(low, high, best, second, third, errors, moved, before, near):
    """The step to the next weight, and the one that it replaces: to a parabola's lowest point, or a golden section."""
    middle = 0.5 * (low + high)
    if abs(before) > near:
        r = (best - second) * (errors[0] - errors[2])
        q = (best - third) * (errors[0] - errors[1])
        p = (best - third) * q - (best - second) * r
        q = 2.0 * (q - r)
        if q > 0.0:
            p = -p
        q = abs(q)
        if abs(p) < abs(0.5 * q * before) and p > q * (low - best) and p < q * (high - best):
            step = p / q
            if best + step - low < 2.0 * near or high - (best + step) < 2.0 * near:
                step = near if middle >= best else -near
            return step, moved
    rest = low - best if best >= middle else high - best
    return GOLDEN * rest, rest


@numba.njit(cache=True, nogil=True)
def _best_weight(values, low, high):
    best = second = third = low + GOLDEN * (high - low)
    error = _squared_error(best, values)
    errors = np.array([error, error, error])  # of best, second and third
    moved, before = 0.0, 0.0
    for _ in range(MOST_STEPS - 1):
        near = ROOT_OF_PRECISION * abs(best) + PRECISION / 3.0
        if abs(best - 0.5 * (low + high)) <= 2.0 * near - 0.5 * (high - low):
            break
        moved, before = _next_step(low, high, best, second, third, errors, moved, before, near)
        tried = best + (max(moved, near) if moved >= 0 else -max(-moved, near))
        error = _squared_error(tried, values)
        if error <= errors[0]:
            low, high = (best, high) if tried >= best else (low, best)
            third, second, best = second, best, tried
            errors[2], errors[1], errors[0] = errors[1], errors[0], error
            continue
        low, high = (tried, high) if tried < best else (low, tried)
        if error <= errors[1] or second == best:
            third, second = second, tried
            errors[2], errors[1] = errors[1], error
        elif error <= errors[2] or third in (best, second):
            third, errors[2] = tried, error
    return best
