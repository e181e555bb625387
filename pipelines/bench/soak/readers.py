"""Publishes under readers: every read of the served file, and of its Parquet, is of one run alone."""

import multiprocessing
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.bench.soak import company
from pipelines.gates import gates
from pipelines.home import warehouse
from pipelines.home.company import Company
from pipelines.home.runs import Run
from pipelines.home.settings import SHIPPED_SOURCES, Settings, now
from pipelines.serving import publish

READS, FIRST = 10_000, date(2026, 1, 1)
TABLES = ("first_half", "second_half")  # no names of the product: nothing is known of their keys
ROWS = 20_000


@dataclass
class Counts:
    """What one reader saw. mixed: reads in which two tables, or two rows, were of different runs."""

    reads: int = 0
    mixed: int = 0
    failed: int = 0
    runs: int = 0


def run(folder: Path, count: int) -> dict[str, Any]:
    """`count` publishes, and on until each of two readers has read half of READS; it starts anew each time."""
    shutil.rmtree(folder, ignore_errors=True)
    settings = _home(folder)
    _publish(settings, 0)
    context = multiprocessing.get_context("spawn")
    stop, pipes = context.Event(), [context.Pipe(duplex=False) for _ in (0, 1)]
    readers = [
        context.Process(target=read, args=(settings.published, is_parquet, stop, pipe[1]))
        for is_parquet, pipe in zip((False, True), pipes, strict=True)
    ]
    for reader in readers:
        reader.start()
    for number in range(1, count + 1):
        _publish(settings, number)
    stop.set()
    seen = [pipe[0].recv() for pipe in pipes]
    for reader in readers:
        reader.join()
    row = {"publishes": count, "file": vars(seen[0]), "parquet": vars(seen[1])}
    company.note(folder, row)
    return row


def read(published: Path, is_parquet: bool, stop: Event, pipe: Any) -> None:
    """Read until publishing has ended and half of READS are done; tell what was seen."""
    counts, seen = Counts(), set[int]()
    while not stop.is_set() or counts.reads < READS // 2:
        counts.reads += 1
        try:
            values = _parquet(published) if is_parquet else _file(published)
        except (OSError, duckdb.Error, pl.exceptions.PolarsError):
            counts.failed += 1
            continue
        counts.mixed += len(values) != 1
        seen |= values
    counts.runs = len(seen)
    pipe.send(counts)


def _file(published: Path) -> set[int]:
    query = " union ".join(f"select distinct number from marts.{table}" for table in TABLES)
    with duckdb.connect(str(published / "almanac.duckdb"), read_only=True) as connection:
        rows = connection.execute(f"{query} union select cast(run_id as int) from control.published").fetchall()
    return {number for (number,) in rows}


def _parquet(published: Path) -> set[int]:
    """The folder is resolved once: `latest` may name another one between two tables."""
    folder = (published / "parquet" / "latest").resolve(strict=True)
    columns = (pl.read_parquet(folder / "marts" / f"{table}.parquet", columns=["number"]) for table in TABLES)
    return {number for frame in columns for number in frame["number"].unique()}


def _home(folder: Path) -> Settings:
    home = folder / "home"
    (folder / "config" / "expectations").mkdir(parents=True)
    return Settings(home, home / "inbox", SHIPPED_SOURCES, folder / "config", Company(timezone="UTC"))


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
