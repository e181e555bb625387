"""The profile of a column before it is cast: whether a plain cast reads it, and whether days or months come first.

The date order is decided for all of a column on evidence, or the file is refused. Cells that a plain cast reads
(nearly all) are left to it. Each other distinct text is read once by the careful patterns: a column of a million dates
has a few hundred distinct ones.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import duckdb

from pipelines.contracts import CanonicalColumn, Column, ObjectContract, SourceContract, canonical_objects
from pipelines.home.warehouse import quoted
from pipelines.ingest.casting.cast_sql import (
    NUMERIC,
    Rules,
    cell_sql,
    is_padded_sql,
    is_plain_sql,
    joined_sql,
    number_kind,
    quick_sql,
    read_sql,
)
from pipelines.ingest.casting.date_order import DateOrderEvidence, date_order, order_evidence
from pipelines.ingest.casting.dates import needs_order
from pipelines.ingest.casting.header_mapping import HeaderMapping
from pipelines.ingest.casting.header_zone import refuse_named_zone, stated_zone
from pipelines.ingest.formats.source import Source

# Names that no header has; headers named `cell` and `value` exist.
_CELL, _MEANING = '"~cell"', '"~meaning"'


def column_rules(
    connection: duckdb.DuckDBPyConnection,
    system: SourceContract,
    contract: ObjectContract,
    mapping: HeaderMapping,
    source: Source,
    zones: tuple[str, str],
    order_of: Callable[[str], str | None] | None = None,
) -> dict[str, Rules]:
    """The rules of each column, date order included; `*` is for cells of no canonical column.

    zones: of the file's times, and of the company whose days they become.
    order_of: returns the date order of a column where the source is one chunk of a file; all chunks decide it.
    Adds `~value <column>` (and `~bad <column>`) to the source's table for columns with cells that no plain cast reads.
    """
    form = contract.number_format or system.number_format
    zone, day_zone = zones
    general = Rules(zone, form, (*system.null_words, *contract.null_words), is_padded=source.has_unicode_blanks)
    general = replace(general, has_excel_guards=source.has_excel_guards, day_zone=day_zone)
    general = replace(general, has_marks=source.has_unicode_blanks, has_zone=system.timezone is not None)
    read = {name: headers for name, headers in mapping.columns.items() if headers}
    texts = {name for name in read if canonical_objects()[contract.object].columns[name].type == "text"}
    padded = _padded(
        connection, source, {**{name: read[name] for name in read if name in texts}, "*": mapping.keys.values()}
    )
    irregular = _collect_irregular(
        connection, source, contract, {name: read[name] for name in read if name not in texts}, general
    )
    rules = {name: replace(general, is_padded=name in padded) for name in texts | {"*"}}
    for name, cells in irregular.items():
        rules[name] = _rules(connection, source, contract, name, read[name], general, cells, order_of)
    return {**dict.fromkeys(contract.columns, general), **rules}


def date_order_evidence(
    connection: duckdb.DuckDBPyConnection,
    system: SourceContract,
    contract: ObjectContract,
    mapping: HeaderMapping,
    source: Source,
) -> dict[str, DateOrderEvidence]:
    """The evidence of each column whose contract leaves the date order open; columns without any are left out."""
    by_column = {}
    for name, headers in mapping.columns.items():
        column, canonical = contract.columns.get(name), canonical_objects()[contract.object].columns[name]
        if column and headers and canonical.type in ("date", "timestamp") and needs_order(column.formats):
            form = contract.number_format or system.number_format
            general = Rules(
                "UTC", form, (*system.null_words, *contract.null_words), has_excel_guards=source.has_excel_guards
            )
            _find_words(
                connection, _irregular_cells(source, column, canonical, headers, general), column, canonical, general
            )
            if evidence := order_evidence(connection):
                by_column[name] = evidence
    return by_column


def _padded(connection: duckdb.DuckDBPyConnection, source: Source, texts: Mapping[str, Iterable[str]]) -> set[str]:
    """The columns that have a cell with blanks around it."""
    if source.has_unicode_blanks:
        return set(texts)
    tests = [" or ".join(is_padded_sql(quoted(header)) for header in headers) or "false" for headers in texts.values()]
    counts = ", ".join(f"count(*) filter ({test})" for test in tests)
    row = connection.execute(f"select {counts} from {source.relation}").fetchone()
    return {name for name, count in zip(texts, row or (), strict=True) if count}


def _collect_irregular(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    contract: ObjectContract,
    typed: Mapping[str, tuple[str, ...]],
    rules: Rules,
) -> dict[str, str]:
    """Per column, SQL for each distinct cell that a plain cast does not read; empty SQL where it reads all.

    One pass over the file for all columns: the few rows with such a cell are copied to a table.
    """
    columns = canonical_objects()[contract.object].columns
    plain = {
        name: (quoted(headers[0]), sql)
        for name, headers in typed.items()
        if len(headers) == 1 and (sql := is_plain_sql(quoted(headers[0]), contract.columns[name], columns[name], rules))
    }
    irregular = {
        name: _irregular_cells(source, contract.columns[name], columns[name], headers, rules)
        for name, headers in typed.items()
        if name not in plain
    }
    if plain:
        cells = [f"case when not ({sql}) then {cell} end as {quoted(name)}" for name, (cell, sql) in plain.items()]
        is_irregular = " or ".join(f"not ({sql})" for _, sql in plain.values())
        _create(connection, "irregular_rows", f"select {', '.join(cells)} from {source.relation} where {is_irregular}")
        row = connection.execute(
            f"select {', '.join(f'count({quoted(name)})' for name in plain)} from irregular_rows"
        ).fetchone()
        for name, count in zip(plain, row or (), strict=True):
            cell = quoted(name)
            irregular[name] = (
                f"select distinct {cell} as cell from irregular_rows where {cell} is not null" if count else ""
            )
    return irregular


def _irregular_cells(
    source: Source, column: Column, canonical: CanonicalColumn, headers: tuple[str, ...], rules: Rules
) -> str:
    """SQL for each distinct cell of one column that a plain cast does not read."""
    cell = joined_sql(column, headers)
    plain = is_plain_sql(cell, column, canonical, rules) if len(headers) == 1 else None
    irregular = f"select distinct {cell} as cell from {source.relation} where {cell} is not null"
    return irregular + (f" and not ({plain})" if plain else "")


def _rules(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    contract: ObjectContract,
    name: str,
    headers: tuple[str, ...],
    general: Rules,
    irregular: str,
    order_of: Callable[[str], str | None] | None,
) -> Rules:
    """The rules of one column that is not text. irregular: SQL for its cells that a plain cast does not read."""
    column, canonical = contract.columns[name], canonical_objects()[contract.object].columns[name]
    if canonical.type in ("date", "timestamp") and column.timezone is None:
        general = replace(general, zone=stated_zone(headers[0]) or general.zone)
        if not general.has_zone:
            refuse_named_zone(headers[0])
    words = _find_words(connection, irregular, column, canonical, general) if irregular else 0
    if not words:
        return replace(general, is_plain=True)
    is_open = canonical.type in ("date", "timestamp") and needs_order(column.formats)
    evidence, order = order_evidence(connection) if is_open else None, None
    if evidence:
        order = order_of(name) if order_of else date_order(headers[0], [evidence])
    careful = replace(general, order=order, is_looked_up=True)
    read = _add_values(connection, source, name, column, canonical, headers, careful)
    if read == words:
        return careful
    _mark_bad(connection, source, name, joined_sql(column, headers))
    return replace(careful, has_bad=True)


def _find_words(
    connection: duckdb.DuckDBPyConnection, irregular: str, column: Column, canonical: CanonicalColumn, rules: Rules
) -> int:
    """Create the table `words`: each irregular text of a column that is no null word; their number."""
    trimmed = cell_sql("cell", column, replace(rules, is_padded=True), canonical.type)
    # A separate table: in one query, the null words would be compared with every row.
    _create(connection, "irregular", irregular)
    return _create(
        connection, "words", f"select * from (select cell, {trimmed} as text from irregular) where text is not null"
    )


def _create(connection: duckdb.DuckDBPyConnection, table: str, query: str) -> int:
    """Create a table of a query's rows; their number."""
    created = connection.execute(f"create or replace table {table} as {query}").fetchone()
    assert created is not None
    return int(created[0])


def _add_values(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    name: str,
    column: Column,
    canonical: CanonicalColumn,
    headers: tuple[str, ...],
    rules: Rules,
) -> int:
    """Add the value of each word to the source's table; the number of words that have one."""
    kind = number_kind(column, canonical) if canonical.type in NUMERIC else canonical.sql_type
    value, table = quoted(f"~value {name}"), quoted(source.table)
    read = _read_words(connection, column, canonical, rules, kind)
    connection.execute(f"alter table {table} add column {value} {kind}")
    connection.execute(
        f"update {table} set {value} = {_MEANING} from meanings where {joined_sql(column, headers)} = {_CELL}"
    )
    return read


def _read_words(
    connection: duckdb.DuckDBPyConnection, column: Column, canonical: CanonicalColumn, rules: Rules, kind: str
) -> int:
    """Create the table `meanings`: the value of each word that has one; their number."""
    meanings = (
        f"select * from (select cell as {_CELL}, try_cast({{}} as {kind}) as {_MEANING} from words) "
        f"where {_MEANING} is not null"
    )
    careful = meanings.format(read_sql("text", column, canonical, rules))
    if not (quick := quick_sql("text", column, canonical, rules)):
        return _create(connection, "meanings", careful)
    read = _create(connection, "meanings", meanings.format(quick))
    row = connection.execute("select count(*) from words").fetchone()
    if row and read < row[0]:
        left = f"insert into meanings {careful} and {_CELL} not in (select {_CELL} from meanings)"
        read += (connection.execute(left).fetchone() or (0,))[0]
    return read


def _mark_bad(connection: duckdb.DuckDBPyConnection, source: Source, name: str, cell: str) -> None:
    """Mark the cells whose words have no value."""
    bad, table = quoted(f"~bad {name}"), quoted(source.table)
    connection.execute(f"alter table {table} add column {bad} boolean")
    connection.execute(
        f"update {table} set {bad} = true "
        f"from (select cell as {_CELL} from words where cell not in (select {_CELL} from meanings)) as unread "
        f"where {cell} = {_CELL}"
    )
