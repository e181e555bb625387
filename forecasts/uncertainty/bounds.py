"""The intervals of every model: of its future, and of each cutoff's future from the residuals of the other cutoffs.

Series of a segment share their residuals, except in a hierarchy: further up, errors average out less and have one
direction. So every level of a hierarchy has its own residuals, after reconciling, and borrows those of the other
levels, which matters where a level has few nodes.
"""

from collections.abc import Sequence

import numpy as np

from forecasts.backtesting.metrics import step_of
from forecasts.backtesting.rolling_origin import Candidates, Origin
from forecasts.panel.batch import Batch
from forecasts.selection import fallback
from forecasts.uncertainty import conformal

Bounds = dict[int, tuple[np.ndarray, np.ndarray]]  # per level: lower and upper, (series, steps)


def all_bounds(
    candidates: Candidates, segments: np.ndarray, floor: np.ndarray, nodes: np.ndarray
) -> tuple[dict[str, Bounds], tuple[dict[str, Bounds], ...]]:
    """Bounds of every model: conformal within the segment; from naive errors where nothing was backtested.

    nodes: the level of each series that is part of a hierarchy, empty for the others.
    """
    groups = list(zip(segments.tolist(), nodes.tolist(), strict=True))
    future = {name: _future_bounds(candidates, name, groups, floor) for name in candidates.future}
    past = tuple(
        {name: _past_bounds(candidates, index, name, groups, floor) for name in origin.forecasts}
        for index, origin in enumerate(candidates.origins)
    )
    return future, past


def _future_bounds(candidates: Candidates, name: str, groups: list[tuple[str, str]], floor: np.ndarray) -> Bounds:
    point = candidates.future[name]
    out = {level: (point.copy(), point.copy()) for level in conformal.LEVELS}
    errors = _errors(candidates, candidates.origins, name)
    for group in sorted(set(groups)):
        in_group, other_levels = _members(groups, group)
        rows = np.flatnonzero(in_group)
        own, borrowed, sizes = _scores(errors, in_group, other_levels)
        constant = _is_constant(candidates.batch)[rows] | (np.isnan(own).all() and np.isnan(borrowed).all())
        for level in conformal.LEVELS:
            low, high = conformal.bounds(point[rows], candidates.scale[rows] * sizes, own, level, borrowed)
            naive = _naive_bounds(candidates.batch.take(rows[constant]), point[rows[constant]], level)
            low[constant], high[constant] = naive
            out[level][0][rows], out[level][1][rows] = np.maximum(low, floor[rows][:, None]), high
    return out


def _past_bounds(
    candidates: Candidates, index: int, name: str, groups: list[tuple[str, str]], floor: np.ndarray
) -> Bounds:
    origin = candidates.origins[index]
    point = origin.forecasts[name]
    out = {level: (point.copy(), point.copy()) for level in conformal.LEVELS}
    past = candidates.batch.take(origin.rows).without_last(origin.held_out)
    errors = _errors(candidates, [*candidates.origins[:index], *candidates.origins[index + 1 :]], name)
    for group in sorted({groups[row] for row in origin.rows}):
        in_group, other_levels = _members(groups, group)
        rows = np.flatnonzero(in_group[origin.rows])
        own, borrowed, sizes = _scores(errors, in_group, other_levels)
        scale = origin.scale[rows] * sizes[np.searchsorted(np.flatnonzero(in_group), origin.rows[rows])]
        constant = _is_constant(past)[rows]
        for level in conformal.LEVELS:
            low, high = conformal.bounds(point[rows], scale, own, level, borrowed)
            low[constant], high[constant] = _naive_bounds(past.take(rows[constant]), point[rows[constant]], level)
            out[level][0][rows], out[level][1][rows] = np.maximum(low, floor[origin.rows[rows]][:, None]), high
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


def _errors(candidates: Candidates, origins: Sequence[Origin], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Scaled residuals of a model, (cutoffs, series, steps), NaN where unknown; and which of them may be pooled.

    A series that was constant up to a cutoff is scaled by its current scale, and its residuals are not pooled.
    """
    with_model = [origin for origin in origins if name in origin.forecasts]
    steps = max((origin.actual.shape[1] for origin in with_model), default=1)
    out = np.full((max(1, len(with_model)), len(candidates.batch), steps), np.nan)
    trusted = np.ones(out.shape[:2], dtype=bool)
    current_scale = np.where(_is_constant(candidates.batch), np.nan, candidates.scale)
    for index, origin in enumerate(with_model):
        constant = _is_constant(candidates.batch.take(origin.rows).without_last(origin.held_out))
        scale = np.where(constant, current_scale[origin.rows], origin.scale)
        out[index, origin.rows] = (origin.actual - origin.forecasts[name]) / scale[:, None]
        trusted[index, origin.rows[constant]] = False
    return out, trusted


def _scores(
    errors: tuple[np.ndarray, np.ndarray], in_group: np.ndarray, other_levels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Own and borrowed residuals of a group, each over its series' size, and the size of each series of the group.

    The size that a residual is divided by comes from the other cutoffs, as the size used for the future does.
    """
    own, borrowed = errors[0][:, in_group], errors[0][:, other_levels]
    median_square = conformal.median_square_of(own)
    poolable, borrowable = (
        conformal.poolable(part, errors[1][:, rows], median_square)
        for part, rows in ((own, in_group), (borrowed, other_levels))
    )
    if not np.nan_to_num(own[poolable]).any():
        poolable[:] = True  # no comparable series: pool over all of them
    return _sized(own, poolable), _sized(borrowed, borrowable), conformal.sizes_of(own, poolable)


def _sized(errors: np.ndarray, poolable: np.ndarray) -> np.ndarray:
    """(cutoffs, series, steps) as (any, steps), each over its series' size at the other cutoffs."""
    scaled = []
    for index, keep in enumerate(poolable):
        sizes = conformal.sizes_of(np.delete(errors, index, axis=0), np.delete(poolable, index, axis=0))
        scaled.append((errors[index] / sizes[:, None])[keep])
    return np.concatenate(scaled)
