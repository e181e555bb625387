"""From the inbox to the tables: what a run writes of files, systems and keys, and what the next one changes."""

from datetime import date, datetime
from pathlib import Path

import pytest
from ingest_world import LANDED, World

from pipelines.contracts import load_contracts
from pipelines.ingest.files.file_ledger import FileLedger
from pipelines.ingest.landing.load_tables import synchronise

pytestmark = pytest.mark.fast
ACCOUNTS = """
system: crm
title: CRM
timezone: Asia/Shanghai
priority: 3
cadence_days: 14
objects:
  - object: accounts
    files: "accounts_*.csv"
    exported_at: {filename: 'accounts_(\\d{8})', format: "%Y%m%d"}
    key: [account_id]
    key_namespace: [{name: sap, column: SAP}, {name: vat, column: VAT, optional: true}]
    columns: {account_id: ID, account_name: Name, updated_at: Changed}
"""
ORDERS = """
system: erp
title: ERP
objects:
  - object: order_lines
    name: lines
    files: "lines_*.csv"
    exported_at: {column: Day}
    extract: window(ordered_on)
    cadence_days: 1
    key: [line_id]
    columns: {line_id: Line, order_id: Order, ordered_on: Ordered, quantity: Qty}
  - object: invoices
    files: "invoices_*.csv"
    exported_at: {on: 2024-01-31}
    key: [invoice_id]
    columns: {invoice_id: ID, account_id: Account}
"""
COUNTS = "rows_in, rows_loaded, rows_quarantined, rows_control"
FILES = f"select path, status, reason_code, {COUNTS} from control.files order by path"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path).contract(ACCOUNTS).contract(ORDERS)


def test_a_run_writes_rows_keys_and_what_it_knows_of_files_and_systems(world: World) -> None:
    world.put("accounts_20240105.csv", "ID,Name,Changed,SAP\n1,Acme,2024-01-03 10:00,S1\n2,Bolt,2024-01-04 10:00,\n")
    world.put("accounts_20240106.csv", "ID,Name,Changed,SAP\n1,Acme AG,2024-01-05 12:00,S2\nTotal,,,\n")
    world.put("lines_a.csv", "Line,Order,Ordered,Qty,Day\n1,A,2024-01-09,5,2024-01-30\n2,A,2024-01-02,x,2024-01-31\n")
    report = world.run()
    assert report.new_files == 3
    assert world.rows(FILES) == [
        ("accounts_20240105.csv", "loaded", "", 3, 2, 0, 1),
        ("accounts_20240106.csv", "loaded", "", 3, 1, 0, 2),
        ("lines_a.csv", "loaded", "", 3, 1, 1, 1),
    ]
    changed = world.column("select changed_at from control.files where object = 'accounts' order by path")
    assert changed == [datetime(2024, 1, 4, 2), datetime(2024, 1, 5, 4)]
    window = (
        "select exported_at, window_column, window_from, window_to, extract from control.files where path like 'l%'"
    )
    ninth, midnight = date(2024, 1, 9), datetime(2024, 1, 30, 16)  # of the company, in Shanghai
    assert world.rows(window) == [(midnight, "ordered_on", ninth, ninth, "window")]
    keys = "select source_id, namespace, namespace_key from keys.namespaces order by all"
    assert world.rows(keys) == [("1", "sap", "S2")]
    assert world.rows("select source_id, account_name, exported_at from raw.accounts order by exported_at, 1") == [
        ("1", "Acme", datetime(2024, 1, 4, 16)),
        ("2", "Bolt", datetime(2024, 1, 4, 16)),
        ("1", "Acme AG", datetime(2024, 1, 5, 16)),
    ]
    assert world.rows("select reason_code, source_id from quality.quarantine") == [("bad_number", "2")]
    systems = "select source_system, priority, cadence_days, required, recognise from control.systems order by 1"
    assert world.rows(systems) == [("crm", 3, 14, False, "order"), ("erp", 100, 7, False, "invoice")]
    objects = "select source_system, contract, object, cadence_days from control.objects order by all"
    assert world.rows(objects) == [
        *(("crm", "accounts", "accounts", 14), ("erp", "invoices", "invoices", 7), ("erp", "lines", "order_lines", 1)),
    ]


def test_the_next_run_reads_what_changed_and_nothing_else(world: World) -> None:
    world.put("accounts_20240105.csv", "ID,Name,Changed,SAP\n1,Acme,,S1\n")
    world.put("lines_a.csv", "Line,Order,Ordered,Qty,Day\n1,A,2024-01-09,x,2024-01-31\n")
    first = world.run()
    assert {row["path"]: row["status"] for row in first.files} == {
        "accounts_20240105.csv": "loaded",
        "lines_a.csv": "rejected",
    }
    assert first.files[1]["reason_code"] == "all_rows_refused"
    again = world.run()
    assert (again.new_files, again.known) == (0, 2)
    world.contract(ACCOUNTS.replace("account_name: Name", "account_name: {from: Name, normalise: upper}"))
    changed = world.run()
    assert [row["path"] for row in changed.files] == ["accounts_20240105.csv"] and changed.known == 1
    assert world.column("select account_name from raw.accounts") == ["ACME"]
    (world.settings.inbox / "accounts_20240105.csv").unlink()
    world.contract(ACCOUNTS)
    kept = world.run()  # from the bytes that were kept
    assert [row["path"] for row in kept.files] == ["accounts_20240105.csv"]
    assert world.column("select account_name from raw.accounts") == ["Acme"]


def test_tables_are_brought_in_line_with_what_is_kept(world: World) -> None:
    world.put("accounts_20240105.csv", "ID,Name,Changed,SAP\n1,Acme,,S1\n")
    world.run()
    contracts, ledger = load_contracts(world.settings.sources), FileLedger.read(world.settings)
    count = "select count(*) from raw.accounts"
    synchronise(world.settings, contracts, ledger)
    assert world.column(count) == [1]
    synchronise(world.settings, contracts, ledger, from_scratch=True)
    assert world.column(count) == [1] and world.column("select count(*) from keys.namespaces") == [1]
    synchronise(world.settings, contracts, FileLedger([]))
    assert world.column(count) == [0] and world.column("select count(*) from control.files") == [0]
    synchronise(world.settings, contracts, ledger)
    assert world.column(count) == [1] and world.column("select landed_at from raw.accounts") == [LANDED]


def test_files_come_in_the_order_of_their_dates_and_copies_by_number(world: World) -> None:
    for name in (
        "accounts_20240107.csv",
        "accounts_20240105 (2).csv",
        "accounts_20240105 (1).csv",
        "accounts_20240105.csv",
    ):
        world.put(name, f"ID,Name,Changed,SAP\n1,{name},,\n")
    world.put("accounts_soon.csv", "ID,Name,Changed,SAP\n1,x,,\n")
    report = world.run()
    assert [row["path"] for row in report.files if row["status"] == "loaded"] == [
        "accounts_20240105.csv",
        "accounts_20240105 (1).csv",
        "accounts_20240105 (2).csv",
        "accounts_20240107.csv",
    ]
    assert [row["reason_code"] for row in report.files if row["status"] == "rejected"] == ["no_export_date"]
    assert world.run().known == 5
