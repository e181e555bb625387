"""Intervals from what the backtest got wrong: pooled split-conformal on scaled residuals, per step ahead.

Residuals of all series of a segment, divided by each series' own scale and by how much it erred at the other cutoffs,
are pooled over neighbouring steps; their quantiles, scaled back, are the bounds (split conformal: Vovk et al. 2005;
pooling over series as the series of one company behave alike). Nothing is simulated: same input, same bounds.
"""

import numpy as np

LEVELS = (80, 95)
WINDOW = 2  # steps on each side whose residuals are pooled: one step alone has too few
PRIOR = 2  # lent residuals that count in a node's own spread: one step of few cutoffs may have erred little by luck
OWN = 2  # horizons of pooled errors that count in a series' own size: the least MSIS on backtests of M3 and M4 weekly
UNLIKE = 5.0  # times the error of the median series: on M3, tourism and M4 weekly hardly one errs as much
LENT = 15.0  # residuals that all other nodes of a segment count for together: as many as one node has of three cutoffs


def bounds(
    forecasts: np.ndarray, scale: np.ndarray, residuals: np.ndarray, level: int, lent: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bounds of (series, steps) forecasts.

    residuals: (any, steps) of (actual - forecast) / scale, NaN where unknown. lent: residuals of other series in the
    same shape, on the level's own spread, which together weigh as much as `LENT` of their own do at most.
    """
    low, high = _widths(residuals, lent, forecasts.shape[1], level)
    return forecasts + low[None, :] * scale[:, None], forecasts + high[None, :] * scale[:, None]


def sizes_of(residuals: np.ndarray, alike: np.ndarray | None = None) -> np.ndarray:
    """How much each series errs compared with the others: (cutoffs, series, steps) of scaled residuals -> (series,).

    The root mean square of its own and of `OWN` horizons of pooled ones, over the pooled: 1 for a series like all
    others, or without errors of its own. Intervals get as narrow as a series deserves where the scale of its history,
    a season's step, says little about how far a forecast goes wrong (normalised conformal scores: Papadopoulos et al.
    2008). alike: (cutoffs, series) whose residuals are pooled. Who errs `UNLIKE` times as much borrows nothing.
    """
    known = ~np.isnan(residuals)
    squares = np.where(known, residuals, 0.0) ** 2
    alike = np.ones(residuals.shape[:2], dtype=bool) if alike is None else alike
    pooled = squares[alike].sum() / max(1, known[alike].sum())
    if pooled == 0.0:
        return np.ones(residuals.shape[1])
    own, total = known.sum(axis=(0, 2)), squares.sum(axis=(0, 2))
    lent = OWN * residuals.shape[2] * (total <= own * UNLIKE**2 * pooled)
    return np.asarray(np.sqrt((total + lent * pooled) / (own + lent) / pooled))


def alike(residuals: np.ndarray, trusted: np.ndarray, usual: float) -> np.ndarray:
    """Which residuals may speak for other series: (cutoffs, series), of scaled residuals (cutoffs, series, steps).

    Those that are trusted, of series that err no more than `UNLIKE` times the usual: a few that began to sell
    yesterday must not widen what is said of all others.
    """
    return trusted & (_mean_squares(residuals) <= UNLIKE**2 * usual)


def usual_square(residuals: np.ndarray) -> float:
    """The mean squared residual of the median series of those that err at all; infinite if none does."""
    errors = _mean_squares(residuals)
    wrong = np.sort(errors[errors > 0])
    return float(wrong[(len(wrong) - 1) // 2]) if len(wrong) else np.inf


def _mean_squares(residuals: np.ndarray) -> np.ndarray:
    known = ~np.isnan(residuals)
    return np.asarray((np.where(known, residuals, 0.0) ** 2).sum(axis=(0, 2)) / np.maximum(1, known.sum(axis=(0, 2))))


def _widths(residuals: np.ndarray, lent: np.ndarray | None, steps: int, level: int) -> tuple[np.ndarray, np.ndarray]:
    """Scaled distance to the lower and the upper bound for every step; never shrinking with the distance ahead."""
    tail = (1 - level / 100) / 2
    low, high = np.zeros(steps), np.zeros(steps)
    for step in range(steps):
        own, others = _near(residuals, step), _near(lent, step)
        if len(own) or len(others):
            low[step], high[step] = _rank(own, others, tail), -_rank(-own, -others, tail)
    return np.minimum.accumulate(np.minimum(low, 0)), np.maximum.accumulate(np.maximum(high, 0))


def _near(residuals: np.ndarray | None, step: int) -> np.ndarray:
    if residuals is None:
        return np.empty(0)
    near = residuals[:, max(0, step - WINDOW) : step + WINDOW + 1]
    return near[~np.isnan(near)]


def _rank(own: np.ndarray, lent: np.ndarray, tail: float) -> float:
    """The conformal lower quantile: the last value up to which the weights are `tail` of all and one more.

    Without lent values it is the floor((n + 1) * tail)-th smallest, widened where n is too small for it. No lent value
    weighs more than one of its own, so the quantile of a smaller tail never lies inside that of a larger one.
    """
    values = np.concatenate([own, _rescaled(lent, own)])
    weights = np.ones(len(values))
    weights[len(own) :] = min(1.0, LENT / max(1, len(lent)))
    order = np.argsort(values, kind="stable")
    place = (weights.sum() + 1) * tail
    reached = int(np.searchsorted(np.cumsum(weights[order]), place * (1 + 1e-12), side="right"))
    if reached:
        return float(values[order[reached - 1]])
    return float(values[order[0]]) / max(place, 0.5)  # not reached: place is below 1


def _rescaled(lent: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Lent residuals on the level's own spread: they tell the shape of the tails, where a node errs more, not how much.

    The spread is the root mean square of its own and of `PRIOR` lent ones, wider the fewer there are.
    """
    theirs, count = float(np.mean(lent**2)) if len(lent) else 0.0, len(own)
    if count == 0 or theirs == 0.0:
        return lent
    mine = (float(np.sum(own**2)) + PRIOR * theirs) / (count + PRIOR)
    return np.asarray(lent * np.sqrt(mine / theirs) * (count + PRIOR) / count)
