"""What has arrived: one asset per kind of file that a source system exports, its newest file, how old it may be.

No run makes these assets. A run that has read a newer file notes it, so that Dagster's freshness counts from there.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import dagster as dg
import polars as pl

from pipelines.contracts import ObjectContract, SourceContract
from pipelines.home import state
from pipelines.home.settings import Settings

NEWEST = "newest_file"


def inbox_specs(settings: Settings, contracts: Mapping[str, SourceContract]) -> list[dg.AssetSpec]:
    """One external asset per system and kind of file: late after one cadence, stale after two, as for the gates."""
    return [
        _spec(contract, item, contract.owner or settings.company.owner)
        for contract in contracts.values()
        for item in contract.objects
    ]


def _spec(contract: SourceContract, item: ObjectContract, owner: str) -> dg.AssetSpec:
    cadence = timedelta(days=contract.cadence_of(item))
    return dg.AssetSpec(
        inbox_key(contract, item),
        group_name="inbox",
        description=f"Exports of {contract.title} that become `raw.{item.object}`.",
        kinds={"file"},
        owners=[owner],
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=2 * cadence, warn_window=cadence),
        metadata={"files": ", ".join(item.files), "cadence_days": cadence.days, "extract": item.extract},
    )


def keys_by_object(contracts: Mapping[str, SourceContract]) -> dict[str, list[dg.AssetKey]]:
    """Canonical object to the assets of the exports that become it."""
    found: dict[str, list[dg.AssetKey]] = {}
    for contract in contracts.values():
        for item in contract.objects:
            found.setdefault(item.object, []).append(inbox_key(contract, item))
    return found


def inbox_key(contract: SourceContract, item: ObjectContract) -> dg.AssetKey:
    """The asset of one kind of file."""
    return dg.AssetKey(["inbox", contract.system, item.name])


def observe(context: dg.AssetExecutionContext, settings: Settings, contracts: Mapping[str, SourceContract]) -> None:
    """Note the newest file that landing has of each kind: as observed, and as arrived where it is a newer one."""
    newest = newest_files(settings)
    for contract in contracts.values():
        for item in contract.objects:
            key, file = inbox_key(contract, item), newest.get((contract.system, item.name))
            if file is None:
                continue
            context.log_event(dg.AssetObservation(key, metadata=file))
            last = context.instance.get_latest_materialization_event(key)
            known = last.asset_materialization.metadata.get(NEWEST) if last and last.asset_materialization else None
            if known is None or known.value != file[NEWEST]:
                context.log_event(dg.AssetMaterialization(key, metadata=file))


def newest_files(settings: Settings) -> dict[tuple[str, str], dict[str, Any]]:
    """(system, kind of file) to what is shown of its newest loaded file: path, day, rows, and the files ever loaded."""
    files = state.read(settings, "files")
    if files.is_empty():
        return {}
    newest = (
        files.filter(status="loaded")
        .sort("exported_at", "landed_at", nulls_last=False)
        .group_by("source_system", "contract")
        .agg(pl.all().last(), count=pl.len())
    )
    return {
        (row["source_system"], row["contract"]): {
            NEWEST: row["path"],
            "exported_at": f"{row['exported_at']:%Y-%m-%d %H:%M}" if row["exported_at"] else "unknown",
            "landed_at": f"{row['landed_at']:%Y-%m-%d %H:%M}",
            "dagster/row_count": row["rows_loaded"],
            "refused_rows": row["rows_quarantined"],
            "files": row["count"],
        }
        for row in newest.to_dicts()
    }
