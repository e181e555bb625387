"""Rolling-origin backtest: every model forecasts known periods from several cutoffs and sees nothing after a cutoff."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from forecasts.backtesting import memory
from forecasts.backtesting.metrics import scale_of, squared_scale_of
from forecasts.base import model
from forecasts.panel.batch import Batch

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Origin:
    """The forecasts from one cutoff per series, and the actuals after it.

    rows: rows of the batch that have this cutoff. held_out: known periods after it, per row.
    actual: (rows, horizon), NaN after the last known period. forecasts: the same shape per model.
    scale, squared_scale: of each history up to the cutoff.
    """

    rows: np.ndarray
    held_out: np.ndarray
    actual: np.ndarray
    scale: np.ndarray
    squared_scale: np.ndarray
    forecasts: dict[str, np.ndarray]


@dataclass(frozen=True)
class Candidates:
    """Every model's forecast of the future, and of each cutoff's future.

    origins: the cutoffs that models are chosen on. evaluation: those that choose nothing, a period apart, with the
    models that may be served; accuracy, bias and intervals are measured on them.
    """

    batch: Batch
    horizon: int
    scale: np.ndarray
    future: dict[str, np.ndarray]
    origins: tuple[Origin, ...]
    evaluation: tuple[Origin, ...] = ()


def cutoffs(length: int, horizon: int, min_history: int, n_cutoffs: int, max_step: int | None = None) -> list[int]:
    """How many trailing periods each cutoff holds out, the newest cutoff first; empty if the series is too short.

    The newest cutoff holds out a whole horizon if the series is long enough. Earlier ones step back by another horizon
    (cutoffs with the same test periods are not independent), by `max_step`, or by less, so that the oldest leaves
    `min_history` to learn from.
    """
    most = length - min_history
    if most < n_cutoffs:
        return []
    newest = min(horizon, most - n_cutoffs + 1)
    step = max(1, min(horizon, (most - newest) // max(1, n_cutoffs - 1), max_step or horizon))
    return [newest + step * index for index in range(n_cutoffs)]


def evaluation_cutoffs(length: int, min_history: int, n_cutoffs: int) -> list[int]:
    """Hold-outs of one period, two periods ... as many as leave `min_history` to learn from."""
    return list(range(1, min(n_cutoffs, length - min_history) + 1))


def common_step(lengths: np.ndarray, horizon: int, min_history: int, n_cutoffs: int) -> int:
    """The step of the median series: most cutoffs then fall on the same days, which reconciliation needs."""
    plans = [cuts for length in lengths if (cuts := cutoffs(int(length), horizon, min_history, n_cutoffs))]
    steps = sorted(cuts[1] - cuts[0] if len(cuts) > 1 else horizon for cuts in plans)
    return steps[len(steps) // 2] if steps else horizon


def roll(
    model_masks: dict[str, np.ndarray],
    batch: Batch,
    horizon: int,
    min_history: int,
    n_cutoffs: int,
    progress: Progress | None = None,
    max_step: int | None = None,
    is_evaluation: bool = False,
) -> Candidates:
    """Forecast the future and every cutoff's future.

    model_masks: per model, which series it forecasts. min_history: fewest periods to learn from. n_cutoffs: cutoffs per
    series. max_step: most periods between two cutoffs. is_evaluation: cutoffs a period apart, and not the future.
    """
    candidates = plan(model_masks, batch, horizon, min_history, n_cutoffs, max_step, is_evaluation)
    tick = _ticker(len(model_masks) * (len(candidates.origins) + (not is_evaluation)), progress)
    for origin in candidates.origins:
        past = batch.take(origin.rows).without_last(origin.held_out)
        for name, rows in model_masks.items():
            origin.forecasts[name] = tick(_predict(name, past, rows[origin.rows], horizon))
    for name, rows in () if is_evaluation else model_masks.items():
        candidates.future[name] = tick(_predict(name, batch, rows, horizon))
    return candidates


def plan(
    model_masks: dict[str, np.ndarray],
    batch: Batch,
    horizon: int,
    min_history: int,
    n_cutoffs: int,
    max_step: int | None = None,
    is_evaluation: bool = False,
) -> Candidates:
    """The cutoffs and the actuals after them, without forecasts; see `roll`."""
    lengths = np.where(_any(model_masks, len(batch)), batch.lengths, 0)
    if is_evaluation:
        plans = [evaluation_cutoffs(int(length), min_history, n_cutoffs) for length in lengths]
        n_cutoffs = max(map(len, plans), default=0)
    else:
        plans = [cutoffs(int(length), horizon, min_history, n_cutoffs, max_step) for length in lengths]
    origins = tuple(_origin(batch, plans, index, horizon) for index in range(n_cutoffs))
    return Candidates(batch, horizon, _scales(batch), {}, origins)


def _predict(name: str, batch: Batch, rows: np.ndarray, horizon: int) -> np.ndarray:
    out = np.full((len(batch), horizon), np.nan)
    positions = np.flatnonzero(rows)
    for group in _groups_by_cutoff(batch, positions):
        chosen = model(name)
        seen = with_regressors_at_cutoff(batch.take(group))
        compute = partial(chosen.predict_eligible, horizon=horizon)
        out[group] = memory.recall(name, seen, horizon, compute, chosen.learns_across_series)
    return out


def _groups_by_cutoff(batch: Batch, positions: np.ndarray) -> list[np.ndarray]:
    """Series that see the same regressors: all, or one group per last period where regressors have publication days."""
    if batch.regressors is None or batch.regressors.published is None:
        return [positions] if len(positions) else []
    return [positions[batch.last[positions] == last] for last in np.unique(batch.last[positions])]


def with_regressors_at_cutoff(batch: Batch) -> Batch:
    """The batch with its regressors as published by the end of its (common) last period."""
    if batch.regressors is None or batch.regressors.published is None:
        return batch
    day = int(batch.frequency.ends(batch.last[:1])[0].astype("datetime64[D]").astype(np.int64))
    return replace(batch, regressors=batch.regressors.as_of(day))


def _any(model_masks: dict[str, np.ndarray], size: int) -> np.ndarray:
    return np.any(list(model_masks.values()), axis=0) if model_masks else np.zeros(size, dtype=bool)


def _ticker(total: int, progress: Progress | None) -> Callable[[np.ndarray], np.ndarray]:
    """A function that returns its argument and reports one more unit of work as done."""
    done = itertools.count(1)

    def tick(forecasts: np.ndarray) -> np.ndarray:
        if progress:
            progress(next(done), total)
        return forecasts

    return tick


def _origin(batch: Batch, plans: list[list[int]], index: int, horizon: int) -> Origin:
    rows = np.array([row for row, plan in enumerate(plans) if len(plan) > index], dtype=np.int64)
    held_out = np.array([plans[row][index] for row in rows], dtype=np.int64)
    actual = np.full((len(rows), horizon), np.nan)
    for position, (row, held) in enumerate(zip(rows, held_out, strict=True)):
        following = batch.values[row][len(batch.values[row]) - held :][:horizon]
        actual[position, : len(following)] = following
    past = batch.take(rows).without_last(held_out)
    squared = np.array([squared_scale_of(values) for values in past.values])
    return Origin(rows, held_out, actual, _scales(past), squared, {})


def _scales(batch: Batch) -> np.ndarray:
    return np.array([scale_of(values, batch.frequency.season) for values in batch.values])
