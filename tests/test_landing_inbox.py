"""What lies in an inbox: files with their hashes, what is passed by and why, and what a demo home allows."""

import os
from pathlib import Path

import polars as pl
import pytest
from ingest_world import World

from pipelines.ingest.formats.decode import content_hash
from pipelines.ingest.landing import inbox
from pipelines.ingest.landing.inbox import allowed_hashes, list_inbox

pytestmark = pytest.mark.fast


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def names(world: World) -> list[str]:
    return [file.name for file in list_inbox(world.settings).files]


def test_files_are_listed_by_name_with_hash_and_size(world: World) -> None:
    path = world.put("b/x.csv", "abc")
    for name in ("a.csv", "~$a.xlsx", ".hidden", ".git/x", "a.csv.meta.json"):
        world.put(name, "a,b\n")
    found = list_inbox(world.settings)
    assert [(file.name, file.size) for file in found.files] == [("a.csv", 4), ("b/x.csv", 3)]
    assert found.files[1].path == path and found.files[1].sha256 == content_hash(path)
    assert found.unread == []


def test_a_hash_is_kept_until_size_or_time_of_the_file_changes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = world.put("a.csv", "abc")
    first = list_inbox(world.settings).files[0].sha256
    cache = world.settings.warehouse / "inbox_hashes.parquet"
    assert pl.read_parquet(cache)["sha256"].to_list() == [first]

    def unasked(path: Path) -> str:
        raise AssertionError(f"{path} is hashed again")

    with monkeypatch.context() as patch:
        patch.setattr(inbox, "content_hash", unasked)
        stamp = cache.stat().st_mtime_ns
        assert list_inbox(world.settings).files[0].sha256 == first
        assert cache.stat().st_mtime_ns == stamp  # nothing changed, nothing is written
    path.write_text("abcd")
    assert list_inbox(world.settings).files[0].sha256 == content_hash(path) != first
    cache.write_bytes(b"damaged")
    assert names(world) == ["a.csv"]
    path.unlink()
    assert names(world) == [] and pl.read_parquet(cache).is_empty()


def test_an_inbox_that_nobody_has_made_is_empty(world: World) -> None:
    world.settings.inbox.rmdir()
    found = list_inbox(world.settings)
    assert (found.files, found.unread) == ([], [])


def test_links_that_lead_nowhere_or_out_and_pipes_are_passed_by_with_the_reason(world: World, tmp_path: Path) -> None:
    target, outside = world.put("in/a.csv", "a"), tmp_path / "secret.csv"
    outside.write_text("x")
    folder = world.settings.inbox
    (folder / "good.csv").symlink_to(target)
    (folder / "folder").symlink_to(target.parent)
    (folder / "out.csv").symlink_to(outside)
    (folder / "loop.csv").symlink_to(folder / "loop.csv")
    os.mkfifo(folder / "pipe.csv")
    found = list_inbox(world.settings)
    assert [file.name for file in found.files] == ["good.csv", "in/a.csv"]
    reasons = {item.name: item.reason for item in found.unread}
    assert reasons.keys() == {"folder", "out.csv", "loop.csv", "pipe.csv"}
    assert reasons["out.csv"] == f"a link that leads out of the inbox, to {outside}: put the file itself here"
    assert reasons["folder"] == f"a link to {target.parent}, which is no file"
    assert reasons["loop.csv"].startswith("a link") and reasons["pipe.csv"].startswith("a pipe, socket or device")
    assert not any(item.is_fault for item in found.unread)


def test_a_file_that_this_machine_cannot_read_stops_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.put("a.csv", "a")
    world.put("b.csv", "b")
    world.put("c.csv", "c")

    def fails(path: Path) -> str:
        if path.name == "a.csv":
            raise PermissionError(13, "Permission denied", str(path))
        if path.name == "b.csv":
            raise FileNotFoundError
        return "hash"

    monkeypatch.setattr(inbox, "content_hash", fails)
    found = list_inbox(world.settings)
    assert [file.name for file in found.files] == ["c.csv"]
    (unread,) = found.unread
    assert unread.name == "a.csv" and unread.is_fault
    assert unread.reason.endswith(": nothing of it is recorded, the next run tries again")


def test_only_a_demo_home_allows_nothing_but_its_own_files(world: World) -> None:
    home, digest = world.settings.home, "a" * 64
    assert allowed_hashes(world.settings) is None
    (home / "home.json").write_text('{"kind": "real"}')
    assert allowed_hashes(world.settings) is None
    (home / "home.json").write_text('{"kind": "demo"}')
    assert allowed_hashes(world.settings) == set()
    (home / "demo_manifest.json").write_text(f'{{"a.csv": "{digest}", "b": "{"b" * 63}", "c": "{"c" * 65}"}}')
    assert allowed_hashes(world.settings) == {digest}
