"""Rolling origins: every model forecasts what is already known, from several cutoffs, and never sees past them."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from forecasts.backtesting.metrics import scale_of, squared_scale_of
from forecasts.base import model
from forecasts.panel.batch import Batch

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


def cutoffs(length: int, horizon: int, shortest: int, count: int, widest: int | None = None) -> list[int]:
    """How many trailing periods each cutoff holds out, the newest cutoff first; empty if the series is too short.

    The newest cutoff sees a whole horizon if it can. Earlier ones step back by another horizon (cutoffs that see the
    same periods say the same thing), by `widest`, or by less, so that the oldest leaves `shortest` to learn from.
    """
    most = length - shortest
    if most < count:
        return []
    newest = min(horizon, most - count + 1)
    step = max(1, min(horizon, (most - newest) // max(1, count - 1), widest or horizon))
    return [newest + step * place for place in range(count)]


def common_step(lengths: np.ndarray, horizon: int, shortest: int, count: int) -> int:
    """The step of the middle series: most cutoffs then fall on the same days, as sums over series need them to."""
    plans = [cuts for length in lengths if (cuts := cutoffs(int(length), horizon, shortest, count))]
    steps = sorted(cuts[1] - cuts[0] if len(cuts) > 1 else horizon for cuts in plans)
    return steps[len(steps) // 2] if steps else horizon


def roll(
    wanted: dict[str, np.ndarray],
    batch: Batch,
    horizon: int,
    shortest: int,
    count: int,
    progress: Progress | None = None,
    widest: int | None = None,
) -> Candidates:
    """Forecast the future and every cutoff's future.

    wanted: per model, which series it is to forecast. shortest: fewest periods to learn from. count: cutoffs.
    widest: most periods between two cutoffs.
    """
    tick = _ticker(len(wanted) * (count + 1), progress)
    candidates = plan(wanted, batch, horizon, shortest, count, widest)
    for origin in candidates.origins:
        past = batch.take(origin.rows).without_last(origin.held)
        for name, rows in wanted.items():
            origin.forecasts[name] = tick(_predict(name, past, rows[origin.rows], horizon))
    for name, rows in wanted.items():
        candidates.future[name] = tick(_predict(name, batch, rows, horizon))
    return candidates


def plan(
    wanted: dict[str, np.ndarray], batch: Batch, horizon: int, shortest: int, count: int, widest: int | None = None
) -> Candidates:
    """The cutoffs and what came after them, without any forecast yet. widest: most periods between two cutoffs."""
    lengths = np.where(_any(wanted, len(batch)), batch.lengths, 0)
    plans = [cutoffs(int(length), horizon, shortest, count, widest) for length in lengths]
    origins = tuple(_origin(batch, plans, place, horizon) for place in range(count))
    return Candidates(batch, horizon, _scales(batch), {}, origins)


def _predict(name: str, batch: Batch, rows: np.ndarray, horizon: int) -> np.ndarray:
    out = np.full((len(batch), horizon), np.nan)
    places = np.flatnonzero(rows)
    for group in _alike(batch, places):
        out[group] = model(name).predict_able(seen(batch.take(group)), horizon)
    return out


def _alike(batch: Batch, places: np.ndarray) -> list[np.ndarray]:
    """Series that may see the same: all, or those of one last period where regressors have a day of publication."""
    if batch.regressors is None or batch.regressors.published is None:
        return [places] if len(places) else []
    return [places[batch.last[places] == last] for last in np.unique(batch.last[places])]


def seen(batch: Batch) -> Batch:
    """The batch with the regressors as they were known when its (common) last period ended."""
    if batch.regressors is None or batch.regressors.published is None:
        return batch
    day = int(batch.frequency.ends(batch.last[:1])[0].astype("datetime64[D]").astype(np.int64))
    return replace(batch, regressors=batch.regressors.seen(day))


def _any(wanted: dict[str, np.ndarray], size: int) -> np.ndarray:
    return np.any(list(wanted.values()), axis=0) if wanted else np.zeros(size, dtype=bool)


def _ticker(total: int, progress: Progress | None) -> Callable[[np.ndarray], np.ndarray]:
    """A function that hands its argument on and reports one more piece of work as done."""
    done = itertools.count(1)

    def tick(forecasts: np.ndarray) -> np.ndarray:
        if progress:
            progress(next(done), total)
        return forecasts

    return tick


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
