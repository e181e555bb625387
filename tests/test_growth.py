"""What runs leave behind does not grow for ever, and what is needed later is not thrown away."""

from pathlib import Path

import dagster as dg
import pytest
from gate_homes import home

from pipelines.home import dbt
from pipelines.orchestration import retention


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
