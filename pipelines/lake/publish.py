"""A run into the lake: every table in one transaction, which is one snapshot and says of which run it is."""

import json
from pathlib import Path

import duckdb

from pipelines.home.warehouse import literal, quoted
from pipelines.lake.catalog import attached, told_without
from pipelines.lake.read import RUNS

KEPT_RUNS = 5
KEPT_DAYS = 7  # a slow reader may still need the files of a snapshot that was let go
Name = tuple[str, str]


def publish_run(catalog: str, folder: str, file: Path) -> dict[Name, int]:
    """Make the served file of a run the newest snapshot. Returns the rows of each table.

    Readers see all of it or nothing; a table that the run does not serve is gone from its snapshot, and stays in those
    before. The last runs can be read by their id.
    """
    connection = attached(catalog, folder)
    try:
        with told_without(catalog):
            connection.execute(f"attach {literal(str(file))} as served (read_only)")
            connection.execute("begin")
            counts = {name: _replace(connection, name) for name in _tables(connection, "served")}
            for schema, table in set(_tables(connection, "lake")) - set(counts):
                connection.execute(f"drop table lake.{quoted(schema)}.{quoted(table)}")
            run_id = str(connection.execute("select run_id from served.control.published").fetchall()[0][0])
            extra = literal(json.dumps({"run_id": run_id}))
            connection.execute(f"call lake.set_commit_message('almanac', {literal(run_id)}, extra_info => {extra})")
            connection.execute("commit")
            _prune(connection)
            return counts
    finally:
        connection.close()  # rolls an open transaction back


def _tables(connection: duckdb.DuckDBPyConnection, database: str) -> list[Name]:
    query = "select schema_name, table_name from duckdb_tables() where database_name = ? order by all"
    return [(schema, table) for schema, table in connection.execute(query, [database]).fetchall()]


def _replace(connection: duckdb.DuckDBPyConnection, name: Name) -> int:
    table = ".".join(map(quoted, name))
    connection.execute(f"create schema if not exists lake.{quoted(name[0])}")
    connection.execute(f"create or replace table lake.{table} as from served.{table}")
    query = "select comment from duckdb_tables() where database_name = 'served' and schema_name = ? and table_name = ?"
    ((comment,),) = connection.execute(query, list(name)).fetchall()
    if comment:
        connection.execute(f"comment on table lake.{table} is {literal(comment)}")
    return int(connection.execute(f"select count(*) from lake.{table}").fetchall()[0][0])


def _prune(connection: duckdb.DuckDBPyConnection) -> None:
    """Let the snapshots of older runs go; their files follow some days later."""
    runs = [int(row[0]) for row in connection.execute(f"select snapshot_id from ({RUNS})").fetchall()]
    if old := runs[KEPT_RUNS:]:
        connection.execute(f"call ducklake_expire_snapshots('lake', versions => {old})")
    connection.execute(f"call ducklake_cleanup_old_files('lake', older_than => now() - interval {KEPT_DAYS} day)")
