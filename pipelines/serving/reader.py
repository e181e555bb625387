"""Reading several tables of one run: the file is opened once, and stays what it was when a new run takes its name."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import AlmanacError
from pipelines.home.settings import load_settings
from pipelines.home.warehouse import literal
from pipelines.serving import places


@dataclass(frozen=True)
class Reader:
    """The served tables of one run. Two queries never see two runs; a later `connect` sees the newest.

    connection: DuckDB, with the run's tables as `marts.revenue`, read-only beside an own memory for temporary tables.
    run_id, as_of: the run. parquet: the folder of its Parquet files, `<schema>/<table>.parquet`, there until four more
    runs have been published.
    """

    connection: duckdb.DuckDBPyConnection
    run_id: str
    as_of: date
    parquet: Path

    def sql(self, query: str, params: Any = None) -> duckdb.DuckDBPyRelation:
        """The rows of a query: `.df()`, `.pl()`, `.arrow()` or `.fetchall()` gives them."""
        return self.connection.sql(query, params=params)

    def table(self, name: str) -> duckdb.DuckDBPyRelation:
        """A served table by its name, `marts.revenue` for one."""
        return self.connection.table(f"served.{name}")

    def path(self, name: str) -> Path:
        """The Parquet file of a served table of this run. Raises AlmanacError where there is none any more."""
        schema, _, table = name.partition(".")
        path = self.parquet / schema / f"{table}.parquet"
        if not path.is_file():
            raise AlmanacError(f"{path}: not served, or let go since: connect again")
        return path

    def close(self) -> None:
        """Let the file go."""
        self.connection.close()

    def __enter__(self) -> "Reader":
        """A reader closes itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the file go."""
        self.close()


def connect(home: str | Path | None = None) -> Reader:
    """The run that a home serves at this moment. home: its folder [ALMANAC_HOME, or `data`].

    Raises AlmanacError where nothing is served yet.
    """
    settings = load_settings(Path(home) if home is not None else None)
    file = places.served_file(settings)
    if not file.is_file():
        raise AlmanacError(f"{file}: nothing is served yet: `almanac run` makes the first")
    # Attached to a memory of its own: connections to the file itself would share what another one has open.
    connection = duckdb.connect(":memory:")
    try:
        connection.execute(f"attach {literal(str(file))} as served (read_only)")
        run_id, as_of = connection.execute("select run_id, as_of from served.control.published").fetchall()[0]
        connection.execute("use served")
    except duckdb.Error as error:
        connection.close()
        raise AlmanacError(f"{file}: not readable: {str(error).splitlines()[0]}") from error
    return Reader(connection, run_id, as_of, settings.published / "parquet" / run_id)
