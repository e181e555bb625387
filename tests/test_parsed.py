"""What one home has parsed serves the next: whole where the policy is the same, as a beginning where it differs."""

import os
import time
from pathlib import Path

import pytest
from conftest import found

from pipelines.home import dbt, parsed
from pipelines.home.settings import Settings, load_settings

pytestmark = pytest.mark.fast


@pytest.fixture
def parses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What dbt was asked to parse, and the begun project it found: in place of dbt, for it takes ten seconds."""
    asked: list[str] = []

    def parse(folder: Path, *_: str) -> str:
        (target := folder / "target").mkdir(exist_ok=True)
        begun = target / "partial_parse.msgpack"
        asked.append(begun.read_text() if begun.is_file() else "nothing")
        words = (folder / "seeds" / "stage_words.csv").read_text()
        begun.write_text(f"parsed {words}")
        (target / "manifest.json").write_text(f"{{manifest {words}}}")
        return ""

    monkeypatch.setattr(dbt, "dbt", parse)
    monkeypatch.setenv(parsed.VARIABLE, str(tmp_path / "cache"))
    return asked


def home(folder: Path, words: str) -> Settings:
    own = folder / "config" / "seeds" / "stage_words.csv"
    own.parent.mkdir(parents=True)
    own.write_text(words)
    return load_settings(folder / "home", config=folder / "config")


def test_a_second_home_of_the_same_policy_parses_nothing(tmp_path: Path, parses: list[str]) -> None:
    for name in ("one", "two"):
        folder = dbt.prepare_project(home(tmp_path / name, "words"))
        assert (folder / "target" / "manifest.json").read_text() == "{manifest words}"
    assert parses == ["nothing"]


def test_a_home_of_another_policy_begins_with_the_newest_and_parses(tmp_path: Path, parses: list[str]) -> None:
    dbt.prepare_project(home(tmp_path / "one", "words"))
    folder = dbt.prepare_project(home(tmp_path / "two", "others"))
    assert parses == ["nothing", "parsed words"]
    assert (folder / "target" / "manifest.json").read_text() == "{manifest others}"


def test_an_edit_is_parsed_on_top_of_the_homes_own_project(tmp_path: Path, parses: list[str]) -> None:
    first = home(tmp_path / "one", "words")
    dbt.prepare_project(first)
    dbt.prepare_project(home(tmp_path / "two", "others"))
    (tmp_path / "one" / "config" / "seeds" / "stage_words.csv").write_text("edited")
    dbt.prepare_project(first)
    assert parses[-1] == "parsed words"


def test_what_another_dbt_has_parsed_is_not_taken(
    tmp_path: Path, parses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dbt.prepare_project(home(tmp_path / "one", "words"))
    monkeypatch.setattr(parsed, "version", lambda _: "0")
    dbt.prepare_project(home(tmp_path / "two", "words"))
    assert parses == ["nothing", "nothing"]


def test_a_cache_that_cannot_be_written_is_no_fault(
    tmp_path: Path, parses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder can be here")
    monkeypatch.setenv(parsed.VARIABLE, str(tmp_path / "file"))
    for name in ("one", "two"):
        dbt.prepare_project(home(tmp_path / name, "words"))
    assert parses == ["nothing", "nothing"]


def test_the_projects_used_last_are_kept(tmp_path: Path, parses: list[str]) -> None:
    for number in range(parsed.KEPT + 2):
        dbt.prepare_project(home(tmp_path / str(number), f"words {number}"))
        entries = found((tmp_path / "cache").glob("*/*"))
        for age, entry in enumerate(sorted(entries, key=lambda path: path.stat().st_mtime)):
            os.utime(entry, (age, age))
    kept = {path.read_text() for path in (tmp_path / "cache").glob("*/*/manifest.json")}
    assert kept == {f"{{manifest words {number}}}" for number in range(2, parsed.KEPT + 2)}


@pytest.mark.parametrize("left", ["", "{cut off"])
def test_an_entry_that_is_not_whole_is_parsed_again_and_replaced(left: str, tmp_path: Path, parses: list[str]) -> None:
    dbt.prepare_project(home(tmp_path / "one", "words"))
    (manifest,) = found((tmp_path / "cache").glob("*/*/manifest.json"))
    manifest.write_text(left)
    for name in ("two", "three"):
        folder = dbt.prepare_project(home(tmp_path / name, "words"))
        assert (folder / "target" / "manifest.json").read_text() == "{manifest words}"
    assert len(parses) == 2


def test_a_cache_that_others_may_write_is_not_read(tmp_path: Path, parses: list[str]) -> None:
    dbt.prepare_project(home(tmp_path / "one", "words"))
    (folder,) = found((tmp_path / "cache").iterdir())
    folder.chmod(0o777)
    dbt.prepare_project(home(tmp_path / "two", "words"))
    assert parses == ["nothing", "nothing"]


def test_what_a_killed_run_has_left_is_removed(tmp_path: Path, parses: list[str]) -> None:
    dbt.prepare_project(home(tmp_path / "one", "words"))
    (folder,) = found((tmp_path / "cache").iterdir())
    for name, age in ((".old", 2 * parsed.A_DAY), (".new", 0)):
        (folder / name).mkdir()
        os.utime(folder / name, (time.time() - age, time.time() - age))
    dbt.prepare_project(home(tmp_path / "two", "others"))
    assert not (folder / ".old").exists() and (folder / ".new").is_dir()
