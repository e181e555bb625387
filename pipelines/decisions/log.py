"""The log of answers: one row per answered row of a review workbook, taken or not. Append-only, kept in state."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from pipelines.home import state
from pipelines.home.settings import Settings

LOG = "decisions"
# outcome: taken, known (the policy says so already), refused, or empty for a workbook without any answer.
COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("path", "sha256", "sheet_name", "cell", "outcome", "kind", "subject", "decision"), pl.String),
    **dict.fromkeys(("owner", "reason", "decided_by", "message"), pl.String),
    "decided_on": pl.Date,
    "read_at": pl.Datetime("us"),
}
Row = dict[str, Any]


def append(settings: Settings, read_at: datetime, sha256: str, rows: Sequence[Row]) -> None:
    """Keep the outcome of one workbook. read_at: naive UTC."""
    frame = pl.DataFrame([{**row, "sha256": sha256, "read_at": read_at} for row in rows], schema=COLUMNS)
    state.append(settings, LOG, f"{read_at:%Y%m%dT%H%M%S}-{sha256[:12]}", frame)


def read(settings: Settings) -> pl.DataFrame:
    """Every row, in the order in which they were read."""
    rows = state.read(settings, LOG)
    return rows.sort("read_at", maintain_order=True) if rows.height else pl.DataFrame(schema=COLUMNS)


def latest_refusals(settings: Settings) -> list[str]:
    """A sentence per cell that is still to be corrected: refused when its file was read last."""
    newest: dict[str, datetime] = {}
    rows = read(settings).to_dicts()
    for row in rows:
        newest[row["path"]] = row["read_at"]
    return [sentence(row) for row in rows if row["outcome"] == "refused" and row["read_at"] == newest[row["path"]]]


def sentence(row: Row) -> str:
    """Where an answer stands and why it was refused."""
    place = ", ".join(filter(None, (row.get("sheet_name"), row.get("cell"))))
    return f"{row['path']}, {place}: {row['message']}" if place else f"{row['path']}: {row['message']}"
