"""A person's decision about two records, kept as one more row of the policy's `match_overrides.csv`."""

import csv
import io
from datetime import date
from pathlib import Path

import duckdb

from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings
from pipelines.matching.overrides import OVERRIDES, read_overrides


def decide(
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    records: list[str],
    *,
    decision: str,
    by: str,
    on: date,
    reason: str,
) -> Path:
    """Append `same` or `not_same` for two records (`system|id`); the next run acts on it. Returns the file.

    Raises AlmanacError where a record is unknown, both are the same, author or reason is missing, the policy is the
    shipped one, or the file has a different decision about the two of the same day: the decision of the newest day
    counts, so two of one day would be ambiguous.
    """
    by, reason = by.strip(), reason.strip()
    if not by or not reason:
        raise AlmanacError("a decision needs an author and a reason: pass --by and --reason")
    if settings.config is None:
        raise AlmanacError(
            "the shipped policy cannot be changed: run `almanac init DIR`, then `almanac --config DIR match`"
        )
    left, right = (_find_record(connection, record) for record in records)
    if left == right:
        raise AlmanacError(f"{records[0]} is one record: a decision needs two different ones")
    path = settings.config / "seeds" / f"{OVERRIDES}.csv"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(settings.seed(OVERRIDES).read_bytes())
    _refuse_contradiction(path, {left, right}, decision, on)
    _append(path, [*left, *right, decision, by, on, reason])
    return path


def _find_record(connection: duckdb.DuckDBPyConnection, record: str) -> tuple[str, str]:
    system, _, source_id = record.partition("|")
    query = "select 1 from resolved.customer_map where source_system = ? and source_id = ?"
    if not connection.execute(query, [system, source_id]).fetchone():
        raise AlmanacError(f"no record {record!r} in the working file: write it as SYSTEM|ID")
    return system, source_id


def _refuse_contradiction(path: Path, pair: set[tuple[str, str]], decision: str, on: date) -> None:
    for number, row in enumerate(read_overrides(path), start=1):
        decided = {(row["source_system_l"], row["source_id_l"]), (row["source_system_r"], row["source_id_r"])}
        if decided == pair and row["decided_on"] == str(on) and row["decision"] != decision:
            raise AlmanacError(f"{path}: row {number} says {row['decision']} on that day: change or remove it")


def _append(path: Path, row: list[object]) -> None:
    """Add one line at the end; the last line may lack its line break."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(row)
    content = path.read_bytes()
    line_break = b"" if not content or content.endswith(b"\n") else b"\n"
    temporary = path.with_suffix(".new")
    temporary.write_bytes(content + line_break + line.getvalue().encode())
    temporary.replace(path)
