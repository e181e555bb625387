"""Served numbers have as many digits as mean something: .35 is served as .35, not as .35000000000000003.

Doubles are rounded to twelve significant digits in the copy that is served. The working file, from which later steps
compute, keeps what they were.
"""

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


def rounded(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> str:
    """The rows of a table of the working file as a query, its doubles by the macro `significant`."""
    doubles = connection.execute(
        """
        select column_name from duckdb_columns()
        where database_name = current_database() and schema_name = ? and table_name = ? and data_type = 'DOUBLE'
        order by column_index
        """,
        [schema, table],
    ).fetchall()
    replaced = ", ".join(f"significant({quoted(name)}) as {quoted(name)}" for (name,) in doubles)
    return f"select *{f' replace ({replaced})' if replaced else ''} from {quoted(schema)}.{quoted(table)}"
