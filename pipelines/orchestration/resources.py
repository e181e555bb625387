"""The home a Dagster run owns: locked for the whole run, its outcome written down when the run ends."""

import contextlib
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource
from dagster_dbt.compat import DBT_PYTHON_VERSION

from pipelines import inputs, job
from pipelines.errors import AlmanacError
from pipelines.gates import gates
from pipelines.home import dbt, growth, progress, warehouse
from pipelines.home.settings import Settings
from pipelines.messages import Notice, notify_of_run
from pipelines.orchestration import retention, selection
from pipelines.serving import recovery, status


@dataclass
class Home:
    """What the steps of one run share. Everything else they meet in tables.

    outcome: published, backfilled or blocked as soon as it is known; failed until then. faults: exports that this
    machine could not read. ties: which of several downloads of one day counts. held: gates that this run has held, and
    whether each passed.
    """

    settings: Settings
    run_id: str
    say: Callable[[str], None]
    outcome: str = "failed"
    messages: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    ties: list[str] = field(default_factory=list)
    held: dict[str, bool] = field(default_factory=dict)

    def hold(self, gate: str) -> gates.GateReport:
        """Hold a gate on the working file as it is; a run that does not pass it is blocked."""
        self.say(f"gate: {gate}")
        report = gates.run_gate(self.settings, warehouse.current_run(self.settings, self.run_id), gate)
        self.say(report.summary)
        self.held[gate] = report.passed
        if not report.passed:
            self.outcome = "blocked"
            self.messages.append(report.summary)
        return report

    def require(self, *names: str) -> None:
        """Hold these gates where this run has not: no choice of steps leads around one. Raises AlmanacError."""
        for gate in names:
            if gate not in self.held:
                self.hold(gate)
            if not self.held[gate]:
                raise AlmanacError(f"the {gate} gate does not let this step begin: {'; '.join(self.messages)}")


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
        with warehouse.run_lock(settings, owner=f"run {kept_run_id(context.run)}"), dbt.host():
            opened = Home(settings, "", say or _log(context))
            recovery.recover_quietly(settings, opened.say)
            steps = _chosen(context)
            opened.run_id = _run_id(settings, context.run, steps)
            yield opened
            if context.run.tags.get("almanac/known_at"):
                job.show_known_at(settings, None)
            is_told = _record(opened, steps, _failures(context))
            with contextlib.suppress(OSError):  # what cannot be removed today is removed after the next run
                retention.bound(settings, context.instance)
        if is_told:  # without the lock: a slow channel holds no other run up
            _tell(opened.say, notify_of_run(settings))

    return home


def _chosen(context: dg.InitResourceContext) -> frozenset[str]:
    if context.instance is None or context.run is None:
        return frozenset(progress.STEPS)
    return selection.chosen_steps(context.instance, context.run)


def _run_id(settings: Settings, run: dg.DagsterRun, steps: Set[str]) -> str:
    """The id under which the run's rows are kept; a choice of steps that cannot be made fails here, before any step."""
    day, tags, kept = selection.partition_of(run), run_tags(run), kept_run_id(run)
    if kept in selection.issued(settings) and steps & {"ingest", "forecast"}:
        kept = run.run_id  # what a run has issued stays as it was: this one issues forecasts of its own
    try:
        return selection.adopt(settings, kept, day, steps, tags)
    except AlmanacError as error:
        raise dg.Failure(str(error), allow_retries=False) from error


def run_tags(run: dg.DagsterRun) -> dict[str, str]:
    """What a person may add to a run: `almanac/known_at`, `almanac/kind`, `almanac/reason`."""
    prefix = "almanac/"
    tags = {tag.removeprefix(prefix): value for tag, value in run.tags.items() if tag.startswith(prefix)}
    return {name: value for name, value in tags.items() if name in ("known_at", "kind", "reason")}


def _record(home: Home, steps: Set[str], failures: Sequence[str]) -> bool:
    """Write down how the run ended; whether it is to be told.

    Some steps that ended well, and checks alone, are no run that served, failed or was blocked: only what the status
    file shows of the working file is brought up to date.
    """
    messages, settings = home.messages or failures, home.settings
    is_part = not messages and not selection.is_whole(steps) and home.outcome == "failed"
    if is_part or not steps & set(progress.STEPS):
        status.write_again(settings)
        return False
    figures: dict[str, Any] = {"policy": inputs.policy_fingerprint(settings), "faults": home.faults, "ties": home.ties}
    figures["bytes"] = growth.sizes(settings)
    status.write_status(settings, home.run_id, outcome=home.outcome, message="; ".join(messages), figures=figures)
    return home.outcome != "backfilled"


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
