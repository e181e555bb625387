"""The home a Dagster run owns: locked for the whole run, its outcome written down when the run ends."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource
from dagster_dbt.compat import DBT_PYTHON_VERSION

from pipelines import inputs, job
from pipelines.home import dbt, warehouse
from pipelines.home.settings import Settings
from pipelines.messages import Notice, notify_of_run
from pipelines.orchestration import retention
from pipelines.serving import recovery, status


@dataclass
class Home:
    """What the steps of one run share. Everything else they meet in tables.

    outcome: published, backfilled or blocked as soon as it is known; failed until then. faults: exports that this
    machine could not read. ties: which of several downloads of one day counts.
    """

    settings: Settings
    run_id: str
    say: Callable[[str], None]
    outcome: str = "failed"
    messages: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    ties: list[str] = field(default_factory=list)


class HomeDbt(DbtCliResource):
    """dbt from the environment this process runs in.

    The parent starts `dbt --version` and opens the file through dbt's adapter before every step, for the row counts of
    `fetch_row_counts`. Row counts come from metadata.py here, and the two took four of a step's seconds.
    """

    @cached_property
    def _cli_version(self) -> Any:
        return DBT_PYTHON_VERSION

    def _initialize_dbt_core_adapter(self, args: Any) -> Any:
        return None


def home_resource(settings: Settings, say: Callable[[str], None] | None) -> dg.ResourceDefinition:
    """A resource that holds the run lock while it lives. It needs the in-process executor: one process, one lock."""

    @dg.resource(description="The home this run owns: locked from the first step to the last.")
    def home(context: dg.InitResourceContext) -> Iterator[Home]:
        if context.run is None:
            raise dg.DagsterInvariantViolationError("a home is owned by a run")
        run_id = kept_run_id(context.run)
        with warehouse.run_lock(settings, owner=f"run {run_id}"), dbt.host():
            opened = Home(settings, run_id, say or _log(context))
            recovery.recover_quietly(settings, opened.say)
            yield opened
            if context.run.tags.get("almanac/known_at"):
                job.show_known_at(settings, None)
            messages = opened.messages or _failures(context)
            figures = {"policy": inputs.policy_fingerprint(settings), "faults": opened.faults, "ties": opened.ties}
            status.write_status(settings, run_id, outcome=opened.outcome, message="; ".join(messages), figures=figures)
            with contextlib.suppress(OSError):  # what cannot be removed today is removed after the next run
                retention.bound(settings, context.instance)
        if opened.outcome != "backfilled":  # without the lock: a slow channel holds no other run up
            _tell(opened.say, notify_of_run(settings))

    return home


def _tell(say: Callable[[str], None], notices: Sequence[Notice]) -> None:
    for notice in notices:
        say(f"message to {notice.channel}: {notice.outcome}" if notice.channel else f"messages: {notice.outcome}")


def _log(context: dg.InitResourceContext) -> Callable[[str], None]:
    if context.log is None:
        raise dg.DagsterInvariantViolationError("a run has a log")
    return context.log.info


def kept_run_id(run: dg.DagsterRun) -> str:
    """The id under which rows are kept: a re-execution of some steps goes on under the id of the run it repeats.

    A re-execution of all steps is a run of its own: it must not replace forecasts that were issued before.
    """
    goes_on = bool(run.step_keys_to_execute)
    return (run.root_run_id if goes_on else None) or run.run_id


def _failures(context: dg.InitResourceContext) -> list[str]:
    """The innermost error of every failed step: one line each."""
    instance, run_id = context.instance, context.run_id
    if instance is None or run_id is None:
        return []
    records = instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    return [_innermost(record.dagster_event) for record in records if record.dagster_event]


def _innermost(event: dg.DagsterEvent) -> str:
    error = event.step_failure_data.error
    while error and error.cause:
        error = error.cause
    return f"{event.step_key}: {error.message.strip() if error else 'no reason given'}"
