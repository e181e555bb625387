"""Intervals from what the backtest got wrong: pooled split-conformal on scaled residuals, per step ahead.

Residuals of all series of a segment, divided by each series' own scale, are pooled over neighbouring steps; their
quantiles, scaled back, are the bounds (split conformal: Vovk et al. 2005; pooling over series as the series of one
company behave alike). Nothing is simulated: same input, same bounds.
"""

import numpy as np

LEVELS = (80, 95)
WINDOW = 2  # steps on each side whose residuals are pooled: one step alone has too few


def bounds(
    forecasts: np.ndarray, scale: np.ndarray, residuals: np.ndarray, level: int
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bounds of (series, steps) forecasts.

    residuals: (any, steps) of (actual - forecast) / scale, NaN where unknown.
    """
    low, high = _widths(residuals, forecasts.shape[1], level)
    return forecasts + low[None, :] * scale[:, None], forecasts + high[None, :] * scale[:, None]


def _widths(residuals: np.ndarray, steps: int, level: int) -> tuple[np.ndarray, np.ndarray]:
    """Scaled distance to the lower and the upper bound for every step; never shrinking with the distance ahead."""
    tail = (1 - level / 100) / 2
    low, high = np.zeros(steps), np.zeros(steps)
    for step in range(steps):
        pooled = residuals[:, max(0, step - WINDOW) : step + WINDOW + 1]
        pooled = np.sort(pooled[~np.isnan(pooled)])
        if len(pooled):
            low[step], high[step] = _rank(pooled, tail), -_rank(np.sort(-pooled), tail)
    return np.minimum.accumulate(np.minimum(low, 0)), np.maximum.accumulate(np.maximum(high, 0))


def _rank(ordered: np.ndarray, tail: float) -> float:
    """The conformal lower quantile: the floor((n + 1) * tail)-th smallest, widened where n is too small for it."""
    place = (len(ordered) + 1) * tail
    if place >= 1:
        return float(ordered[int(place) - 1])
    return float(ordered[0]) / max(place, 0.5)
