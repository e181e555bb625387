"""What Dagster shows beside an asset: how many rows it has and, where people look, a small picture."""

import base64
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from pipelines.home import warehouse
from pipelines.home.settings import Settings

# One query per pictured table, of x and y. The last 36 points are drawn.
PICTURES = {
    ("marts", "revenue"): "select date_trunc('month', invoiced_on) as x, sum(amount_base) as y from {table} group by 1",
    ("marts", "series_history"): "select ds as x, y from {table} where unique_id = 'revenue|total||MS'",
    (
        "marts",
        "stage_history",
    ): "select date_trunc('month', entered_latest_on) as x, count(*) as y from {table} group by 1",
    ("forecast", "latest"): "select period_start as x, yhat as y from {table} where unique_id = 'revenue|total||MS'",
}


def table_metadata(
    settings: Settings, tables: Sequence[Sequence[str]], as_of: date | None, *, is_typed: bool = False
) -> dict[tuple[str, ...], dict[str, Any]]:
    """Row count and picture of each table, by (schema, name). is_typed: its columns too, where dbt does not tell."""
    with warehouse.read(settings) as connection:
        metadata: dict[tuple[str, ...], dict[str, Any]] = {}
        for schema, name in tables:
            table = f"{warehouse.quoted(schema)}.{warehouse.quoted(name)}"
            rows = connection.execute(f"select count(*) from {table}").fetchall()[0][0]
            metadata[schema, name] = {"dagster/row_count": rows, **({"as_of": str(as_of)} if as_of else {})}
            if is_typed:
                metadata[schema, name]["dagster/column_schema"] = _columns(connection, schema, name)
            if query := PICTURES.get((schema, name)):
                drawn = f"select * from ({query.format(table=table)}) where x is not null order by x"
                points = connection.execute(drawn).pl().tail(36)
                metadata[schema, name] |= _picture(points)
        return metadata


def _columns(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> dg.TableSchema:
    query = """
        select column_name, data_type, comment from duckdb_columns()
        where database_name = current_database() and schema_name = ? and table_name = ? order by column_index
    """
    rows = connection.execute(query, [schema, table]).fetchall()
    return dg.TableSchema([dg.TableColumn(name, kind.lower(), comment) for name, kind, comment in rows])


def with_metadata(
    settings: Settings,
    events: Iterable[Any],
    key_of: Callable[[str], dg.AssetKey],
    as_of: date,
    extra: Mapping[str, Mapping[str, Any]],
) -> Iterator[Any]:
    """dbt's events with row counts added; read only after dbt has closed the file.

    key_of: output name to asset. extra: more metadata for all tables of a schema.
    """
    events = list(events)
    made = {
        event.output_name: tuple(key_of(event.output_name).path) for event in events if isinstance(event, dg.Output)
    }
    described = table_metadata(settings, list(made.values()), as_of)
    for event in events:
        if isinstance(event, dg.Output):
            table = made[event.output_name]
            event = event.with_metadata({**event.metadata, **described[table], **extra.get(table[0], {})})
        yield event


def _picture(points: pl.DataFrame) -> Mapping[str, Any]:
    if points.height < 2:
        return {}
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 1.6), layout="constrained")
    axes = figure.subplots()
    axes.plot([str(x)[:10] for x in points["x"]], points["y"].cast(pl.Float64).to_list(), linewidth=1.5)
    axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(6))
    axes.tick_params(labelsize=6)
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=110)
    return {"picture": dg.MetadataValue.md(f"![](data:image/png;base64,{base64.b64encode(image.getvalue()).decode()})")}
