"""A column per month, quarter or stage, turned into rows: one per header of the contract's `unpivot`.

Each value is a row of its own from here on, refused or loaded by itself: one bad month does not take the others along.
Its `_record` holds the record of the export and the column, so that it is unique within the file and can be walked
back: 5,002,0000007 is the second column of record 7. A value without a text is a control row: it was there and said
nothing. What is said once for the whole file (`stated`) becomes a header first.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from pipelines.contracts import Column, ObjectContract, Stated, Unpivot
from pipelines.home.warehouse import literal, quoted
from pipelines.ingest.casting.cast_sql import STANDARD_NULLS
from pipelines.ingest.casting.control import control_sql, create_marked
from pipelines.ingest.casting.header_mapping import UNPIVOTED, missing_header
from pipelines.ingest.formats.source import BLANKS, SHEET, FileRefusedError, Source, folded

FIRST = 5_000_000_000  # no file of ordinary records has as many: dbt keeps ten thousand million numbers per file
PER_COLUMN = 10_000_000
MOST = FIRST // PER_COLUMN - 1
_ITEM = '"~item"'  # no header begins with it
_NUMBERED = re.compile(r" \(\d{1,2}\)$")
_TURNED = re.compile(r"(\d+) records x (\d+) columns turned into rows = (\d+) values, (\d+) of them empty")


def export_record_sql(record: str) -> str:
    """The record of the export that a row came from, whether or not its columns were turned into rows, as SQL."""
    return f"(case when {record} >= {FIRST} then {record} % {PER_COLUMN} else {record} end)"


def add_stated(connection: duckdb.DuckDBPyConnection, source: Source, contract: ObjectContract, path: str) -> Source:
    """The source with a header for each thing that its name or its title says. Raises FileRefusedError for silence."""
    if not contract.stated:
        return source
    found = {header: _stated_sql(header, stated, source, path) for header, stated in contract.stated.items()}
    cells = ", ".join(f"{sql} as {quoted(header)}" for header, sql in found.items())
    connection.execute(f"create table stated as select *, {cells} from {source.relation}")
    added = (*source.added, *found)
    return replace(source, headers=[*source.headers, *found], relation="stated", table="stated", added=added)


def _stated_sql(header: str, stated: Stated, source: Source, path: str) -> str:
    """SQL for what is said: by the title of each sheet, where more than one of several has such a title."""
    said = {name: _said(stated.title or "", titles) for name, titles in source.sheet_titles.items()}
    if stated.title is None or sum(map(bool, said.values())) < 2:
        return literal(_found(header, stated, source, path))
    if silent := [name for name, text in said.items() if not text]:
        where = f"the titles of sheet {silent[0]!r}: {source.sheet_titles[silent[0]]}"
        raise FileRefusedError("not_stated", f"stated: {header}: '{stated.title}' is not found in {where}")
    branches = " ".join(f"when {literal(name)} then {literal(text)}" for name, text in said.items())
    return f"case {quoted(SHEET)} {branches} end"


def _said(pattern: str, texts: Iterable[str]) -> str:
    matches = (match.group(1) for text in texts if (match := re.search(pattern, text)))
    return next(filter(None, (text.strip() for text in matches if text)), "")  # an optional group may hold nothing


def _found(header: str, stated: Stated, source: Source, path: str) -> str:
    if folded(header) in map(folded, source.headers):
        raise FileRefusedError(
            "contract", f"stated: the file has a header {header!r}: give what is stated another name"
        )
    if stated.const is not None:
        return stated.const
    places = [Path(path).name, path] if stated.filename else source.titles
    pattern = stated.filename or stated.title or ""
    if said := _said(pattern, places):
        return said
    where = f"the name {Path(path).name}" if stated.filename else f"the titles above the header: {source.titles}"
    raise FileRefusedError("not_stated", f"stated: {header}: '{pattern}' is not found in {where}")


@dataclass(frozen=True)
class Heading:
    """What stands under `name` in one of the rows that a record becomes, and the header of each of its values."""

    name: str
    cells: dict[str, str]


def headings(unpivot: Unpivot, headers: list[str]) -> list[Heading]:
    """One per row that a record becomes, in the file's order. Raises FileRefusedError where a header is missing."""
    found: dict[str, dict[str, str]] = {}
    written: dict[str, str] = {}
    for header in headers:
        name, value = _read(unpivot, header)
        if name:
            cells, value = found.setdefault(name, {}), written.setdefault(folded(value), value)
            if value in cells:
                raise FileRefusedError(
                    "duplicate_header", f"unpivot: {cells[value]!r} and {header!r} are both {name!r}"
                )
            cells[value] = header
    _refuse_twins(unpivot, headers)
    _refuse_missing(unpivot, headers)
    if not found and not unpivot.optional:
        raise FileRefusedError(
            "missing_header",
            f"unpivot: no header fits '{_shown(unpivot)}'; the file has {', '.join(map(repr, headers[:30]))}",
        )
    if len(found) > MOST:
        raise FileRefusedError("too_large", f"unpivot: {len(found)} columns are more than {MOST}: part the file")
    return [Heading(name, cells) for name, cells in found.items()]


def _refuse_twins(unpivot: Unpivot, headers: list[str]) -> None:
    """The reader numbers a repeated header, so that `2025-01 (2)` looks like none of the months."""
    listed = {folded(name) for name in unpivot.columns} if not isinstance(unpivot.columns, str) else set()
    known = set(map(folded, headers))
    for header in headers:
        name = _NUMBERED.sub("", header)
        if folded(header) not in listed and name != header and folded(name) in known and _read(unpivot, name)[0]:
            raise FileRefusedError(
                "duplicate_header", f"unpivot: {name!r} stands in the file twice: rename one of them"
            )


def _refuse_missing(unpivot: Unpivot, headers: list[str]) -> None:
    if isinstance(unpivot.columns, str) or unpivot.optional:
        return
    missing = [name for name in unpivot.columns if folded(name) not in set(map(folded, headers))]
    if missing:
        said = "; ".join(missing_header((name,), headers) for name in missing)
        raise FileRefusedError("missing_header", f"unpivot: {said}: rename it in `columns`, or say `optional: true`")


def _read(unpivot: Unpivot, header: str) -> tuple[str, str]:
    """(name, header of the value) of a header that is to become rows; ("", "") for one that stays."""
    if not isinstance(unpivot.columns, str):
        is_listed = folded(header) in map(folded, unpivot.columns)
        return (header, unpivot.value or "") if is_listed else ("", "")
    match = re.fullmatch(unpivot.columns, header, re.IGNORECASE)
    if match is None:
        return "", ""
    called = match.groupdict()
    groups = [called.get("name"), called.get("value")] if "value" in called else list(match.groups())
    name, value = [*groups, *[header, unpivot.value][len(groups) :]][:2]
    value = (value or unpivot.value or "").strip()
    if not value:
        raise FileRefusedError("contract", f"unpivot: {header!r} does not say what its cells are: say `value`")
    return (name or "").strip(), value


def long_headers(contract: ObjectContract, headers: list[str]) -> list[str]:
    """The headers of a file with these once its columns are rows. Raises FileRefusedError where none fits."""
    if contract.unpivot is None:
        return headers
    made = headings(contract.unpivot, headers)
    gone = {header for heading in made for header in heading.cells.values()}
    values = [value for heading in made for value in heading.cells] or [contract.unpivot.value or ""]
    kept = [header for header in headers if header not in gone]
    return [*kept, contract.unpivot.name, *filter(None, dict.fromkeys(values)), UNPIVOTED]


def unpivot_columns(
    connection: duckdb.DuckDBPyConnection, source: Source, contract: ObjectContract, null_words: tuple[str, ...]
) -> Source:
    """The source with a row per record and heading. null_words: of the system; such a value says nothing."""
    if contract.unpivot is None:
        return source
    made = headings(contract.unpivot, source.headers)
    if not made:
        return _nothing(connection, source, contract.unpivot)
    gone = {header for heading in made for header in heading.cells.values()}
    values = list(dict.fromkeys(value for heading in made for value in heading.cells))
    names = [contract.unpivot.name, *values, UNPIVOTED]
    kept = [header for header in source.headers if header not in gone]
    if twice := {folded(name) for name in names} & {folded(header) for header in kept}:
        raise FileRefusedError("contract", f"unpivot: the file has a header {min(twice)!r}: give yours another name")
    control = "_is_control" if source.has_control else control_sql(source, contract)
    columns = "".join(f", {quoted(header)}" for header in kept)
    read = f"select _record, {control} as _is_control{columns}"
    nulls = ", ".join(f"null as {quoted(name)}" for name in names)
    items = ", ".join(_struct(place, heading, values) for place, heading in enumerate(made, start=1))
    outer = "".join(f", {_ITEM}.v{number} as {quoted(name)}" for number, name in enumerate(names))
    silent = _silent_sql({value: f"{_ITEM}.v{number}" for number, value in enumerate(values, 1)}, contract, null_words)
    create_marked(
        connection,
        f"unpivoted as with wide as materialized ({read}, {', '.join(map(quoted, sorted(gone)))} "
        f"from {source.relation}) "
        f"select {_ITEM}.at + _record as _record, {silent} as _is_control{columns}{outer} "
        f"from (select *, unnest([{items}]) as {_ITEM} from wide where not _is_control) "
        f"union all select _record, true{columns}, {nulls} from wide where _is_control order by _record",
        source,
        contract,
    )
    _count(connection, source, len(made))
    headers = [*kept, *names]
    return replace(source, headers=headers, relation="unpivoted", table="unpivoted", has_control=True)


def _nothing(connection: duckdb.DuckDBPyConnection, source: Source, unpivot: Unpivot) -> Source:
    """A file without any of the columns: its records say nothing, and each is a control row."""
    names = [name for name in (unpivot.name, unpivot.value, UNPIVOTED) if name]
    nulls = ", ".join(f"cast(null as varchar) as {quoted(name)}" for name in names)
    kept = "".join(f", {quoted(header)}" for header in source.headers)
    connection.execute(
        f"create table unpivoted as select _record, true as _is_control{kept}, {nulls} from {source.relation}"
    )
    source.warnings.append(f"no header fits '{_shown(unpivot)}': nothing was turned into rows")
    headers = [*source.headers, *names]
    return replace(source, headers=headers, relation="unpivoted", table="unpivoted", has_control=True)


def _struct(place: int, heading: Heading, values: list[str]) -> str:
    cells = [quoted(heading.cells[value]) if value in heading.cells else "null" for value in values]
    texts = [literal(heading.name), *cells, literal(" | ".join(heading.cells.values()))]
    fields = ", ".join(f"'v{number}': cast({text} as varchar)" for number, text in enumerate(texts))
    return f"{{'at': {FIRST + place * PER_COLUMN}, {fields}}}"


def _silent_sql(cells: dict[str, str], contract: ObjectContract, null_words: tuple[str, ...]) -> str:
    """SQL that is true where no value says anything. cells: header of a value to its cell."""
    tests = []
    for value, cell in cells.items():
        own = [word for column in _readers(contract, value) for word in column.null_words]
        words = ", ".join(map(literal, dict.fromkeys([*STANDARD_NULLS, *null_words, *contract.null_words, *own])))
        tests.append(f"coalesce(trim({cell}, {literal(BLANKS)}) in ({words}), true)")
    return " and ".join(tests)


def _readers(contract: ObjectContract, header: str) -> list[Column]:
    """The columns that a header may feed: a zero that is none in one column is a number in another."""
    return [
        column
        for column in contract.columns.values()
        if folded(header) in map(folded, (*column.source, *column.join, *column.quoted))
    ]


def _count(connection: duckdb.DuckDBPyConnection, source: Source, columns: int) -> None:
    """Every record of the export is all of its values, or one control row. Said in the warnings, and made sure."""
    found = connection.execute(
        f"select count(*) filter (_record >= {FIRST}), count(distinct _record) filter (_record >= {FIRST}), "
        f"count(*) filter (_record < {FIRST}), count(*) filter (_record >= {FIRST} and _is_control), "
        f"(select count(*) from {source.relation}), (select coalesce(max(_record), 0) from {source.relation}) "
        "from unpivoted"
    ).fetchone()
    assert found is not None
    values, distinct, others, empty, records, last = found
    if last >= PER_COLUMN:
        raise FileRefusedError("too_large", f"unpivot: more than {PER_COLUMN:,} records: part the file")
    if values != distinct or values != (records - others) * columns:
        raise AssertionError(f"{records} records of {columns} columns became {values} values and {others} control rows")
    source.warnings.append(_turned(records - others, columns, values, empty))


def _turned(records: int, columns: int, values: int, empty: int) -> str:
    return f"{records} records x {columns} columns turned into rows = {values} values, {empty} of them empty"


def summed(warnings: Iterable[str]) -> list[str]:
    """The warnings of all pieces of a file, each once, and what they count added up."""
    found: dict[tuple[int, str], tuple[int, int, int]] = {}
    for line in warnings:
        counted = _TURNED.fullmatch(line)
        records, columns, values, empty = map(int, counted.groups()) if counted else (0, 0, 0, 0)
        key = (columns, "" if counted else line)
        before = found.get(key, (0, 0, 0))
        found[key] = before[0] + records, before[1] + values, before[2] + empty
    return [line or _turned(counts[0], columns, *counts[1:]) for (columns, line), counts in found.items()]


def _shown(unpivot: Unpivot) -> str:
    return unpivot.columns if isinstance(unpivot.columns, str) else "', '".join(unpivot.columns)
