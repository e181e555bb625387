"""Every review workbook of the inbox, read once: what it decides goes into the policy, what it gets wrong is named."""

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from pipelines.decisions import log, own_seeds, policy
from pipelines.decisions.answers import AnsweredRow, Decision, decision_of, read_answers
from pipelines.decisions.refusal import CellRefusedError
from pipelines.home import warehouse
from pipelines.home.answer_files import answer_files
from pipelines.home.settings import Settings


@dataclass(frozen=True)
class Taken:
    """What came of the workbooks of one run: rows written, rows that the policy had already, refusals in words."""

    taken_count: int = 0
    known_count: int = 0
    refusals: tuple[str, ...] = ()

    def sentence(self) -> str:
        """The counts, then every refusal."""
        counts = f"decisions: {self.taken_count} taken, {self.known_count} known, {len(self.refusals)} refused"
        return "; ".join((counts, *self.refusals))


def waiting(settings: Settings) -> list[str]:
    """SHA-256 of the review workbooks that no run has read, in order; none where there is no policy to write into."""
    if settings.config is None:
        return []
    known = set(log.read(settings)["sha256"])
    return sorted({_sha256(path) for path in answer_files(settings)} - known)


def take(settings: Settings, read_at: datetime) -> Taken | None:
    """Read the workbooks that are new and write what they decide; None where there is none. read_at: naive UTC.

    The files stay in the inbox, as exports do; a copy of each is kept in landing. Raises nothing for a bad cell.
    """
    files = list(answer_files(settings))
    if settings.config is None:
        return Taken(refusals=tuple(f"{path.name}: {own_seeds.NO_POLICY}" for path in files)) if files else None
    read_before = set(log.read(settings)["sha256"])
    rows: list[log.Row] = []
    for path in files:
        if (sha256 := _sha256(path)) not in read_before:
            answers = list(_read(settings, path, settings.local_date(read_at)))
            _keep(settings, path, sha256)
            log.append(settings, read_at, sha256, answers)
            read_before.add(sha256)
            rows += answers
    counts = {name: sum(row["outcome"] == name for row in rows) for name in ("taken", "known")}
    refusals = tuple(log.sentence(row) for row in rows if row["outcome"] == "refused")
    return Taken(counts["taken"], counts["known"], refusals) if rows else None


def _read(settings: Settings, path: Path, today: date) -> Iterator[log.Row]:
    file = {"path": path.relative_to(settings.inbox).as_posix()}
    try:
        answers = list(read_answers(path))
    except CellRefusedError as refusal:
        yield {**file, "outcome": "refused", "message": refusal.message}
        return
    if not answers:
        yield {**file, "outcome": "empty", "message": "nothing is filled in"}
    with warehouse.read(settings) as connection:
        for answer in answers:
            yield {**file, **_followed(settings, connection, answer, today)}


def _followed(settings: Settings, connection: duckdb.DuckDBPyConnection, answer: AnsweredRow, today: date) -> log.Row:
    """One row of the log. The other rows of the workbook are read whatever happens to this one."""
    cell = {"sheet_name": answer.sheet, "cell": answer.cell(answer.first)}
    try:
        decision = decision_of(answer, today)
        outcome = "taken" if policy.follow(settings, connection, decision) else "known"
        return {**cell, "outcome": outcome, **_told(decision)}
    except CellRefusedError as refusal:
        cell["cell"] = answer.cell(refusal.column)
        return {**cell, "outcome": "refused", "message": refusal.message}


def _told(decision: Decision) -> log.Row:
    names = ("kind", "subject", "decision", "owner", "reason", "decided_by", "decided_on")
    return {name: getattr(decision, name) for name in names}


def _keep(settings: Settings, path: Path, sha256: str) -> None:
    folder = settings.landing / "decisions"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, folder / f"{sha256}.xlsx")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
