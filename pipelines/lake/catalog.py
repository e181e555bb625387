"""A connection to the lake: the two extensions come as packages, so that nothing is fetched when it is opened."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import duckdb

from pipelines.errors import AlmanacError
from pipelines.home.warehouse import literal

EXTENSIONS = ("duckdb_extension_postgres_scanner", "duckdb_extension_ducklake")


def attached(catalog: str, folder: str, options: str = "") -> duckdb.DuckDBPyConnection:
    """The lake as the database `lake`. catalog: postgres://user@host/database; options: of DuckDB's attach.

    Raises AlmanacError without the address where it cannot be opened.
    """
    if not catalog.startswith(("postgres://", "postgresql://")):
        raise AlmanacError("lake: the catalogue is a PostgreSQL address: one in SQLite or DuckDB holds one writer only")
    connection = duckdb.connect(":memory:")
    try:
        with told_without(catalog):
            connection.execute("set enable_progress_bar = false")
            for name in EXTENSIONS:
                connection.execute(f"load {literal(_extension(name))}")
            attach(
                connection,
                catalog,
                ", ".join(filter(None, (f"data_path {literal(folder)}" if folder else "", options))),
            )
    except AlmanacError:
        connection.close()
        raise
    return connection


def attach(connection: duckdb.DuckDBPyConnection, catalog: str, options: str) -> None:
    """Attach the lake as the database `lake`. connection: one of `attached`, from which it was detached."""
    connection.execute(f"attach {literal(f'ducklake:postgres:{catalog}')} as lake ({options})")


def _extension(name: str) -> str:
    try:
        return str(next(Path(str(import_module(name).__file__)).parent.rglob("*.duckdb_extension")))
    except (ImportError, StopIteration):
        raise AlmanacError("lake: postgres://... needs pip install 'almanac-warehouse[lake]'") from None


@contextmanager
def told_without(catalog: str) -> Iterator[None]:
    """Errors of the library as one line without the address."""
    try:
        yield
    except duckdb.Error as error:
        lines = [line.strip() for line in str(error).replace(catalog, "the catalogue").splitlines() if line.strip()]
        raise AlmanacError(f"lake: {' '.join(lines[:3])[:400]}") from None
