"""The published tables of one run, open read-only: what there is, and rows of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

Row = dict[str, Any]
SERVED, STATUS = "almanac", "status"


@dataclass
class Served:
    """One published file and, where there is one, the status file beside it.

    columns: `schema.table` to the names of its columns; tables of the status file are `status.quality.<table>`, which
    is their name too for whoever opens that file alone.
    """

    connection: duckdb.DuckDBPyConnection
    columns: dict[str, frozenset[str]]
    _known: dict[str, list[Row]] = field(default_factory=dict)

    def has(self, table: str, *columns: str) -> bool:
        """Whether the table is there with all of these columns."""
        return table in self.columns and set(columns) <= self.columns[table]

    def missing(self, table: str, columns: tuple[str, ...]) -> str:
        """What of the table is not there, in the form `table` or `table (column, column)`; empty if nothing."""
        if table not in self.columns:
            return table
        absent = [column for column in columns if column not in self.columns[table]]
        return f"{table} ({', '.join(absent)})" if absent else ""

    def rows(self, query: str) -> list[Row]:
        """The rows of a query. Each query is run once per pack, whatever the number of languages."""
        if query not in self._known:
            cursor = self.connection.execute(query)
            names = [column[0] for column in cursor.description or ()]
            self._known[query] = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
        return self._known[query]


@contextmanager
def opened(file: Path, status: Path | None = None) -> Iterator[Served]:
    """Open a published file, whatever its name, as the database `almanac`, and the status file as `status`."""
    with duckdb.connect(":memory:") as connection:
        _attach(connection, file, SERVED)
        if status is not None and status.is_file():
            _attach(connection, status, STATUS)
        connection.execute(f"use {SERVED}")
        yield Served(connection, columns_of(connection))


def _attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    escaped = str(path).replace("'", "''")
    connection.execute(f"attach '{escaped}' as {name} (read_only)")


def columns_of(connection: duckdb.DuckDBPyConnection, database: str = SERVED) -> dict[str, frozenset[str]]:
    """The tables of a database, and of the status file beside it, with the names of their columns."""
    rows = connection.execute(
        """
        select
            if(database_name = $status, database_name || '.', '') || schema_name || '.' || table_name as table_name,
            list(column_name) as column_names
        from duckdb_columns()
        where database_name in ($served, $status)
        group by all
        """,
        {"served": database, "status": STATUS},
    ).fetchall()
    return {table: frozenset(names) for table, names in rows}
