"""The intervals of every model's future, and of pool and served forecast at every cutoff that chose nothing.

Series of a segment share their residuals, except in a hierarchy: further up, errors average out less and have one
direction. So every level of a hierarchy has its own residuals, after reconciling, and borrows those of the other
levels, which matters where a level has few nodes. At a cutoff only residuals that were known by then count.
"""

from dataclasses import dataclass, replace

import numpy as np

from forecasts.backtesting.metrics import step_of
from forecasts.backtesting.rolling_origin import Candidates, Origin
from forecasts.panel.batch import Batch
from forecasts.selection import fallback
from forecasts.uncertainty import conformal

Bounds = dict[int, tuple[np.ndarray, np.ndarray]]  # per level: lower and upper, (series, steps)
PAST_MODELS = ("served", "pool")  # whose intervals are wanted at past cutoffs
# A scale that has become this many times larger since a cutoff is another one: the history has a new level or an
# outlier since. An error of then, scaled up by as much, would be no error that anything has ever made.
OTHER_SCALE = 4.0
OTHER_SIZE = 2.0  # the most that a series' own error may exceed what it is without one of the cutoffs


@dataclass(frozen=True)
class Residuals:
    """Scaled residuals of one model, (cutoffs, series, steps), NaN where unknown.

    trusted: which (cutoffs, series) may be pooled. held_out: known periods after each cutoff, in the same shape.
    """

    values: np.ndarray
    trusted: np.ndarray
    held_out: np.ndarray

    def known_at(self, held_out: int) -> np.ndarray:
        """Those of periods that had ended `held_out` periods before the end of the history."""
        steps = np.arange(1, self.values.shape[2] + 1)
        return np.where(self.held_out[:, :, None] - steps >= held_out, self.values, np.nan)

    def of(self, series: np.ndarray) -> "Residuals":
        """Those of the series of a mask."""
        return Residuals(self.values[:, series], self.trusted[:, series], self.held_out[:, series])


def all_bounds(
    candidates: Candidates, segments: np.ndarray, floor: np.ndarray, nodes: np.ndarray, *, scored: bool = True
) -> tuple[dict[str, Bounds], tuple[dict[str, Bounds], ...]]:
    """Bounds of every model's future: conformal within the segment; from naive errors where nothing was backtested.

    Past ones are those of PAST_MODELS at the evaluation cutoffs; none where they are not scored.
    nodes: the level of each series that is part of a hierarchy, empty for the others.
    """
    groups = list(zip(segments.tolist(), nodes.tolist(), strict=True))
    batch, every_row = candidates.batch, np.arange(len(candidates.batch))
    constant_at, is_constant = _constant_at(candidates), _is_constant(batch)
    future, residuals = {}, {}
    for name, point in candidates.future.items():
        own = _residuals(candidates, name, constant_at, is_constant)
        future[name] = _bounds(point, own, 0, every_row, candidates.scale, batch, is_constant, groups, floor)
        if name in PAST_MODELS:
            residuals[name] = own
    past = []
    for origin in candidates.evaluation if scored else ():
        before = batch.take(origin.rows).without_last(origin.held_out)
        constant = constant_at[id(origin.rows)]
        at = (int(origin.held_out.max(initial=0)), origin.rows, origin.scale, before, constant, groups, floor)
        past.append({name: _bounds(origin.forecasts[name], residuals[name], *at) for name in PAST_MODELS})
    return future, tuple(past) if scored else ({},) * len(candidates.evaluation)


def _bounds(
    point: np.ndarray,
    residuals: Residuals,
    held_out: int,
    rows: np.ndarray,
    scale: np.ndarray,
    before: Batch,
    is_constant: np.ndarray,
    groups: list[tuple[str, str]],
    floor: np.ndarray,
) -> Bounds:
    """Bounds of the point forecasts of some rows, from the residuals known `held_out` periods before the end.

    scale, before, is_constant: of these rows, as of the cutoff.
    """
    out = {level: (point.copy(), point.copy()) for level in conformal.LEVELS}
    values = residuals.known_at(held_out)
    for group in sorted({groups[row] for row in rows}):
        in_group, other_levels = _members(groups, group)
        positions = np.flatnonzero(in_group[rows])
        own, borrowed, sizes = _scores(replace(residuals, values=values), in_group, other_levels)
        sizes = sizes[np.searchsorted(np.flatnonzero(in_group), rows[positions])]
        constant = is_constant[positions] | (np.isnan(own).all() and np.isnan(borrowed).all())
        widths = conformal.widths(own, borrowed, point.shape[1], conformal.LEVELS)
        size = (scale[positions] * sizes)[:, None]
        for level in conformal.LEVELS:
            low, high = (point[positions] + width[None, :] * size for width in widths[level])
            naive = _naive_bounds(before.take(positions[constant]), point[positions[constant]], level)
            low[constant], high[constant] = naive
            limits = floor[rows[positions]][:, None]
            out[level][0][positions], out[level][1][positions] = np.maximum(low, limits), high
    return out


def _members(groups: list[tuple[str, str]], group: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Which series are in the group, and which share its segment and are nodes of another level."""
    in_group = np.array([member == group for member in groups])
    other_levels = np.array([bool(group[1] and member[1]) and member[0] == group[0] for member in groups])
    return in_group, other_levels & ~in_group


def _is_constant(batch: Batch) -> np.ndarray:
    """Which series have been constant or zero: their scale is arbitrary, and so is a ratio to it."""
    return np.array([step_of(values, batch.frequency.season) == 0 for values in batch.values], dtype=bool)


def _naive_bounds(batch: Batch, point: np.ndarray, level: int) -> tuple[np.ndarray, np.ndarray]:
    """From each series' own naive errors; they include the naive forecast, where reconciling moved the served one."""
    horizon = point.shape[1]
    spread = [fallback.naive_spread(values, batch.frequency.season, horizon) for values in batch.values]
    has_values = batch.lengths > 0
    naive = [
        fallback.naive_forecast(batch, row, horizon)[1] if has_values[row] else point[row] for row in range(len(batch))
    ]
    width = fallback.NORMAL_QUANTILES[level] * np.array(spread).reshape(point.shape)
    around = np.array(naive).reshape(point.shape)
    return np.minimum(point, around) - width, np.maximum(point, around) + width


def _constant_at(candidates: Candidates) -> dict[int, np.ndarray]:
    """Which series of every cutoff had been constant up to it, by the identity of its rows: all models share them."""
    return {
        id(origin.rows): _is_constant(candidates.batch.take(origin.rows).without_last(origin.held_out))
        for origin in (*candidates.evaluation, *candidates.origins)
    }


def _residuals(
    candidates: Candidates, name: str, constant_at: dict[int, np.ndarray], is_constant: np.ndarray
) -> Residuals:
    """A model's residuals at the evaluation cutoffs, and at older ones that it was chosen on.

    A series that was constant up to a cutoff, or had a far smaller scale, is scaled by its current scale, and its
    residuals are not pooled.
    """
    origins = _origins_with(candidates, name)
    steps = max((origin.actual.shape[1] for origin, _ in origins), default=1)
    out = np.full((max(1, len(origins)), len(candidates.batch), steps), np.nan)
    trusted, held_out = np.ones(out.shape[:2], dtype=bool), np.zeros(out.shape[:2], dtype=np.int64)
    current_scale = np.where(is_constant, np.nan, candidates.scale)
    for index, (origin, is_first) in enumerate(origins):
        constant = constant_at[id(origin.rows)] | (current_scale[origin.rows] > OTHER_SCALE * origin.scale)
        scale = np.where(constant, current_scale[origin.rows], origin.scale)
        errors = (origin.actual - origin.forecasts[name]) / scale[:, None]
        out[index, origin.rows] = np.where(is_first[:, None], errors, np.nan)
        trusted[index, origin.rows[constant]] = False
        held_out[index, origin.rows] = origin.held_out
    return Residuals(out, trusted, held_out)


def _origins_with(candidates: Candidates, name: str) -> list[tuple[Origin, np.ndarray]]:
    """The cutoffs at which the model has forecasts, and of each the rows that count: a series' hold-out counts once.

    Those that choose nothing come first: of a cutoff that models were chosen on the series that are older there.
    """
    evaluated = [origin for origin in candidates.evaluation if name in origin.forecasts]
    oldest = np.zeros(len(candidates.batch), dtype=np.int64)
    for origin in evaluated:
        oldest[origin.rows] = np.maximum(oldest[origin.rows], origin.held_out)
    chosen_on = [(origin, origin.held_out > oldest[origin.rows]) for origin in candidates.origins]
    older = [(origin, is_older) for origin, is_older in chosen_on if name in origin.forecasts and is_older.any()]
    return [(origin, np.ones(len(origin.rows), dtype=bool)) for origin in evaluated] + older


def _scores(
    residuals: Residuals, in_group: np.ndarray, other_levels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Own and borrowed residuals of a group, each over its series' size, and the size of each series of the group.

    The size that a residual is divided by comes from other periods, as the size used for the future does.
    """
    own, borrowed = residuals.of(in_group), residuals.of(other_levels)
    median_square = conformal.median_square_of(own.values)
    poolable, borrowable = (conformal.poolable(part.values, part.trusted, median_square) for part in (own, borrowed))
    if not np.nan_to_num(own.values[poolable]).any():
        poolable[:] = True  # no comparable series: pool over all of them
    sizes = conformal.sizes_of(own.values, poolable, own.held_out)
    return _sized(own, poolable), _sized(borrowed, borrowable), sizes


def _sized(residuals: Residuals, poolable: np.ndarray) -> np.ndarray:
    """(cutoffs, series, steps) as (any, steps), each over its series' size in the periods that its cutoff left out.

    That size is at least a share of the one with all cutoffs, which bounds are multiplied by: where one cutoff has
    nearly all of a series' error, dividing by the small size and multiplying by the large one would square the error.
    """
    values, held_out = residuals.values, residuals.held_out
    least = conformal.sizes_of(values, poolable, held_out) / OTHER_SIZE
    sizes = np.maximum(conformal.sizes_without_each(values, poolable, held_out), least)
    return np.asarray((values / sizes[:, :, None])[poolable])
