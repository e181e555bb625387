"""What a point or comma before exactly three digits is: 1.500 is fifteen hundred, or one and a half.

Decided by the other numbers of the file and by the delimiter, which is never the decimal mark; otherwise asked.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable

import duckdb

from pipelines.home.warehouse import literal, quoted
from pipelines.ingest.formats.source import FileRefusedError, Source

CONTINENTAL = "number_format: {thousands: '.', decimal: ','}"
ENGLISH = "number_format: {thousands: ',', decimal: '.'}"
# What stands around a number: signs, brackets, currencies, words for a scale, `,-` for no cents. A point in front of it
# is none of its own.
_BEFORE, _AFTER = r"^(?:[^\d]*[^\d.,])?", r"(?:(?:[^\d.,]|[.,]\s?[-–—])[^\d]*)?$"
_DECIMALS = r"\d+{0}(?:\d{{1,2}}|\d{{4,}})|0+{0}\d+|\d{{4,}}{0}\d+"
_NO_CENTS = r"[1-9]\d{{0,2}}(?:{0}\d{{3}})+\s?[.,:]\s?[-–—]"
# The first that fits: 1.500,- has groups, though 1.500 alone is open.
_KINDS = {
    "groups by point": rf"[1-9]\d{{0,2}}(?:\.\d{{3}}){{2,}}|\d{{1,3}}(?:\.\d{{3}})+,\d+|{_DECIMALS.format(',')}"
    f"|{_NO_CENTS.format('[.]')}",
    "groups by comma": rf"[1-9]\d{{0,2}}(?:,\d{{3}}){{2,}}|\d{{1,3}}(?:,\d{{2,3}})+\.\d+|{_DECIMALS.format('[.]')}"
    f"|{_NO_CENTS.format(',')}",
    "open point": r"[1-9]\d{0,2}\.\d{3}",
    "open comma": r"[1-9]\d{0,2},\d{3}",
    "no groups": r"[1-9]\d{3,}",
}
_EAST_ASIAN = re.compile(r"[㐀-鿿ぁ-ヿ가-힣¥￥（]")  # scripts in which nobody groups by points


def refuse_three_digits(connection: duckdb.DuckDBPyConnection, source: Source, headers: Iterable[str]) -> None:
    """Raise FileRefusedError where a number of these headers can be read in two ways.

    headers: of numbers whose format the contract does not state.
    """
    headers = [] if source.has_typed_numbers else list(headers)
    doubtful = headers_with(connection, source, headers, _may_be_open)
    if not doubtful:
        return
    counts = {header: _spellings(connection, source, header) for header in headers}
    all_counts = sum((kinds for kinds, _ in counts.values()), Counter[str]())
    for header in doubtful:
        kinds, examples = counts[header]
        for mark in ("point", "comma"):
            example = examples.get(f"open {mark}", "")
            if example and _is_open(mark, kinds, all_counts, source, example):
                raise FileRefusedError("undecidable_number_format", _question(header, mark, example))


def headers_with(
    connection: duckdb.DuckDBPyConnection, source: Source, headers: list[str], test: Callable[[str], str]
) -> list[str]:
    """The headers with a cell that meets a test, all of them in one reading. test: SQL of a quoted header to SQL."""
    if not headers:
        return []
    counts = ", ".join(f"count(*) filter ({test(quoted(header))})" for header in headers)
    row = connection.execute(f"select {counts} from {source.relation}").fetchone() or ()
    return [header for header, count in zip(headers, row, strict=True) if count]


def _may_be_open(cell: str) -> str:
    """SQL for a mark before three digits, looked for by `substr`: a pattern on every cell would cost a reading."""
    cell = f"trim({cell})"
    last = f"substr({cell}, -1, 1)"
    is_likely = f"substr({cell}, -4, 1) in ('.', ',') or {cell} >= ':' or {cell} < '0' or {last} > '9' or {last} < '0'"
    pattern = f"{_BEFORE}(?:{_KINDS['open point']}|{_KINDS['open comma']}){_AFTER}"
    return f"case when {is_likely} then regexp_matches({cell}, {literal(pattern)}) else false end"


def _spellings(
    connection: duckdb.DuckDBPyConnection, source: Source, header: str
) -> tuple[Counter[str], dict[str, str]]:
    """How many different cells of a column are spelled in each way, and an example of each.

    In a workbook, also one of XML, only texts say how people write: 1.125 and 12000 are what its number cells hold.
    """
    branches = " ".join(
        f"when regexp_matches(cell, {literal(f'{_BEFORE}(?:{pattern}){_AFTER}')}) then {literal(kind)}"
        for kind, pattern in _KINDS.items()
    )
    is_text = r"not regexp_full_match(cell, '-?\d+(\.\d*[1-9])?')" if _is_workbook(source) else "true"
    rows = connection.execute(
        f"select kind, count(*), min(cell) from (select case {branches} end as kind, cell from "
        f"(select distinct trim({quoted(header)}) as cell from {source.relation}) where cell <> '' and {is_text}) "
        "where kind is not null group by kind"
    ).fetchall()
    return Counter({kind: count for kind, count, _ in rows}), {kind: cell for kind, _, cell in rows}


def _is_workbook(source: Source) -> bool:
    return source.encoding in ("workbook", "xml")


def _is_open(mark: str, kinds: Counter[str], all_counts: Counter[str], source: Source, example: str) -> bool:
    """Whether the mark of a column can group thousands or begin decimals, by all that the file shows.

    Read by default, a point begins decimals and a comma groups: what shows that settles it, what contradicts it asks.
    """
    if all_counts["groups by point"]:
        return True
    if all_counts["groups by comma"]:
        return False
    if mark == "point":  # numbers such as 12000 are not grouped: the point of 1.500 groups nothing
        return not kinds["no groups"]
    is_separator = source.delimiter == ","  # whoever writes decimals with a comma separates cells by something else
    is_east_asian = any(map(_EAST_ASIAN.search, [example, *source.headers]))
    return not is_separator and (bool(kinds["no groups"]) or not is_east_asian)


def _question(header: str, mark: str, example: str) -> str:
    return (
        f"{header!r}: is the {mark} in {example!r} a decimal mark, or does it group thousands? The file leaves "
        f"it open: set {CONTINENTAL} or {ENGLISH} in the contract"
    )
