"""Dates, working days, ends and slips of the keyboard in what a file holds, counted on a calendar."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from forecasts.errors import ForecastError
from forecasts.file_checks import checked
from forecasts.panel.calendar import working_day_excess
from forecasts.panel.frequency import Frequency, usual_freq
from forecasts.panel.outliers import without_outliers

pytestmark = pytest.mark.fast


def days(*words: str) -> np.ndarray:
    return np.array(words, dtype="datetime64[D]")


LAST_WORKING_DAYS = days(
    "2024-01-31", "2024-02-29", "2024-03-28", "2024-04-30", "2024-05-31", "2024-06-28", "2024-07-31", "2024-08-30"
)  # fmt: skip


def test_a_fiscal_quarter_has_months_of_four_four_and_five_weeks() -> None:
    fiscal = Frequency("445-JAN")
    first = int(fiscal.index(days("2024-01-01"))[0])
    starts = fiscal.starts(np.arange(first, first + 5))
    assert starts.tolist() == days("2024-01-01", "2024-01-29", "2024-02-26", "2024-04-01", "2024-04-29").tolist()


def test_last_working_days_are_months_from_eight_dates_on() -> None:
    code, odd = usual_freq(LAST_WORKING_DAYS)
    assert code == "ME" and odd.tolist() == days("2024-03-28", "2024-06-28", "2024-08-30").tolist()
    code, odd = usual_freq(LAST_WORKING_DAYS[:7])
    assert code == "D" and len(odd) == 0


def test_a_day_is_a_month_s_end_up_to_four_days_before_it() -> None:
    """27 March is four days before the 31st and still an end; of 26 March, five before it, the reader is asked."""
    others = np.delete(LAST_WORKING_DAYS, 2)
    assert usual_freq(np.sort(np.append(others, days("2024-03-27"))))[0] == "ME"
    with pytest.raises(ForecastError, match="one date a month, near neither its first nor its last day: give"):
        usual_freq(np.sort(np.append(others, days("2024-03-26"))))


def test_a_week_with_a_bank_holiday_has_a_day_less_than_its_length_lets_expect() -> None:
    """Weeks from 17 and 24 April and 1 May 2023: 5, 5 and 4 working days where 14 of 21 are two thirds of seven."""
    weeks = Frequency("W-MON").index(days("2023-04-17", "2023-04-24", "2023-05-01"))
    excess = working_day_excess("GB", Frequency("W-MON"), weeks)
    np.testing.assert_allclose(excess, [1 / 14, 1 / 14, -1 / 7])


def monthly(**series: list[float]) -> pl.DataFrame:
    starts = pl.date_range(date(2024, 1, 1), date(2025, 12, 1), "1mo", eager=True)
    return pl.concat(pl.DataFrame({"unique_id": n, "ds": starts[: len(y)], "y": y}) for n, y in series.items())


def test_the_only_sale_of_a_slow_mover_is_no_slip_of_the_keyboard() -> None:
    sold, typed = [0.0] * 14, [8.0] * 14
    sold[6], typed[6] = 7.0, 80.0
    kept, notes = without_outliers(monthly(slow=sold))
    assert kept["y"].to_list() == sold and notes == ()
    kept, notes = without_outliers(monthly(fast=typed))
    assert kept["y"].null_count() == 1 and "fast 2024-07-01: 80" in notes[0]


def test_a_series_that_stopped_three_periods_before_the_file_is_told(tmp_path: Path) -> None:
    long, stopped, late = [3.0, 1.0, 2.0] * 4, [4.0, 5.0, 6.0] * 3, [1.0, 2.0] * 5
    table = tmp_path / "sales.parquet"
    monthly(long=long, stopped=stopped, late=late).write_parquet(table)
    notes = checked(table, "MS", "gap", "y", tmp_path).notes
    assert [note for note in notes if "end before" in note] == [
        "1 series end before the file does (stopped 2024-09-01): their forecasts begin there"
    ]
