"""Small tools of the update: SQL of a model over touched rows, and what differs between two tables."""

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


def touched(name: str, *models: str) -> str:
    """The SQL of a model that reads the touched rows of some models in place of all."""
    return on_touched(model_sql(name), *models)


def on_touched(sql: str, *models: str) -> str:
    """SQL with the touched rows of some models in place of all."""
    for model in models:
        sql = re.sub(rf"\b{re.escape(relation(model))}\b", f"touched.{model}", sql)
    return sql


def either(before: str, now: str) -> str:
    """Rows that stand in only one of two tables."""
    return f"(from {before} except from {now}) union (from {now} except from {before})"
