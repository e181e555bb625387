"""Versions of past month ends: what the product would have forecast from what had been exported by then.

A home that has just been filled has no issued version whose periods are over. What forecasts of a past day are made of
is built again from the exports that it could see, by the SQL that built today's, in memory: staging to
`marts.series_history` and the deals, nothing else. Keys and customers are today's, so a deal or invoice counts in the
region of the customer that its record belongs to now. No gate is run: a gate judges what is about to be served, and a
replayed version is never served.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import duckdb
import polars as pl

from pipelines import deal_ledger, ledger
from pipelines.home import dbt, warehouse
from pipelines.home.runs import SERVED_KINDS, Run
from pipelines.home.settings import Settings

Item = TypeVar("Item")
Result = TypeVar("Result")
SERIES = "series_history"
DEALS = ("int_forecast_deals", "int_forecast_observations")


def issue_missing(settings: Settings, run: Run, say: Callable[[str], None]) -> None:
    """Append a version for each recent month end that has none; only a run that serves does."""
    plan = ledger.plan_of(settings)
    days = missing_days(settings, run, plan.replay_months) if run.run_kind in SERVED_KINDS else []
    if not days:
        return
    project = dbt.prepare_project(settings)
    models = dbt.ancestors(project, SERIES, *DEALS, *(("stg_market_facts",) if plan.market_facts else ()))
    past_runs = [replayed(settings, run, day) for day in days]
    known = one_ahead(partial(_known_to, settings, models, dbt.views(project), plan.market_facts), past_runs)
    quick = replace(plan, importance=False, scenarios=())
    for past, (history, facts, inputs) in zip(past_runs, known, strict=True):
        say(f"replaying {past.as_of}")
        if not history.is_empty():
            issued = ledger.computed(history, quick, past, facts=facts, scored=False)
            issued, deals = ledger.with_deals(inputs, past, quick, history, issued, scored=False)
            ledger.append(settings, past, ledger.without_backtest(issued), deals)
    ledger.load(settings, run)


def one_ahead(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """The results in order, each worked out while the one before is in use: DuckDB on a day, forecasts on another.

    No more than two are held, and whoever stops asking waits for the one that is being worked out, not for the rest.
    """
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(work, items[0]) if items else None
        for later in (*items[1:], None):
            if waiting is None:
                return
            result = waiting.result()
            waiting = thread.submit(work, later) if later is not None else None
            yield result


def _known_to(
    settings: Settings,
    models: Mapping[tuple[str, str], Path | None],
    views: Collection[str],
    facts: Sequence[str],
    run: Run,
) -> tuple[pl.DataFrame, pl.DataFrame | None, deal_ledger.Inputs]:
    """The series, the market facts and the deals that a run of a past day could see."""
    with warehouse.replica(settings) as connection:
        connection.execute("set threads = 1")  # tables this small cost a second thread more than they gain
        history = history_as_of(connection, models, warehouse.run_row(settings, run), views)
        return history, ledger.facts_in(connection, facts), deal_ledger.deals_in(connection)


def replayed(settings: Settings, run: Run, day: date) -> Run:
    """The run of a past day, under an id that begins with that of the run which replays it."""
    return replace(
        run,
        run_id=f"{run.run_id}{ledger.REPLAYED}{day}",
        run_kind="backfill",
        as_of=day,
        as_of_end_at=settings.end_of_day(day),
        reason=f"replayed from what had been exported by {day}",
    )


def missing_days(settings: Settings, run: Run, months: int) -> list[date]:
    """The month ends before the run's day, the oldest first, as of which nothing was issued."""
    issued = ledger.issued_days(settings, run)
    days, day = [], run.as_of
    for _ in range(months):
        day = day.replace(day=1) - timedelta(days=1)
        days.append(day)
    return [day for day in reversed(days) if day not in issued]


def history_as_of(
    connection: duckdb.DuckDBPyConnection,
    models: Mapping[tuple[str, str], Path | None],
    run: pl.DataFrame,
    views: Collection[str] = (),
) -> pl.DataFrame:
    """`marts.series_history` as a run would have built it; models: (schema, table) and its SQL, in order of building,
    None for what Python and seeds wrote. run: the row of `control.run`. views: names of the models that stay views.
    """
    for (schema, table), sql in models.items():
        name = f"work.{warehouse.quoted(schema)}.{warehouse.quoted(table)}"
        connection.execute(f"create schema if not exists work.{warehouse.quoted(schema)}")
        if (schema, table) == ("control", "run"):
            with warehouse.frames(connection, replayed_run=run):
                connection.execute(f"create table {name} as select * from replayed_run")
        elif sql is None:
            source = f"built.{warehouse.quoted(schema)}.{warehouse.quoted(table)}"
            connection.execute(f"create view {name} as select * from {source}")
        else:
            kind = "view" if table in views else "table"
            connection.execute(f"create {kind} {name} as {sql.read_text(encoding='utf-8')}")
    return connection.execute(f"select * from work.marts.{SERIES} order by unique_id, ds").pl()
