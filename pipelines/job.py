"""The steps in plain order, without Dagster: one step at a time, and rebuilding from landing and state.

`orchestration/assets.py` is the same flow as a graph; both call the same functions, so that neither can drift.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pipelines import ingest, inputs, keys, ledger, replay, resolve, reviews
from pipelines.contracts import load_contracts
from pipelines.decisions.take import take
from pipelines.errors import AlmanacError
from pipelines.gates import gates
from pipelines.home import dbt, grains, progress, runs, seeds, warehouse
from pipelines.home.runs import Run
from pipelines.home.settings import Settings, now
from pipelines.matching import nightly, overrides
from pipelines.serving import editions, publish, server, status

Say = Callable[[str], None]

# What each dbt step builds: Python and SQL alternate, so dbt runs three times: `dbt.host` pays its start once.
DBT_STEPS = {
    "staging_and_matching": "resource_type:seed tag:staging tag:matching",
    "marts": "tag:intermediate tag:marts",
    "outlook": "tag:outlook",
}
STEP_SCHEMAS = {
    "staging_and_matching": ("staging", "matching"),
    "marts": ("intermediate", "marts"),
    "outlook": ("outlook",),
}


def ingest_exports(settings: Settings, say: Say) -> ingest.IngestReport:
    """Take the decisions that have come back, then land and load what is new in the inbox."""

    def told(name: str, number: int, total: int) -> None:
        say(f"landing {number} of {total}: {name}")

    take_decisions(settings, say)
    check_readers(settings)
    progress.forget(settings)  # what was made stands on the rows of before
    return ingest.run(settings, load_contracts(settings.sources), landed_at=now(), progress=told)


def check_readers(settings: Settings) -> None:
    """Refuse a policy that does not say who sees what: at once, not after the work. Raises AlmanacError."""
    server.rights(settings)
    editions.editions(settings)


def take_decisions(settings: Settings, say: Say) -> None:
    """Write what filled-in review workbooks decide into the policy, and bring the dbt project up to date with it."""
    taken = take(settings, read_at=now())
    if taken:
        say(taken.sentence())
    if taken and taken.taken_count and (settings.warehouse / "dbt_project").is_dir():
        dbt.prepare_project(settings)


def show_known_at(settings: Settings, moment: datetime | None) -> None:
    """For a run that must not know what landed later, and back to all that has landed after it (None)."""
    ingest.show_known_at(settings, load_contracts(settings.sources), moment)


def build(settings: Settings, as_of: date, say: Say) -> Run:
    """Keys, customers, deals and marts for a day, in the working file. Stops at a gate that does not pass."""
    show_known_at(settings, None)
    started = now()
    run = runs.start(settings, f"build-{started:%Y%m%dT%H%M%S}", as_of)
    warehouse.record_run(settings, run)
    reviews.load(settings, run)
    with dbt.host():
        _build(settings, run, say)
    return run


def forecast(settings: Settings, say: Say) -> None:
    """Issue forecasts for the run in the working file, and the outlook on them."""
    run = warehouse.current_run(settings)
    with progress.making(settings, "forecast"):
        issue_forecasts(settings, run, say)
    _outlook(settings, run, say)


def issue_forecasts(settings: Settings, run: Run, say: Say) -> None:
    """The version of the run, and those of recent month ends that are missing; they share most of their fits.

    What two nights have in common is kept in the home: a past cutoff whose facts did not change is forecast once.
    """
    from forecasts.backtesting.memory import remembering

    with remembering(warehouse.kept_forecasts(settings)):
        ledger.issue_forecasts(settings, run, say)
        replay.issue_missing(settings, run, say)


def check_and_publish(settings: Settings, say: Say) -> None:
    """Every gate once more on the working file as it is, then the swap."""
    run = warehouse.current_run(settings)
    if not progress.is_made(settings, "outlook"):
        whole = progress.last_made(settings) or "nothing"
        raise AlmanacError(
            f"{settings.working_file}: whole up to {whole}: `almanac run` makes the rest and publishes it"
        )
    for gate in gates.GATES:
        _check(settings, run, gate, say)
    _publish(settings, run, say)


def rebuild(settings: Settings, say: Say) -> None:
    """The working file from landing and state alone, under the identity of the run that is served, and publish it.

    Forecasts are read back from the ledger: a rebuilt table holds the numbers that were issued, not new ones.
    """
    run = runs.served(settings)
    if run is None:
        raise AlmanacError(f"{settings.state}: no run was ever published: `almanac run` makes the first")
    warehouse.discard(settings)
    ingest.rebuild(settings, load_contracts(settings.sources))
    warehouse.record_run(settings, run)
    reviews.load(settings, run)
    with dbt.host():
        _build(settings, run, say)
        with progress.making(settings, "forecast"):
            ledger.load(settings, run)
        _outlook(settings, run, say)
    _publish(settings, run, say)


def _build(settings: Settings, run: Run, say: Say) -> None:
    project = dbt.prepare_project(settings)
    progress.back_to(settings, "ingest")
    _check(settings, run, "raw", say)
    say("keys")
    with progress.making(settings, "keys"):
        keys.build_keys(settings)
    left_out = left_to_update(settings, "staging_and_matching")
    with progress.making(settings, "staging_and_matching"):
        _dbt(settings, project, "staging_and_matching", say, left_out)
        say(match_records(settings, left_out).sentence())
    say("customers")
    with progress.making(settings, "resolve"):
        resolve.resolve_customers(settings, run)
    _check(settings, run, "clean", say)
    with progress.making(settings, "marts"):
        _dbt(settings, project, "marts", say)
    _check(settings, run, "marts", say)


def _outlook(settings: Settings, run: Run, say: Say) -> None:
    _check(settings, run, "forecast", say)
    with progress.making(settings, "outlook"):
        _dbt(settings, dbt.prepare_project(settings), "outlook", say)


def _publish(settings: Settings, run: Run, say: Say) -> None:
    if run.run_kind not in runs.SERVED_KINDS:
        raise AlmanacError(f"a {run.run_kind} run serves nothing: run a newer as_of")
    say("publishing")
    figures = {"policy": inputs.policy_fingerprint(settings)}
    with progress.making(settings, "published"):
        reviews.remember(settings, run)
        publish.publish(settings, run, policy=figures["policy"])
    status.write_status(settings, run.run_id, outcome="published", message="", figures=figures)


def build_models(settings: Settings, models: Sequence[str], options: Sequence[str] = ()) -> None:
    """Build these models and the tests of them, and nothing else; nothing at all for none."""
    if models:
        dbt.dbt(dbt.prepare_project(settings), *dbt.BUILD, *options, "--select", *models)


def left_to_update(settings: Settings, step: str, is_full: bool = False) -> Sequence[str]:
    """The models that dbt leaves out of a step, because `match_records` brings them up to date after it.

    Raises AlmanacError for an override row that no run could follow, before dbt reads it.
    """
    if step != "staging_and_matching":
        return ()
    overrides.validate_overrides(settings)
    return nightly.models_left_to_update(settings, is_full)


def match_records(settings: Settings, left_out: Sequence[str]) -> nightly.MatchingResult:
    """Update the matching tables, or keep what the next update needs where dbt built them; returns which, and why."""
    return nightly.update_matching(settings) if left_out else nightly.keep_for_updates(settings)


def without(models: Sequence[str], seeds_stand: bool) -> tuple[str, ...]:
    """dbt's arguments to leave models, and seeds that stand, out of a build, and tests of grains, made after it."""
    return (
        "--exclude",
        " ".join([grains.UNTESTED, *models, *([seeds.SELECTED] if seeds_stand else [])]),
    )  # one word: Dagster puts its own arguments between others


def _dbt(settings: Settings, project: "dbt.Path", step: str, say: Say, left_out: Sequence[str] = ()) -> None:
    say(f"dbt: {step}")
    nodes = json.loads((project / "target" / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    with seeds.loading(settings, step, nodes) as seeds_stand:
        dbt.dbt(project, *dbt.BUILD, "--select", *DBT_STEPS[step].split(), *without(left_out, seeds_stand))
    _stop_for_grain(settings, nodes, step)


def stop_for_grain(counted: Sequence[tuple[grains.Grain, int]]) -> None:
    """Raise AlmanacError at the first table that has several rows of one key."""
    for grain, found in counted:
        if found:
            keys = ", ".join(grain.columns)
            raise AlmanacError(f"{grain.schema}.{grain.table}: {found} keys ({keys}) are empty or on several rows")


def _stop_for_grain(settings: Settings, nodes: Mapping[str, Any], step: str) -> None:
    with warehouse.read(settings) as connection:
        stop_for_grain(grains.counted(connection, nodes, STEP_SCHEMAS[step]))


def _check(settings: Settings, run: Run, gate: str, say: Say) -> None:
    report = gates.run_gate(settings, run, gate)
    say(report.summary)
    if not report.passed:
        status.write_status(settings, run.run_id, outcome="blocked", message=report.summary)
        raise AlmanacError(f"{report.summary}: nothing was published")
