"""Memory of the questions that people were asked: a question whose finding has gone is closed, not forgotten.

Belongs here: the log of questions in state and the table of it that `outlook.review_queue` reads. Does not belong here:
what is a question (the models), or what people answer (`pipelines/decisions`).
"""

from typing import Any

import polars as pl

from pipelines.home import served, state, warehouse
from pipelines.home.runs import Run
from pipelines.home.settings import Settings

LOG = "reviews"
ASKED, GONE = "asked", "gone"
QUESTION: dict[str, Any] = {
    **dict.fromkeys(("review_id", "kind", "subject", "question", "owner", "owner_source"), pl.String),
    "opened_on": pl.Date,
    "priority": pl.Float64,
}
COLUMNS: dict[str, Any] = {
    **QUESTION,
    "event": pl.String,
    "run_id": pl.String,
    "as_of": pl.Date,
    "recorded_at": pl.Datetime("us"),
}
NEWEST_LAST = ("as_of", "recorded_at", "run_id")


def load(settings: Settings, run: Run) -> None:
    """Write `control.asked_reviews`: one row per question of earlier published runs, none of a later day."""
    with warehouse.write(settings) as connection:
        warehouse.replace_table(connection, "control", "asked_reviews", last_events(settings, run))


def last_events(settings: Settings, run: Run) -> pl.DataFrame:
    """COLUMNS, one row per question: what became of it last before the run, by the day of the run that saw it."""
    rows = state.read(settings, LOG)
    if rows.is_empty():
        return pl.DataFrame(schema=COLUMNS)
    earlier = rows.filter(
        pl.col("run_id").is_in(_published(settings)),
        pl.col("run_id") != run.run_id,
        pl.col("as_of") <= run.as_of,
        pl.col("recorded_at") <= run.started_at,
    )
    return earlier.sort(NEWEST_LAST).unique("review_id", keep="last", maintain_order=True).select(list(COLUMNS))


def remember(settings: Settings, run: Run) -> None:
    """Append what the run asks for the first time, and what it no longer finds; before it is published."""
    event = f"if(outcome_code = '{GONE}', '{GONE}', '{ASKED}') as event"
    with warehouse.read(settings) as connection:
        events = connection.execute(f"select {', '.join(QUESTION)}, {event} from outlook.review_queue").pl()
    known = last_events(settings, run).select("review_id", "event")
    stamp = {"run_id": run.run_id, "as_of": run.as_of, "recorded_at": run.started_at}
    new = events.join(known, on=["review_id", "event"], how="anti")
    frame = new.with_columns(**{name: pl.lit(value) for name, value in stamp.items()})
    state.append(settings, LOG, run.run_id, frame.select(pl.col(name).cast(kind) for name, kind in COLUMNS.items()))


def _published(settings: Settings) -> list[str]:
    """Runs whose questions somebody can have read; see `ledger` for why the served file is asked too."""
    log = state.read(settings, "runs")
    ended = log.filter(pl.col("outcome") == "published")["run_id"].to_list() if log.height else []
    return [*ended, *served.run_ids(settings)]
