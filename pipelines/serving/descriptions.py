"""What every served table and column means, as comments inside the served file.

dbt writes the comments of its models into the working file; those of `forecast.*` stand in `forecasts/tables.yml`.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import yaml

from pipelines.home.kept import MADE_OF
from pipelines.home.settings import REPOSITORY
from pipelines.home.warehouse import literal, quoted

FORECAST_TABLES = REPOSITORY / "forecasts" / "tables.yml"
CommentKey = tuple[str, str, str | None]  # schema, table, column; None for the table itself

MANIFEST: dict[CommentKey, str] = {
    ("control", "published", None): "One row: the run whose tables this file holds.",
    ("control", "published", "run_id"): "Id of the run.",
    ("control", "published", "run_kind"): "live or revision.",
    ("control", "published", "as_of"): "Exports up to the end of this day are in.",
    ("control", "published", "known_at"): "Files that landed later were left out; empty if none were.",
    ("control", "published", "published_at"): "Instant of publishing, UTC.",
    ("control", "published", "base_currency"): "ISO 4217 currency of every amount_base column.",
    ("control", "published", "timezone"): "Time zone in which days begin and end.",
    ("control", "published", "started_at"): "Instant at which the run began, UTC.",
    ("control", "published", "reason"): "Why the run is a revision; empty for a live run.",
    ("control", "published", "policy"): "Hash over contracts, seeds, SQL, checks and forecast configuration.",
    ("control", "tables", None): "One row per name of a served table, old names of renamed tables included.",
    ("control", "tables", "schema_name"): "Schema of the table.",
    ("control", "tables", "table_name"): "Name of the table.",
    ("control", "tables", "row_count"): "Number of rows.",
    ("control", "tables", "renamed_to"): "New name as schema.table where the row is an old name; null for tables.",
    ("control", "relationships", None): "One row per column of a served table that holds the key of another one.",
    ("control", "relationships", "schema_name"): "Schema of the table that points.",
    ("control", "relationships", "table_name"): "Table that points: many rows to one.",
    ("control", "relationships", "column_name"): "Its column.",
    ("control", "relationships", "to_schema_name"): "Schema of the table pointed to.",
    ("control", "relationships", "to_table_name"): "Table pointed to: one row per key.",
    ("control", "relationships", "to_column_name"): "Its key.",
    (
        "control",
        "relationships",
        "unmatched_count",
    ): "Rows whose value the other table lacks: an inner join drops them.",
}


def carry_over(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[tuple[str, str]], more: Mapping[CommentKey, str]
) -> dict[CommentKey, str]:
    """Write the comments of the working file's tables, of the forecast tables and `more` into `served`.

    Returns what was written: the comments of tables and columns that `served` has.
    """
    comments = {**_forecast_comments(), **_comments(connection), **more}
    wanted, columns = set(tables), _columns(connection)
    kept = {key: text for key, text in comments.items() if key[:2] in wanted and (key[2] is None or key in columns)}
    write_comments(connection, kept, "served")
    return kept


def write_comments(
    connection: duckdb.DuckDBPyConnection, comments: Mapping[CommentKey, str | None], catalog: str, kind: str = "table"
) -> None:
    """Set the comments of tables and columns in one of the connection's databases; None: none. kind: table or view."""
    statements = []
    for (schema, table, column), text in comments.items():
        name = f"{quoted(catalog)}.{quoted(schema)}.{quoted(table)}"
        target = f"column {name}.{quoted(column)}" if column else f"{kind} {name}"
        statements.append(f"comment on {target} is {literal(' '.join(text.split())) if text else 'null'}")
    # In one transaction: thousands of commits take longer than all of these statements.
    connection.execute("; ".join(["begin", *statements, "commit"]))


def clear_comments(connection: duckdb.DuckDBPyConnection, catalog: str) -> None:
    """Take every comment of tables and columns away in one of the connection's databases."""
    rows = connection.execute(
        """
        select schema_name, table_name, cast(null as varchar) from duckdb_tables()
        where database_name = $catalog and comment is not null
        union all
        select schema_name, table_name, column_name from duckdb_columns()
        where database_name = $catalog and comment is not null
        """,
        {"catalog": catalog},
    ).fetchall()
    write_comments(connection, dict.fromkeys(rows), catalog)


def describe_manifest(connection: duckdb.DuckDBPyConnection) -> None:
    """Write the comments of `control.published` and `control.tables` into `served`."""
    write_comments(connection, MANIFEST, "served")


def _comments(connection: duckdb.DuckDBPyConnection) -> dict[CommentKey, str]:
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
    return {(schema, table, column): re.sub(MADE_OF, "", comment) for schema, table, column, comment in rows}


def _columns(connection: duckdb.DuckDBPyConnection) -> set[CommentKey]:
    query = "select schema_name, table_name, column_name from duckdb_columns() where database_name = 'served'"
    return set(connection.execute(query).fetchall())


def _forecast_comments() -> dict[CommentKey, str]:
    """`tables.yml`: `ledger`, columns that any forecast table may have, and `tables` with their own words."""
    declared: dict[str, Any] = yaml.safe_load(FORECAST_TABLES.read_text(encoding="utf-8"))
    comments: dict[CommentKey, str] = {}
    for table, content in declared["tables"].items():
        comments["forecast", table, None] = content["description"]
        columns = {**declared["ledger"], **content["columns"]}
        comments |= {("forecast", table, column): text for column, text in columns.items()}
    return comments
