"""The forecast ledger: every version that was ever issued, kept in state and loaded into the tables `forecast.*`.

Append-only: a later run adds its own version, with the run that issued it, when, as of when, by whom and why. What is
served is derived: the newest live version.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import reduce
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from pipelines import deal_ledger
from pipelines.errors import AlmanacError
from pipelines.home import served, state, warehouse
from pipelines.home.runs import SERVED_KINDS, Run
from pipelines.home.settings import Settings

if TYPE_CHECKING:
    from forecasts.config import Config
    from forecasts.run import Forecasts

VERSION: dict[str, pl.DataType] = {
    "run_id": pl.String(),
    "run_kind": pl.String(),
    "as_of": pl.Date(),
    "issued_at": pl.Datetime("us"),
}
ENGINE_FRAMES = ("values", "series", "backtest", "accuracy", "choices", "importance", "skill")
FRAMES = (*ENGINE_FRAMES, "scenarios", *deal_ledger.FRAMES)
# Every table that forecasts are made from: what must be whole before they are issued.
INPUTS = ("marts.series_history", "staging.stg_market_facts", "intermediate.int_submissions", *deal_ledger.TABLES)
REPLAYED = "~"  # in a run id: what follows is the past day that the run before it has replayed
ISSUED_OUTCOMES = ("published", "backfilled")  # outcomes of runs whose versions count as issued
AUTHORSHIP: dict[str, pl.DataType] = {"author": pl.String(), "reason": pl.String()}  # of values alone


def issue_forecasts(settings: Settings, run: Run, say: Callable[[str], None]) -> None:
    """Forecast every configured series of `marts.series_history`, append the version, and load the ledger."""

    def progress(done: int, total: int) -> None:
        say(f"forecasting: {done} of {total} models")

    plan = plan_of(settings)
    with warehouse.read(settings) as connection:
        history = connection.execute("select * from marts.series_history order by unique_id, ds").pl()
        facts = facts_in(connection, plan.market_facts)
    issued = computed(history, plan, run, facts=facts, last=_last_choices(settings, run), say=progress)
    if missing := issued.choices.filter(decision="left_out")["candidate"].unique().sort().to_list():
        say(f"not forecast, as no export tells of it: {', '.join(missing)}")
    say("forecasting: open deals")
    issued, deals = with_deals(deal_ledger.read_inputs(settings), run, plan, history, issued)
    issued, approved = with_approved(settings, run, plan, issued)
    append(settings, run, issued, {**deals, "scenarios": scenario_rows(plan)}, approved)
    load(settings, run)


def plan_of(settings: Settings) -> "Config":
    """What is forecast and how, with the scenarios of all files; an AlmanacError where one is wrong."""
    from forecasts import config
    from forecasts.errors import ForecastError

    try:
        plan = config.load(settings.forecasts)
        return reduce(config.with_scenarios, settings.scenarios, plan)
    except ForecastError as error:
        raise AlmanacError(str(error)) from error


def computed(
    history: pl.DataFrame,
    plan: "Config",
    run: Run,
    *,
    facts: pl.DataFrame | None = None,
    last: pl.DataFrame | None = None,
    say: Callable[[int, int], None] | None = None,
    scored: bool = True,
) -> "Forecasts":
    """The forecasts of a run from the history it may see. last: choices of the last live run. scored: with accuracy."""
    from forecasts import run as engine
    from forecasts.errors import ForecastError

    try:
        return engine.forecast(
            history,
            plan,
            as_of=run.as_of,
            progress=say,
            last_choices=last,
            regressors=facts,
            scored=scored,
        )
    except ForecastError as error:
        raise AlmanacError(str(error)) from error


def with_deals(
    inputs: deal_ledger.Inputs,
    run: Run,
    plan: "Config",
    history: pl.DataFrame,
    issued: "Forecasts",
    *,
    scored: bool = True,
) -> tuple["Forecasts", dict[str, pl.DataFrame]]:
    """The forecasts with what deals bring weighed in, and the frames of deals. scored: with their accuracy."""
    from forecasts.errors import ForecastError

    try:
        return deal_ledger.with_deals(issued, plan, inputs, history, run.as_of, scored=scored)
    except ForecastError as error:
        raise AlmanacError(str(error)) from error


def with_approved(
    settings: Settings, run: Run, plan: "Config", issued: "Forecasts"
) -> tuple["Forecasts", pl.DataFrame | None]:
    """The forecasts with the totals that people approved taken out, and these rows; None where none is to be served."""
    from forecasts.output import approved

    if not plan.approved:
        return issued, None
    with warehouse.read(settings) as connection:
        submitted = connection.execute(
            """
            select concat_ws('|', metric, 'total', '', 'MS') as unique_id, period_start,
                amount, author, cast(submitted_at as date) as said_on
            from intermediate.int_submissions
            where lower(trim(role)) = 'approved' and level = 'total' and list_contains(?, metric)
                and period_start > ? and amount is not null
            qualify row_number() over (partition by metric, period_start order by submitted_at desc, source_id desc) = 1
            """,
            [list(plan.approved), run.as_of],
        ).pl()
    values, rows = approved.with_approved(issued.values, issued.series, submitted)
    return replace(issued, values=values), rows


def scenario_rows(plan: "Config") -> pl.DataFrame:
    """schemas.SCENARIOS: one row per scenario of the configuration, with what is done where it comes true."""
    from forecasts.output import schemas

    rows = []
    for scenario in plan.scenarios:
        answer = scenario.response
        done = (answer.action, answer.owner, answer.trigger) if answer else (None, None, None)
        rows.append((scenario.name, scenario.because, *done))
    return pl.DataFrame(rows, schema=schemas.SCENARIOS, orient="row")


def without_backtest(issued: "Forecasts") -> "Forecasts":
    """A replayed version as it is kept: nobody reads the backtest of a day that was never served."""
    return replace(issued, backtest=issued.backtest.clear(), accuracy=issued.accuracy.clear())


def append(
    settings: Settings,
    run: Run,
    issued: "Forecasts",
    deals: Mapping[str, pl.DataFrame] | None = None,
    approved: pl.DataFrame | None = None,
) -> None:
    """Add a version to the ledger. deals: frames of the forecast from deals; approved: values that people issued."""
    frames = {name: getattr(issued, name) for name in ENGINE_FRAMES} | dict(deals or {})
    for name, frame in frames.items():
        versioned = _versioned(frame, run, AUTHORSHIP if name == "values" else {})
        if name == "values" and approved is not None:
            people = _versioned(approved.drop("author"), run, AUTHORSHIP).with_columns(approved["author"])
            versioned = pl.concat([versioned, people])
        state.append(settings, f"forecast_{name}", run.run_id, versioned)


def market_facts(settings: Settings, names: Sequence[str]) -> pl.DataFrame | None:
    """The named market facts of the working file as regressors; see `facts_in`."""
    with warehouse.read(settings) as connection:
        return facts_in(connection, names)


def facts_in(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> pl.DataFrame | None:
    """The named market facts as regressors, each with its publication day; an unknown name is an error."""
    if not names:
        return None
    facts = connection.execute(
        "select metric as name, period_start as ds, cast(value as double) as value, published_on "
        "from staging.stg_market_facts where coalesce(level, 'total') = 'total' order by all"
    ).pl()
    exported = facts["name"].unique().sort().to_list()
    if missing := [name for name in names if name not in exported]:
        available = ", ".join(exported) or "none"
        raise AlmanacError(f"forecasts.yml: market_facts: {missing[0]!r} was never exported; available: {available}")
    return facts.filter(pl.col("name").is_in(list(names)))


def issued_days(settings: Settings, run: Run) -> set[date]:
    """The days as of which versions were issued, this run's among them."""
    return set(_issued_versions(settings, "series", run)["as_of"].to_list())


def load(settings: Settings, run: Run) -> None:
    """Write `forecast.*` from state as it stood when the run was issued.

    values holds every version; latest the rows of the newest live version that are served; the others those of the
    newest version.
    """
    issued = _issued_run_ids(settings, run)
    versions = {name: _issued_versions(settings, name, run, issued) for name in FRAMES}
    others = {name: frame for name, frame in versions.items() if name != "values"}
    newest = {name: frame.filter(pl.col("run_id") == run.run_id) for name, frame in others.items()}
    with warehouse.write(settings) as connection:
        for name, frame in {"values": versions["values"], **newest, "latest": _latest(versions["values"], run)}.items():
            warehouse.replace_table(connection, "forecast", name, frame)


def _versioned(frame: pl.DataFrame, run: Run, authorship: Mapping[str, pl.DataType]) -> pl.DataFrame:
    values = (run.run_id, run.run_kind, run.as_of, run.started_at, "model", run.reason or None)
    kinds = {**VERSION, **authorship}
    columns = zip(kinds.items(), values[: len(kinds)], strict=True)
    return frame.select(*(pl.lit(value, dtype=kind).alias(name) for (name, kind), value in columns), pl.all())


def _issued_versions(settings: Settings, name: str, run: Run, issued: Sequence[str] | None = None) -> pl.DataFrame:
    """Every version issued up to the run, of no later day; with all columns even where none was ever issued.

    issued: ids of the runs whose versions count, where they are known already.
    """
    from forecasts.output import schemas

    authorship = AUTHORSHIP if name == "values" else {}
    columns = {**VERSION, **authorship, **getattr(schemas, name.upper())}
    rows = state.read(settings, f"forecast_{name}")
    # A replayed version stands and falls with the run that made it.
    replaying_run = pl.col("run_id").str.split(REPLAYED).list.first()
    versions = schemas.conform(rows, columns) if rows.width else schemas.empty(columns)
    return versions.filter(
        pl.col("issued_at") <= run.started_at,
        pl.col("as_of") <= run.as_of,
        replaying_run.is_in(_issued_run_ids(settings, run) if issued is None else issued),
    )


def _last_choices(settings: Settings, run: Run) -> pl.DataFrame:
    """The choices of the newest live run: its pools stay champions until a challenger is clearly better."""
    live = _issued_versions(settings, "choices", run).filter(
        pl.col("run_kind").is_in(SERVED_KINDS), pl.col("run_id") != run.run_id, pl.col("as_of") <= run.as_of
    )
    return live.filter(pl.col("issued_at") == pl.col("issued_at").max())


def _issued_run_ids(settings: Settings, run: Run) -> list[str]:
    """This run and all runs that the log of runs records as published or backfilled.

    Runs that a gate or an error stopped after forecasting, or that were killed (not in the log), are left out.
    """
    log = state.read(settings, "runs")
    ended = log.filter(pl.col("outcome").is_in(ISSUED_OUTCOMES))["run_id"].to_list() if log.height else []
    return [run.run_id, *ended, *served.run_ids(settings)]  # whoever reads the served file sees its forecasts


def _latest(values: pl.DataFrame, run: Run) -> pl.DataFrame:
    """The served rows of the newest live version; of the run itself where it looks at a past day."""
    if run.run_kind not in SERVED_KINDS:
        return values.filter((pl.col("run_id") == run.run_id) & pl.col("is_served"))
    live = values.filter(pl.col("run_kind").is_in(SERVED_KINDS))
    return live.filter((pl.col("issued_at") == live["issued_at"].max()) & pl.col("is_served"))
