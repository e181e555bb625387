"""What every served table and column means, as comments inside the served file.

dbt writes the comments of its models into the working file; those of `forecast.*` stand in `forecasts/tables.yml`.
"""

from collections.abc import Iterable
from typing import Any

import duckdb
import yaml

from pipelines.home.settings import REPOSITORY
from pipelines.home.warehouse import quoted

FORECAST_TABLES = REPOSITORY / "forecasts" / "tables.yml"
Place = tuple[str, str, str | None]  # schema, table, column; None for the table itself

MANIFEST: dict[Place, str] = {
    ("control", "published", None): "One row: the run whose tables this file holds.",
    ("control", "published", "run_id"): "Id of the run.",
    ("control", "published", "run_kind"): "live or revision.",
    ("control", "published", "as_of"): "Exports up to the end of this day are in.",
    ("control", "published", "known_at"): "Files that landed later were left out; empty if none were.",
    ("control", "published", "published_at"): "Instant of publishing, UTC.",
    ("control", "published", "base_currency"): "ISO 4217 currency of every amount_base column.",
    ("control", "published", "timezone"): "Time zone in which days begin and end.",
    ("control", "tables", None): "One row per served table.",
    ("control", "tables", "schema_name"): "Schema of the table.",
    ("control", "tables", "table_name"): "Name of the table.",
    ("control", "tables", "row_count"): "Number of rows.",
}


def carry_over(connection: duckdb.DuckDBPyConnection, tables: Iterable[tuple[str, str]]) -> None:
    """Write the comments of the working file's tables, and those of the forecast tables, into `served`."""
    known = {**_forecast_comments(), **_comments(connection)}
    wanted = set(tables)
    columns = _columns(connection)
    kept = {p: text for p, text in known.items() if p[:2] in wanted and (p[2] is None or p in columns)}
    write_comments(connection, kept, "served")


def write_comments(connection: duckdb.DuckDBPyConnection, comments: dict[Place, str], catalog: str) -> None:
    """Set the comments of tables and columns in one of the connection's databases."""
    for (schema, table, column), text in comments.items():
        name = f"{quoted(catalog)}.{quoted(schema)}.{quoted(table)}"
        place = f"column {name}.{quoted(column)}" if column else f"table {name}"
        literal = " ".join(text.split()).replace("'", "''")
        connection.execute(f"comment on {place} is '{literal}'")


def describe_manifest(connection: duckdb.DuckDBPyConnection) -> None:
    """Write the comments of `control.published` and `control.tables` into `served`."""
    write_comments(connection, MANIFEST, "served")


def _comments(connection: duckdb.DuckDBPyConnection) -> dict[Place, str]:
    rows = connection.execute(
        """
        select schema_name, table_name, cast(null as varchar) as column_name, comment
        from duckdb_tables()
        where database_name = current_database() and comment is not null
        union all
        select schema_name, table_name, column_name, comment
        from duckdb_columns()
        where database_name = current_database() and comment is not null
        """
    ).fetchall()
    return {(schema, table, column): comment for schema, table, column, comment in rows}


def _columns(connection: duckdb.DuckDBPyConnection) -> set[Place]:
    query = "select schema_name, table_name, column_name from duckdb_columns() where database_name = current_database()"
    return set(connection.execute(query).fetchall())


def _forecast_comments() -> dict[Place, str]:
    """`tables.yml`: `ledger`, columns that any forecast table may have, and `tables` with their own words."""
    declared: dict[str, Any] = yaml.safe_load(FORECAST_TABLES.read_text(encoding="utf-8"))
    comments: dict[Place, str] = {}
    for table, content in declared["tables"].items():
        comments["forecast", table, None] = content["description"]
        columns = {**declared["ledger"], **content["columns"]}
        comments |= {("forecast", table, column): text for column, text in columns.items()}
    return comments
