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
OTHER_SIZE = 2.0  # the most that a series' own error may exceed what it is without the periods of a cutoff


@dataclass(frozen=True)
class Residuals:
    """Scaled residuals of one model, (cutoffs, series, steps), NaN where unknown.

    trusted: which (cutoffs, series) may be pooled. held_out: known periods after each cutoff, in the same shape; of a
    series that lacks the cutoff, those of the others.
    """

    values: np.ndarray
    trusted: np.ndarray
    held_out: np.ndarray

    def known_at(self, held_out: int) -> "Residuals":
        """Those of periods that had ended `held_out` periods before the end of the history."""
        steps = np.arange(1, self.values.shape[2] + 1)
        is_known = self.held_out[:, :, None] - steps >= held_out
        return replace(self, values=np.where(is_known, self.values, np.nan))

    def of(self, series: np.ndarray) -> "Residuals":
        """Those of the series of a mask."""
        return Residuals(self.values[:, series], self.trusted[:, series], self.held_out[:, series])


@dataclass(frozen=True)
class Errors:
    """The errors of one model, (cutoffs, series, steps), NaN where unknown; the others (cutoffs, series), as of each.

    is_constant: series that had been constant up to the cutoff.
    """

    values: np.ndarray
    scale: np.ndarray
    is_constant: np.ndarray
    held_out: np.ndarray

    def first(self, count: int) -> "Errors":
        """Those of the first cutoffs."""
        return Errors(self.values[:count], self.scale[:count], self.is_constant[:count], self.held_out[:count])

    def scaled(self, current: np.ndarray) -> Residuals:
        """Over the scale of each cutoff, to be multiplied by the current one, which is NaN for a constant series.

        A series that was constant up to a cutoff, or had a far smaller scale, is scaled by its current scale, and its
        residuals are not pooled.
        """
        is_other = self.is_constant | (current > OTHER_SCALE * self.scale)
        scale = np.where(is_other, current, self.scale)
        return Residuals(self.values / scale[:, :, None], ~is_other, self.held_out)


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
    future, errors = {}, {}
    for name, point in candidates.future.items():
        own = _errors(candidates, name, constant_at)
        residuals = own.scaled(np.where(is_constant, np.nan, candidates.scale))
        future[name] = _bounds(point, residuals, every_row, candidates.scale, batch, is_constant, groups, floor)
        if name in PAST_MODELS:
            # The pool of a cutoff that pools are chosen on was chosen on the others, later ones among them: good enough
            # for the future, but nothing that could be known at a cutoff before them.
            errors[name] = own.first(len(candidates.evaluation))
    past = []
    for origin in candidates.evaluation if scored else ():
        before = batch.take(origin.rows).without_last(origin.held_out)
        constant, current = constant_at[id(origin.rows)], np.full(len(batch), np.nan)
        current[origin.rows] = np.where(constant, np.nan, origin.scale)
        then = {name: errors[name].scaled(current).known_at(int(origin.held_out.max(initial=0))) for name in errors}
        at = (origin.rows, origin.scale, before, constant, groups, floor)
        past.append({name: _bounds(origin.forecasts[name], then[name], *at) for name in PAST_MODELS})
    return future, tuple(past) if scored else ({},) * len(candidates.evaluation)


def _bounds(
    point: np.ndarray,
    residuals: Residuals,
    rows: np.ndarray,
    scale: np.ndarray,
    before: Batch,
    is_constant: np.ndarray,
    groups: list[tuple[str, str]],
    floor: np.ndarray,
) -> Bounds:
    """Bounds of the point forecasts of some rows, from the residuals that are known.

    scale, before, is_constant: of these rows, as of the cutoff.
    """
    out = {level: (point.copy(), point.copy()) for level in conformal.LEVELS}
    for group in sorted({groups[row] for row in rows}):
        in_group, other_levels = _members(groups, group)
        positions = np.flatnonzero(in_group[rows])
        own, borrowed, sizes = _scores(residuals, in_group, other_levels)
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


def _errors(candidates: Candidates, name: str, constant_at: dict[int, np.ndarray]) -> Errors:
    """A model's errors at the evaluation cutoffs, and at older ones that it was chosen on.

    At those the pool has no correction of its bias: nothing was known of it by then.
    """
    origins = _origins_with(candidates, name)
    shape = (max(1, len(origins)), len(candidates.batch))
    steps = max((origin.actual.shape[1] for origin, _ in origins), default=1)
    values, scale = np.full((*shape, steps), np.nan), np.full(shape, np.nan)
    is_constant, held_out = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.int64)
    for index, (origin, is_counted) in enumerate(origins):
        values[index, origin.rows] = np.where(is_counted[:, None], origin.actual - origin.forecasts[name], np.nan)
        scale[index, origin.rows] = origin.scale
        is_constant[index, origin.rows] = constant_at[id(origin.rows)]
        held_out[index] = origin.held_out.max(initial=0)
        held_out[index, origin.rows] = origin.held_out
    return Errors(values, scale, is_constant, held_out)


def _origins_with(candidates: Candidates, name: str) -> list[tuple[Origin, np.ndarray]]:
    """The cutoffs at which the model has forecasts, and of each the rows that count: a series' hold-out counts once.

    Those that choose nothing come first: of a cutoff that models were chosen on the series that are older there.
    """
    evaluated = [origin for origin in candidates.evaluation if name in origin.forecasts]
    oldest = np.zeros(len(candidates.batch), dtype=np.int64)
    for origin in evaluated:
        has_forecast = ~np.isnan(origin.forecasts[name]).all(axis=1)
        oldest[origin.rows] = np.maximum(oldest[origin.rows], np.where(has_forecast, origin.held_out, 0))
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
    sizes, borrowed_sizes = (
        conformal.sizes_of(part.values, rows, part.held_out) for part, rows in ((own, poolable), (borrowed, borrowable))
    )
    return _sized(own, poolable, sizes), _sized(borrowed, borrowable, borrowed_sizes), sizes


def _sized(residuals: Residuals, poolable: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """(cutoffs, series, steps) as (any, steps), each over its series' size in periods that its cutoff did not forecast.

    That size is at least a share of the one of all periods, which bounds are multiplied by: where few periods have
    nearly all of a series' error, dividing by the small size and multiplying by the large one would square the error.
    """
    elsewhere = conformal.sizes_without_each(residuals.values, poolable, residuals.held_out)
    return np.asarray((residuals.values / np.maximum(elsewhere, sizes / OTHER_SIZE)[:, :, None])[poolable])
