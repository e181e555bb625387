"""What `almanac forecast-file` makes of tables that are not `unique_id, ds, y` yet."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from forecasts.errors import ForecastError
from forecasts.panel.frequency import Frequency, infer_freq
from pipelines.cli import app
from pipelines.errors import AlmanacError
from pipelines.ingest.series import read_series

pytestmark = pytest.mark.fast

JANUARY, FEBRUARY = date(2024, 1, 1), date(2024, 2, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Monat;Umsatz\n01.01.2024;1.234,50\n01.02.2024;2.000,00\n", [1234.5, 2000.0]),
        ("月份,销售额\n2024年1月,1.2万\n2024年2月,2.5万\n", [12000.0, 25000.0]),
        ("ds,y\r2024-01-01,1\r2024-02-01,2", [1.0, 2.0]),
        ("Month\tSales\nJan 2024\t1\nFeb 2024\t\n", [1.0, None]),
        ("Day,Sales\n45292,9.59076113897809\n45323,2\n", [9.59076113897809, 2.0]),
        ("Sales report 2024\n\nDay,Sales\n2024-01-01,1\n2024-02-01,2\n", [1.0, 2.0]),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_dates_and_numbers_are_read_as_people_write_them(
    tmp_path: Path, text: str, expected: list[float | None], encoding: str
) -> None:
    file = tmp_path / "sales.csv"
    file.write_bytes(text.encode(encoding))
    rows = read_series(file).rows
    assert rows["ds"].to_list() == [JANUARY, FEBRUARY] and rows["y"].to_list() == expected
    assert rows["unique_id"].unique().to_list() == ["series"]


def test_columns_that_name_the_series_are_joined(tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text("Month,Store,Product,Sales\n2024-01-01,North,A,1\n2024-01-01,North,B,2\n", encoding="utf-8")
    assert read_series(file, unique_id=("Store", "Product")).rows["unique_id"].to_list() == ["North/A", "North/B"]


def test_an_empty_name_keeps_its_place(tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text("Day,X,Y,Z,Sales\n2024-01-01,A,,B,1\n2024-01-01,A,B,,2\n", encoding="utf-8")
    assert read_series(file, unique_id=("X", "Y", "Z"), value="Sales").rows["unique_id"].to_list() == ["A//B", "A/B/"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2023Q4,2024-Q1", [date(2023, 10, 1), JANUARY]),
        ("2023年四季度,2024年一季度", [date(2023, 10, 1), JANUARY]),
        ("2024-W01,2024-W02", [JANUARY, date(2024, 1, 8)]),
        ("202401,202402", [JANUARY, FEBRUARY]),
        ("January 2024,February 2024", [JANUARY, FEBRUARY]),
        ("2023,2024", [date(2023, 1, 1), JANUARY]),
    ],
)
def test_periods_are_their_first_days(tmp_path: Path, written: str, expected: list[date]) -> None:
    file = tmp_path / "sales.csv"
    first, second = written.split(",")
    file.write_text(f"Period,Sales\n{first},1.5\n{second},2.5\n", encoding="utf-8")
    assert read_series(file).rows["ds"].to_list() == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Day,Sales\n03/04/2024,1\n05/06/2024,2\n", "'03/04/2024' can be day/month or month/day"),
        ("Day,Sales\n2024-01-01,1\n2024-01-02,2x\n2024-01-03,3\n", "1 cells of Sales are no number.*'2x'"),
        ("Day,Sales,Cost\n2024-01-01,1,1\n", "Sales, Cost hold numbers: choose one with --value"),
        ("Day,Sales\n2024-01-01,1\n2024-01-02,2,9\n2024-01-03,3\n", "1 rows cannot be read, first record 2"),
        ("Shop,Sales\nNorth,1\n", "no column of dates among Shop, Sales: choose one with --time"),
        (
            "Day,Shop,Sales\n" + "".join(f"2024-01-0{day},{shop},{day}\n" for day in range(1, 4) for shop in "AB"),
            "several rows for 2024-01-01: separate the series with --id Shop",
        ),
        ("Day,Sales\n2024-01-01,1\n2024-01-01,2\n2024-01-02,2\n", "several rows for 2024-01-01: sum them first"),
    ],
)
def test_an_open_choice_or_an_unreadable_cell_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(AlmanacError, match=message):
        read_series(file, value="Sales" if "2x" in text else None)


@settings(max_examples=60, deadline=None)
@given(
    code=st.sampled_from(["MS", "ME", "QS", "QS-FEB", "YS", "YS-APR", "D", "B", "W-MON", "W-SUN"]),
    first=st.integers(0, 40),
    count=st.integers(20, 60),
    seed=st.integers(0, 1000),
)
def test_the_frequency_is_found_from_dates_with_gaps(code: str, first: int, count: int, seed: int) -> None:
    steps = np.arange(first, first + count)
    keep = np.random.default_rng(seed).random(count) > 0.2
    keep[:2] = True
    assert infer_freq(Frequency(code).dates(steps[keep])) == code


@pytest.mark.parametrize("code", ["QS", "QS-FEB", "YS", "YS-APR"])
def test_last_days_of_quarters_and_years_are_no_months(code: str) -> None:
    assert infer_freq(Frequency(code).ends(np.arange(200, 220))) == code


def test_two_tuples_of_one_joined_name_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text("Day,X,Y,Sales\n2024-01-01,A/B,C,1\n2024-01-02,A,B/C,2\n", encoding="utf-8")
    with pytest.raises(AlmanacError, match="'A/B/C' would name two series"):
        read_series(file, unique_id=("X", "Y"))


def test_months_named_by_another_day_are_asked_for() -> None:
    days = Frequency("MS").dates(np.arange(24)) + np.timedelta64(14, "D")
    with pytest.raises(ForecastError, match="one day of each month"):
        infer_freq(days)


def test_one_date_tells_no_frequency() -> None:
    with pytest.raises(ForecastError, match="give the frequency"):
        infer_freq(np.array(["2024-01-01"], dtype="datetime64[D]"))


def test_a_frequency_that_leaves_most_periods_empty_is_remarked_on(tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text("ds,y\n" + "".join(f"2023-{month:02d}-01,{month}\n" for month in range(1, 13)), encoding="utf-8")
    result = CliRunner().invoke(app, ["forecast-file", str(file), "--horizon", "2", "--freq", "D", "--tier", "prophet"])
    assert result.exit_code == 0 and "the dates suggest MS" in result.output
    inferred = CliRunner().invoke(app, ["forecast-file", str(file), "--horizon", "2", "--tier", "prophet"])
    assert inferred.exit_code == 0 and "2 periods each (MS)" in inferred.output and "note" not in inferred.output
