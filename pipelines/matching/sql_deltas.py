"""SQL of an update: a model over the schema `delta` (new and changed rows only), and the difference of two tables."""

import re
from typing import Any

import duckdb

from pipelines.matching.models import model_sql, relation


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    return connection.execute(sql).fetchall()


def count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """The number of rows of a table."""
    return int(rows(connection, f"select count(*) from {table}")[0][0])


def delta_sql(name: str, *models: str) -> str:
    """The SQL of a model that reads the given models from the schema `delta`, not from their own."""
    return replace_with_deltas(model_sql(name), *models)


def replace_with_deltas(sql: str, *models: str) -> str:
    """The SQL with the relations of the given models replaced by those of the schema `delta`."""
    for model in models:
        sql = re.sub(rf"\b{re.escape(relation(model))}\b", f"delta.{model}", sql)
    return sql


def symmetric_difference(before: str, now: str) -> str:
    """A query for the rows that only one of two tables has."""
    return f"(from {before} except from {now}) union (from {now} except from {before})"
