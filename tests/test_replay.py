"""Replayed versions: the month ends before the first run, each from what had been exported by then."""

import os
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from conftest import Built
from polars.testing import assert_frame_equal

from pipelines import ledger, replay
from pipelines.home import dbt, state, warehouse
from pipelines.home.runs import Run
from pipelines.home.settings import Settings, load_settings

KEY = ["unique_id", "scenario", "model", "period_start"]
NUMBERS = ["yhat", "lo_95", "lo_80", "hi_80", "hi_95"]


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return load_settings(tmp_path)


def run_of(day: date, kind: str = "live") -> Run:
    return Run("r", kind, day, datetime(2026, 1, 1), None, datetime(2026, 1, 1))  # type: ignore[arg-type]


@pytest.mark.fast
@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 3, 31), [date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 28)]),
        (date(2026, 3, 15), [date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 28)]),
        (date(2026, 3, 1), [date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 28)]),
    ],
)
def test_the_month_ends_before_a_run_are_replayed(home: Settings, day: date, expected: list[date]) -> None:
    assert replay.missing_days(home, run_of(day), 3) == expected


@pytest.mark.fast
def test_a_series_of_a_past_day_is_built_from_what_had_been_exported_by_then(home: Settings, tmp_path: Path) -> None:
    """Two exports of one deal: 10 in January, 30 in March. As of February it is 10."""
    home.warehouse.mkdir(parents=True)
    sql = tmp_path / "series_history.sql"
    sql.write_text(
        'select \'s\' as unique_id, date \'2026-01-01\' as ds, amount as y from "work"."raw"."deals" '
        'where exported_on <= (select as_of from "work"."control"."run") '
        "qualify row_number() over (order by exported_on desc) = 1"
    )
    with warehouse.write(home) as connection:
        connection.execute("create table raw.deals (amount double, exported_on date)")
        connection.execute("insert into raw.deals values (10, '2026-01-31'), (30, '2026-03-31')")
    models = {("control", "run"): None, ("raw", "deals"): None, ("marts", "series_history"): sql}
    found = {}
    for day in (date(2026, 2, 28), date(2026, 3, 31)):
        with warehouse.replica(home) as connection:
            history = replay.history_as_of(connection, models, warehouse.run_row(home, run_of(day)))
        found[day.month] = history["y"].to_list()
    assert found == {2: [10.0], 3: [30.0]}


@pytest.mark.fast
def test_one_day_is_worked_out_ahead_and_none_after_an_error() -> None:
    """Data of a large company is held for two days at a time, and who fails does not wait for the rest."""
    begun: list[int] = []

    def work(day: int) -> int:
        begun.append(day)
        return day * 10

    assert list(replay.one_ahead(work, [1, 2, 3])) == [10, 20, 30] and begun == [1, 2, 3]
    assert list(replay.one_ahead(work, [])) == []
    begun.clear()
    days = replay.one_ahead(work, range(9))
    assert next(days) == 0
    days.close()  # as a loop does that ends in an error
    assert len(begun) <= 2


@pytest.mark.fast
def test_rows_of_a_unit_test_are_no_model(tmp_path: Path) -> None:
    """dbt compiles them under the model's name, and later than the model where somebody has tested it."""
    models = tmp_path / "target" / "compiled" / "almanac" / "models" / "marts"
    for path in (models / "opportunities.sql", models / "unit_tests.yml" / "opportunities.sql"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("select 1")
    os.utime(models / "opportunities.sql", (0, 0))
    assert dbt._compiled(tmp_path) == {"opportunities": models / "opportunities.sql"}


@pytest.mark.fast
def test_a_replayed_version_stands_and_falls_with_the_run_that_made_it(home: Settings) -> None:
    run = replay.replayed(home, run_of(date(2026, 3, 31)), date(2026, 2, 28))
    assert (run.run_id, run.run_kind, run.as_of) == (f"r{ledger.REPLAYED}2026-02-28", "backfill", date(2026, 2, 28))
    assert "had been exported by 2026-02-28" in run.reason


def test_six_month_ends_have_versions_on_a_basis_of_their_own(built: Built) -> None:
    issued = state.read(built.settings, "forecast_values").filter("is_served", pl.col("scenario") == "base")
    kinds = dict(issued.group_by("run_kind").agg(pl.col("as_of").n_unique()).rows())
    assert kinds["backfill"] == 6
    with warehouse.read(built.settings) as connection:
        bases = dict(
            connection.execute("select basis, count(distinct lag) from outlook.forecast_accuracy group by 1").fetchall()
        )
        compared = connection.execute(
            "select count(*) from outlook.forecast_vs_actual where actual is not null"
        ).fetchall()
    assert bases == {"replayed": 3, "backtest": 3}
    assert compared[0][0] > 0


@pytest.mark.slow
def test_a_replayed_version_is_what_a_whole_run_of_that_day_issues(copied: Callable[[], Built]) -> None:
    """Every served and challenging number of every series, from two ways to the same day; replays ask no "what if"."""
    from pipelines.orchestration import execute

    settings, day = copied().settings, date(2026, 7, 31)
    assert execute.run_job(settings, day, {"kind": "backfill"}, print)
    versions = state.read(settings, "forecast_values").filter((pl.col("as_of") == day) & (pl.col("scenario") == "base"))
    replayed = pl.col("run_id").str.contains(ledger.REPLAYED, literal=True)
    ours, whole = (versions.filter(part).sort(KEY).select(*KEY, *NUMBERS) for part in (replayed, ~replayed))
    assert ours.height == whole.height > 0
    assert_frame_equal(ours, whole, rel_tol=1e-9)
    with warehouse.read(settings) as connection:
        latest = connection.execute("select distinct as_of from forecast.latest").fetchall()
        newest = connection.execute("select max(as_of) from forecast.values").fetchall()
    assert latest == newest == [(day,)], "a past day in the working file shows its own version and none that came later"
