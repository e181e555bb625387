"""A run hands each group of series what the configuration says of it, and joins what the groups return."""

from dataclasses import FrozenInstanceError, fields, replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from forecasts import run
from forecasts.backtesting.partitions import Execution, Task
from forecasts.backtesting.rolling_origin import Candidates, Origin
from forecasts.config import Config, SeriesSet
from forecasts.output import schemas
from forecasts.output.frames import GroupFrames
from forecasts.panel.batch import Batch, batch_of
from forecasts.panel.frequency import Frequency
from forecasts.selection import pool

pytestmark = pytest.mark.fast

SETS = (
    SeriesSet("revenue", ("total",)),
    SeriesSet("revenue", ("total",), "QS", pool="own"),
    SeriesSet("margin", ("total",)),
)
PLAN = Config(SETS)


def history() -> pl.DataFrame:
    """Two years of revenue, by month and by quarter."""
    parts = []
    for code, step in (("MS", "1mo"), ("QS", "3mo")):
        days = pl.date_range(date(2023, 1, 1), date(2024, 12, 1), step, eager=True)
        parts.append(pl.DataFrame({"ds": days, "y": [1.0 + day.month % 5 for day in days]}).with_columns(
            unique_id=pl.lit(f"revenue|total||{code}"), metric=pl.lit("revenue"), level=pl.lit("total"),
            member=pl.lit(""), freq=pl.lit(code),
        ))  # fmt: skip
    return pl.concat(parts)


def choice(candidate: str) -> pl.DataFrame:
    row = {
        "segment": "regular",
        "decision": "pool",
        "candidate": candidate,
        "is_chosen": True,
        "freq": "MS",
        "reason": "",
    }
    return schemas.conform(pl.DataFrame([row]), schemas.CHOICES)


def test_a_run_joins_the_frames_of_its_groups_and_tells_what_it_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []

    def of_group(
        rows: pl.DataFrame, batch: Batch, sets: list[SeriesSet], plan: Config, execution: Execution,
        champions: dict[str, tuple[str, ...]], *, scored: bool,
    ) -> GroupFrames:  # fmt: skip
        asked.append((batch.frequency.code, [len(values) for values in batch.values], champions, scored))
        empty = {entry.name: schemas.empty(getattr(schemas, entry.name.upper())) for entry in fields(GroupFrames)}
        values = schemas.conform(pl.DataFrame({"unique_id": batch.unique_ids}), schemas.VALUES)
        return GroupFrames(**empty | {"values": values, "choices": choice("naive")})

    monkeypatch.setattr(run, "_group", of_group)
    last = pl.concat([choice("theta"), pool.named(choice("ses").with_columns(freq=pl.lit("QS")), "own")])
    made = run.forecast(history(), PLAN, as_of=date(2024, 11, 30), last_choices=last, scored=False)
    assert asked == [("MS", [23], {"regular": ("theta",)}, False), ("QS", [7], {"regular": ("ses",)}, False)]
    assert made.values["unique_id"].to_list() == ["revenue|total||MS", "revenue|total||QS"]
    assert made.choices["segment"].to_list() == ["regular", "own: regular", "margin"]
    assert made.skill.is_empty() and made.skill.columns == list(schemas.SKILL)
    run.forecast(history(), PLAN, as_of=date(2025, 1, 1))
    assert asked[2] == ("MS", [24], {}, True) and asked[3] == ("QS", [8], {}, True)
    assert run.forecast(history(), PLAN, as_of=date(2022, 1, 1)).values.is_empty() and len(asked) == 4
    with pytest.raises(FrozenInstanceError):
        made.values = made.skill  # type: ignore[misc]


@pytest.mark.parametrize("importance", [False, True])
def test_a_group_is_judged_at_as_many_cutoffs_as_configured(importance: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks: list[Task] = []
    batch = batch_of(history().filter(freq="MS"), Frequency("MS"))

    def candidates_of(masks: dict[str, np.ndarray], of: Batch, task: Task, execution: Execution) -> Candidates:
        tasks.append(task)
        return Candidates(of, 12, np.ones(1), {name: np.ones((1, 12)) for name in masks}, ())

    def serve(candidates: Candidates, names: pl.DataFrame, *asked: object, scored: bool) -> tuple[object, ...]:
        evaluate = asked[4]
        masks = {"naive": np.ones(1, bool)}
        held: tuple[Origin, ...] = evaluate(masks)  # type: ignore[operator]
        return (sorted(candidates.future), names.columns, asked[2], asked[3], asked[5], held, scored)

    def frames_of(served: object, names: pl.DataFrame, weights: object, **more: object) -> tuple[object, ...]:
        return served, weights, more

    for name, stub in (("candidates_of", candidates_of), ("serve", serve), ("frames_of", frames_of)):
        monkeypatch.setattr(run, name, stub)
    monkeypatch.setattr(run, "importance_of", lambda *_: "weights")
    plan = replace(PLAN, importance=importance, backtest=replace(PLAN.backtest, evaluation=7, kept_whole=9))
    rows = history().filter(freq="MS")
    made: Any = run._group(rows, batch, SETS[:1], plan, Execution(), {"regular": ("a",)}, scored=True)
    served, weights, more = made
    assert (weights, more) == ("weights" if importance else None, {"scored": True, "kept_whole": 9, "weighed": ()})
    assert {"naive", "seasonal_naive", "season_mean"} <= set(served[0]) and served[2].tolist() == ["regular"]
    assert served[1] == ["unique_id", "metric", "level", "member", "freq"] and served[3:5] == (24, {"regular": ("a",)})
    assert [(task.n_cutoffs, task.is_evaluation) for task in tasks] == [(3, False), (7, True)]
