"""A rejected row has its record and reasons, can be corrected and resubmitted, and never affects a good one."""

from datetime import timedelta
from pathlib import Path

import pytest
from ingest_world import DEALS, HEADER, LANDED, World, deals
from typer.testing import CliRunner

from pipelines import ingest
from pipelines.cli import app
from pipelines.contracts import load_contracts
from pipelines.errors import AlmanacError
from pipelines.ingest.quarantine.resubmission import export_rejected, resubmit

PEOPLE = """
system: crm
title: CRM
timezone: UTC
objects:
  - object: contacts
    files: "people_*.csv"
    exported_at: {filename: 'people_(\\d{8})', format: "%Y%m%d"}
    key: [contact_id]
    pii: {job_title: drop}
    columns:
      contact_id: ID
      contact_name: Name
      email: Mail
      job_title: Job
      is_decision_maker: Boss
"""
PERSONS = "ID,Name,Mail,Job,Boss\n1,Ann Lee,Ann@x.com,CEO,yes\n2,Bob Ray,bob@x.com,CTO,no\n3,Cy,ann@x.com,CFO,maybe\n"


def options(world: World) -> list[str]:
    return ["--home", str(world.settings.home), "--config", str(world.folder / "config")]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path).contract()


def test_every_rejected_row_has_its_record_reason_and_text(world: World) -> None:
    world.put(
        "deals_20240131.csv",
        deals(
            ("1", "a", "Prospecting", "1", ""),
            ("2", "b"),
            ("3", '"c"x', "Prospecting", "1", ""),
            ("4", "d", "Prospecting", "tbc?", "2024-13-01"),
            ("", "e", "Prospecting", "1", ""),
        ),
    )
    world.run()
    refused = "select record, byte_offset, column_name, reason_code, raw_text from quality.quarantine order by record"
    assert world.rows(refused) == [
        (2, len(HEADER) + len("1,a,Prospecting,1,\n"), None, "too_few_cells", "2,b"),
        (3, len(HEADER) + len("1,a,Prospecting,1,\n2,b\n"), None, "stray_quote", '3,"c"x,Prospecting,1,'),
        (4, None, "amount", "bad_number", "4,d,Prospecting,tbc?,2024-13-01"),
        (5, None, "opportunity_id", "missing_key", ",e,Prospecting,1,"),
    ]  # fmt: skip
    reason = world.column("select reason from quality.quarantine where record = 4")[0]
    assert "'tbc?'" in reason and "'2024-13-01'" in reason
    assert world.column("select opportunity_id from raw.opportunities") == ["1"]


def test_rows_with_one_key_and_different_content_are_all_refused(world: World) -> None:
    world.put(
        "deals_20240131.csv",
        deals(
            ("1", "a", "Prospecting", "1", ""),
            ("1", "a", "Prospecting", "2", ""),
            ("2", "b", "Prospecting", "1", ""),
            ("2", "b", "Prospecting", "1", ""),
        ),
    )
    world.run()
    assert world.rows("select record, reason_code from quality.quarantine order by 1") == [
        (1, "duplicate_key"),
        (2, "duplicate_key"),
        (4, "duplicate_row"),
    ]
    assert world.column("select opportunity_id from raw.opportunities") == ["2"]


def test_the_newest_of_several_rows_stays_where_the_contract_says_so(world: World) -> None:
    world.contract(DEALS.replace("    key:", "    on_duplicate_key: latest(closed_on)\n    key:"))
    world.put(
        "deals_20240131.csv",
        deals(
            ("1", "a", "Prospecting", "1", "2024-01-02"),
            ("1", "a", "Prospecting", "2", "2024-01-03"),
            ("1", "a", "Prospecting", "3", ""),
        ),
    )
    world.run()
    assert world.column("select amount from raw.opportunities") == [2]
    assert world.column("select record from quality.quarantine order by 1") == [1, 3]


def test_net_and_tax_must_be_gross(tmp_path: Path) -> None:
    world = World(tmp_path).contract(
        "system: erp\ntitle: ERP\nobjects:\n  - object: invoices\n    files: '*.csv'\n"
        "    exported_at: {on: 2024-01-31}\n"
        "    key: [invoice_id]\n"
        "    checks: [{name: sane, expect: 'amount_net < 1000', because: no invoice is that large}]\n"
        "    columns: {invoice_id: ID, amount_net: Net, amount_tax: Tax, amount_gross: Gross}\n"
    )
    world.put("a.csv", "ID,Net,Tax,Gross\n1,100,13,113\n2,100,13,112\n3,100,13,113.01\n4,5000,0,5000\n")
    world.run()
    assert world.rows("select record, reason_code from quality.quarantine order by 1") == [
        (2, "amounts_disagree"),
        (4, "sane"),
    ]


CHECKED = """    checks:
      - {name: small, expect: 'amount < 1000', because: no deal is that large}
      - {name: recent, expect: "closed_on >= date '2000-01-01'", because: the company is younger}
"""


def test_a_row_that_breaks_several_rules_says_all_of_them_at_once_and_is_one_row(world: World) -> None:
    world.contract(DEALS + CHECKED)
    rows = [
        ("1", "a", "Prospecting", "5000", "1999-01-01"),
        ("2", "b", "Prospecting", "x", "1999-01-01"),
        ("", "c", "Prospecting", "5000", "2024-01-01"),
        ("4", "d", "Prospecting", "5", "2024-01-01"),
        ("5", "e", "Prospecting", "5000", "2024-01-01"),
    ]
    world.put("deals_20240131.csv", deals(*rows))
    file = world.run().files[0]
    assert (file["rows_in"], file["rows_loaded"], file["rows_quarantined"], file["rows_control"]) == (6, 1, 4, 1)
    assert world.rows("select record, column_name, reason_code, reason from quality.quarantine order by record") == [
        (1, None, "small", "no deal is that large; the company is younger"),
        (2, "amount", "bad_number", "amount: 'x' is not a number in the contract's format; the company is younger"),
        (3, "opportunity_id", "missing_key", "opportunity_id: a part of the key is empty; no deal is that large"),
        (5, None, "small", "no deal is that large"),
    ]  # fmt: skip
    listed = "select record, unnest(faults, recursive := true) from quality.quarantine where record < 3 order by record"
    assert [row[:3] for row in world.rows(listed)] == [
        (1, None, "small"),
        (1, None, "recent"),
        (2, "amount", "bad_number"),
        (2, None, "recent"),
    ]  # fmt: skip


def test_every_command_that_shows_a_refused_row_shows_all_reasons(world: World) -> None:
    world.contract(DEALS + CHECKED)
    file = world.put(
        "deals_20240131.csv", deals(("1", "a", "Prospecting", "5000", "1999-01-01")) + "2,b,Prospecting,1,\n"
    )
    world.run()
    exported = export_rejected(world.settings, load_contracts(world.settings.sources), file.name)
    assert f"{file.name},1,no deal is that large; the company is younger,1,a," in exported
    output = CliRunner().invoke(app, [*options(world), "quarantine", "list"]).output
    assert f"{file.name}: 1 x small + recent: no deal is that large; the company is younger" in output
    read = CliRunner().invoke(app, [*options(world), "read", str(file)]).output
    assert "record 1: no deal is that large; the company is younger" in read


def test_a_row_that_is_mended_for_every_reason_comes_back_at_once(world: World) -> None:
    world.contract(DEALS + CHECKED)
    world.put(
        "deals_20240131.csv", deals(("1", "a", "Prospecting", "5000", "1999-01-01"), ("2", "b", "Prospecting", "5", ""))
    )
    world.run()
    contracts = load_contracts(world.settings.sources)
    exported = export_rejected(world.settings, contracts, "deals_20240131.csv")
    resubmit(world.settings, contracts, exported.replace("5000,1999", "500,2019"), LANDED)
    world.run(LANDED + timedelta(days=1))
    assert world.rows("from quality.quarantine") == []
    assert world.column("select opportunity_id from raw.opportunities order by 1") == ["1", "2"]


def test_a_file_of_which_no_row_is_sound_is_rejected_without_quoting_a_person(tmp_path: Path) -> None:
    world = World(tmp_path).contract(PEOPLE.replace("job_title: drop", "is_decision_maker: drop"))
    world.put("people_20240131.csv", "ID,Name,Mail,Job,Boss\n,Ann Lee,ann@x.com,CEO,Ann says maybe\n")
    reason = world.run().files[0]["reason"]
    assert reason.startswith("no row could be used, first: is_decision_maker: a personal value that is not shown; ")
    assert "Ann" not in reason and "a part of the key is empty" in reason


def test_corrections_repair_rows_and_are_logged_old_to_new(world: World) -> None:
    world.contract(
        DEALS + "    corrections:\n"
        "      - {name: no_negative, set: {amount: 'abs(amount)'}, when: 'amount < 0', because: sign slips}\n"
    )
    world.put("deals_20240131.csv", deals(("1", "a", "Prospecting", "-5", ""), ("2", "a", "Prospecting", "5", "")))
    world.run()
    assert world.column("select amount from raw.opportunities order by opportunity_id") == [5, 5]
    logged = world.rows("select source_id, column_name, old_value, new_value, rule, because from control.corrections")
    assert logged == [("1", "amount", "-5.0000", "5.0000", "no_negative", "sign slips")]


def test_corrected_rows_are_resubmitted_with_their_lineage(world: World) -> None:
    world.put(
        "deals_20240131.csv", deals(("1", "a", "Prospecting", "1", ""), ("2", "b"), ("3", "c", "Prospecting", "x", ""))
    )
    world.run()
    contracts = load_contracts(world.settings.sources)
    exported = export_rejected(world.settings, contracts, "deals_20240131.csv")
    assert exported.splitlines()[0] == "_file,_record,_reason,ID,Title,Stage,Amount,Closed"
    fixed = exported.replace(",2,b,,,", ",2,b,Prospecting,22,").replace(",3,c,Prospecting,x,", ",3,c,Prospecting,33,")
    assert resubmit(world.settings, contracts, fixed, LANDED) == 2
    (world.settings.inbox / "deals_20240131.csv").unlink()
    world.run(LANDED + timedelta(days=1))
    assert world.rows("select opportunity_id, amount, _record from raw.opportunities order by 1") == [
        ("1", 1, 1),
        ("2", 22, 2),
        ("3", 33, 3),
    ]
    assert world.rows("from quality.quarantine") == []
    assert world.column("select distinct rule from control.corrections") == ["returned_from_quarantine"]
    assert world.run(LANDED + timedelta(days=2)).new_files == 0


SHARED = """
system: crm
title: CRM
timezone: UTC
objects:
  - object: accounts
    files: "book_*.csv"
    exported_at: {filename: 'book_(\\d{8})', format: "%Y%m%d"}
    key: [account_id]
    columns: {account_id: Account, account_name: Name, employees: Staff}
  - object: opportunities
    files: "book_*.csv"
    exported_at: {filename: 'book_(\\d{8})', format: "%Y%m%d"}
    key: [opportunity_id]
    columns: {opportunity_id: ID, opportunity_name: Title, stage: Stage, amount: Amount, currency: {const: USD}}
"""


def test_a_file_that_two_contracts_read_is_corrected_for_the_one_that_refused_or_for_both(tmp_path: Path) -> None:
    world = World(tmp_path).contract(SHARED)
    rows = (
        "A1,Acme,many,D1,Roof,Prospecting,1",
        "A2,Bolt,5,D2,Wall,Prospecting,lots",
        "A3,Coil,few,D3,Gate,Prospecting,x",
    )
    world.put("book_20240131.csv", "\n".join(["Account,Name,Staff,ID,Title,Stage,Amount", *rows]) + "\n")
    world.run()
    contracts = load_contracts(world.settings.sources)
    refused = "select object, record from quality.quarantine order by all"
    assert world.rows(refused) == [("accounts", 1), ("accounts", 3), ("opportunities", 2), ("opportunities", 3)]
    one = export_rejected(world.settings, contracts, "book_20240131.csv", "accounts")
    assert [line.split(",")[1] for line in one.splitlines()[1:]] == ["1", "3"]
    every = export_rejected(world.settings, contracts, "book_20240131.csv")
    fixed = (
        every.replace("many", "90").replace("lots", "20").replace("few", "30").replace("Prospecting,x", "Prospecting,3")
    )
    assert resubmit(world.settings, contracts, fixed, LANDED) == 3
    world.run(LANDED + timedelta(days=1))
    assert world.rows(refused) == []
    assert world.rows("select source_id, employees from raw.accounts order by 1") == [("A1", 90), ("A2", 5), ("A3", 30)]
    assert world.rows("select source_id, amount from raw.opportunities order by 1") == [
        ("D1", 1),
        ("D2", 20),
        ("D3", 3),
    ]


def test_a_refused_file_that_another_took_the_place_of_waits_for_nobody(world: World) -> None:
    world.put("deals_a_20240131.csv", deals(("1", "a", "Prospecting", "x", "")))
    world.contract(DEALS.replace("deals_(", "deals_[ab]_("))
    world.run()
    assert world.column("select count(*) from quality.quarantine") == [1]
    world.put("deals_b_20240131.csv", deals(("1", "a", "Prospecting", "5", ""), ("2", "b", "Prospecting", "6", "")))
    world.run(LANDED + timedelta(days=1))
    assert world.column("select count(*) from quality.quarantine") == [0]
    with pytest.raises(AlmanacError, match="another file has replaced it since"):
        export_rejected(world.settings, load_contracts(world.settings.sources), "deals_a_20240131.csv")
    assert world.column("select count(*) from raw.opportunities") == [2]


def test_rows_that_were_never_rejected_cannot_be_resubmitted(world: World) -> None:
    world.put("deals_20240131.csv", deals(("1", "a", "Prospecting", "1", "")))
    world.run()
    with pytest.raises(AlmanacError, match="no row of it is in quarantine"):
        resubmit(world.settings, {}, "_file,_record,_reason,ID\ndeals_20240131.csv,1,x,1\n", LANDED)


def test_nothing_runs_on_an_empty_home(tmp_path: Path) -> None:
    world = World(tmp_path)
    report = ingest.run(world.settings, {}, LANDED)
    assert report.new_files == 0


@pytest.mark.parametrize("command", ["resubmit", "return"])
def test_corrected_rows_are_resubmitted_under_the_old_name_of_the_command_too(world: World, command: str) -> None:
    world.put("deals_20240131.csv", deals(("1", "a", "Prospecting", "x", "")))
    world.run()
    fixed = world.folder / "fix.csv"
    exported = export_rejected(world.settings, load_contracts(world.settings.sources), "deals_20240131.csv")
    fixed.write_text(exported.replace(",x,", ",5,"), encoding="utf-8")
    result = CliRunner().invoke(app, [*options(world), "quarantine", command, str(fixed)])
    assert result.output.startswith("1 rows resubmitted"), result.output
    world.run(LANDED + timedelta(days=1))
    assert world.column("select amount from raw.opportunities") == [5]
