"""What each channel was told, so that nothing is told twice: one row per message and per alert in it. Kept in state."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from pipelines.home import state
from pipelines.home.settings import Settings
from pipelines.messages.digest import rank
from pipelines.report.served import Row

LOG = "messages"
HELD_BACK = "held back"
# subject: `run <run_id> <outcome>`, `late <run_id>` or `alert <alert_id>`; outcome: sent, or the reason why not.
COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("channel", "subject", "severity", "outcome"), pl.String),
    "distance": pl.Float64,
    "sent_at": pl.Datetime("us"),
}


def read(settings: Settings) -> pl.DataFrame:
    """Every row, oldest first."""
    rows = state.read(settings, LOG)
    return rows.sort("sent_at", maintain_order=True) if rows.height else pl.DataFrame(schema=COLUMNS)


def append(
    settings: Settings, channel: str, subject: str, outcome: str, alerts: Sequence[Row], sent_at: datetime
) -> None:
    """Keep the outcome of one message. alerts: those that it told of; they count as told only if it was sent."""
    rows: list[Row] = [{"channel": channel, "subject": subject, "outcome": outcome, "sent_at": sent_at}]
    if outcome == "sent":
        rows += [
            {"channel": channel, "subject": f"alert {row['alert_id']}", "severity": row["severity"]}
            | {"outcome": outcome, "distance": distance(row), "sent_at": sent_at}
            for row in alerts
        ]
    name = "".join(sign if sign.isalnum() else "-" for sign in f"{sent_at:%Y%m%dT%H%M%S%f}-{channel}")
    state.append(settings, LOG, name, pl.DataFrame(rows, schema=COLUMNS))


def was_told(told: pl.DataFrame, channel: str, subject: str) -> bool:
    """Whether a message was sent to the channel."""
    return not told.filter(channel=channel, subject=subject, outcome="sent").is_empty()


def news(told: pl.DataFrame, channel: str, alerts: Sequence[Row], worse_by: float) -> list[Row]:
    """The alerts that the channel was not told of, or that have become more severe or this share worse since."""
    rows = told.filter((pl.col("channel") == channel) & pl.col("subject").str.starts_with("alert ")).to_dicts()
    last = {row["subject"]: row for row in rows}
    return [row for row in alerts if _is_news(row, last.get(f"alert {row['alert_id']}"), worse_by)]


def _is_news(row: Row, before: Row | None, worse_by: float) -> bool:
    if before is None or rank(row["severity"]) < rank(before["severity"]):
        return True
    further, known = distance(row), before["distance"]
    return further is not None and known is not None and further > known * (1 + worse_by)


def distance(row: Row) -> float | None:
    """How far an alert's value lies from its threshold; None where it has none."""
    if row["value"] is None or row["threshold"] is None:
        return None
    return abs(float(row["value"]) - float(row["threshold"]))


def sent_since(told: pl.DataFrame, channel: str, moment: datetime, span: timedelta) -> int:
    """How many messages were sent to the channel in the span before a moment, whatever became of them."""
    recent = (pl.col("channel") == channel) & (pl.col("sent_at") > moment - span)
    counted = ~pl.col("subject").str.starts_with("alert ") & ~pl.col("outcome").str.starts_with(HELD_BACK)
    return told.filter(recent & counted).height
