"""A backup is whole whenever it was taken, and what it brings back is what was there, or nothing."""

import io
import json
import shutil
import tarfile
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest
import zstandard
from conftest import Built
from ingest_world import World, deals
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from pipelines import ingest, ledger
from pipelines.cli import app
from pipelines.contracts import load_contracts
from pipelines.errors import AlmanacError
from pipelines.home import backup, state, warehouse
from pipelines.home.settings import Settings, load_settings

NOW = datetime(2026, 1, 31)


def world_of(tmp_path: Path) -> World:
    world = World(tmp_path).contract()
    world.put("deals_20240101.csv", deals(("1", "a", "Prospecting", "5", ""), ("2", "b", "Prospecting", "1", "")))
    world.run()
    return world


def raw(settings: Settings) -> pl.DataFrame:
    with warehouse.read(settings) as connection:
        return connection.execute("select * from raw.opportunities order by all").pl()


def test_what_is_restored_elsewhere_is_what_was_there(tmp_path: Path) -> None:
    world = world_of(tmp_path / "first")
    kept = backup.write(world.settings, tmp_path / "b.tar.zst", NOW, "1")
    before = raw(world.settings)
    shutil.move(tmp_path / "first", tmp_path / "gone")
    restored = backup.restore(tmp_path / "b.tar.zst", tmp_path / "second")
    settings = load_settings(tmp_path / "second")
    assert restored.files == kept.files and kept.damaged == ()
    assert settings.config == tmp_path / "second" / "config", "the configuration came along"
    ingest.rebuild(settings, load_contracts(settings.sources))
    assert_frame_equal(raw(settings), before)


def test_scenarios_of_the_home_come_along(tmp_path: Path) -> None:
    world = world_of(tmp_path / "first")
    (world.settings.home / "scenarios.yml").write_text("scenarios: []\n")
    backup.write(world.settings, tmp_path / "b.tar.zst", NOW, "1")
    backup.restore(tmp_path / "b.tar.zst", tmp_path / "second")
    (kept,) = load_settings(tmp_path / "second").scenarios
    assert kept == tmp_path / "second" / "scenarios.yml" and kept.read_text() == "scenarios: []\n"


def test_scenarios_of_configuration_and_home_are_both_asked_and_both_kept(tmp_path: Path) -> None:
    world = world_of(tmp_path / "first")
    assert world.settings.config is not None
    for folder, name in ((world.settings.config, "slump"), (world.settings.home, "boom")):
        (folder / "scenarios.yml").write_text(f"scenarios: [{{name: {name}, because: fear}}]\n")
    backup.write(world.settings, tmp_path / "b.tar.zst", NOW, "1")
    backup.restore(tmp_path / "b.tar.zst", tmp_path / "second")
    for settings in (world.settings, load_settings(tmp_path / "second")):
        assert [one.name for one in ledger.plan_of(settings).scenarios][-2:] == ["slump", "boom"]
    (world.settings.home / "scenarios.yml").write_text("scenarios: [{name: slump, because: fear}]\n")
    with pytest.raises(AlmanacError, match="scenario 'slump' stands in the configuration as well"):
        ledger.plan_of(world.settings)


def test_a_backup_is_its_owners_alone_and_written_over_nothing(tmp_path: Path) -> None:
    world, out = world_of(tmp_path), tmp_path / "b.tar.zst"
    backup.write(world.settings, out, NOW, "1")
    assert out.stat().st_mode & 0o777 == 0o600
    with pytest.raises(AlmanacError, match="exists"):
        backup.write(world.settings, out, NOW, "1")
    with pytest.raises(AlmanacError, match="not empty"):
        backup.restore(out, tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith((".tmp", ".restoring"))] == []


def test_a_backup_beside_a_run_holds_whole_files_whose_hashes_agree(tmp_path: Path) -> None:
    """A writer appends to state without pause; each backup restores, and the log of runs tells of nothing it lacks."""
    world, stop = world_of(tmp_path / "home"), threading.Event()
    settings, number = world.settings, 0

    def write() -> None:
        nonlocal number
        while not stop.is_set():
            row = pl.DataFrame({"run_id": [f"r{number}"], "outcome": ["published"]})
            for log in ("forecast_values", "runs"):  # in the order of a run: what it issued, then that it was served
                state.append(settings, log, f"r{number}", row)
            number += 1

    writer, copies = threading.Thread(target=write), 0
    writer.start()
    try:
        while number < 12 and copies < 500:
            copies += 1
            backup.write(settings, tmp_path / f"{copies}.tar.zst", NOW, "1")
    finally:
        stop.set()
        writer.join()
    assert number >= 12
    for copy in {1, copies // 3, copies // 2, copies}:
        backup.restore(tmp_path / f"{copy}.tar.zst", tmp_path / f"back{copy}")
        restored = load_settings(tmp_path / f"back{copy}")
        told, kept = (state.read(restored, log) for log in ("runs", "forecast_values"))
        assert told.is_empty() or set(told["run_id"]) <= set(kept["run_id"])


def test_a_damaged_file_is_copied_and_named(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    victim = next((world.settings.state / "files").glob("*.parquet"))
    victim.write_bytes(victim.read_bytes()[:-1] + b"x")
    assert backup.write(world.settings, tmp_path / "b.tar.zst", NOW, "1").damaged == (f"state/files/{victim.name}",)


def test_half_a_backup_restores_nothing(tmp_path: Path) -> None:
    world, out = world_of(tmp_path / "home"), tmp_path / "b.tar.zst"
    backup.write(world.settings, out, NOW, "1")
    for share in (0.3, 0.7, 0.99):
        (tmp_path / "cut").write_bytes(out.read_bytes()[: int(out.stat().st_size * share)])
        with pytest.raises(AlmanacError, match="cut off"):
            backup.restore(tmp_path / "cut", tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(("name", "kind"), [("../x", tarfile.REGTYPE), ("/x", tarfile.REGTYPE), ("x", tarfile.SYMTYPE)])
def test_a_backup_that_would_write_outside_its_folder_is_refused(tmp_path: Path, name: str, kind: bytes) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, "/etc/passwd"
        archive.addfile(entry)
    (tmp_path / "bad").write_bytes(zstandard.compress(packed.getvalue()))
    with pytest.raises(AlmanacError, match="is no file of a home"):
        backup.restore(tmp_path / "bad", tmp_path / "deep" / "new")
    assert not (tmp_path / "x").exists() and not (tmp_path / "deep" / "new").exists()


def test_the_commands_say_what_they_did(tmp_path: Path) -> None:
    world = world_of(tmp_path / "home")
    folders = ["--home", str(world.settings.home), "--config", str(world.settings.config), "--switch"]
    told = CliRunner().invoke(app, [*folders, "backup", str(tmp_path / "b.tar.zst")])
    assert told.exit_code == 0, told.output
    assert "packed" in told.output
    told = CliRunner().invoke(
        app, ["--home", str(tmp_path / "new"), "restore", str(tmp_path / "b.tar.zst"), "--files-only"]
    )
    assert told.exit_code == 0 and "every hash agrees" in told.output, told.output
    assert json.loads((tmp_path / "new" / "home.json").read_text())["used_with"]["config"] == "config"


@pytest.mark.slow
def test_a_restored_home_serves_the_same_rows(copied: Callable[[], Built], tmp_path: Path) -> None:
    home = copied().settings
    before = served_rows(home)
    backup.write(home, tmp_path / "b.tar.zst", NOW, "1")
    told = CliRunner().invoke(app, ["--home", str(tmp_path / "new"), "restore", str(tmp_path / "b.tar.zst")])
    assert told.exit_code == 0, told.output
    after = served_rows(load_settings(tmp_path / "new"))
    assert {name for name in before if before[name] != after.get(name)} == set()


def served_rows(settings: Settings) -> dict[str, tuple[int, int]]:
    """Served table to its rows and a hash over them in no order."""
    with duckdb.connect(str(settings.served_file), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where schema_name <> 'control' order by 1"
        ).fetchall()
        found = {}
        for (table,) in tables:
            query = f"select count(*), coalesce(bit_xor(hash(t)), 0)::varchar from {table} as t"
            found[table] = connection.execute(query).fetchall()[0]
        return found
