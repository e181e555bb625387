"""The backtest of many series, cut into partitions of whole series that any engine can compute."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from forecasts.backtesting.execution import map_partitions
from forecasts.backtesting.rolling_origin import Candidates, Progress, plan, roll
from forecasts.panel.batch import Batch, Regressors
from forecasts.panel.frequency import Frequency

SIZE = 200  # series per partition: seconds of work, and enough for the batch engine to share its calendars
SCHEMA = {"row": pl.Int64, "model": pl.String, "origin": pl.Int64, "step": pl.Int64, "yhat": pl.Float64}


@dataclass(frozen=True)
class Task:
    """What every partition is told beside its series; horizon, shortest and widest in periods, count of cutoffs."""

    freq: str
    horizon: int
    shortest: int
    count: int
    widest: int
    regressors: Regressors | None = None

    @property
    def words(self) -> str:
        """All of it as text, for the hash of a partition's result."""
        known = self.regressors
        vintages = ((known.values, known.published), *known.revisions) if known else ()
        arrays = [array for vintage in vintages for array in vintage]
        digests = [hashlib.sha256(array.tobytes()).hexdigest() for array in arrays if array is not None]
        names = known.names if known else ()
        return repr((self.freq, self.horizon, self.shortest, self.count, self.widest, names, digests))


@dataclass(frozen=True)
class Place:
    """Where partitions are computed, who is told, and the folder in which finished ones are kept."""

    engine: str = "process"
    progress: Progress | None = None
    remember: Path | None = None


def candidates_of(wanted: dict[str, np.ndarray], batch: Batch, task: Task, place: Place) -> Candidates:
    """`backtest.roll` of the whole batch, partition by partition on the engine."""
    if place.engine == "process" and place.remember is None and len(batch) <= SIZE:
        return roll(wanted, batch, task.horizon, task.shortest, task.count, place.progress, task.widest)
    frames = [_frame(batch, wanted, start) for start in range(0, len(batch), SIZE)]
    work = partial(_work, task=task)
    parts = map_partitions(
        work, frames, place.engine, settings=task.words, remember=place.remember, done=place.progress
    )
    return _gathered(wanted, batch, task, parts)


def _frame(batch: Batch, wanted: dict[str, np.ndarray], start: int) -> pl.DataFrame:
    """One row per series of a partition: its place, values, last period, and the models that are to forecast it."""
    rows = range(start, min(start + SIZE, len(batch)))
    return pl.DataFrame(
        {
            "row": list(rows),
            "unique_id": [batch.unique_ids[row] for row in rows],
            "last": [int(batch.last[row]) for row in rows],
            "values": [batch.values[row] for row in rows],
            "models": [[name for name, mask in wanted.items() if mask[row]] for row in rows],
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
    wanted = {name: np.array([name in models for models in chosen]) for name in names}
    found = roll(wanted, batch, task.horizon, task.shortest, task.count, widest=task.widest)
    places = frame["row"].to_numpy()
    pieces = [_long(places[mask], name, -1, found.future[name][mask]) for name, mask in wanted.items()]
    for number, origin in enumerate(found.origins):
        for name, mask in wanted.items():
            inside = mask[origin.rows]
            pieces.append(_long(places[origin.rows[inside]], name, number, origin.forecasts[name][inside]))
    return pl.concat([pl.DataFrame(schema=SCHEMA), *pieces])


def _long(places: np.ndarray, name: str, origin: int, forecasts: np.ndarray) -> pl.DataFrame:
    steps = forecasts.shape[1]
    columns = {
        "row": np.repeat(places, steps),
        "step": np.tile(np.arange(steps), len(places)),
        "yhat": forecasts.ravel(),
    }
    frame = pl.DataFrame(columns, schema_overrides={"row": pl.Int64, "step": pl.Int64})
    return frame.with_columns(model=pl.lit(name), origin=pl.lit(origin, dtype=pl.Int64)).select(list(SCHEMA))


def _gathered(wanted: dict[str, np.ndarray], batch: Batch, task: Task, parts: Sequence[pl.DataFrame]) -> Candidates:
    """The partitions' rows back as arrays over the whole batch."""
    candidates = plan(wanted, batch, task.horizon, task.shortest, task.count, task.widest)
    rows = pl.concat(parts).partition_by("model", "origin", as_dict=True)
    future = {name: _array(rows.get((name, -1)), np.arange(len(batch)), task.horizon) for name in wanted}
    origins = [
        replace(o, forecasts={name: _array(rows.get((name, number)), o.rows, task.horizon) for name in wanted})
        for number, o in enumerate(candidates.origins)
    ]
    return replace(candidates, future=future, origins=tuple(origins))


def _array(rows: pl.DataFrame | None, places: np.ndarray, horizon: int) -> np.ndarray:
    out = np.full((len(places), horizon), np.nan)
    if rows is not None:
        position = np.searchsorted(places, rows["row"].to_numpy())
        out[position, rows["step"].to_numpy()] = rows["yhat"].to_numpy()
    return out
