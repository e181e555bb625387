"""Text cells to canonical types in one pass of SQL: the table `typed` of the scratch database.

One row per record of the file: `_errors` lists what could not be read (`column|code`, separated by ERRORS),
`_is_control` marks totals, repeated headers and rows that the contract excludes. No row is dropped here, so that every
row can be counted.
"""

from dataclasses import dataclass
from dataclasses import replace as changed

import duckdb

from pipelines.contracts import CanonicalColumn, CanonicalObject, Column, ObjectContract
from pipelines.home.warehouse import literal, quoted
from pipelines.ingest.casting.cast_sql import (
    CODES,
    Rules,
    const_sql,
    joined_sql,
    plain_value_sql,
    typed_sql,
)
from pipelines.ingest.casting.contract_sql_errors import sql_refused
from pipelines.ingest.casting.control import control_sql, create_marked
from pipelines.ingest.casting.header_mapping import HeaderMapping, expression_sql
from pipelines.ingest.casting.numbers import damaged_id_sql
from pipelines.ingest.casting.text_cells import TextCells, with_texts
from pipelines.ingest.formats.source import BLANKS, SHEET, FileRefusedError, Source, folded

ERRORS = "\x1f"
PHONES = ("phone", "mobile", "fax")


@dataclass(frozen=True)
class Casting:
    """What decides how one file's cells are read."""

    contract: ObjectContract
    canonical: CanonicalObject
    mapping: HeaderMapping
    rules: dict[str, Rules]
    line_prefix: str


def cast_cells(connection: duckdb.DuckDBPyConnection, source: Source, casting: Casting) -> None:
    """Create the table `typed`. Raises FileRefusedError where the contract's own SQL fails on the data."""
    sql = _typed_query(source, casting)
    try:
        connection.execute(f"create or replace table typed as {sql}")
    except duckdb.Error as error:
        names = [*source.headers, *casting.contract.columns]
        raise sql_refused(connection, casting.contract, names, error) from error


DOCUMENT = "~document"  # the number of the document that a row belongs to, while blank cells are filled


def fill_down(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    contract: ObjectContract,
    carried: dict[str, str] | None = None,
) -> Source:
    """The source with blank cells of the contract's `fill_down` headers filled from the nearest row above on its sheet.

    carried: the last value before this chunk of a file, by header; updated to the last value in it.
    Control rows are detected before filling: a total would look like a record once its blanks were filled.
    """
    wanted = set(map(folded, contract.reader.fill_down))
    filled = {header: quoted(header) for header in source.headers if folded(header) in wanted}
    if not filled:
        return source
    carried = {} if carried is None else carried
    sheet = quoted(SHEET) if source.sheets else ""
    document = _document_sql(source, contract, carried, sheet)
    parts = ", ".join(filter(None, (sheet, quoted(DOCUMENT) if document else "")))
    above = f"{f'partition by {parts} ' if parts else ''}order by _record rows unbounded preceding"
    cells = [
        f"coalesce(last_value(nullif(trim({cell}), '') ignore nulls) over ({above}), "
        f"{_carried_sql(header, carried, is_within=bool(document))}) as {cell}"
        for header, cell in filled.items()
    ]
    relation = f"(select *, {document} from {source.relation})" if document else source.relation
    columns = f"* {f'exclude ({quoted(DOCUMENT)}) ' if document else ''}replace ({', '.join(cells)})"
    marked = f"select {columns}, {control_sql(source, contract)} as _is_control"
    create_marked(connection, f"filled as {marked} from {relation} order by _record", source, contract)
    _carry(connection, list(filled), contract, carried)
    _refuse_repeated_amounts(connection, source, contract)
    return changed(source, relation="filled", table="filled", has_control=True)


def _document_sql(source: Source, contract: ObjectContract, carried: dict[str, str], sheet: str) -> str:
    """SQL for the number of each row's document, where the contract fills down within documents."""
    within = folded(contract.reader.fill_down_within)
    header = next((header for header in source.headers if within and folded(header) == within), None)
    if header is None:
        return ""
    above = f"{f'partition by {sheet} ' if sheet else ''}order by _record rows unbounded preceding"
    known = f"last_value(nullif(trim({quoted(header)}), '') ignore nulls) over ({above})"
    return f"coalesce({known}, {literal(carried[header]) if header in carried else 'null'}) as {quoted(DOCUMENT)}"


def _carried_sql(header: str, carried: dict[str, str], *, is_within: bool) -> str:
    """The value before this chunk, where there is one: within documents that of the last document alone."""
    if header not in carried:
        return "null"
    value = literal(carried[header])
    if not is_within:
        return value
    return f"case when {quoted(DOCUMENT)} = {literal(carried.get(DOCUMENT, ''))} then {value} end"


def _carry(
    connection: duckdb.DuckDBPyConnection, headers: list[str], contract: ObjectContract, carried: dict[str, str]
) -> None:
    """Keep the values of the last row for the next chunk of the file."""
    cells = ", ".join(map(quoted, headers))
    last = connection.execute(f"select {cells} from filled order by _record desc limit 1").fetchone()
    texts = {header: text for header, text in zip(headers, last or (), strict=False) if text is not None}
    within = folded(contract.reader.fill_down_within)
    if within:
        carried.clear()
        number = next((text for header, text in texts.items() if folded(header) == within), None)
        texts |= {DOCUMENT: number} if number else {}
    carried.update(texts)


def _refuse_repeated_amounts(connection: duckdb.DuckDBPyConnection, source: Source, contract: ObjectContract) -> None:
    """Refuse an amount that is filled down to lines that have none: the document's total would count once per line."""
    filled = set(map(folded, contract.reader.fill_down))
    for name, column in contract.columns.items():
        header = next(
            (item for item in source.headers if folded(item) in filled & set(map(folded, column.source))), None
        )
        if header is None or not name.startswith("amount"):
            continue
        blank = f"nullif(trim(read.{quoted(header)}), '') is null and filled.{quoted(header)} is not null"
        count = connection.execute(
            f"select count(*) from filled join {source.relation} as read using (_record) "
            f"where not filled._is_control and {blank}"
        ).fetchone()
        if count and count[0]:
            raise FileRefusedError(
                "repeated_amount",
                f"fill_down: {header!r} ({name}) would be repeated on {count[0]} lines that have none, and count once "
                "per line: take it out of fill_down, and read the amount of each line",
            )


def _typed_query(source: Source, casting: Casting) -> str:
    values = _cells(source, casting)
    for name, column in casting.contract.columns.items():
        if column.expression:
            kind = casting.canonical.columns[name].sql_type
            sql = expression_sql(column.expression, casting.mapping.expression_headers)
            values = f"select *, cast(({sql}) as {kind}) as {quoted(name)} from ({values})"
    columns = [_column(name, casting) for name in _kept(casting)]
    return (
        f"select _record, _is_control, _row_hash, _extra, {', '.join(columns)}, {_source_id(casting)} as source_id, "
        f"{_namespaces(casting)} as _namespaces, {_errors(casting)} as _errors, {_emptied(casting)} as _emptied "
        f"from ({values})"
    )


def _kept(casting: Casting) -> list[str]:
    """The canonical columns that a row may fill. The others are NULL in the tables and not written for each row, which
    would cost as much as writing the cells, unless the contract's own SQL may name them.
    """
    contract = casting.contract
    if contract.corrections or contract.checks:
        return list(casting.canonical.columns)
    named = {*contract.columns, contract.window_column, contract.latest_column}
    return [name for name in casting.canonical.columns if name in named]


def _cells(source: Source, casting: Casting) -> str:
    """Typed values per canonical column (source words of mapped ones), and what else is computed from raw cells."""
    mapping, raw = casting.mapping, [quoted(header) for header in source.headers]
    extra = ", ".join(f"{literal(header)}, {quoted(header)}" for header in mapping.extra)
    hashed = ", ".join(f"coalesce({cell}, '')" for cell in raw)
    others = _other_texts(casting)
    relation, texts = with_texts(source.relation, {**_texts(casting), **others})
    added = [f"{texts[name]} as {quoted(name)}" for name in others]
    added += [
        value for name, column in casting.contract.columns.items() for value in _values(name, column, casting, texts)
    ]
    control = "_is_control" if source.has_control else f"{control_sql(source, casting.contract)} as _is_control"
    return (
        f"select _record, {control}, md5(concat_ws(chr(31), {hashed})) as _row_hash, "
        f"{f'cast(json_object({extra}) as varchar)' if extra else 'cast(null as varchar)'} as _extra"
        f"{''.join(', ' + value for value in added)} from {relation}"
    )


def _other_texts(casting: Casting) -> dict[str, TextCells]:
    """The texts of key parts and of headers that an expression names, which are no canonical columns."""
    rules, mapping = casting.rules["*"], casting.mapping
    keys = {f"~key {part}": TextCells((header,), rules) for part, header in mapping.keys.items()}
    return keys | {f"~cell {name}": TextCells((header,), rules) for name, header in mapping.expression_headers.items()}


def _texts(casting: Casting) -> dict[str, TextCells]:
    """The texts of the canonical columns that hold text and are read from cells."""
    return {
        name: TextCells(headers, rules, column, rules.has_marks, has_digits(name, casting))
        for name, column in casting.contract.columns.items()
        if (headers := casting.mapping.columns[name])
        and column.const is None
        and casting.canonical.columns[name].type == "text"
        and (rules := casting.rules[name])
    }


def _values(name: str, column: Column, casting: Casting, texts: dict[str, str]) -> list[str]:
    """SQL for one canonical column: its value or source word, and flags for an unreadable cell."""
    canonical, rules, headers = casting.canonical.columns[name], casting.rules[name], casting.mapping.columns[name]
    column = _resolved(column, casting)
    if column.const is not None or not headers:
        if column.const is None:
            return _absent(name, canonical, casting.contract)
        text = literal(column.const)
        value = text if canonical.map else const_sql(text, column, canonical, rules)
        return [f"{value} as {quoted(name + '_source' if canonical.map else name)}"]
    if canonical.type == "text":
        text = texts[name]
        if canonical.map:
            return [f"{text} as {quoted(name + '_source')}"]
        value = typed_sql(name, text, column, canonical, rules)
        if not has_digits(name, casting):
            return [f"{value} as {quoted(name)}"]
        damaged = damaged_id_sql(text)
        if is_emptied(name, column):
            value = f"case when not {damaged} then {value} end"
        checks = f"{damaged} as {quoted('~bad ' + name)}, {text} as {quoted('~text ' + name)}"
        return [f"{value} as {quoted(name)}", checks]
    cell = joined_sql(column, headers)
    values = [f"{typed_sql(name, cell, column, canonical, rules)} as {quoted(name)}"]
    if rules.has_bad:
        values.append(quoted(f"~bad {name}"))
    if is_emptied(name, column):
        values.append(f"trim({cell}, {literal(BLANKS)}) as {quoted('~text ' + name)}")
    if _may_overflow(name, casting):
        readable = [quoted(f"~value {name}")] if rules.is_looked_up else []
        readable += [plain] if (plain := plain_value_sql(cell, column, canonical, rules)) else []
        values.append(f"coalesce({', '.join(readable)}) is not null as {quoted('~given ' + name)}")
    return values


def _absent(name: str, canonical: CanonicalColumn, contract: ObjectContract) -> list[str]:
    """NULL for a column whose header the file lacks, where the contract's expressions may name it."""
    is_computed = bool(contract.columns[name].expression)
    if is_computed or not any(column.expression for column in contract.columns.values()):
        return []
    named = f"{name}_source" if canonical.map else name
    return [f"cast(null as {'varchar' if canonical.map else canonical.sql_type}) as {quoted(named)}"]


def _resolved(column: Column, casting: Casting) -> Column:
    """The column with the tax-rate header as spelled in this file."""
    if isinstance(column.tax_rate, str):
        return column.model_copy(update={"tax_rate": casting.mapping.keys[column.tax_rate]})
    return column


def has_digits(name: str, casting: Casting) -> bool:
    """Whether a text column holds numbers that a spreadsheet damages: ids and telephones."""
    return name.endswith("_id") or name in casting.contract.key or name in PHONES


def is_emptied(name: str, column: Column) -> bool:
    """Whether an unreadable value is emptied and the row kept: a telephone of 8.61381E+12 costs nobody an account."""
    return column.on_error == "empty" or name in PHONES


def _may_overflow(name: str, casting: Casting) -> bool:
    """Whether a cell may hold a number that its type cannot: not an integer, no share, too large with its unit."""
    column, kind = casting.contract.columns[name], casting.canonical.columns[name].type
    return kind in ("integer", "share") or column.unit != 1 or column.tax == "included"


def _is_read(name: str, casting: Casting) -> bool:
    return bool(casting.mapping.columns.get(name))


def _column(name: str, casting: Casting) -> str:
    """The canonical column, NULL where the contract does not fill it; a mapped one is empty until it is looked up."""
    canonical, column = casting.canonical.columns[name], casting.contract.columns.get(name)
    filled = column is not None and (column.const is not None or column.expression or _is_read(name, casting))
    if not canonical.map:
        return quoted(name) if filled else f"cast(null as {canonical.sql_type}) as {quoted(name)}"
    word = f"{quoted(name)}" if column and column.expression else quoted(name + "_source")
    source_word = (
        f"{word} as {quoted(name + '_source')}" if filled else f"cast(null as varchar) as {quoted(name + '_source')}"
    )
    return f"cast(null as varchar) as {quoted(name)}, {source_word}"


def _unread(name: str, casting: Casting) -> str | None:
    """SQL that is true where a cell of the column could not be read; None where every cell can be."""
    canonical, rules = casting.canonical.columns[name], casting.rules[name]
    column = casting.contract.columns[name]
    if column.const is not None or not _is_read(name, casting) or canonical.map:
        return None
    tests = (
        [quoted(f"~bad {name}")] if rules.has_bad or (canonical.type == "text" and has_digits(name, casting)) else []
    )
    if canonical.type != "text" and _may_overflow(name, casting):
        tests.append(f"({quoted(f'~given {name}')} and {quoted(name)} is null)")
    return " or ".join(tests) or None


def _errors(casting: Casting) -> str:
    """`column|code` of every unreadable cell of a row, NULL where there is none."""
    problems = []
    for name, column in casting.contract.columns.items():
        if not is_emptied(name, column) and (unread := _unread(name, casting)):
            kind = casting.canonical.columns[name].type
            code = "damaged_id" if kind == "text" else CODES[kind]
            problems.append(f"case when {unread} then {literal(f'{name}|{code}')} end")
    return f"nullif(concat_ws({literal(ERRORS)}, {', '.join(problems)}), '')" if problems else "cast(null as varchar)"


def _emptied(casting: Casting) -> str:
    """Unreadable values that the contract allows to be emptied: column to the text it had."""
    entries = [
        f"case when {unread} then {{'column_name': {literal(name)}, 'old_value': {quoted(f'~text {name}')}}} end"
        for name, column in casting.contract.columns.items()
        if is_emptied(name, column) and (unread := _unread(name, casting))
    ]
    if not entries:
        return "cast(null as struct(column_name varchar, old_value varchar)[])"
    return f"list_filter([{', '.join(entries)}], lambda entry: entry is not null)"


def _key_part(part: str, casting: Casting) -> str:
    if part in casting.mapping.keys:
        return quoted(f"~key {part}")
    mapped = casting.canonical.columns[part].map
    return f"cast({quoted(part + '_source' if mapped else part)} as varchar)"


def _source_id(casting: Casting) -> str:
    """Key parts joined by `|`, NULL where one is missing; without a key, the export set and the record."""
    if not casting.contract.has_key:
        return f"{literal(casting.line_prefix)} || '#' || _record"
    return " || '|' || ".join(_key_part(part, casting) for part in casting.contract.key)


def _namespaces(casting: Casting) -> str:
    entries = []
    columns = {*casting.mapping.keys, *casting.contract.columns}
    for namespace in (item for item in casting.contract.key_namespace if item.column in columns):
        key = _key_part(namespace.column, casting)
        if namespace.pattern:
            key = f"nullif(regexp_extract({key}, {literal(namespace.pattern)}, 1), '')"
        if namespace.normalise == "digits":
            key = f"regexp_replace({key}, '\\D', '', 'g')"
        key = f"ltrim({key}, '0')" if namespace.normalise in ("digits", "strip_zeros") else key
        key = f"nullif({f'upper({key})' if namespace.normalise == 'upper' else key}, '')"
        entries.append(f"{{'namespace': {literal(namespace.name)}, 'namespace_key': {key}}}")
    if not entries:
        return "cast(null as struct(namespace varchar, namespace_key varchar)[])"
    return f"[{', '.join(entries)}]"
