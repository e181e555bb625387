"""The forecast ledger: every version that was ever issued, kept in state and laid out as `forecast.*` tables.

A row is never changed: a later run adds its own version beside it, with the run that issued it, when, as of when, by
whom and why. What is served is derived: the newest live version.
"""

from collections.abc import Callable
from dataclasses import fields

import polars as pl

from pipelines import state, warehouse
from pipelines.runs import SERVED_KINDS, Run
from pipelines.settings import Settings

VERSION: dict[str, pl.DataType] = {
    "run_id": pl.String(),
    "run_kind": pl.String(),
    "as_of": pl.Date(),
    "issued_at": pl.Datetime("us"),
    "author": pl.String(),
    "reason": pl.String(),
}


def issue_forecasts(settings: Settings, run: Run, say: Callable[[str], None]) -> None:
    """Forecast every configured series of `marts.series_history`, keep the version, and lay the ledger out."""
    from forecasts import config
    from forecasts import run as engine

    def progress(done: int, total: int) -> None:
        say(f"forecasting: {done} of {total} models")

    with warehouse.read(settings) as connection:
        history = connection.execute("select * from marts.series_history order by unique_id, ds").pl()
    issued = engine.forecast(history, config.load(settings.forecasts), as_of=run.as_of, progress=progress)
    for frame in fields(issued):
        state.append(settings, f"forecast_{frame.name}", run.run_id, _versioned(getattr(issued, frame.name), run))
    load(settings, run)


def load(settings: Settings, run: Run) -> None:
    """Write `forecast.*` from state as it stood when the run was issued.

    values holds every version; series, backtest, accuracy and choices those of the newest version; latest the rows of
    the newest live version that are served.
    """
    from forecasts import schemas

    known = {
        name: _known(settings, name, schema, run)
        for name, schema in {
            "values": schemas.VALUES,
            "series": schemas.SERIES,
            "backtest": schemas.BACKTEST,
            "accuracy": schemas.ACCURACY,
            "choices": schemas.CHOICES,
        }.items()
    }
    newest = {name: frame.filter(pl.col("run_id") == run.run_id) for name, frame in known.items() if name != "values"}
    with warehouse.write(settings) as connection:
        for name, frame in {"values": known["values"], **newest, "latest": _latest(known["values"])}.items():
            warehouse.replace_table(connection, "forecast", name, frame)


def _versioned(frame: pl.DataFrame, run: Run) -> pl.DataFrame:
    version = (run.run_id, run.run_kind, run.as_of, run.started_at, "model", run.reason or None)
    columns = zip(VERSION.items(), version, strict=True)
    return frame.select(*(pl.lit(value, dtype=kind).alias(name) for (name, kind), value in columns), pl.all())


def _known(settings: Settings, name: str, schema: dict[str, pl.DataType], run: Run) -> pl.DataFrame:
    """Every version issued up to the run, with all its columns even where nothing was ever issued."""
    from forecasts import schemas

    rows = state.read(settings, f"forecast_{name}")
    whole = schemas.conform(rows, {**VERSION, **schema}) if rows.width else schemas.empty({**VERSION, **schema})
    return whole.filter(pl.col("issued_at") <= run.started_at)


def _latest(values: pl.DataFrame) -> pl.DataFrame:
    live = values.filter(pl.col("run_kind").is_in(SERVED_KINDS))
    return live.filter((pl.col("issued_at") == live["issued_at"].max()) & pl.col("is_served"))
