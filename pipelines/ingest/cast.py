"""Text cells to canonical types in one pass of SQL: the table `typed` of the scratch database.

One row per record of the file, good or bad: `_errors` names what could not be read, `_is_control` marks totals,
repeated headers and rows that the contract says are no records. Nothing is dropped here, so that every row can be
counted."""

from dataclasses import dataclass, replace

import duckdb

from pipelines.contracts import CanonicalObject, Column, ObjectContract
from pipelines.ingest.numbers import damaged_id_sql
from pipelines.ingest.shape import Shape
from pipelines.ingest.source import FileRefusedError, Source
from pipelines.ingest.values import CODES, NUMERIC, Rules, cell_sql, literal, typed_sql
from pipelines.warehouse import quoted


@dataclass(frozen=True)
class Casting:
    """Everything that decides how one file's cells are read."""

    contract: ObjectContract
    canonical: CanonicalObject
    shape: Shape
    rules: dict[str, Rules]
    line_prefix: str


def cast_cells(connection: duckdb.DuckDBPyConnection, source: Source, casting: Casting) -> None:
    """Create the table `typed`. Raises FileRefusedError where the contract's own SQL fails on the data."""
    sql = _typed_query(source, casting)
    try:
        connection.execute(f"create or replace table typed as {sql}")
    except duckdb.Error as error:
        raise FileRefusedError("contract_sql", f"SQL of the contract failed: {str(error).splitlines()[0]}") from error


def _typed_query(source: Source, casting: Casting) -> str:
    values = f"select *, {', '.join(_values(casting))} from ({_cells(source, casting)})"
    for name, column in casting.contract.columns.items():
        if column.expression:
            kind = casting.canonical.columns[name].sql_type
            values = f"select *, cast(({column.expression}) as {kind}) as {quoted(name)} from ({values})"
    columns = [_column(name, casting) for name in casting.canonical.columns]
    checks = ", ".join(_problems(casting))
    bad = f"list_filter([{checks}], lambda problem: problem is not null)" if checks else "null"
    return (
        f"select _record, _is_control, _row_hash, _extra, {', '.join(columns)}, {_source_id(casting)} as source_id, "
        f"{_namespaces(casting)} as _namespaces, "
        f"cast({bad} as varchar[]) as _errors, {_emptied(casting)} as _emptied "
        f"from ({values})"
    )


def _cells(source: Source, casting: Casting) -> str:
    """Trimmed text per canonical column as `~name`, and what is computed from the raw cells."""
    contract, shape = casting.contract, casting.shape
    raw = [quoted(header) for header in source.headers]
    cells = []
    for name, headers in shape.columns.items():
        column, rules = contract.columns[name], casting.rules[name]
        kind = casting.canonical.columns[name].type
        parts = [cell_sql(header, column, rules, kind) for header in headers]
        if len(parts) > 1:
            cells.append(f"nullif(concat_ws({literal(column.separator)}, {', '.join(parts)}), '') as {_cell(name)}")
        elif parts:
            cells.append(f"{parts[0]} as {_cell(name)}")
    cells += [
        f"{cell_sql(header, None, casting.rules['*'])} as {quoted('~key ' + part)}"
        for part, header in shape.keys.items()
    ]
    extra = ", ".join(f"{literal(header)}, {quoted(header)}" for header in shape.extra)
    hashed = ", ".join(f"coalesce({cell}, '')" for cell in raw)
    added = [
        *_rate_headers(casting),
        *(f"~number {name}" for name in shape.columns if _is_careful_number(name, casting)),
    ]
    return (
        f"select _record, _is_control, md5(concat_ws(chr(31), {hashed})) as _row_hash, "
        f"{f'cast(json_object({extra}) as varchar)' if extra else 'cast(null as varchar)'} as _extra"
        f"{''.join(', ' + cell for cell in [*cells, *map(quoted, added)])} from ({_filled_down(source, casting)})"
    )


def _filled_down(source: Source, casting: Casting) -> str:
    """The source's rows with `_is_control`, and blank cells of `fill_down` headers taken from the nearest row above.

    Control rows are told by the cells as they stand: a total would look like a record once its blanks were filled.
    """
    contract = casting.contract
    filled = [quoted(header) for header in source.headers if header in contract.reader.fill_down]
    cells = [
        f"last_value(nullif(trim({cell}), '') ignore nulls) over (order by _record rows unbounded preceding) as {cell}"
        for cell in filled
    ]
    replaced = f" replace ({', '.join(cells)})" if cells else ""
    return f"select *{replaced}, {_control(source, contract)} as _is_control from {source.relation}"


def _is_careful_number(name: str, casting: Casting) -> bool:
    return (
        casting.canonical.columns[name].type in NUMERIC and _is_read(name, casting) and not casting.rules[name].is_plain
    )


def _rate_headers(casting: Casting) -> list[str]:
    rates = [column.tax_rate for column in casting.contract.columns.values() if isinstance(column.tax_rate, str)]
    return list(dict.fromkeys(casting.shape.keys[rate] for rate in rates))


def _cell(name: str) -> str:
    return quoted(f"~{name}")


def _control(source: Source, contract: ObjectContract) -> str:
    """True for rows that are no records: a total, the header again, or excluded by the contract's `where`."""
    raw = [f"nullif(trim({quoted(header)}), '')" for header in source.headers]
    first = f"coalesce({', '.join(raw)})"
    words = "|".join(word.replace("'", "''") for word in contract.reader.totals)
    numbers_only = f"len(list_filter([{', '.join(raw)}], lambda cell: regexp_matches(cell, '[A-Za-z一-龥]'))) = 1"
    rules = [f"({first} is null)"]
    if words:
        pattern = rf"(?i)({words})\s*([:：(（\d].*)?"
        rules.append(f"(case when regexp_full_match({first}, '{pattern}') then {numbers_only} else false end)")
    named = [header for header in source.headers if not header.startswith("column_")][:3]
    if len(named) > 1:
        rules.append("(" + " and ".join(f"trim({quoted(header)}) = {literal(header)}" for header in named) + ")")
    if contract.where:
        rules.append(f"not coalesce(({contract.where}), false)")
    return f"coalesce({' or '.join(rules)}, false)"


def _values(casting: Casting) -> list[str]:
    """Typed canonical columns, except expressions and mapped words (those are looked up later)."""
    values = []
    for name, column in casting.contract.columns.items():
        canonical = casting.canonical.columns[name]
        if column.const is not None:
            text = literal(column.const)
        elif casting.shape.columns[name]:
            text = _cell(name)
        else:
            continue
        if canonical.map:
            values.append(f"{text} as {quoted(name + '_source')}")
        else:
            rules, number = casting.rules[name], quoted(f"~number {name}")
            if column.const is not None and canonical.type in NUMERIC:
                rules = replace(rules, is_plain=True)
            typed = typed_sql(text, _resolved(column, casting), canonical, rules, number)
            values.append(f"{typed} as {quoted(name)}")
    return values or ["null as _nothing"]


def _resolved(column: Column, casting: Casting) -> Column:
    """The column with the tax-rate header as it is written in this file."""
    if isinstance(column.tax_rate, str):
        return column.model_copy(update={"tax_rate": casting.shape.keys[column.tax_rate]})
    return column


def _is_read(name: str, casting: Casting) -> bool:
    return bool(casting.shape.columns.get(name))


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


def _problems(casting: Casting) -> list[str]:
    """One SQL expression per column that can fail: `column|code`, or NULL where the value is fine."""
    problems = []
    for name, column in casting.contract.columns.items():
        canonical = casting.canonical.columns[name]
        is_sure = casting.rules[name].is_plain and canonical.type not in ("integer", "share")
        if not _is_read(name, casting) or canonical.map or column.on_error == "empty" or is_sure:
            continue
        if canonical.type != "text":
            wrong = f"{_cell(name)} is not null and {quoted(name)} is null"
            problems.append(f"case when {wrong} then {literal(f'{name}|{CODES[canonical.type]}')} end")
        elif name.endswith("_id") or name in casting.contract.key:
            problems.append(f"case when {damaged_id_sql(_cell(name))} then {literal(f'{name}|damaged_id')} end")
    return problems


def _emptied(casting: Casting) -> str:
    """Values that the contract allows to be emptied when unreadable: column to the text it had."""
    entries = [
        f"case when {_cell(name)} is not null and {quoted(name)} is null then "
        f"{{'column_name': {literal(name)}, 'old_value': {_cell(name)}}} end"
        for name, column in casting.contract.columns.items()
        if column.on_error == "empty" and _is_read(name, casting) and not casting.canonical.columns[name].map
    ]
    if not entries:
        return "cast(null as struct(column_name varchar, old_value varchar)[])"
    return f"list_filter([{', '.join(entries)}], lambda entry: entry is not null)"


def _key_part(part: str, casting: Casting) -> str:
    if part in casting.shape.keys:
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
    for namespace in casting.contract.key_namespace:
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
