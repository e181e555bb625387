"""The intervals of every model: of its future, and of every cutoff's future from what went wrong at the others.

Series of a segment are alike, except where they add up: what goes wrong at the nodes of a level goes wrong in one
direction further up, where less evens out. So every level of a hierarchy has residuals of its own, after reconciling;
the other levels lend theirs, which matters where a level has few nodes.
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
    kinds = list(zip(segments.tolist(), nodes.tolist(), strict=True))
    future = {name: _future_bounds(candidates, name, kinds, floor) for name in candidates.future}
    past = tuple(
        {name: _past_bounds(candidates, place, name, kinds, floor) for name in origin.forecasts}
        for place, origin in enumerate(candidates.origins)
    )
    return future, past


def _future_bounds(candidates: Candidates, name: str, kinds: list[tuple[str, str]], floor: np.ndarray) -> Bounds:
    point = candidates.future[name]
    out = {level: (point.copy(), point.copy()) for level in conformal.LEVELS}
    errors = _errors(candidates, candidates.origins, name)
    for kind in sorted(set(kinds)):
        mine, others = _members(kinds, kind)
        rows = np.flatnonzero(mine)
        known, lent, sizes = _scores(errors, mine, others)
        still = _unmoved(candidates.batch)[rows] | (np.isnan(known).all() and np.isnan(lent).all())
        for level in conformal.LEVELS:
            low, high = conformal.bounds(point[rows], candidates.scale[rows] * sizes, known, level, lent)
            own = _naive_bounds(candidates.batch.take(rows[still]), point[rows[still]], level)
            low[still], high[still] = own
            out[level][0][rows], out[level][1][rows] = np.maximum(low, floor[rows][:, None]), high
    return out


def _past_bounds(
    candidates: Candidates, place: int, name: str, kinds: list[tuple[str, str]], floor: np.ndarray
) -> Bounds:
    origin = candidates.origins[place]
    point = origin.forecasts[name]
    out = {level: (point.copy(), point.copy()) for level in conformal.LEVELS}
    past = candidates.batch.take(origin.rows).without_last(origin.held_out)
    errors = _errors(candidates, [other for index, other in enumerate(candidates.origins) if index != place], name)
    for kind in sorted({kinds[row] for row in origin.rows}):
        mine, rest = _members(kinds, kind)
        rows = np.flatnonzero(mine[origin.rows])
        known, lent, sizes = _scores(errors, mine, rest)
        scale = origin.scale[rows] * sizes[np.searchsorted(np.flatnonzero(mine), origin.rows[rows])]
        still = _unmoved(past)[rows]
        for level in conformal.LEVELS:
            low, high = conformal.bounds(point[rows], scale, known, level, lent)
            low[still], high[still] = _naive_bounds(past.take(rows[still]), point[rows[still]], level)
            out[level][0][rows], out[level][1][rows] = np.maximum(low, floor[origin.rows[rows]][:, None]), high
    return out


def _members(kinds: list[tuple[str, str]], kind: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Which series share the kind, and which share the segment and are nodes of another level."""
    same = np.array([other == kind for other in kinds])
    near = np.array([bool(kind[1] and other[1]) and other[0] == kind[0] for other in kinds])
    return same, near & ~same


def _unmoved(batch: Batch) -> np.ndarray:
    """Which series have been constant or zero: their scale is a stand-in, and a ratio to it means nothing."""
    return np.array([step_of(values, batch.frequency.season) == 0 for values in batch.values], dtype=bool)


def _naive_bounds(batch: Batch, point: np.ndarray, level: int) -> tuple[np.ndarray, np.ndarray]:
    """From each series' own naive errors; the naive forecast is inside too where sums moved the served one."""
    horizon = point.shape[1]
    spread = [fallback.naive_spread(values, batch.frequency.season, horizon) for values in batch.values]
    known = batch.lengths > 0
    naive = [fallback.naive_forecast(batch, row, horizon)[1] if known[row] else point[row] for row in range(len(batch))]
    width = fallback.NORMAL[level] * np.array(spread).reshape(point.shape)
    steady = np.array(naive).reshape(point.shape)
    return np.minimum(point, steady) - width, np.maximum(point, steady) + width


def _errors(candidates: Candidates, origins: Sequence[Origin], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Scaled residuals of a model, (cutoffs, series, steps), NaN where unknown; and which of them others may use.

    A series that had not moved by a cutoff is measured on the scale it has got since, and speaks for itself only.
    """
    known = [origin for origin in origins if name in origin.forecasts]
    steps = max((origin.actual.shape[1] for origin in known), default=1)
    out = np.full((max(1, len(known)), len(candidates.batch), steps), np.nan)
    trusted = np.ones(out.shape[:2], dtype=bool)
    since = np.where(_unmoved(candidates.batch), np.nan, candidates.scale)
    for place, origin in enumerate(known):
        still = _unmoved(candidates.batch.take(origin.rows).without_last(origin.held_out))
        scale = np.where(still, since[origin.rows], origin.scale)
        out[place, origin.rows] = (origin.actual - origin.forecasts[name]) / scale[:, None]
        trusted[place, origin.rows[still]] = False
    return out, trusted


def _scores(
    errors: tuple[np.ndarray, np.ndarray], mine: np.ndarray, others: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Residuals of the kind and of its lenders, each over its series' size, and the size of each series of the kind.

    A residual's own cutoff has no part in the size it is divided by, as the future has none in its own.
    """
    own, lent = errors[0][:, mine], errors[0][:, others]
    usual = conformal.usual_square(own)
    like, near = (conformal.alike(part, errors[1][:, rows], usual) for part, rows in ((own, mine), (lent, others)))
    if not np.nan_to_num(own[like]).any():
        like[:] = True  # who has nobody like himself has all the others
    return _sized(own, like), _sized(lent, near), conformal.sizes_of(own, like)


def _sized(errors: np.ndarray, alike: np.ndarray) -> np.ndarray:
    """(cutoffs, series, steps) as (any, steps), in units of what the series got wrong at the other cutoffs."""
    parts = []
    for place, here in enumerate(alike):
        sizes = conformal.sizes_of(np.delete(errors, place, axis=0), np.delete(alike, place, axis=0))
        parts.append((errors[place] / sizes[:, None])[here])
    return np.concatenate(parts)
