"""Several sheets of one workbook as one table: a sheet per month, per region or per rep.

Records are numbered on through the sheets, in the workbook's order; the header `_sheet` holds the name of each one's.
"""

import re
from dataclasses import replace
from pathlib import Path

import duckdb

from pipelines.contracts import Reader
from pipelines.ingest.shape import SHEET
from pipelines.ingest.source import FileRefusedError, Source
from pipelines.ingest.values import literal
from pipelines.ingest.workbook import read_workbook, sheet_names
from pipelines.warehouse import quoted


def read_sheets(connection: duckdb.DuckDBPyConnection, path: Path, reader: Reader) -> Source:
    """Every sheet whose whole name `sheets` matches; empty ones are named in a warning. Raises FileRefusedError."""
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
    by_name: dict[str, str] = {}
    for _, source in read:
        for header in source.headers:
            by_name.setdefault(header.casefold(), header)
    headers, offset, parts = list(by_name.values()), 0, []
    for name, source in read:
        own = {header.casefold() for header in source.headers}
        cells = ", ".join(
            f"{quoted(header) if header.casefold() in own else 'null'} as {quoted(header)}" for header in headers
        )
        parts.append(
            f"select _record + {offset} as _record, {cells}, {literal(name)} as {quoted(SHEET)} from {source.relation}"
        )
        last = connection.execute(f"select coalesce(max(_record), 0) from {source.relation}").fetchone()
        offset += last[0] if last else 0
    connection.execute(f"create table cells as {' union all '.join(parts)} order by _record")
    for _, source in read:
        connection.execute(f"drop table {source.relation}")
    titles = [title for _, source in read for title in source.titles]
    control = sum(source.control for _, source in read)
    return Source([*headers, SHEET], "cells", encoding="workbook", control=control, titles=titles, warnings=warnings)
