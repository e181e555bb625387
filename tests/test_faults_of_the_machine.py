"""A full disk, a missing permission, a pipe in the inbox: what this machine cannot do is no fault of a file."""

import errno
import importlib
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from conftest import found
from ingest_world import DEALS, World, deals, put_months

from pipelines import inputs
from pipelines.errors import MachineFaultError
from pipelines.home import durable, machine
from pipelines.ingest.files import store
from pipelines.ingest.landing import land_file as landing

pytestmark = pytest.mark.fast
run_module = importlib.import_module("pipelines.ingest.run")  # the package has a function of that name
FULL = OSError(28, "No space left on device", "/home/landing")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path).contract()


@pytest.mark.parametrize("place", ["bytes", "rows", "rows_in_duckdb"])
def test_a_full_disk_records_nothing_and_the_file_is_read_when_there_is_room(
    world: World, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def full(*_: Any) -> None:
        raise FULL if place != "rows_in_duckdb" else duckdb.IOException('Could not write "x": No space left on device')

    put_months(world, [1, 2])
    with monkeypatch.context() as patch:
        patch.setattr(*((run_module, "keep_compressed") if place == "bytes" else (store, "keep_query")), full)
        with pytest.raises(MachineFaultError, match=r"deals_20230101.csv: No space left on device"):
            world.run()
    assert not list((world.settings.state / "files").glob("*.parquet"))
    assert [row["status"] for row in world.run().files] == ["loaded", "loaded"]


def test_a_file_too_large_for_memory_is_not_recorded_and_the_others_are_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    land_file = landing.land_file

    def greedy(settings: Any, arrival: Any, *rest: Any) -> Any:
        if arrival.name == "deals_20230101.csv":
            raise machine.machine_fault(duckdb.OutOfMemoryException("failed to allocate")) or AssertionError
        return land_file(settings, arrival, *rest)

    put_months(world, [1, 2])
    with monkeypatch.context() as patch:
        patch.setattr(landing, "land_file", greedy)
        report = world.run()
    assert [row["path"] for row in report.files] == ["deals_20230201.csv"]
    assert len(report.faults()) == 1 and "deals_20230101.csv: not enough memory" in report.faults()[0]
    assert [row["path"] for row in world.run().files] == ["deals_20230101.csv"]


@pytest.mark.parametrize(
    ("error", "is_machine"),
    [
        (FULL, True),
        (PermissionError(13, "Permission denied"), True),
        (MemoryError(), True),
        (duckdb.InterruptException("INTERRUPT Error: Interrupted!"), True),
        (duckdb.IOException('IO Error: Could not write file "x": No space left on device'), True),
        (OSError(22, "Invalid argument"), False),  # an archive that points before its own beginning
        (OSError("Not a gzipped file"), False),
        (ValueError("no table"), False),
        (duckdb.InvalidInputException("malformed"), False),
    ],
)
def test_faults_of_the_machine_are_told_from_those_of_a_file(error: Exception, is_machine: bool) -> None:
    assert (machine.machine_fault(error) is not None) == is_machine


def test_whatever_lies_in_the_inbox_is_read_or_named(world: World) -> None:
    put_months(world, [1])
    inbox = world.settings.inbox
    os.mkfifo(inbox / "deals_20230201.csv")
    outside = world.folder / "deals_20230301.csv"
    outside.write_text(deals(("1", "a", "Prospecting", "1", "")))
    (inbox / outside.name).symlink_to(outside)
    (inbox / "elsewhere").symlink_to(world.folder, target_is_directory=True)
    report = world.run()
    assert [row["path"] for row in report.files] == ["deals_20230101.csv"]
    assert {item.name: item.is_fault for item in report.unread} == {
        "deals_20230201.csv": False,
        "deals_20230301.csv": False,
        "elsewhere": False,
    }
    assert "pipe" in report.unread[0].reason and str(outside) in report.unread[1].reason


def denied(paths: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Permission is denied to these paths, for whoever runs the test: root is never refused by the disk itself."""
    from pipelines.ingest.landing import inbox

    content_hash, scandir = inbox.content_hash, os.scandir

    def refuse(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def opened(path: Any) -> Any:
            if not isinstance(path, int) and Path(path) in paths:
                raise PermissionError(13, "Permission denied", str(path))
            return original(path)

        return opened

    monkeypatch.setattr(inbox, "content_hash", refuse(content_hash))
    monkeypatch.setattr(os, "scandir", refuse(scandir))


def test_an_export_and_a_folder_that_cannot_be_opened_stop_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.contract(DEALS.replace("deals_*", "**/deals_*"))
    put_months(world, [1, 2])
    closed = world.put("closed/deals_20230301.csv", deals(("9", "c", "Prospecting", "1", "")))
    with monkeypatch.context() as patch:
        denied([world.settings.inbox / "deals_20230201.csv", closed.parent], patch)
        report = world.run()
    assert [row["path"] for row in report.files] == ["deals_20230101.csv"]
    assert sorted(item.name for item in report.unread if item.is_fault) == ["closed/", "deals_20230201.csv"]
    assert [row["status"] for row in world.run().files] == ["loaded", "loaded"]


def test_names_in_capitals_are_claimed(world: World) -> None:
    world.put("DEALS_20230101.CSV", deals(("1", "a", "Prospecting", "1", "")))
    assert [row["status"] for row in world.run().files] == ["loaded"]


def test_an_unclaimed_file_is_told_the_contract_that_is_named_most_like_it(world: World) -> None:
    world.put("deal_20230101.csv", deals(("1", "a", "Prospecting", "1", "")))
    world.put("holiday.zip", b"PK")
    reasons = {row["path"]: row["reason"] for row in world.run().files}
    nearest = "nearest: crm/opportunities reads 5 of its 5 headers, but its files are named deals_*.csv"
    assert nearest in reasons["deal_20230101.csv"]
    assert "nearest" not in reasons["holiday.zip"]


def almanac(world: World, *arguments: str, largest_file: int = 0) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own. largest_file: bytes after which the disk is full for it; 0 for none."""

    def limit() -> None:
        if largest_file:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    command = [sys.executable, "-c", "from pipelines.cli import main; main()", "--home", str(world.settings.home)]
    command += ["--config", str(world.settings.config), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limit)


def test_ingest_names_what_is_in_no_table_and_fails_for_what_the_machine_could_not_read(world: World) -> None:
    put_months(world, [1])
    world.put("deal_20230101.csv", "x")
    world.put("deals_20230201.csv", "ID,Title\n1,a\n")
    told = almanac(world, "ingest")
    assert told.returncode == 0, told.stderr
    assert "unclaimed   deal_20230101.csv: no contract's `files` matches; nearest: crm/opportunities" in told.stdout
    assert "rejected    deals_20230201.csv: " in told.stdout
    (world.settings.inbox / "deals_20230301.csv").symlink_to("deals_20230301.csv")  # a link to itself: an error to open
    told = almanac(world, "ingest")
    assert "unread      deals_20230301.csv: " in told.stdout


def test_a_process_that_cannot_write_fails_records_nothing_and_the_next_one_reads_the_file(world: World) -> None:
    rows = [(str(number), f"deal {number * 7919}", "Prospecting", str(number), "") for number in range(4000)]
    world.put("deals_20230101.csv", deals(*rows))
    told = almanac(world, "ingest", largest_file=8192)
    assert told.returncode == 1 and "deals_20230101.csv: File too large" in told.stderr, told.stderr
    assert not list((world.settings.state / "files").glob("*.parquet"))
    told = almanac(world, "ingest")
    assert told.returncode == 0 and "4000 loaded" in told.stdout, told.stderr


def test_a_real_export_in_a_demo_home_is_named_before_any_run_has_read_it(world: World) -> None:
    world.put("deals_20230101.csv", deals(("1", "a", "Prospecting", "1", "")))
    (world.settings.home / "home.json").write_text('{"kind": "demo"}', encoding="utf-8")
    (world.settings.home / "demo_manifest.json").write_text('{"files": {}}', encoding="utf-8")
    arrivals, [notice] = inputs.look(world.settings)
    assert arrivals == []
    assert (notice.path, notice.status) == ("deals_20230101.csv", "rejected") and "sample company" in notice.reason


def test_a_file_is_flushed_before_it_is_named_and_its_name_before_the_ledger(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order in which a power cut can take nothing that was acknowledged, read from the calls themselves."""
    calls: list[tuple[str, str]] = []
    fsync, replace = os.fsync, Path.replace
    state, landing = world.settings.state, world.settings.landing

    def traced_fsync(descriptor: int) -> None:
        calls.append(("fsync", str(Path(f"/proc/self/fd/{descriptor}").readlink())))
        fsync(descriptor)

    def traced_replace(self: Path, target: Any) -> Path:
        calls.append(("rename", f"{self} {target}"))
        return replace(self, target)

    put_months(world, [1])
    world.put("deals_20230201.csv", deals(("1", "a", "Prospecting", "x", ""), ("2", "a", "Prospecting", "1", "")))
    monkeypatch.setattr(os, "fsync", traced_fsync)
    monkeypatch.setattr(Path, "replace", traced_replace)
    world.run()
    renames = [
        number for number, (kind, _) in enumerate(calls) if kind == "rename" and str(landing) in calls[number][1]
    ]
    ledger = next(n for n, (kind, text) in enumerate(calls) if kind == "rename" and f"{state}/files/0" in text)
    kept = [calls[number][1].split() for number in renames]
    assert len(kept) == 5  # bytes and rows of two files, refused rows of one
    for number, (temporary, target) in zip(renames, kept, strict=True):
        assert ("fsync", temporary) in calls[:number], f"{temporary} was named before it was flushed"
        folder = calls.index(("fsync", str(Path(target).parent)))
        assert number < folder < ledger, f"{target}: its folder must be flushed after the name, before the ledger"
    assert ("fsync", str(state / "files")) in calls[ledger:]


def power_cut(*_: Any) -> None:
    raise KeyboardInterrupt


def test_what_was_not_flushed_can_be_lost_and_the_ledger_never_tells_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fake disk that keeps only flushed files under flushed names loses nothing that the ledger names."""
    safe_content, safe_names = set[int](), set[tuple[str, int]]()
    fsync = os.fsync

    def flushing(descriptor: int) -> None:
        fsync(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            safe_names.update((str(item), item.stat().st_ino) for item in path.iterdir())
        else:
            safe_content.add(os.fstat(descriptor).st_ino)

    put_months(world, [1, 2])
    monkeypatch.setattr(os, "fsync", flushing)
    with monkeypatch.context() as patch:  # the power goes at the last moment before tables are loaded
        patch.setattr(run_module, "synchronise", power_cut)
        with pytest.raises(KeyboardInterrupt):
            world.run()
    for path in found([*world.settings.landing.rglob("*"), *world.settings.state.rglob("*")]):
        inode = path.stat().st_ino
        is_safe = (str(path), inode) in safe_names and (path.is_dir() or inode in safe_content)
        if not is_safe and path.is_file():
            path.unlink()
    world.rebuild()
    assert world.column("select count(*) from raw.opportunities") == [6]


def test_every_kept_file_agrees_with_the_hashes_of_its_folder(world: World) -> None:
    put_months(world, [1])
    world.run()
    kept = [*world.settings.state.rglob("*.parquet"), *world.settings.landing.rglob("*.parquet")]
    assert len(kept) >= 2
    for path in kept:
        assert durable.sha256_of(path) in durable.noted(path.parent)[path.name]


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC, errno.EROFS])
def test_a_home_that_cannot_be_written_can_be_looked_at(
    world: World, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The list of hashes only spares work: at night, on a full disk, `almanac status` must say what is served."""
    from pipelines.ingest.landing.inbox import list_inbox

    put_months(world, [1, 2])

    def refuse(self: pl.DataFrame, path: Path, **_: Any) -> None:
        raise OSError(number, f"{os.strerror(number)} (os error {number}): {path}")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", refuse)
    assert [file.name for file in list_inbox(world.settings).files] == ["deals_20230101.csv", "deals_20230201.csv"]


def test_a_fault_that_a_library_tells_in_words_names_the_file() -> None:
    told = machine.machine_fault(OSError("Permission denied (os error 13): /home/x/warehouse/a.parquet"))
    assert str(told).endswith(": /home/x/warehouse/a.parquet")
