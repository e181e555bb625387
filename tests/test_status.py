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
FRESHNESS = "select source_system, contract, age_days, freshness, rejected_files from quality.freshness order by 1, 2"
INGESTED = """
create or replace table control.systems as
select * from (values ('crm', 'CRM', 10, 7, false), ('erp', 'ERP', 20, 7, true), ('hr', 'HR', 30, 7, false))
    as t(source_system, title, priority, cadence_days, required);
create or replace table control.objects as
select * from (values ('crm', 'accounts', 'accounts', 7), ('crm', 'deals', 'opportunities', 7),
    ('erp', 'lines', 'invoice_lines', 7), ('erp', 'rates', 'exchange_rates', 31), ('hr', 'reps', 'reps', 7))
    as t(source_system, contract, object, cadence_days);
create or replace table control.files as
select * from (values
    ('f1', 'crm', 'opportunities', 'crm/deals_0330.csv', timestamp '2025-03-30', 'loaded', null, 10, 8, 1, 1),
    ('f2', 'erp', 'invoice_lines', 'erp/lines_0310.csv', timestamp '2025-03-10', 'loaded', null, 5, 5, 0, 0),
    ('f3', 'erp', 'invoice_lines', 'erp/lines_0329.csv', timestamp '2025-03-29', 'rejected', 'no header', 0, 0, 0, 0),
    ('f4', 'crm', 'opportunities', 'crm/deals_0405.csv', timestamp '2025-04-05', 'loaded', null, 1, 1, 0, 0)
) as t(file_id, source_system, object, path, exported_at, status, reason, rows_in, rows_loaded, rows_quarantined,
       rows_control);
alter table control.files add column landed_at timestamp default timestamp '2025-04-05';
alter table control.files add column contract varchar;
update control.files set contract = if(source_system = 'crm', 'deals', 'lines');
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


def test_no_reason_quotes_a_cell_whatever_its_column(tmp_path: Path) -> None:
    settings = home(tmp_path)
    (settings.sources / "crm.yml").write_text(CONTRACT, encoding="utf-8")
    start(settings)
    execute(
        settings,
        INGESTED,
        "update quality.quarantine set column_name = 'amount', reason = 'amount: 12x; phone: 138x; too old', faults = ["
        "{'column_name': 'amount', 'reason_code': 'bad_number', 'reason': 'amount: 12x'}, "
        "{'column_name': 'phone', 'reason_code': 'bad_value', 'reason': 'phone: 138x'}, "
        "{'column_name': null, 'reason_code': 'too_old', 'reason': 'too old'}]",
    )
    status.write_status(settings, "r1", outcome="failed", finished_at=FINISHED)
    number = "amount: is not a number in the contract's format"
    assert read(settings, "select reason from quality.quarantine") == [(f"{number}; phone: bad value; too old",)]
    assert read(settings, "select unnest(faults, recursive := true) from quality.quarantine") == [
        ("amount", "bad_number", number),
        ("phone", "bad_value", "phone: bad value"),
        (None, "too_old", "too old"),
    ]
    assert "12x" not in str(read(settings, "select * from quality.quarantine"))
    assert "138x" not in str(read(settings, "select * from quality.quarantine"))


def test_a_sentence_of_an_earlier_version_is_replaced_by_its_code(tmp_path: Path) -> None:
    settings = home(tmp_path)
    (settings.sources / "crm.yml").write_text(CONTRACT, encoding="utf-8")
    start(settings)
    told = "update quality.quarantine set column_name = 'amount', reason = 'amount: 12x; phone: 138x'"
    execute(settings, INGESTED, told)
    status.write_status(settings, "r1", outcome="failed", finished_at=FINISHED)
    shown = read(settings, "select reason from quality.quarantine")
    assert shown == [("amount: bad value",)]


def test_freshness_is_measured_at_as_of_and_a_rejected_newer_file_does_not_count(tmp_path: Path) -> None:
    settings = home(tmp_path)
    start(settings)
    execute(settings, INGESTED)
    status.write_status(settings, "r1", outcome="failed", finished_at=FINISHED)
    assert read(settings, FRESHNESS) == [
        ("crm", "accounts", None, "never", 0),
        ("crm", "deals", 1, "fresh", 0),
        ("erp", "lines", 21, "stale", 1),
        ("erp", "rates", None, "never", 0),
        ("hr", "reps", None, "never", 0),
    ]


def freshness_of(settings: Settings, contract: str) -> tuple:
    status.write_status(settings, "r1", outcome="failed", finished_at=FINISHED)
    (found,) = [row[2:] for row in read(settings, FRESHNESS) if row[1] == contract]
    return found


def arrive(settings: Settings, contract: str, status_word: str, exported_on: str | None, landed_on: str) -> None:
    system = "crm" if contract in ("accounts", "deals") else "erp"
    values = (f"f{contract}{exported_on}{landed_on}", system, contract, status_word, exported_on, landed_on)
    texts = ", ".join("null" if value is None else f"'{value}'" for value in values)
    columns = "file_id, source_system, contract, status, exported_at, landed_at"
    execute(settings, f"insert into control.files ({columns}) values ({texts})")


def test_new_accounts_do_not_make_five_month_old_deals_fresh(tmp_path: Path) -> None:
    settings = home(tmp_path)
    start(settings)
    execute(settings, INGESTED, "delete from control.files where contract = 'deals'")
    arrive(settings, "deals", "loaded", "2024-10-31", "2024-11-02")
    arrive(settings, "accounts", "loaded", "2025-03-30", "2025-04-01")
    assert freshness_of(settings, "accounts") == (1, "fresh", 0)
    assert freshness_of(settings, "deals") == (151, "stale", 0)


def test_each_object_is_judged_by_its_own_cadence(tmp_path: Path) -> None:
    settings = home(tmp_path)
    start(settings)
    execute(settings, INGESTED)
    arrive(settings, "rates", "loaded", "2025-03-10", "2025-03-11")
    assert freshness_of(settings, "rates") == (21, "fresh", 0)
    assert freshness_of(settings, "lines") == (21, "stale", 1)


def test_a_rejected_deals_file_is_counted_beside_accounts_of_the_same_day(tmp_path: Path) -> None:
    settings = home(tmp_path)
    start(settings)
    execute(settings, INGESTED)
    arrive(settings, "deals", "rejected", "2025-03-31", "2025-04-01")
    arrive(settings, "accounts", "loaded", "2025-03-31", "2025-04-01")
    assert freshness_of(settings, "accounts") == (0, "fresh", 0)
    assert freshness_of(settings, "deals") == (1, "fresh", 1)


def test_a_rejected_file_without_a_date_is_counted_until_a_later_one_of_its_object_lands(tmp_path: Path) -> None:
    settings = home(tmp_path)
    start(settings)
    execute(settings, INGESTED, "delete from control.files where file_id = 'f4'")
    arrive(settings, "deals", "rejected", None, "2025-04-05")
    assert freshness_of(settings, "deals") == (1, "fresh", 1)
    arrive(settings, "accounts", "loaded", "2025-03-31", "2025-04-06")
    assert freshness_of(settings, "deals") == (1, "fresh", 1)
    arrive(settings, "deals", "loaded", "2025-03-31", "2025-04-06")
    assert freshness_of(settings, "deals") == (0, "fresh", 0)


def test_a_rejected_file_without_a_date_is_not_told_to_a_run_for_an_earlier_day(tmp_path: Path) -> None:
    settings = home(tmp_path)
    start(settings)
    execute(settings, INGESTED)  # the newest export that landed with it is of April 5
    arrive(settings, "deals", "rejected", None, "2025-04-05")
    assert freshness_of(settings, "deals") == (1, "fresh", 0)


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


def freshness_row(system: str, contract: str, freshness: str, required: bool = False) -> dict[str, object]:
    days = {"fresh": "2024-01-31", "late": "2023-12-20", "stale": "2023-08-31"}
    return {
        "source_system": system,
        "contract": contract,
        "freshness": freshness,
        "is_required": required,
        "last_exported_local_at": f"{days[freshness]} 08:00:00" if freshness in days else None,
    }


def test_contracts_that_merely_wait_share_one_line_and_a_required_one_has_its_own() -> None:
    from pipelines.serving.console import systems_lines

    rows = [
        freshness_row("crm", "deals", "fresh"),
        freshness_row("erp", "lines", "never", required=True),
        freshness_row("a", "deals", "never"),
        freshness_row("a", "leads", "never"),
        freshness_row("b", "deals", "never"),
    ]
    assert list(systems_lines(rows)) == [
        ("fresh", "crm: newest export 2024-01-31"),
        ("never", "erp: required, awaiting a first export"),
        ("never", "awaiting a first export: a, b"),
    ]


def test_a_system_is_called_after_its_oldest_object_and_every_object_that_is_not_fresh_is_named() -> None:
    from pipelines.serving.console import systems_lines

    states = {"accounts": "fresh", "deals": "stale", "contacts": "late", "leads": "never", "quotes": "never"}
    (line,) = systems_lines([freshness_row("crm", contract, state) for contract, state in states.items()])
    assert line == (
        "stale",
        "crm: newest export 2024-01-31; stale: deals (2023-08-31); late: contacts (2023-12-20); "
        "awaiting a first export: leads, quotes",
    )
