"""Where served files lie: a reader can finish, nothing half written stays, and a killed run is finished by the next."""

import os
from datetime import date, timedelta
from pathlib import Path

import duckdb
import gate_homes as homes
import pytest
from serving_world import FINISHED, held, log_run, serve

from pipelines.errors import AlmanacError
from pipelines.home import state
from pipelines.home.settings import Settings
from pipelines.serving import places, recovery, status
from pipelines.serving.reader import connect

pytestmark = pytest.mark.fast


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return homes.home(tmp_path)


def folders(settings: Settings, kind: str, *run_ids: str) -> list[Path]:
    """A folder per run, each written a minute after the one before, `latest` naming the last."""
    made = [settings.published / kind / run_id for run_id in run_ids]
    for minute, folder in enumerate(made):
        folder.mkdir(parents=True)
        os.utime(folder, (minute * 60, minute * 60))
    places.point_at(made[-1])
    return made


def test_folders_of_five_runs_are_kept_and_the_named_one_among_them_however_old(settings: Settings) -> None:
    parquet = settings.published / "parquet"
    parquet.mkdir(parents=True)
    (parquet / "read me.txt").touch()
    os.utime(parquet / "read me.txt", (0, 0))
    folders(settings, "parquet", "z1", "r2", "a3", "r4", "r5", "r6", "r7")
    kept = {"a3", "r4", "r5", "r6", "r7", "latest", "read me.txt"}
    assert {path.name for path in parquet.iterdir()} == kept
    places.point_at(parquet / "a3")
    assert (parquet / "latest").readlink() == Path("a3")
    assert {path.name for path in parquet.iterdir()} == kept


def test_whatever_a_killed_run_left_hidden_is_cleared_and_what_it_points_to_stays(settings: Settings) -> None:
    made = folders(settings, "pages", "r1")
    hidden = [settings.published / "pages" / ".r2.tmp", settings.published / "editions" / ".r2.old.tmp"]
    for folder in hidden:
        folder.mkdir(parents=True)
        (folder / "index.html").touch()
    (settings.published / "pages" / ".latest.tmp").symlink_to("r1")
    (settings.published / f".{settings.served_file.name}.77.tmp").touch()
    places.clear_leftovers(settings)
    assert made[0].is_dir()
    assert sorted(path.name for path in settings.published.rglob("*")) == ["editions", "latest", "pages", "r1"]


def test_a_reader_gets_tables_and_files_of_its_run(settings: Settings) -> None:
    with pytest.raises(AlmanacError, match="nothing is served yet"):
        connect(settings.home)
    serve(settings)
    kept = settings.published / "parquet" / "r1" / "marts" / "revenue.parquet"
    kept.parent.mkdir(parents=True)
    kept.touch()
    with connect(settings.home) as reader:
        assert (reader.run_id, reader.as_of) == ("r1", date(2025, 3, 31))
        assert reader.table("marts.revenue").sum("amount_base").fetchall() == [(1500.75,)]
        assert reader.sql("select ? + count(*) from marts.revenue", [5]).fetchall() == [(7,)]
        assert reader.path("marts.revenue") == kept
        with pytest.raises(AlmanacError, match=r"quotes.parquet: not served, or let go since"):
            reader.path("marts.quotes")
    with pytest.raises(duckdb.Error, match="closed"):
        reader.sql("select 1")
    settings.served_file.write_bytes(b"x" * 20_000)
    with pytest.raises(AlmanacError, match="not readable"):
        connect(settings.home)


def test_what_a_killed_run_left_undone_is_finished_once(settings: Settings) -> None:
    said: list[str] = []
    recovery.recover_quietly(settings, said.append)
    assert said == [], "nothing is served"
    homes.start(settings, "r3")
    log_run(settings, "r1", FINISHED - timedelta(days=7))
    folders(settings, "parquet", "r2", "r1")
    with held(serve(settings, "r2")):
        recovery.recover_quietly(settings, said.append)
        assert recovery.recover(settings) == ""
    assert said == ["run r2 was published and not recorded: its entry is written"]
    assert (settings.published / "parquet" / "latest").readlink() == Path("r2")
    assert not (settings.published / "pages").exists()
    counts = state.read(settings, "volumes").select("run_id", "schema_name", "table_name", "row_count")
    assert counts.rows() == [("r2", "marts", "quotes", 0), ("r2", "marts", "revenue", 2)]
    last = status.read_status(settings)["last_run"]
    assert (last["run_id"], last["outcome"], last["finished_at"]) == ("r2", "published", str(FINISHED))
    assert '"policy": "p"' in last["figures"]


def test_a_damaged_file_is_said_before_a_run_and_stops_nothing(settings: Settings) -> None:
    serve(settings).write_bytes(b"x" * 20_000)
    said: list[str] = []
    recovery.recover_quietly(settings, said.append)
    assert len(said) == 1 and "damaged" in said[0] and "`almanac run`" in said[0]
