"""What the amounts of a file leave open: refused with the question, never guessed.

A mark before three digits (number_marks.py), and a currency that stands in a cell or its header and contradicts another
cell, the row or the contract. Days before months: column_profile.py; amounts whose currency nobody states: currency.py.
"""

import duckdb

from pipelines.contracts import ObjectContract, SourceContract, canonical_objects
from pipelines.home.warehouse import literal, quoted
from pipelines.ingest.casting.currency_marks import HEADER_MARK, MARK, is_known, meanings, shared_currency
from pipelines.ingest.casting.header_mapping import HeaderMapping
from pipelines.ingest.casting.number_marks import headers_with, refuse_three_digits
from pipelines.ingest.formats.source import FileRefusedError, Source

Marks = list[tuple[str, str]]  # a mark and a cell that holds it, the commonest first


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
    is_open = contract.number_format is None and "number_format" not in system.model_fields_set
    spelled = [header for name, header in numbers.items() if is_open and contract.columns[name].number_format is None]
    refuse_three_digits(connection, source, spelled)
    money = [header for name, header in numbers.items() if columns[name].type == "decimal"]
    stated = contract.columns.get("currency")
    if stated is not None and stated.const is None:
        for header in headers_with(connection, source, money, _is_marked):
            _refuse_other_than_the_row(connection, source, header, mapping.columns.get("currency", ()))
        return
    const = stated.const.upper() if stated is not None and stated.const else ""
    for header in dict.fromkeys(
        [*headers_with(connection, source, money, _is_marked), *filter(HEADER_MARK.search, money)]
    ):
        marks = _marks(connection, source, header)
        _refuse_several(header, marks)
        _refuse_other(header, marks or [(match.group(), header) for match in HEADER_MARK.finditer(header)], const)


def _is_marked(cell: str) -> str:
    """SQL for cells that may hold a currency: its letters and signs sort behind digits, but for the dollar.

    No pattern is tried on plain numbers.
    """
    ends = ", ".join(f"substr({cell}, {place}, 1)" for place in (1, 2, -2, -1))
    return f"(greatest({ends}) > '9' or contains({cell}, '$'))"


def _has_mark(cell: str) -> str:
    return rf"{_is_marked(cell)} and regexp_matches({cell}, '\d') and regexp_matches({cell}, {literal(MARK)})"


def _marks(connection: duckdb.DuckDBPyConnection, source: Source, header: str) -> Marks:
    cell = quoted(header)
    return connection.execute(
        f"select mark, any_value(cell) from (select {cell} as cell, "
        f"unnest(regexp_extract_all({cell}, {literal(MARK)})) as mark from {source.relation} where {_has_mark(cell)}) "
        "group by all order by count(*) desc, mark"
    ).fetchall()


def _refuse_several(header: str, marks: Marks) -> None:
    if len(marks) > 1 and not shared_currency(mark for mark, _ in marks):
        raise FileRefusedError(
            "mixed_currencies",
            f"{header!r} holds amounts of several currencies ({_examples(marks)}): map the column that holds the "
            "`currency`, or split the file",
        )


def _refuse_other(header: str, marks: Marks, const: str) -> None:
    """The marks of a column, or of its header, can be the currency that the contract states."""
    if marks and const and const not in _with_synonyms(marks[0][0]):
        holds = f"{header!r} holds {_examples(marks)}" if marks[0][1] != header else f"the header is {header!r}"
        raise FileRefusedError(
            "other_currency", f"{holds}, and the contract says currency {const}: correct one of the two"
        )


def _refuse_other_than_the_row(
    connection: duckdb.DuckDBPyConnection, source: Source, header: str, currency: tuple[str, ...]
) -> None:
    """A mark in a cell can be the currency that its row states."""
    if len(currency) != 1:
        return
    cell, row_currency = quoted(header), f"upper(trim({quoted(currency[0])}))"
    pairs = connection.execute(
        f"select mark, currency, any_value(cell) from (select {cell} as cell, {row_currency} as currency, "
        f"unnest(regexp_extract_all({cell}, {literal(MARK)})) as mark from {source.relation} where {_has_mark(cell)}) "
        "where currency <> '' group by all order by count(*) desc, mark"
    ).fetchall()
    for mark, stated, text in pairs:
        if is_known(stated) and not _with_synonyms(mark) & _with_synonyms(stated):
            raise FileRefusedError(
                "other_currency",
                f"{header!r} holds {text!r} in a row whose {currency[0]!r} is {stated!r}: correct one of the two",
            )


def _examples(marks: Marks) -> str:
    return ", ".join(repr(text) for _, text in marks[:3])


def _with_synonyms(mark: str) -> frozenset[str]:
    codes = meanings(mark)
    return codes | {"RMB", "CNH"} if "CNY" in codes else codes
