"""Dagster's storage of a home: the same files as Dagster's own, by connections that are kept."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from pipelines.home.settings import load_settings
from pipelines.orchestration import execute, storage


@dg.asset(check_specs=[dg.AssetCheckSpec("is_whole", asset="figure")])
def figure(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    context.log.info("counted")
    return dg.MaterializeResult(
        metadata={"rows": 3}, check_results=[dg.AssetCheckResult(check_name="is_whole", passed=True)]
    )


def instance(home: Path, monkeypatch: pytest.MonkeyPatch) -> dg.DagsterInstance:
    for name, value in execute.environment(load_settings(home)).items():
        monkeypatch.setenv(name, value)
    return dg.DagsterInstance.get()


def run(found: dg.DagsterInstance) -> str:
    return dg.materialize([figure], instance=found).run_id


def test_a_home_keeps_the_connections_of_its_event_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with instance(tmp_path, monkeypatch) as found:
        assert isinstance(found.event_log_storage, storage.EventLog)
        assert isinstance(found.run_storage, storage.Runs)
        run_id = run(found)
        assert found.get_run_by_id(run_id).status is dg.DagsterRunStatus.SUCCESS  # type: ignore[union-attr]
        assert found.get_latest_materialization_event(dg.AssetKey("figure"))


def test_dagsters_own_storage_reads_what_the_home_has_written_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with instance(tmp_path, monkeypatch) as found:
        run_id = run(found)
        ours = [str(record) for record in found.all_logs(run_id)]
    base = str(tmp_path / "dagster" / "history" / "runs") + "/"
    theirs = SqliteEventLogStorage(base)
    assert [str(record) for record in theirs.get_logs_for_run(run_id)] == ours and len(ours) > 5
    assert [str(record) for record in storage.EventLog(base).get_logs_for_run(run_id)] == ours


def test_files_that_nobody_looks_at_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with instance(tmp_path, monkeypatch) as found:
        log = found.event_log_storage
        assert isinstance(log, storage.EventLog)
        runs = [run(found) for _ in range(storage.KEPT_FILES + 1)]
        assert len(log._engines) == storage.KEPT_FILES and runs[0] not in log._engines
        assert found.all_logs(runs[0])
