"""What a run would read, before it reads it: is there anything new, and as of which day?"""

import hashlib
import json
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import polars as pl

from pipelines import ingest
from pipelines.contracts import load_contracts
from pipelines.errors import AlmanacError
from pipelines.home import dbt, progress, served, state, warehouse
from pipelines.home.answer_files import answer_files
from pipelines.home.settings import Settings, now


def look(settings: Settings) -> tuple[list[ingest.Arrival], list[ingest.Notice]]:
    """Exports of the inbox that no run has read yet, and the files that no table has, each with the reason."""
    return ingest.look(settings, load_contracts(settings.sources), landed_at=now())


def newest_export(settings: Settings, arrivals: Sequence[ingest.Arrival] | None = None) -> date:
    """The day of the newest export, landed or waiting, but not after today: the default `as_of`.

    An export that is dated by one of its own columns has to be landed before its day is known. arrivals: what a `look`
    has found; one is taken without them.
    """
    arrivals = look(settings)[0] if arrivals is None else arrivals
    if any(arrival.exported_at is None for arrival in arrivals):
        with warehouse.run_lock(settings, owner="almanac run"):
            progress.forget(settings)
            ingest.run(settings, load_contracts(settings.sources), landed_at=now())
    landed = ingest.newest_export(settings)
    known = [landed, *(arrival.exported_at for arrival in arrivals)]
    newest = max((moment for moment in known if moment), default=None)
    if newest is None:
        raise AlmanacError(
            f"{settings.inbox}: no export that matches a contract in {settings.sources} and has a date: nothing to run"
        )
    return min(settings.local_date(newest), settings.local_date(now()))


def answers_waiting(settings: Settings) -> list[str]:
    """Review workbooks of the inbox that no run has read yet, by their hashes."""
    if next(answer_files(settings), None) is None:
        return []  # as on most nights: what reads a workbook need not be loaded
    from pipelines.decisions.take import waiting

    return waiting(settings)


def fingerprint(arrivals: Sequence[ingest.Arrival], answers: Sequence[str] = ()) -> str:
    """A hash over what is waiting: the same files under the same contracts are the same reason to run.

    answers: those of `answers_waiting`.
    """
    parts = sorted(f"{arrival.name} {arrival.sha256} {arrival.contract_hash}" for arrival in arrivals)
    return hashlib.sha256("\n".join([*parts, *answers]).encode()).hexdigest()


def already_served(
    settings: Settings, as_of: date, known_at: datetime | None, arrivals: Sequence[ingest.Arrival]
) -> str:
    """A sentence naming the run that has already served exactly this, or nothing if a run would change something.

    arrivals: what a `look` has found.
    """
    runs = state.read(settings, "runs")
    if runs.is_empty() or served.problem(settings) or arrivals or answers_waiting(settings):
        return ""
    last = runs.sort("finished_at").filter(pl.col("outcome") == "published").tail(1).to_dicts()
    if (
        not last
        or (last[0]["as_of"], last[0]["known_at"]) != (as_of, known_at)
        or _landed_since(settings, last[0]["started_at"])
    ):
        return ""
    same_policy = json.loads(last[0]["figures"]).get("policy") == policy_fingerprint(settings)
    return f"run {last[0]['run_id'][:8]} serves {as_of} with the same files and policy" if same_policy else ""


def policy_fingerprint(settings: Settings) -> str:
    """A hash over everything but the data that decides what a run makes: SQL, seeds, contracts, suites, forecasts."""
    digest = hashlib.sha256(dbt.fingerprint(settings).encode())
    digest.update(repr(settings.company).encode())
    files = [
        settings.forecasts,
        *settings.scenarios,
        *_files(settings.sources),
        *(file for folder in settings.suites for file in _files(folder)),
    ]
    for file in files:
        digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.yml"))


def _landed_since(settings: Settings, instant: datetime) -> bool:
    ledger = state.read(settings, "files")
    return not ledger.is_empty() and not ledger.filter(pl.col("landed_at") > instant).is_empty()
