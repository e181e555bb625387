"""How the batch engine arranges series before it fits them, and what it says of those it did not fit."""

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from forecasts.prophet_map.grouping import _same_columns
from forecasts.prophet_map.panel import DAY, read_panel
from forecasts.prophet_map.restarts import _may_have_other_modes
from forecasts.prophet_map.specification import Specification
from forecasts.prophet_map.tables import parameter_table

pytestmark = pytest.mark.fast


def frame(*rows: tuple[str, int, float | None]) -> pl.DataFrame:
    """Rows of series, day of January and value."""
    names, numbers, values = zip(*rows, strict=True)
    days = [date(2024, 1, 1) + timedelta(days=number) for number in numbers]
    return pl.DataFrame({"unique_id": names, "ds": days, "y": values}, schema_overrides={"y": pl.Float64})


def test_of_a_series_that_was_not_fitted_it_is_said_whether_it_has_values() -> None:
    panel = read_panel(frame(("empty", 0, None), ("empty", 1, None), ("short", 0, 5.0)))
    told = parameter_table(panel, (), 0.05)
    assert told.select("unique_id", "n_points", "engine").rows() == [("empty", 0, "none"), ("short", 1, "last_value")]
    assert told["sigma"].null_count() == told["objective"].null_count() == 2


def test_series_keep_the_order_of_the_file_also_where_a_date_stands_twice() -> None:
    panel = read_panel(frame(("b", 3, 1.0), ("b", 3, 2.0), ("b", 5, 3.0), ("a", 0, 4.0)))
    assert panel.ids.to_list() == ["b", "a"] and panel.y.tolist() == [1, 2, 3, 4]


def test_rows_out_of_order_are_sorted_within_their_series() -> None:
    panel = read_panel(frame(("b", 5, 3.0), ("b", 3, 1.0), ("a", 0, 4.0)))
    assert panel.ids.to_list() == ["a", "b"] and panel.y.tolist() == [4, 1, 3]


def test_series_of_other_years_are_fitted_apart_where_national_holidays_count() -> None:
    """Ten days each from 1 January 2023, 2023 a week later, and 2024: the holidays of a year are columns of its own."""
    first = np.array(["2023-01-01", "2023-01-08", "2024-01-01"], dtype="datetime64[us]").astype(np.int64)
    calendars = first[:, None] + np.arange(10) * DAY
    apart = [group.tolist() for group in _same_columns(Specification(country="DE"), calendars)]
    together = [group.tolist() for group in _same_columns(Specification(), calendars)]
    assert apart == [[0, 1], [2]] and together == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("trend", "is_near_zero"),
    [([0.04, 0.5], False), ([-0.5, -0.04], False), ([0.01, 0.5], True), ([-0.5, -0.01], True), ([-0.3, 0.5], True)],
)
def test_a_fit_is_begun_anew_where_its_trend_comes_within_a_twentieth_of_zero(
    trend: list[float], is_near_zero: bool
) -> None:
    """Of a largest value of .5 a twentieth is .025, on either side."""
    parts = (np.array([trend]), np.ones((1, 2)), np.zeros((1, 2)))
    task: Any = SimpleNamespace(parts=lambda *unused: parts)
    assert _may_have_other_modes(task, np.zeros((1, 2)), np.zeros((1, 0))).tolist() == [is_near_zero]
