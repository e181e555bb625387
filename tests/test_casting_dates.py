"""Dates and instants by format, order and zone. Values by hand; a number beside a date is its serial day."""

from collections.abc import Sequence
from datetime import datetime

import duckdb
import pytest

from pipelines.ingest.casting.dates import (
    LAST_YEAR,
    day_of_instant_sql,
    likely_year_sql,
    moment_sql,
    needs_order,
    no_day_sql,
)

pytestmark = pytest.mark.fast
DAY = datetime(2024, 3, 5)


def values(sql: str, *texts: str) -> list[object]:
    """The value of SQL over a text `t`, for each of the texts."""
    rows = duckdb.execute(f"select n, {sql} from (select unnest(?) as t, unnest(range(?)) as n)", [texts, len(texts)])
    return [value for _, value in sorted(rows.fetchall(), key=lambda row: row[0])]


def date_of(text: str, *formats: str, order: str | None = None, zone: str = "UTC", as_written: bool = False) -> object:
    return values(moment_sql("t", formats, order, zone, is_date=True, as_written=as_written), text)[0]


def instant_of(text: str, *formats: str, order: str | None = None, zone: str = "UTC") -> object:
    return values(moment_sql("t", formats, order, zone, is_date=False), text)[0]


SPELLINGS = [
    *("2024-03-05", "2024/03/05", "2024-3-5", "2024年3月5日", "2024年三月5日", "2024.03.05", "20240305"),
    *("05.03.24", "5.3.2024", "05-Mar-24", "5-März-2024", "5 mars 2024", "5. Mar 2024", "Mar-05-24", "Mar-05-2024"),
    *("Mar 5, 2024", "5 March 2024", "5. März 2024", "March 5, 2024"),
]


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_date_that_can_mean_one_day_only_is_read(text: str) -> None:
    assert date_of(text) == DAY
    if text.startswith(("2024-", "2024/")):
        assert instant_of(f"{text} 14:05:06") == DAY.replace(hour=14, minute=5, second=6)
        return
    clocks = {"14:05:06": (14, 5, 6), "14:05": (14, 5, 0), "02:05 PM": (14, 5, 0), "12:05:06 AM": (0, 5, 6)}
    for clock, (hour, minute, second) in clocks.items():
        assert instant_of(f"{text} {clock}") == DAY.replace(hour=hour, minute=minute, second=second)


@pytest.mark.parametrize("text", ["03/05/2024", "2024", "5.3", "2024-02-30", "31.02.2024", "x", "", "2024-03"])
def test_a_text_that_is_no_date_or_two_is_none(text: str) -> None:
    assert date_of(text) is None


def test_words_wait_for_their_turn() -> None:
    quick = moment_sql("t", (), None, "UTC", is_date=True, is_worded=False)
    assert values(quick, "5 March 2024", "05.03.2024", "2024-03-05") == [None, None, DAY]


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("03/05/2024", "mdy", DAY),
        ("05/03/2024", "dmy", DAY),
        ("3-5-24", "mdy", DAY),
        ("5-3-24", "dmy", DAY),
        ("24/03/05", "ymd", DAY),
        ("24-03-05", "ymd", DAY),
        ("24.03.05", "ymd", DAY),
        ("05.03.24", None, DAY),
        ("05.03.24", "dmy", DAY),
        ("13/01/2024", "mdy", None),
        ("05/03/2024", None, None),
    ],
)
def test_days_and_months_stand_in_the_order_of_the_column(text: str, order: str | None, expected: object) -> None:
    assert date_of(text, order=order) == expected
    clock = instant_of(f"{text} 02:05 PM", order=order)
    assert clock == (DAY.replace(hour=14, minute=5) if expected else None)


@pytest.mark.parametrize(("year", "is_read"), [(1799, False), (1800, True), (2200, True), (2201, False)])
def test_years_of_another_calendar_are_none(year: int, is_read: bool) -> None:
    assert (date_of(f"{year}-03-05") is not None) is is_read
    assert (date_of(f"05.03.{year}") is not None) is is_read
    assert (date_of(f"05/03/{year}", "%d/%m/%Y") is not None) is is_read


@pytest.mark.parametrize(
    ("text", "formats", "order", "expected"),
    [
        ("05/03/2024", ["%d/%m/%Y"], None, DAY),
        ("05/03/24", ["%d/%m/%Y"], None, None),  # a year of four digits is stated
        ("05/03/24", ["%d/%m/%Y", "%d/%m/%y"], None, DAY),
        ("5 März 2024", ["%d %b %Y"], None, DAY),
        ("5 March 2024", ["%d %B %Y"], None, DAY),
        ("5 March 2024", ["%Y%m%d"], None, None),
        ("2024-03-05", ["%d/%m/%Y"], None, DAY),  # the year first is always read
        ("05/03/2024", ["%d/%m/%Y", "%m/%d/%Y"], "dmy", DAY),
        ("03/05/2024", ["%d/%m/%Y", "%m/%d/%Y"], "mdy", DAY),
        ("03-05-2024", ["%d-%m-%Y", "%m-%d-%Y"], "mdy", DAY),
        ("20240305", ["%d/%m/%Y", "%m/%d/%Y", "%Y%m%d"], "mdy", DAY),
        ("03/05/2024", ["%m/%d/%Y"], "dmy", DAY),  # one format needs no order
        ("24.03.05", ["%y.%m.%d"], None, DAY),
    ],
)
def test_the_formats_of_a_contract_are_the_ones_that_are_read(
    text: str, formats: Sequence[str], order: str | None, expected: object
) -> None:
    assert date_of(text, *formats, order=order) == expected


@pytest.mark.parametrize(
    ("formats", "is_needed"),
    [
        ((), True),
        (("%d/%m/%Y", "%m/%d/%Y"), True),
        (("%d-%m-%Y", "%-m/%-d/%Y"), True),
        (("%-d/%-m/%Y", "%m-%d-%y"), True),
        (("%d/%m/%Y",), False),
        (("%m/%d/%Y", "%Y%m%d"), False),
        (("%Y%m%d",), False),
    ],
)
def test_an_order_is_needed_where_the_contract_leaves_it_open(formats: Sequence[str], is_needed: bool) -> None:
    assert needs_order(formats) is is_needed


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2024-03-05 10:30:00", "UTC", "2024-03-05 10:30"),
        ("2024-03-05 10:30:00", "Asia/Shanghai", "2024-03-05 02:30"),
        ("2024-03-05 10:30", "Asia/Shanghai", "2024-03-05 02:30"),
        ("2024-03-05", "Asia/Shanghai", "2024-03-04 16:00"),
        ("5 March 2024 10:30", "Asia/Shanghai", "2024-03-05 02:30"),
        *((f"2024-03-05T10:30:00{offset}", "Asia/Shanghai", "2024-03-05 10:30") for offset in ("Z", " UTC", "GMT")),
        *((f"2024-03-05 10:30{offset}", "UTC", "2024-03-05 08:30") for offset in ("+02", "+0200", " +02:00")),
        ("2024-03-05T10:30:00.5-03:30", "UTC", "2024-03-05 14:00:00.5"),
    ],
)
def test_an_instant_is_kept_in_utc(text: str, zone: str, expected: str) -> None:
    assert instant_of(text, zone=zone) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("text", "as_written", "expected"),
    [
        ("2024-03-05T20:00:00Z", False, "2024-03-06 04:00"),  # a day later in Shanghai
        ("2024-03-05T20:00:00Z", True, "2024-03-05 20:00"),
        ("2024-03-05T00:00:00-08:00", False, "2024-03-05"),  # midnight is a date
        ("2024-03-05 20:00:00", False, "2024-03-05 20:00"),
    ],
)
def test_the_day_of_an_instant_is_that_of_the_contracts_zone(text: str, as_written: bool, expected: str) -> None:
    assert date_of(text, zone="Asia/Shanghai", as_written=as_written) == datetime.fromisoformat(expected)
    assert date_of("2024-03-05T20:00:00+02:00") == datetime(2024, 3, 5, 18)


def test_an_offset_of_a_stated_format_is_read() -> None:
    text = "05/03/2024 20:00 +0200"
    assert instant_of(text, "%d/%m/%Y %H:%M %z", zone="Asia/Shanghai") == datetime(2024, 3, 5, 18)
    assert date_of(text, "%d/%m/%Y %H:%M %z", zone="Asia/Shanghai") == datetime(2024, 3, 6, 2)


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("45356", "excel_serial", "2024-03-05"),
        ("45356.75", "excel_serial", "2024-03-05 18:00"),
        ("1", "excel_serial", "1900-01-01"),
        ("59", "excel_serial", "1900-02-28"),
        ("61", "excel_serial", "1900-03-01"),
        ("0.5", "excel_serial", None),
        ("x", "excel_serial", None),
        ("43894.5", "excel_serial_1904", "2024-03-05 12:00"),
        ("1709633106", "epoch_s", "2024-03-05 10:05:06"),
        ("1709633106.5", "epoch_s", "2024-03-05 10:05:06.5"),
        ("-5", "epoch_s", None),
        ("1709633106000", "epoch_ms", "2024-03-05 10:05:06"),
        ("1709633106", "epoch_ms", None),  # seconds
        ("999999999", "epoch_ms", "1970-01-12 13:46:39.999"),
        ("1000000000", "epoch_ms", None),
        ("2000000000", "epoch_ms", None),
        ("2000000001", "epoch_ms", "1970-01-24 03:33:20.001"),
        ("2025-Q1", "quarter", "2025-01-01"),
        ("q4 2025", "quarter", "2025-10-01"),
        ("2025年二季度", "quarter", "2025-04-01"),
        ("2025 第3季度", "quarter", "2025-07-01"),
        ("2025-Q5", "quarter", None),
        ("Q1", "quarter", None),
        ("2025-W05", "week", "2025-01-27"),
        ("KW 1 2026", "week", "2025-12-29"),
        ("2025年第5周", "week", "2025-01-27"),
        ("2025", "week", None),
    ],
)
def test_serial_days_epochs_quarters_and_weeks_begin_somewhere(text: str, form: str, expected: str | None) -> None:
    moment = None if expected is None else datetime.fromisoformat(expected)
    assert instant_of(text, form) == date_of(text, form) == moment


def test_an_epoch_is_an_instant_and_a_serial_day_is_local() -> None:
    zone = "Asia/Shanghai"
    assert instant_of("1709668800", "epoch_s", zone=zone) == datetime(2024, 3, 5, 20)
    assert date_of("1709668800", "epoch_s", zone=zone) == datetime(2024, 3, 6, 4)
    assert instant_of("45356.5", "excel_serial", zone=zone) == datetime(2024, 3, 5, 4)
    assert date_of("45356.5", "excel_serial", zone=zone) == datetime(2024, 3, 5, 12)


@pytest.mark.parametrize(
    "text",
    [
        *("0001-01-01", "1601-01-01", "1753-01-01", "1899-12-30", "1899-12-31", "1900-01-00", "1900-01-01"),
        *("2079-06-06", "2999-12-31", "4712-12-31", "9999-12-31", "99991231", "1900/01/01", "31.12.9999", "12/31/9999"),
        *("1/1/1900", "1.1.0001", "6/6/2079", "0/1/1900", "9999-12-31T23:59:59.999Z", "1900-01-01 00:00:00"),
        *("1/1/1900 12:00:00 AM", "1900-01-01 00:00 +00:00"),
    ],
)
def test_a_systems_word_for_no_day_is_known_in_any_order(text: str) -> None:
    assert values(no_day_sql("t"), text) == [True]


@pytest.mark.parametrize(
    "text", ["1900-01-02", "2024-12-31", "9999-12-30", "1900-01-01 10:00", "1/2/1900", "19000101x"]
)
def test_any_other_day_is_one(text: str) -> None:
    assert values(no_day_sql("t"), text) == [False]


def test_a_plain_cast_reads_years_of_this_calendar_alone() -> None:
    texts = ("1900-12-31", "1901-01-01", f"{LAST_YEAR}-12-31", f"{LAST_YEAR + 1}-01-01", "20-3-24", "19-12-2024")
    assert values(likely_year_sql("t"), *texts) == [False, True, True, False, False, False]


@pytest.mark.parametrize(
    ("clock", "day"), [("00:00:00", 5), ("00:00:01", 5), ("16:00:00", 6), ("23:59:58", 6), ("23:59:59", 5)]
)
def test_a_midnight_and_a_days_last_second_are_dates(clock: str, day: int) -> None:
    sql = day_of_instant_sql("cast(t as timestamp)", "UTC", "Asia/Shanghai")
    (moment,) = values(sql, f"2024-03-05 {clock}")
    assert isinstance(moment, datetime) and moment.day == day
    for zone in ("", "UTC"):
        assert values(day_of_instant_sql("cast(t as timestamp)", "UTC", zone), "2024-03-05 20:00:00") == [
            datetime(2024, 3, 5, 20)
        ]
