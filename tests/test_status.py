"""The status file tells why, after every run, and never what is private."""

import json
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from gate_homes import REVENUE, execute, home, pass_gates, result, start

from pipelines.errors import AlmanacError
from pipelines.gates import gates
from pipelines.home.settings import Settings
from pipelines.serving import publish, status

FINISHED = datetime(2025, 4, 1, 6)
CONTRACT = """
system: crm
title: CRM
objects:
  - object: accounts
    files: "crm_*.csv"
    exported_at: {on: 2025-01-31}
    key: [account_id]
    pii: {phone: hash}
    columns: {account_id: Id, account_name: Name, phone: Phone}
"""
INGESTED = """
create or replace table control.systems as
select * from (values ('crm', 'CRM', 10, 7, false), ('erp', 'ERP', 20, 7, true), ('hr', 'HR', 30, 7, false))
    as t(source_system, title, priority, cadence_days, required);
create or replace table control.files as
select * from (values
    ('f1', 'crm', 'opportunities', 'crm/deals_0330.csv', timestamp '2025-03-30', 'loaded', null, 10, 8, 1, 1),
    ('f2', 'erp', 'invoice_lines', 'erp/lines_0310.csv', timestamp '2025-03-10', 'loaded', null, 5, 5, 0, 0),
    ('f3', 'erp', 'invoice_lines', 'erp/lines_0329.csv', timestamp '2025-03-29', 'rejected', 'no header', 0, 0, 0, 0),
    ('f4', 'crm', 'opportunities', 'crm/deals_0405.csv', timestamp '2025-04-05', 'loaded', null, 1, 1, 0, 0)
) as t(file_id, source_system, object, path, exported_at, status, reason, rows_in, rows_loaded, rows_quarantined,
       rows_control);
alter table control.files add column landed_at timestamp default timestamp '2025-04-05';
create or replace table quality.quarantine as
select 'f1' as file_id, 'crm' as source_system, 'opportunities' as object, 3 as record, 120 as byte_offset,
       'D3' as source_id, 'phone' as column_name, 'bad_value' as reason_code, 'not a number: 138x' as reason,
       'D3,138x' as raw_text,
       null::struct(column_name varchar, reason_code varchar, reason varchar)[] as faults;
"""


def read(settings: Settings, query: str) -> list[tuple]:
    with duckdb.connect(str(settings.published / status.STATUS_FILE), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_a_blocked_run_is_told_with_its_gate_while_the_served_file_stays(tmp_path: Path) -> None:
    settings = home(tmp_path)
    run = start(settings)
    execute(settings, INGESTED, REVENUE)
    pass_gates(settings, run)
    publish.publish(settings, run, FINISHED)
    status.write_status(settings, "r1", outcome="published", finished_at=FINISHED)

    second = start(settings, "r2", as_of=date(2025, 4, 7))
    pass_gates(settings, second)
    gates.keep(settings, second, "marts", [result("marts", "failed"), result("marts", "failed", "warning")])
    told = status.write_status(settings, "r2", outcome="blocked", message="no amounts", finished_at=FINISHED)

    assert (told["last_run"]["outcome"], told["last_run"]["failed_gate"]) == ("blocked", "marts")
    assert told["served"]["run_id"] == "r1"
    assert told["served"]["tables"] == {"marts.revenue": 10}
    assert [failure["severity"] for failure in told["failures"]] == ["critical", "warning"]
    query = "select run_id, as_of, outcome, failed_gate, message from quality.runs order by run_id"
    assert read(settings, query) == [
        ("r1", date(2025, 3, 31), "published", None, ""),
        ("r2", date(2025, 4, 7), "blocked", "marts", "no amounts"),
    ]


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    settings = home(tmp_path)
    start(settings)
    told = status.write_status(settings, "r1", outcome="failed", message="ingest: disk full", finished_at=FINISHED)
    assert status.read_status(settings) == json.loads(json.dumps(told, default=str))


def test_without_any_run_status_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(AlmanacError, match="almanac run"):
        status.read_status(home(tmp_path))


def test_raw_text_and_reasons_that_quote_personal_values_are_never_shown(tmp_path: Path) -> None:
    settings = home(tmp_path)
    (settings.sources / "crm.yml").write_text(CONTRACT, encoding="utf-8")
    start(settings)
    execute(settings, INGESTED)
    status.write_status(settings, "r1", outcome="failed", finished_at=FINISHED)
    shown = read(settings, "select * from quality.quarantine")
    assert len(shown) == 1
    assert "138x" not in str(shown)
    assert "138x" not in (settings.published / status.SUMMARY_FILE).read_text(encoding="utf-8")


def test_of_several_reasons_the_personal_ones_are_hidden_wherever_they_stand(tmp_path: Path) -> None:
    settings = home(tmp_path)
    (settings.sources / "crm.yml").write_text(CONTRACT, encoding="utf-8")
    start(settings)
    execute(
        settings,
        INGESTED,
        "update quality.quarantine set column_name = 'amount', reason = 'amount: 12x; phone: 138x; too old', faults = ["
        "{'column_name': 'amount', 'reason_code': 'bad_number', 'reason': 'amount: 12x'}, "
        "{'column_name': 'phone', 'reason_code': 'bad_value', 'reason': 'phone: 138x'}, "
        "{'column_name': null, 'reason_code': 'old', 'reason': 'too old'}]",
    )
    status.write_status(settings, "r1", outcome="failed", finished_at=FINISHED)
    assert read(settings, "select reason from quality.quarantine") == [
        ("amount: 12x; phone: a personal value that is not shown; too old",)
    ]
    assert read(settings, "select unnest(faults, recursive := true) from quality.quarantine") == [
        ("amount", "bad_number", "amount: 12x"),
        ("phone", "bad_value", "phone: a personal value that is not shown"),
        (None, "old", "too old"),
    ]
    assert "138x" not in str(read(settings, "select * from quality.quarantine"))


def test_a_sentence_of_an_earlier_version_is_hidden_where_any_of_its_columns_is_personal(tmp_path: Path) -> None:
    settings = home(tmp_path)
    (settings.sources / "crm.yml").write_text(CONTRACT, encoding="utf-8")
    start(settings)
    told = "update quality.quarantine set column_name = 'amount', reason = 'amount: 12x; phone: 138x'"
    execute(settings, INGESTED, told)
    status.write_status(settings, "r1", outcome="failed", finished_at=FINISHED)
    shown = read(settings, "select reason from quality.quarantine")
    assert shown == [("phone: a personal value that is not shown",)]


def test_freshness_is_measured_at_as_of_and_a_rejected_newer_file_does_not_count(tmp_path: Path) -> None:
    settings = home(tmp_path)
    start(settings)
    execute(settings, INGESTED)
    status.write_status(settings, "r1", outcome="failed", finished_at=FINISHED)
    query = "select source_system, age_days, freshness, rejected_files from quality.freshness order by 1"
    assert read(settings, query) == [("crm", 1, "fresh", 0), ("erp", 21, "stale", 1), ("hr", None, "never", 0)]


def test_figures_count_loaded_rows_and_checks(tmp_path: Path) -> None:
    settings = home(tmp_path)
    run = start(settings)
    execute(settings, INGESTED)
    gates.keep(settings, run, "raw", [result("raw"), result("raw", "error", "warning")])
    told = status.write_status(settings, "r1", outcome="failed", figures={"customers": 7}, finished_at=FINISHED)
    assert json.loads(told["last_run"]["figures"]) == {
        "files_loaded": 3,
        "files_rejected": 1,
        "rows_in": 16,
        "rows_loaded": 14,
        "rows_quarantined": 1,
        "rows_control": 1,
        "checks_passed": 1,
        "checks_failed": 0,
        "checks_error": 1,
        "customers": 7,
    }


def test_an_unreadable_working_file_keeps_what_was_known_and_still_records_the_run(tmp_path: Path) -> None:
    settings = home(tmp_path)
    start(settings)
    execute(settings, INGESTED)
    status.write_status(settings, "r1", outcome="failed", finished_at=FINISHED)
    settings.working_file.write_bytes(b"not a database")
    status.write_status(settings, "r2", outcome="failed", message="cannot open", finished_at=FINISHED)
    assert read(settings, "select count(*) from quality.quarantine") == [(1,)]
    assert read(settings, "select count(*) from quality.files") == [(4,)]
    assert read(settings, "select run_id, as_of, message from quality.runs where run_id = 'r2'") == [
        ("r2", None, "cannot open")
    ]


def test_a_run_recorded_twice_is_one_row(tmp_path: Path) -> None:
    settings = home(tmp_path)
    start(settings)
    for outcome in ("failed", "published"):
        status.write_status(settings, "r1", outcome=outcome, finished_at=FINISHED)
    assert read(settings, "select run_id, outcome from quality.runs") == [("r1", "published")]


def test_every_status_table_is_described(tmp_path: Path) -> None:
    settings = home(tmp_path)
    start(settings)
    status.write_status(settings, "r1", outcome="failed", finished_at=FINISHED)
    assert read(settings, "select table_name from duckdb_tables() where comment is null") == []


def test_contracts_that_merely_wait_share_one_line_and_a_required_one_has_its_own() -> None:
    from pipelines.serving.console import systems_lines

    def row(system: str, freshness: str, required: bool = False) -> dict[str, object]:
        return {
            "source_system": system,
            "freshness": freshness,
            "is_required": required,
            "last_exported_local_at": None if freshness == "never" else "2024-01-31 08:00:00",
        }

    rows = [row("crm", "fresh"), row("erp", "never", required=True), row("a", "never"), row("b", "never")]
    assert list(systems_lines(rows)) == [
        ("fresh", "crm: newest export 2024-01-31"),
        ("never", "erp: newest export never"),
        ("never", "no export yet: a, b"),
    ]
