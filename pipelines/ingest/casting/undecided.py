"""What the amounts of a file leave open: refused with the question, never guessed.

Two things: a point before exactly three digits (1.500 is fifteen hundred or one and a half), and two currencies in the
cells of one column. Days before months are decided in column_profile.py.
"""

from typing import Any

import duckdb

from pipelines.contracts import ObjectContract, SourceContract, canonical_objects
from pipelines.home.warehouse import literal, quoted
from pipelines.ingest.casting.currency_marks import MARK, meanings, shared_currency
from pipelines.ingest.casting.header_mapping import HeaderMapping
from pipelines.ingest.formats.source import FileRefusedError, Source

CONTINENTAL = "number_format: {thousands: '.', decimal: ','}"
ENGLISH = "number_format: {thousands: ',', decimal: '.'}"


def refuse_undecided_amounts(
    connection: duckdb.DuckDBPyConnection,
    system: SourceContract,
    contract: ObjectContract,
    mapping: HeaderMapping,
    source: Source,
) -> None:
    """Raise FileRefusedError where the file and its contract leave open what its amounts are."""
    columns = canonical_objects()[contract.object].columns
    numbers = {
        name: headers[0]
        for name, headers in mapping.columns.items()
        if len(headers) == 1 and columns[name].type in ("decimal", "number", "rate")
    }
    is_open = not _is_format_stated(system, contract) and bool(source.delimiter)
    spelled = [header for name, header in numbers.items() if is_open and contract.columns[name].number_format is None]
    stated = contract.columns.get("currency")
    is_mapped = stated is not None and stated.const is None  # each row says its own
    money = [header for name, header in numbers.items() if columns[name].type == "decimal" and not is_mapped]
    points, marked = _look(connection, source, spelled, money)
    _refuse_three_digits(points)
    for header in marked:
        _refuse_currencies(connection, contract, source, header)


def _look(
    connection: duckdb.DuckDBPyConnection, source: Source, spelled: list[str], money: list[str]
) -> tuple[dict[str, tuple[Any, ...]], list[str]]:
    """One look at all amounts of a file: the counts of each header of `spelled`, and those of `money` with a mark."""
    counts = [count for header in spelled for count in _counts(f"trim({quoted(header)})")]
    counts += [f"count(*) filter ({_is_marked(quoted(header))})" for header in money]
    if not counts:
        return {}, []
    seen = connection.execute(f"select {', '.join(counts)} from {source.relation}").fetchone() or ()
    points = {header: seen[5 * index : 5 * index + 5] for index, header in enumerate(spelled)}
    marked = zip(money, seen[5 * len(spelled) :], strict=True)
    return points, [header for header, count in marked if count]


def _is_marked(cell: str) -> str:
    """SQL for cells that may hold a currency: its letters and signs sort behind digits, but for the dollar.

    No pattern is tried on plain numbers.
    """
    ends = ", ".join(f"substr({cell}, {place}, 1)" for place in (1, 2, -2, -1))
    return f"(greatest({ends}) > '9' or contains({cell}, '$'))"


def _is_format_stated(system: SourceContract, contract: ObjectContract) -> bool:
    return contract.number_format is not None or "number_format" in system.model_fields_set


def _refuse_three_digits(points: dict[str, tuple[Any, ...]]) -> None:
    """A point elsewhere in any column of the file tells what a point is.

    `substr` finds the cells first: a pattern on every cell would cost as much as reading the file.
    """
    if any(is_point for _, _, _, is_point, _ in points.values()):
        return
    for header, (open_count, grouped_count, long_count, _, example) in points.items():
        if open_count and (grouped_count or not long_count):
            raise FileRefusedError(
                "undecidable_number_format",
                f"{header!r}: is the point in {example!r} a decimal mark, or does it group thousands? The file leaves "
                f"it open: set {CONTINENTAL} or {ENGLISH} in the contract",
            )


def _counts(cell: str) -> tuple[str, ...]:
    """SQL for one column: counts of open cells, of several groups, of long integers, of decimal points; an example."""
    ends = f"substr({cell}, -4, 1) = '.'"
    is_open = rf"case when {ends} then regexp_full_match({cell}, '-?[1-9]\d{{0,2}}\.\d{{3}}') else false end"
    is_grouped = rf"case when {ends} then regexp_full_match({cell}, '-?[1-9]\d{{0,2}}(\.\d{{3}}){{2,}}') else false end"
    is_point = f"contains({cell}, '.') and not ({is_open}) and not ({is_grouped})"
    return (
        f"count(*) filter ({is_open})",
        f"count(*) filter ({is_grouped})",
        f"count(*) filter (length({cell}) > 3 and try_cast({cell} as bigint) > 999)",
        f"count(*) filter ({is_point})",
        f"any_value({cell}) filter ({is_open})",
    )


def _refuse_currencies(
    connection: duckdb.DuckDBPyConnection, contract: ObjectContract, source: Source, header: str
) -> None:
    """The marks in a column's cells are of one currency, and of the contract's where it is a constant."""
    cell, stated = quoted(header), contract.columns.get("currency")
    has_mark = rf"{_is_marked(cell)} and regexp_matches({cell}, '\d') and regexp_matches({cell}, {literal(MARK)})"
    marks = connection.execute(
        f"select mark, any_value(cell) from (select {cell} as cell, "
        f"unnest(regexp_extract_all({cell}, {literal(MARK)})) as mark from {source.relation} where {has_mark}) "
        "group by all order by count(*) desc, mark"
    ).fetchall()
    if not marks:
        return
    examples = ", ".join(repr(text) for _, text in marks[:3])
    if len(marks) > 1 and not shared_currency(mark for mark, _ in marks):
        raise FileRefusedError(
            "mixed_currencies",
            f"{header!r} holds amounts of several currencies ({examples}): map the column that holds the `currency`, "
            "or split the file",
        )
    if stated is not None and stated.const and stated.const.upper() not in _with_synonyms(marks[0][0]):
        raise FileRefusedError(
            "other_currency",
            f"{header!r} holds {examples}, and the contract says currency {stated.const}: correct one of the two",
        )


def _with_synonyms(mark: str) -> frozenset[str]:
    codes = meanings(mark)
    return codes | {"RMB", "CNH"} if "CNY" in codes else codes
