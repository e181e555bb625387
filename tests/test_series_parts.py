"""Parts of reading series: periods in words, dates in several columns, names, sums, and amounts. Values by hand."""

from datetime import date

import polars as pl
import pytest

from pipelines.errors import AlmanacError
from pipelines.ingest.proposals.column_values import ColumnSample
from pipelines.ingest.series.amounts import amounts_of, as_numbers
from pipelines.ingest.series.columns import columns_of, listed
from pipelines.ingest.series.controls import summary_mask, without_summaries
from pipelines.ingest.series.moments import are_periods, clock_of, days_of
from pipelines.ingest.series.names import named, one_spelling
from pipelines.ingest.series.parts import date_parts, refuse_fiscal, with_joined_date
from pipelines.ingest.series.period_words import no_such_week, period_days, refused_shape

pytestmark = pytest.mark.fast


def samples(**columns: list[str]) -> dict[str, ColumnSample]:
    return {name: ColumnSample(tuple(texts)) for name, texts in columns.items()}


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024M01", date(2024, 1, 1)),
        ("2024 m12", date(2024, 12, 1)),
        ("M3/2024", date(2024, 3, 1)),
        ("3/2024", date(2024, 3, 1)),
        ("12-1999", date(1999, 12, 1)),
        ("Jan. 2024", date(2024, 1, 1)),
        ("März'2024", date(2024, 3, 1)),
        ("2024, October", date(2024, 10, 1)),
        ("2024十二月", date(2024, 12, 1)),
        ("Feb-24", date(2024, 2, 1)),
        ("Q3 2024", date(2024, 7, 1)),
        ("q4'24", date(2024, 10, 1)),
        ("T1-2024", date(2024, 1, 1)),
        ("13/2024", None),
        ("Foo 2024", None),
        ("Q5 2024", None),
        ("M0/2024", None),
        ("2024", None),
    ],
)
def test_a_period_in_words_is_its_first_day(text: str, day: date | None) -> None:
    assert period_days([f" {text} "]) == (None if day is None else {f" {text} ": day})
    assert period_days([text, "x"]) is None
    assert period_days([]) is None


def test_a_day_or_year_before_a_month_is_a_year_where_months_follow_each_other() -> None:
    words = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    months = [f"{year}-{word}" for year in (22, 23) for word in words]
    found = period_days(months[:13])
    assert found is not None and found["23-Jan"] == date(2023, 1, 1)
    assert period_days(months[:12]) is None  # a year or less
    gaps = [text for text in months[:21] if text not in months[3:7]]  # 17 of 21 months
    assert period_days(gaps) is not None
    assert period_days([text for text in months[:21] if text not in months[3:8]]) is None
    assert refused_shape(months[:12]) == "'22-Jan' can be a day without a year, or a month: write dates as YYYY-MM-DD"
    assert refused_shape(months[:1]) is None and refused_shape([*months[:3], "x"]) is None


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["FY24 Q1", "FY24 Q2", "x"], "'FY24 Q1' and others are quarters of a fiscal year"),
        (["Q1 FY2024"], "quarters of a fiscal year"),
        (["GJ2024 P03"], "periods of a fiscal year"),
        (["2024 H1", "H2 2024"], "half-years"),
        (["1. Halbjahr 2024"], "half-years"),
        (["2024-W00"], "not a week or month"),
        (["2024-00"], "not a week or month"),
        (["FY24 Q1", "x"], None),  # half of them
        (["2024-01"], None),
    ],
)
def test_periods_that_begin_nobody_knows_when_are_refused(texts: list[str], said: str | None) -> None:
    found = refused_shape(texts)
    assert found is None if said is None else found is not None and said in found


@pytest.mark.parametrize(
    ("text", "weeks"),
    [("2021-W53", 52), ("2020-W53", None), ("2020W54", 53), ("2021-W00", 52), ("2021W1", None), ("2021年第60周", 52)],
)
def test_a_week_that_its_year_does_not_have_is_named(text: str, weeks: int | None) -> None:
    said = f"{text!r}: {text[:4]} has {weeks} weeks (ISO 8601), from W01"
    assert no_such_week(text) == (said if weeks else None)
    assert no_such_week("202153") is None


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("2024-01-01 08:30", "08:30"),
        ("2024-01-01T08:30:15.5", "08:30"),
        ("2024-01-01 8:30 PM", "8:30"),
        ("2024-01-01 00:00:00", None),
        ("2024-01-01 0:00", None),
        ("2024-01-01", None),
    ],
)
def test_the_clock_of_a_midnight_is_none(text: str, clock: str | None) -> None:
    assert clock_of(text) == clock


def days(*texts: str | None) -> list[date | None]:
    return days_of("a.csv", "ds", pl.Series(texts, dtype=pl.String))[0].to_list()


def test_days_are_those_that_are_written() -> None:
    assert days("2024-01-31T23:30:00+02:00", None, "2024/02/01 10:00") == [date(2024, 1, 31), None, date(2024, 2, 1)]
    assert days("2024M01", "2024M02", None) == [date(2024, 1, 1), date(2024, 2, 1), None]
    assert days("13/01/2024", "02/03/2024") == [date(2024, 1, 13), date(2024, 3, 2)]
    assert days("01/13/2024", "02/03/2024", "x") == [date(2024, 1, 13), date(2024, 2, 3), None]
    assert days("45292", "45323") == [date(2024, 1, 1), date(2024, 2, 1)]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["01/02/2024"], "'01/02/2024' can be day/month or month/day"),
        (["2021-W53", "2021-W52"], "2021 has 52 weeks"),
        (["FY24 Q1"], "fiscal year"),
        ([f"2024-0{n}-01T23:00Z" for n in (1, 2, 3)], "every stamp is of 23:00 o'clock, as '2024-01-01T23:00'"),
        (["2024-01-01T22:00Z", "2024-02-01T23:00Z", "2024-03-01T23:00Z"], "every stamp is of 22:00 or 23:00 o'clock"),
    ],
)
def test_dates_that_leave_open_which_day_is_meant_are_refused(texts: list[str], said: str) -> None:
    with pytest.raises(AlmanacError) as error:
        days(*texts)
    assert str(error.value).startswith("a.csv: ds: ") and said in str(error.value)


def test_stamps_of_several_hours_are_no_shifted_midnights() -> None:
    stamps = ["2024-01-01T21:00Z", "2024-02-01T23:00Z", "2024-03-01T23:00Z"]
    assert days(*stamps)[0] == days(*stamps[1:])[0].replace(month=1) == date(2024, 1, 1)  # type: ignore[union-attr]
    assert days("2024-01-01T00:00Z", *stamps[1:])[0] == date(2024, 1, 1)


def test_a_column_holds_periods_where_each_cell_can_be_one() -> None:
    for texts in (["2024M01"], ["FY24 Q1"], ["202401", "202402"], ["2024-01-01"] * 9 + ["x"]):
        assert are_periods(ColumnSample(tuple(texts)))
    for texts in (["x"], ["2024M01", "x"], ["2024-01-01"] * 8 + ["x"] * 2):
        assert not are_periods(ColumnSample(tuple(texts)))


def test_a_date_stands_in_a_year_and_a_finer_column() -> None:
    year, month = ["2024", "2023"], ["1", "Dez"]
    assert date_parts(samples(Jahr=year, Monat=month, Tag=["1", "31"])) == {
        "year": "Jahr",
        "month": "Monat",
        "day": "Tag",
    }
    assert date_parts(samples(Year=year, KW=["W1", "53"])) == {"year": "Year", "week": "KW"}
    assert date_parts(samples(Year=year, Qtr=["Q1", "第四季度"], Day=["1", "2"])) == {"year": "Year", "quarter": "Qtr"}
    assert date_parts(samples(Year=year, Week=["0", "54"])) == {}
    assert date_parts(samples(Year=["24"], Month=month)) == date_parts(samples(Year=year, Sales=month)) == {}
    assert date_parts(samples(Year=year * 5, Month=["x", *month * 4, "1"])) == {}
    assert date_parts(samples(Year=year, Month=month, Week=["1"]), ("Year", "Week")) == {"year": "Year", "week": "Week"}


def joined(parts: dict[str, str], **columns: list[str | None]) -> list[str | None]:
    table, note = with_joined_date("a.csv", pl.DataFrame(columns), parts)
    assert note == f"{' and '.join(parts.values())} are joined to the date"
    return table["\0time"].to_list()


def test_parts_are_joined_to_the_first_day_of_their_period() -> None:
    month = {"year": "Y", "month": "M"}
    assert joined(month, Y=["2024.0", " 2023年", None, "Total"], M=["2.0", "Dez", None, ""]) == [
        *("2024-02-01", "2023-12-01", None, "Total"),
    ]
    assert joined(month | {"day": "D"}, Y=["2024"], M=["2"], D=["29"]) == ["2024-02-29"]
    assert joined({"year": "Y", "week": "W"}, Y=["2024", "2026"], W=["KW 5", "1"]) == ["2024-01-29", "2025-12-29"]
    assert joined({"year": "Y", "quarter": "Q"}, Y=["2024"] * 3, Q=["Q3", "四季度", "1"]) == [
        *("2024-07-01", "2024-10-01", "2024-01-01"),
    ]
    for parts, bad in (
        ({"year": "Y", "month": "M"}, "13"),
        ({"year": "Y", "quarter": "M"}, "5"),
        ({"year": "Y", "week": "M"}, "54"),
    ):
        with pytest.raises(AlmanacError, match=f"Y '2024' and M '{bad}' make no date"):
            joined(parts, Y=["2024"], M=[bad])


def test_a_fiscal_year_beside_a_period_is_refused() -> None:
    period = ["1", "2"]
    for year in ("Fiscal Year", "FY", "Geschäftsjahr"):
        with pytest.raises(AlmanacError, match=f"{year} and Period are of a fiscal year"):
            refuse_fiscal("a.csv", samples(**{year: ["FY24", "2024/25"], "Period": period}))
    refuse_fiscal("a.csv", samples(Year=["2024", "2025"], Period=period))
    refuse_fiscal("a.csv", samples(FY=["north", "south"], Period=period))
    refuse_fiscal("a.csv", samples(FY=["FY24"], Sales=period))


def test_the_only_columns_that_can_be_are_chosen() -> None:
    dates, numbers, words = ["2024-01-01", "2024-02-01"], ["1", "2.5"], ["a", "b"]
    found = columns_of("a", samples(When=dates, Sales=numbers, Who=words), (), (), None)
    assert (found.names, found.time, found.value, found.parts) == ((), "When", "Sales", {})
    found = columns_of("a", samples(unique_id=words, ds=words, y=words, Other=dates, N=numbers), (), (), None)
    assert (found.names, found.time, found.value) == (("unique_id",), "ds", "y")
    found = columns_of("a", samples(Year=["2024"], Month=["1"], Sales=numbers), (), (), None)
    assert (found.value, found.parts) == ("Sales", {"year": "Year", "month": "Month"})
    found = columns_of("a", samples(Y=dates, Period=["202401"], N=numbers), (), ("Period",), "N")
    assert (found.time, found.value) == ("Period", "N")
    found = columns_of("a", samples(When=dates, Week=["202401", "202402"], N=numbers), (), (), "N")
    assert found.time == "When"  # what is written as a date, before what may be a number


@pytest.mark.parametrize(
    ("columns", "given", "said"),
    [
        ({"A": ["2024-01-01"], "B": ["1"]}, {"value": "C"}, "no column C: found A, B"),
        (
            {"A": ["2024-01-01"], "B": ["1"], "C": ["2"]},
            {},
            "no column y, and B, C hold numbers: choose one with --value",
        ),
        ({"A": ["2024-01-01"], "B": ["x"]}, {}, "no column y, and no column of numbers among A, B"),
        ({"A": ["x"], "B": ["1.5"]}, {}, "no column ds, and no column of dates among A, B: choose one with --time"),
        ({"A": ["x"], "B": ["y"], "C": ["1"]}, {"time": ("A", "B")}, "A and B make no date"),
    ],
)
def test_an_open_choice_of_columns_is_refused(
    columns: dict[str, list[str]], given: dict[str, object], said: str
) -> None:
    wanted: dict[str, object] = {"names": (), "time": (), "value": None} | given
    with pytest.raises(AlmanacError) as error:
        columns_of("a", samples(**columns), **wanted)  # type: ignore[arg-type]
    assert said in str(error.value)


def test_eight_names_are_listed_and_long_ones_shortened() -> None:
    assert listed([*"abcdefgh"]) == "a, b, c, d, e, f, g, h"
    assert listed([*"abcdefghij"]).endswith("g, h and 2 more")
    assert listed(["x" * 39, "x" * 40]) == f"{'x' * 39}, {'x' * 37}..."


def test_a_series_has_one_name_whatever_its_blanks() -> None:
    table = pl.DataFrame({"A": ["x", " x", "x  y", None], "B": ["1", "1 ", "2", "3"]})
    ids, notes = named("a", table, ["A", "B"])
    assert ids.to_list() == ["x/1", "x/1", "x y/2", "/3"]
    assert notes == ["names that differ by blanks alone are one series: ' x/1 ', 'x/1'"]
    assert named("a", table, [])[0].to_list() == ["series"] * 4
    assert named("a", table.head(1), ["A"])[1] == []
    with pytest.raises(AlmanacError, match="'a/b/c' would name two series: remove the / from A or B"):
        named("a", pl.DataFrame({"A": ["a/b", "a"], "B": ["c", "b/c"]}), ["A", "B"])


def test_names_that_differ_by_capitals_are_one_series_unless_they_share_a_date() -> None:
    ids = pl.Series(["Ab", "ab", "X", "x", "c"])
    found, notes = one_spelling(ids, pl.Series([1, 2, 1, 1, 1]))
    assert found.to_list() == ["Ab", "Ab", "X", "x", "c"]
    assert notes == [
        "spelled in several ways, forecast as one series: 'Ab', 'ab'",
        "series whose names differ by capitals alone, each with its own values: 'X', 'x'",
    ]
    assert one_spelling(pl.Series(["a", "b"]), pl.Series([1, 1]))[1] == []
    several = pl.Series([f"{case}{n}" for n in range(5) for case in "aA"])
    note = one_spelling(several, pl.Series(range(10)))[1][0]
    assert note.endswith("'A0', 'a0'; 'A1', 'a1'; 'A2', 'a2' and 2 more")


def test_rows_without_a_date_that_sum_the_others_are_left_out() -> None:
    table = pl.DataFrame(
        {"A": ["Total", "x", "", "Mean: 3", "合计"], "ds": ["", "", "Total", "2024", None], "y": [*"12345"]}
    )
    assert summary_mask(table).to_list() == [True, False, True, True, True]
    left, notes = without_summaries(table, "ds")
    assert left["y"].to_list() == ["2", "4"]
    assert notes == ["3 rows without a date are no periods, as 'Total': left out"]
    assert without_summaries(left, "ds")[1] == []


def numbers(*texts: str | None, decimal: str | None = None, delimiter: str = ";") -> list[float | None]:
    return amounts_of("a", "y", pl.Series(texts, dtype=pl.String), decimal, delimiter)[0].to_list()


def test_amounts_are_read_in_the_notation_that_the_cells_show() -> None:
    assert numbers("1,234.5", "2", None, "N/A", "na") == [1234.5, 2, None, None, None]
    assert numbers("1.234,5", "2,5") == [1234.5, 2.5]
    assert numbers("1,5", decimal=",") == [1.5]
    assert numbers("0.123456789012") == [0.123456789012]
    assert as_numbers(pl.Series([" 1,234.50 ", "", "x", "1.2万"])).to_list() == [1234.5, None, None, 12000]
    assert as_numbers(pl.Series(["1.234,50", "2,5"])).to_list() == [1234.5, 2.5]


def test_a_mark_before_three_digits_groups_where_that_makes_one_series() -> None:
    texts = pl.Series(["1.500", "980", "1.020"])
    found, notes = amounts_of("a", "y", texts, None, ";")
    assert found.to_list() == [1500, 980, 1020]
    assert notes == ["y: the '.' of '1.020' groups thousands, as the other cells show"]
    for cells, delimiter in ((["1.500", "2.500"], ";"), (["1.500"], ","), (["1,500", "2,500"], ";")):
        with pytest.raises(AlmanacError, match="or a number with three decimals"):
            numbers(*cells, delimiter=delimiter)
    assert numbers("1,500", delimiter=",") == [1500]
    assert numbers("1.500", delimiter="") == [1.5]
    assert numbers("1.500", "2.5") == [1.5, 2.5]


def test_gaps_are_counted_and_what_is_no_number_is_refused() -> None:
    notes = amounts_of("a", "y", pl.Series(["1", "N/A", "N/A", "tbd"]), None, ",")[1]
    assert notes == ["y: 2 cells are 'N/A': gaps", "y: 1 cells are 'tbd': gaps"]
    with pytest.raises(AlmanacError, match="2 cells of y are no number, the first is 'x'"):
        numbers("1", "x", "z")
    with pytest.raises(AlmanacError, match="several currencies"):
        numbers("1 €", "2 USD")
    assert numbers("¥1", "2 元") == [1, 2]
