"""What runs leave behind does not grow for ever, and what is needed later is not thrown away."""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from gate_homes import home

from pipelines.home import dbt, growth, prune, state
from pipelines.home.settings import Settings
from pipelines.orchestration import retention

NOW = datetime(2026, 1, 31)


def compiled(target: Path, step: str, model: str, text: str) -> Path:
    path = target / step / "compiled" / "almanac" / "models" / f"{model}.sql"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    (target / step / "manifest.json").write_text("{}")
    return path


def test_folders_of_dbt_steps_go_and_their_newest_sql_stays(tmp_path: Path) -> None:
    settings = home(tmp_path)
    target = settings.warehouse / "dbt_project" / "target"
    compiled(target, "staging_and_matching-aaaaaaa-1", "mtc_pairs", "select 1")
    compiled(target, "marts-aaaaaaa-1", "revenue", "select 2")
    compiled(target, "marts-bbbbbbb-2", "revenue", "select 3")
    (target / "manifest.json").write_text("{}")
    retention.bound(settings, None)
    assert sorted(path.name for path in target.iterdir()) == ["compiled", "manifest.json"]
    found = {name: path.read_text() for name, path in dbt._compiled(target.parent).items()}
    assert found == {"mtc_pairs": "select 1", "revenue": "select 3"}


def test_a_log_keeps_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = home(tmp_path)
    settings.warehouse.mkdir(parents=True)
    log = settings.warehouse / "run.log"
    log.write_text("".join(f"line {number}\n" for number in range(1000)))
    monkeypatch.setattr(retention, "LOG_BYTES", 100)
    retention.bound(settings, None)
    lines = log.read_text().splitlines()
    assert lines[-1] == "line 999" and lines[0].startswith("line ") and log.stat().st_size <= 100


def test_records_of_finished_runs_are_bounded_with_their_files(tmp_path: Path) -> None:
    settings = home(tmp_path)
    settings.dagster_home.mkdir(parents=True)

    @dg.op
    def nothing() -> None:
        pass

    @dg.job
    def work() -> None:
        nothing()

    with dg.DagsterInstance.local_temp(str(settings.dagster_home)) as instance:
        run_ids = [work.execute_in_process(instance=instance).run_id for _ in range(4)]
        retention.bound(settings, instance, kept_runs=2)
        assert {run.run_id for run in instance.get_runs()} == set(run_ids[2:])
        files = {path.stem for path in (settings.dagster_home / "history" / "runs").glob("*-*.db")}
        assert files == set(run_ids[2:])


def runs_of(settings: Settings, count: int) -> list[str]:
    """Runs a month apart, the last one on NOW, each with files in every log."""
    run_ids = [f"run-{number:02d}" for number in range(count)]
    for number, run_id in enumerate(run_ids):
        ended = NOW - timedelta(days=30 * (count - 1 - number))
        row = pl.DataFrame([{"run_id": run_id, "outcome": "published", "finished_at": ended}])
        state.append(settings, "runs", run_id, row)
        for log in ("quality", "forecast_backtest", "forecast_values", "customer_ids"):
            state.append(settings, log, f"{run_id}.raw" if log == "quality" else run_id, row)
    return run_ids


def kept(settings: Settings, log: str) -> int:
    return len(list((settings.state / log).glob("*.parquet")))


def test_prune_shows_first_and_then_removes_details_of_old_runs_alone(tmp_path: Path) -> None:
    settings = home(tmp_path)
    run_ids = runs_of(settings, 24)
    items = prune.prunable(settings, 400, NOW)
    old = [run_id for number, run_id in enumerate(run_ids) if 30 * (23 - number) > 400]
    assert {item.log: [file.name for file in item.files] for item in items} == {
        "quality": [f"{run_id}.raw.parquet" for run_id in old],
        "forecast_backtest": [f"{run_id}.parquet" for run_id in old],
    }
    assert kept(settings, "quality") == 24, "showing removes nothing"
    prune.remove(items)
    assert [kept(settings, log) for log in ("quality", "forecast_backtest")] == [24 - len(old)] * 2
    assert [kept(settings, log) for log in ("runs", "forecast_values", "customer_ids")] == [24] * 3
    assert prune.prunable(settings, 400, NOW) == []


def test_prune_keeps_the_last_runs_however_old(tmp_path: Path) -> None:
    settings = home(tmp_path)
    runs_of(settings, 8)
    assert prune.prunable(settings, 31, NOW + timedelta(days=4000)) == []


def test_a_killed_run_is_as_old_as_its_file(tmp_path: Path) -> None:
    settings = home(tmp_path)
    path = state.append(settings, "quality", "killed.raw", pl.DataFrame({"run_id": ["killed"]}))
    assert path and prune.prunable(settings, 400, NOW) == []
    os.utime(path, (1, 1))
    assert [item.files for item in prune.prunable(settings, 400, NOW)] == [(path,)]


def test_what_a_run_adds_is_told_with_the_number_of_runs_that_it_is_known_from(tmp_path: Path) -> None:
    settings = home(tmp_path)
    assert growth.a_run(settings) == (0, {})
    for number in range(5):
        held = {name: 1000 * number if name == "state" else 7 for name in growth.FOLDERS}
        figures = json.dumps({"bytes": held} if number else {})  # the first run is of before this was noted
        row = {"run_id": f"r{number}", "finished_at": NOW + timedelta(days=number), "figures": figures}
        state.append(settings, "runs", f"r{number}", pl.DataFrame([row]))
    runs, added = growth.a_run(settings)
    assert (runs, added["state"], added["landing"]) == (3, 1000, 0)
    assert growth.lines({"state": 4_000_000}, (runs, added)) == ["state: 4.0 MB, +0.00 MB a run (n=3)"]
    (settings.landing / "files").mkdir(parents=True)
    (settings.landing / "files" / "a").write_bytes(b"x" * 500)
    assert growth.sizes(settings)["landing"] >= 500
