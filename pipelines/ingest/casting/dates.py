"""SQL that reads a date or an instant by the contract's formats. Input is trimmed text.

Year-first dates are unambiguous and always read. Day first or month first is decided for a complete column
(`order`), never row by row. Results are TIMESTAMP: for dates the local day, for instants naive UTC.
"""

from collections.abc import Sequence

from pipelines.ingest.casting.months import digits_sql, english_sql

# The day that a system writes where it has none: .NET, SQL Server (also its small type), spreadsheets, Windows, Oracle,
# and the ends of their calendars. 1900-01-00 is how a spreadsheet shows zero.
_NO_DAYS = (
    "0001-01-01", "1601-01-01", "1753-01-01", "1899-12-30", "1899-12-31", "1900-01-00", "1900-01-01", "2079-06-06",
    "2999-12-31", "4712-12-31", "9999-12-31",
)  # fmt: skip
# Years beyond are another calendar (2568, 民國114年) or a slip of the keyboard; the earliest founding days are kept.
FIRST_YEAR, LAST_YEAR = 1800, 2200
NULL_DATES = ("0000-00-00", "00000000", "0000/00/00", "0000-00-00 00:00:00", "00.00.0000", "00/00/0000")
_CLOCKS = ("", " %H:%M:%S", " %H:%M", " %I:%M %p", " %I:%M:%S %p")
_DAYS = (
    "%Y年%m月%d日", "%Y.%m.%d", "%Y%m%d", "%d.%m.%y", "%d.%m.%Y", "%d-%b-%y", "%d-%b-%Y", "%d %b %Y", "%d. %b %Y",
    "%b-%d-%y", "%b-%d-%Y", "%b %d, %Y", "%d %B %Y", "%d. %B %Y", "%B %d, %Y",
)  # fmt: skip
WORDED = tuple(f"{day}{clock}" for clock in _CLOCKS for day in _DAYS)
ORDERS = {
    "mdy": tuple(f"%m/%d/{year}{clock}" for clock in _CLOCKS for year in ("%y", "%Y")),
    "dmy": tuple(f"%d/%m/{year}{clock}" for clock in _CLOCKS for year in ("%y", "%Y")),
}
ORDERS["ymd"] = tuple(f"{day}{clock}" for clock in _CLOCKS for day in ("%y/%m/%d", "%y.%m.%d"))
OFFSET = r"(?:Z|UTC|GMT|[\d ][+-]\d{2}(?::?\d{2})?)$"
_WRITTEN_OFFSET = r"\s*(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)$"
AMBIGUOUS = r"^\d{1,2}[/-]\d{1,2}[/-]\d{2,4}"
# With points days come before months, but a year of two digits may stand first: 24.11.30 in Hungary and Korea.
POINTED = r"^\d{1,2}\.\d{1,2}\.\d{2}(?:\D|$)"
SPECIAL = ("excel_serial", "excel_serial_1904", "epoch_s", "epoch_ms", "quarter", "week")


def no_day_sql(text: str) -> str:
    """SQL that is true for trimmed text that is a system's word for no day, in any order of its parts."""
    clock = r"(?:[T ]+(?:00:00|12:00|23:59)(?::(?:00|59))?(?:\.[09]+)?(?: ?AM)?)? ?(?:Z|UTC|[+-]00:?00)?"
    spelled = [rf"{year}[-/.]?{month}[-/.]?{day}" for year, month, day in (text.split("-") for text in _NO_DAYS)]
    for year, month, day in (item.split("-") for item in _NO_DAYS):
        short = [(part.lstrip("0") or "0") if part[0] == "0" else part for part in (month, day)]
        either = [f"0?{part}" for part in short]
        spelled += [rf"{either[1]}[-/.]{either[0]}[-/.]{year}", rf"{either[0]}[-/.]{either[1]}[-/.]{year}"]
    return f"regexp_full_match({text}, '(?:{'|'.join(dict.fromkeys(spelled))}){clock}')"


def likely_year_sql(cell: str) -> str:
    """SQL that is true for year-first text in this calendar that is no word for no day; NULL or false asks for care."""
    # `20-3-24` has a dash in its fifth place too, and a cast would read the year 20.
    return f"substr({cell}, 1, 4) between '1901' and '{LAST_YEAR}' and substr({cell}, 3, 1) <> '-'"


def moment_sql(
    text: str,
    formats: Sequence[str],
    order: str | None,
    zone: str,
    *,
    is_date: bool,
    as_written: bool = False,
    is_worded: bool = True,
) -> str:
    """SQL for the TIMESTAMP in `text`; NULL where no format fits or the year is not of this calendar.

    as_written: the day of an instant is the one that is written, whatever its offset.
    is_worded: without formats, whether months in words are read too.
    """
    moment = _any_moment(text, formats, order, zone, is_date, as_written, WORDED if is_worded else ())
    years = f"year(moment) between {FIRST_YEAR} and {LAST_YEAR}"
    return f"list_transform([{moment}], lambda moment: case when {years} then moment end)[1]"


def _any_moment(
    text: str,
    formats: Sequence[str],
    order: str | None,
    zone: str,
    is_date: bool,
    as_written: bool,
    otherwise: Sequence[str],
) -> str:
    branches = [_year_first(text, zone, is_date, as_written)]
    plain = [form for form in formats if form not in SPECIAL] or ([] if formats else list(otherwise))
    branches += [_special(text, form, zone, is_date) for form in formats if form in SPECIAL]
    if not formats and order:
        branches.append(_by_format(f"replace({text}, '-', '/')", ORDERS[order], zone, is_date))
    if formats:
        plain = (
            [form for form in plain if _order_of(form) in (None, order)]
            if _orders(formats) == {"dmy", "mdy"}
            else plain
        )
    if plain:
        branches.append(_by_format(text, plain, zone, is_date))
    return f"coalesce({', '.join(branches)})"


def day_of_instant_sql(local: str, zone: str, day_zone: str) -> str:
    """SQL for the day of a local time: a midnight, or a day's last second, is a date; another is the day of `day_zone`.

    An instant of 20:00 UTC is the next day in Shanghai. A date has no zone, and many systems write it with a clock.
    """
    if day_zone in ("", zone):
        return local
    is_date = "cast(moment as time) = time '00:00:00' or cast(moment as time) >= time '23:59:59'"
    there = f"((moment at time zone '{zone}') at time zone '{day_zone}')"
    return f"list_transform([{local}], lambda moment: case when {is_date} then moment else {there} end)[1]"


def needs_order(formats: Sequence[str]) -> bool:
    """Whether the contract leaves open if days or months come first."""
    return not formats or _orders(formats) == {"dmy", "mdy"}


def _order_of(form: str) -> str | None:
    if form.startswith(("%d/%m", "%d-%m", "%-d/%-m")):
        return "dmy"
    return "mdy" if form.startswith(("%m/%d", "%m-%d", "%-m/%-d")) else None


def _orders(formats: Sequence[str]) -> set[str]:
    return {order for order in map(_order_of, formats) if order}


def utc_sql(sql: str, zone: str, is_date: bool) -> str:
    """SQL for a naive local time: for a date its local day, otherwise its instant in naive UTC."""
    return sql if is_date or zone == "UTC" else f"(({sql}) at time zone '{zone}') at time zone 'UTC'"


def _local(instant: str, zone: str, is_date: bool) -> str:
    """A true instant as naive UTC; for a date, the day it was in the contract's zone."""
    return f"(({instant} at time zone 'UTC') at time zone '{zone}')" if is_date and zone != "UTC" else instant


def _year_first(text: str, zone: str, is_date: bool, as_written: bool) -> str:
    starts = rf"regexp_matches({text}, '^\d{{4}}[-/]')"
    zoned = _local(f"(try_cast({_offset(text)} as timestamptz) at time zone 'UTC')", zone, is_date)
    if is_date:  # midnight as it is written is a date, whatever offset stands behind it
        written = f"try_cast(regexp_replace({text}, '{_WRITTEN_OFFSET}', '') as timestamp)"
        midnight = f"case when cast({written} as time) = time '00:00:00' then {written} else {zoned} end"
        zoned = written if as_written else midnight
    naive = utc_sql(f"try_cast({text} as timestamp)", zone, is_date)
    day = utc_sql(f"cast(try_cast({text} as date) as timestamp)", zone, is_date)
    return (
        f"case when {starts} and length({text}) <= 10 then {day}"
        f" when {starts} and regexp_matches({text}, '{OFFSET}') then {zoned}"
        f" when {starts} then {naive} end"
    )


def _offset(text: str) -> str:
    """SQL for year-first text with its offset as DuckDB reads it: after seconds, without a blank, Z for UTC and GMT."""
    text = rf"regexp_replace({text}, '^(.{{10}}[T ]\d{{1,2}}:\d{{2}})(\s*[ZUG+-])', '\1:00\2')"
    return rf"regexp_replace(regexp_replace({text}, '\s*(?:Z|UTC|GMT)$', 'Z'), '\s+([+-]\d{{2}}(?::?\d{{2}})?)$', '\1')"


def _by_format(text: str, formats: Sequence[str], zone: str, is_date: bool) -> str:
    short, full = ([form for form in formats if mark in form] for mark in ("%b", "%B"))
    digits = [form for form in formats if form not in (*short, *full)]
    worded = {english_sql(text, is_short=True): short, english_sql(text, is_short=False): full}
    readings = [_parsed(cell, forms) for cell, forms in {digits_sql(text): digits, **worded}.items() if forms]
    parsed = f"coalesce({', '.join(readings)})"
    if any("%z" in form for form in formats):
        return _local(f"cast({parsed} at time zone 'UTC' as timestamp)", zone, is_date)
    return utc_sql(parsed, zone, is_date)


def _parsed(text: str, formats: Sequence[str]) -> str:
    """SQL for the first format that fits. `%Y` would read the year 5 from 05.03.24: it waits for four digits."""
    full = [form for form in formats if any(mark in form for mark in ("%Y", "%G", "%c", "%x"))]
    short = [form for form in formats if form not in full]
    readings = [f"case when regexp_matches({text}, '\\d{{4}}') then {_strptime(text, full)} end"] if full else []
    readings += [_strptime(text, short)] if short else []
    return f"coalesce({', '.join(readings)})"


def _strptime(text: str, formats: Sequence[str]) -> str:
    listed = ", ".join("'" + form.replace("'", "''") + "'" for form in formats)
    return f"try_strptime({text}, [{listed}])"


def _special(text: str, form: str, zone: str, is_date: bool) -> str:
    """Excel serial days (whose day 60, 29 February 1900, does not exist), seconds or milliseconds since 1970."""
    if form in ("quarter", "week"):
        return utc_sql(_period(text, form), zone, is_date)
    value = f"try_cast({text} as double)"
    if form == "excel_serial_1904":
        return utc_sql(
            f"(timestamp '1904-01-01' + to_microseconds(cast(round({value} * 86400) as bigint) * 1000000))",
            zone,
            is_date,
        )
    if form == "excel_serial":
        base = f"case when {value} < 60 then timestamp '1899-12-31' else timestamp '1899-12-30' end"
        since = f"to_microseconds(cast(round({value} * 86400) as bigint) * 1000000)"
        serial = f"case when {value} between 1 and 2958465.99999 then {base} + {since} end"
        return utc_sql(serial, zone, is_date)
    size = 1_000 if form == "epoch_ms" else 1
    scaled = f"cast(round({value} * {1_000_000 // size}) as bigint)"
    limit = 253402300799 * size
    # Seconds read as milliseconds would all be days of January 1970.
    seconds = f" and {value} not between 1000000000 and 2000000000" if form == "epoch_ms" else ""
    fits = f"abs({value}) <= {limit}{seconds} and not contains({text}, '-')"
    instant = f"case when {fits} then make_timestamp({scaled}) end"
    return _local(f"({instant})", zone, is_date)


def _period(text: str, form: str) -> str:
    """First day of a quarter (`2025-Q1`, `Q1 2025`, `2025年一季度`) or of an ISO week (`2025-W05`, `KW 5 2025`)."""
    year = rf"regexp_extract({text}, '(?:^|\D)((?:19|20)\d\d)(?:\D|$)', 1)"
    if form == "quarter":
        digit = rf"coalesce(nullif(regexp_extract({text}, '(?i)Q\s*([1-4])(?:\D|$)', 1), ''), "
        digit += rf"nullif(regexp_extract({text}, '([1-4一二三四])\s*季', 1), ''))"
        number = f"try_cast(translate({digit}, '一二三四', '1234') as integer)"
        return f"cast(make_date(try_cast({year} as integer), {number} * 3 - 2, 1) as timestamp)"
    week_digits = rf"regexp_extract({text}, '(?i)(?:W|Wk|Week|KW|CW)[ .-]*(\d{{1,2}})(?:\D|$)', 1)"
    week = rf"coalesce(nullif({week_digits}, ''), regexp_extract({text}, '(\d{{1,2}})\s*周', 1))"
    return f"try_strptime({year} || '-' || lpad(nullif({week}, ''), 2, '0') || '-1', '%G-%V-%u')"
