"""What two nights have in common is forecast once: the second finds it in files, which nobody needs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from conftest import found
from polars.testing import assert_frame_equal

from forecasts.backtesting import kept, memory
from forecasts.panel.batch import Batch
from forecasts.panel.frequency import Frequency

TABLE = pl.DataFrame({"unique_id": ["a", "b"], "yhat": [0.1, None]})


def batch(*names: str, last: float = 3.0) -> Batch:
    """Series of three months, alike but for their names."""
    values = tuple(np.array([1.0, 2.0, last]) for _ in names)
    return Batch(names, values, np.full(len(names), 600), Frequency("MS"))


class Counted:
    """A model that says which series it was asked for; its forecasts are thirds, which no file may round."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, series: Batch) -> np.ndarray:
        """Two steps per series."""
        self.asked += series.unique_ids
        return np.array([[values[-1] / 3, np.nan] for values in series.values])


@pytest.fixture
def night(tmp_path: Path) -> Callable[..., tuple[np.ndarray, list[str], list[pl.DataFrame]]]:
    """One night in a home: forecasts of a batch, the series that were computed, and the tables that were."""

    def forecast(
        asked: Batch, facts: pl.DataFrame = TABLE, shared: bool = False
    ) -> tuple[np.ndarray, list[str], list[pl.DataFrame]]:
        model, computed = Counted(), list[pl.DataFrame]()

        def table() -> pl.DataFrame:
            computed.append(facts)
            return facts

        with memory.remembering(tmp_path):
            steps = memory.recall("theta", asked, 2, model, shared)
            assert_frame_equal(memory.recall_table("win model", (facts,), table), facts, check_exact=True)
        return steps, model.asked, computed

    return forecast


def test_the_second_night_computes_nothing_and_has_the_same_figures(night: Callable[..., tuple]) -> None:
    first, asked, tables = night(batch("a", "b"))
    assert asked == ["a", "b"] and len(tables) == 1
    second, asked, tables = night(batch("a", "b"))
    np.testing.assert_array_equal(second, first)
    assert not asked and not tables


def test_only_what_is_new_is_computed(night: Callable[..., tuple]) -> None:
    night(batch("a", "b"))
    steps, asked, _ = night(batch("a", "b", "c"))
    assert asked == ["c"] and steps[:, 0].tolist() == [1.0, 1.0, 1.0]
    steps, asked, _ = night(batch("a", last=6.0))
    assert asked == ["a"] and steps[0, 0] == 2.0


@pytest.mark.parametrize("other", [TABLE.with_columns(yhat=pl.lit(0.2)), TABLE.reverse(), TABLE.head(1)])
def test_other_rows_are_another_table(night: Callable[..., tuple], other: pl.DataFrame) -> None:
    night(batch("a"))
    assert len(night(batch("a"), other)[2]) == 1


def test_series_that_learn_from_each_other_are_computed_together(night: Callable[..., tuple]) -> None:
    night(batch("a", "b"), shared=True)
    assert not night(batch("a", "b"), shared=True)[1]
    assert night(batch("a", "b", "c"), shared=True)[1] == ["a", "b", "c"]


def test_what_nobody_asked_for_is_gone_a_night_later(night: Callable[..., tuple], tmp_path: Path) -> None:
    night(batch("a", "b"))
    night(batch("b"), TABLE.with_columns(yhat=pl.lit(0.2)))
    assert len([*tmp_path.rglob("*.parquet")]) == 2  # the steps of b, and one table
    assert night(batch("a", "b"))[1] == ["a"]


def test_another_release_computes_all_anew(
    night: Callable[..., tuple], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night(batch("a"))
    monkeypatch.setattr(kept, "release", lambda: "next")
    assert night(batch("a"))[1] == ["a"]
    assert [path.name for path in tmp_path.iterdir()] == ["next"]


def test_a_damaged_file_costs_time_and_no_row(night: Callable[..., tuple], tmp_path: Path) -> None:
    first, *_ = night(batch("a"))
    for path in found(tmp_path.rglob("*.parquet")):
        path.write_bytes(path.read_bytes()[:40])
    second, asked, tables = night(batch("a"))
    np.testing.assert_array_equal(second, first)
    assert asked == ["a"] and len(tables) == 1
    assert not night(batch("a"))[1]


def test_a_night_that_fails_leaves_what_stood_there(night: Callable[..., tuple], tmp_path: Path) -> None:
    night(batch("a"))
    with pytest.raises(ZeroDivisionError), memory.remembering(tmp_path):
        raise ZeroDivisionError
    assert not night(batch("a"))[1]


def test_more_forecasts_than_are_worth_it_are_left_to_the_next_night(
    night: Callable[..., tuple], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST_LEFT", 1)
    night(batch("a", "b"))
    assert night(batch("a", "b"))[1] == ["a", "b"]
