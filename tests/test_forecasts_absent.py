"""What a file leaves out, slips of the keyboard in it, and the festivals beside it."""

import numpy as np
import polars as pl
import pytest
from test_forecasts_batch import days, rows

from forecasts.errors import ForecastError
from forecasts.panel.absent import with_absent
from forecasts.panel.batch import Batch, batch_of
from forecasts.panel.calendar import Calendar, calendar_of, regressors_of
from forecasts.panel.frequency import Frequency
from forecasts.panel.outliers import without_outliers

pytestmark = pytest.mark.fast

MONTHS = Frequency("MS")


def absent(frame: pl.DataFrame, absent: str = "auto", value: str = "sales") -> tuple[list[float], tuple[str, ...]]:
    made, notes = with_absent(frame, MONTHS, absent, value)
    return made["y"].to_list(), notes


SOLD = rows(a={1: 4.0, 4: 2.0}, b={2: 3.0, 3: 1.0, 5: 6.0})  # 5 of 4 + 4 periods have a row


def test_periods_without_a_row_are_zeros_where_a_file_has_rows_only_for_what_was_sold() -> None:
    """From each first row to the end of the file: three within the series and May of the first."""
    made, notes = with_absent(SOLD, MONTHS, "auto", "sales")
    assert made.filter(unique_id="a")["y"].to_list() == [4, 0, 0, 2, 0]
    assert made.filter(unique_id="b")["y"].to_list() == [3, 1, 0, 6] and made["ds"].dtype == pl.Date
    assert notes == (
        "4 periods without a row up to the end of the file are taken as 0, as no row has a 0 (--absent gap makes them"
        " unknown)",
    )
    assert absent(SOLD, "zero")[1] == ("4 periods without a row up to the end of the file are taken as 0",)


@pytest.mark.parametrize(
    ("frame", "value"),
    [
        (SOLD, "Unit Price"),
        (SOLD, "库存"),
        (SOLD.with_columns(y=pl.when(pl.col("y") == 1).then(0.0).otherwise("y")), "sales"),
        (SOLD.with_columns(y=pl.when(pl.col("y") == 1).then(None).otherwise("y")), "sales"),
        (rows(a={1: 4.0, 3: 1.0, 4: 2.0, 5: 2.0}), "sales"),  # one of five is absent
    ],
)
def test_absent_periods_are_unknown_where_nothing_says_that_they_are_zeros(frame: pl.DataFrame, value: str) -> None:
    made, (note,) = absent(frame, "auto", value)
    assert made == frame["y"].to_list() and note.endswith(
        "have no row: taken as unknown; if they were zeros, say --absent zero"
    )


def test_a_quarter_of_the_periods_is_enough_and_whoever_says_gap_is_believed() -> None:
    assert absent(rows(a={1: 4.0, 3: 1.0, 4: 2.0}))[0] == [4, 0, 1, 2]
    assert absent(SOLD, "gap")[1] == (
        "3 of 8 periods between the first and the last of their series have no row: taken as unknown",
    )
    whole = rows(a={1: 4.0, 2: 1.0}, b={5: 1.0})
    assert absent(whole, "zero") == ([4, 1, 1], ())


def noted(values: list[float]) -> tuple[list[float | None], tuple[str, ...]]:
    kept, notes = without_outliers(rows(a=dict(enumerate(values, 1))))
    return kept["y"].to_list(), notes


@pytest.mark.parametrize(
    ("count", "largest", "next_largest", "is_odd"),
    [
        (12, 50.1, 10.0, True),
        (11, 50.1, 10.0, False),  # too few to compare
        (12, 50.0, 10.0, False),  # five times as large, not more
        (12, 151.0, 30.0, True),
        (12, 156.0, 31.0, False),  # large values are its habit
        (12, -50.1, 10.0, True),
    ],
)
def test_a_value_five_times_as_large_as_any_other_is_taken_as_unknown(
    count: int, largest: float, next_largest: float, is_odd: bool
) -> None:
    values = [10.0] * count
    values[3], values[5] = largest, next_largest
    kept, notes = noted(values)
    assert kept == [*values[:3], None if is_odd else largest, *values[4:]]
    what = f"1 series have a value 5 times as large as any other, or more (a 2024-04-01: {largest:g}): taken as unknown"
    assert notes == ((what,) if is_odd else ())


def test_a_last_value_is_kept_and_asked_about() -> None:
    values = [10.0] * 12 + [80.0]
    kept, (note,) = noted(values)
    assert kept == values and note.endswith("(a 2025-01-01: 80): their last, so it counts; is it right?")


def test_a_country_has_its_festivals_and_an_unknown_one_is_refused() -> None:
    assert calendar_of("de") == Calendar("DE", ("easter",), working_days=True)
    assert calendar_of("TR").festivals == ("eid_al_fitr", "ramadan")
    assert calendar_of("VN").festivals == ("spring_festival", "mid_autumn")
    assert calendar_of("JP").festivals == ()
    with pytest.raises(ForecastError, match="'XX' is no country with known holidays"):
        calendar_of("XX")


def test_calendar_columns_reach_from_before_the_longest_history_to_the_horizon() -> None:
    batch = batch_of(rows(a={2: 1.0, 3: 1.0}, b={4: 1.0}), MONTHS)
    found = regressors_of(Calendar("DE", ("easter",), working_days=True), batch, 2)
    assert found is not None and found.names == ("easter", "working_days") and found.values.shape == (6, 2)
    assert found.first == MONTHS.index(days("2024-01-01"))[0]
    np.testing.assert_allclose(found.values[:, 0], [0, 0, 5 / 6, 1 / 6, 0, 0])  # 27 March to 1 April
    assert regressors_of(Calendar("DE"), batch, 2) is None
    assert regressors_of(Calendar("DE", ("easter",)), batch.take([]), 2) is None
    years = Batch(("a",), (np.ones(3),), np.array([54]), Frequency("YS"))
    assert regressors_of(Calendar("DE", ("easter",)), years, 2) is None
    only = regressors_of(Calendar("DE", working_days=True), batch, 1)
    assert only is not None and only.names == ("working_days",)
