"""What the status file keeps, sums up and leaves out."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import gate_homes as homes
import polars as pl
import pytest
from serving_world import FINISHED, held

from pipelines.gates import gates
from pipelines.home import state
from pipelines.home.runs import Run
from pipelines.home.settings import Settings
from pipelines.serving import status, status_tables
from pipelines.serving.status import RUN_COLUMNS

pytestmark = pytest.mark.fast
REVISION = Run("r1", "revision", date(2025, 3, 31), datetime(2025, 4, 1), datetime(2025, 4, 2), FINISHED, "new prices")
Tables = dict[str, pl.DataFrame]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return homes.home(tmp_path)


@pytest.fixture
def tables(settings: Settings) -> Tables:
    """Those of a home in which nothing has happened but twelve runs, an hour apart, not in the order of their ids."""
    hours = [FINISHED + timedelta(hours=n * 5 % 12) for n in range(12)]
    runs = [{"run_id": f"r{n}", "finished_at": hour, "outcome": "failed"} for n, hour in enumerate(hours)]
    return status_tables.collect(settings) | {"runs": pl.DataFrame(runs, schema=RUN_COLUMNS)}


def checks(run_id: str, *found: tuple[str, str, str]) -> pl.DataFrame:
    """Results of a run: gate, table and outcome of each."""
    rows = [{"run_id": run_id, "severity": "critical", "gate": g, "table_name": t, "outcome": o} for g, t, o in found]
    return pl.DataFrame(rows, schema=gates.RESULT_COLUMNS)


def test_the_summary_has_the_last_ten_runs_and_says_that_nothing_is_served(tables: Tables) -> None:
    summary = status_tables.summary(tables)
    newest_first = [f"r{n}" for n in sorted(range(12), key=lambda n: -(n * 5 % 12))]
    assert [run["run_id"] for run in summary["runs"]] == newest_first[:10]
    assert summary["last_run"]["run_id"] == newest_first[0] == "r7"
    assert summary["served"] is None


def test_the_summary_names_the_served_run_with_the_rows_of_its_tables(tables: Tables) -> None:
    run = {"run_id": "r3", "as_of": date(2025, 3, 31), "published_at": FINISHED}
    row = {**run, "schema_name": "marts", "table_name": "revenue", "row_count": 10}
    tables["served"] = pl.DataFrame([row], schema=tables["served"].schema)
    assert status_tables.summary(tables)["served"] == {**run, "tables": {"marts.revenue": 10}}


def test_checks_are_counted_by_gate_in_the_order_of_the_gates_for_the_last_run_alone(tables: Tables) -> None:
    failed = [(gate, f"t{n}", "failed") for gate in ("marts", "raw") for n in range(40)]
    found = [*failed, ("forecast", "f", "error"), ("marts", "x", "passed"), ("marts", "y", "passed")]
    tables["results"] = pl.concat([checks("r0", ("clean", "old", "failed")), checks("r7", *found)])
    summary = status_tables.summary(tables)
    assert summary["gates"] == [
        {"gate": "raw", "passed": 0, "failed": 40, "error": 0},
        {"gate": "marts", "passed": 2, "failed": 40, "error": 0},
        {"gate": "forecast", "passed": 0, "failed": 0, "error": 1},
    ]
    as_checked = [(gate, f"t{n}") for gate in ("raw", "marts") for n in range(40)] + [("forecast", "f")]
    assert [(row["gate"], row["table_name"]) for row in summary["failures"]] == as_checked


def test_refused_rows_are_counted_the_most_first_and_only_files_in_no_table_are_listed(tables: Tables) -> None:
    codes = ["bad_date", *["bad_number"] * 3, *["too_old"] * 2]
    rows = [{"source_system": "erp", "object": "orders", "reason_code": code} for code in codes]
    tables["quarantine"] = pl.DataFrame(rows, schema=tables["quarantine"].schema)
    files = [{"path": word, "status": word, "rows_in": 5} for word in ("rejected", "loaded", "unclaimed")]
    tables["files"] = pl.DataFrame(files, schema=tables["files"].schema)
    summary = status_tables.summary(tables)
    assert [(row["reason_code"], row["rows"]) for row in summary["quarantine"]] == [
        ("bad_number", 3), ("too_old", 2), ("bad_date", 1),
    ]  # fmt: skip
    assert [file["path"] for file in summary["rejected_files"]] == ["rejected", "unclaimed"]


def test_without_a_loaded_file_no_row_has_come_in(tables: Tables) -> None:
    tables["files"] = pl.DataFrame([{"status": "rejected"}], schema=tables["files"].schema)
    tables["results"] = checks("r1", ("raw", "a", "failed"), ("raw", "b", "passed"))
    found = status_tables.figures(tables, "r1")
    assert {name: count for name, count in found.items() if count} == {
        "files_rejected": 1, "checks_failed": 1, "checks_passed": 1,
    }  # fmt: skip
    assert found["rows_in"] == found["rows_loaded"] == 0


def test_a_run_is_recorded_as_it_is_told_with_the_first_gate_that_stopped_it(settings: Settings) -> None:
    critical = [("marts", "m", "failed"), ("raw", "r", "failed"), ("forecast", "f", "passed")]
    state.append(settings, "quality", "r1", checks("r1", *critical).with_columns(as_of=REVISION.as_of))
    status.write_status(
        settings, "r1", outcome="blocked", message="客户", figures={"customers": 7}, finished_at=FINISHED, run=REVISION
    )
    last = status.read_status(settings)["last_run"]
    assert (last["run_kind"], last["as_of"], last["reason"]) == ("revision", "2025-03-31", "new prices")
    assert (last["known_at"], last["started_at"]) == ("2025-04-02 00:00:00", "2025-04-01 06:00:00")
    assert (last["finished_at"], last["failed_gate"]) == ("2025-04-01 06:00:00", "raw")
    assert json.loads(last["figures"])["customers"] == 7
    text = (settings.published / "status.json").read_text(encoding="utf-8")
    assert '"message": "客户"' in text, "people read it too"


def test_a_published_run_keeps_its_entry_and_any_other_is_replaced(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes.start(settings, as_of=date(2025, 3, 30))
    monkeypatch.setattr(status, "_write_files", lambda *_: None)
    ended = [("r2", "blocked"), ("r2", "failed"), ("r1", "published"), ("r1", "failed")]
    for hours, (run_id, outcome) in enumerate(ended):
        status.write_status(settings, run_id, outcome=outcome, finished_at=FINISHED + timedelta(hours=hours))
    log = state.read(settings, "runs").sort("finished_at")
    assert log.select("run_id", "outcome", "as_of").rows() == [
        ("r2", "failed", None), ("r1", "published", date(2025, 3, 30)), ("r1", "failed", date(2025, 3, 30)),
    ]  # fmt: skip
    assert log["started_at"][0] == log["finished_at"][0], "one that never began"


def test_the_status_files_are_made_again_only_where_a_run_is_known(settings: Settings) -> None:
    status.write_again(settings)
    assert not settings.published.exists()
    status.write_status(settings, "r1", outcome="failed")
    before = status.read_status(settings)
    (settings.published / "status.json").unlink()
    status.write_again(settings)
    assert status.read_status(settings) == before


def test_what_was_known_of_files_stays_while_the_working_file_is_damaged(settings: Settings) -> None:
    known = status_tables.collect(settings) | {"files": pl.DataFrame({"file_id": ["f1"]})}
    settings.published.mkdir()
    status_tables.write(settings.published / "status.duckdb", known)
    settings.working_file.write_bytes(b"not a database")
    with held(settings.published / "status.duckdb"):
        assert status_tables.collect(settings)["files"]["file_id"].to_list() == ["f1"]
    (settings.published / "status.duckdb").write_bytes(b"nor this")
    assert status_tables.collect(settings)["files"].is_empty(), "nobody knows any more, and the run is recorded still"
