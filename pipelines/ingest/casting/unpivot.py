"""Unpivots a column per month, quarter or stage into rows: one per header of the contract's `unpivot`.

Each value becomes a row, loaded or refused separately: one bad month does not affect the others. Its `_record` encodes
the column and the record of the export, so that it is unique within the file and can be traced back: 5,020,000,007 is
the second column of record 7. An empty cell becomes a control row: counted, not loaded. What the file states once
(`stated`) is first added as a column.
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
from pipelines.ingest.casting.months import month_number
from pipelines.ingest.formats.source import BLANKS, SHEET, FileRefusedError, Source, folded

FIRST_RECORD = 5_000_000_000  # above the records of any other file; dbt reserves 10 billion numbers per file
RECORDS_PER_COLUMN = 10_000_000  # more than a sheet has rows: a value is numbered within its column
MAX_COLUMNS = FIRST_RECORD // RECORDS_PER_COLUMN - 1
_ITEM = '"~item"'  # no header begins with it
_NUMBERED = re.compile(r" \(\d{1,2}\)$")
_UNPIVOT_WARNING = re.compile(r"(\d+) records x (\d+) columns unpivoted = (\d+) values, (\d+) of them empty")


def export_record_sql(record: str) -> str:
    """SQL for the record of the export that a row is from, unpivoted or not."""
    return f"(case when {record} >= {FIRST_RECORD} then {record} % {RECORDS_PER_COLUMN} else {record} end)"


def add_stated(connection: duckdb.DuckDBPyConnection, source: Source, contract: ObjectContract, path: str) -> Source:
    """The source with a column per `stated` entry, from its title or file name. Raises FileRefusedError without it."""
    if not contract.stated:
        return source
    stated_sql = {header: _stated_sql(header, stated, source, path) for header, stated in contract.stated.items()}
    cells = ", ".join(f"{sql} as {quoted(header)}" for header, sql in stated_sql.items())
    connection.execute(f"create table stated as select *, {cells} from {source.relation}")
    added = (*source.added, *stated_sql)
    return replace(source, headers=[*source.headers, *stated_sql], relation="stated", table="stated", added=added)


def _stated_sql(header: str, stated: Stated, source: Source, path: str) -> str:
    """SQL for a stated value: by the title of each sheet, where at least two sheets have a matching title."""
    by_sheet = {name: _first_match(stated.title or "", titles) for name, titles in source.sheet_titles.items()}
    if stated.title is None or sum(map(bool, by_sheet.values())) < 2:
        return literal(_stated_text(header, stated, source, path))
    if missing := [name for name, text in by_sheet.items() if not text]:
        where = f"the titles of sheet {missing[0]!r}: {source.sheet_titles[missing[0]]}"
        raise FileRefusedError("not_stated", f"stated: {header}: '{stated.title}' is not found in {where}")
    branches = " ".join(f"when {literal(name)} then {literal(text)}" for name, text in by_sheet.items())
    return f"case {quoted(SHEET)} {branches} end"


def _first_match(pattern: str, texts: Iterable[str]) -> str:
    matches = (match.group(1) for text in texts if (match := re.search(pattern, text)))
    return next(filter(None, (text.strip() for text in matches if text)), "")  # an optional group may be empty


def _stated_text(header: str, stated: Stated, source: Source, path: str) -> str:
    if folded(header) in map(folded, source.headers):
        raise FileRefusedError("contract", f"stated: the file has a header {header!r}: rename what is stated")
    if stated.const is not None:
        return stated.const
    texts = [Path(path).name, path] if stated.filename else source.titles
    pattern = stated.filename or stated.title or ""
    if text := _first_match(pattern, texts):
        return text
    where = f"the name {Path(path).name}" if stated.filename else f"the titles above the header: {source.titles}"
    raise FileRefusedError("not_stated", f"stated: {header}: '{pattern}' is not found in {where}")


@dataclass(frozen=True)
class Heading:
    """One of the rows that a record becomes: the text in its `name` column, and the header of each of its values."""

    name: str
    cells: dict[str, str]


def headings(unpivot: Unpivot, headers: list[str]) -> list[Heading]:
    """One per row that a record becomes, in the file's order. Raises FileRefusedError where a header is missing."""
    by_name: dict[str, dict[str, str]] = {}
    first_spelling: dict[str, str] = {}
    for header in headers:
        name, value = _read(unpivot, header)
        if name:
            cells, value = by_name.setdefault(name, {}), first_spelling.setdefault(folded(value), value)
            if value in cells:
                raise FileRefusedError(
                    "duplicate_header", f"unpivot: {cells[value]!r} and {header!r} are both {name!r}"
                )
            cells[value] = header
    _refuse_repeated(unpivot, headers)
    _refuse_missing(unpivot, headers)
    if not by_name and not unpivot.optional:
        raise FileRefusedError(
            "missing_header",
            f"unpivot: no header matches '{_shown(unpivot)}'; the file has {', '.join(map(repr, headers[:30]))}",
        )
    if len(by_name) > MAX_COLUMNS:
        raise FileRefusedError(
            "too_large", f"unpivot: {len(by_name)} columns are more than {MAX_COLUMNS}: split the file"
        )
    return [Heading(name, cells) for name, cells in by_name.items()]


def _refuse_repeated(unpivot: Unpivot, headers: list[str]) -> None:
    """Refuse a repeated header: the reader numbers it, so that `2025-01 (2)` would match none of the months."""
    listed = {folded(name) for name in unpivot.columns} if not isinstance(unpivot.columns, str) else set()
    known = set(map(folded, headers))
    for header in headers:
        name = _NUMBERED.sub("", header)
        if folded(header) not in listed and name != header and folded(name) in known and _read(unpivot, name)[0]:
            raise FileRefusedError(
                "duplicate_header", f"unpivot: the file has the header {name!r} twice: rename one of them"
            )


def _refuse_missing(unpivot: Unpivot, headers: list[str]) -> None:
    if isinstance(unpivot.columns, str) or unpivot.optional:
        return
    missing = [name for name in unpivot.columns if folded(name) not in set(map(folded, headers))]
    if missing:
        sentences = "; ".join(missing_header((name,), headers) for name in missing)
        raise FileRefusedError(
            "missing_header", f"unpivot: {sentences}: rename it in `columns`, or set `optional: true`"
        )


def _read(unpivot: Unpivot, header: str) -> tuple[str, str]:
    """(name, header of the value) of a header that is unpivoted; ("", "") for one that stays."""
    if not isinstance(unpivot.columns, str):
        is_listed = folded(header) in map(folded, unpivot.columns)
        return (header, unpivot.value or "") if is_listed else ("", "")
    match = re.fullmatch(unpivot.columns, header, re.IGNORECASE)
    if match is None:
        return "", ""
    groups_by_name = match.groupdict()
    groups = (
        [groups_by_name.get("name"), groups_by_name.get("value")] if "value" in groups_by_name else list(match.groups())
    )
    name, value = [*groups, *[header, unpivot.value][len(groups) :]][:2]
    value = (value or unpivot.value or "").strip()
    if not value:
        raise FileRefusedError("contract", f"unpivot: {header!r} does not name its values: set `value`")
    return (name or "").strip(), value


def long_headers(contract: ObjectContract, headers: list[str]) -> list[str]:
    """The headers of a file after unpivoting. Raises FileRefusedError where none matches."""
    if contract.unpivot is None:
        return headers
    groups = headings(contract.unpivot, headers)
    unpivoted = {header for heading in groups for header in heading.cells.values()}
    values = [value for heading in groups for value in heading.cells] or [contract.unpivot.value or ""]
    kept = [header for header in headers if header not in unpivoted]
    return [*kept, contract.unpivot.name, *filter(None, dict.fromkeys(values)), UNPIVOTED]


def unpivot_columns(
    connection: duckdb.DuckDBPyConnection, source: Source, contract: ObjectContract, null_words: tuple[str, ...]
) -> Source:
    """The source with a row per record and heading. null_words: of the system; such a value counts as empty."""
    if contract.unpivot is None:
        return source
    groups = headings(contract.unpivot, source.headers)
    if not groups:
        return _without_headings(connection, source, contract.unpivot)
    _refuse_one_year(contract, contract.unpivot.name, [heading.name for heading in groups])
    unpivoted = {header for heading in groups for header in heading.cells.values()}
    values = list(dict.fromkeys(value for heading in groups for value in heading.cells))
    names = [contract.unpivot.name, *values, UNPIVOTED]
    kept = [header for header in source.headers if header not in unpivoted]
    if repeated := {folded(name) for name in names} & {folded(header) for header in kept}:
        raise FileRefusedError(
            "contract", f"unpivot: the file already has a header {min(repeated)!r}: rename it in the contract"
        )
    control = "_is_control" if source.has_control else control_sql(source, contract)
    columns = "".join(f", {quoted(header)}" for header in kept)
    read = f"select _record, {control} as _is_control{columns}"
    nulls = ", ".join(f"null as {quoted(name)}" for name in names)
    items = ", ".join(_struct(position, heading, values) for position, heading in enumerate(groups, start=1))
    outer = "".join(f", {_ITEM}.v{number} as {quoted(name)}" for number, name in enumerate(names))
    is_empty = _is_empty_sql(
        {value: f"{_ITEM}.v{number}" for number, value in enumerate(values, 1)}, contract, null_words
    )
    create_marked(
        connection,
        f"unpivoted as with wide as materialized ({read}, {', '.join(map(quoted, sorted(unpivoted)))} "
        f"from {source.relation}) "
        f"select {_ITEM}.at + _record as _record, {is_empty} as _is_control{columns}{outer} "
        f"from (select *, unnest([{items}]) as {_ITEM} from wide where not _is_control) "
        f"union all select _record, true{columns}, {nulls} from wide where _is_control order by _record",
        source,
        contract,
    )
    _count(connection, source, len(groups))
    headers = [*kept, *names]
    return replace(source, headers=headers, relation="unpivoted", table="unpivoted", has_control=True)


def _refuse_one_year(contract: ObjectContract, name: str, months: list[str]) -> None:
    """Refuse months that run into the next calendar year where the contract joins them all to one: April to March."""
    numbers = [month_number(month) or 0 for month in months]
    wraps = [month for before, number, month in zip(numbers, numbers[1:], months[1:], strict=False) if number < before]
    joined = next((key for key, column in contract.columns.items() if len(column.join) > 1 and name in column.join), "")
    if joined and wraps and 0 not in numbers:
        raise FileRefusedError(
            "one_year",
            f"the months run from {months[0]!r} to {months[-1]!r}, and {joined} joins them all to one year: those from "
            f"{wraps[0]!r} on are of the next, or of the first the year before? `almanac sources new` proposes an "
            "expression for it",
        )


def _without_headings(connection: duckdb.DuckDBPyConnection, source: Source, unpivot: Unpivot) -> Source:
    """A file without any of the columns: each of its records is a control row."""
    names = [name for name in (unpivot.name, unpivot.value, UNPIVOTED) if name]
    nulls = ", ".join(f"cast(null as varchar) as {quoted(name)}" for name in names)
    kept = "".join(f", {quoted(header)}" for header in source.headers)
    connection.execute(
        f"create table unpivoted as select _record, true as _is_control{kept}, {nulls} from {source.relation}"
    )
    source.warnings.append(f"no header matches '{_shown(unpivot)}': nothing was unpivoted")
    headers = [*source.headers, *names]
    return replace(source, headers=headers, relation="unpivoted", table="unpivoted", has_control=True)


def _struct(position: int, heading: Heading, values: list[str]) -> str:
    cells = [quoted(heading.cells[value]) if value in heading.cells else "null" for value in values]
    texts = [literal(heading.name), *cells, literal(" | ".join(heading.cells.values()))]
    fields = ", ".join(f"'v{number}': cast({text} as varchar)" for number, text in enumerate(texts))
    return f"{{'at': {FIRST_RECORD + position * RECORDS_PER_COLUMN}, {fields}}}"


def _is_empty_sql(cells: dict[str, str], contract: ObjectContract, null_words: tuple[str, ...]) -> str:
    """SQL that is true where all values are empty. cells: header of a value to its cell."""
    tests = []
    for value, cell in cells.items():
        own = [word for column in _readers(contract, value) for word in column.null_words]
        words = ", ".join(map(literal, dict.fromkeys([*STANDARD_NULLS, *null_words, *contract.null_words, *own])))
        tests.append(f"coalesce(trim({cell}, {literal(BLANKS)}) in ({words}), true)")
    return " and ".join(tests)


def _readers(contract: ObjectContract, header: str) -> list[Column]:
    """The columns that a header may feed, as each has its own null words."""
    return [
        column
        for column in contract.columns.values()
        if folded(header) in map(folded, (*column.source, *column.join, *column.quoted))
    ]


def _count(connection: duckdb.DuckDBPyConnection, source: Source, columns: int) -> None:
    """Check that every record of the export became all of its values or one control row, and add the counts."""
    counts = connection.execute(
        f"select count(*) filter (_record >= {FIRST_RECORD}), "
        f"count(distinct _record) filter (_record >= {FIRST_RECORD}), "
        f"count(*) filter (_record < {FIRST_RECORD}), count(*) filter (_record >= {FIRST_RECORD} and _is_control), "
        f"(select count(*) from {source.relation}), (select coalesce(max(_record), 0) from {source.relation}) "
        "from unpivoted"
    ).fetchone()
    assert counts is not None
    values, distinct, control, empty, records, last = counts
    if last >= RECORDS_PER_COLUMN:
        raise FileRefusedError("too_large", f"unpivot: more than {RECORDS_PER_COLUMN:,} records: split the file")
    if values != distinct or values != (records - control) * columns:
        raise AssertionError(
            f"{records} records of {columns} columns became {values} values and {control} control rows"
        )
    source.warnings.append(_unpivot_warning(records - control, columns, values, empty))


def _unpivot_warning(records: int, columns: int, values: int, empty: int) -> str:
    return f"{records} records x {columns} columns unpivoted = {values} values, {empty} of them empty"


def merge_warnings(warnings: Iterable[str]) -> list[str]:
    """The warnings of all chunks of a file without duplicates, the counts in them added up."""
    totals: dict[tuple[int, str], tuple[int, int, int]] = {}
    for line in warnings:
        counted = _UNPIVOT_WARNING.fullmatch(line)
        records, columns, values, empty = map(int, counted.groups()) if counted else (0, 0, 0, 0)
        key = (columns, "" if counted else line)
        before = totals.get(key, (0, 0, 0))
        totals[key] = before[0] + records, before[1] + values, before[2] + empty
    return [line or _unpivot_warning(counts[0], columns, *counts[1:]) for (columns, line), counts in totals.items()]


def _shown(unpivot: Unpivot) -> str:
    return unpivot.columns if isinstance(unpivot.columns, str) else "', '".join(unpivot.columns)
