"""Served numbers have as many digits as mean something: .35 is served as .35, not as .35000000000000003.

Doubles are rounded to twelve significant digits in the copy that is served. The working file, from which later steps
compute, keeps what they were.
"""

from collections.abc import Sequence

import duckdb

from pipelines.home.warehouse import quoted

SIGNIFICANT = 12
HUNDREDTHS = 2  # large amounts keep theirs, whatever number of digits that is


def create_rounding(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the temporary macro `significant(value)`: a double rounded to that many digits; no number stays none."""
    connection.execute(
        f"""
        create or replace temp macro significant(value) as if(
            value = 0 or not isfinite(value),
            value,
            round(value, greatest({HUNDREDTHS}, {SIGNIFICANT - 1} - cast(floor(log10(abs(value))) as int)))
        )
        """
    )


def doubles(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], list[str]]:
    """The columns of doubles of every (schema, table) of the working file that has any."""
    rows = connection.execute(
        """
        select schema_name, table_name, list(column_name order by column_index)
        from duckdb_columns()
        where database_name = current_database() and data_type = 'DOUBLE'
        group by all
        """
    ).fetchall()
    return {(schema, table): columns for schema, table, columns in rows}


def rounded(table: str, columns: Sequence[str]) -> str:
    """The rows of a table as a query, these columns by the macro `significant`. table: its quoted name."""
    replaced = ", ".join(f"significant({quoted(name)}) as {quoted(name)}" for name in columns)
    return f"select *{f' replace ({replaced})' if replaced else ''} from {table}"
