"""What a step tells Dagster of the tables it has made, and which of them were asked for."""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from datetime import date
from typing import Any

import dagster as dg

from pipelines.home import grains
from pipelines.home.settings import Settings
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
    counted: Sequence[tuple[grains.Grain, int]], wanted: Set[dg.AssetCheckKey]
) -> Iterator[dg.AssetCheckResult]:
    """The grain tests of the chosen models of a step, each with the number of its offenders: one stops the run."""
    for grain, found in counted:
        if (key := check_key(grain)) in wanted:
            yield dg.AssetCheckResult(
                asset_key=key.asset_key, check_name=key.name, passed=found == 0, metadata={"offenders": found}
            )


def standing_checks(tables: Collection[dg.AssetKey], wanted: Set[dg.AssetCheckKey]) -> Iterator[dg.AssetCheckResult]:
    """The tests of tables that stand as they passed them: Dagster warns of a blocking check without a result."""
    for key in sorted(wanted):
        if key.asset_key in tables:
            yield dg.AssetCheckResult(
                asset_key=key.asset_key,
                check_name=key.name,
                passed=True,
                metadata={"tested": "when the table was loaded: nothing of it has changed since"},
            )


def check_key(grain: grains.Grain) -> dg.AssetCheckKey:
    """The key of the check that a grain test is in Dagster."""
    return dg.AssetCheckKey(dg.AssetKey([grain.schema, grain.table]), grain.test)
