"""What runs leave behind, bounded: dbt's target folders, logs, and Dagster's records of finished runs."""

import contextlib
import shutil
from pathlib import Path

import dagster as dg

from pipelines.home.settings import Settings

KEPT_RUNS = 60  # two months of nights: further back, the log of runs in state and the quality history tell more
LOG_BYTES = 5 * 1024 * 1024
FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def bound(settings: Settings, instance: dg.DagsterInstance | None, kept_runs: int = KEPT_RUNS) -> None:
    """Remove what is older than the last runs. Only for who owns the home; a folder that cannot be removed waits."""
    project = settings.warehouse / "dbt_project" / "target"
    _merge_targets(project)
    _shorten(settings.warehouse / "run.log")
    _shorten(settings.warehouse / "dbt_project" / "logs" / "dbt.log")
    if instance:
        _forget_runs(settings, instance, kept_runs)


def _merge_targets(target: Path) -> None:
    """Keep the compiled SQL of each step's newest folder, in one place, and drop the folders.

    Matching is brought up to date with the compiled SQL of the last build, however long ago that was.
    """
    folders = [path for path in target.glob("*-*") if path.is_dir() and (path / "compiled").exists()]
    for folder in sorted(folders, key=lambda path: path.stat().st_mtime_ns):
        shutil.copytree(folder / "compiled", target / "compiled", dirs_exist_ok=True)  # with the times of the files
    for folder in target.glob("*-*"):
        if folder.is_dir():
            shutil.rmtree(folder, ignore_errors=True)


def _shorten(log: Path) -> None:
    """Keep the end of a log that has become too long."""
    if not log.is_file() or log.stat().st_size <= 2 * LOG_BYTES:
        return
    with log.open("rb+") as stream:
        stream.seek(-LOG_BYTES, 2)
        end = stream.read()
        stream.seek(0)
        stream.write(end[end.find(b"\n") + 1 :])
        stream.truncate()


def _forget_runs(settings: Settings, instance: dg.DagsterInstance, kept_runs: int) -> None:
    """Delete Dagster's records of all finished runs but the last ones, with their files, which Dagster leaves."""
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=FINISHED))[kept_runs:]:
        instance.delete_run(run.run_id)
        for path in (settings.dagster_home / "history" / "runs").glob(f"{run.run_id}.db*"):
            path.unlink()
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(settings.dagster_home / "storage" / run.run_id)
