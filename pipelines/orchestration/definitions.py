"""`build_defs(settings) -> Definitions`, and nothing else."""

from collections.abc import Callable
from datetime import date
from functools import partial

import dagster as dg

from pipelines import ingest
from pipelines.contracts import load_contracts
from pipelines.gates import gates
from pipelines.home import dbt
from pipelines.home.settings import Settings, load_settings
from pipelines.orchestration import inbox, versions
from pipelines.orchestration.assets import build_assets
from pipelines.orchestration.automation import (
    build_failure_sensor,
    build_job,
    build_late_sensor,
    build_schedules,
    build_sensor,
)
from pipelines.orchestration.checks import build_checks
from pipelines.orchestration.graph import Graph
from pipelines.orchestration.resources import HomeDbt, home_resource


def build_defs(
    settings: Settings, say: Callable[[str], None] | None = None, also: date | None = None
) -> dg.Definitions:
    """Everything Dagster needs to know of one home. `say` is told of progress; Dagster's log by default.

    also: a day that must be among the partitions, though the first export is younger.
    """
    project = dbt.prepare_project(settings)
    contracts = load_contracts(settings.sources)
    tables = partial(gates.gate_tables, settings)
    version = partial(versions.of_table, settings, contracts)
    graph = Graph.load(project, inbox.keys_by_object(contracts), tables, settings.company.owner, version)
    partitions = dg.DailyPartitionsDefinition(
        start_date=first_day(settings, also).isoformat(),
        timezone=settings.company.timezone,
        end_offset=1,
    )
    job = build_job(partitions)
    return dg.Definitions(
        assets=[*inbox.inbox_specs(settings, contracts), *build_assets(settings, graph, partitions)],
        asset_checks=build_checks(settings, graph),
        jobs=[job],
        schedules=build_schedules(settings, job),
        sensors=[build_sensor(settings, job), build_failure_sensor(settings, job), build_late_sensor(settings)],
        resources={
            "home": home_resource(settings, say),
            "dbt": HomeDbt(
                project_dir=str(project), profiles_dir=str(project), dbt_executable=str(dbt.executable(settings))
            ),
        },
        executor=dg.in_process_executor,
    )


def first_day(settings: Settings, also: date | None = None) -> date:
    """The first partition: the day of the first export that was ever loaded, `partitions_start` before there is one."""
    first, earliest = ingest.first_export(settings), settings.company.partitions_start
    if first is None:
        return earliest
    days = [settings.local_date(first), *([also] if also else [])]
    return max(earliest, min(days))


def defs() -> dg.Definitions:
    """The definitions of the home named by the environment: what `workspace.yaml` loads."""
    return build_defs(load_settings())
