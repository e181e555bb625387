"""The ledger of files: every observation ever made, and which of them count now. Append-only, kept in state.

An observation is the same bytes, of the same system and object, exported at the same instant, read under the same
contract. A file that is read again after a correction replaces the one before it in its set.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from pipelines import state
from pipelines.settings import Settings

LOG = "files"
FILES: dict[str, Any] = {
    "file_id": pl.String, "source_system": pl.String, "object": pl.String, "contract": pl.String, "path": pl.String,
    "part": pl.String, "sha256": pl.String, "contract_hash": pl.String, "bytes": pl.Int64,
    "exported_at": pl.Datetime("us"), "landed_at": pl.Datetime("us"), "extract": pl.String, "window_column": pl.String,
    "window_from": pl.Date, "window_to": pl.Date, "set_id": pl.String, "status": pl.String, "reason_code": pl.String,
    "reason": pl.String, "rows_in": pl.Int64, "rows_loaded": pl.Int64, "rows_quarantined": pl.Int64,
    "rows_control": pl.Int64, "encoding": pl.String, "delimiter": pl.String, "warnings": pl.String,
}  # fmt: skip
Row = dict[str, Any]


@dataclass(frozen=True)
class History:
    """All ledger rows in the order in which they were made."""

    rows: list[Row]

    @classmethod
    def read(cls, settings: Settings) -> "History":
        """The ledger of a home; empty where nothing was ever read."""
        return cls(state.read(settings, LOG).to_dicts())

    def known_at(self, moment: datetime) -> "History":
        """What stood in the ledger at a moment, as naive UTC: a file that was corrected later counts as it was then."""
        return History([row for row in self.rows if row["landed_at"] <= moment])

    def latest_by_path(self) -> dict[tuple[str, str, str], Row]:
        """The newest observation of each path under each contract."""
        return {(row["source_system"], row["contract"], row["path"]): row for row in self.rows}

    def effective(self) -> dict[str, Row]:
        """File id to row of the observations whose rows count: loaded, and not replaced since."""
        by_place: dict[tuple[str, ...], str] = {}
        by_bytes: dict[tuple[str, ...], str] = {}
        count: dict[str, Row] = {}
        for row in self.rows:
            if row["status"] != "loaded":
                continue
            place = (row["source_system"], row["contract"], row["set_id"], row["part"])
            origin = (row["source_system"], row["contract"], row["path"], row["sha256"])
            for before in (by_place.get(place), by_bytes.get(origin)):
                if before:
                    count.pop(before, None)
            by_place[place] = by_bytes[origin] = row["file_id"]
            count[row["file_id"]] = row
        return count

    def frame(self) -> pl.DataFrame:
        """`control.files`: every observation, with `replaced` where another took its place."""
        count = self.effective()
        last: dict[str, Row] = {}
        for row in self.rows:
            shown = row["status"] == "loaded" and row["file_id"] not in count
            last[row["file_id"]] = {**row, "status": "replaced"} if shown else row
        return pl.DataFrame(list(last.values()), schema=FILES)


def file_id(parts: Iterable[object], seen_before: int) -> str:
    """The id of an observation, the same on every machine; a return to earlier bytes (A, B, A) is one of its own."""
    text = "\x1f".join(map(str, [*parts, *([seen_before] if seen_before else [])]))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def append(settings: Settings, name: str, rows: list[Row]) -> None:
    """Write this run's ledger rows; called again as the run goes on, each call replacing the one before."""
    state.append(settings, LOG, name, pl.DataFrame(rows, schema=FILES))


def next_name(settings: Settings, stamp: str) -> str:
    """A name for this run's log file that sorts behind all before it."""
    return f"{len(list((settings.state / LOG).glob('*.parquet'))):06d}-{stamp}"
