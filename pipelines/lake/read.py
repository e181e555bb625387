"""Reading one run of the lake, from any machine that reaches catalogue and folder."""

from typing import Any

import duckdb

from pipelines.errors import AlmanacError
from pipelines.lake.catalog import attach, attached, told_without

RUNS = """select snapshot_id, commit_extra_info::json ->> 'run_id' as run_id, snapshot_time
from lake.snapshots()
where commit_extra_info is not null
order by snapshot_id desc"""
Run = tuple[int, str, Any]


def runs_of(catalog: str) -> list[Run]:
    """Snapshot, run and time of each run that can be read, the newest first."""
    connection = attached(catalog, "", "read_only")
    try:
        with told_without(catalog):
            return _runs(connection)
    finally:
        connection.close()


def connect(catalog: str, run_id: str = "") -> duckdb.DuckDBPyConnection:
    """The tables of one run, `marts.revenue` for one, whatever is published meanwhile. run_id: [the newest run].

    Raises AlmanacError where the run is not there, or was let go.
    """
    connection = attached(catalog, "", "read_only")
    try:
        with told_without(catalog):
            found = [number for number, run, _ in _runs(connection) if run_id in ("", run)]
            if not found:
                raise AlmanacError(f"lake: no run {run_id}" if run_id else "lake: no run is there yet")
            connection.execute("detach lake")  # the same connection again: its extensions take longest to load
            attach(connection, catalog, f"read_only, snapshot_version {found[0]}")
            connection.execute("use lake")
    except BaseException:
        connection.close()
        raise
    return connection


def _runs(connection: duckdb.DuckDBPyConnection) -> list[Run]:
    return [(int(number), str(run), time) for number, run, time in connection.execute(RUNS).fetchall()]
