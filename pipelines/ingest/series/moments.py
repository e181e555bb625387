"""The dates of a column: as written, the day of the place where they were made."""

import re
from datetime import date

import duckdb
import polars as pl

from pipelines.errors import AlmanacError
from pipelines.ingest.casting.dates import ORDERS, moment_sql
from pipelines.ingest.proposals.column_values import ColumnSample
from pipelines.ingest.proposals.header_patterns import compiled, patterns
from pipelines.ingest.proposals.options import FORMATS
from pipelines.ingest.series.period_words import no_such_week, period_days, refused_shape

MIN_SHARE = 0.9
_OFFSET = re.compile(
    r"^(\d{4}[-/]\d\d?[-/]\d\d?[T ]\d\d?:\d\d(?::\d\d(?:\.\d+)?)?)\s*(?:Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)$"
)
_STAMP = re.compile(r"^(\d{4}[-/]\d\d?[-/]\d\d?)[T ]\s*\d\d?:\d\d.*$")
_CLOCK = re.compile(r"[T ](\d\d?:\d\d)(?::\d\d)?(?:\.\d+)?(?: ?[AaPp][Mm])?$")


def are_periods(sample: ColumnSample) -> bool:
    """Whether a column can hold dates or periods."""
    if sample.date_share >= MIN_SHARE or period_formats(sample, MIN_SHARE) is not None:
        return True
    distinct = list(dict.fromkeys(sample.texts))
    return bool(distinct) and (period_days(distinct) is not None or _is_refused_period(distinct))


def days_of(path: str, name: str, texts: pl.Series) -> tuple[pl.Series, list[str]]:
    """The day of each cell, NULL where it cannot be read, and notes. texts: trimmed, NULL where empty.

    Raises AlmanacError where the column leaves open which day is meant.
    """
    distinct = sorted(text for text in texts.unique().to_list() if text)
    if (days := period_days(distinct)) is not None:
        return texts.replace_strict(days, default=None, return_dtype=pl.Date), []
    for text in distinct:
        if problem := no_such_week(text):
            raise AlmanacError(f"{path}: {name}: {problem}")
    if problem := refused_shape(distinct):
        raise AlmanacError(f"{path}: {name}: {problem}")
    with_offset = [_OFFSET.sub(r"\1", text) for text in distinct if _OFFSET.match(text)]
    if with_offset:
        _refuse_shifted_midnights(path, name, with_offset)
    local = {text: _STAMP.sub(r"\1", text) for text in distinct}  # the day where the stamp was made
    return _parsed(path, name, texts.replace_strict(local, default=None, return_dtype=pl.String)), []


def clock_of(text: str) -> str | None:
    """The time of day in a text, as 08:30; None for a date alone or a midnight."""
    match = _CLOCK.search(text)
    return match[1] if match and match[1] not in ("00:00", "0:00") else None


def period_formats(sample: ColumnSample, share: float) -> list[str] | None:
    """The formats of a column of months, quarters, weeks or years; None where its cells are no periods."""
    kinds = (kind for kind in patterns()["periods"] if kind["formats"] and not kind.get("lacks_year"))
    fitting = (kind["formats"] for kind in kinds if sample.share(compiled(kind["pattern"]).fullmatch) >= share)
    return next(fitting, None)


def _is_refused_period(texts: list[str]) -> bool:
    return refused_shape(texts) is not None


def _refuse_shifted_midnights(path: str, name: str, stamps: list[str]) -> None:
    """Months and days that another zone's midnight begins, as 2023-12-31T23:00Z, would lie a period too early."""
    clocks = {clock_of(stamp) or "00:00" for stamp in stamps}
    hours = sorted(int(clock.split(":")[0]) for clock in clocks)
    if "00:00" not in clocks and len(clocks) <= 2 and len(stamps) > 2 and hours[-1] - hours[0] <= 1:
        raise AlmanacError(
            f"{path}: {name}: every stamp is of {' or '.join(sorted(clocks))} o'clock, as {stamps[0]!r}: midnights of "
            "another zone? Write the days of your place as YYYY-MM-DD"
        )


def _parsed(path: str, name: str, texts: pl.Series) -> pl.Series:
    """By the format that reads more of the column: serial numbers, year first, day or month first."""
    distinct = pl.DataFrame({"cell": texts.unique().drop_nulls()})
    sample = ColumnSample.of(texts)
    with duckdb.connect() as connection:
        connection.register("cells", distinct.to_arrow())
        reads = {order: _read_sql(order, sample) for order in ORDERS}
        sums = ", ".join(f"count({sql})" for sql in reads.values())
        differ = f"select cell from cells where {reads['mdy']} is distinct from {reads['dmy']} order by cell limit 1"
        counts = dict(zip(reads, connection.execute(f"select {sums} from cells").fetchall()[0], strict=True))
        first = connection.execute(differ).fetchone()
        if first and counts["mdy"] == counts["dmy"]:
            raise AlmanacError(f"{path}: {name}: {first[0]!r} can be day/month or month/day: write dates as YYYY-MM-DD")
        best = max(reads.items(), key=lambda item: counts[item[0]])[1]
        read: dict[str, date] = dict(connection.execute(f"select cell, cast({best} as date) from cells").fetchall())
    return texts.replace_strict(read, default=None, return_dtype=pl.Date)


def _read_sql(order: str, sample: ColumnSample) -> str:
    special = next((form for form, cell in FORMATS if sample.share(re.compile(cell).fullmatch) > 0.5), None)
    formats = [special] if special else period_formats(sample, 0.5) or ()
    return moment_sql("cell", formats, order, "UTC", is_date=True)
