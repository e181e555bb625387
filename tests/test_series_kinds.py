"""Kinds of files that people forecast: read, with a note of what was decided, or refused in words that help."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from forecasts.file_checks import checked
from forecasts.panel.frequency import usual_freq
from pipelines.errors import AlmanacError
from pipelines.ingest.series import SeriesTable, read_series

pytestmark = pytest.mark.fast

MONTHS = [date(2023 + n // 12, n % 12 + 1, 1) for n in range(18)]


def read(folder: Path, text: str, **options: object) -> SeriesTable:
    file = folder / "export.csv"
    file.write_text(text, encoding="utf-8")
    return read_series(file, **options)  # type: ignore[arg-type]


def lines(header: str, cells: list[str]) -> str:
    return "\n".join([header, *cells]) + "\n"


@pytest.mark.parametrize(
    "written",
    [
        [f"{day.year}m{day.month}" for day in MONTHS],
        [f"{day.month}.{day.year}" for day in MONTHS],
        [f"{day:%m-%Y}" for day in MONTHS],
        [f"{day:%y-%b}" for day in MONTHS],
        [f"{day:%b'%y}" for day in MONTHS],
        [f"{day:%Y %B}" for day in MONTHS],
        [f"{day:%b/%Y}" for day in MONTHS],
        [f"{day:%Y-%m-%d}T00:00:00+0530" for day in MONTHS],
        [f"{day:%Y-%m-%d} 00:00 UTC" for day in MONTHS],
    ],
)
@pytest.mark.parametrize("headers", ["ds,y", "Period,Sales"])
def test_a_month_is_read_as_it_is_written_whatever_the_headers(
    tmp_path: Path, written: list[str], headers: str
) -> None:
    read_rows = read(tmp_path, lines(headers, [f"{text},{number}.5" for number, text in enumerate(written)])).rows
    assert read_rows["ds"].to_list() == MONTHS


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["2022-W51", "2022-W52", "2022-W53"], "'2022-W53': 2022 has 52 weeks"),
        (["Q1 FY24", "Q2 FY24", "Q3 FY24"], "quarters of a fiscal year"),
        (["H1 2023", "H2 2023", "H1 2024"], "half-years, which are not forecast"),
        (["03-Jan", "10-Jan", "17-Jan"], "can be a day without a year"),
        (["2023-12-31T23:00:00Z", "2024-01-31T23:00:00Z", "2024-03-30T23:00:00Z"], "midnights of another zone"),
        (["2024-01-01 9:00 AM", "2024-01-01 10:00 AM", "2024-01-01 11:00 AM"], "hours are not forecast; sum to days"),
    ],
)
def test_a_period_that_cannot_be_read_is_refused_by_its_name(tmp_path: Path, cells: list[str], message: str) -> None:
    with pytest.raises(AlmanacError, match=message):
        read(tmp_path, lines("Time,Calls", [f"{cell},{number}.5" for number, cell in enumerate(cells)]))


@pytest.mark.parametrize(
    ("header", "cells", "expected"),
    [
        ("Jahr;Monat;Umsatz", ["2023;März;5", "2023;April;6"], [date(2023, 3, 1), date(2023, 4, 1)]),
        ("年份;月份;销售额", ["2023;3;5", "2023;4;6"], [date(2023, 3, 1), date(2023, 4, 1)]),
        ("Sales;Year;Quarter", ["5;2023;Q3", "6;2023;Q4"], [date(2023, 7, 1), date(2023, 10, 1)]),
        ("Year;Week;Units", ["2020;53;5", "2021;1;6"], [date(2020, 12, 28), date(2021, 1, 4)]),
        ("Year;Month;Day;Units", ["2023;2;27;5", "2023;2;28;6"], [date(2023, 2, 27), date(2023, 2, 28)]),
    ],
)
def test_a_date_in_several_columns_is_joined_and_said(
    tmp_path: Path, header: str, cells: list[str], expected: list[date]
) -> None:
    table = read(tmp_path, lines(header, cells))
    assert table.rows["ds"].to_list() == expected and table.rows["y"].to_list() == [5.0, 6.0]
    assert any("joined to the date" in note for note in table.notes)


def test_a_part_that_makes_no_date_and_a_fiscal_year_are_asked_about(tmp_path: Path) -> None:
    with pytest.raises(AlmanacError, match="Year '2021' and Week '53' make no date"):
        read(tmp_path, lines("Year,Week,Units", ["2021,52,5", "2021,53,6"]))
    with pytest.raises(AlmanacError, match="of a fiscal year, and the file does not say when it begins"):
        read(tmp_path, lines("FY,Period,Units", ["2023,1,5", "2023,2,6"]))


@pytest.mark.parametrize(
    ("header", "row", "first", "names"),
    [
        ("Store,Item,Jan-24,Feb-24,Mar-24,Total", "N,A,1,2,3,6", MONTHS[12], ["N/A"]),
        ("Item,01/2024,02/2024,03/2024", "A,1,2,3", MONTHS[12], ["A"]),
        ("Item,2024M01,2024M02,2024M03", "A,1,2,3", MONTHS[12], ["A"]),
        ("Year,Jan,Feb,Mar", "2024,1,2,3", MONTHS[12], ["series"]),
        ("Item,2024-W01,2024-W02,2024-W03", "A,1,2,3", date(2024, 1, 1), ["A"]),
    ],
)
def test_a_column_per_period_becomes_rows(tmp_path: Path, header: str, row: str, first: date, names: list[str]) -> None:
    table = read(tmp_path, lines(header, [row]))
    assert table.rows["y"].to_list() == [1.0, 2.0, 3.0] and table.rows["ds"].min() == first
    assert table.rows["unique_id"].unique().to_list() == names
    assert any("are periods: a row was made of each" in note for note in table.notes)


@pytest.mark.parametrize("last", ["Grand Total,300", "Mittelwert,3", "Summe,", "Total: 2,300"])
def test_a_row_that_sums_the_others_is_left_out_and_said(tmp_path: Path, last: str) -> None:
    table = read(tmp_path, lines("Month,Sales", ["2024-01,1", "2024-02,2", last]))
    assert table.rows["y"].to_list() == [1.0, 2.0] and "are no periods" in table.notes[0]


@pytest.mark.parametrize("headers", ["unique_id,ds,y", "Shop,Month,Sales"])
def test_null_words_are_gaps_that_are_counted_and_other_words_are_refused(tmp_path: Path, headers: str) -> None:
    rows = ["A,2024-01-01,5", "A,2024-02-01,N/A", "A,2024-03-01,-", "A,2024-04-01,7"]
    options = {} if headers.startswith("unique_id") else {"unique_id": ("Shop",)}
    table = read(tmp_path, lines(headers, rows), **options)
    assert table.rows["y"].to_list() == [5.0, None, None, 7.0]
    assert sum("1 cells are" in note for note in table.notes) == 2
    with pytest.raises(AlmanacError, match="no number, the first is '#VALUE!'"):
        read(tmp_path, lines(headers, [*rows, "A,2024-05-01,#VALUE!"]), **options, value=headers.split(",")[2])


@pytest.mark.parametrize(
    ("cells", "decimal", "expected"),
    [
        (["1.250", "2.375"], ".", [1.25, 2.375]),
        (["1.250", "2.375"], ",", [1250.0, 2375.0]),
        (["998", "999", "1.000"], None, [998.0, 999.0, 1000.0]),
        (["0.125", "1.250"], None, [0.125, 1.25]),
        (["1.250,5", "999"], None, [1250.5, 999.0]),
    ],
)
def test_a_point_before_three_digits_is_read_by_evidence_or_option(
    tmp_path: Path, cells: list[str], decimal: str | None, expected: list[float]
) -> None:
    rows = [f"2024-0{number}-01;{cell}" for number, cell in enumerate(cells, 1)]
    assert read(tmp_path, lines("Monat;Umsatz", rows), decimal=decimal).rows["y"].to_list() == expected


@pytest.mark.parametrize("cell", ["1.250", "1,250"])
def test_a_mark_before_three_digits_in_every_cell_is_asked_about(tmp_path: Path, cell: str) -> None:
    with pytest.raises(AlmanacError, match=rf"is '{cell}' 1250, or a number with three decimals\? Say it with"):
        read(tmp_path, lines("Monat;Umsatz", [f"2024-0{n}-01;{cell}" for n in range(1, 5)]))


def test_two_currencies_in_a_column_are_refused_with_both(tmp_path: Path) -> None:
    with pytest.raises(AlmanacError, match="several currencies \\('500 USD' and '510 GBP'\\)"):
        read(tmp_path, lines("Month,Sales", ["2024-01,500 USD", "2024-02,510 GBP", "2024-03,505 USD"]))
    assert read(tmp_path, lines("Month,Sales", ["2024-01,$500", "2024-02,510 USD"])).rows["y"].to_list() == [500, 510]


def test_names_that_differ_by_blanks_or_by_capitals_on_other_dates_are_one_series(tmp_path: Path) -> None:
    rows = ["North ,2024-01,1", "North,2024-02,2", "NORTH,2024-03,3", "x,2024-01,1", "X,2024-01,2"]
    table = read(tmp_path, lines("Shop,Month,Sales", rows), unique_id=("Shop",))
    assert table.rows["unique_id"].to_list() == ["NORTH", "NORTH", "NORTH", "x", "X"]
    assert any("differ by blanks" in note for note in table.notes)
    assert any("forecast as one series: 'NORTH', 'North'" in note for note in table.notes)
    assert any("by capitals alone, each with its own values: 'X', 'x'" in note for note in table.notes)


def days_of(step: int, count: int) -> np.ndarray:
    return np.datetime64("2024-01-01", "D") + np.arange(count) * np.timedelta64(step, "D")


def test_one_date_off_the_pattern_does_not_make_weeks_or_months_days() -> None:
    weeks = days_of(7, 40)
    weeks[11] += 1
    assert usual_freq(weeks)[0] == "W-MON" and usual_freq(weeks)[1].tolist() == [weeks[11].item()]
    working = [date(2023 + (n + 1) // 12, (n + 1) % 12 + 1, 1) - timedelta(1) for n in range(20)]
    working = [day - timedelta(max(0, day.weekday() - 4)) for day in working]
    assert usual_freq(np.array(working, dtype="datetime64[D]"))[0] == "ME"
    assert usual_freq(days_of(1, 40))[0] == "D"


def table_of(folder: Path, ids: list[str], days: list[date], values: list[float]) -> Path:
    path = folder / "table.parquet"
    schema = {"unique_id": pl.String, "ds": pl.Date, "y": pl.Float64}
    pl.DataFrame({"unique_id": ids, "ds": days, "y": values}, schema=schema).write_parquet(path)
    return path


@pytest.mark.parametrize(
    ("absent", "value", "rows", "remark"),
    [
        ("auto", "Quantity", 61, "taken as 0, as no row has a 0"),
        ("auto", "Price", 13, "taken as unknown; if they were zeros, say --absent zero"),
        ("gap", "Quantity", 13, "taken as unknown"),
        ("zero", "Price", 61, "taken as 0"),
    ],
)
def test_a_period_without_a_row_is_zero_where_rows_are_sales(
    tmp_path: Path, absent: str, value: str, rows: int, remark: str
) -> None:
    days = [date(2024, 1, 1) + timedelta(int(n)) for n in np.sort(np.random.default_rng(3).permutation(60)[:12])]
    path = table_of(tmp_path, ["a"] * 12 + ["b"], [*days, date(2024, 3, 1)], [5.0] * 12 + [3.0])
    check = checked(path, "D", absent, value, tmp_path)
    expected = (date(2024, 3, 1) - days[0]).days + 2 if rows == 61 else rows
    assert pl.read_parquet(check.table).height == expected
    assert any(remark in note for note in check.notes)


def test_a_series_that_ends_early_and_one_that_sums_the_others_are_said(tmp_path: Path) -> None:
    ids = [name for name in ("North", "South", "Gesamt") for _ in MONTHS] + ["old"] * 3
    values = [1.0] * 18 + [2.0] * 18 + [3.0] * 18
    notes = checked(table_of(tmp_path, ids[:54], MONTHS * 3, values), "MS", "auto", "y", tmp_path).notes
    assert notes == ("series 'Gesamt' is the sum of the 2 others: it is forecast as a series of its own",)
    path = table_of(tmp_path, ids, MONTHS * 3 + MONTHS[:3], [*values, 1.0, 1.0, 1.0])
    notes = checked(path, None, "auto", "y", tmp_path).notes
    assert notes == ("1 series end before the file does (old 2023-03-01): their forecasts begin there",)


def test_a_value_that_dwarfs_all_others_is_a_gap_and_said_unless_it_is_the_last(tmp_path: Path) -> None:
    values = [100.0 + number % 5 for number in range(18)]
    slip, newest = values.copy(), values.copy()
    slip[7], newest[17] = 1020.0, 1020.0
    path = table_of(tmp_path, ["slip"] * 18 + ["newest"] * 18 + ["even"] * 18, MONTHS * 3, [*slip, *newest, *values])
    check = checked(path, "MS", "auto", "y", tmp_path)
    rows = pl.read_parquet(check.table)
    assert rows.filter(pl.col("y").is_null()).select("unique_id", "ds").rows() == [("slip", MONTHS[7])]
    assert "slip 2023-08-01: 1,020): taken as unknown" in check.notes[0]
    assert "newest 2024-06-01: 1,020): their last" in check.notes[1]
