"""What a step tells Dagster of the tables it has made, and which of them were asked for."""

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date
from typing import Any

import dagster as dg

from pipelines.home import warehouse
from pipelines.home.settings import Settings
from pipelines.orchestration.graph import Graph
from pipelines.orchestration.metadata import table_metadata


def results(
    context: dg.AssetExecutionContext,
    settings: Settings,
    keys: Sequence[dg.AssetKey],
    as_of: date | None = None,
    extra: Mapping[str, Mapping[str, Any]] | None = None,
) -> Iterator[dg.MaterializeResult]:
    """A result for each table that was chosen, with its row count, and a small picture where people look.

    A step makes all of its tables, whichever were chosen: the others are noted as made. extra: more metadata for all
    tables of a schema.
    """
    described = table_metadata(settings, [tuple(key.path) for key in keys], as_of, is_typed=True)
    chosen: Set[dg.AssetKey] = context.selected_asset_keys
    for key in keys:
        metadata = {**described[tuple(key.path)], **(extra or {}).get(key.path[0], {})}
        if key in chosen:
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)
        else:
            context.log_event(dg.AssetMaterialization(key, metadata=metadata, partition=context.partition_key))


def grain_checks(
    context: dg.AssetExecutionContext, settings: Settings, graph: Graph, models: Sequence[str]
) -> Iterator[dg.AssetCheckResult]:
    """The grain tests of models that dbt left out: two rows of one key stop the run as they would have there."""
    with warehouse.read(settings) as connection:
        for key, name, columns in graph.grains(models):
            if dg.AssetCheckKey(key, name) not in context.selected_asset_check_keys:
                continue
            table, listed = ".".join(key.path), ", ".join(columns)
            is_empty = " or ".join(f"{column} is null" for column in columns)
            offenders = f"select {listed} from {table} group by {listed} having count(*) > 1 or {is_empty}"
            found = connection.execute(f"select count(*) from ({offenders})").fetchall()[0][0]
            yield dg.AssetCheckResult(asset_key=key, check_name=name, passed=found == 0, metadata={"offenders": found})
