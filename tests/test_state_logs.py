"""A log of state is read as one frame, whatever releases wrote its files and however many they are."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import AlmanacError
from pipelines.home import state
from pipelines.home.settings import Settings, load_settings

pytestmark = pytest.mark.fast


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(tmp_path / "home")


def one_by_one(settings: Settings) -> pl.DataFrame:
    files = sorted((settings.state / "log").glob("*.parquet"))
    return pl.concat([pl.read_parquet(file) for file in files], how="diagonal_relaxed")


def test_an_empty_log_is_an_empty_frame(settings: Settings) -> None:
    state.append(settings, "log", "a", pl.DataFrame({"run": []}))
    assert state.read(settings, "log").equals(pl.DataFrame())


def test_rows_come_in_the_order_of_file_names_and_of_each_file(settings: Settings) -> None:
    for name, numbers in (("b", [3, 1]), ("a", [9, 9, 2]), ("c", [0])):
        state.append(settings, "log", name, pl.DataFrame({"number": numbers}))
    assert state.read(settings, "log")["number"].to_list() == [9, 9, 2, 3, 1, 0]


def test_files_of_several_releases_are_one_frame_as_if_read_one_by_one(settings: Settings) -> None:
    releases = [
        {"run": ["r1"], "rows": [1]},
        {"run": ["r2"], "rows": [2], "reason": ["late"]},
        {"run": ["r3", "r4"], "rows": [3, 4]},
        {"rows": [5.5], "run": ["r5"], "known_at": [datetime(2026, 1, 1, tzinfo=UTC)]},
        {"run": ["r6"], "rows": [6], "reason": ["again"]},
        {"run": ["r7"], "rows": [7], "reason": [None]},
    ]
    for number, columns in enumerate(releases):
        state.append(settings, "log", f"{number}", pl.DataFrame(columns))
    rows = state.read(settings, "log")
    assert rows.equals(one_by_one(settings)) and rows.schema == one_by_one(settings).schema
    assert rows["run"].to_list() == ["r1", "r2", "r3", "r4", "r5", "r6", "r7"]
    assert rows["reason"].to_list() == [None, "late", None, None, None, "again", None]


@pytest.mark.parametrize("kept", [0, 3, -40])
def test_a_damaged_file_is_named_with_what_to_do(settings: Settings, kept: int) -> None:
    for name in ("a", "b", "c"):
        state.append(settings, "log", name, pl.DataFrame({"text": [name * 1000]}))
    path = settings.state / "log" / "b.parquet"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(AlmanacError, match=r"b\.parquet: damaged .* put it back from a backup"):
        state.read(settings, "log")


def test_many_files_are_opened_for_their_rows_at_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        state.append(settings, "log", f"{number:03d}", pl.DataFrame({"number": [number]}))
    reads, whole = [], pl.read_parquet
    monkeypatch.setattr(pl, "read_parquet", lambda files, **options: reads.append(files) or whole(files, **options))
    assert state.read(settings, "log")["number"].to_list() == list(range(30))
    assert len(reads) == 1
