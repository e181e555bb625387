"""A refused row says where it stands and why, can be corrected and taken back, and never hides a good one."""

from datetime import timedelta
from pathlib import Path

import pytest
from ingest_world import DEALS, HEADER, LANDED, World, deals

from pipelines import ingest
from pipelines.contracts import load_contracts
from pipelines.errors import AlmanacError
from pipelines.ingest import landing
from pipelines.ingest.forget import forget
from pipelines.ingest.returned import export_refused, take_back

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


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path).contract()


def test_every_refusal_has_its_place_reason_and_text(world: World) -> None:
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


def test_corrected_rows_are_taken_back_with_their_lineage(world: World) -> None:
    world.put(
        "deals_20240131.csv", deals(("1", "a", "Prospecting", "1", ""), ("2", "b"), ("3", "c", "Prospecting", "x", ""))
    )
    world.run()
    contracts = load_contracts(world.settings.sources)
    exported = export_refused(world.settings, contracts, "deals_20240131.csv")
    assert exported.splitlines()[0] == "_file,_record,_reason,ID,Title,Stage,Amount,Closed"
    fixed = exported.replace(",2,b,,,", ",2,b,Prospecting,22,").replace(",3,c,Prospecting,x,", ",3,c,Prospecting,33,")
    assert take_back(world.settings, contracts, fixed, LANDED) == 2
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
    one = export_refused(world.settings, contracts, "book_20240131.csv", "accounts")
    assert [line.split(",")[1] for line in one.splitlines()[1:]] == ["1", "3"]
    every = export_refused(world.settings, contracts, "book_20240131.csv")
    fixed = (
        every.replace("many", "90").replace("lots", "20").replace("few", "30").replace("Prospecting,x", "Prospecting,3")
    )
    assert take_back(world.settings, contracts, fixed, LANDED) == 3
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
    with pytest.raises(AlmanacError, match="another file was loaded in its place since"):
        export_refused(world.settings, load_contracts(world.settings.sources), "deals_a_20240131.csv")
    assert world.column("select count(*) from raw.opportunities") == [2]


def test_rows_that_were_never_refused_cannot_be_returned(world: World) -> None:
    world.put("deals_20240131.csv", deals(("1", "a", "Prospecting", "1", "")))
    world.run()
    with pytest.raises(AlmanacError, match="no row of it is in quarantine"):
        take_back(world.settings, {}, "_file,_record,_reason,ID\ndeals_20240131.csv,1,x,1\n", LANDED)


def test_a_forgotten_person_is_gone_and_stays_out(tmp_path: Path) -> None:
    world = World(tmp_path).contract(PEOPLE)
    world.put("people_20240131.csv", PERSONS)
    world.run()
    changed = forget(world.settings, load_contracts(world.settings.sources), "ann@X.com", "forget")
    assert len(changed) == 1 and changed[0]["rows_in"] == sum(
        changed[0][f"rows_{part}"] for part in ("loaded", "quarantined", "control")
    )
    world.rebuild()
    assert world.column("select contact_name from raw.contacts") == ["Bob Ray"]
    assert world.rows("from quality.quarantine") == []
    kept = [path for path in world.settings.home.rglob("*") if path.is_file() and "inbox" not in path.parts]
    for path in kept:
        data = path.read_bytes()
        assert b"ann@x.com" not in data.lower(), path
        if path.suffix == ".zst":
            import zstandard

            assert b"ann" not in zstandard.decompress(data, max_output_size=10_000).lower()
    world.put("people_20240229.csv", PERSONS)
    world.run(LANDED + timedelta(days=30))
    assert world.column("select distinct contact_name from raw.contacts") == ["Bob Ray"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_person_is_forgotten_in_every_piece_of_a_large_file(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = PERSONS.splitlines()[0] + "\n"
    rows = [f'{n},"王 {n},\nb",p{n}@x.com,CEO,yes\n' for n in range(1, 120)]
    rows[5], rows[110] = "6,Ann,ann@x.com,CEO,yes\n", "111,Ann,ann@x.com,CEO,maybe\n"
    world = World(tmp_path).contract(PEOPLE)
    world.put("people_20240131.csv", (head + "".join(rows)).encode(encoding))
    monkeypatch.setattr("pipelines.ingest.pieces.PIECE_BYTES", 500)
    row = world.run().files[0]
    assert (row["rows_loaded"], row["rows_quarantined"]) == (118, 1)
    changed = forget(world.settings, load_contracts(world.settings.sources), "ann@x.com", "forget")[0]
    assert (changed["rows_loaded"], changed["rows_quarantined"], changed["rows_control"]) == (117, 0, 3)
    rows[5] = rows[110] = ",,,,\n"
    kept = landing.restore(world.settings, row["sha256"], tmp_path / "kept").read_bytes()
    assert kept.decode(encoding) == head + "".join(rows)


def test_forgetting_takes_a_person_and_nothing_that_is_merely_spelled_alike(tmp_path: Path) -> None:
    """An order with the person's number, a job with their name, and a refused row that contains it all stay."""
    world = World(tmp_path).contract(PEOPLE.replace("    pii: {job_title: drop}\n", "").replace("crm", "people"))
    world.contract(
        DEALS.replace(
            "    columns:",
            "    corrections:\n      - {name: r, set: {amount: '1'}, when: 'true', because: b}\n    columns:",
        )
    )
    refused = "4,Dee,d@x.com,Ann,maybe\n5,Mary Ann,m@x.com,CEO,maybe\n6,Ann,a@x.com,CEO,maybe\n"
    world.put(
        "people_20240131.csv", PERSONS.splitlines()[0] + "\n1,ann ,a@x.com,CEO,yes\n2,Bob,b@x.com,Ann,no\n" + refused
    )
    world.put("deals_20240131.csv", deals(("1", "Ann", "Prospecting", "5", "")))
    world.run()
    spare = world.settings.working_file.with_name(world.settings.working_file.name + ".wal")
    spare.write_bytes(b"")
    contracts = load_contracts(world.settings.sources)
    assert [row["path"] for row in forget(world.settings, contracts, " ANN", "forget")] == ["people_20240131.csv"]
    assert not spare.exists() and not world.settings.working_file.exists()
    world.rebuild()
    assert world.column("select contact_name from raw.contacts") == ["Bob"]
    assert world.column("select source_id from quality.quarantine order by record") == ["4", "5"]
    assert forget(world.settings, contracts, "1", "again") == []
    world.rebuild()
    assert world.column("select opportunity_name from raw.opportunities") == ["Ann"]
    assert world.column("select source_id from control.corrections") == ["1"]
    again = world.put(
        "people_20240229.csv", (world.settings.inbox / "people_20240131.csv").read_bytes() + b"7,New,n@x.com,,no\n"
    )
    world.run(LANDED + timedelta(days=30))
    latest = (
        f"select contact_name from raw.contacts join control.files on _file_id = file_id where path = '{again.name}'"
    )
    assert world.column(f"{latest} order by 1") == ["Bob", "New"]


def test_rows_that_were_returned_are_forgotten_with_their_person(tmp_path: Path) -> None:
    world = World(tmp_path).contract(PEOPLE)
    world.put("people_20240131.csv", PERSONS + "4,Dee,d@x.com,Cyan,maybe\n")
    world.run()
    contracts = load_contracts(world.settings.sources)
    fixed = export_refused(world.settings, contracts, "people_20240131.csv").replace("maybe", "yes")
    take_back(world.settings, contracts, fixed, LANDED)
    world.run(LANDED + timedelta(days=1))
    forget(world.settings, contracts, "Cy", "forget")
    world.rebuild()
    assert world.column("select contact_name from raw.contacts order by 1") == ["Ann Lee", "Bob Ray", "Dee"]
    quoted = "select count(*) from control.corrections where column_name = '*' and new_value like '%%%s%%'"
    assert [world.column(quoted % name) for name in ("CFO", "Dee")] == [[0], [1]]


def test_nothing_runs_on_an_empty_home(tmp_path: Path) -> None:
    world = World(tmp_path)
    report = ingest.run(world.settings, {}, LANDED)
    assert report.new_files == 0
