"""The working file has one writer; a person's query beside it ends neither the query nor the run."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import gate_homes as homes
import polars as pl
import pytest

from pipelines.errors import AlmanacError
from pipelines.home import dbt, warehouse
from pipelines.home.company import check_company

pytestmark = pytest.mark.fast

HOLD = """
import duckdb, sys, time
with duckdb.connect(sys.argv[1], read_only=True):
    print("open", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def someone_reads(path: Path, seconds: float) -> subprocess.Popen[str]:
    """Another process that has the file open for a while."""
    reader = subprocess.Popen([sys.executable, "-c", HOLD, str(path), str(seconds)], stdout=subprocess.PIPE, text=True)
    assert reader.stdout
    assert reader.stdout.readline() == "open\n"
    return reader


def test_two_processes_read_at_once(tmp_path: Path) -> None:
    settings = homes.home(tmp_path)
    homes.execute(settings, "create table raw.t as select 1 as a")
    with someone_reads(settings.working_file, 60) as reader:
        with warehouse.read(settings) as connection:
            assert connection.execute("select a from raw.t").fetchall() == [(1,)]
        reader.kill()


def test_a_write_waits_for_a_short_query(tmp_path: Path) -> None:
    settings = homes.home(tmp_path)
    homes.execute(settings, "create table raw.t as select 1 as a")
    with someone_reads(settings.working_file, 1):
        homes.execute(settings, "insert into raw.t values (2)")
    with warehouse.read(settings) as connection:
        assert connection.execute("select count(*) from raw.t").fetchall() == [(2,)]


def test_a_write_that_waited_long_says_who_is_in_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = homes.home(tmp_path)
    homes.execute(settings, "create table raw.t as select 1 as a")
    monkeypatch.setattr(warehouse, "PATIENCE", (0.01,))
    with someone_reads(settings.working_file, 60) as reader:
        with pytest.raises(AlmanacError, match="in use by another process"):
            homes.execute(settings, "insert into raw.t values (2)")
        reader.kill()


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    settings = homes.home(tmp_path)
    settings.warehouse.mkdir(parents=True)
    settings.working_file.write_bytes(b"customer,amount\n" * 1000)
    with pytest.raises(AlmanacError, match="not readable as a DuckDB file"), warehouse.read(settings):
        pass


def test_what_only_reads_cannot_change_a_table(tmp_path: Path) -> None:
    settings = homes.home(tmp_path)
    with pytest.raises(Exception, match="read-only"), warehouse.read(settings) as connection:
        connection.execute("create table raw.t as select 1")


def test_frames_are_read_by_the_names_they_were_given_and_only_meanwhile() -> None:
    rows = pl.DataFrame({"a": [1, None], "b": ["x", "y"]})
    with duckdb.connect() as connection:
        connection.execute("set python_enable_replacements = false")
        with warehouse.frames(connection, given=rows):
            assert connection.execute("select * from given").pl().equals(rows)
        with pytest.raises(duckdb.CatalogException):
            connection.execute("select * from given")
        with pytest.raises(ValueError, match="stops"), warehouse.frames(connection, given=rows):
            raise ValueError("stops")
        with pytest.raises(duckdb.CatalogException):
            connection.execute("select * from given")


def test_a_table_is_replaced_by_a_frame_that_is_no_variable_of_a_caller() -> None:
    with duckdb.connect() as connection:
        connection.execute("set python_enable_replacements = false; create schema quality")
        warehouse.replace_table(connection, "quality", "numbers", pl.DataFrame({"n": [1]}))
        warehouse.replace_table(connection, "quality", "numbers", pl.DataFrame({"n": [2, 3]}))
        assert connection.execute("select n from quality.numbers order by n").fetchall() == [(2,), (3,)]


def test_a_company_limits_the_memory_of_duckdb_which_spills_into_the_home(tmp_path: Path) -> None:
    settings = homes.home(tmp_path)
    limited = replace(settings, company=settings.company.model_copy(update={"memory_limit": "40MB"}))
    # 2 million numbers of 8 bytes and what sorts them: more than the limit
    query = "select max(place) from (select row_number() over (order by hash(n)) as place from range(2000000) as t(n))"
    homes.execute(limited, "create table raw.t as select 1 as a")
    for opened in (warehouse.read(limited), warehouse.write(limited), warehouse.replica(limited)):
        with opened as connection:
            assert connection.execute("select current_setting('memory_limit')").fetchall() == [("38.1 MiB",)]
            assert connection.execute("select current_setting('temp_directory')").fetchall() == [
                (str(settings.warehouse / "spilled"),)
            ]
            connection.execute("set threads = 2")
            assert connection.execute(query).fetchall() == [(2000000,)]
    bounded, free = dbt._profile(limited).decode(), dbt._profile(settings).decode()
    assert '"memory_limit": "40MB"' in bounded and '"threads": 1' in bounded  # one table at a time has all of it
    assert "memory_limit" not in free and '"threads": 2' in free


@pytest.mark.parametrize("limit", ["4", "a lot", "4GB; drop table x"])
def test_a_limit_that_is_no_size_is_refused(limit: str) -> None:
    with pytest.raises(AlmanacError, match="memory_limit"):
        check_company({"memory_limit": limit})


def test_what_is_kept_open_is_written_and_read_within_and_free_for_others_afterwards(tmp_path: Path) -> None:
    settings = homes.home(tmp_path)
    with warehouse.opened(settings), warehouse.opened(settings):
        homes.execute(settings, "create table raw.t as select 1 as a")
        with pytest.raises(RuntimeError), warehouse.write(settings) as connection:
            connection.execute("insert into raw.t values (2)")
            raise RuntimeError("a write that fails")
        with warehouse.read(settings) as connection:
            assert connection.execute("select a, current_setting('timezone') from raw.t").fetchall() == [(1, "UTC")]
            with pytest.raises(duckdb.Error, match="read-only"):
                connection.execute("insert into raw.t values (3)")
    with someone_reads(settings.working_file, 60) as reader, warehouse.read(settings) as connection:
        assert connection.execute("select a from raw.t").fetchall() == [(1,)]
        reader.kill()


def test_a_failure_within_lets_the_file_go(tmp_path: Path) -> None:
    settings = homes.home(tmp_path)
    with pytest.raises(RuntimeError), warehouse.opened(settings):
        homes.execute(settings, "create table raw.t as select 1 as a")
        raise RuntimeError("a step that fails")
    with someone_reads(settings.working_file, 60) as reader:
        reader.kill()
    homes.execute(settings, "insert into raw.t values (2)")
