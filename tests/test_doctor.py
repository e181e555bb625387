"""A damaged file is named with what is lost and what mends it; nothing goes on over damaged memory."""

from collections.abc import Callable
from pathlib import Path

import pytest
from gate_homes import home as gate_home
from ingest_world import World, deals, put_months
from test_commit_point import published
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.errors import AlmanacError
from pipelines.home import warehouse
from pipelines.ingest.files import store
from pipelines.serving.doctor import Finding, examine


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path).contract()
    put_months(world, [1, 2])
    world.put("deals_20230301.csv", deals(("1", "a", "Prospecting", "x", ""), ("2", "a", "Prospecting", "1", "")))
    world.run()
    return world


def findings(world: World) -> list[Finding]:
    return examine(world.settings, lambda _: None)


def overwrite(path: Path) -> None:
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-4] + b"xxxx")


def test_a_home_as_it_was_written_has_no_finding(world: World) -> None:
    assert findings(world) == []


@pytest.mark.parametrize("place", ["state/files", "landing/files", "landing/rows", "landing/refused"])
@pytest.mark.parametrize("harm", [overwrite, lambda path: path.write_bytes(b"")])
def test_one_changed_byte_is_found_in_whatever_cannot_be_made_again(
    world: World, place: str, harm: Callable[[Path], object]
) -> None:
    path = next(
        path for path in sorted((world.settings.home / place).rglob("*")) if path.suffix in (".parquet", ".zst")
    )
    harm(path)
    [finding] = findings(world)
    assert finding.path == path and not finding.is_safe
    assert "backup" in finding.remedy


def test_rows_that_are_missing_are_named(world: World) -> None:
    path = next((world.settings.landing / "rows" / "opportunities").glob("*.parquet"))
    path.unlink()
    assert [(finding.path, finding.what) for finding in findings(world)] == [(path, "missing")]


def test_damaged_state_is_told_with_the_file_and_stops_what_needs_it(world: World) -> None:
    path = next((world.settings.state / "files").glob("*.parquet"))
    path.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(AlmanacError, match=rf"(?s){path}: damaged .*backup.*almanac doctor"):
        world.run()


def test_a_damaged_working_file_loses_nothing(world: World) -> None:
    world.settings.working_file.write_bytes(b"x" * 20_000)
    [finding] = findings(world)
    assert finding.is_safe and "`almanac rebuild`" in finding.remedy
    with pytest.raises(AlmanacError, match="almanac rebuild"), warehouse.read(world.settings):
        pass
    world.settings.working_file.unlink()
    world.rebuild()
    assert findings(world) == []


def test_a_file_from_which_a_person_was_removed_is_not_damaged(world: World) -> None:
    from pipelines.home import durable

    path = next((world.settings.landing / "files").rglob("*.zst"))
    row = {"sha256": path.stem}
    edited = path.with_suffix(".tmp")
    edited.write_bytes(b"edited")
    durable.keep(edited, store.bytes_path(world.settings, row["sha256"]))
    assert findings(world) == []


def test_the_command_writes_status_files_again_and_fails_for_what_is_lost(tmp_path: Path) -> None:
    settings = gate_home(tmp_path)
    published(settings)
    status_file = settings.published / "status.json"
    status_file.chmod(0o600)
    status_file.write_text("{", encoding="utf-8")
    arguments = ["--home", str(settings.home), "--sources", str(settings.sources), "doctor"]
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 0, told.output
    assert "status.json: damaged: nothing is lost" in told.output and status_file.read_text(encoding="utf-8") != "{"
    next((settings.state / "runs").glob("*.parquet")).write_bytes(b"x")
    assert CliRunner().invoke(app, arguments).exit_code != 0
