"""The served file, asked what it is: what is served is told by what is served, and by no log beside it."""

from typing import Any

import duckdb

from pipelines.errors import AlmanacError
from pipelines.home import state
from pipelines.home.settings import Settings

HEADER_BYTES = 3 * 4096
AGAIN = "`almanac publish` serves the working file again, `almanac run` makes it anew; nothing else is touched"
DAMAGED = "{path}: damaged ({why}): {again}"


def manifest(settings: Settings) -> dict[str, Any] | None:
    """The row of `control.published`; None before anything is served. Raises AlmanacError where the file is damaged."""
    path = settings.served_file
    if not path.exists():
        return None
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            published = connection.execute("from control.published")
            names = [name for name, *_ in published.description or ()]
            [row] = [dict(zip(names, values, strict=True)) for values in published.fetchall()]
            [(block_bytes, blocks)] = connection.execute(
                "select block_size, total_blocks from pragma_database_size() where database_name = current_database()"
            ).fetchall()
    except (duckdb.Error, ValueError) as error:
        raise AlmanacError(DAMAGED.format(path=path, again=AGAIN, why=" ".join(str(error).split())[:120])) from error
    if path.stat().st_size < HEADER_BYTES + block_bytes * blocks:
        raise AlmanacError(DAMAGED.format(path=path, again=AGAIN, why="it has been cut off"))
    return row


def run_ids(settings: Settings) -> list[str]:
    """The run that is served, recorded or not; none where the file is missing or damaged."""
    try:
        row = manifest(settings)
    except AlmanacError:
        row = None
    return [row["run_id"]] if row else []


def problem(settings: Settings) -> str:
    """Why nobody can read what was published, in a sentence; empty where it is whole, or nothing was ever published."""
    try:
        return "" if manifest(settings) or not _was_published(settings) else _missing(settings)
    except AlmanacError as error:
        return str(error)


def _was_published(settings: Settings) -> bool:
    log = state.read(settings, "runs")
    return bool(log.height) and "published" in log["outcome"].to_list()


def _missing(settings: Settings) -> str:
    return f"{settings.served_file}: missing: {AGAIN}"
