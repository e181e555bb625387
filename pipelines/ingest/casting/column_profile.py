"""What the whole of a column says before it is cast: whether it is written plainly, and whether days come first.

Day before month, or month before day, is decided for a column on evidence, or the file is refused. Cells that a plain
cast reads (nearly all) are left to it. Each other text of a column is read once, with care, however often it stands
there: a column of a million dates holds a few hundred.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import duckdb

from pipelines.contracts import CanonicalColumn, Column, ObjectContract, SourceContract, canonical_objects
from pipelines.home.warehouse import literal, quoted
from pipelines.ingest.casting.cast_sql import (
    NUMERIC,
    Rules,
    cell_sql,
    is_padded_sql,
    is_plain_sql,
    joined_sql,
    number_kind,
    read_sql,
)
from pipelines.ingest.casting.dates import AMBIGUOUS, needs_order
from pipelines.ingest.casting.header_mapping import Shape
from pipelines.ingest.formats.source import FileRefusedError, Source

# How many different texts are ambiguous, their greatest first and second number, and a text with each.
Evidence = tuple[int, int, int, str, str]

# Names that no header has: headers named `cell` and `value` exist.
_CELL, _MEANING = '"~cell"', '"~meaning"'


def column_rules(
    connection: duckdb.DuckDBPyConnection,
    system: SourceContract,
    contract: ObjectContract,
    shape: Shape,
    source: Source,
    zone: str,
    order_of: Callable[[str], str | None] | None = None,
) -> dict[str, Rules]:
    """What each column inherits, date order included; `*` holds for cells that are no canonical column.

    order_of: gives the date order of a column where the source is a piece of a file, whose other pieces count too.
    Adds `~value <column>` (and `~bad <column>`) to the source's table for columns that no plain cast reads.
    """
    form = contract.number_format or system.number_format
    general = Rules(zone, form, (*system.null_words, *contract.null_words), is_padded=source.has_unicode_blanks)
    general = replace(general, has_excel_guards=source.has_excel_guards)
    read = {name: headers for name, headers in shape.columns.items() if headers}
    texts = {name for name in read if canonical_objects()[contract.object].columns[name].type == "text"}
    padded = _padded(
        connection, source, {**{name: read[name] for name in read if name in texts}, "*": shape.keys.values()}
    )
    odd = _set_odd_aside(
        connection, source, contract, {name: read[name] for name in read if name not in texts}, general
    )
    rules = {name: replace(general, is_padded=name in padded) for name in texts | {"*"}}
    for name, cells in odd.items():
        rules[name] = _rules(connection, source, contract, name, read[name], general, cells, order_of)
    return {**dict.fromkeys(contract.columns, general), **rules}


def date_evidence(
    connection: duckdb.DuckDBPyConnection,
    system: SourceContract,
    contract: ObjectContract,
    shape: Shape,
    source: Source,
) -> dict[str, Evidence]:
    """What the source says of each column whose contract leaves the date order open, where it says anything."""
    found = {}
    for name, headers in shape.columns.items():
        column, canonical = contract.columns.get(name), canonical_objects()[contract.object].columns[name]
        if column and headers and canonical.type in ("date", "timestamp") and needs_order(column.formats):
            form = contract.number_format or system.number_format
            general = Rules(
                "UTC", form, (*system.null_words, *contract.null_words), has_excel_guards=source.has_excel_guards
            )
            _find_words(connection, _odd_cells(source, column, canonical, headers, general), column, canonical, general)
            if evidence := _evidence(connection):
                found[name] = evidence
    return found


def order_of_all(header: str, pieces: list[Evidence]) -> str:
    """The date order that all pieces of a file give. Raises FileRefusedError where they contradict or do not tell."""
    first, second = max(pieces, key=lambda item: item[1]), max(pieces, key=lambda item: item[2])
    return _decided(header, max(item[0] for item in pieces), first[1], second[2], first[3], second[4])


def _padded(connection: duckdb.DuckDBPyConnection, source: Source, texts: Mapping[str, Iterable[str]]) -> set[str]:
    """Which of the columns have a cell with blanks around it."""
    if source.has_unicode_blanks:
        return set(texts)
    tests = [" or ".join(is_padded_sql(quoted(header)) for header in headers) or "false" for headers in texts.values()]
    counts = ", ".join(f"count(*) filter ({test})" for test in tests)
    found = connection.execute(f"select {counts} from {source.relation}").fetchone()
    return {name for name, count in zip(texts, found or (), strict=True) if count}


def _set_odd_aside(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    contract: ObjectContract,
    typed: Mapping[str, tuple[str, ...]],
    rules: Rules,
) -> dict[str, str]:
    """Per column, SQL that yields each different cell that a plain cast does not read; empty SQL where it reads all.

    One pass over the file for all columns: the rows that hold such a cell are kept aside, and they are few.
    """
    columns = canonical_objects()[contract.object].columns
    plain = {
        name: (quoted(headers[0]), sql)
        for name, headers in typed.items()
        if len(headers) == 1 and (sql := is_plain_sql(quoted(headers[0]), contract.columns[name], columns[name], rules))
    }
    odd = {
        name: _odd_cells(source, contract.columns[name], columns[name], headers, rules)
        for name, headers in typed.items()
        if name not in plain
    }
    if plain:
        cells = [f"case when not ({sql}) then {cell} end as {quoted(name)}" for name, (cell, sql) in plain.items()]
        some = " or ".join(f"not ({sql})" for _, sql in plain.values())
        _create(connection, "aside", f"select {', '.join(cells)} from {source.relation} where {some}")
        found = connection.execute(
            f"select {', '.join(f'count({quoted(name)})' for name in plain)} from aside"
        ).fetchone()
        for name, count in zip(plain, found or (), strict=True):
            cell = quoted(name)
            odd[name] = f"select distinct {cell} as cell from aside where {cell} is not null" if count else ""
    return odd


def _odd_cells(
    source: Source, column: Column, canonical: CanonicalColumn, headers: tuple[str, ...], rules: Rules
) -> str:
    """SQL for each different cell of one column that a plain cast does not read."""
    cell = joined_sql(column, headers)
    plain = is_plain_sql(cell, column, canonical, rules) if len(headers) == 1 else None
    odd = f"select distinct {cell} as cell from {source.relation} where {cell} is not null"
    return odd + (f" and not ({plain})" if plain else "")


def _rules(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    contract: ObjectContract,
    name: str,
    headers: tuple[str, ...],
    general: Rules,
    odd: str,
    order_of: Callable[[str], str | None] | None,
) -> Rules:
    """The rules of one column that is no text, given SQL for its cells that are not plain; those are read here."""
    column, canonical = contract.columns[name], canonical_objects()[contract.object].columns[name]
    words = _find_words(connection, odd, column, canonical, general) if odd else 0
    if not words:
        return replace(general, is_plain=True)
    is_open = canonical.type in ("date", "timestamp") and needs_order(column.formats)
    evidence, order = _evidence(connection) if is_open else None, None
    if evidence:
        order = order_of(name) if order_of else _decided(headers[0], *evidence)
    careful = replace(general, order=order, is_looked_up=True)
    read = _add_values(connection, source, name, column, canonical, headers, careful)
    if read == words:
        return careful
    _mark_bad(connection, source, name, joined_sql(column, headers))
    return replace(careful, has_bad=True)


def _find_words(
    connection: duckdb.DuckDBPyConnection, odd: str, column: Column, canonical: CanonicalColumn, rules: Rules
) -> int:
    """Table `words`: each text among the odd cells of a column that is no word for nothing."""
    trimmed = cell_sql("cell", column, replace(rules, is_padded=True), canonical.type)
    # A table of its own: in one query, whether a text is a word for nothing would be asked of every row.
    _create(connection, "odd", odd)
    return _create(
        connection, "words", f"select * from (select cell, {trimmed} as text from odd) where text is not null"
    )


def _create(connection: duckdb.DuckDBPyConnection, table: str, query: str) -> int:
    """Make a table of a query's rows; their number."""
    made = connection.execute(f"create or replace table {table} as {query}").fetchone()
    assert made is not None
    return int(made[0])


def _add_values(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    name: str,
    column: Column,
    canonical: CanonicalColumn,
    headers: tuple[str, ...],
    rules: Rules,
) -> int:
    """Add what each word means to the source's table; how many mean something."""
    kind = number_kind(column, canonical) if canonical.type in NUMERIC else canonical.sql_type
    value, table = quoted(f"~value {name}"), quoted(source.table)
    meaning = read_sql("text", column, canonical, rules)
    read = _create(
        connection,
        "meanings",
        f"select * from (select cell as {_CELL}, {meaning} as {_MEANING} from words) where {_MEANING} is not null",
    )
    connection.execute(f"alter table {table} add column {value} {kind}")
    connection.execute(
        f"update {table} set {value} = {_MEANING} from meanings where {joined_sql(column, headers)} = {_CELL}"
    )
    return read


def _mark_bad(connection: duckdb.DuckDBPyConnection, source: Source, name: str, cell: str) -> None:
    """Mark the cells whose words mean nothing."""
    bad, table = quoted(f"~bad {name}"), quoted(source.table)
    connection.execute(f"alter table {table} add column {bad} boolean")
    connection.execute(
        f"update {table} set {bad} = true "
        f"from (select cell as {_CELL} from words where cell not in (select {_CELL} from meanings)) as unread "
        f"where {cell} = {_CELL}"
    )


def _evidence(connection: duckdb.DuckDBPyConnection) -> Evidence | None:
    """What the slashed dates among the words say, None where there are none."""
    evidence = connection.execute(
        "select count(*), max(first), max(second), arg_max(text, first), arg_max(text, second) from ("
        "select text, try_cast(regexp_extract(text, '^(\\d+)', 1) as integer) as first, "
        "try_cast(regexp_extract(text, '^\\d+[/-](\\d+)', 1) as integer) as second "
        f"from words where regexp_matches(text, {literal(AMBIGUOUS)}))"
    ).fetchone()
    return evidence if evidence and evidence[0] else None


def _decided(header: str, count: int, first: int, second: int, first_text: str, second_text: str) -> str:
    if first > 12 and second > 12:
        raise FileRefusedError(
            "mixed_date_order",
            f"{header!r} holds both {first_text!r} (day first) and {second_text!r} (month first): part the files, "
            "or name the one right format in `formats`",
        )
    if first <= 12 and second <= 12:
        raise FileRefusedError(
            "undecidable_date_order",
            f"{header!r}: none of {count} different dates such as {first_text!r} has a number above 12, so day and "
            "month cannot be told apart: say formats: ['%d/%m/%Y'] or ['%m/%d/%Y']",
        )
    return "dmy" if first > 12 else "mdy"
