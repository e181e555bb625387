"""The backtest of many series, cut into partitions of whole series that any engine can compute."""

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from forecasts.backtesting.execution import finished_partitions
from forecasts.backtesting.rolling_origin import Candidates, Progress, plan, roll
from forecasts.panel.batch import Batch, Regressors
from forecasts.panel.frequency import Frequency

SIZE = 200  # series per partition: seconds of work, and enough for the batch engine to share its calendars
SCHEMA = {"row": pl.Int64, "model": pl.String, "origin": pl.Int64, "step": pl.Int64, "yhat": pl.Float64}


@dataclass(frozen=True)
class Task:
    """The settings that all partitions share, in periods; their meaning is in `rolling_origin.roll`."""

    freq: str
    horizon: int
    min_history: int
    n_cutoffs: int
    max_step: int
    regressors: Regressors | None = None
    is_evaluation: bool = False

    @property
    def settings_text(self) -> str:
        """Everything that decides a result, as text, for the hash of a partition's checkpoint."""
        regressors = self.regressors
        vintages = ((regressors.values, regressors.published), *regressors.revisions) if regressors else ()
        arrays = [array for vintage in vintages for array in vintage]
        digests = [hashlib.sha256(array.tobytes()).hexdigest() for array in arrays if array is not None]
        names = regressors.names if regressors else ()
        return repr(
            (
                self.freq,
                self.horizon,
                self.min_history,
                self.n_cutoffs,
                self.max_step,
                names,
                digests,
                self.is_evaluation,
            )
        )


@dataclass(frozen=True)
class Execution:
    """How partitions are run: the engine, a progress callback, and the folder of finished ones (see `execution`)."""

    engine: str = "process"
    progress: Progress | None = None
    checkpoint_folder: Path | None = None


def candidates_of(model_masks: dict[str, np.ndarray], batch: Batch, task: Task, execution: Execution) -> Candidates:
    """`rolling_origin.roll` of the whole batch, partition by partition on the engine."""
    if execution.engine == "process" and execution.checkpoint_folder is None and len(batch) <= SIZE:
        return roll(
            model_masks,
            batch,
            task.horizon,
            task.min_history,
            task.n_cutoffs,
            execution.progress,
            task.max_step,
            task.is_evaluation,
        )
    frames = [_frame(batch, model_masks, start) for start in range(0, len(batch), SIZE)]
    finished = finished_partitions(
        partial(_work, task=task),
        frames,
        execution.engine,
        settings=task.settings_text,
        checkpoint_folder=execution.checkpoint_folder,
        progress=execution.progress,
    )
    candidates = _unforecast(model_masks, batch, task)
    for _, rows in finished:
        _place(rows, candidates)
    return candidates


def _frame(batch: Batch, model_masks: dict[str, np.ndarray], start: int) -> pl.DataFrame:
    """One row per series of a partition: its row in the batch, values, last period, and the models to run on it."""
    rows = range(start, min(start + SIZE, len(batch)))
    return pl.DataFrame(
        {
            "row": list(rows),
            "unique_id": [batch.unique_ids[row] for row in rows],
            "last": [int(batch.last[row]) for row in rows],
            "values": [batch.values[row] for row in rows],
            "models": [[name for name, mask in model_masks.items() if mask[row]] for row in rows],
        },
        schema_overrides={"values": pl.List(pl.Float64), "models": pl.List(pl.String)},
    )


def _work(frame: pl.DataFrame, task: Task) -> pl.DataFrame:
    """The forecasts of one partition, long: row, model, origin (-1: the future), step, yhat."""
    values = tuple(series.to_numpy().astype(float) for series in frame["values"])
    ids = tuple(frame["unique_id"].to_list())
    batch = Batch(ids, values, frame["last"].to_numpy(), Frequency(task.freq), task.regressors)
    chosen = frame["models"].to_list()
    names = list(dict.fromkeys(name for models in chosen for name in models))
    model_masks = {name: np.array([name in models for models in chosen]) for name in names}
    candidates = roll(
        model_masks,
        batch,
        task.horizon,
        task.min_history,
        task.n_cutoffs,
        max_step=task.max_step,
        is_evaluation=task.is_evaluation,
    )
    rows = frame["row"].to_numpy()
    future = candidates.future.items()
    pieces = [_long(rows[model_masks[name]], name, -1, steps[model_masks[name]]) for name, steps in future]
    for number, origin in enumerate(candidates.origins):
        for name, mask in model_masks.items():
            inside = mask[origin.rows]
            pieces.append(_long(rows[origin.rows[inside]], name, number, origin.forecasts[name][inside]))
    return pl.concat([pl.DataFrame(schema=SCHEMA), *pieces])


def _long(rows: np.ndarray, name: str, origin: int, forecasts: np.ndarray) -> pl.DataFrame:
    steps = forecasts.shape[1]
    columns = {
        "row": np.repeat(rows, steps),
        "step": np.tile(np.arange(steps), len(rows)),
        "yhat": forecasts.ravel(),
    }
    frame = pl.DataFrame(columns, schema_overrides={"row": pl.Int64, "step": pl.Int64})
    return frame.with_columns(model=pl.lit(name), origin=pl.lit(origin, dtype=pl.Int64)).select(list(SCHEMA))


def _unforecast(model_masks: dict[str, np.ndarray], batch: Batch, task: Task) -> Candidates:
    """The cutoffs of the whole batch, with NaN for every forecast that is to come."""
    candidates = plan(
        model_masks, batch, task.horizon, task.min_history, task.n_cutoffs, task.max_step, task.is_evaluation
    )
    with_future = () if task.is_evaluation else model_masks
    future = {name: np.full((len(batch), task.horizon), np.nan) for name in with_future}
    origins = [
        replace(origin, forecasts={name: np.full(origin.actual.shape, np.nan) for name in model_masks})
        for origin in candidates.origins
    ]
    return replace(candidates, future=future, origins=tuple(origins))


def _place(rows: pl.DataFrame, candidates: Candidates) -> None:
    """Write the forecasts of a partition into the arrays of the whole batch."""
    every_row = np.arange(len(candidates.batch))
    for (name, number), part in rows.partition_by("model", "origin", as_dict=True).items():
        origin = None if number == -1 else candidates.origins[number]
        batch_rows, out = (
            (every_row, candidates.future[name]) if origin is None else (origin.rows, origin.forecasts[name])
        )
        position = np.searchsorted(batch_rows, part["row"].to_numpy())
        out[position, part["step"].to_numpy()] = part["yhat"].to_numpy()
