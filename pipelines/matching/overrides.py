"""The policy's `match_overrides.csv` as people write it: its rows, and the check that a run can follow them."""

import csv
from datetime import date
from pathlib import Path

from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings

OVERRIDES = "match_overrides"
RECORDS = ("source_system_l", "source_id_l", "source_system_r", "source_id_r")
COLUMNS = (*RECORDS, "decision", "decided_by", "decided_on", "reason")
DECISIONS = ("same", "not_same")


def read_overrides(path: Path) -> list[dict[str, str]]:
    """Every row, its values trimmed and its decision in lower case. Blank rows are kept, so that a row's number is its
    position in the file. Raises AlmanacError where a column is missing."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        table = csv.DictReader(stream)
        headers = [(name or "").strip() for name in table.fieldnames or []]
        if missing := [name for name in COLUMNS if name not in headers]:
            raise AlmanacError(f"{path}: no column {', '.join(missing)}: expected {','.join(COLUMNS)}")
        table.fieldnames = headers
        rows = [{name: (row[name] or "").strip() for name in COLUMNS} for row in table]
    return [{**row, "decision": row["decision"].lower()} for row in rows]


def validate_overrides(settings: Settings) -> None:
    """Raises AlmanacError for the first row that no run could follow, by its number and value."""
    path = settings.seed(OVERRIDES)
    for number, row in enumerate(read_overrides(path), start=1):
        if any(row.values()) and (fault := _fault(row)):
            raise AlmanacError(f"{path}: row {number}: {fault}")


def _fault(row: dict[str, str]) -> str:
    if empty := [name for name in RECORDS if not row[name]]:
        return f"{', '.join(empty)} is empty: a decision is about two records"
    if (row["source_system_l"], row["source_id_l"]) == (row["source_system_r"], row["source_id_r"]):
        return f"{row['source_system_l']}|{row['source_id_l']} is one record: a decision needs two different ones"
    if row["decision"] not in DECISIONS:
        return f"the decision is {' or '.join(DECISIONS)}, not {row['decision']!r}"
    if not _is_day(row["decided_on"]):
        return f"decided_on is YYYY-MM-DD, not {row['decided_on']!r}"
    return ""


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
