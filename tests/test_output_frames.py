"""The rows of a run say of every step what was served, by which model, and how it did where that is known."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from forecasts.backtesting.rolling_origin import Candidates, Origin
from forecasts.group import Served
from forecasts.output import frames, schemas
from forecasts.output.blocks import blocks_of
from forecasts.output.frames import GroupFrames, frames_of
from forecasts.panel.batch import Batch
from forecasts.panel.frequency import Frequency
from forecasts.selection.skill import Verdict
from forecasts.uncertainty.bounds import Bounds

pytestmark = pytest.mark.fast

STEPS = 2
UNKNOWN = np.nan


def around(point: np.ndarray, width: float) -> Bounds:
    return {80: (point - width, point + width), 95: (point - 2 * width, point + 2 * width)}


def origin(held_out: list[int], actual: list[list[float]], **forecasts: list[list[float]]) -> Origin:
    rows, ones = np.arange(len(held_out)), np.ones(len(held_out))
    made = {name: np.array(values) for name, values in forecasts.items()}
    return Origin(rows, np.array(held_out), np.array(actual), ones, ones, made)


def made() -> Served:
    """Of a the pool serves the first step and naive the second; b has three values and naive; c has none."""
    values = (np.arange(20.0), np.array([4.0, 6.0, 5.0]), np.zeros(0))
    batch = Batch(("a", "b", "c"), values, np.array([659, 659, 650]), Frequency("MS"))  # to December 2024
    future = {
        "pool": np.array([[10.0, 11], [UNKNOWN, UNKNOWN], [UNKNOWN, UNKNOWN]]),
        "naive": np.array([[8.0, 9], [5, 5], [UNKNOWN, UNKNOWN]]),
        "served": np.array([[10.5, 9.5], [5, 5], [UNKNOWN, UNKNOWN]]),
    }
    chosen_on = origin([4, 2], [[1.0, 2.0], [6.0, 5.0]], pool=[[1.5, 2.0], [UNKNOWN] * 2],
                       naive=[[2.0, 2.0], [4.0, 4.0]], served=[[1.25, 2.5], [4.5, 4.5]])  # fmt: skip
    judged_on = origin([1], [[19.0, UNKNOWN]], pool=[[18.0, 17.0]], naive=[[20.0, 21.0]], served=[[18.5, 21.5]])
    candidates = Candidates(batch, STEPS, np.ones(3), future, (chosen_on,), (judged_on,))
    served = np.array([["pool", "naive"], ["naive", "naive"], ["pool", "pool"]], dtype=object)
    reasons = np.array([[None, "no skill"], ["short", "short"], ["empty", "empty"]], dtype=object)
    skill = np.array([["model", "none"], [None, None], [None, None]], dtype=object)
    past = {name: around(judged_on.forecasts[name], width) for name, width in (("pool", 1.0), ("served", 0.75))}
    verdicts = (
        Verdict("pool", "revenue|total", 1, 2, "naive", 9, 9, UNKNOWN, 1.0, 0.1, 0.2, "none"),
        Verdict("pool", "revenue|total|intermittent", 1, 2, "ses", 9, 9, 1.0, 1.0, 0.1, 0.2, "model"),
    )
    bounds = {name: around(point, 1.0) for name, point in future.items() if name != "served"}
    bounds["served"] = around(future["served"], 3.0)
    choice = {"segment": "regular", "decision": "pool", "candidate": "pool", "is_chosen": True}
    scenarios = {"bold": np.array([[21.0, 19.0], [10.0, 5.0], [UNKNOWN, UNKNOWN]])}
    kinds = ("regular", "short", "empty")
    return Served(candidates, bounds, (past,), served, reasons, skill, kinds, (choice,), verdicts, scenarios)


NAMES = pl.DataFrame({"unique_id": [*"abc"], "metric": ["revenue", "revenue", "bookings"], "level": "region",
                      "member": [*"abc"], "freq": "MS"})  # fmt: skip


@pytest.fixture(scope="module")
def whole() -> GroupFrames:
    return frames_of(made(), NAMES)


def test_every_step_of_every_model_is_a_row_and_one_of_them_served(whole: GroupFrames) -> None:
    """Where a model serves, its row shows the reconciled number and bounds; else its own."""
    base = whole.values.filter(scenario="base").sort("unique_id", "horizon", "model")
    columns = ("unique_id", "period_start", "horizon", "model", "yhat", "hi_80", "lo_95", "is_served")
    january, february = date(2025, 1, 1), date(2025, 2, 1)
    assert base.select(columns).rows() == [
        ("a", january, 1, "naive", 8, 9, 6, False), ("a", january, 1, "pool", 10.5, 13.5, 4.5, True),
        ("a", february, 2, "naive", 9.5, 12.5, 3.5, True), ("a", february, 2, "pool", 11, 12, 9, False),
        ("b", january, 1, "naive", 5, 8, -1, True), ("b", february, 2, "naive", 5, 8, -1, True),
    ]  # fmt: skip
    assert base["fallback_reason"].to_list() == [None, None, "no skill", None, "short", "short"]
    assert base["skill"].to_list() == [None, "model", "none", None, None, None]
    assert (
        set(base["engine"]) == {"numpy"} and frames.engine_of("ses") == "numba" and frames.engine_of("pool") == "numpy"
    )


def test_a_scenario_moves_what_is_served_and_its_bounds_with_it(whole: GroupFrames) -> None:
    bold = whole.values.filter(scenario="bold")
    assert bold.select("unique_id", "horizon", "yhat", "hi_80", "lo_80").rows() == [
        ("a", 1, 21, 27, 15), ("a", 2, 19, 25, 13), ("b", 1, 10, 16, 4), ("b", 2, 5, 8, 2),
    ]  # fmt: skip
    assert bold["is_served"].all() and bold["model"].to_list() == ["pool", "naive", "naive", "naive"]


def test_a_backtest_has_every_value_that_came_and_bounds_where_nothing_was_chosen(whole: GroupFrames) -> None:
    rows = whole.backtest.sort("purpose", "unique_id", "model", "horizon")
    columns = ("purpose", "unique_id", "model", "cutoff", "period_start", "horizon", "y", "yhat", "is_served", "hi_80")
    november, august = date(2024, 11, 30), date(2024, 8, 31)
    assert rows.select(columns).rows() == [
        ("evaluation", "a", "naive", november, date(2024, 12, 1), 1, 19, 20, False, None),
        ("evaluation", "a", "pool", november, date(2024, 12, 1), 1, 19, 18.5, True, 19.25),
        ("selection", "a", "naive", august, date(2024, 9, 1), 1, 1, 2, False, None),
        ("selection", "a", "naive", august, date(2024, 10, 1), 2, 2, 2.5, True, None),
        ("selection", "a", "pool", august, date(2024, 9, 1), 1, 1, 1.25, True, None),
        ("selection", "a", "pool", august, date(2024, 10, 1), 2, 2, 2, False, None),
        ("selection", "b", "naive", date(2024, 10, 31), date(2024, 11, 1), 1, 6, 4.5, True, None),
        ("selection", "b", "naive", date(2024, 10, 31), date(2024, 12, 1), 2, 5, 4.5, True, None),
    ]  # fmt: skip


def test_a_series_is_told_by_its_periods_and_the_model_of_most_steps(whole: GroupFrames) -> None:
    columns = ("unique_id", "first_period", "last_period", "n_periods", "segment", "served_model", "fallback_reason")
    assert whole.series.select(columns).rows() == [
        ("a", date(2023, 5, 1), date(2024, 12, 1), 20, "regular", "pool", "no skill"),
        ("b", date(2024, 10, 1), date(2024, 12, 1), 3, "short", "naive", "short"),
        ("c", None, None, 0, "empty", None, "empty"),
    ]  # fmt: skip
    assert frames._most_served(np.array(["pool", "naive", "naive"], dtype=object)) == "naive"
    assert frames._most_served(np.array(["naive", "pool"], dtype=object)) == "naive"


def test_accuracy_is_of_cutoffs_that_chose_nothing_where_there_are_any(whole: GroupFrames) -> None:
    told = {(row["unique_id"], row["model"]): row for row in whole.accuracy.iter_rows(named=True)}
    assert told.keys() == {("a", "pool"), ("a", "naive"), ("a", "served"), ("b", "naive")}
    served, short = told["a", "served"], told["b", "naive"]
    assert (served["purpose"], served["n_origins"], served["n_values"]) == ("evaluation", 1, 1)
    assert (served["mase"], served["above_share"], served["coverage_80"]) == (0.5, 1, 1)
    assert served["coverage_95"] == 1 and served["msis_95"] == pytest.approx(3.0)
    assert (short["purpose"], short["n_values"], short["mase"], short["coverage_80"]) == ("selection", 2, 1, None)
    assert short["above_share"] == 1 and short["wape_by_cutoff"] == pytest.approx(2 / 11)
    assert short["bias"] == pytest.approx(-2 / 11) and short["rmsse"] == pytest.approx(np.sqrt(1.25))
    assert told["a", "pool"]["coverage_80"] == 1 and told["a", "naive"]["coverage_80"] is None


def test_verdicts_and_choices_are_told_by_metric_level_and_kind(whole: GroupFrames) -> None:
    columns = ("freq", "metric", "level", "segment", "first_horizon", "last_horizon", "model_error", "peer")
    assert whole.skill.select(columns).rows() == [
        ("MS", "revenue", "total", "regular", 1, 2, None, "naive"),
        ("MS", "revenue", "total", "intermittent", 1, 2, 1.0, "ses"),
    ]  # fmt: skip
    assert whole.choices.select("freq", "segment", "candidate").rows() == [("MS", "regular", "pool")]
    alone = replace(made().verdicts[0], standard_error=float("inf"), peer_error=float("nan"))
    [row] = frames_of(replace(made(), verdicts=(alone,)), NAMES).skill.to_dicts()
    assert (row["standard_error"], row["peer_error"]) == (None, None), "no number is no figure"
    none = frames_of(replace(made(), choices=(), verdicts=()), NAMES)
    assert none.choices.is_empty() and none.skill.is_empty() and none.importance.is_empty()


def test_what_nobody_scores_has_no_accuracy_and_no_rows_of_cutoffs_that_chose() -> None:
    assert len(frames_of(made(), NAMES, scored=False).values) == 10
    only = frames_of(made(), NAMES, scored=False)
    assert set(only.backtest["purpose"]) == {"evaluation"} and only.accuracy.is_empty()
    shares = pl.DataFrame({"share": [1.0]})
    assert frames_of(made(), NAMES, shares).importance is shares


@pytest.mark.parametrize(
    ("kept_whole", "weighed", "models"),
    [(3, (), ["naive", "pool"]), (2, (), ["pool"]), (2, ("revenue",), ["naive", "pool"]), (2, ("bookings",), ["pool"])],
)
def test_of_many_series_only_rows_that_are_read_later_are_kept(
    kept_whole: int, weighed: tuple[str, ...], models: list[str]
) -> None:
    rows = frames_of(made(), NAMES, kept_whole=kept_whole, weighed=weighed).backtest.filter(purpose="evaluation")
    assert sorted(rows["model"]) == models
    all_rows = frames_of(made(), NAMES, kept_whole=kept_whole, weighed=weighed).backtest
    assert ("selection" in set(all_rows["purpose"])) == (kept_whole == 3)


def test_rows_are_the_same_in_blocks_of_any_size(whole: GroupFrames, monkeypatch: pytest.MonkeyPatch) -> None:
    assert frames.BLOCK == 2000
    for size in (1, 2):
        monkeypatch.setattr(frames, "BLOCK", size)
        parts = frames_of(made(), NAMES)
        for name, keys in (("values", ["scenario", "model"]), ("backtest", ["purpose", "cutoff", "model"])):
            order = ["unique_id", *keys, "horizon"]
            assert getattr(parts, name).sort(order).equals(getattr(whole, name).sort(order)), name
        assert parts.series.equals(whole.series) and parts.accuracy.equals(whole.accuracy)


def test_a_block_is_the_whole_where_all_fits_and_knows_its_place() -> None:
    served = made()
    [(rows, same)] = blocks_of(served, 3)
    assert (rows, same) == (slice(0, 3), served)
    first, second = blocks_of(served, 2)
    assert (first[0], second[0]) == (slice(0, 2), slice(2, 3))
    assert first[1].candidates.batch.unique_ids == ("a", "b") and second[1].segments == ("empty",)
    assert len(second[1].candidates.origins[0].rows) == 0 and second[1].scenarios["bold"].shape == (1, 2)
    alone = [block for _, block in blocks_of(served, 1)][1]
    assert alone.candidates.origins[0].rows.tolist() == [0] and alone.candidates.origins[0].held_out.tolist() == [2]
    assert alone.past[0]["pool"][80][0].shape == (0, 2) and alone.bounds["naive"][95][1].tolist() == [[7, 7]]


def test_a_frame_gets_the_columns_of_its_schema_and_null_for_what_it_lacks() -> None:
    made_of = schemas.conform(pl.DataFrame({"more": [1], "model": ["m"]}), {"n": pl.Int64(), "model": pl.String()})
    assert made_of.rows() == [(None, "m")] and schemas.empty({"n": pl.Int64()}).schema == {"n": pl.Int64}
