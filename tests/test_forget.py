"""A person who is to be forgotten is gone from landing onward, and stays out when old files are read again."""

from datetime import timedelta
from pathlib import Path

import pytest
from ingest_world import DEALS, LANDED, World, deals

from pipelines.contracts import load_contracts
from pipelines.ingest.erasure.erase import forget
from pipelines.ingest.files import store
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
def test_a_person_is_forgotten_in_every_chunk_of_a_large_file(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = PERSONS.splitlines()[0] + "\n"
    rows = [f'{n},"王 {n},\nb",p{n}@x.com,CEO,yes\n' for n in range(1, 120)]
    rows[5], rows[110] = "6,Ann,ann@x.com,CEO,yes\n", "111,Ann,ann@x.com,CEO,maybe\n"
    world = World(tmp_path).contract(PEOPLE)
    world.put("people_20240131.csv", (head + "".join(rows)).encode(encoding))
    monkeypatch.setattr("pipelines.ingest.formats.chunks.CHUNK_BYTES", 500)
    row = world.run().files[0]
    assert (row["rows_loaded"], row["rows_quarantined"]) == (118, 1)
    changed = forget(world.settings, load_contracts(world.settings.sources), "ann@x.com", "forget")[0]
    assert (changed["rows_loaded"], changed["rows_quarantined"], changed["rows_control"]) == (117, 0, 3)
    rows[5] = rows[110] = ",,,,\n"
    kept = store.restore(world.settings, row["sha256"], tmp_path / "kept").read_bytes()
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
    fixed = export_rejected(world.settings, contracts, "people_20240131.csv").replace("maybe", "yes")
    resubmit(world.settings, contracts, fixed, LANDED)
    world.run(LANDED + timedelta(days=1))
    forget(world.settings, contracts, "Cy", "forget")
    world.rebuild()
    assert world.column("select contact_name from raw.contacts order by 1") == ["Ann Lee", "Bob Ray", "Dee"]
    quoted = "select count(*) from control.corrections where column_name = '*' and new_value like '%%%s%%'"
    assert [world.column(quoted % name) for name in ("CFO", "Dee")] == [[0], [1]]
