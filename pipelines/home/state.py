"""Append-only memory: what cannot be recomputed from landing. One new Parquet file per run and log.

Kept here and not in DuckDB because a cut write-ahead log opens silently with fewer commits, and because a folder of
files can be copied while a run goes on.
"""

import os
from pathlib import Path

import polars as pl

from pipelines.errors import AlmanacError
from pipelines.home import durable
from pipelines.home.settings import Settings

_FILE = "_file"  # the column that says where a row was read


def append(settings: Settings, log: str, name: str, rows: pl.DataFrame) -> Path | None:
    """Add rows to a log under a name that is unique in it (the run id). Nothing is written for no rows.

    A second append under the same name replaces the first: a retried step must not count twice.
    """
    if rows.is_empty():
        return None
    folder = settings.state / log
    folder.mkdir(parents=True, exist_ok=True)
    target, aside = folder / f"{name}.parquet", folder / f".{name}.{os.getpid()}.tmp"
    rows.write_parquet(aside)
    durable.keep(aside, target)
    durable.settle([folder], settings.state.parent)
    return target


def read(settings: Settings, log: str) -> pl.DataFrame:
    """Every row of a log, by file name, which says nothing of time; an empty frame where nothing was appended."""
    files = sorted((settings.state / log).glob("*.parquet"))
    if not files:
        return pl.DataFrame()
    try:
        return _read_together(files)
    except (OSError, pl.exceptions.PolarsError):  # which of them?
        return pl.concat([_read(file) for file in files], how="diagonal_relaxed")


def _read_together(files: list[Path]) -> pl.DataFrame:
    """The rows of all files; those of one schema at once, in a tenth of the time: years have thousands of files."""
    alike: dict[tuple[object, ...], list[Path]] = {}
    for file in files:
        alike.setdefault(tuple(pl.read_parquet_schema(file).items()), []).append(file)
    if len(alike) == 1:
        return pl.read_parquet(files)
    parts = [pl.read_parquet(group, include_file_paths=_FILE) for group in alike.values()]
    rows = pl.concat(parts, how="diagonal_relaxed")
    place = {str(file): number for number, file in enumerate(files)}
    return rows.sort(pl.col(_FILE).replace_strict(place), maintain_order=True).drop(_FILE)


def _read(file: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(file)
    except (OSError, pl.exceptions.PolarsError) as error:
        what = " ".join(str(error).split())[:120]
        raise AlmanacError(
            f"{file}: damaged ({what}): it cannot be made again, so nothing goes on without it; "
            "put it back from a backup, then `almanac doctor`"
        ) from error
