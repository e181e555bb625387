"""The review pack of a run beside its tables: written aside before the swap, or anew for what is served already."""

from pathlib import Path

from pipelines.errors import AlmanacError
from pipelines.home import state
from pipelines.home.settings import Settings
from pipelines.report import write_pack
from pipelines.serving import places, status_tables


def write_aside(settings: Settings, run_id: str, file: Path) -> Path:
    """Write the pages of the run whose tables `file` holds into a hidden folder; returns the folder.

    The status file is written only after the swap, so its tables are collected here as they stand now.
    """
    folder = places.aside(settings, "pages", run_id)
    folder.mkdir(parents=True, exist_ok=True)
    status = folder.with_name(f".{run_id}.status.tmp")
    tables = status_tables.collect(settings)
    runs = state.read(settings, "runs")
    if not runs.is_empty():
        tables["runs"] = status_tables.public_runs(runs)
    status.unlink(missing_ok=True)
    status_tables.write(status, tables)
    write_pack(folder, file, status)
    status.unlink()
    return folder


def write_again(settings: Settings) -> Path:
    """The pages of the run that is served, from its file and the status file; returns the first page."""
    file = places.served_file(settings)
    if not file.is_file():
        raise AlmanacError(f"{file}: nothing is served yet: `almanac run` makes the first")
    run_id = status_tables.served_run(file)
    folder = places.aside(settings, "pages", run_id)
    folder.mkdir(parents=True, exist_ok=True)
    write_pack(folder, file, settings.published / "status.duckdb")
    places.point_at(places.unhide(folder, run_id))
    places.clear_leftovers(settings)
    return places.first_page(settings)
