"""What a table shows before it is forecast is said in a sentence, and only where it is so."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from forecasts import file_checks
from forecasts.errors import ForecastError
from forecasts.file_checks import checked
from forecasts.panel.frequency import Frequency

pytestmark = pytest.mark.fast

MONDAY = date(2024, 1, 1)
STARTS = pl.date_range(date(2023, 1, 1), date(2024, 12, 1), "1mo", eager=True)


def mondays(*numbers: int) -> np.ndarray:
    return np.array([MONDAY + timedelta(weeks=number) for number in numbers], dtype="datetime64[D]")


def series(**values: Sequence[float | None]) -> pl.DataFrame:
    """Months of each series from January 2023 on."""
    return pl.concat(
        pl.DataFrame({"unique_id": name, "ds": STARTS[: len(y)], "y": y}, schema_overrides={"y": pl.Float64})
        for name, y in values.items()
    )


def written(folder: Path, frame: pl.DataFrame) -> Path:
    path = folder / "table.parquet"
    frame.write_parquet(path)
    return path


def test_dates_off_the_pattern_are_told_by_the_first_three() -> None:
    days = np.sort(np.concatenate([mondays(*range(40)), mondays(41, 42, 43, 44) + np.timedelta64(1, "D")]))
    code, notes = file_checks._frequency(days, None)
    assert code == "W-MON" and notes == (
        "4 of 44 dates are off the pattern of W-MON (2024-10-15, 2024-10-22, 2024-10-29): its periods",
    )
    assert file_checks._frequency(mondays(*range(12)), None) == ("W-MON", ())


@pytest.mark.parametrize(("last", "told"), [(9, "50% of 10 periods"), (10, "55% of 11 periods")])
def test_a_frequency_of_which_half_of_the_periods_are_empty_is_doubted(last: int, told: str) -> None:
    """Five dates over so many weeks; a sixth leaves less than half of them empty."""
    code, notes = file_checks._frequency(mondays(0, 1, 2, 3, last), "W-MON")
    assert code == "W-MON" and notes == (f"{told} are empty with --freq W-MON: is that intended?",)
    assert file_checks._frequency(mondays(0, 1, 2, 3, 4, last), "W-MON")[1] == ()


def test_another_frequency_that_fits_is_suggested_and_a_single_date_has_none() -> None:
    months = np.array(STARTS.to_numpy(), dtype="datetime64[D]")
    assert file_checks._frequency(months, "D") == (
        "D", ("97% of 701 periods are empty with --freq D: the dates suggest MS",),
    )  # fmt: skip
    assert file_checks._frequency(months[:1], "D") == ("D", ())
    assert file_checks._frequency(months[[0, 1]], "D")[1] == (
        "94% of 32 periods are empty with --freq D: the dates suggest MS",
    )
    with pytest.raises(ForecastError, match="fewer than two dates"):
        file_checks._frequency(months[:1], None)


def test_series_that_end_three_periods_before_the_file_are_told_the_earliest_first() -> None:
    frame = series(a=[1.0] * 10, b=[1.0] * 7, c=[1.0] * 8, d=[1.0] * 6 + [None] * 4, e=[1.0] * 5, f=[1.0] * 5)
    assert file_checks._ended(frame, Frequency("MS")) == (
        "4 series end before the file does (e 2023-05-01, f 2023-05-01, d 2023-06-01): their forecasts begin there",
    )
    assert file_checks._ended(series(a=[1.0] * 10, c=[1.0] * 8), Frequency("MS")) == ()
    assert file_checks._ended(series(a=[1.0] * 10), Frequency("MS")) == ()
    assert len(file_checks._ended(series(a=[1.0] * 10, b=[1.0] * 7), Frequency("MS"))) == 1


def test_a_series_that_is_the_sum_of_all_others_on_every_date_is_told() -> None:
    parts = {"north": [1.0, 2.0], "south": [3.0, 5.0]}
    assert file_checks._sums(series(**parts, all=[4.0, 7.0])) == (
        "series 'all' is the sum of the 2 others: it is forecast as a series of its own",
    )
    for frame in (
        series(**parts, all=[5.0, 6.0]),  # the same over both dates alone
        series(**parts, all=[4.0, 7.5]),
        series(north=[1.0, 2.0], all=[1.0, 2.0]),
        series(north=[0.0], south=[0.0], all=[0.0]),
        series(north=[1.0], south=[1.0], all=[-2.0]),
        series(**parts, all=[4.0, 7.0], also=[4.0, 7.0]),
    ):
        assert file_checks._sums(frame) == ()
    assert file_checks._sums(series(north=[-1.0], south=[-3.0], all=[-4.0])) != ()


def test_a_table_of_one_date_is_taken_as_it_is_at_the_frequency_given(tmp_path: Path) -> None:
    path = written(tmp_path, series(a=[1.0], b=[2.0], c=[3.0]))
    assert checked(path, "MS", "auto", "y", tmp_path) == file_checks.FileCheck(path, "MS", ())


def test_absent_periods_are_filled_as_asked_in_a_table_beside(tmp_path: Path) -> None:
    gap = series(a=[1.0, 4.0, 2.0, 3.0, 5.0]).filter(pl.col("ds") != STARTS[2])
    path = written(tmp_path, gap)
    filled = checked(path, "MS", "zero", "sales", tmp_path)
    assert filled.table == tmp_path / "filled.parquet"
    assert pl.read_parquet(filled.table).sort("ds")["y"].to_list() == [1, 4, 0, 3, 5]
    kept = checked(path, "MS", "gap", "sales", tmp_path)
    assert kept.table == path and "taken as unknown" in kept.notes[0]
    with pytest.raises(ForecastError, match="--absent 'none' is none of auto, zero, gap"):
        checked(path, "MS", "none", "sales", tmp_path)


def test_a_table_without_ids_is_looked_at_as_one_series(tmp_path: Path) -> None:
    path = written(tmp_path, series(a=[1.0, 4.0, 2.0]).drop("unique_id").with_columns(pl.col("ds").cast(pl.Datetime)))
    assert checked(path, None, "auto", "y", tmp_path) == file_checks.FileCheck(path, "MS", ())


@pytest.mark.parametrize(("most", "is_looked_at"), [(4, True), (3, False)])
def test_a_table_of_too_many_rows_is_not_looked_at(
    tmp_path: Path, most: int, is_looked_at: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert file_checks.LOOKED_AT == 5_000_000
    monkeypatch.setattr(file_checks, "LOOKED_AT", most)
    path = written(tmp_path, series(a=[1.0, 4.0, 2.0, 3.0, 5.0]).filter(pl.col("ds") != STARTS[2]))
    made = checked(path, "MS", "zero", "y", tmp_path)
    assert (made.table != path) == is_looked_at
    told = "4 rows are too many to look for absent periods and outliers: forecast as they are"
    assert (told in made.notes) != is_looked_at
    single = written(tmp_path, pl.concat([series(a=[1.0])] * 5))
    assert checked(single, "MS", "zero", "y", tmp_path).notes == ()
