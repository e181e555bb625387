"""Served names that changed: the old name of a table or column is served beside the new one for one version.

An old table is a view, and a Parquet file that shares its bytes with the new one; an old column is a copy of the new
one, last in its table. Whoever raises the version removes the entries that go with it, and a test reminds of it.
"""

import os
import shutil
from collections.abc import Collection
from pathlib import Path

import duckdb

from pipelines.home.warehouse import quoted
from pipelines.serving import descriptions

GOES_WITH = "0.3"  # the version that no longer serves the old names below

# (schema, old table) -> new table of the same schema
RENAMED_TABLES = {
    ("outlook", "deals_as_seen"): "deal_snapshots_at_cutoff",
    ("outlook", "deviation_bridge"): "variance_bridge",
    ("outlook", "deviation_deals"): "variance_deals",
    ("outlook", "deviation_effects"): "variance_effects",
    ("outlook", "deviation_sales"): "variance_sales",
    ("outlook", "member_forecasts"): "allocated_forecasts",
    ("outlook", "new_deal_chances"): "new_deal_win_rates",
}

# (schema, new table) -> {old column: new column}
RENAMED_COLUMNS = {
    ("marts", "customer_360"): {"receipts_12m": "receipts_gross_12m", "receipts_total": "receipts_gross_total"},
    ("outlook", "forecast_accuracy"): {"period_count": "forecast_count"},
    ("outlook", "forecast_vs_actual"): {"deviation_share": "relative_deviation"},
    ("outlook", "new_deal_win_rates"): {"judged_deals": "eligible_count", "won_in_time": "won_in_time_count"},
    ("outlook", "submitted_forecasts"): {"is_judged": "is_scored"},
    ("outlook", "target_gap"): {"create_by": "latest_creation_on"},
    ("outlook", "variance_bridge"): {"effect_share": "relative_effect"},
}

Table = tuple[str, str]
Comments = dict[descriptions.CommentKey, str]


def with_old_columns(table: Table, columns: Collection[str]) -> str:
    """The select list that adds the old names of the table's renamed columns to all that it has."""
    renames = RENAMED_COLUMNS.get(table, {}).items()
    return ", ".join(["*", *(f"{quoted(new)} as {quoted(old)}" for old, new in renames if new in columns)])


def old_tables(tables: Collection[Table]) -> dict[Table, Table]:
    """Old name -> new name of the renamed tables that are among those served."""
    names = {old: (old[0], new) for old, new in RENAMED_TABLES.items()}
    return {old: new for old, new in names.items() if new in tables}


def old_column_comments() -> Comments:
    """What the comment of each old column says."""
    renames = [(table, *names) for table, columns in RENAMED_COLUMNS.items() for names in columns.items()]
    return {(*table, old): _notice(new) for table, old, new in renames}


def create_old_views(connection: duckdb.DuckDBPyConnection, tables: Collection[Table], comments: Comments) -> None:
    """Create the views of old table names in the attached database `served`. comments: those of the new tables."""
    for (schema, old), (_, new) in old_tables(tables).items():
        # without the catalog: the file must answer under whatever name it is attached
        connection.execute(f"create view served.{quoted(schema)}.{quoted(old)} as from {quoted(schema)}.{quoted(new)}")
        own = {(schema, old, key[2]): text for key, text in comments.items() if key[:2] == (schema, new)}
        view: Comments = {(schema, old, None): _notice(f"{schema}.{new}")}
        descriptions.write_comments(connection, own | view, "served", kind="view")


def link_old_parquet(folder: Path, tables: Collection[Table]) -> None:
    """Give the file of each renamed table its old name too: a hard link, or a copy where the disk has no links."""
    for old, new in old_tables(tables).items():
        source, target = (folder / schema / f"{table}.parquet" for schema, table in (new, old))
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)


def _notice(new: str) -> str:
    return f"Renamed to {new}; this name goes with version {GOES_WITH}."
