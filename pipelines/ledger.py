"""The forecast ledger: every version that was ever issued, kept in state and laid out as `forecast.*` tables.

A row is never changed: a later run adds its own version beside it, with the run that issued it, when, as of when, by
whom and why. What is served is derived: the newest live version.
"""

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from pipelines.errors import AlmanacError
from pipelines.home import state, warehouse
from pipelines.home.runs import SERVED_KINDS, Run
from pipelines.home.settings import Settings

VERSION: dict[str, pl.DataType] = {
    "run_id": pl.String(),
    "run_kind": pl.String(),
    "as_of": pl.Date(),
    "issued_at": pl.Datetime("us"),
}
FRAMES = ("values", "series", "backtest", "accuracy", "choices", "importance")
SEEN = ("published", "backfilled")  # outcomes of runs whose versions were issued
AUTHORSHIP: dict[str, pl.DataType] = {"author": pl.String(), "reason": pl.String()}  # of values alone


def issue_forecasts(settings: Settings, run: Run, say: Callable[[str], None]) -> None:
    """Forecast every configured series of `marts.series_history`, keep the version, and lay the ledger out."""
    from forecasts import config
    from forecasts import run as engine
    from forecasts.errors import ForecastError

    def progress(done: int, total: int) -> None:
        say(f"forecasting: {done} of {total} models")

    with warehouse.read(settings) as connection:
        history = connection.execute("select * from marts.series_history order by unique_id, ds").pl()
    last = _last_choices(settings, run)
    try:
        plan = config.load(settings.forecasts)
        facts = market_facts(settings, plan.market_facts)
        issued = engine.forecast(history, plan, as_of=run.as_of, progress=progress, last_choices=last, regressors=facts)
    except ForecastError as error:
        raise AlmanacError(str(error)) from error
    for name in FRAMES:
        versioned = _versioned(getattr(issued, name), run, AUTHORSHIP if name == "values" else {})
        state.append(settings, f"forecast_{name}", run.run_id, versioned)
    load(settings, run)


def market_facts(settings: Settings, names: Sequence[str]) -> pl.DataFrame | None:
    """The named figures from outside as regressors, each with its day of publication; an unknown name is an error."""
    if not names:
        return None
    with warehouse.read(settings) as connection:
        facts = connection.execute(
            "select metric as name, period_start as ds, cast(value as double) as value, published_on "
            "from staging.stg_market_facts where coalesce(level, 'total') = 'total' order by all"
        ).pl()
    known = facts["name"].unique().sort().to_list()
    if missing := [name for name in names if name not in known]:
        raise AlmanacError(f"forecasts.yml: market_facts: {missing[0]!r} was never exported: known are {known}")
    return facts.filter(pl.col("name").is_in(list(names)))


def load(settings: Settings, run: Run) -> None:
    """Write `forecast.*` from state as it stood when the run was issued.

    values holds every version; latest the rows of the newest live version that are served; the others those of the
    newest version.
    """
    known = {name: _known(settings, name, run) for name in FRAMES}
    newest = {name: frame.filter(pl.col("run_id") == run.run_id) for name, frame in known.items() if name != "values"}
    with warehouse.write(settings) as connection:
        for name, frame in {"values": known["values"], **newest, "latest": _latest(known["values"])}.items():
            warehouse.replace_table(connection, "forecast", name, frame)


def _versioned(frame: pl.DataFrame, run: Run, authorship: Mapping[str, pl.DataType]) -> pl.DataFrame:
    given = (run.run_id, run.run_kind, run.as_of, run.started_at, "model", run.reason or None)
    kinds = {**VERSION, **authorship}
    columns = zip(kinds.items(), given[: len(kinds)], strict=True)
    return frame.select(*(pl.lit(value, dtype=kind).alias(name) for (name, kind), value in columns), pl.all())


def _known(settings: Settings, name: str, run: Run) -> pl.DataFrame:
    """Every version issued up to the run, with all its columns even where nothing was ever issued."""
    from forecasts.output import schemas

    authorship = AUTHORSHIP if name == "values" else {}
    columns = {**VERSION, **authorship, **getattr(schemas, name.upper())}
    rows = state.read(settings, f"forecast_{name}")
    whole = schemas.conform(rows, columns) if rows.width else schemas.empty(columns)
    return whole.filter(pl.col("issued_at") <= run.started_at, pl.col("run_id").is_in(_seen(settings, run)))


def _last_choices(settings: Settings, run: Run) -> pl.DataFrame:
    """What the newest live run chose: its pools stay champions until something is clearly better."""
    live = _known(settings, "choices", run).filter(
        pl.col("run_kind").is_in(SERVED_KINDS), pl.col("run_id") != run.run_id, pl.col("as_of") <= run.as_of
    )
    return live.filter(pl.col("issued_at") == pl.col("issued_at").max())


def _seen(settings: Settings, run: Run) -> list[str]:
    """The run itself and those whose numbers somebody could see, which the log of runs says of them.

    Not those that a gate or an error stopped after they had forecast, nor those that were killed: they left no word.
    """
    log = state.read(settings, "runs")
    ended = log.filter(pl.col("outcome").is_in(SEEN))["run_id"].to_list() if log.height else []
    return [run.run_id, *ended]


def _latest(values: pl.DataFrame) -> pl.DataFrame:
    live = values.filter(pl.col("run_kind").is_in(SERVED_KINDS))
    return live.filter((pl.col("issued_at") == live["issued_at"].max()) & pl.col("is_served"))
