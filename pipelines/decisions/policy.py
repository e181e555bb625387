"""Decisions as rows of the company's seeds: overrides of matching, decisions about reviews, words of exports."""

import csv
import io
from collections.abc import Sequence
from hashlib import md5
from pathlib import Path

import duckdb

from pipelines.decisions.answers import CellRefusedError, Decision
from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings
from pipelines.ingest.casting.code_lists import SEEDS, TARGETS
from pipelines.ingest.formats.source import folded
from pipelines.matching.decide import decide
from pipelines.matching.overrides import OVERRIDES, RECORDS, read_overrides
from pipelines.report.review_book import STAGE_WORDS

REVIEW_DECISIONS = "review_decisions"
NO_POLICY = "the shipped policy cannot be changed: run `almanac init DIR`, then `almanac --config DIR run`"
Rows = list[dict[str, str]]


def follow(settings: Settings, connection: duckdb.DuckDBPyConnection, decision: Decision) -> bool:
    """Write the row that the decision asks for; false where the policy says so already.

    Raises CellRefusedError for a decision that the policy cannot take.
    """
    if decision.kind == STAGE_WORDS:
        return _map_word(settings, decision)
    if decision.decision in ("same", "not_same"):
        return _override(settings, connection, decision)
    return _decide_review(settings, decision)


def _override(settings: Settings, connection: duckdb.DuckDBPyConnection, decision: Decision) -> bool:
    records = _two_records(connection, decision.subject)
    pair = {tuple(record.split("|", 1)) for record in records}
    told = [row for row in read_overrides(settings.seed(OVERRIDES)) if _pair(row) == pair]
    if told and max(told, key=lambda row: row["decided_on"])["decision"] == decision.decision:
        return False
    if newer := [row for row in told if row["decided_on"] > str(decision.decided_on)]:
        raise CellRefusedError("decided_on", _decided_since(newer[-1]))
    given = {"decision": decision.decision, "by": decision.decided_by, "reason": decision.reason}
    try:
        decide(settings, connection, records, on=decision.decided_on, **given)
    except AlmanacError as error:
        raise CellRefusedError("decision", str(error)) from error
    return True


def _decided_since(row: dict[str, str]) -> str:
    return f"{row['decided_by']} decided otherwise on {row['decided_on']}, which is later"


def _pair(row: dict[str, str]) -> set[tuple[str, ...]]:
    system_l, id_l, system_r, id_r = (row[name] for name in RECORDS)
    return {(system_l, id_l), (system_r, id_r)}


def _two_records(connection: duckdb.DuckDBPyConnection, subject: str) -> list[str]:
    """The two records that a subject `system|id|system|id` names; an id may hold the separator itself."""
    parts = subject.split("|")
    query = "select count(*) from resolved.customer_map where source_system = ? and source_id = ?"
    for middle in range(2, len(parts) - 1):
        sides = ["|".join(parts[:middle]), "|".join(parts[middle:])]
        if all(connection.execute(query, side.split("|", 1)).fetchall()[0][0] for side in sides):
            return sides
    raise CellRefusedError("subject", f"{subject}: no two records of these systems are known")


def _decide_review(settings: Settings, decision: Decision) -> bool:
    """Replace the row of the review: one row per id. The log of decisions keeps the earlier ones."""
    path, heads, rows = _own(settings, REVIEW_DECISIONS)
    review_id = md5(f"{decision.kind}|{decision.subject}".encode()).hexdigest()
    row = {
        "review_id": review_id,
        "status": decision.decision,
        "owner": decision.owner,
        "reason": decision.reason,
        "decided_by": decision.decided_by,
        "decided_on": str(decision.decided_on),
    }
    before = next((row_before for row_before in rows if row_before["review_id"] == review_id), None)
    if before and _without_day(before) == _without_day(row):
        return False
    if before and before["decided_on"] > row["decided_on"]:
        raise CellRefusedError("decided_on", _decided_since(before))
    _write(path, heads, [*(row_before for row_before in rows if row_before["review_id"] != review_id), row])
    return True


def _without_day(row: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in row.items() if name != "decided_on"}


def _map_word(settings: Settings, decision: Decision) -> bool:
    system, vocabulary, word = decision.subject.split("|", 2)
    target = TARGETS[vocabulary]
    path, heads, rows = _own(settings, SEEDS[vocabulary])
    codes = _codes_of(settings, vocabulary, rows)
    if decision.decision not in codes:
        raise CellRefusedError("code", f"{decision.decision!r} is no code of {vocabulary}: {', '.join(codes)}")
    for row in rows:
        if folded(row["word"]) == folded(word) and row.get("source_system", system) == system:
            if row[target] == decision.decision:
                return False
            raise CellRefusedError("code", f"{path.name} maps {word!r} to {row[target]} already: change it there")
    _write(path, heads, [*rows, {"word": word, "source_system": system, target: decision.decision}])
    return True


def _codes_of(settings: Settings, vocabulary: str, rows: Rows) -> list[str]:
    """What a word may mean: the stages of the policy, otherwise the codes that other words have."""
    if vocabulary == "stages":
        with settings.seed("stages").open(encoding="utf-8-sig", newline="") as stream:
            return [row["stage_code"] for row in csv.DictReader(stream)]
    return sorted({row[TARGETS[vocabulary]] for row in rows})


def _own(settings: Settings, seed: str) -> tuple[Path, Sequence[str], Rows]:
    """The company's own file of a seed, begun with the shipped rows where it has none, its heads and its rows."""
    if settings.config is None:
        raise AlmanacError(NO_POLICY)
    path = settings.config / "seeds" / f"{seed}.csv"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(settings.seed(seed).read_bytes())
    with path.open(encoding="utf-8-sig", newline="") as stream:
        table = csv.DictReader(stream)
        return path, list(table.fieldnames or ()), [{name: row[name] or "" for name in row if name} for row in table]


def _write(path: Path, heads: Sequence[str], rows: Rows) -> None:
    text = io.StringIO()
    table = csv.DictWriter(text, heads, restval="", extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    aside = path.with_suffix(".new")
    aside.write_text(text.getvalue(), encoding="utf-8")
    aside.replace(path)
