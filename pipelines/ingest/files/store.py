"""The permanent store: the bytes of every file, its accepted rows and its refused rows. Each file is flushed,
then named; names are flushed before the ledger tells of them.

`files/<sha256>.zst` holds the original bytes, `rows/<object>/<file id>.parquet` the accepted rows with lineage (of a
large file its first chunk; further chunks are `rows/<object>/<file id>/00001.parquet` and so on) and
`refused/<file id>.parquet` the refused rows. An incomplete file has a temporary name that no reader opens.
"""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import zstandard

from pipelines.contracts.quarantine import FAULTS
from pipelines.home import durable
from pipelines.home.settings import Settings
from pipelines.ingest.files.file_ledger import Row

# column_name and reason_code are the first fault's; rows refused by earlier versions have no list of them.
REFUSED: dict[str, Any] = {
    "file_id": pl.String, "source_system": pl.String, "object": pl.String, "record": pl.Int64, "byte_offset": pl.Int64,
    "source_id": pl.String, "column_name": pl.String, "reason_code": pl.String, "reason": pl.String,
    "raw_text": pl.String, "faults": FAULTS,
}  # fmt: skip
# Amounts and ids gain nothing by a dictionary, and trying one takes a third of the writing time.
PARQUET_OPTIONS = "compression zstd, compression_level 1, dictionary_size_limit 1000"


def bytes_path(settings: Settings, sha256: str) -> Path:
    """Where the bytes of a file are kept."""
    return settings.landing / "files" / sha256[:2] / f"{sha256}.zst"


def rows_path(settings: Settings, canonical: str, file_id: str, chunk: int = 0) -> Path:
    """Where the accepted rows of a file, or of one of its chunks, are kept."""
    folder = settings.landing / "rows" / canonical
    return folder / file_id / f"{chunk:05d}.parquet" if chunk else folder / f"{file_id}.parquet"


def rows_paths(settings: Settings, canonical: str, file_id: str) -> list[Path]:
    """The accepted rows of a file, in the order of its chunks."""
    first = rows_path(settings, canonical, file_id)
    further = first.with_suffix("")
    return [first, *sorted(further.glob("*.parquet"))] if further.is_dir() else [first]


@dataclass(frozen=True)
class FileStore:
    """Where the rows of one file are kept. scratch_folder: for temporary files."""

    settings: Settings
    canonical: str
    file_id: str
    landed_at: datetime
    scratch_folder: Path

    def rows(self, chunk: int = 0) -> Path:
        """Where the accepted rows of the file, or of one of its chunks, are kept."""
        return rows_path(self.settings, self.canonical, self.file_id, chunk)

    def refused(self, chunk: int | None = None) -> Path:
        """Where the refused rows of the file are kept, or temporarily those of one chunk."""
        kept = refused_path(self.settings, self.file_id)
        return kept if chunk is None else self.scratch_folder / f"refused-{chunk:05d}.parquet"

    def drop(self) -> None:
        """Remove all rows of a file that could not be read to its end."""
        self.drop_chunks()
        self.rows().unlink(missing_ok=True)
        self.refused().unlink(missing_ok=True)

    def drop_chunks(self) -> None:
        """Remove all chunks but the first, before the file is read again, in chunks or not."""
        shutil.rmtree(self.rows().with_suffix(""), ignore_errors=True)


def refused_path(settings: Settings, file_id: str) -> Path:
    """Where the refused rows of a file are kept. Private: they hold raw text of people's data."""
    return settings.landing / "refused" / f"{file_id}.parquet"


def keep_query(connection: duckdb.DuckDBPyConnection, sql: str, target: Path) -> None:
    """Write the rows of a query as Parquet to a temporary name, then rename it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    path = str(temporary).replace("'", "''")
    connection.execute(f"copy ({sql}) to '{path}' (format parquet, {PARQUET_OPTIONS})")
    durable.keep(temporary, target)


def keep_files(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], order: str, target: Path) -> None:
    """Write the rows of several Parquet files as one; removes the target where there are no files."""
    if not paths:
        target.unlink(missing_ok=True)
        return
    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    keep_query(connection, f"select * from read_parquet([{listed}]) order by {order}", target)


def keep_frame(frame: pl.DataFrame, target: Path) -> None:
    """Write a frame as Parquet; removes the target where there are no rows."""
    if frame.is_empty():
        target.unlink(missing_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    frame.write_parquet(temporary)
    durable.keep(temporary, target)


def settle(settings: Settings, rows: Iterable[Row]) -> None:
    """Flush the names of all that is kept of these rows of the ledger, which must not be written before."""
    folders = {refused_path(settings, "").parent}
    for row in rows:
        folders |= {path.parent for path in rows_paths(settings, row["object"], row["file_id"]) if row["object"]}
        folders.add(bytes_path(settings, row["sha256"]).parent)
    durable.settle(folders, settings.landing.parent)


def restore(settings: Settings, sha256: str, target: Path) -> Path:
    """The kept bytes of a file, written to `target`."""
    with bytes_path(settings, sha256).open("rb") as kept, target.open("wb") as out:
        zstandard.ZstdDecompressor().copy_stream(kept, out)
    return target
