"""The file that will be served, built beside its place out of the working file."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts import load_contracts
from pipelines.errors import AlmanacError
from pipelines.home import warehouse
from pipelines.home.runs import Run
from pipelines.home.settings import Settings
from pipelines.home.warehouse import qualified, quoted
from pipelines.serving import descriptions, digits, masking, relationships, renamed, unchanged
from pipelines.serving.status_tables import SERVED_SCHEMAS

Table = tuple[str, str]


def copy(
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
                connection.execute(f"create table served.{qualified(table)} as {query}")
        comments = descriptions.carry_over(connection, tables, renamed.old_column_comments())
        renamed.create_old_views(connection, tables, comments)
        counts = {table: count(connection, table) for table in tables}
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
        f" from ({digits.rounded(qualified(table), doubles.get(table, []))}))"
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


def count(connection: duckdb.DuckDBPyConnection, table: Table) -> int:
    """Rows of a table."""
    return int(connection.execute(f"select count(*) from {qualified(table)}").fetchall()[0][0])
