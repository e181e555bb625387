"""What BI tools and analysts read: written aside, checked, then swapped in at once.

A connection that is open during the swap keeps the file it opened; the next one sees the new file. Nobody ever sees
half a run.
"""

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts import load_contracts
from pipelines.errors import AlmanacError
from pipelines.gates import gates, volumes
from pipelines.home import access, durable, warehouse
from pipelines.home.runs import SERVED_KINDS, Run
from pipelines.home.settings import Settings, now
from pipelines.home.warehouse import quoted
from pipelines.serving import (
    descriptions,
    digits,
    lake,
    masking,
    pages,
    places,
    relationships,
    renamed,
    server,
    unchanged,
)
from pipelines.serving.status_tables import SERVED_SCHEMAS

Table = tuple[str, str]


def publish(settings: Settings, run: Run, published_at: datetime | None = None, policy: str = "") -> dict[Table, int]:
    """Serve the tables of a run that passed every gate. Returns the rows of each (schema, table).

    The swap is the commit: the file says which run it is, under which policy, and recovery writes whatever else is
    missing after it (`recovery.py`). policy: a hash over what decides the tables beside the data.

    A run of another kind than live or revision serves nothing and returns nothing. Raises AlmanacError, leaving what
    is served as it was, if a gate has not passed or the copy does not hold the rows of the working file.
    """
    if run.run_kind not in SERVED_KINDS:
        return {}
    warehouse.current_run(settings, run.run_id)
    gates.assert_passed(settings, run)
    settings.published.mkdir(parents=True, exist_ok=True)
    places.clear_leftovers(settings)
    aside = settings.published / f".{settings.served_file.name}.{os.getpid()}.tmp"
    expected, stand = _copy(settings, run, aside, published_at or now(), policy)
    folders = [_checked_parquet(settings, run, aside, expected, stand), *pages.write_aside(settings, run.run_id, aside)]
    lake.publish(settings, aside)
    server.publish(settings, aside)  # before the swap: if the server takes nothing, nothing is served anywhere
    _swap(settings, run, aside, folders)
    unchanged.remember(settings, run)
    volumes.remember(settings, run, expected)
    return expected


def _copy(
    settings: Settings, run: Run, aside: Path, published_at: datetime, policy: str
) -> tuple[dict[Table, int], dict[Table, Path]]:
    """Build the served file beside its place: tables, comments and the manifest.

    Returns rows in the working file, and the tables that were taken over from the served file with their Parquet.
    """
    with warehouse.read(settings) as connection:
        tables = _served_tables(connection)
        if not tables:
            raise AlmanacError(f"{settings.working_file}: has no table of {', '.join(SERVED_SCHEMAS)} to publish")
        queries = _queries(settings, connection, tables)
        stand = unchanged.attach(connection, settings, aside, queries, policy)
        for schema in sorted({schema for schema, _ in tables} | {"control"}):
            connection.execute(f"create schema if not exists served.{quoted(schema)}")
        for table, query in queries.items():
            if table not in stand:
                connection.execute(f"create table served.{_name(table)} as {query}")
        comments = descriptions.carry_over(connection, tables, renamed.old_column_comments())
        renamed.create_old_views(connection, tables, comments)
        counts = {table: _count(connection, table) for table in tables}
        _write_manifest(connection, settings, run, (published_at, policy), counts)
        connection.execute("detach served")
    return counts, stand


def _queries(
    settings: Settings, connection: duckdb.DuckDBPyConnection, tables: Mapping[Table, list[str]]
) -> dict[Table, str]:
    """The rows that are served of each table: rounded, masked, with old names of columns."""
    treatments = masking.personal_columns(load_contracts(settings.sources))
    key = settings.company.pii_key
    masking.create_keyed_hash(connection, key)
    digits.create_rounding(connection)
    doubles = digits.doubles(connection)
    return {
        table: f"select {renamed.with_old_columns(table, columns)}"
        f" from (select {masking.masked(columns, treatments, bool(key))}"
        f" from ({digits.rounded(_name(table), doubles.get(table, []))}))"
        for table, columns in tables.items()
    }


def _served_tables(connection: duckdb.DuckDBPyConnection) -> dict[Table, list[str]]:
    rows = connection.execute(
        """
        select schema_name, table_name, list(column_name order by column_index)
        from duckdb_columns()
        where database_name = current_database() and list_contains(?, schema_name)
        group by all
        order by all
        """,
        [list(SERVED_SCHEMAS)],
    ).fetchall()
    tables = {(schema, table): columns for schema, table, columns in rows}
    # What a version before the renaming built may still stand in the working file, with the rows of that day.
    return {table: columns for table, columns in tables.items() if table not in renamed.RENAMED_TABLES}


def _write_manifest(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    run: Run,
    publishing: tuple[datetime, str],
    counts: Mapping[Table, int],
) -> None:
    """`control.published`, one row; `control.tables`, one per table and old name; and how they join."""
    published = pl.DataFrame(
        {
            "run_id": [run.run_id],
            "run_kind": [run.run_kind],
            "as_of": [run.as_of],
            "known_at": pl.Series([run.known_at], dtype=pl.Datetime("us")),
            "published_at": [publishing[0]],
            "base_currency": [settings.company.base_currency],
            "timezone": [settings.company.timezone],
            "started_at": [run.started_at],
            "reason": [run.reason],
            "policy": [publishing[1]],
        }
    )
    rows: list[tuple[str, str, int, str | None]] = [(*table, count, None) for table, count in counts.items()]
    rows += [(*old, counts[new], ".".join(new)) for old, new in renamed.old_tables(counts).items()]
    columns = {"schema_name": pl.String, "table_name": pl.String, "row_count": pl.Int64, "renamed_to": pl.String}
    tables = pl.DataFrame(rows, schema=columns, orient="row")
    joins = relationships.relationships(connection, counts)
    for name, frame in (("published", published), ("tables", tables), ("relationships", joins)):
        connection.register("manifest", frame)
        connection.execute(f"create table served.control.{name} as select * from manifest")
        connection.unregister("manifest")
    descriptions.describe_manifest(connection)


def _checked_parquet(
    settings: Settings, run: Run, aside: Path, expected: Mapping[Table, int], stand: Mapping[Table, Path]
) -> Path:
    """Count the rows in the file that will be served and write its tables as Parquet, still under a hidden name.

    stand: files that may be linked instead, by table.
    """
    folder = places.aside(settings, "parquet", run.run_id)
    with duckdb.connect(str(aside), read_only=True) as connection:
        for table, rows in expected.items():
            if (found := _count(connection, table)) != rows:
                raise AlmanacError(f"{aside}: {'.'.join(table)} holds {found} of {rows} rows: nothing was published")
            target = folder / table[0] / f"{table[1]}.parquet"
            target.parent.mkdir(parents=True, exist_ok=True)
            if table in stand and unchanged.link(connection, table, stand[table], target):
                continue
            connection.execute(f"copy {_name(table)} to '{_escaped(target)}' (format parquet, compression zstd)")
    renamed.link_old_parquet(folder, expected)
    return folder


def _swap(settings: Settings, run: Run, aside: Path, folders: list[Path]) -> None:
    """The file, then the links to the folders, one after the other. Each swap is atomic for its readers."""
    finals = [places.unhide(folder, run.run_id) for folder in folders]
    durable.flush(aside)
    aside.chmod(0o400)  # a tool that opens it for writing would lock the others out
    access.open_published(settings)
    aside.replace(places.served_file(settings))
    durable.flush(settings.published)
    for final in finals:
        places.point_at(final)
    places.clear_leftovers(settings)


def _count(connection: duckdb.DuckDBPyConnection, table: Table) -> int:
    return int(connection.execute(f"select count(*) from {_name(table)}").fetchall()[0][0])


def _name(table: Table) -> str:
    return f"{quoted(table[0])}.{quoted(table[1])}"


def _escaped(path: Path) -> str:
    return str(path).replace("'", "''")
