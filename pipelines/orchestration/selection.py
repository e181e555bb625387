"""A run of some steps only: whose tables it goes on with, and why it cannot where it cannot.

It stands on what the working file holds, so it goes on under the id of that file's run, as long as the file is for the
same day and whole up to the first step that was chosen.
"""

from collections.abc import Mapping, Set
from datetime import date

import dagster as dg

from pipelines import reviews
from pipelines.errors import AlmanacError
from pipelines.home import progress, runs, state, warehouse
from pipelines.home.runs import Run
from pipelines.home.settings import Settings
from pipelines.ledger import ISSUED_OUTCOMES

PARTITION = "dagster/partition"


def chosen_steps(instance: dg.DagsterInstance, run: dg.DagsterRun) -> frozenset[str]:
    """The steps that a run will execute, by the names of `progress.STEPS`; gates and other steps as they are called."""
    steps = run.step_keys_to_execute
    if steps is None and run.execution_plan_snapshot_id:
        steps = instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id).step_keys_to_execute
    return frozenset(step.split("__")[0] for step in steps or progress.STEPS)


def partition_of(run: dg.DagsterRun) -> date | None:
    """The day that a run is for; none where checks alone were chosen."""
    day = run.tags.get(PARTITION)
    return date.fromisoformat(day) if day else None


def is_whole(steps: Set[str]) -> bool:
    """Whether a run makes every table anew."""
    return steps >= set(progress.STEPS)


def adopt(settings: Settings, run_id: str, day: date | None, steps: Set[str], tags: Mapping[str, str]) -> str:
    """The id under which the chosen steps go on: `run_id` where exports are read anew, else that of the working file.

    Forecasts that were published are never replaced: issuing them once more is a run of its own. tags: those of
    `runs.start`. Raises AlmanacError in one line where the working file cannot be gone on with.
    """
    chosen = [step for step in progress.STEPS if step in steps]
    _check_gaps(chosen)
    if chosen[:1] == ["ingest"]:
        return run_id
    run = _working_run(settings, day, chosen)
    reviews.load(settings, run)
    if "forecast" not in chosen or run.run_id not in issued(settings):
        return run.run_id
    again = runs.start(settings, run_id, run.as_of, **tags)
    warehouse.record_run(settings, again)
    reviews.load(settings, again)
    return run_id


def _check_gaps(chosen: list[str]) -> None:
    """A step in between would be left with the rows of before."""
    if not chosen:
        return
    first, last = progress.STEPS.index(chosen[0]), progress.STEPS.index(chosen[-1])
    between = [step for step in progress.STEPS[first : last + 1] if step not in chosen]
    if between:
        raise AlmanacError(
            f"{chosen[0]} and {chosen[-1]} were chosen without what lies between: choose {', '.join(between)} as well"
        )


def _working_run(settings: Settings, day: date | None, chosen: list[str]) -> Run:
    run = warehouse.current_run(settings)
    if day and run.as_of != day:
        raise AlmanacError(
            f"the working file holds {run.as_of}, not {day}: choose {run.as_of}, or all steps from ingest on"
        )
    if run.known_at:
        raise AlmanacError(
            f"the working file leaves out what landed after {run.known_at:%Y-%m-%d %H:%M}: choose ingest as well"
        )
    last = progress.last_made(settings)
    needed = progress.STEPS[progress.STEPS.index(chosen[0]) - 1] if chosen else ""
    if needed and not progress.is_made(settings, needed):
        missing = progress.STEPS[progress.STEPS.index(last) + 1 if last else 0 : progress.STEPS.index(chosen[0])]
        raise AlmanacError(
            f"the working file is whole up to {last or 'nothing'}: choose {', '.join(missing)} as well, "
            f"on which {chosen[0]} stands"
        )
    return run


def issued(settings: Settings) -> set[str]:
    """The runs whose forecasts count as issued."""
    log = state.read(settings, "runs")
    return set(log.filter(log["outcome"].is_in(ISSUED_OUTCOMES))["run_id"].to_list()) if log.height else set()
