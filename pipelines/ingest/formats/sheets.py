"""Several sheets of one workbook as one table: a sheet per month, per region or per rep.

Records are numbered through all sheets, in the workbook's order; the column `_sheet` holds the sheet's name. Headers
that differ only in case, width or blanks are one; aliases of the contract are mapped later (casting/sheet_mapping.py).
"""

import re
from dataclasses import replace
from pathlib import Path

import duckdb

from pipelines.contracts import Reader
from pipelines.home.warehouse import literal, quoted
from pipelines.ingest.formats.source import SHEET, FileRefusedError, Source, folded, unique_headers
from pipelines.ingest.formats.workbook import read_workbook, sheet_names


def read_sheets(connection: duckdb.DuckDBPyConnection, path: Path, reader: Reader) -> Source:
    """Every sheet whose full name matches `sheets`; empty ones are named in a warning. Raises FileRefusedError."""
    read: list[tuple[str, Source]] = []
    warnings = []
    for name in _matching(path, reader):
        try:
            source = read_workbook(connection, path, reader.model_copy(update={"sheet": name}))
        except FileRefusedError as refusal:
            if refusal.code != "empty_file":
                raise
            warnings.append(f"sheet {name!r} is empty")
            continue
        table = f"cells_{len(read)}"
        connection.execute(f"alter table cells rename to {table}")
        read.append((name, replace(source, relation=table)))
        warnings += [warning for warning in source.warnings if warning not in warnings]
    if not read:
        raise FileRefusedError("empty_file", f"every sheet that matches {reader.sheets!r} is empty")
    return _joined(connection, read, warnings)


def _matching(path: Path, reader: Reader) -> list[str]:
    names = sheet_names(path)
    wanted = [name for name in names if re.fullmatch(reader.sheets or "", name, re.IGNORECASE)]
    if not wanted:
        raise FileRefusedError("no_sheet", f"no sheet matches {reader.sheets!r}; the workbook has: {', '.join(names)}")
    return wanted


def _joined(connection: duckdb.DuckDBPyConnection, read: list[tuple[str, Source]], warnings: list[str]) -> Source:
    headers_by_sheet = [_numbered(source.headers) for _, source in read]
    first_spelling: dict[tuple[str, int], str] = {}
    for key, header in (item for cells in headers_by_sheet for item in cells.items()):
        first_spelling.setdefault(key, header)
    names = dict(zip(first_spelling, unique_headers([SHEET, *first_spelling.values()])[1:], strict=True))
    offset, parts = 0, []
    for cells, (name, source) in zip(headers_by_sheet, read, strict=True):
        columns = ", ".join(
            f"{quoted(cells[key]) if key in cells else 'cast(null as varchar)'} as {quoted(header)}"
            for key, header in names.items()
        )
        parts.append(
            f"select _record + {offset} as _record, {columns}, {literal(name)} as {quoted(SHEET)} "
            f"from {source.relation}"
        )
        last = connection.execute(f"select coalesce(max(_record), 0) from {source.relation}").fetchone()
        offset += last[0] if last else 0
    connection.execute(f"create table cells as {' union all '.join(parts)} order by _record")
    for _, source in read:
        connection.execute(f"drop table {source.relation}")
    return Source(
        [*names.values(), SHEET],
        "cells",
        encoding="workbook",
        control=sum(source.control for _, source in read),
        titles=[title for _, source in read for title in source.titles],
        sheets={
            name: tuple(names[key] for key in cells) for cells, (name, _) in zip(headers_by_sheet, read, strict=True)
        },
        sheet_titles={name: source.titles for name, source in read},
        added=(SHEET,),
        warnings=warnings,
    )


def _numbered(headers: list[str]) -> dict[tuple[str, int], str]:
    """Each header by its comparison key: `Amount` and `Amount*` are two headers in one sheet, one across sheets."""
    numbered: dict[tuple[str, int], str] = {}
    for header in headers:
        number = sum(name == folded(header) for name, _ in numbered)
        numbered[folded(header), number] = header
    return numbered
