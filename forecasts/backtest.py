"""Rolling origins: every model forecasts what is already known, from several cutoffs, and never sees past them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from forecasts.base import Batch, Model
from forecasts.metrics import scale_of, squared_scale_of

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Origin:
    """What was forecast from one cutoff per series, and what came.

    rows: places in the batch that have this cutoff. held: periods after it that are known, per row.
    actual: (rows, horizon), NaN after the last known period. forecasts: the same shape per model.
    scale, squared_scale: of each history up to the cutoff.
    """

    rows: np.ndarray
    held: np.ndarray
    actual: np.ndarray
    scale: np.ndarray
    squared_scale: np.ndarray
    forecasts: dict[str, np.ndarray]


@dataclass(frozen=True)
class Candidates:
    """Every model's forecast of the future, and of each cutoff's future."""

    batch: Batch
    horizon: int
    scale: np.ndarray
    future: dict[str, np.ndarray]
    origins: tuple[Origin, ...]


def cutoffs(length: int, horizon: int, shortest: int, count: int) -> list[int]:
    """How many trailing periods each cutoff holds out, the newest cutoff first; empty if the series is too short.

    The newest cutoff sees a whole horizon if it can; earlier ones step back by a third of it, or by less, so that
    the oldest still leaves `shortest` periods to learn from.
    """
    most = length - shortest
    if most < count:
        return []
    newest = min(horizon, most - count + 1)
    step = max(1, min(max(1, horizon // 3), (most - newest) // max(1, count - 1)))
    return [newest + step * place for place in range(count)]


def roll(
    models: Sequence[Model], batch: Batch, horizon: int, shortest: int, count: int, progress: Progress | None = None
) -> Candidates:
    """Forecast the future and every cutoff's future with every model. `shortest`: fewest periods to learn from."""
    plans = [cutoffs(int(length), horizon, shortest, count) for length in batch.lengths]
    total, done = len(models) * (count + 1), 0
    origins = []
    for place in range(count):
        origin = _origin(batch, plans, place, horizon)
        past = batch.take(origin.rows).without_last(origin.held)
        for model in models:
            origin.forecasts[model.name] = model.predict_able(past, horizon)
            done += 1
            if progress:
                progress(done, total)
        origins.append(origin)
    future = {}
    for model in models:
        future[model.name] = model.predict_able(batch, horizon)
        done += 1
        if progress:
            progress(done, total)
    return Candidates(batch, horizon, _scales(batch), future, tuple(origins))


def _origin(batch: Batch, plans: list[list[int]], place: int, horizon: int) -> Origin:
    rows = np.array([row for row, plan in enumerate(plans) if plan], dtype=np.int64)
    held = np.array([plans[row][place] for row in rows], dtype=np.int64)
    actual = np.full((len(rows), horizon), np.nan)
    for place_in, (row, out) in enumerate(zip(rows, held, strict=True)):
        known = batch.values[row][len(batch.values[row]) - out :][:horizon]
        actual[place_in, : len(known)] = known
    past = batch.take(rows).without_last(held)
    squared = np.array([squared_scale_of(values) for values in past.values])
    return Origin(rows, held, actual, _scales(past), squared, {})


def _scales(batch: Batch) -> np.ndarray:
    return np.array([scale_of(values, batch.frequency.season) for values in batch.values])
