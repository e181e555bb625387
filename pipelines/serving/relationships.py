"""`control.relationships`: how served tables join, for BI tools that draw their joins from a table."""

from collections.abc import Collection, Iterator

import duckdb
import polars as pl

from pipelines.home.warehouse import quoted
from pipelines.postgres.tables import REFERENCES

Table = tuple[str, str]
COLUMNS = dict.fromkeys(("schema_name", "table_name", "column_name"), pl.String)
COLUMNS |= dict.fromkeys(("to_schema_name", "to_table_name", "to_column_name"), pl.String)


def relationships(connection: duckdb.DuckDBPyConnection, tables: Collection[Table]) -> pl.DataFrame:
    """One row per column that points to the key of another served table; tables are looked up in `served`.

    unmatched_count: rows whose value the other table does not have: an inner join drops them. A column that is no key
    of its table in this run (a value twice) is pointed to by nobody.
    """
    kinds = {**COLUMNS, "unmatched_count": pl.Int64}
    return pl.DataFrame(list(_rows(connection, tables)), schema=kinds, orient="row")


def _rows(connection: duckdb.DuckDBPyConnection, tables: Collection[Table]) -> Iterator[tuple[str | int, ...]]:
    query = "select schema_name, table_name from duckdb_columns() where database_name = 'served' and column_name = ?"
    for column, target in REFERENCES.items():
        if target not in tables or not _is_key(connection, target, column):
            continue
        for name in sorted(set(connection.execute(query, [column]).fetchall()) & set(tables) - {target}):
            yield (*name, column, *target, column, _unmatched(connection, name, target, column))


def _is_key(connection: duckdb.DuckDBPyConnection, table: Table, column: str) -> bool:
    rows = connection.execute(f"select count(*) = count(distinct {quoted(column)}) from {_name(table)}").fetchall()
    return bool(rows[0][0])


def _unmatched(connection: duckdb.DuckDBPyConnection, table: Table, target: Table, column: str) -> int:
    query = (
        f"select count(*) from {_name(table)} as here anti join {_name(target)} as there using ({quoted(column)})"
        f" where here.{quoted(column)} is not null"
    )
    return int(connection.execute(query).fetchall()[0][0])


def _name(table: Table) -> str:
    return f"served.{quoted(table[0])}.{quoted(table[1])}"
