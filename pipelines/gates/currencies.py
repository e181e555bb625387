"""Which currency the amounts of each system and object are in, and what was taken for the company's."""

from typing import Any

import duckdb
import polars as pl

from pipelines.contracts import canonical_objects
from pipelines.contracts.money import HEAD_OF, money_columns
from pipelines.home import warehouse
from pipelines.home.settings import Settings

# Header and lines are joined by the document's id.
DOCUMENT = {"order_lines": "order_id", "invoice_lines": "invoice_id", "opportunity_lines": "opportunity_id"}
_SCHEMA = {"source_system": pl.String, "object": pl.String, "currency": pl.String, "taken_for": pl.String,
           "row_count": pl.Int64}  # fmt: skip


def record(settings: Settings) -> None:
    """Write `quality.currencies`: one row per system, object and currency of rows with an amount, up to `as_of`.

    `currency` is null where neither row nor document states one; `taken_for` is what such amounts count as.
    """
    with warehouse.write(settings) as connection:
        rows = [row for name in canonical_objects() for row in _counts(connection, name)]
        frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
        warehouse.replace_table(connection, "quality", "currencies", frame)


def _counts(connection: duckdb.DuckDBPyConnection, name: str) -> list[tuple[Any, ...]]:
    money = money_columns(canonical_objects()[name])
    raw = connection.execute("select table_name from duckdb_tables() where schema_name = 'raw'").fetchall()
    tables = {table for (table,) in raw}
    if not money or name not in tables:
        return []
    amounts = " or ".join(f"coalesce(rows.{column}, 0) <> 0" for column in money)
    currency, joined = "rows.currency", ""
    if (head := HEAD_OF.get(name)) in tables:
        document = DOCUMENT[name]
        currency = "coalesce(rows.currency, heads.currency)"
        joined = (
            f"left join (select source_system, {document}, any_value(currency) as currency from raw.{head} "
            f"group by all) as heads on rows.source_system = heads.source_system and rows.{document} = heads.{document}"
        )
    query = f"""
        select rows.source_system, '{name}', {currency} as stated, coalesce(stated, run.base_currency), count(*)
        from raw.{name} as rows cross join control.run as run {joined}
        where ({amounts}) and rows.exported_at < run.as_of_end_at
        group by all order by all
    """
    return connection.execute(query).fetchall()
