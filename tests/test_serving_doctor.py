"""Doctor names each damage once, with what is lost by it and what mends it."""

import hashlib
from pathlib import Path

import gate_homes as homes
import polars as pl
import pytest
import zstandard
from serving_world import held, log_run, serve

from pipelines.errors import AlmanacError
from pipelines.home import durable, memory, state
from pipelines.home.settings import Settings
from pipelines.serving import doctor

pytestmark = pytest.mark.fast
AGAIN = "put the export into the inbox again, or take the file from a backup; then `almanac rebuild`"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return homes.home(tmp_path)


def findings(settings: Settings) -> list[tuple[Path, str, bool, bool]]:
    """File, what it has, whether nothing is lost by it, and whether the command itself mends it."""
    found = doctor.examine(settings, lambda _: None)
    return [(one.path, one.what, one.is_safe, one.is_rewritten) for one in found]


def test_a_file_that_is_another_than_was_noted_is_damaged_though_it_can_be_read(settings: Settings) -> None:
    log_run(settings, "r1", outcome="failed")
    unnoted = settings.state / "old" / "a.parquet"
    unnoted.parent.mkdir()
    pl.DataFrame({"n": [1]}).write_parquet(unnoted)  # as a version before the hashes kept it
    assert findings(settings) == []
    kept = settings.state / "runs" / "r1.parquet"
    pl.read_parquet(kept).with_columns(message=pl.lit("other")).write_parquet(kept)
    assert findings(settings) == [(kept, "is not as it was written", False, False)]
    unnoted.write_bytes(b"PAR1")
    first = doctor.examine(settings, lambda _: None)[0]
    assert first.sentence() == f"{unnoted}: cannot be read: put it back from a backup"


def test_a_damaged_log_of_runs_is_told_once_and_as_a_loss(settings: Settings) -> None:
    log_run(settings, "r1")
    kept = settings.state / "runs" / "r1.parquet"
    kept.write_bytes(b"PAR1")
    assert findings(settings) == [(kept, "is not as it was written", False, False)]


def test_an_export_must_be_what_its_name_says_or_what_was_noted(settings: Settings) -> None:
    folder = settings.landing / "files" / "ab"
    folder.mkdir(parents=True)
    content = b"x" * 3_000_000  # more than is read at once
    whole, other, none = (folder / f"{name}.zst" for name in (hashlib.sha256(content).hexdigest(), "b" * 64, "c" * 64))
    for path in (whole, other):
        path.write_bytes(zstandard.compress(content))
    none.write_bytes(b"no archive")
    (folder / "edited").write_bytes(b"without a person")
    durable.keep(folder / "edited", folder / f"{'d' * 64}.zst")
    damaged = [(path, "is not the export that was received", False, False) for path in (other, none)]
    assert findings(settings) == damaged


def test_rows_of_loaded_exports_must_be_there_and_whole(settings: Settings) -> None:
    ledger = {"status": ["loaded", "rejected", "loaded"], "object": ["deals"] * 3, "file_id": ["f1", "f2", "f3"]}
    state.append(settings, "files", "r1", pl.DataFrame(ledger))
    rows = settings.landing / "rows" / "deals"
    rows.mkdir(parents=True)
    (rows / "f3.parquet").write_bytes(b"PAR1")
    assert findings(settings) == [
        (rows / "f3.parquet", "cannot be read", False, False), (rows / "f1.parquet", "missing", False, False),
    ]  # fmt: skip
    assert {one.remedy for one in doctor.examine(settings, lambda _: None)} == {AGAIN}
    (settings.state / "files" / "r1.parquet").write_bytes(b"PAR1")
    assert [path.name for path, *_ in findings(settings)] == ["r1.parquet", "f3.parquet"], "it is told once"


def test_what_can_be_made_again_is_told_as_no_loss(settings: Settings) -> None:
    log_run(settings, "r1")
    assert findings(settings) == [(settings.served_file, "missing", True, False)]
    serve(settings)
    settings.warehouse.mkdir()
    status_files = [settings.published / name for name in ("status.duckdb", "status.json")]
    damaged = [settings.working_file, *status_files, settings.home / memory.MARKER]
    for path in damaged:
        path.write_bytes(b"{" * 20_000)
    assert findings(settings) == [(path, "damaged", True, path in status_files) for path in damaged]
    for path in damaged:
        path.write_text("{}") if path.suffix == ".json" else path.unlink()
    settings.served_file.rename(status_files[0])
    serve(settings)
    with held(status_files[0]), held(settings.served_file):
        assert findings(settings) == [], "who reads a file does no harm to it"


def test_a_working_file_that_a_run_has_open_is_not_damaged(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.warehouse.mkdir(parents=True)
    settings.working_file.touch()
    said = AlmanacError(f"{settings.working_file}: in use by another process: close it, or wait for its run")
    monkeypatch.setattr(doctor.warehouse, "read", lambda _: (_ for _ in ()).throw(said))
    assert findings(settings) == []
