"""How many rows each mart had when it was last served: what the volume rules compare a run with."""

import duckdb
import polars as pl

from pipelines.home import state, warehouse
from pipelines.home.runs import Run
from pipelines.home.settings import Settings

SCHEMAS = ("raw", "marts")
_SERVED: dict[str, pl.DataType | type[pl.DataType]] = {
    "run_id": pl.String,
    "started_at": pl.Datetime("us"),
    "as_of": pl.Date,
    "schema_name": pl.String,
    "table_name": pl.String,
    "row_count": pl.Int64,
}


def remember(settings: Settings, run: Run, served: dict[tuple[str, str], int]) -> None:
    """Keep the row counts of a run that has just been served, by (schema, table)."""
    rows = [
        (run.run_id, run.started_at, run.as_of, schema, table, count)
        for (schema, table), count in sorted(served.items())
    ]
    state.append(settings, "volumes", run.run_id, pl.DataFrame(rows, schema=_SERVED, orient="row"))


def record(settings: Settings) -> None:
    """Write `quality.volumes`: one row per mart with its rows now and when it was last served, null for never."""
    with warehouse.write(settings) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where list_contains(?, schema_name) order by all",
            [list(SCHEMAS)],
        ).fetchall()
        counts = [(s, t, _count(connection, s, t)) for s, t in tables]
        warehouse.replace_table(connection, "quality", "volumes", _volumes(counts, _last(settings)))


def _last(settings: Settings) -> pl.DataFrame:
    served = state.read(settings, "volumes")
    if served.is_empty():
        return pl.DataFrame(schema=_SERVED).drop("started_at")
    return served.filter(pl.col("started_at") == pl.col("started_at").max()).drop("started_at")


def _volumes(counts: list[tuple[str, str, int]], last: pl.DataFrame) -> pl.DataFrame:
    now = pl.DataFrame(counts, schema={name: _SERVED[name] for name in list(_SERVED)[3:]}, orient="row")
    before = last.rename({"run_id": "previous_run_id", "as_of": "previous_as_of", "row_count": "previous_row_count"})
    return now.join(before, on=["schema_name", "table_name"], how="left")


def _count(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> int:
    name = f"{warehouse.quoted(schema)}.{warehouse.quoted(table)}"
    return int(connection.execute(f"select count(*) from {name}").fetchall()[0][0])
