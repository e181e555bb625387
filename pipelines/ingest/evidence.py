"""What the whole of a column says before it is cast: whether it is written plainly, and whether days come first.

Day before month, or month before day, is decided for a column on evidence, or the file is refused. Cells that a plain
cast reads (nearly all) are left to it. Each other text of a column is read once, with care, however often it stands
there: a column of a million dates holds a few hundred.
"""

from dataclasses import replace

import duckdb

from pipelines.contracts import CanonicalColumn, Column, ObjectContract, SourceContract, canonical_objects
from pipelines.ingest.dates import AMBIGUOUS, needs_order
from pipelines.ingest.shape import Shape
from pipelines.ingest.source import FileRefusedError, Source
from pipelines.ingest.values import (
    NUMERIC,
    Rules,
    cell_sql,
    is_padded_sql,
    is_plain_sql,
    joined_sql,
    literal,
    number_kind,
    read_sql,
)
from pipelines.warehouse import quoted

# Names that no header has: headers named `cell` and `value` exist.
_CELL, _MEANING = '"~cell"', '"~meaning"'


def column_rules(
    connection: duckdb.DuckDBPyConnection,
    system: SourceContract,
    contract: ObjectContract,
    shape: Shape,
    source: Source,
    zone: str,
) -> dict[str, Rules]:
    """What each column inherits, date order included; `*` holds for cells that are no canonical column.

    Adds `~value <column>` (and `~bad <column>`) to the source's table for columns that no plain cast reads.
    """
    form = contract.number_format or system.number_format
    general = Rules(zone, form, (*system.null_words, *contract.null_words), is_padded=source.odd_blanks)
    read = {name: headers for name, headers in shape.columns.items() if headers}
    probes = [_probe(name, headers, contract, general) for name, headers in read.items()]
    keys = " or ".join(is_padded_sql(quoted(header)) for header in shape.keys.values())
    probes.append(f"count(*) filter ({keys})" if keys and not general.is_padded else "1")
    counts = connection.execute(f"select {', '.join(probes)} from {source.relation}").fetchone()
    assert counts is not None
    rules = {**dict.fromkeys(contract.columns, general), "*": replace(general, is_padded=counts[-1] > 0)}
    for (name, headers), odd in zip(read.items(), counts[:-1], strict=True):
        rules[name] = _rules(connection, source, contract, name, headers, general, odd)
    return rules


def _probe(name: str, headers: tuple[str, ...], contract: ObjectContract, rules: Rules) -> str:
    """SQL that counts the cells of a column that are padded, or that a plain cast would not read."""
    column, canonical = contract.columns[name], canonical_objects()[contract.object].columns[name]
    if canonical.type == "text":
        padded = " or ".join(is_padded_sql(quoted(header)) for header in headers)
        return "1" if rules.is_padded else f"count(*) filter ({padded})"
    plain = is_plain_sql(quoted(headers[0]), column, canonical, rules) if len(headers) == 1 else None
    return f"count(*) filter (not ({plain}))" if plain else "1"


def _rules(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    contract: ObjectContract,
    name: str,
    headers: tuple[str, ...],
    general: Rules,
    odd: int,
) -> Rules:
    """The rules of one column, given how many of its cells are not plain; those cells are read here."""
    column, canonical = contract.columns[name], canonical_objects()[contract.object].columns[name]
    if canonical.type == "text":
        return replace(general, is_padded=odd > 0)
    words = _find_words(connection, source, column, canonical, headers, general) if odd else 0
    if not words:
        return replace(general, is_plain=True)
    is_open = canonical.type in ("date", "timestamp") and needs_order(column.formats)
    careful = replace(general, order=_order(connection, headers[0]) if is_open else None, is_looked_up=True)
    read = _add_values(connection, source, name, column, canonical, headers, careful)
    if read == words:
        return careful
    _mark_bad(connection, source, name, joined_sql(column, headers))
    return replace(careful, has_bad=True)


def _find_words(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    column: Column,
    canonical: CanonicalColumn,
    headers: tuple[str, ...],
    rules: Rules,
) -> int:
    """Table `words`: each text of the column that a plain cast does not read and that is no word for nothing."""
    cell = joined_sql(column, headers)
    plain = is_plain_sql(cell, column, canonical, rules) if len(headers) == 1 else None
    odd = f"select distinct {cell} as cell from {source.relation} where {cell} is not null"
    odd += f" and not ({plain})" if plain else ""
    trimmed = cell_sql("cell", column, replace(rules, is_padded=True), canonical.type)
    return _create(
        connection, "words", f"select * from (select cell, {trimmed} as text from ({odd})) where text is not null"
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


def _order(connection: duckdb.DuckDBPyConnection, header: str) -> str | None:
    """dmy or mdy where the column holds slashed dates, None where it holds none."""
    evidence = connection.execute(
        "select count(*), max(first), max(second), arg_max(text, first), arg_max(text, second) from ("
        "select text, try_cast(regexp_extract(text, '^(\\d+)', 1) as integer) as first, "
        "try_cast(regexp_extract(text, '^\\d+[/-](\\d+)', 1) as integer) as second "
        f"from words where regexp_matches(text, {literal(AMBIGUOUS)}))"
    ).fetchone()
    return _decided(header, *evidence) if evidence and evidence[0] else None


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
