"""The intervals of every model: of its future, and of every cutoff's future from what went wrong at the others.

Series of a segment are alike, except where they add up: what goes wrong at the nodes of a level goes wrong in one
direction further up, where less evens out. So every level of a hierarchy has residuals of its own, after reconciling;
the other levels lend theirs, which matters where a level has few nodes.
"""

from collections.abc import Sequence

import numpy as np

from forecasts import fallback, intervals
from forecasts.backtest import Candidates, Origin

Bounds = dict[int, tuple[np.ndarray, np.ndarray]]  # per level: lower and upper, (series, steps)


def all_bounds(
    candidates: Candidates, segments: np.ndarray, floor: np.ndarray, nodes: np.ndarray
) -> tuple[dict[str, Bounds], tuple[dict[str, Bounds], ...]]:
    """Bounds of every model: conformal within the segment; from naive errors where nothing was backtested.

    nodes: the level of each series that is part of a hierarchy, empty for the others.
    """
    kinds = list(zip(segments.tolist(), nodes.tolist(), strict=True))
    future = {name: _future_bounds(candidates, name, kinds, floor) for name in candidates.future}
    past = tuple(
        {name: _past_bounds(candidates, place, name, kinds, floor) for name in origin.forecasts}
        for place, origin in enumerate(candidates.origins)
    )
    return future, past


def _future_bounds(candidates: Candidates, name: str, kinds: list[tuple[str, str]], floor: np.ndarray) -> Bounds:
    point = candidates.future[name]
    out = {level: (point.copy(), point.copy()) for level in intervals.LEVELS}
    errors = _errors(candidates.origins, name, len(kinds))
    for kind in sorted(set(kinds)):
        mine, others = _members(kinds, kind)
        rows = np.flatnonzero(mine)
        known, lent, sizes = _scores(errors, mine, others)
        for level in intervals.LEVELS:
            if np.isnan(known).all() and np.isnan(lent).all():
                low, high = _naive_bounds(candidates, name, rows, level)
            else:
                low, high = intervals.bounds(point[rows], candidates.scale[rows] * sizes, known, level, lent)
            out[level][0][rows], out[level][1][rows] = np.maximum(low, floor[rows][:, None]), high
    return out


def _past_bounds(
    candidates: Candidates, place: int, name: str, kinds: list[tuple[str, str]], floor: np.ndarray
) -> Bounds:
    origin = candidates.origins[place]
    point = origin.forecasts[name]
    out = {level: (point.copy(), point.copy()) for level in intervals.LEVELS}
    others = [other for index, other in enumerate(candidates.origins) if index != place]
    errors = _errors(others, name, len(kinds))
    for kind in sorted({kinds[row] for row in origin.rows}):
        mine, rest = _members(kinds, kind)
        inside = mine[origin.rows]
        rows = np.flatnonzero(inside)
        known, lent, sizes = _scores(errors, mine, rest)
        scale = origin.scale[rows] * sizes[np.searchsorted(np.flatnonzero(mine), origin.rows[rows])]
        for level in intervals.LEVELS:
            low, high = intervals.bounds(point[rows], scale, known, level, lent)
            out[level][0][rows], out[level][1][rows] = np.maximum(low, floor[origin.rows[rows]][:, None]), high
    return out


def _members(kinds: list[tuple[str, str]], kind: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Which series share the kind, and which share the segment and are nodes of another level."""
    same = np.array([other == kind for other in kinds])
    near = np.array([bool(kind[1] and other[1]) and other[0] == kind[0] for other in kinds])
    return same, near & ~same


def _naive_bounds(candidates: Candidates, name: str, rows: np.ndarray, level: int) -> tuple[np.ndarray, np.ndarray]:
    point, batch = candidates.future[name][rows], candidates.batch
    spread = [fallback.naive_spread(batch.values[row], batch.frequency.season, candidates.horizon) for row in rows]
    width = fallback.NORMAL[level] * np.array(spread).reshape(point.shape)
    return point - width, point + width


def _errors(origins: Sequence[Origin], name: str, series: int) -> np.ndarray:
    """Scaled residuals of a model: (cutoffs, series, steps), NaN where nothing is known."""
    known = [origin for origin in origins if name in origin.forecasts]
    steps = max((origin.actual.shape[1] for origin in known), default=1)
    out = np.full((max(1, len(known)), series, steps), np.nan)
    for place, origin in enumerate(known):
        out[place, origin.rows] = (origin.actual - origin.forecasts[name]) / origin.scale[:, None]
    return out


def _scores(errors: np.ndarray, mine: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Residuals of the kind and of its lenders, each over its series' size, and the size of each series of the kind.

    A residual's own cutoff has no part in the size it is divided by, as the future has none in its own.
    """
    own, lent = errors[:, mine], errors[:, others]
    return _sized(own), _sized(lent), intervals.sizes_of(own)


def _sized(errors: np.ndarray) -> np.ndarray:
    """(cutoffs, series, steps) as (any, steps), in units of what the series got wrong at the other cutoffs."""
    places = range(len(errors))
    parts = [errors[place] / intervals.sizes_of(np.delete(errors, place, axis=0))[:, None] for place in places]
    return np.concatenate(parts)
