"""Running the whole job through Dagster from a command: the same assets, checks and lock as in the UI."""

import os
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stdout
from datetime import date
from importlib import import_module
from pathlib import Path

from pipelines import ledger
from pipelines.errors import AlmanacError
from pipelines.home import dbt, warehouse
from pipelines.home.settings import Settings, now

QUIET_LOGGER = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def environment(settings: Settings) -> dict[str, str]:
    """What a process needs to know to find this home and Dagster's storage in it."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(__file__).with_name("dagster.yaml"), settings.dagster_home / "dagster.yaml")
    known = {"HOME": settings.home, "INBOX": settings.inbox, "SOURCES": settings.sources, "CONFIG": settings.config}
    names = {f"ALMANAC_{name}": str(path) for name, path in known.items() if path}
    return {**names, "DAGSTER_HOME": str(settings.dagster_home), "GX_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}


@contextmanager
def _environment(settings: Settings) -> Iterator[None]:
    """The environment of this home while the job runs, and the one before it afterwards: a process may run several."""
    before = dict(os.environ)
    os.environ.update(environment(settings))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _prepare(settings: Settings) -> None:
    """Import what every run needs while dbt, in a process of its own, parses a project that has changed."""
    warnings.filterwarnings("ignore", module="dagster")
    with ThreadPoolExecutor(max_workers=1) as pool:
        parsed = pool.submit(dbt.prepare_project, settings)
        for name in ("pipelines.orchestration.definitions", "great_expectations"):
            import_module(name)
        parsed.result()


def run_job(settings: Settings, as_of: date, tags: Mapping[str, str], say: Callable[[str], None]) -> bool:
    """The whole job for one `as_of`; true if every step and every blocking check passed."""
    with warehouse.run_lock(settings, owner="a run that starts"):
        pass  # fail here, in a second, rather than after everything has been loaded
    ledger.plan_of(settings)  # a word that nobody knows is refused now, not when everything has been built
    today = settings.local_date(now())
    if not settings.company.partitions_start <= as_of <= today:
        first = settings.company.partitions_start
        raise AlmanacError(f"as of {as_of}: a run is for a day from {first} (partitions_start) to today, {today}")
    say("starting")
    # dbt and Dagster talk to stdout at length; people get `say` and, if they want it, the log.
    with _environment(settings), dbt.host(), (settings.warehouse / "run.log").open("a", encoding="utf-8") as log:
        _prepare(settings)
        import dagster as dg

        from pipelines.orchestration.automation import JOB
        from pipelines.orchestration.definitions import build_defs

        job = build_defs(settings, say, also=as_of).resolve_job_def(JOB)
        with dg.DagsterInstance.get() as instance, redirect_stdout(log):
            result = job.execute_in_process(
                run_config=QUIET_LOGGER,
                instance=instance,
                partition_key=as_of.isoformat(),
                tags={f"almanac/{name}": value for name, value in tags.items() if value},
                raise_on_error=False,
            )
    return result.success
