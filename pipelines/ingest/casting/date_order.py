"""Whether days, months or years come first in a column of slashed or pointed dates: decided on all of it, or asked."""

from collections.abc import Sequence
from typing import NamedTuple

import duckdb

from pipelines.home.warehouse import literal
from pipelines.ingest.casting.dates import AMBIGUOUS, POINTED
from pipelines.ingest.formats.source import FileRefusedError

# Two-digit years of one file lie close together, days of a month do not: 27 of 31 apart within a few dozen rows.
WIDE_RANGE = 5
# Further apart than the years of one file, and than half the days of a month. Where also the first numbers lie
# together, years come first: in 24.11.05 and 24.12.31 the third numbers would be years of three decades.
WIDE_DAYS = 20
# Of a column with a date in ten that no day begins, the others are no slips of the keyboard either.
SLIPS = 10
# Contracts begin and end on such days year after year: these first numbers lie together and are no years.
_EDGE_OF_A_MONTH = (
    "(first in (1, 15, 31) or (first = 30 and second in (4, 6, 9, 11)) or (first in (28, 29) and second = 2))"
)
_TWO_DIGIT_YEAR_FIRST = r"^\d{2}[/.-](0?[1-9]|1[0-2])[/.-](0[1-9]|[12]\d|3[01])(\D|$)"


class DateOrderEvidence(NamedTuple):
    """What the distinct ambiguous dates of a column show.

    year_first_count: how many can be a year, a month and a day, in two digits each. The lowest and highest number in
    the first and the third place are of these. only_year_first: how many of them begin with a number above 31.
    only_day_first: how many can begin with a day and a month, and end in no day. edges: how many begin with the first,
    the middle or the last day of a month. is_pointed: with points, where months never come first.
    """

    dates: int
    first: int
    second: int
    first_text: str
    second_text: str
    year_first_count: int
    low_first: int | None
    high_first: int | None
    low_third: int | None
    high_third: int | None
    only_year_first: int = 0
    only_day_first: int = 0
    edges: int = 0
    is_pointed: bool = False


def order_evidence(connection: duckdb.DuckDBPyConnection) -> DateOrderEvidence | None:
    """The evidence of the slashed dates in the table `words`, otherwise of pointed ones; None where there are none."""
    return _evidence(connection, AMBIGUOUS) or _evidence(connection, POINTED)


def _evidence(connection: duckdb.DuckDBPyConnection, pattern: str) -> DateOrderEvidence | None:
    is_year_first = f"regexp_matches(text, {literal(_TWO_DIGIT_YEAR_FIRST)})"
    bounds = ", ".join(
        f"{bound}({place}) filter ({is_year_first})" for place in ("first", "third") for bound in ("min", "max")
    )
    evidence = connection.execute(
        "select count(*), max(first), max(second), arg_max(text, first), arg_max(text, second), "
        f"count(*) filter ({is_year_first}), {bounds}, count(*) filter ({is_year_first} and first > 31), "
        f"count(*) filter (not {is_year_first} and first between 1 and 31 and second between 1 and 12), "
        f"count(*) filter ({_EDGE_OF_A_MONTH}) from (select text, {_place(1)} as first, {_place(2)} as second, "
        f"{_place(3)} as third from words where regexp_matches(text, {literal(pattern)}))"
    ).fetchone()
    return DateOrderEvidence(*evidence)._replace(is_pointed=pattern == POINTED) if evidence and evidence[0] else None


def _place(place: int) -> str:
    before = rf"^(?:\d+[/.-]){{{place - 1}}}(\d+)"
    return f"try_cast(regexp_extract(text, {literal(before)}, 1) as integer)"


def date_order(header: str, chunks: Sequence[DateOrderEvidence]) -> str:
    """`dmy`, `mdy` or `ymd` by all chunks of a file. Raises FileRefusedError where they contradict or leave it open."""
    slashed = [item for item in chunks if not item.is_pointed]
    return _order_of_slashed(header, slashed) if slashed else _order_of_pointed(header, chunks)


def _order_of_pointed(header: str, chunks: Sequence[DateOrderEvidence]) -> str:
    """Days first, as nearly everywhere, unless numbers above 31 stand first or only days can stand third.

    Raises FileRefusedError where few numbers above 31 stand first: slips of the keyboard, or years of another century.
    """
    first_range, third_range = map(_range, _ends(chunks))
    only_year_first = sum(item.only_year_first for item in chunks)
    only_day_first = sum(item.only_day_first for item in chunks)
    if only_year_first > only_day_first:
        if only_year_first * SLIPS >= sum(item.dates for item in chunks):
            return "ymd"
        if third_range >= WIDE_DAYS and not only_day_first:
            raise _year_first_or_last(header, max(chunks, key=lambda item: item.first).first_text)
    is_edge = all(item.edges == item.dates for item in chunks)
    is_day_last = third_range >= WIDE_DAYS and first_range < WIDE_RANGE and not only_day_first and not is_edge
    return "ymd" if is_day_last else "dmy"


def _year_first_or_last(header: str, text: str) -> FileRefusedError:
    return FileRefusedError(
        "undecidable_date_order",
        f"{header!r}: in {text!r} the year stands first, in most other dates it can stand last: set formats: "
        "['%y.%m.%d'] or ['%d.%m.%y']",
    )


def _order_of_slashed(header: str, chunks: Sequence[DateOrderEvidence]) -> str:
    first, second = max(chunks, key=lambda item: item.first), max(chunks, key=lambda item: item.second)
    if first.first > 12 and second.second > 12:
        raise FileRefusedError(
            "mixed_date_order",
            f"{header!r} holds both {first.first_text!r} (day first) and {second.second_text!r} (month first): split "
            "the file, or name the one right format in `formats`",
        )
    if first.first <= 12 and second.second <= 12:
        count = max(item.dates for item in chunks)
        raise FileRefusedError(
            "undecidable_date_order",
            f"{header!r}: none of {count} different dates such as {first.first_text!r} has a number above 12, so day "
            "and month cannot be told apart: set formats: ['%d/%m/%Y'] or ['%m/%d/%Y']",
        )
    if all(item.year_first_count == item.dates for item in chunks) and second.second <= 12:
        return _with_short_years(header, chunks, first.first_text)
    return "dmy" if first.first > 12 else "mdy"


def _with_short_years(header: str, chunks: Sequence[DateOrderEvidence], text: str) -> str:
    """Of 24/11/30 either end can be the year: it is the end whose numbers lie close together."""
    first_range, third_range = map(_range, _ends(chunks))
    if max(first_range, third_range) >= WIDE_RANGE and first_range != third_range:
        return "dmy" if first_range > third_range else "ymd"
    raise FileRefusedError(
        "undecidable_date_order",
        f"{header!r}: in {text!r} the year can stand first or last: set formats: ['%y/%m/%d'] or ['%d/%m/%y']",
    )


def _ends(chunks: Sequence[DateOrderEvidence]) -> tuple[list[int], list[int]]:
    """The lowest and highest numbers in the first and in the third place."""
    firsts = [number for item in chunks for number in (item.low_first, item.high_first) if number is not None]
    return firsts, [number for item in chunks for number in (item.low_third, item.high_third) if number is not None]


def _range(numbers: Sequence[int]) -> int:
    return max(numbers) - min(numbers) if numbers else 0
