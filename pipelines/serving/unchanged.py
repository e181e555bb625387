"""Served tables whose rows are those of the file that is served now: taken over with it, not written again.

Half of a night's served rows are the day before's, and compressing them takes longer than comparing them. What is
compared are hashes of all rows, of the working file and of the served one, so that a damaged block is found.
"""

import hashlib
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import duckdb

from pipelines.contracts import load_contracts
from pipelines.errors import AlmanacError
from pipelines.home import served, warehouse
from pipelines.home.runs import Run
from pipelines.home.settings import Settings
from pipelines.home.warehouse import literal, qualified, quoted
from pipelines.serving import descriptions, masking

Table = tuple[str, str]
NOTE = "control.handed_over"  # in the working file: the run whose served file was made from it, and by what
# The hash of any other value may be that of a different one: an empty list and none, 30 days and a month.
TOLD_BY_HASH = frozenset({
    *("boolean", "tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint"),
    *("float", "double", "decimal", "varchar", "blob", "uuid", "date", "time"),
    *("timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"),
})  # fmt: skip


def attach(
    connection: duckdb.DuckDBPyConnection, settings: Settings, aside: Path, queries: Mapping[Table, str], policy: str
) -> dict[Table, Path]:
    """Attach the file that will be served as `served`, with those tables in it that need not be written.

    queries: the rows that each table has to have. policy: that of the run; under another one, nothing is taken over.
    Returns the tables that stand, each with the Parquet file that the served run has of it, which may be missing.
    """
    before = _run_before(connection, settings, policy)
    stand = _taken_over(connection, settings.served_file, aside, queries) if before else set[Table]()
    if not stand:
        aside.unlink(missing_ok=True)
        connection.execute(f"attach {literal(str(aside))} as served (read_write)")
    folder = settings.published / "parquet" / before
    return {table: folder / table[0] / f"{table[1]}.parquet" for table in stand}


def link(connection: duckdb.DuckDBPyConnection, table: Table, before: Path, target: Path) -> bool:
    """Let the Parquet file of a table that stands be that of the run before; False where it has other rows or none."""
    try:
        if _rows_of(connection, f"from {literal(str(before))}") != _rows_of(connection, f"from {qualified(table)}"):
            return False
        os.link(before, target)
    except (duckdb.Error, OSError):  # missing, damaged, or a disk without links
        return False
    return True


def remember(settings: Settings, run: Run) -> None:
    """Note in the working file that it made the served file; a new working file takes nothing over.

    A database keeps old pages, so the file that is served after a person was removed is made anew, as the working
    file then is. The run is served by now: where the note cannot be kept, the next file is made anew, no more.
    """
    with suppress(AlmanacError, duckdb.Error), warehouse.write(settings) as connection:
        columns = "$run_id as run_id, $made_by as made_by"
        given = {"run_id": run.run_id, "made_by": _made_by(settings)}
        connection.execute(f"create or replace table {NOTE} as select {columns}", given)


def _run_before(connection: duckdb.DuckDBPyConnection, settings: Settings, policy: str) -> str:
    """The served run, if this working file made it under the same policy; else empty."""
    with suppress(AlmanacError, duckdb.Error):  # damaged, nothing was noted, or by another release
        row, noted = served.manifest(settings), connection.execute(f"select run_id, made_by from {NOTE}").fetchall()
        if row and noted == [(row["run_id"], _made_by(settings))] and (row.get("policy") or "") == policy:
            return str(row["run_id"])
    return ""


def _made_by(settings: Settings) -> str:
    """A hash over what is hidden and how: a release that hides more leaves no page of what was seen."""
    digest = hashlib.blake2b(repr(sorted(masking.personal_columns(load_contracts(settings.sources)).items())).encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _taken_over(
    connection: duckdb.DuckDBPyConnection, source: Path, aside: Path, queries: Mapping[Table, str]
) -> set[Table]:
    """Copy the served file and keep the tables with the right rows in it, attached; none where a block is damaged."""
    shutil.copyfile(source, aside)
    connection.execute(f"attach {literal(str(aside))} as served (read_write)")
    try:
        there = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'served'"
        ).fetchall()
        stand = {table for table in queries if table in there and _is_same(connection, table, queries[table])}
    except duckdb.Error:
        stand = set[Table]()
    if stand:
        _drop_others(connection, stand)
    else:
        connection.execute("detach served")
    return stand


def _is_same(connection: duckdb.DuckDBPyConnection, table: Table, query: str) -> bool:
    return _rows_of(connection, query) == _rows_of(connection, f"from served.{qualified(table)}")


def _rows_of(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[object, ...]:
    """Columns with their types, the number of rows, and two sums over hashes of rows, whatever their order.

    The hash of a row is the exclusive or of those of its cells, so it is hashed once more: else cells of two rows could
    change places.
    """
    relation = connection.sql(query)
    cells = [
        quoted(name) if kind.id in TOLD_BY_HASH else f"cast({quoted(name)} as varchar)"
        for name, kind in zip(relation.columns, relation.types, strict=True)
    ]
    hashed = f"select hash(hash({', '.join(cells)})) as hashed from ({query})"
    sums = connection.execute(f"select count(*), sum(hashed::hugeint), bit_xor(hashed) from ({hashed})").fetchall()
    return (*relation.columns, *map(str, relation.types), *sums)


def _drop_others(connection: duckdb.DuckDBPyConnection, stand: set[Table]) -> None:
    """Drop views, `control`, what changed, and all comments; the file has their room for what is written next."""
    views = "select schema_name, view_name from duckdb_views() where database_name = 'served' and not internal"
    tables = "select schema_name, table_name from duckdb_tables() where database_name = 'served'"
    names = [("view", name) for name in connection.execute(views).fetchall()]
    names += [("table", name) for name in connection.execute(tables).fetchall() if name not in stand]
    for kind, name in names:
        connection.execute(f"drop {kind} served.{qualified(name)}")
    schemas = "select schema_name from duckdb_schemas() where database_name = 'served' and not internal"
    for (schema,) in connection.execute(schemas).fetchall():
        if schema not in {"main", *(table[0] for table in stand)}:
            connection.execute(f"drop schema served.{quoted(schema)}")
    descriptions.clear_comments(connection, "served")
    connection.execute("checkpoint served")
