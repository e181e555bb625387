"""Any pile of exports in any order gives the same rows, once, whatever happens in between."""

import random
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from ingest_world import DEALS, EVERYTHING, LANDED, LINES, World, deals, put_months

from pipelines import ingest
from pipelines.contracts import load_contracts
from pipelines.ingest.files import store
from pipelines.ingest.landing import load_tables as loading


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path).contract()


def test_a_run_that_knows_less_sees_a_corrected_file_as_it_was(world: World) -> None:
    path = world.put("deals_20240101.csv", deals(["1", "Roof", "Prospecting", "100", ""]))
    world.run(datetime(2024, 1, 2))
    path.write_text(deals(["1", "Roof", "Prospecting", "900", ""]))
    world.run(datetime(2024, 1, 5))
    contracts = load_contracts(world.settings.sources)
    ingest.show_known_at(world.settings, contracts, datetime(2024, 1, 3))
    assert world.column("select amount from raw.opportunities") == [100]
    assert world.column("select status from control.files") == ["loaded"]
    world.run(datetime(2024, 1, 6))
    assert world.column("select amount from raw.opportunities") == [900]
    assert sorted(world.column("select status from control.files")) == ["loaded", "replaced"]


PLAIN = "Closed"
ALIAS = "{from: [Closed, Closed On]}"


def test_a_changed_contract_reads_a_correction_after_what_it_corrects(world: World) -> None:
    world.put("deals_20240101.csv", deals(["1", "Roof", "Prospecting", "100", ""]))
    world.run(datetime(2024, 1, 2))
    world.put("deals_20240101 (1).csv", deals(["1", "Roof", "Prospecting", "900", ""]))
    world.contract(DEALS.replace('"deals_*.csv"', '"deals_*.csv"'))
    world.run(datetime(2024, 1, 3))
    assert world.column("select amount from raw.opportunities") == [900]
    world.contract(DEALS.replace(PLAIN, ALIAS))
    world.run(datetime(2024, 1, 4))
    assert world.column("select amount from raw.opportunities") == [900]


SIDECAR = DEALS.replace("{filename: 'deals_(\\d{8})', format: \"%Y%m%d\"}", "{sidecar: true}").replace(
    "    key:", "    extract: incremental\n    key:"
)


def test_a_rejected_export_whose_file_was_overwritten_is_read_once_its_word_is_known(world: World) -> None:
    world.contract(SIDECAR)
    for day, word in (("2024-01-01", "Neu"), ("2024-01-08", "Prospecting")):
        world.put("deals_now.csv.meta.json", f'{{"exported_at": "{day}"}}')
        world.put("deals_now.csv", deals([day, "Roof", word, "100", ""]))
        world.run(datetime.fromisoformat(day))
    assert world.column("select source_id from raw.opportunities") == ["2024-01-08"]
    words = world.folder / "config/seeds/stage_words.csv"
    words.write_text(words.read_text(encoding="utf-8") + "Neu,*,lead\n", encoding="utf-8")
    world.run(datetime(2024, 1, 9))
    assert world.column("select source_id from raw.opportunities order by 1") == ["2024-01-01", "2024-01-08"]


def test_lines_without_a_key_keep_apart_in_files_of_one_name(tmp_path: Path) -> None:
    world = World(tmp_path).contract(LINES)
    world.put("north/lines_20240101.csv", "Line,Quantity\n1,5\n2,6\n")
    world.put("south/lines_20240101.csv", "Line,Quantity\n1,5\n2,7\n")
    world.run()
    assert world.column("select count(distinct source_id) from raw.order_lines") == [4]
    assert world.column("select sum(quantity) from raw.order_lines") == [23]


def test_the_order_of_arrival_does_not_matter(tmp_path: Path) -> None:
    results = []
    for number in range(3):
        world, months = World(tmp_path / str(number)).contract(), [1, 2, 3, 4]
        random.Random(number).shuffle(months)
        for day, month in enumerate(months):
            put_months(world, [month])
            world.run(LANDED + timedelta(days=day))
        results.append(world.rows(EVERYTHING))
    assert results[0] == results[1] == results[2] and len(results[0]) == 12


def test_a_corrected_file_replaces_its_earlier_version_exactly(world: World) -> None:
    world.put("deals_20230101.csv", deals(("1", "a", "Prospecting", "1", ""), ("2", "b", "Prospecting", "x", "")))
    world.run()
    world.put("deals_20230101.csv", deals(("1", "a", "Prospecting", "5", "")))
    world.run(LANDED + timedelta(days=1))
    assert world.rows("select opportunity_id, amount from raw.opportunities") == [("1", 5)]
    assert world.rows("select status, count(*) from control.files group by 1 order by 1") == [
        ("loaded", 1),
        ("replaced", 1),
    ]
    assert world.rows("from quality.quarantine") == []
    # and back again: a third observation, not a forgotten first one
    world.put("deals_20230101.csv", deals(("1", "a", "Prospecting", "1", ""), ("2", "b", "Prospecting", "x", "")))
    world.run(LANDED + timedelta(days=2))
    assert world.rows("select opportunity_id, amount from raw.opportunities") == [("1", 1)]
    assert world.run(LANDED + timedelta(days=3)).new_files == 0


def test_a_rejected_correction_leaves_the_last_good_rows(world: World) -> None:
    put_months(world, [1])
    world.run()
    before = world.rows(EVERYTHING)
    world.put("deals_20230101.csv", deals(("1", "a", "Never Heard Of", "5", "")))
    assert world.run(LANDED + timedelta(days=1)).files[0]["status"] == "rejected"
    assert world.rows(EVERYTHING) == before


def test_a_changed_contract_or_a_new_stage_word_reads_its_files_again(world: World) -> None:
    world.put("deals_20230101.csv", deals(("1", "a", "Neu", "5", "")))
    assert world.run().files[0]["reason_code"] == "unmapped_word"
    words = world.folder / "config/seeds/stage_words.csv"
    words.write_text(words.read_text(encoding="utf-8") + "Neu,crm,lead\n", encoding="utf-8")
    assert world.run(LANDED + timedelta(days=1)).files[0]["status"] == "loaded"
    world.contract(DEALS.replace("amount: Amount", "amount: {from: Amount, unit: 10000}"))
    world.run(LANDED + timedelta(days=2))
    assert world.column("select amount from raw.opportunities") == [50000]


def test_parts_of_one_export_stand_side_by_side(world: World) -> None:
    world.contract(DEALS.replace("    key:", "    parts: many\n    key:"))
    world.put("deals_20230101_a.csv", deals(("1", "a", "Prospecting", "1", "")))
    world.put("deals_20230101_b.csv", deals(("2", "b", "Prospecting", "2", "")))
    world.run()
    world.put("deals_20230101_b.csv", deals(("2", "b", "Prospecting", "3", "")))
    world.run(LANDED + timedelta(days=1))
    assert world.rows("select opportunity_id, amount from raw.opportunities order by 1") == [("1", 1), ("2", 3)]
    assert len(world.rows("select distinct set_id from control.files")) == 1


def test_rebuild_from_landing_and_state_gives_the_same_tables(world: World) -> None:
    put_months(world, [1, 2])
    world.put("deals_20230301.csv", deals(("1", "a", "Prospecting", "x", ""), ("2", "a", "Prospecting", "1", "")))
    world.run()
    tables = [EVERYTHING, "from control.files order by all", "from quality.quarantine order by all"]
    before = [world.rows(sql) for sql in tables]
    shutil.rmtree(world.settings.warehouse)
    shutil.rmtree(world.settings.inbox)
    world.rebuild()
    assert [world.rows(sql) for sql in tables] == before


@pytest.mark.parametrize("step", ["keep_compressed", "land_file", "rows", "ledger", "load"])
def test_a_run_that_is_killed_is_finished_by_the_next(world: World, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """The process dies at one step of the second of three files; the next run ends where an undisturbed one does."""
    import importlib

    run_module = importlib.import_module("pipelines.ingest.run")
    landing = importlib.import_module("pipelines.ingest.landing.land_file")

    class Killed(BaseException):
        pass

    put_months(world, [1, 2, 3])
    calls = {"count": 0}

    def dying(original, at: int):  # type: ignore[no-untyped-def]
        def wrapped(*args, **kwargs):  # type: ignore[no-untyped-def]
            calls["count"] += 1
            if calls["count"] == at:
                raise Killed
            return original(*args, **kwargs)

        return wrapped

    places = {
        "keep_compressed": (run_module, "keep_compressed", 2),
        "land_file": (landing, "land_file", 2),
        "rows": (store, "keep_query", 2),
        "ledger": (run_module.file_ledger, "append", 1),
        "load": (loading, "_control", 1),
    }
    module, name, at = places[step]
    monkeypatch.setattr(run_module, "LEDGER_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(module, name, dying(getattr(module, name), at))
        with pytest.raises(Killed):
            world.run()
    world.run()
    killed = world.rows(EVERYTHING)
    fresh = World(world.folder / "fresh").contract()
    put_months(fresh, [1, 2, 3])
    fresh.run()
    assert killed == fresh.rows(EVERYTHING) and len(killed) == 9
    assert world.run().new_files == 0


def test_a_rejected_file_of_a_required_system_stops_the_run_after_the_others_are_in(world: World) -> None:
    from pipelines.errors import AlmanacError

    world.contract(DEALS.replace("title: CRM", "title: CRM\nrequired: true"))
    put_months(world, [1])
    world.put("deals_20230201.csv", b"")
    for day in range(2):  # a second attempt finds nothing new, and the file is as bad as it was
        with pytest.raises(AlmanacError, match="required"):
            world.run(LANDED + timedelta(days=day))
    assert world.column("select count(*) from raw.opportunities") == [3]
    (world.settings.inbox / "deals_20230201.csv").unlink()
    world.put("deals_20230201_again.csv", deals(*((str(n), "a", "Prospecting", "1", "") for n in range(1, 4))))
    world.run(LANDED + timedelta(days=2))
    assert world.column("select count(*) from raw.opportunities") == [6]


def test_every_table_exists_before_the_first_export(world: World) -> None:
    from pipelines.contracts import canonical_objects

    ingest.run(world.settings, {}, LANDED)
    tables = set(world.column("select table_schema || '.' || table_name from information_schema.tables"))
    assert {f"raw.{name}" for name in canonical_objects()} <= tables
    assert {
        "control.files",
        "control.systems",
        "control.objects",
        "control.corrections",
        "quality.quarantine",
        "keys.namespaces",
    } <= tables


def test_tables_are_whole_again_after_a_look_at_what_was_known_then(world: World) -> None:
    """Rows, refusals, files and corrections: looking back takes nothing away, and hides what came later."""
    tables = (EVERYTHING, "from quality.quarantine order by all", "from control.files order by file_id")
    world.put(
        "deals_20240101.csv", deals(["1", "Roof", "Prospecting", "100", ""], ["2", "Wall", "Prospecting", "?", ""])
    )
    world.run(datetime(2024, 1, 2))
    then = [world.rows(sql) for sql in tables]
    world.put(
        "deals_20240101.csv", deals(["1", "Roof", "Prospecting", "900", ""], ["2", "Wall", "Prospecting", "5", ""])
    )
    world.put("deals_20240108.csv", deals(["3", "Door", "Mystery", "7", ""]))
    world.run(datetime(2024, 1, 9))
    today = [world.rows(sql) for sql in tables]
    contracts = load_contracts(world.settings.sources)
    for moment, shown in ((datetime(2024, 1, 5), then), (None, today), (datetime(2024, 1, 5), then)):
        ingest.show_known_at(world.settings, contracts, moment)
        assert [world.rows(sql) for sql in tables] == shown
    assert world.run(datetime(2024, 1, 10)).new_files == 0
    assert [world.rows(sql) for sql in tables] == today
    assert [len(rows) for rows in then] == [1, 1, 1] and [len(rows) for rows in today] == [2, 0, 3]
