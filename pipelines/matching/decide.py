"""What a person says of two records, kept as one more row of the policy's `match_overrides.csv`."""

import csv
import io
from datetime import date
from pathlib import Path

import duckdb

from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings
from pipelines.matching.overrides import OVERRIDES, read_words


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

    Raises AlmanacError where a record is unknown, both are one, nobody or no reason is named, the policy is the shipped
    one, or the same day has another word about the two: only the newest day's word counts, and two of one day would
    leave it open.
    """
    by, reason = by.strip(), reason.strip()
    if not by or not reason:
        raise AlmanacError("a word needs who says so and why: give --by and --reason")
    if settings.config is None:
        raise AlmanacError(
            "the shipped policy is not written to: `almanac init DIR`, then `almanac --config DIR match`"
        )
    left, right = (_known(connection, given) for given in records)
    if left == right:
        raise AlmanacError(f"{records[0]} is one record: a decision is about two")
    path = settings.config / "seeds" / f"{OVERRIDES}.csv"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(settings.seed(OVERRIDES).read_bytes())
    _refuse_contradiction(path, {left, right}, decision, on)
    _append(path, [*left, *right, decision, by, on, reason])
    return path


def _known(connection: duckdb.DuckDBPyConnection, given: str) -> tuple[str, str]:
    system, _, source_id = given.partition("|")
    query = "select 1 from resolved.customer_map where source_system = ? and source_id = ?"
    if not connection.execute(query, [system, source_id]).fetchone():
        raise AlmanacError(f"no record {given!r} in the working file: write it as SYSTEM|ID")
    return system, source_id


def _refuse_contradiction(path: Path, pair: set[tuple[str, str]], decision: str, on: date) -> None:
    for number, row in enumerate(read_words(path), start=1):
        told = {(row["source_system_l"], row["source_id_l"]), (row["source_system_r"], row["source_id_r"])}
        if told == pair and row["decided_on"] == str(on) and row["decision"] != decision:
            raise AlmanacError(f"{path}: row {number} of today says {row['decision']}: change or remove that row")


def _append(path: Path, row: list[object]) -> None:
    """One line at the end; the line before may lack its end."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(row)
    before = path.read_bytes()
    start = b"" if not before or before.endswith(b"\n") else b"\n"
    aside = path.with_suffix(".new")
    aside.write_bytes(before + start + line.getvalue().encode())
    aside.replace(path)
