"""What the ledger hands the engine beside the history, and which versions count as issued."""

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from forecasts.output import schemas
from pipelines import ledger
from pipelines.errors import AlmanacError
from pipelines.home import state, warehouse
from pipelines.home.runs import Run
from pipelines.home.settings import Settings, load_settings

pytestmark = pytest.mark.fast


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home in which two figures of an index were published, and one of a region."""
    settings = load_settings(tmp_path)
    settings.warehouse.parent.mkdir(parents=True, exist_ok=True)
    with warehouse.write(settings) as connection:
        connection.execute("create schema staging")
        connection.execute(
            "create table staging.stg_market_facts as select * from (values "
            "('pmi', 'total', date '2024-01-01', 50.5, date '2024-02-01'), "
            "('pmi', null, date '2024-02-01', 51.0, date '2024-03-01'), "
            "('rainfall', 'region', date '2024-01-01', 3.0, date '2024-01-31')) "
            "as facts (metric, level, period_start, value, published_on)"
        )
    return settings


def test_named_market_facts_become_regressors_with_their_day_of_publication(settings: Settings) -> None:
    facts = ledger.market_facts(settings, ["pmi"])
    assert facts is not None
    assert facts.columns == ["name", "ds", "value", "published_on"]
    assert facts["value"].to_list() == [50.5, 51.0]


def test_a_market_fact_that_was_never_exported_is_an_error_not_a_silence(settings: Settings) -> None:
    with pytest.raises(AlmanacError, match="'rainfall' was never exported"):
        ledger.market_facts(settings, ["rainfall"])
    assert ledger.market_facts(settings, []) is None


def issued(settings: Settings, run_id: str, month: int, outcome: str | None) -> Run:
    """A run that put one value into the ledger in that month, and what the log of runs says of it."""
    end = datetime(2024, month, 1)
    run = Run(run_id, "live", end.date(), end, None, end)
    value = {"unique_id": "revenue", "period_start": date(2025, 1, 1), "yhat": float(month), "is_served": True}
    kinds = {**ledger.VERSION, **ledger.AUTHORSHIP, **schemas.VALUES}
    version = {"run_id": run_id, "run_kind": "live", "as_of": run.as_of, "issued_at": run.started_at}
    state.append(settings, "forecast_values", run_id, pl.DataFrame([version | value], schema=kinds))
    if outcome:
        state.append(settings, "runs", run_id, pl.DataFrame([{"run_id": run_id, "outcome": outcome}]))
    return run


def in_ledger(settings: Settings, run: Run) -> tuple[list[str], list[str]]:
    """The runs in `forecast.values` and in `forecast.latest`, once the ledger is laid out for a run."""
    ledger.load(settings, run)
    with warehouse.read(settings) as connection:
        tables = [
            connection.execute(f"select distinct run_id from forecast.{name} order by 1").fetchall()
            for name in ("values", "latest")
        ]
    return [run_id for (run_id,) in tables[0]], [run_id for (run_id,) in tables[1]]


def test_forecasts_of_a_run_that_was_killed_were_never_issued(settings: Settings) -> None:
    """A killed run leaves its rows in state and no word in the log of runs."""
    for month, (run_id, outcome) in enumerate(
        {"seen": "published", "past": "backfilled", "stopped": "blocked", "broke": "failed", "killed": None}.items(), 1
    ):
        issued(settings, run_id, month, outcome)
    now = issued(settings, "now", 6, None)
    assert in_ledger(settings, now) == (["now", "past", "seen"], ["now"])


def test_the_first_run_of_a_home_does_not_count_the_one_that_was_killed_before_it(settings: Settings) -> None:
    issued(settings, "killed", 1, None)
    assert in_ledger(settings, issued(settings, "now", 2, None)) == (["now"], ["now"])
