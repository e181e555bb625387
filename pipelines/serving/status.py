"""What people ask when something did not arrive: how the last runs ended, which check stopped them, what is served.

Written after every run, failed ones included, and never into the served file: that one only changes when a run passes.
"""

import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import duckdb
import polars as pl

from pipelines.errors import AlmanacError
from pipelines.home import access, state, warehouse
from pipelines.home.runs import Run
from pipelines.home.settings import Settings, now
from pipelines.serving import status_tables

Outcome = Literal["published", "blocked", "failed", "backfilled"]
STATUS_FILE, SUMMARY_FILE = "status.duckdb", "status.json"

RUN_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "run_id": pl.String,
    "run_kind": pl.String,
    "as_of": pl.Date,
    "known_at": pl.Datetime("us"),
    "started_at": pl.Datetime("us"),
    "finished_at": pl.Datetime("us"),
    "outcome": pl.String,
    "failed_gate": pl.String,
    "message": pl.String,
    "reason": pl.String,
    "figures": pl.String,
}


def write_status(
    settings: Settings,
    run_id: str,
    *,
    outcome: Outcome | str,
    message: str = "",
    figures: Mapping[str, Any] | None = None,
    finished_at: datetime | None = None,
    run: Run | None = None,
) -> dict[str, Any]:
    """Record how a run ended and write `status.duckdb` and `status.json`. Returns what stands in the JSON.

    A run that failed before it had a day (`control.run`) is recorded without one. Recording the same run again
    replaces its row. figures: numbers worth showing, added to those counted here. run: told instead of looked up in
    the working file, which may be another run's by now.
    """
    tables = status_tables.collect(settings)
    ended = _run_row(run or _run(settings, run_id), run_id, outcome, message, finished_at or now())
    blocking = status_tables.blocking(tables["results"], run_id)
    ended["failed_gate"] = blocking["gate"][0] if blocking.height else None
    ended["figures"] = json.dumps({**status_tables.figures(tables, run_id), **(figures or {})}, default=str)
    state.append(settings, "runs", _log_name(settings, run_id, ended), pl.DataFrame([ended], schema=RUN_COLUMNS))
    tables["runs"] = status_tables.public_runs(state.read(settings, "runs"))
    summary = status_tables.summary(tables)
    _write_files(settings, tables, summary)
    return summary


def write_again(settings: Settings) -> None:
    """The status files anew, from state, the working file and what is served; no run is recorded."""
    tables = status_tables.collect(settings)
    runs = state.read(settings, "runs")
    if runs.is_empty():
        return
    tables["runs"] = status_tables.public_runs(runs)
    _write_files(settings, tables, status_tables.summary(tables))


def _write_files(settings: Settings, tables: dict[str, pl.DataFrame], summary: Mapping[str, Any]) -> None:
    mode = access.published_mode(settings)
    settings.published.mkdir(parents=True, exist_ok=True)
    _swap_in(settings.published / STATUS_FILE, lambda aside: status_tables.write(aside, tables), mode)
    text = json.dumps(summary, ensure_ascii=False, indent=2, default=str)
    _swap_in(settings.published / SUMMARY_FILE, lambda aside: aside.write_text(text + "\n", encoding="utf-8"), mode)
    access.open_published(settings)


def read_status(settings: Settings) -> dict[str, Any]:
    """What `status.json` says: last_run, runs, gates, failures, freshness, quarantine, rejected_files, served."""
    path = settings.published / SUMMARY_FILE
    if not path.is_file():
        raise AlmanacError(f"{path}: no run has ended here yet: `almanac run` makes the first")
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (TypeError, ValueError) as error:
        raise AlmanacError(f"{path}: damaged: `almanac doctor` writes it again; nothing else is touched") from error


def _run_row(run: Run | None, run_id: str, outcome: str, message: str, finished_at: datetime) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "run_kind": run.run_kind if run else None,
        "as_of": run.as_of if run else None,
        "known_at": run.known_at if run else None,
        "reason": run.reason if run else "",
        "started_at": run.started_at if run else finished_at,
        "finished_at": finished_at,
        "outcome": outcome,
        "message": message,
    }


def _run(settings: Settings, run_id: str) -> Run | None:
    """The run as the working file knows it; none where the file cannot be read or has not got that far."""
    try:
        return warehouse.current_run(settings, run_id)
    except (AlmanacError, duckdb.Error):
        return None


def _log_name(settings: Settings, run_id: str, ended: Mapping[str, Any]) -> str:
    """A run's row replaces its earlier one, but never the one that says it was published: that is still served."""
    known = state.read(settings, "runs")
    published = not known.is_empty() and not known.filter(run_id=run_id, outcome="published").is_empty()
    return f"{run_id}.{ended['finished_at']:%Y%m%dT%H%M%S}" if published else run_id


def _swap_in(final: Path, write: Callable[[Path], object], mode: int) -> None:
    """Write beside the place and move in: whoever reads sees the old or the new, never half."""
    aside = final.with_name(f".{final.name}.{os.getpid()}.tmp")
    aside.unlink(missing_ok=True)
    write(aside)
    aside.chmod(mode)
    aside.replace(final)
