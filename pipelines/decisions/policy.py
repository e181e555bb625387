"""Decisions as rows of the company's seeds: overrides of matching, decisions about reviews, words of exports."""

import csv
from hashlib import md5

import duckdb

from pipelines.decisions import own_seeds
from pipelines.decisions.answers import Decision
from pipelines.decisions.approvals import approve
from pipelines.decisions.refusal import CellRefusedError
from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings
from pipelines.ingest.casting.code_lists import SEEDS, TARGETS
from pipelines.ingest.formats.source import folded
from pipelines.matching.decide import decide
from pipelines.matching.overrides import OVERRIDES, RECORDS, read_overrides
from pipelines.report.forecast_sheet import FORECASTS
from pipelines.report.review_book import STAGE_WORDS

REVIEW_DECISIONS = "review_decisions"


def follow(settings: Settings, connection: duckdb.DuckDBPyConnection, decision: Decision) -> bool:
    """Write the row that the decision asks for; false where the policy says so already.

    Raises CellRefusedError for a decision that the policy cannot take.
    """
    if decision.kind == STAGE_WORDS:
        return _map_word(settings, decision)
    if decision.kind == FORECASTS:
        who_and_when = (decision.reason, decision.decided_by, decision.decided_on)
        return approve(settings, decision.subject, decision.decision, *who_and_when)
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
    path, heads, rows = own_seeds.read(settings, REVIEW_DECISIONS)
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
    own_seeds.write(path, heads, [*(row_before for row_before in rows if row_before["review_id"] != review_id), row])
    return True


def _without_day(row: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in row.items() if name != "decided_on"}


def _map_word(settings: Settings, decision: Decision) -> bool:
    system, vocabulary, word = decision.subject.split("|", 2)
    target = TARGETS[vocabulary]
    path, heads, rows = own_seeds.read(settings, SEEDS[vocabulary])
    codes = _codes_of(settings, vocabulary, rows)
    if decision.decision not in codes:
        raise CellRefusedError("code", f"{decision.decision!r} is no code of {vocabulary}: {', '.join(codes)}")
    for row in rows:
        if folded(row["word"]) == folded(word) and row.get("source_system", system) == system:
            if row[target] == decision.decision:
                return False
            raise CellRefusedError("code", f"{path.name} maps {word!r} to {row[target]} already: change it there")
    own_seeds.write(path, heads, [*rows, {"word": word, "source_system": system, target: decision.decision}])
    return True


def _codes_of(settings: Settings, vocabulary: str, rows: own_seeds.Rows) -> list[str]:
    """What a word may mean: the stages of the policy, otherwise the codes that other words have."""
    if vocabulary == "stages":
        with settings.seed("stages").open(encoding="utf-8-sig", newline="") as stream:
            return [row["stage_code"] for row in csv.DictReader(stream)]
    return sorted({row[TARGETS[vocabulary]] for row in rows})
