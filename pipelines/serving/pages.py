"""The review pack of a run beside its tables: written aside before the swap, or anew for what is served already."""

import csv
from pathlib import Path

from pipelines.errors import AlmanacError
from pipelines.home import state
from pipelines.home.settings import Settings
from pipelines.report import read_pack, write_pages, write_workbooks
from pipelines.serving import editions, places, status_tables

# Vocabulary of the review workbook to the seed and column that list its codes.
CODES = {
    "stages": ("stages", "stage_code"),
    "statuses": ("status_words", "status"),
    "currencies": ("currency_words", "currency"),
}


def write_aside(settings: Settings, run_id: str, file: Path) -> list[Path]:
    """Write pages and workbooks of the run whose tables `file` holds into hidden folders; returns the folders.

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
    folders = _write(settings, run_id, file, status)
    status.unlink()
    return folders


def write_again(settings: Settings) -> Path:
    """Pages and workbooks of the run that is served, from its file and the status file; returns the first page."""
    file = places.served_file(settings)
    if not file.is_file():
        raise AlmanacError(f"{file}: nothing is served yet: `almanac run` makes the first")
    run_id = status_tables.served_run(file)
    for folder in _write(settings, run_id, file, settings.published / "status.duckdb"):
        places.point_at(places.unhide(folder, run_id))
    places.clear_leftovers(settings)
    return places.first_page(settings)


def _write(settings: Settings, run_id: str, file: Path, status: Path) -> list[Path]:
    pack = read_pack(file, status)
    pages, books = (places.aside(settings, kind, run_id) for kind in ("pages", "workbooks"))
    for folder in (pages, books):
        folder.mkdir(parents=True, exist_ok=True)
    write_pages(pages, pack)
    write_workbooks(books, pack, {name: _codes(settings, *place) for name, place in CODES.items()})
    return [pages, books, *editions.write_aside(settings, run_id, file, status)]


def _codes(settings: Settings, seed: str, column: str) -> list[str]:
    """What a word of a file may mean, in the order of the policy."""
    with settings.seed(seed).open(encoding="utf-8-sig", newline="") as stream:
        return list(dict.fromkeys(row[column] for row in csv.DictReader(stream) if row[column]))
