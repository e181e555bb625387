"""The ledger of files: every observation of a file, and which of them are effective. Append-only, kept in state.

An observation is identified by system, contract, path, bytes, export instant and the contract's hash. A file that is
read again after a correction replaces the earlier observation in its set.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
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
    "window_from": pl.Date, "window_to": pl.Date, "changed_at": pl.Datetime("us"),
    "set_id": pl.String, "status": pl.String, "reason_code": pl.String,
    "reason": pl.String, "rows_in": pl.Int64, "rows_loaded": pl.Int64, "rows_quarantined": pl.Int64,
    "rows_control": pl.Int64, "encoding": pl.String, "delimiter": pl.String, "warnings": pl.String,
    "absent_columns": pl.String,
}  # fmt: skip
Row = dict[str, Any]


@dataclass(frozen=True)
class FileLedger:
    """All ledger rows in the order in which they were appended."""

    rows: list[Row]

    @classmethod
    def read(cls, settings: Settings) -> "FileLedger":
        """The ledger of a home; empty before the first file."""
        return cls(state.read(settings, LOG).to_dicts())

    def known_at(self, moment: datetime) -> "FileLedger":
        """The ledger as of a moment (naive UTC): a file that was corrected later counts as it was then."""
        return FileLedger([row for row in self.rows if row["landed_at"] <= moment])

    def latest_by_path(self) -> dict[tuple[str, str, str], Row]:
        """The newest observation of each path under each contract."""
        return {(row["source_system"], row["contract"], row["path"]): row for row in self.rows}

    def readable(self) -> list[Row]:
        """Observations to read again if their rules change: effective ones, rejected ones that were not replaced, and
        the newest of each path."""
        newest = {_observation_key(row): row for row in self.rows}
        last_loaded = {_slot(row): number for number, row in enumerate(self.rows) if row["status"] == "loaded"}
        effective, latest = self.effective(), {row["file_id"] for row in self.latest_by_path().values()}
        rejected = {
            row["file_id"]
            for number, row in enumerate(self.rows)
            if row["status"] == "rejected" and last_loaded.get(_slot(row), -1) < number
        }
        return [row for row in newest.values() if row["file_id"] in latest | rejected | set(effective)]

    def first_positions(self) -> dict[tuple[Any, ...], int]:
        """The position at which each file first appears: reread in this order, a correction follows its original."""
        positions: dict[tuple[Any, ...], int] = {}
        for number, row in enumerate(self.rows):
            positions.setdefault((row["source_system"], row["contract"], row["path"], row["sha256"]), number)
        return positions

    def effective(self) -> dict[str, Row]:
        """File id to row of the effective observations: loaded, and not replaced since."""
        by_slot: dict[tuple[Any, ...], Row] = {}
        by_bytes: dict[tuple[Any, ...], str] = {}
        rows: dict[str, Row] = {}
        for row in self.rows:
            if row["status"] != "loaded":
                continue
            slot = _slot(row)
            held = by_slot.get(slot)
            if held and is_older_download(row, held):
                continue
            bytes_of = (row["source_system"], row["contract"], row["sha256"])
            origins = ((*bytes_of, row["path"]), (*bytes_of, row["exported_at"]))  # its date or name may have changed
            for replaced in (held and held["file_id"], *map(by_bytes.get, origins)):
                if replaced:
                    rows.pop(replaced, None)
            by_slot[slot] = row
            for origin in origins:
                by_bytes[origin] = row["file_id"]
            rows[row["file_id"]] = row
        return rows

    def ties(self, paths: Collection[str]) -> list[str]:
        """Which of several downloads of one slot counts, and why, where any of these paths is one of them."""
        by_slot: dict[tuple[Any, ...], dict[str, Row]] = {}
        for row in self.rows:
            if row["status"] == "loaded":
                by_slot.setdefault(_slot(row), {})[row["path"]] = row
        effective = self.effective()
        shared = [rows for rows in by_slot.values() if len(rows) > 1 and not rows.keys().isdisjoint(paths)]
        return [line for rows in shared for line in _tie(list(rows.values()), effective)]

    def frame(self) -> pl.DataFrame:
        """`control.files`: every observation, with status `replaced` where a later one superseded it."""
        effective, last_loaded = self.effective(), self._last_loaded()
        last: dict[str, Row] = {}
        for number, row in enumerate(self.rows):
            is_current = (
                row["file_id"] in effective
                if row["status"] == "loaded"
                else not _is_superseded(row, number, last_loaded)
            )
            last[row["file_id"]] = row if is_current else {**row, "status": "replaced"}
        return pl.DataFrame(list(last.values()), schema=FILES)

    def awaiting_correction(self) -> set[str]:
        """File ids whose refused rows can be corrected: effective files, and rejected files not loaded since."""
        last_loaded = self._last_loaded()
        newest = {_source_path(row): (number, row) for number, row in enumerate(self.rows)}
        rejected = [(number, row) for number, row in newest.values() if row["status"] == "rejected"]
        return {
            *self.effective(),
            *(row["file_id"] for number, row in rejected if not _is_superseded(row, number, last_loaded)),
        }

    def _last_loaded(self) -> dict[Any, int]:
        """Position of the last loaded observation by slot, by path under its contract, and by path alone."""
        loaded = [(number, row) for number, row in enumerate(self.rows) if row["status"] == "loaded"]
        return {name: number for number, row in loaded for name in (_slot(row), _source_path(row), row["path"])}


def is_older_download(row: Row, held: Row) -> bool:
    """Whether a file that arrived later is an older download of the day: its newest change is before the held one's.

    A file that is written anew under its own name corrects itself, whatever its rows say.
    """
    changed_at, held_changed_at = row.get("changed_at"), held.get("changed_at")
    return bool(row["path"] != held["path"] and changed_at and held_changed_at and changed_at < held_changed_at)


def _tie(rows: list[Row], effective: Mapping[str, Row]) -> Iterator[str]:
    counted = next((row for row in rows if row["file_id"] in effective), None)
    for row in rows:
        if counted and row is not counted:
            by_content = is_older_download(row, counted)
            why = (
                f"its newest change is of {counted['changed_at']:%Y-%m-%d %H:%M}" if by_content else "it arrived later"
            )
            yield f"{counted['path']} counts and {row['path']}, of the same day, does not: {why}"


def _slot(row: Row) -> tuple[Any, ...]:
    """The slot of a file in its set: a later file of the same slot replaces it."""
    return (row["source_system"], row["contract"], row["set_id"], row["part"])


def _source_path(row: Row) -> tuple[Any, ...]:
    return (row["source_system"], row["contract"], row["path"])


def _is_superseded(row: Row, number: int, last_loaded: dict[Any, int]) -> bool:
    """Whether a rejected or unclaimed file was loaded since, so that nothing is left to do about it."""
    names = (row["path"],) if row["status"] == "unclaimed" else (_slot(row), _source_path(row))
    return any(last_loaded.get(name, -1) > number for name in names)


def _observation_key(row: Row) -> tuple[Any, ...]:
    """The same bytes of the same path and export instant, under any contract hash."""
    return (row["source_system"], row["contract"], row["path"], row["sha256"], row["exported_at"])


def file_id(parts: Iterable[object], earlier_count: int) -> str:
    """The id of an observation, equal on every machine. earlier_count tells A, B, A apart: bytes that come back."""
    text = "\x1f".join(map(str, [*parts, *([earlier_count] if earlier_count else [])]))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def append(settings: Settings, name: str, rows: list[Row]) -> None:
    """Save this run's ledger rows; called repeatedly during the run, each call replaces the one before."""
    state.append(settings, LOG, name, pl.DataFrame(rows, schema=FILES))


def next_name(settings: Settings, stamp: str) -> str:
    """A name for this run's log file that sorts after all earlier ones."""
    return f"{len(list((settings.state / LOG).glob('*.parquet'))):06d}-{stamp}"
