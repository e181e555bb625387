"""Calibration of intervals: split conformal on scaled backtest residuals, pooled over series, per step ahead.

Residuals of all series of a segment, divided by each series' own scale and by its error in other periods, are pooled
over neighbouring steps; their quantiles, scaled back, are the bounds (split conformal: Vovk et al. 2005; pooling
over series as the series of one company are similar). Nothing is simulated: same input, same bounds.
"""

from collections.abc import Sequence

import numpy as np

LEVELS = (80, 95)
WINDOW = 2  # steps on each side whose residuals are pooled: one step alone has too few
PRIOR_WEIGHT = 2  # borrowed residuals counted in a node's own spread: few cutoffs may have small errors by luck
OWN_SIZE_WEIGHT = 2  # horizons of pooled errors in a series' own size: least MSIS in backtests of M3 and M4 weekly
OUTLIER_RATIO = 5.0  # to the error of the median series: on M3, tourism and M4 weekly hardly any series exceeds it
FEWEST = 10  # residuals from which their signs count: of fewer, the side without one would begin at the forecast itself
BORROWED_WEIGHT = 15.0  # own residuals that all borrowed ones count for: as many as one node has from three cutoffs


def bounds(
    forecasts: np.ndarray, scale: np.ndarray, residuals: np.ndarray, level: int, borrowed: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bounds of (series, steps) forecasts.

    residuals: (any, steps) of (actual - forecast) / scale, NaN where unknown. borrowed: residuals of other levels in
    the same shape, rescaled to the own spread; all together they weigh at most as much as BORROWED_WEIGHT own ones.
    """
    low, high = widths(residuals, borrowed, forecasts.shape[1], (level,))[level]
    return forecasts + low[None, :] * scale[:, None], forecasts + high[None, :] * scale[:, None]


def sizes_of(
    residuals: np.ndarray, poolable: np.ndarray | None = None, held_out: np.ndarray | None = None
) -> np.ndarray:
    """The error of each series relative to the pooled error: (cutoffs, series, steps) of scaled residuals -> (series,).

    The root mean square of its own residuals and of OWN_SIZE_WEIGHT horizons of pooled ones, over the pooled one: 1 for
    an average series, or one without residuals. It widens or narrows intervals where the scale of the history, a
    seasonal step, says little about the forecast error (normalised conformal scores: Papadopoulos et al. 2008).
    poolable: (cutoffs, series) whose residuals are pooled. A series whose error exceeds OUTLIER_RATIO times the pooled
    one is not shrunk towards it. held_out: known periods after each cutoff, in that shape; a horizon apart without it.
    A period counts once, whatever number of cutoffs forecast it: their errors of it are hardly two.
    """
    squares, known = _by_period(residuals, held_out)
    of_pool = _by_period(_only(residuals, poolable), held_out)
    pooled = of_pool[0].sum() / max(1, of_pool[1].sum())
    return _sizes(squares.sum(axis=1), known.sum(axis=1), pooled, residuals.shape[2])


def sizes_without_each(residuals: np.ndarray, poolable: np.ndarray, held_out: np.ndarray | None = None) -> np.ndarray:
    """`sizes_of` the periods that a cutoff did not forecast, for each one: (cutoffs, series); 1 where there are none.

    Cutoffs a period apart forecast nearly the same periods: with those in its size an error would be no test of it.
    """
    own, of_pool = _by_period(residuals, held_out), _by_period(_only(residuals, poolable), held_out)
    ends = _or_a_horizon_apart(held_out, residuals)
    squares, known = (_without_each(part, ends, residuals.shape[2]) for part in own)
    pooled, count = (_without_each(part, ends, residuals.shape[2]).sum(axis=1) for part in of_pool)
    return _sizes(squares, known, (pooled / np.maximum(1, count))[:, None], residuals.shape[2])


def _only(residuals: np.ndarray, poolable: np.ndarray | None) -> np.ndarray:
    return residuals if poolable is None else np.where(poolable[:, :, None], residuals, np.nan)


def _or_a_horizon_apart(held_out: np.ndarray | None, residuals: np.ndarray) -> np.ndarray:
    cutoffs, series, steps = residuals.shape
    apart = np.broadcast_to(steps * np.arange(1, cutoffs + 1)[:, None], (cutoffs, series))
    return apart if held_out is None else held_out


def _by_period(residuals: np.ndarray, held_out: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """The mean square of each period's residuals, and 1 where it has any: (series, periods), the last period first.

    No residual may be known of a period after the end of the history.
    """
    cutoff, row, step = np.nonzero(~np.isnan(residuals))
    period = _or_a_horizon_apart(held_out, residuals)[cutoff, row] - 1 - step
    shape = (residuals.shape[1], int(period.max(initial=0)) + 1)
    place, squares = row * shape[1] + period, residuals[cutoff, row, step] ** 2
    count = np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape)
    total = np.bincount(place, weights=squares, minlength=shape[0] * shape[1]).reshape(shape)
    return total / np.maximum(1, count), np.minimum(1, count)


def _without_each(values: np.ndarray, held_out: np.ndarray, steps: int) -> np.ndarray:
    """Sums of (series, periods) over the periods later and earlier than those after each cutoff: (cutoffs, series)."""
    nothing, rows, most = np.zeros((len(values), 1)), np.arange(len(values)), values.shape[1]
    # Two sums, one from each end: to subtract from the sum of all would leave rounding behind.
    later = np.concatenate([nothing, np.cumsum(values, axis=1)], axis=1)
    earlier = np.concatenate([np.cumsum(values[:, ::-1], axis=1)[:, ::-1], nothing], axis=1)
    return np.asarray(later[rows, np.clip(held_out - steps, 0, most)] + earlier[rows, np.clip(held_out, 0, most)])


def _sizes(total: np.ndarray, own: np.ndarray, pooled: np.ndarray, steps: int) -> np.ndarray:
    """Sizes of series from the sums and counts of their squares, and the mean square of all that are pooled."""
    weight = OWN_SIZE_WEIGHT * steps * (total <= own * OUTLIER_RATIO**2 * pooled)
    with np.errstate(divide="ignore", invalid="ignore"):
        sizes = np.sqrt((total + weight * pooled) / (own + weight) / pooled)
    return np.where(pooled == 0.0, 1.0, sizes)


def poolable(residuals: np.ndarray, trusted: np.ndarray, median_square: float) -> np.ndarray:
    """Which residuals may be pooled with other series: (cutoffs, series), of scaled residuals (cutoffs, series, steps).

    Trusted ones whose error is at most OUTLIER_RATIO times that of the median series: a few new products must not widen
    the intervals of all other series.
    """
    return trusted & (_mean_squares(residuals) <= OUTLIER_RATIO**2 * median_square)


def median_square_of(residuals: np.ndarray) -> float:
    """The mean squared residual of the median series among those with errors; infinite if there is none."""
    errors = _mean_squares(residuals)
    positive = np.sort(errors[errors > 0])
    return float(positive[(len(positive) - 1) // 2]) if len(positive) else np.inf


def _mean_squares(residuals: np.ndarray) -> np.ndarray:
    is_known = ~np.isnan(residuals)
    return np.asarray(
        (np.where(is_known, residuals, 0.0) ** 2).sum(axis=(0, 2)) / np.maximum(1, is_known.sum(axis=(0, 2)))
    )


def widths(
    residuals: np.ndarray, borrowed: np.ndarray | None, steps: int, levels: Sequence[int]
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Scaled distance to the lower and the upper bound for every step; widths never shrink with the horizon.

    A bound keeps its distance from the median residual where the forecast is biased: all residuals on one side would
    otherwise draw the bound of the other side onto the forecast itself.
    """
    out = {level: (np.zeros(steps), np.zeros(steps)) for level in levels}
    for step in range(steps):
        own, borrowed_near = _window(residuals, step), _window(borrowed, step)
        if not len(own) and not len(borrowed_near):
            continue
        middle = float(np.median(own if len(own) else borrowed_near))
        tails = [(1 - level / 100) / 2 for level in levels]
        if len(own) + len(borrowed_near) < FEWEST:
            own, borrowed_near, middle = *(np.concatenate([part, -part]) for part in (own, borrowed_near)), 0.0
        values, weights = _sorted_with_weights(own, borrowed_near)
        for level, tail in zip(levels, tails, strict=True):
            quantiles = [_quantiles(values - shift, weights, tail) for shift in (0.0, middle)]
            out[level][0][step] = min(0.0, *(low for low, _ in quantiles))
            out[level][1][step] = max(0.0, *(high for _, high in quantiles))
    return {level: (np.minimum.accumulate(low), np.maximum.accumulate(high)) for level, (low, high) in out.items()}


def _window(residuals: np.ndarray | None, step: int) -> np.ndarray:
    if residuals is None:
        return np.empty(0)
    window = residuals[:, max(0, step - WINDOW) : step + WINDOW + 1]
    return window[~np.isnan(window)]


def _sorted_with_weights(own: np.ndarray, borrowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All residuals in order, the borrowed ones rescaled, with weights: no borrowed one weighs more than an own one."""
    values = np.concatenate([own, _rescaled(borrowed, own)])
    weights = np.ones(len(values))
    weights[len(own) :] = min(1.0, BORROWED_WEIGHT / max(1, len(borrowed)))
    order = np.argsort(values, kind="stable")
    return values[order], weights[order]


def _quantiles(values: np.ndarray, weights: np.ndarray, tail: float) -> tuple[float, float]:
    """The conformal lower and upper quantile: the last value up to which the weights reach `tail` of (their sum + 1).

    Without borrowed values it is the floor((n + 1) * tail)-th smallest, widened where n is too small for it. No
    borrowed value weighs more than an own one, so the quantile of a smaller tail never lies inside that of a larger.
    """
    rank = (weights.sum() + 1) * tail
    return _reached(values, weights, rank), -_reached(-values[::-1], weights[::-1], rank)


def _reached(values: np.ndarray, weights: np.ndarray, rank: float) -> float:
    """The last of the sorted values up to which the weights reach the rank; beyond the first where it is below 1."""
    reached = int(np.searchsorted(np.cumsum(weights), rank * (1 + 1e-12), side="right"))
    return float(values[reached - 1]) if reached else float(values[0]) / max(rank, 0.5)


def _rescaled(borrowed: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Borrowed residuals rescaled to the own spread: they give the shape of the tails, not their width.

    The spread is the root mean square of the own and of PRIOR_WEIGHT borrowed ones, wider the fewer own ones there are.
    """
    borrowed_square, count = float(np.mean(borrowed**2)) if len(borrowed) else 0.0, len(own)
    if count == 0 or borrowed_square == 0.0:
        return borrowed
    own_square = (float(np.sum(own**2)) + PRIOR_WEIGHT * borrowed_square) / (count + PRIOR_WEIGHT)
    return np.asarray(borrowed * np.sqrt(own_square / borrowed_square) * (count + PRIOR_WEIGHT) / count)
