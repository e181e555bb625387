"""`almanac.connect`: two tables are always of one run, while run after run is published."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import almanac
import duckdb
import pytest
from gate_homes import execute, home, pass_gates, start

from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings
from pipelines.serving import publish

PUBLISHES = 50
# Two tables of a run, read one after the other, must carry its one number.
BOTH = """
create schema if not exists marts;
create or replace table marts.revenue as select {number} as number, i as line from range(5) as t (i);
create or replace table marts.orders as select {number} as number, i as line from range(5) as t (i);
"""


def publish_number(settings: Settings, number: int) -> None:
    run = start(settings, f"r{number}", as_of=date(2025, 1, 1) + timedelta(days=number))
    execute(settings, BOTH.format(number=number))
    pass_gates(settings, run)
    publish.publish(settings, run)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = home(tmp_path)
    publish_number(made, 0)
    return made


@pytest.fixture
def publishing(settings: Settings) -> Iterator[threading.Thread]:
    """Another thread that publishes run after run; joined at the end."""

    def work() -> None:
        for number in range(1, PUBLISHES + 1):
            publish_number(settings, number)

    thread = threading.Thread(target=work)
    thread.start()
    yield thread
    thread.join()


def number_of(rows: list[tuple]) -> int:
    ((number,),) = rows
    return number


def by_two_looks(settings: Settings) -> tuple[int, int]:
    """The way that mixes: each table by the path `latest`, which another run may have taken between the two."""
    folder = settings.published / "parquet" / "latest" / "marts"
    query = "select distinct number from read_parquet(?)"
    first = number_of(duckdb.execute(query, [str(folder / "revenue.parquet")]).fetchall())
    return first, number_of(duckdb.execute(query, [str(folder / "orders.parquet")]).fetchall())


def by_connection(settings: Settings) -> tuple[tuple[int, int], tuple[int, int]]:
    """The numbers of both tables, in the file and in Parquet."""
    with almanac.connect(settings.home) as reader:
        query = "select distinct number from {}"
        in_file = [number_of(reader.sql(query.format(f"marts.{name}")).fetchall()) for name in ("revenue", "orders")]
        paths = [f"read_parquet('{reader.path(f'marts.{name}')}')" for name in ("revenue", "orders")]
        in_parquet = [number_of(reader.sql(query.format(path)).fetchall()) for path in paths]
        assert reader.run_id == f"r{in_file[0]}"
        return (in_file[0], in_file[1]), (in_parquet[0], in_parquet[1])


@pytest.mark.slow
def test_two_tables_are_of_one_run_while_fifty_are_published(settings: Settings, publishing: threading.Thread) -> None:
    seen, looks = set(), 0
    while publishing.is_alive():
        in_file, in_parquet = by_connection(settings)
        assert in_file[0] == in_file[1] == in_parquet[0] == in_parquet[1]
        seen.add(in_file[0])
        looks += 1
    assert by_connection(settings)[0] == (PUBLISHES, PUBLISHES)
    assert len(seen) > PUBLISHES // 5 and looks >= len(seen)


def test_two_looks_at_latest_can_be_of_two_runs(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a run that comes between two looks is seen by the second, and not by a reader that holds one run."""
    with almanac.connect(settings.home) as reader:
        first, _ = by_two_looks(settings)
        held = number_of(reader.sql("select distinct number from marts.revenue").fetchall())
        publish_number(settings, 1)
        _, second = by_two_looks(settings)
        assert (first, second) == (0, 1)
        assert (held, number_of(reader.sql("select distinct number from marts.orders").fetchall())) == (0, 0)


def test_a_reader_keeps_its_run_and_the_next_one_sees_the_newest_in_the_same_process(settings: Settings) -> None:
    with almanac.connect(settings.home) as first:
        for number in range(1, 7):  # more runs than are kept
            publish_number(settings, number)
        with almanac.connect(settings.home) as second:
            query = "select max(number) from marts.revenue"
            assert (first.sql(query).fetchall(), second.sql(query).fetchall()) == ([(0,)], [(6,)])
            assert (first.as_of, second.as_of) == (date(2025, 1, 1), date(2025, 1, 7))
            assert second.table("marts.orders").count("line").fetchall() == [(5,)]
        with pytest.raises(AlmanacError, match="connect again"):
            first.path("marts.revenue")


def test_a_reader_can_change_nothing(settings: Settings) -> None:
    with almanac.connect(settings.home) as reader, pytest.raises(duckdb.Error, match="read-only"):
        reader.sql("create table marts.own as select 1")


def test_a_home_without_a_run_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(AlmanacError, match="nothing is served yet"):
        almanac.connect(tmp_path)


def test_reading_needs_no_orchestrator(settings: Settings) -> None:
    """A notebook pays for what it reads with, and for nothing else."""
    code = "import sys, almanac; print([name for name in ('dagster', 'dbt', 'prophet') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
