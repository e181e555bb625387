"""Whether days, months or years come first in a column of slashed dates: decided on all of it, or asked."""

from collections.abc import Sequence
from typing import NamedTuple

import duckdb

from pipelines.home.warehouse import literal
from pipelines.ingest.casting.dates import AMBIGUOUS
from pipelines.ingest.formats.source import FileRefusedError

# Two-digit years of one file lie close together, days of a month do not: 27 of 31 apart within a few dozen rows.
WIDE_RANGE = 5
_TWO_DIGIT_YEAR_FIRST = r"^\d{2}[/-](0?[1-9]|1[0-2])[/-](0[1-9]|[12]\d|3[01])(\D|$)"


class DateOrderEvidence(NamedTuple):
    """What the distinct ambiguous dates of a column show.

    year_first_count: how many can be a year, a month and a day, in two digits each. The lowest and highest number in
    the first and the third place are of these.
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


def order_evidence(connection: duckdb.DuckDBPyConnection) -> DateOrderEvidence | None:
    """The evidence of the slashed dates in the table `words`, None where there are none."""
    is_year_first = f"regexp_matches(text, {literal(_TWO_DIGIT_YEAR_FIRST)})"
    bounds = ", ".join(
        f"{bound}({place}) filter ({is_year_first})" for place in ("first", "third") for bound in ("min", "max")
    )
    evidence = connection.execute(
        "select count(*), max(first), max(second), arg_max(text, first), arg_max(text, second), "
        f"count(*) filter ({is_year_first}), {bounds} from (select text, {_place(1)} as first, {_place(2)} as second, "
        f"{_place(3)} as third from words where regexp_matches(text, {literal(AMBIGUOUS)}))"
    ).fetchone()
    return DateOrderEvidence(*evidence) if evidence and evidence[0] else None


def _place(place: int) -> str:
    before = rf"^(?:\d+[/-]){{{place - 1}}}(\d+)"
    return f"try_cast(regexp_extract(text, {literal(before)}, 1) as integer)"


def date_order(header: str, chunks: Sequence[DateOrderEvidence]) -> str:
    """`dmy`, `mdy` or `ymd` by all chunks of a file. Raises FileRefusedError where they contradict or leave it open."""
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
    firsts = [number for item in chunks for number in (item.low_first, item.high_first) if number is not None]
    thirds = [number for item in chunks for number in (item.low_third, item.high_third) if number is not None]
    first_range, third_range = max(firsts) - min(firsts), max(thirds) - min(thirds)
    if max(first_range, third_range) >= WIDE_RANGE and first_range != third_range:
        return "dmy" if first_range > third_range else "ymd"
    raise FileRefusedError(
        "undecidable_date_order",
        f"{header!r}: in {text!r} the year can stand first or last: set formats: ['%y/%m/%d'] or ['%d/%m/%y']",
    )
