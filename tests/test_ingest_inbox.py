"""Which files of the inbox are read, and of which day: known, moved, copied, half-written, vanished, unclaimed ones."""

import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from ingest_world import DEALS, EVERYTHING, LANDED, LINES, World, deals, put_months

from pipelines import ingest
from pipelines.contracts import load_contracts
from pipelines.ingest.formats.source import FileRefusedError
from pipelines.ingest.landing.export_date import exported_at


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path).contract()


def test_a_moved_file_counts_once_whatever_its_contract_becomes(tmp_path: Path) -> None:
    world = World(tmp_path).contract(LINES)
    path = world.put("north/lines_20240101.csv", "Line,Quantity\n1,5\n")
    world.run()
    world.put("south/lines_20240101.csv", path.read_bytes())
    path.unlink()
    world.contract(LINES.replace("quantity: Quantity", "quantity: [Quantity, Qty]"))
    world.run()
    assert world.column("select sum(quantity) from raw.order_lines") == [5]


def test_a_moved_file_that_is_dated_by_a_column_is_known(tmp_path: Path) -> None:
    dated = LINES.replace("{filename: 'lines_(\\d{8})', format: \"%Y%m%d\"}", "{column: Day}")
    world = World(tmp_path).contract(dated)
    path = world.put("north/lines_1.csv", "Line,Quantity,Day\n1,5,2024-01-01\n")
    world.run()
    world.put("south/lines_1.csv", path.read_bytes())
    path.unlink()
    assert world.run().new_files == 0
    assert world.column("select sum(quantity) from raw.order_lines") == [5]


def test_a_file_that_is_still_being_written_is_left_to_the_next_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = world.put("deals_20240101.csv", deals(["1", "Roof", "Prospecting", "100", ""]))
    monkeypatch.setattr("pipelines.ingest.landing.inbox.content_hash", lambda _: "0" * 64)
    assert [row["reason_code"] for row in world.run().files] == ["changing"]
    assert not list((world.settings.home / "landing").rglob("*.tmp"))
    monkeypatch.undo()
    path.write_text(deals(["1", "Roof", "Prospecting", "100", ""], ["2", "Wall", "Prospecting", "50", ""]))
    world.run()
    assert world.column("select count(*) from raw.opportunities") == [2]


def test_a_second_run_does_nothing_and_says_so(world: World) -> None:
    put_months(world, [1, 2, 3])
    assert world.run().new_files == 3
    before = world.rows(EVERYTHING)
    again = world.run(LANDED + timedelta(days=1))
    assert again.new_files == 0 and again.summary() == "nothing new: 3 files were read before"
    assert world.rows(EVERYTHING) == before and len(before) == 9


def test_the_same_bytes_at_a_new_date_are_a_new_observation(world: World) -> None:
    put_months(world, [1])
    shutil.copy(world.settings.inbox / "deals_20230101.csv", world.settings.inbox / "deals_20230201.csv")
    assert world.run().new_files == 2
    assert world.column("select count(distinct exported_at) from raw.opportunities") == [2]


def test_a_copy_of_a_file_under_another_name_is_not_counted_twice(world: World) -> None:
    put_months(world, [1])
    world.run()
    (world.settings.inbox / "copies").mkdir()
    world.contract(DEALS.replace('files: "deals', 'files: "**/deals'))
    shutil.copy(world.settings.inbox / "deals_20230101.csv", world.settings.inbox / "copies/deals_20230101.csv")
    assert world.run().new_files == 0
    assert world.column("select count(*) from raw.opportunities") == [3]


def test_a_demo_home_refuses_real_exports(world: World) -> None:
    put_months(world, [1])
    (world.settings.home / "home.json").write_text('{"kind": "demo"}', encoding="utf-8")
    (world.settings.home / "demo_manifest.json").write_text('{"files": {}}', encoding="utf-8")
    row = world.run().files[0]
    assert (row["status"], row["reason_code"]) == ("rejected", "demo_home") and "almanac --home DIR run" in row[
        "reason"
    ]
    assert world.run().new_files == 0


def test_files_that_nobody_claims_are_listed_once(world: World) -> None:
    world.put("holiday_photos.zip", b"PK\x03\x04")
    assert world.run().files[0]["status"] == "unclaimed"
    assert world.run().new_files == 0


def test_a_deeply_nested_file_that_nobody_claims_stops_no_other(world: World) -> None:
    put_months(world, [1])
    world.put("deep.json", "[" * 100_000)
    rows = {row["path"]: row["status"] for row in world.run().files}
    assert rows["deals_20230101.csv"] == "loaded"
    assert world.column("select count(*) from raw.opportunities") == [3]


def test_a_file_that_a_contract_reads_at_last_is_no_longer_listed_as_unread(world: World) -> None:
    world.contract(DEALS.replace("deals_*.csv", "opportunities_*.csv"))
    put_months(world, [1])
    world.run()
    assert world.column("select status from control.files") == ["unclaimed"]
    world.contract()
    world.run(LANDED + timedelta(days=1))
    assert sorted(world.column("select status from control.files")) == ["loaded", "replaced"]


@pytest.mark.parametrize(
    ("rule", "name", "expected"),
    [
        ("{on: 2014-01-28}", "a.csv", datetime(2014, 1, 28)),
        ("{filename: '(\\d{4}-\\d\\d)'}", "2024-03.csv", None),
        ("{sidecar: true}", "a.csv", datetime(2024, 1, 31, 2)),
        ("{column: Day}", "a.csv", datetime(2024, 5, 6)),
    ],
)
def test_the_export_date_comes_from_where_the_contract_says(
    tmp_path: Path, rule: str, name: str, expected: datetime | None
) -> None:
    contract = DEALS.replace("{filename: 'deals_(\\d{8})', format: \"%Y%m%d\"}", rule).replace("deals_*.csv", "*.csv")
    world = World(tmp_path).contract(contract)
    world.put(name, "ID,Title,Stage,Amount,Closed,Day\n1,a,Prospecting,1,,2024-05-06\n")
    (world.settings.inbox / f"{name}.meta.json").write_text(
        '{"exported_at": "2024-01-31T10:00:00+08:00"}', encoding="utf-8"
    )
    row = world.run().files[0]
    assert row["exported_at"] == expected
    assert row["reason_code"] == ("" if expected else "no_export_date")


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("Orders since 2020-01-01.csv", None), ("Kunde 20231215 Auftraege.csv", None),
        ("deals to 2024-03-31.csv", None),
        ("deals ab 20240101.csv", None), ("deals_bis_2024-03-31.csv", None), ("销售订单自2024-01-01.csv", None),
        ("销售订单至2024-01-31.csv", None), ("deals until 2024-01-31 (1).csv", None),
        ("deals from 2024-01-01 to 2024-01-31.csv", None), ("deals 2024-01-31.csv", 31),
        ("deals 2024-01-31 (1).csv", 31),
        ("deals-2024-01-31-1.csv", 31), ("销售订单_20240131153000_100000.csv", None), ("deals 20240131_153000.csv", 31),
        ("deals 2024-01-31T15-30-00Z.csv", 31), ("deals 2024-01-31 9.12 AM.csv.gz", 31), ("20240131.csv", 31),
        ("Auto 2024-01-31.csv", 31),
    ],
)  # fmt: skip
def test_a_day_in_a_name_is_the_exports_only_at_its_end(tmp_path: Path, name: str, day: int | None) -> None:
    world = World(tmp_path).contract(DEALS.replace('"deals_*.csv"', '["*.csv", "*.csv.gz"]'))
    contract = load_contracts(world.settings.sources)["crm"].objects[0]
    if day is None:
        with pytest.raises(FileRefusedError, match="states no date of the export"):
            exported_at(contract, tmp_path / name, name, "UTC")
    else:
        assert exported_at(contract, tmp_path / name, name, "UTC") == datetime(2024, 1, day)


def test_known_files_are_told_by_content_and_not_by_name_or_time(world: World) -> None:
    put_months(world, [1])
    world.run()
    path = world.settings.inbox / "deals_20230101.csv"
    stat = path.stat()
    path.write_bytes(path.read_bytes().replace(b"deal 1", b"deal 9"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert world.run().new_files == 1


def test_a_file_that_vanishes_while_the_inbox_is_read_is_new_when_it_comes_back(world: World) -> None:
    first = world.put("deals_20240101.csv", deals(["1", "Roof", "Prospecting", "100", ""]))
    second = world.put("deals_20240108.csv", deals(["2", "Wall", "Prospecting", "50", ""]))
    away = second.with_name(".away")
    contracts = load_contracts(world.settings.sources)

    def take_away(name: str, number: int, count: int) -> None:
        if name == second.name:
            second.rename(away)

    report = ingest.run(world.settings, contracts, LANDED, take_away)
    assert [row["path"] for row in report.files] == [first.name]
    assert world.column("select path from control.files") == [first.name]
    away.rename(second)
    assert [row["status"] for row in world.run(LANDED + timedelta(days=1)).files] == ["loaded"]
    assert world.column("select source_id from raw.opportunities order by 1") == ["1", "2"]
