"""In which years the dates of each file lie: a column of another calendar or century shows itself by its years."""

import duckdb
import polars as pl

from pipelines.contracts import canonical_objects
from pipelines.home import warehouse
from pipelines.home.settings import Settings

_SCHEMA = {"source_system": pl.String, "object": pl.String, "file_id": pl.String, "column_name": pl.String,
           "year": pl.Int64, "row_count": pl.Int64}  # fmt: skip


def record(settings: Settings) -> None:
    """Write `quality.dates`: one row per file, date column and year, with the number of its rows, up to `as_of`."""
    with warehouse.write(settings) as connection:
        raw = connection.execute("select table_name from duckdb_tables() where schema_name = 'raw'").fetchall()
        rows = [row for (table,) in sorted(raw) for row in _years(connection, table)]
        frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
        warehouse.replace_table(connection, "quality", "dates", frame)


def _years(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[object, ...]]:
    canonical = canonical_objects().get(table)
    held = {name for name, *_ in connection.execute(f"describe raw.{table}").fetchall()}
    columns = canonical.columns if canonical else {}
    dates = [name for name, column in columns.items() if column.type in ("date", "timestamp") and name in held]
    counts = " union all ".join(
        f"select source_system, '{table}', _file_id, '{name}', year({name}), count(*) from visible "
        f"where {name} is not null group by all"
        for name in dates
    )
    if not counts:
        return []
    visible = f"select rows.* from raw.{table} as rows, control.run as run where rows.exported_at < run.as_of_end_at"
    return connection.execute(f"with visible as ({visible}) {counts} order by all").fetchall()
