"""What is served of many series, a block of series at a time."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from forecasts.backtesting.rolling_origin import Candidates, Origin
from forecasts.group import Served
from forecasts.uncertainty.bounds import Bounds


def blocks_of(served: Served, size: int) -> Iterator[tuple[slice, Served]]:
    """Rows of the batch, and the part of `served` that is theirs; choices and verdicts are those of all series."""
    number = len(served.candidates.batch)
    if number <= size:
        yield slice(0, number), served
        return
    for start in range(0, number, size):
        rows = slice(start, min(start + size, number))
        yield rows, _block(served, rows)


def _block(served: Served, rows: slice) -> Served:
    candidates = served.candidates
    where = [_positions(origin, rows) for origin in candidates.evaluation]
    return replace(
        served,
        candidates=_candidates(candidates, rows),
        bounds={name: _bounds(of_model, rows) for name, of_model in served.bounds.items()},
        past=tuple(
            {name: _bounds(of_model, part) for name, of_model in past.items()}
            for past, part in zip(served.past, where, strict=True)
        ),
        served=served.served[rows],
        reasons=served.reasons[rows],
        skill=served.skill[rows],
        segments=served.segments[rows],
        scenarios={name: values[rows] for name, values in served.scenarios.items()},
    )


def _candidates(candidates: Candidates, rows: slice) -> Candidates:
    return replace(
        candidates,
        batch=candidates.batch.take(range(rows.start, rows.stop)),
        scale=candidates.scale[rows],
        future={name: values[rows] for name, values in candidates.future.items()},
        origins=tuple(_origin(origin, rows) for origin in candidates.origins),
        evaluation=tuple(_origin(origin, rows) for origin in candidates.evaluation),
    )


def _positions(origin: Origin, rows: slice) -> slice:
    """Where the series of a block stand among those of a cutoff, which are sorted."""
    first, last = np.searchsorted(origin.rows, (rows.start, rows.stop))
    return slice(int(first), int(last))


def _origin(origin: Origin, rows: slice) -> Origin:
    part = _positions(origin, rows)
    return Origin(
        origin.rows[part] - rows.start,
        origin.held_out[part],
        origin.actual[part],
        origin.scale[part],
        origin.squared_scale[part],
        {name: values[part] for name, values in origin.forecasts.items()},
    )


def _bounds(bounds: Bounds, rows: slice) -> Bounds:
    return {level: (low[rows], high[rows]) for level, (low, high) in bounds.items()}
