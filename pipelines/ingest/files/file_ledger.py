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

from pipelines.home import state
from pipelines.home.settings import Settings

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

    def readable(self) -> list[Row]:
        """What may have to be read again under other rules: what counts, what was refused and not replaced since, and
        the newest observation of each path."""
        newest = {_reading(row): row for row in self.rows}
        taken = {_place(row): number for number, row in enumerate(self.rows) if row["status"] == "loaded"}
        count, latest = self.effective(), {row["file_id"] for row in self.latest_by_path().values()}
        waits = {
            row["file_id"]
            for number, row in enumerate(self.rows)
            if row["status"] == "rejected" and taken.get(_place(row), -1) < number
        }
        return [row for row in newest.values() if row["file_id"] in latest | waits | set(count)]

    def first_seen(self) -> dict[tuple[Any, ...], int]:
        """The order in which files first came: read again in it, a correction still follows what it corrects."""
        places: dict[tuple[Any, ...], int] = {}
        for number, row in enumerate(self.rows):
            places.setdefault((row["source_system"], row["contract"], row["path"], row["sha256"]), number)
        return places

    def effective(self) -> dict[str, Row]:
        """File id to row of the observations whose rows count: loaded, and not replaced since."""
        by_place: dict[tuple[Any, ...], str] = {}
        by_bytes: dict[tuple[Any, ...], str] = {}
        count: dict[str, Row] = {}
        for row in self.rows:
            if row["status"] != "loaded":
                continue
            place = _place(row)
            bytes_of = (row["source_system"], row["contract"], row["sha256"])
            origins = ((*bytes_of, row["path"]), (*bytes_of, row["exported_at"]))  # dated or named otherwise since
            for before in (by_place.get(place), *map(by_bytes.get, origins)):
                if before:
                    count.pop(before, None)
            by_place[place] = row["file_id"]
            for origin in origins:
                by_bytes[origin] = row["file_id"]
            count[row["file_id"]] = row
        return count

    def frame(self) -> pl.DataFrame:
        """`control.files`: every observation, with `replaced` where another took its place."""
        count, taken = self.effective(), self._taken()
        last: dict[str, Row] = {}
        for number, row in enumerate(self.rows):
            stands = row["file_id"] in count if row["status"] == "loaded" else not _overtaken(row, number, taken)
            last[row["file_id"]] = row if stands else {**row, "status": "replaced"}
        return pl.DataFrame(list(last.values()), schema=FILES)

    def standing(self) -> set[str]:
        """File ids whose refused rows wait for somebody: what counts, and what was refused and not loaded since."""
        taken = self._taken()
        newest = {_source_path(row): (number, row) for number, row in enumerate(self.rows)}
        refused = [(number, row) for number, row in newest.values() if row["status"] == "rejected"]
        return {*self.effective(), *(row["file_id"] for number, row in refused if not _overtaken(row, number, taken))}

    def _taken(self) -> dict[Any, int]:
        """Where something was last loaded: by place, by path under its contract, and by path alone."""
        loaded = [(number, row) for number, row in enumerate(self.rows) if row["status"] == "loaded"]
        return {name: number for number, row in loaded for name in (_place(row), _source_path(row), row["path"])}


def _place(row: Row) -> tuple[Any, ...]:
    """Where a file stands: a later one of the same place takes it."""
    return (row["source_system"], row["contract"], row["set_id"], row["part"])


def _source_path(row: Row) -> tuple[Any, ...]:
    return (row["source_system"], row["contract"], row["path"])


def _overtaken(row: Row, number: int, taken: dict[Any, int]) -> bool:
    """Was a file that was refused, or that no contract claimed, loaded since? Then it is nobody's task any more."""
    names = (row["path"],) if row["status"] == "unclaimed" else (_place(row), _source_path(row))
    return any(taken.get(name, -1) > number for name in names)


def _reading(row: Row) -> tuple[Any, ...]:
    """The same bytes of the same path and export instant, under whatever rules."""
    return (row["source_system"], row["contract"], row["path"], row["sha256"], row["exported_at"])


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
