"""How far the run of the working file has come: one row that names the last step whose tables are whole.

A step that begins makes everything after it stale, so a run that starts in the middle knows what it may stand on.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from pipelines.errors import AlmanacError
from pipelines.home import state, warehouse
from pipelines.home.settings import Settings

STEPS = ("ingest", "keys", "staging_and_matching", "resolve", "marts", "forecast", "outlook", "published")


def last_made(settings: Settings) -> str:
    """The last of STEPS that is made, with all before it; empty where the first was not, or nothing is known.

    A working file of before this was noted is whole where its run was published.
    """
    with warehouse.read(settings) as connection:
        tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'control'").fetchall()
        if ("progress",) in tables:
            return connection.execute("select step from control.progress").fetchall()[0][0]
    log = state.read(settings, "runs")
    if ("run",) not in tables or log.is_empty():
        return ""
    run_id = warehouse.current_run(settings).run_id
    return "" if log.filter(run_id=run_id, outcome="published").is_empty() else STEPS[-1]


def is_made(settings: Settings, step: str) -> bool:
    """Whether the step, and all before it, are whole."""
    last = last_made(settings)
    return bool(last) and STEPS.index(last) >= STEPS.index(step)


def back_to(settings: Settings, step: str) -> None:
    """Let `step` be the last that is made; empty for none."""
    with warehouse.write(settings) as connection:
        warehouse.replace_table(connection, "control", "progress", pl.DataFrame({"step": [step]}))


def forget(settings: Settings) -> None:
    """Let nothing be made any more; nothing is written where nothing was, as on a full disk before the first run."""
    if settings.working_file.exists() and last_made(settings):
        back_to(settings, "")


def undo(settings: Settings, step: str) -> None:
    """Let a step, and all after it, be made no more."""
    back_to(settings, STEPS[STEPS.index(step) - 1] if step != STEPS[0] else "")


@contextmanager
def making(settings: Settings, step: str) -> Iterator[bool]:
    """Note that a step is made when it ends well; until then it and all after it are not. Yields whether it was.

    Raises AlmanacError where the step before it is not whole: what stands on it would be served all the same.
    """
    with warehouse.opened(settings):
        was_made = is_made(settings, step)
        if step != STEPS[0] and not is_made(settings, before := STEPS[STEPS.index(step) - 1]):
            whole = last_made(settings) or "nothing"
            raise AlmanacError(
                f"{settings.working_file}: whole up to {whole}: {step} needs {before}: `almanac run` makes all"
            )
        undo(settings, step)
    yield was_made
    back_to(settings, step)
