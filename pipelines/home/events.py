"""Events that call for a forecast out of turn: a policy changed, a supplier failed. People write them into a seed."""

import csv
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import cast

import polars as pl

from pipelines.errors import AlmanacError
from pipelines.home import state
from pipelines.home.settings import Settings

SEED = "forecast_events"


def due(settings: Settings, as_of: date) -> str:
    """Why the next version is an off-cycle revision: `event_id: reason` of every event that none has answered yet.

    An event is due from `occurred_on` on, until a run that named it has been published; a changed reason is another
    event; one that was over before the home served anything is past. Empty where there is none.
    Raises AlmanacError for a row that could never be answered.
    """
    published = _published(settings)
    if published.is_empty():
        return ""
    first = cast(date, published["as_of"].min())
    answered = {part.strip() for reason in published["reason"].drop_nulls() for part in reason.split(";")}
    waiting = [event for event in _events(settings) if first <= event.occurred_on <= as_of]
    return "; ".join(event.text for event in waiting if event.text not in answered)


def before_first_version(settings: Settings) -> tuple[date | None, list[str]]:
    """The `as_of` of the first published version, and `event_id (day)` of each event before it, which none answers."""
    published = _published(settings)
    if published.is_empty():
        return None, []
    first = cast(date, published["as_of"].min())
    return first, [
        f"{event.event_id} ({event.occurred_on})" for event in _events(settings) if event.occurred_on < first
    ]


def _published(settings: Settings) -> pl.DataFrame:
    log = state.read(settings, "runs")
    return log.filter(pl.col("outcome") == "published") if log.height else log


@dataclass(frozen=True, order=True)
class Event:
    """One row of the seed."""

    occurred_on: date
    event_id: str
    reason: str

    @property
    def text(self) -> str:
        """How a revision names it. A semicolon parts events, so none stands inside."""
        return f"{self.event_id}: {self.reason}".replace(";", ",")


def _events(settings: Settings) -> list[Event]:
    path = settings.seed(SEED)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return sorted(_event(path, row) for row in rows)


def _event(path: Path, row: dict[str, str | None]) -> Event:
    event_id, reason, day = ((row.get(name) or "").strip() for name in ("event_id", "reason", "occurred_on"))
    if not event_id or not reason:
        raise AlmanacError(f"{path}: an event needs event_id and reason: {row}")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", day):
        raise AlmanacError(f"{path}: event {event_id!r}: occurred_on must be YYYY-MM-DD, not {day!r}")
    try:
        return Event(date.fromisoformat(day), event_id, " ".join(reason.split()))
    except ValueError as error:
        raise AlmanacError(f"{path}: event {event_id!r}: {error}: {day}") from error
