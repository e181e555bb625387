"""What BI tools and analysts read: written aside, checked, then swapped in at once.

A connection that is open during the swap keeps the file it opened; the next one sees the new file. Nobody ever sees
half a run.
"""

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.errors import AlmanacError
from pipelines.gates import gates, volumes
from pipelines.home import access, durable, warehouse
from pipelines.home.runs import SERVED_KINDS, Run
from pipelines.home.settings import Settings, now
from pipelines.home.warehouse import literal, qualified
from pipelines.serving import copying, lake, pages, places, renamed, server, unchanged

Table = tuple[str, str]


def publish(settings: Settings, run: Run, published_at: datetime | None = None, policy: str = "") -> dict[Table, int]:
    """Serve the tables of a run that passed every gate. Returns the rows of each (schema, table).

    The swap is the commit: the file says which run it is, under which policy, and recovery writes whatever else is
    missing after it (`recovery.py`). policy: a hash over what decides the tables beside the data.

    A run of another kind than live or revision serves nothing and returns nothing. Raises AlmanacError, leaving what
    is served as it was, if a gate has not passed or the copy does not hold the rows of the working file.
    """
    if run.run_kind not in SERVED_KINDS:
        return {}
    warehouse.current_run(settings, run.run_id)
    gates.assert_passed(settings, run)
    settings.published.mkdir(parents=True, exist_ok=True)
    places.clear_leftovers(settings)
    aside = settings.published / f".{settings.served_file.name}.{os.getpid()}.tmp"
    expected, stand = copying.copy(settings, run, aside, published_at or now(), policy)
    folders = [_checked_parquet(settings, run, aside, expected, stand), *pages.write_aside(settings, run.run_id, aside)]
    lake.publish(settings, aside)
    server.publish(settings, aside)  # before the swap: if the server takes nothing, nothing is served anywhere
    _swap(settings, run, aside, folders)
    volumes.remember(settings, run, expected)
    unchanged.remember(settings, run)
    return expected


def _checked_parquet(
    settings: Settings, run: Run, aside: Path, expected: Mapping[Table, int], stand: Mapping[Table, Path]
) -> Path:
    """Count the rows in the file that will be served and write its tables as Parquet, still under a hidden name.

    stand: files that may be linked instead, by table.
    """
    folder = places.aside(settings, "parquet", run.run_id)
    with duckdb.connect(str(aside), read_only=True) as connection:
        for table, rows in expected.items():
            if (found := copying.count(connection, table)) != rows:
                raise AlmanacError(f"{aside}: {'.'.join(table)} holds {found} of {rows} rows: nothing was published")
            target = folder / table[0] / f"{table[1]}.parquet"
            target.parent.mkdir(parents=True, exist_ok=True)
            if table in stand and unchanged.link(connection, table, stand[table], target):
                continue
            connection.execute(f"copy {qualified(table)} to {literal(str(target))} (format parquet, compression zstd)")
    renamed.link_old_parquet(folder, expected)
    return folder


def _swap(settings: Settings, run: Run, aside: Path, folders: list[Path]) -> None:
    """The file, then the links to the folders, one after the other. Each swap is atomic for its readers."""
    finals = [places.unhide(folder, run.run_id) for folder in folders]
    durable.flush(aside)
    aside.chmod(0o400)  # a tool that opens it for writing would lock the others out
    access.open_published(settings)
    aside.replace(places.served_file(settings))
    durable.flush(settings.published)
    for final in finals:
        places.point_at(final)
    places.clear_leftovers(settings)
