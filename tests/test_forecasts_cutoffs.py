"""The cutoffs of a backtest, what every model may see at them, and what of it is remembered."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from forecasts.backtesting import memory, rolling_origin
from forecasts.backtesting.rolling_origin import Candidates, common_step, cutoffs, evaluation_cutoffs, plan, roll
from forecasts.panel.batch import ALWAYS, Batch, Regressors
from forecasts.panel.frequency import Frequency

pytestmark = pytest.mark.fast

NAN = np.nan


@pytest.mark.parametrize(
    ("length", "count", "max_step", "expected"),
    [
        (48, 3, None, [12, 18, 24]),
        (60, 3, None, [12, 24, 36]),
        (60, 3, 5, [12, 17, 22]),
        (27, 3, None, [1, 2, 3]),
        (26, 3, None, []),
        (38, 3, None, [12, 13, 14]),
        (37, 3, None, [11, 12, 13]),
        (30, 1, None, [6]),
        (100, 1, None, [12]),
    ],
)
def test_cutoffs_hold_out_a_horizon_and_leave_enough(
    length: int, count: int, max_step: int | None, expected: list[int]
) -> None:
    assert cutoffs(length, 12, 24, count, max_step) == expected


def test_evaluation_holds_out_one_period_more_at_each_cutoff() -> None:
    assert evaluation_cutoffs(30, 24, 4) == [1, 2, 3, 4] and evaluation_cutoffs(27, 24, 4) == [1, 2, 3]
    assert evaluation_cutoffs(24, 24, 4) == evaluation_cutoffs(10, 24, 4) == []


def test_the_common_step_is_that_of_the_median_series() -> None:
    """Steps of 6, 12 and 1; without a series that is long enough, or with one cutoff, a horizon."""
    assert common_step(np.array([48, 100, 27, 5]), 12, 24, 3) == 6
    assert common_step(np.array([48, 100]), 12, 24, 3) == 12
    assert common_step(np.array([5]), 12, 24, 3) == common_step(np.array([48]), 12, 24, 1) == 12


def batch(*lengths: int, regressors: Regressors | None = None) -> Batch:
    values = tuple(np.arange(1.0, length + 1) for length in lengths)
    return Batch(tuple("abcdef"[: len(lengths)]), values, np.full(len(lengths), 600), Frequency("QS"), regressors)


def test_a_plan_holds_what_came_after_each_cutoff() -> None:
    """Ten and seven periods, at least four to learn from, two cutoffs of three steps; a third that no model wants."""
    masks = {"first": np.array([True, False, False]), "second": np.array([True, True, False])}
    planned = plan(masks, batch(10, 7, 10), 3, 4, 2)
    near, far = planned.origins
    assert near.rows.tolist() == [0, 1] and near.held_out.tolist() == [3, 2] and far.held_out.tolist() == [6, 3]
    np.testing.assert_array_equal(near.actual, [[8, 9, 10], [6, 7, NAN]])
    np.testing.assert_array_equal(far.actual, [[5, 6, 7], [5, 6, 7]])
    assert near.scale.tolist() == [4, 4] and far.scale.tolist() == [1, 1] and far.squared_scale.tolist() == [1, 1]
    assert planned.scale.tolist() == [4, 4, 4] and planned.future == {} and planned.horizon == 3
    evaluated = plan(masks, batch(10, 7, 10), 3, 4, 5, is_evaluation=True).origins
    assert [origin.held_out.tolist() for origin in evaluated] == [[1, 1], [2, 2], [3, 3], [4], [5]]
    assert plan({}, batch(10), 3, 4, 2).origins[0].rows.tolist() == []


class Seen:
    """A model that forecasts the last value it sees, and the first regressor of the step."""

    learns_across_series = False

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def predict_eligible(self, batch: Batch, horizon: int) -> np.ndarray:
        self.asked.append(batch.unique_ids)
        ahead = np.array([values[-1] for values in batch.values])[:, None] + np.zeros(horizon)
        if batch.regressors is not None:
            assert batch.regressors.published is None
            ahead = ahead + batch.regressors.rows(int(batch.last[0]) + 1, int(batch.last[0]) + horizon + 1)[:, 0] / 100
        return ahead


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    made = Seen()
    monkeypatch.setattr(rolling_origin, "model", lambda name: made)
    return made


MASKS = {"one": np.array([True, True, False])}


def rolled(*lengths: int, is_evaluation: bool = False, regressors: Regressors | None = None) -> Candidates:
    done: list[tuple[int, int]] = []
    found = roll(
        MASKS,
        batch(*lengths, regressors=regressors),
        3,
        4,
        2,
        lambda *step: done.append(step),
        is_evaluation=is_evaluation,
    )
    total = 2 if is_evaluation else 3
    assert done == [(number, total) for number in range(1, total + 1)]
    return found


def test_a_model_sees_nothing_after_a_cutoff(seen: Seen) -> None:
    found = rolled(10, 7, 10)
    assert [origin.forecasts["one"][:, 0].tolist() for origin in found.origins] == [[7, 5], [4, 4]]
    np.testing.assert_array_equal(found.future["one"], [[10] * 3, [7] * 3, [NAN] * 3])
    assert seen.asked == [("a", "b")] * 3


def test_an_evaluation_forecasts_no_future(seen: Seen) -> None:
    found = rolled(10, 7, 10, is_evaluation=True)
    assert found.future == {} and [origin.forecasts["one"][0, 0] for origin in found.origins] == [9, 8]


def test_figures_are_those_that_were_published_by_the_end_of_the_last_period(seen: Seen) -> None:
    """A figure per quarter, standardised: published on the last day of its quarter, or a day later."""
    frequency = Frequency("QS")
    index = np.arange(580, 610)
    published = frequency.ends(index).astype("datetime64[D]").astype(np.int64)
    values = np.column_stack([index * 1.0, np.zeros(30)])
    for late, last_known in ((0, 600), (1, 599)):
        days = np.column_stack([published + late, np.full(30, ALWAYS)])
        found = rolled(10, 7, 10, regressors=Regressors(("x", "calendar"), 580, values, days))
        known = np.arange(580.0, last_known + 1)
        expected = 10 + (last_known - known.mean()) / known.std() / 100
        np.testing.assert_allclose(found.future["one"][0], expected)
    seen.asked.clear()
    days = np.column_stack([published, np.full(30, ALWAYS)])
    rolled(10, 7, 10, regressors=Regressors(("x", "calendar"), 580, values, days))
    assert seen.asked == [("a",), ("b",), ("a",), ("b",), ("a", "b")], "apart where their last periods differ"


def counted(asked: list[int]) -> Callable[[Batch], np.ndarray]:
    def compute(part: Batch) -> np.ndarray:
        asked.append(len(part))
        return np.array([[values.sum()] for values in part.values])

    return compute


def test_what_was_forecast_from_the_same_is_remembered_inside_and_forgotten_outside() -> None:
    asked: list[int] = []
    compute, both = counted(asked), batch(3, 4)
    memory.recall("m", both, 1, compute)
    memory.recall("m", both, 1, compute)
    assert asked == [2, 2]
    with memory.remembering():
        assert memory.recall("m", both.take([0]), 1, compute).tolist() == [[6]]
        assert memory.recall("m", both, 1, compute).tolist() == [[6], [10]]
        memory.recall("m", both, 2, compute)
        memory.recall("other", both, 1, compute)
        memory.recall("m", both.without_last(np.array([0, 1])), 1, compute)
        with memory.remembering():
            memory.recall("m", both, 1, compute)
        memory.recall("m", both, 1, compute)
        memory.recall("m", both.take([]), 1, lambda part: np.empty((0, 1)))
    assert asked == [2, 2, 1, 1, 2, 2, 1]
    memory.recall("m", both, 1, compute)
    assert asked[-1] == 2


def test_a_model_that_learns_across_series_is_asked_for_all_again() -> None:
    asked: list[int] = []
    with memory.remembering():
        memory.recall("m", batch(3, 4), 1, counted(asked), is_shared=True)
        memory.recall("m", batch(3, 4), 1, counted(asked), is_shared=True)
        memory.recall("m", batch(3), 1, counted(asked), is_shared=True)
    assert asked == [2, 1]


def test_regressors_of_its_periods_decide_a_forecast_and_no_others() -> None:
    """Three values and one step: periods 598 to 601."""
    asked: list[int] = []
    with memory.remembering():
        for changed in (None, 597, 598, 601, 602):
            column = np.zeros((10, 1))
            if changed is not None:
                column[changed - 595] = 1
            memory.recall("m", batch(3, regressors=Regressors(("x",), 595, column)), 1, counted(asked))
        memory.recall("m", batch(3, regressors=Regressors(("y",), 595, np.zeros((10, 1)))), 1, counted(asked))
        memory.recall("m", batch(3), 1, counted(asked))
    assert len(asked) == 5


def test_memory_takes_no_more_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(memory, "MOST_KEPT", 2)
    with memory.remembering():
        memory.recall("m", batch(3), 1, counted(asked))
        memory.recall("m", batch(4), 1, counted(asked))
        memory.recall("m", batch(3), 1, counted(asked))
    assert asked == [1, 1, 1]


def test_a_table_is_remembered_by_what_was_asked_and_read() -> None:
    """Another question, other rows, other columns or another order of frames is another table."""
    asked: list[int] = []

    def compute() -> pl.DataFrame:
        asked.append(len(asked))
        return pl.DataFrame({"number": asked[-1:]})

    read = pl.DataFrame({"x": [1, 2]})
    for _ in range(2):
        memory.recall_table("a", [read], compute)
    assert len(asked) == 2, "outside nothing is kept"
    with memory.remembering():
        first = memory.recall_table("a", [read], compute)
        assert memory.recall_table("a", [read.clone()], compute) is first
        others = [
            ("b", [read]),
            ("a", [read[:1]]),
            ("a", [read.rename({"x": "y"})]),
            ("a", [read, read]),
            ("a", [read + 1]),
        ]
        for question, frames in others:
            assert memory.recall_table(question, frames, compute) is not first
    assert len(asked) == 2 + 6
