"""Ways of reading two tables of what is served: those that see one run, and three that may see two, as the control."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import duckdb
import polars as pl

from pipelines import lake as lakes
from pipelines.lake.catalog import attached
from pipelines.postgres.server import Server, opened

TABLES = ("first_half", "second_half")  # no names of the product: nothing is known of their keys
Look = Callable[[Path, str], "set[int]"]
_BOTH = " union ".join(f"select number from marts.{table}" for table in TABLES)


def file(published: Path, url: str) -> set[int]:
    """Both tables and the run that the file says it is, over one connection."""
    del url
    with duckdb.connect(str(published / "almanac.duckdb"), read_only=True) as connection:
        rows = connection.execute(f"{_BOTH} union select cast(run_id as int) from control.published").fetchall()
    return {number for (number,) in rows}


def parquet(published: Path, url: str) -> set[int]:
    """The folder is resolved once: `latest` may name another one between two tables."""
    del url
    return _folder((published / "parquet" / "latest").resolve(strict=True))


def parquet_by_link(published: Path, url: str) -> set[int]:
    """The control: each table through `latest`."""
    del url
    return _folder(published / "parquet" / "latest")


def _folder(folder: Path) -> set[int]:
    columns = (pl.read_parquet(folder / "marts" / f"{table}.parquet", columns=["number"]) for table in TABLES)
    return {number for frame in columns for number in frame["number"].unique()}


_open, _servers = ExitStack(), dict[str, Server]()


def postgres(published: Path, url: str) -> set[int]:
    """Both tables in one statement, which is of one run."""
    del published
    return _asked(url, f"{_BOTH} union select cast(run_id as int) from control.published")


def postgres_in_two(published: Path, url: str) -> set[int]:
    """The control: a statement for each table, outside a transaction."""
    del published
    return _asked(url, f"select distinct number from marts.{TABLES[0]}") | _asked(
        url, f"select distinct number from marts.{TABLES[1]}"
    )


def _asked(url: str, query: str) -> set[int]:
    """The process keeps its connection, as a dashboard does."""
    if url not in _servers:
        _servers[url] = _open.enter_context(opened(url))
    return {number for (number,) in _servers[url].rows(query)}


_lakes: dict[str, duckdb.DuckDBPyConnection] = {}


def lake(published: Path, url: str) -> set[int]:
    """A statement for each table and for the run, in one transaction of a connection that the process keeps."""
    del published
    connection = _kept(url)
    connection.execute("begin")
    try:
        return _stated(connection)
    finally:
        connection.execute("commit")


def lake_pinned(published: Path, url: str) -> set[int]:
    """The same over a connection of its own, pinned to the newest run: most of a read is its opening."""
    del published
    with lakes.connect(url) as connection:
        return _stated(connection)


def lake_by_statement(published: Path, url: str) -> set[int]:
    """The control: the same outside a transaction, over a connection that is pinned to no run."""
    del published
    return _stated(_kept(url))


def _kept(url: str) -> duckdb.DuckDBPyConnection:
    if url not in _lakes:
        _lakes[url] = _open.enter_context(attached(url, "", "read_only"))
        _lakes[url].execute("use lake")
    return _lakes[url]


def _stated(connection: duckdb.DuckDBPyConnection) -> set[int]:
    queries = [f"select distinct number from marts.{table}" for table in TABLES]
    queries += ["select cast(run_id as int) from control.published"]
    return {number for query in queries for (number,) in connection.execute(query).fetchall()}


_ALL = (file, parquet, postgres, lake, lake_pinned, parquet_by_link, postgres_in_two, lake_by_statement)
LOOKS: dict[str, Look] = {look.__name__: look for look in _ALL}
CONTROLS = ("parquet_by_link", "postgres_in_two", "lake_by_statement")
