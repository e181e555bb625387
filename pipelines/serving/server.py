"""The company's PostgreSQL server, if it names one: the run that is about to be served, and who sees which rows."""

import csv
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines import postgres
from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings
from pipelines.postgres.publish import Right
from pipelines.postgres.tables import keys_of

RIGHTS = "rights.csv"
SCOPES = ("team", "owner", "all")


def publish(settings: Settings, file: Path) -> int:
    """Append the run of a served file to the server and show it; returns its rows, 0 where no server is named."""
    if not settings.company.publish:
        return 0
    keys = keys_of(settings.warehouse / "dbt_project" / "target" / "manifest.json")
    return sum(postgres.publish_file(settings.company.publish, file, keys, rights(settings)).values())


def rights(settings: Settings) -> list[Right]:
    """Rows of the policy's `rights.csv` (login, scope, value); none where there is no such file.

    Raises AlmanacError for a row that would give rights to nobody or by an unknown word.
    """
    path = settings.config / RIGHTS if settings.config else None
    if path is None or not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = [
            {(name or "").strip(): (text or "").strip() for name, text in row.items()} for row in csv.DictReader(stream)
        ]
    for number, row in enumerate(rows, start=1):
        if row["scope"] not in SCOPES or not row["login"] or (row["scope"] != "all" and not row["value"]):
            raise AlmanacError(f"{path}: row {number}: needs a login, a scope ({', '.join(SCOPES)}) and its value")
    return sorted({(row["login"], row["scope"], row["value"]) for row in rows})


def address(settings: Settings) -> str:
    """The server that `company.yml` names. Raises AlmanacError where it names none."""
    if not settings.company.publish:
        raise AlmanacError("company.yml names no server: set `publish: postgres://user@host/database`")
    return settings.company.publish


def runs(settings: Settings) -> list[str]:
    """A line per run that the server keeps, the newest first, the shown one marked."""
    return [
        f"{'shown' if run['is_shown'] else '     '}  {run['run_id']}  as of {run['as_of']}, {run['published_at']}"
        for run in run_rows(settings)
    ]


def run_rows(settings: Settings) -> list[dict[str, Any]]:
    """Each run that the server keeps, the newest first: run_id, as_of, published_at, is_shown."""
    names = ("run_id", "as_of", "published_at", "is_shown")
    return [dict(zip(names, run, strict=True)) for run in postgres.runs_of(address(settings))]


def roll_back(settings: Settings, run_id: str) -> str:
    """Show an earlier run again; returns its id."""
    return postgres.roll_back(address(settings), run_id)


def accept(settings: Settings, accepted_at: datetime) -> list[str]:
    """Let the views follow announced changes; returns what was done."""
    return postgres.accept(address(settings), accepted_at)
