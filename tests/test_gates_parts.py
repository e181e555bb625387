"""What gates measure, on the smallest home that has it: rows beside the last ones, and when freshness is known."""

from datetime import date
from pathlib import Path

import duckdb
import gate_homes as homes
import pytest

from pipelines.errors import AlmanacError
from pipelines.gates import dates, freshness, gates, volumes
from pipelines.home import warehouse

pytestmark = pytest.mark.fast
CONTROL = ("files", "objects", "run", "systems")


def test_volumes_hold_the_rows_of_now_and_of_the_run_that_was_served_last(tmp_path: Path) -> None:
    settings = homes.home(tmp_path)
    run = homes.start(settings, "r1", as_of=date(2025, 3, 1))
    homes.execute(
        settings,
        "create schema if not exists marts; create schema if not exists staging",
        "create table raw.accounts as from range(3)",
        "create table marts.sold as from range(5)",
        "create table marts.bought as from range(0)",
        "create table staging.stg_accounts as from range(9)",
    )
    volumes.remember(settings, run, {("marts", "sold"): 7, ("marts", "gone"): 1})
    volumes.record(settings)
    with warehouse.read(settings) as connection:
        columns = "schema_name, table_name, row_count, previous_row_count, previous_run_id"
        found = connection.execute(f"select {columns} from quality.volumes order by all").fetchall()
    assert found == [
        ("marts", "bought", 0, None, None),
        ("marts", "sold", 5, 7, "r1"),
        ("raw", "accounts", 3, None, None),
    ]


@pytest.mark.parametrize("missing", [None, *CONTROL])
def test_freshness_is_measured_as_soon_as_ingestion_has_written_its_four_tables(missing: str | None) -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema control")
        for name in CONTROL:
            if name != missing:
                connection.execute(f"create table control.{name} (a integer)")
        assert freshness.is_measurable(connection) is (missing is None)


def test_a_gate_is_to_be_held_only_if_it_has_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = homes.home(tmp_path)
    run = homes.start(settings)
    shipped = gates.gate_suites(settings)
    monkeypatch.setattr(gates, "gate_suites", lambda _: dict.fromkeys(gates.GATES, ()))
    gates.assert_passed(settings, run)
    monkeypatch.setattr(gates, "gate_suites", lambda _: {**dict.fromkeys(gates.GATES, ()), "marts": shipped["marts"]})
    with pytest.raises(AlmanacError, match="the marts gate was not held"):
        gates.assert_passed(settings, run)


def test_what_every_gate_let_pass_may_be_published(tmp_path: Path) -> None:
    settings = homes.home(tmp_path)
    run = homes.start(settings)
    homes.pass_gates(settings, run)
    gates.assert_passed(settings, run)
    gates.keep(settings, run, "marts", [homes.result("marts", "failed")])
    with pytest.raises(AlmanacError, match="the marts gate has 1 critical failures"):
        gates.assert_passed(settings, run)


def test_rows_are_counted_by_the_years_of_the_date_columns_of_known_objects_that_a_file_has(tmp_path: Path) -> None:
    settings = homes.home(tmp_path)
    homes.start(settings, as_of=date(2025, 3, 31))
    homes.execute(
        settings,
        "create table raw.orders (source_system text, _file_id text, exported_at timestamp, ordered_on date)",
        """insert into raw.orders values ('crm', 'f1', '2025-03-01', '2023-05-01'), ('crm', 'f1', '2025-03-01', null),
           ('crm', 'f1', '2025-03-01', '2024-01-01'), ('crm', 'f1', '2025-03-01', '2024-12-31'),
           ('crm', 'f2', '2025-04-02', '2024-12-31')""",
        "create table raw.notes_of_nobody (source_system text, _file_id text, exported_at timestamp, ordered_on date)",
        "insert into raw.notes_of_nobody values ('crm', 'f1', '2025-03-01', '2023-05-01')",
    )
    dates.record(settings)
    with warehouse.read(settings) as connection:
        found = connection.execute("select * from quality.dates order by all").fetchall()
    assert found == [
        ("crm", "orders", "f1", "ordered_on", 2023, 1),
        ("crm", "orders", "f1", "ordered_on", 2024, 2),
    ]


def test_a_report_counts_what_passed_what_warns_and_what_blocks() -> None:
    found = [("passed", "critical"), ("passed", "warning"), ("failed", "warning"), ("error", "warning")]
    quiet = gates.GateReport("raw", tuple(homes.result("raw", outcome, severity) for outcome, severity in found))
    assert quiet.passed
    assert quiet.summary == "raw gate: 2 of 4 checks passed, 2 warnings"
    failed, error = (homes.result("raw", outcome) for outcome in ("failed", "error"))
    loud = gates.GateReport("raw", (*quiet.results, failed, error))
    assert not loud.passed
    assert loud.blocking_failures == (failed, error)
    assert loud.summary == f"raw gate: 2 of 6 checks passed, 2 warnings, 2 block: {failed.sentence}"


def test_what_tells_of_exports_is_measured_for_the_first_gate_and_where_it_is_missing(tmp_path: Path) -> None:
    settings = homes.home(tmp_path)
    homes.start(settings, as_of=date(2025, 3, 31))
    homes.execute(
        settings,
        "create table raw.activities (source_system text, _file_id text, exported_at timestamp, occurred_on date)",
        "insert into raw.activities values ('crm', 'f1', '2025-03-01', '2023-05-01')",
        *(f"create table control.{name} (a integer)" for name in ("files", "objects", "systems")),
        "create table quality.freshness as select 'of before' as freshness",
        "create table quality.currencies as select 'of before' as currency",
    )
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(freshness, "_FRESHNESS", "select 'measured' as freshness")
        for gate, change in (
            ("marts", "select 1"),
            ("marts", "insert into raw.activities values ('crm', 'f1', '2025-03-01', '2024-05-01')"),
            ("marts", "drop table quality.dates"),
            ("forecast", "insert into raw.activities values ('crm', 'f1', '2025-03-01', '2025-01-01')"),
            ("raw", "select 1"),
        ):
            homes.execute(settings, change)
            gates.measure(settings, gate)
            with warehouse.read(settings) as connection:
                query = """
                    select
                        (select count(*) from quality.dates),
                        (select row_count from quality.volumes where table_name = 'activities'),
                        (select freshness from quality.freshness)
                """
                found += connection.execute(query).fetchall()
    assert found == [(1, 1, "measured"), (1, 2, "measured"), (2, 2, "measured"), (2, 3, "measured"), (3, 3, "measured")]
