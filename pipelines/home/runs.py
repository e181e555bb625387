"""One run of the job: what it may see and under which id its rows are kept."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Literal, cast, get_args

import polars as pl

from pipelines.errors import AlmanacError
from pipelines.home import events, state
from pipelines.home.served import manifest
from pipelines.home.settings import Settings, now

RunKind = Literal["live", "backfill", "revision", "submission"]
SERVED_KINDS = ("live", "revision")  # the others are kept in the ledger and serve nothing


@dataclass(frozen=True)
class Run:
    """What every step knows about the run it belongs to. Instants are naive UTC.

    as_of: exports up to the end of this day may be seen.
    known_at: files that landed later are left out; None for all that have landed.
    """

    run_id: str
    run_kind: RunKind
    as_of: date
    as_of_end_at: datetime
    known_at: datetime | None
    started_at: datetime
    reason: str = ""


def start(
    settings: Settings, run_id: str, as_of: date, *, known_at: str | None = None, kind: str = "", reason: str = ""
) -> Run:
    """The run for a day. Without a kind it is a backfill if it looks at the past (something newer is served, or
    `known_at` leaves files out), a revision if there is a reason for one, else live. Raises AlmanacError for a kind
    that would serve the past.
    """
    current = served(settings)
    past = known_at is not None or (current is not None and current.as_of > as_of)
    if past and kind in SERVED_KINDS:
        raise AlmanacError(
            f"a {kind} run is for {current.as_of if current else 'today'} or later: it would serve the past"
        )
    if not past and kind in ("", *SERVED_KINDS):
        reason = "; ".join(filter(None, (reason, events.due(settings, as_of))))
        kind = "revision" if reason else kind or "live"
    kind = kind or "backfill"
    if kind not in get_args(RunKind):
        raise AlmanacError(f"run kind {kind!r} is none of {', '.join(get_args(RunKind))}")
    return Run(
        run_id=run_id,
        run_kind=cast(RunKind, kind),
        as_of=as_of,
        as_of_end_at=settings.end_of_day(as_of),
        known_at=datetime.fromisoformat(known_at) if known_at else None,
        started_at=now(),
        reason=reason,
    )


def served(settings: Settings) -> Run | None:
    """The run whose tables are being served, by the served file itself; none before the first.

    Where the file is missing or damaged, the last run that the log knows as published.
    """
    try:
        row = manifest(settings)
    except AlmanacError:
        row = None
    return run_of(settings, row) if row else last_published(settings)


def run_of(settings: Settings, row: Mapping[str, Any]) -> Run:
    """The run of a manifest. One of before 0.2 lacks the instant of its start: its publishing stands in."""
    known: dict[str, Any] = {field.name: row.get(field.name) for field in fields(Run)}
    known |= {"started_at": row.get("started_at") or row["published_at"], "reason": row.get("reason") or ""}
    return Run(**{**known, "as_of_end_at": settings.end_of_day(row["as_of"])})


def last_published(settings: Settings) -> Run | None:
    """The last run that the log of runs knows as published."""
    log = state.read(settings, "runs")
    published = log.filter(pl.col("outcome") == "published").sort("finished_at") if log.height else log
    if published.is_empty():
        return None
    row = published.tail(1).to_dicts()[0]
    known = {field.name: row[field.name] for field in fields(Run) if field.name in row}
    return Run(**known, as_of_end_at=settings.end_of_day(row["as_of"]))
