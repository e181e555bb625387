"""Parts of a run: its journal, the first and the newest export, corrected cells, files that are gone or unreadable."""

from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from ingest_world import LANDED, World, deals

from pipelines import ingest
from pipelines.contracts import load_contracts
from pipelines.errors import MachineFaultError
from pipelines.home import state
from pipelines.ingest.arrival import FileOutcome, Patch
from pipelines.ingest.files.file_ledger import FileLedger
from pipelines.ingest.formats.source import FileRefusedError
from pipelines.ingest.landing import land_file as landing

RUNNING: Any = import_module("pipelines.ingest.run")  # the package has the function under this name
ROW = ("1", "a", "Closed Won", "5", "2024-01-05")


def test_a_patch_is_split_by_the_records_of_a_chunk() -> None:
    patch = Patch(tuple((record, f'{{"n": {record}}}', f"raw {record}") for record in (1, 2, 3, 4)))
    assert [cell[0] for cell in patch.between(1, 3).cells] == [2, 3]
    assert patch.between(4, 9) == Patch() and Patch().fingerprint == ""
    assert len(patch.fingerprint) == 12 and patch.fingerprint != patch.between(0, 3).fingerprint
    assert patch.between(0, 1).corrections().rows(named=True) == [
        {
            "_record": 1, "source_id": None, "column_name": "*", "old_value": "raw 1", "new_value": '{"n": 1}',
            "rule": "returned_from_quarantine", "because": "corrected by hand",
        }
    ]  # fmt: skip
    assert patch.corrections().schema["_record"] == pl.Int64 and Patch().corrections().height == 0


def test_an_outcome_begins_as_a_loaded_file_without_rows() -> None:
    outcome = FileOutcome(warnings=["größer"])
    assert outcome.warnings_text == '["größer"]' and outcome.status == "loaded"
    assert (outcome.rows_in, outcome.rows_loaded, outcome.rows_quarantined) == (0, 0, 0)
    assert (outcome.rows_control, outcome.rows_without_currency) == (0, 0)


def test_the_first_and_the_newest_export_are_those_that_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = World(tmp_path).settings
    assert ingest.first_export(settings) is None and ingest.newest_export(settings) is None
    days = [("rejected", 1), ("loaded", 3), ("loaded", 2), ("rejected", 4)]
    rows = [{"status": status, "exported_at": datetime(2024, 1, day)} for status, day in days]
    monkeypatch.setattr(FileLedger, "read", lambda _: FileLedger(rows))
    assert ingest.first_export(settings) == datetime(2024, 1, 2)
    assert ingest.newest_export(settings) == datetime(2024, 1, 3)


def test_paths_that_landed_after_the_served_run_began_are_not_yet_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = World(tmp_path).settings
    ledger = FileLedger([{"path": str(n), "landed_at": LANDED + timedelta(hours=n)} for n in (-1, 0, 1)])
    assert RUNNING._not_yet_served(settings, ledger) == {"-1", "0", "1"}

    class Served:
        started_at = LANDED

    monkeypatch.setattr(RUNNING.runs, "served", lambda _: Served)
    assert RUNNING._not_yet_served(settings, ledger) == {"1"}


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What a journal saves, in order: the log and how many rows."""
    kept: list[tuple[str, int]] = []

    def noting(log: str) -> Callable[..., None]:
        return lambda *given: kept.append((log, len(given[-1])))

    monkeypatch.setattr(RUNNING.state, "append", noting("corrections"))
    monkeypatch.setattr(RUNNING.store, "settle", noting("settled"))
    monkeypatch.setattr(RUNNING.file_ledger, "append", noting("files"))
    return kept


def test_a_journal_saves_corrections_before_files_and_nothing_twice(
    tmp_path: Path, saved: list[tuple[str, int]]
) -> None:
    journal = RUNNING._Journal(World(tmp_path).settings, "x")
    journal.close()
    journal.add({"path": "a"}, pl.DataFrame({"rule": []}, schema={"rule": pl.String}))
    assert saved == []
    journal.close()
    assert saved == [("settled", 1), ("files", 1)]
    journal.add({"path": "b"}, pl.DataFrame({"rule": ["x", "y"]}))
    journal.close()
    journal.close()
    assert saved[2:] == [("corrections", 2), ("settled", 1), ("files", 2)]


@pytest.mark.parametrize(("seconds", "is_saved"), [(1.0, False), (1.5, True)])
def test_a_journal_is_saved_once_more_than_a_second_has_passed(
    tmp_path: Path, saved: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch, seconds: float, is_saved: bool
) -> None:
    clock = [100.0]
    monkeypatch.setattr(RUNNING.time, "monotonic", lambda: clock[0])
    journal = RUNNING._Journal(World(tmp_path).settings, "x")
    clock[0] += seconds
    journal.add({"path": "a"}, pl.DataFrame({"rule": []}, schema={"rule": pl.String}))
    assert bool(saved) is is_saved
    journal.add({"path": "b"}, pl.DataFrame({"rule": []}, schema={"rule": pl.String}))
    assert bool(saved) is is_saved and len(saved) in (0, 2)


def landing_with(world: World, monkeypatch: pytest.MonkeyPatch, error: Exception, *, is_gone: bool = False) -> Any:
    def land_file(settings: object, arrival: Any, *others: object) -> FileOutcome:
        if is_gone:
            arrival.path.unlink()
        raise error

    monkeypatch.setattr(landing, "land_file", land_file)
    return ingest.run(world.settings, load_contracts(world.settings.sources), LANDED)


def test_a_file_that_cannot_be_read_is_rejected_and_one_that_has_gone_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path).contract()
    world.put("deals_20240131.csv", deals(ROW))
    report = landing_with(world, monkeypatch, OSError(22, "Invalid argument"))
    assert [(row["status"], row["reason_code"], row["reason"]) for row in report.files] == [
        ("rejected", "unreadable", "could not be read: Invalid argument")
    ]
    world.put("deals_20240201.csv", deals(ROW, ROW))
    report = landing_with(world, monkeypatch, OSError("no words"))
    assert [row["reason"] for row in report.files] == ["could not be read: no words"]
    for day, error in ((2, FileNotFoundError(2, "gone")), (3, FileRefusedError("no_table", "half a file"))):
        world.put(f"deals_2024020{day}.csv", deals(ROW) + "\n" * day)
        assert landing_with(world, monkeypatch, error, is_gone=True).files == []


def test_a_fault_of_the_machine_is_told_and_nothing_is_recorded_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path).contract()
    world.put("deals_20240131.csv", deals(ROW))
    report = landing_with(world, monkeypatch, OSError(5, "Input/output error"))
    assert report.files == [] and state.read(world.settings, "files").is_empty()
    assert [(unread.name, unread.is_fault) for unread in report.unread] == [("deals_20240131.csv", True)]
    assert report.unread[0].reason.endswith("nothing is recorded of the file and the next run reads it")
    with pytest.raises(MachineFaultError, match=r"deals_20240131\.csv"):
        landing_with(world, monkeypatch, OSError(28, "No space left on device"))


def test_a_run_tells_its_progress_and_what_it_would_read_next(tmp_path: Path) -> None:
    world = World(tmp_path).contract()
    contracts = load_contracts(world.settings.sources)
    scratch = world.settings.warehouse / "scratch"
    scratch.mkdir(parents=True)
    (scratch / "left").write_text("x", encoding="utf-8")
    for day in ("20240131", "20240130"):
        world.put(f"deals_{day}.csv", deals(ROW))
    arrivals, notices = ingest.look(world.settings, contracts, LANDED)
    assert [arrival.name for arrival in arrivals] == ["deals_20240130.csv", "deals_20240131.csv"] and notices == []
    told: list[tuple[str, int, int]] = []
    report = ingest.run(world.settings, contracts, LANDED, lambda *said: told.append(said))
    assert sorted(told) == [("deals_20240130.csv", 1, 2), ("deals_20240131.csv", 2, 2)]
    assert [row["rows_loaded"] for row in report.files] == [1, 1] and not (scratch / "left").exists()
    assert ingest.look(world.settings, contracts, LANDED)[0] == []
    ingest.show_known_at(world.settings, contracts, LANDED - timedelta(days=1))
    assert world.rows("select count(*) from raw.opportunities") == [(0,)]
    ingest.show_known_at(world.settings, contracts, None)
    assert world.rows("select count(*) > 0 from raw.opportunities") == [(True,)]
    ingest.rebuild(world.settings, contracts)
    assert world.rows("select count(*) > 0 from raw.opportunities") == [(True,)]
