"""Events that call for a forecast out of turn: a policy changed, a supplier failed. People write them into a seed."""

import csv
from datetime import date

import polars as pl

from pipelines import state
from pipelines.errors import AlmanacError
from pipelines.settings import Settings

SEED = "forecast_events"


def due(settings: Settings, as_of: date) -> str:
    """Why the next version is an off-cycle revision: `event_id: reason` of every event that none has answered yet.

    An event is due from `occurred_on` on, until a run that named it has been published; one that was over before the
    home served anything is past. Empty where there is none. Raises AlmanacError for a day that is none.
    """
    log = state.read(settings, "runs")
    published = log.filter(pl.col("outcome") == "published") if log.height else log
    if published.is_empty():
        return ""
    first, answered = published["as_of"].min(), "\n".join(published["reason"].drop_nulls())
    waiting = [
        f"{event['event_id']}: {event['reason']}"
        for event in _events(settings)
        if str(first) <= event["occurred_on"] <= str(as_of) and f"{event['event_id']}: " not in answered
    ]
    return "; ".join(waiting)


def _events(settings: Settings) -> list[dict[str, str]]:
    path = settings.seed(SEED)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        events = list(csv.DictReader(stream))
    for event in events:
        try:
            date.fromisoformat(event["occurred_on"])
        except (KeyError, TypeError, ValueError) as error:
            raise AlmanacError(f"{path}: event {event.get('event_id')!r}: occurred_on must be YYYY-MM-DD") from error
    return sorted(events, key=lambda event: (event["occurred_on"], event["event_id"]))
