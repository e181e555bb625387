"""A connection to the server through DuckDB, which also reads the served file: one transaction holds both sides."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import AlmanacError
from pipelines.home.warehouse import literal, quoted

LOCK_SECONDS = 2  # how long a change of tables or views waits for readers before it gives up for this run
EXTENSION = "duckdb_extension_postgres_scanner"


@dataclass(frozen=True)
class Server:
    """The server as the database `pg` and the served file as `served`."""

    connection: duckdb.DuckDBPyConnection

    def run(self, *statements: str) -> None:
        """Statements in PostgreSQL's own words, in the open transaction."""
        text = ";\n".join(statements)
        self.connection.execute(f"call postgres_execute('pg', {literal(text)})")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query in PostgreSQL's own words."""
        return self.connection.execute(f"select * from postgres_query('pg', {literal(query)})").fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, in the server as well; who waits for a lock too long gives up."""
        self.connection.execute("begin")
        try:
            self.run(f"set local lock_timeout = '{LOCK_SECONDS}s'", "set local client_min_messages = 'warning'")
            yield
        except BaseException:
            self.connection.execute("rollback")
            raise
        self.connection.execute("commit")
        self.connection.execute("call pg_clear_cache()")


@contextmanager
def opened(url: str, file: Path | None = None) -> Iterator[Server]:
    """Open the server, and the served file beside it. Errors of either become one line without the address."""
    try:
        extension = next(Path(str(import_module(EXTENSION).__file__)).parent.rglob("*.duckdb_extension"))
    except (ImportError, StopIteration):
        raise AlmanacError("publish: postgres://... needs pip install 'almanac-warehouse[postgres]'") from None
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("set enable_progress_bar = false")
        connection.execute(f"load {literal(str(extension))}")
        connection.execute(f"attach {literal(url)} as pg (type postgres)")
        if file is not None:
            connection.execute(f"attach {literal(str(file))} as served (read_only)")
        yield Server(connection)
    except duckdb.Error as error:
        raise AlmanacError(f"PostgreSQL: {_without(url, str(error))}: nothing was published there") from None
    finally:
        connection.close()  # before the server may stop: an open transaction would take the process with it


def _without(url: str, text: str) -> str:
    """The first lines of an error, without the address that the library puts into it."""
    lines = [line.strip() for line in text.replace(url, "the server").splitlines() if line.strip()]
    return " ".join(lines[:3])[:400]


def names(columns: list[str]) -> str:
    """A list of identifiers."""
    return ", ".join(map(quoted, columns))
