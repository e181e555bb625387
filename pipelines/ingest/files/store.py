"""What is kept for ever: the bytes of every file, its accepted rows and its refused rows. All writes are renames.

`files/<sha256>.zst` holds the bytes as they came; `rows/<object>/<file id>.parquet` what was accepted, with lineage;
of a large file its first piece, and the others are `rows/<object>/<file id>/00001.parquet` and so on;
`refused/<file id>.parquet` what was not. A file half written has another name, so nobody reads it.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import zstandard

from pipelines.contracts.quarantine import FAULTS
from pipelines.home.settings import Settings

# column_name and reason_code are the first fault's; rows refused by earlier versions have no list of them.
REFUSED: dict[str, Any] = {
    "file_id": pl.String, "source_system": pl.String, "object": pl.String, "record": pl.Int64, "byte_offset": pl.Int64,
    "source_id": pl.String, "column_name": pl.String, "reason_code": pl.String, "reason": pl.String,
    "raw_text": pl.String, "faults": FAULTS,
}  # fmt: skip
# Columns of amounts and ids gain nothing by a dictionary, and looking for one takes a third of the time of writing.
PACKED = "compression zstd, compression_level 1, dictionary_size_limit 1000"


def bytes_path(settings: Settings, sha256: str) -> Path:
    """Where the bytes of a file are kept."""
    return settings.landing / "files" / sha256[:2] / f"{sha256}.zst"


def rows_path(settings: Settings, canonical: str, file_id: str, piece: int = 0) -> Path:
    """Where the accepted rows of a file, or of one of its pieces, are kept."""
    folder = settings.landing / "rows" / canonical
    return folder / file_id / f"{piece:05d}.parquet" if piece else folder / f"{file_id}.parquet"


def rows_paths(settings: Settings, canonical: str, file_id: str) -> list[Path]:
    """All that was accepted of a file, in the order of its pieces."""
    first = rows_path(settings, canonical, file_id)
    others = first.with_suffix("")
    return [first, *sorted(others.glob("*.parquet"))] if others.is_dir() else [first]


@dataclass(frozen=True)
class Home:
    """Where the rows of one file go, and under which name. place: a folder for what is thrown away."""

    settings: Settings
    canonical: str
    file_id: str
    landed_at: datetime
    place: Path

    def rows(self, piece: int = 0) -> Path:
        """Where the accepted rows of the file, or of one of its pieces, are kept."""
        return rows_path(self.settings, self.canonical, self.file_id, piece)

    def refused(self, piece: int | None = None) -> Path:
        """Where the refused rows of the file are kept, or for the time being those of a piece."""
        kept = refused_path(self.settings, self.file_id)
        return kept if piece is None else self.place / f"refused-{piece:05d}.parquet"

    def drop(self) -> None:
        """Keep nothing of a file that could not be read to its end."""
        self.drop_pieces()
        self.rows().unlink(missing_ok=True)
        self.refused().unlink(missing_ok=True)

    def drop_pieces(self) -> None:
        """Forget all pieces but the first: the file is read anew, in pieces or not."""
        shutil.rmtree(self.rows().with_suffix(""), ignore_errors=True)


def refused_path(settings: Settings, file_id: str) -> Path:
    """Where the refused rows of a file are kept. Private: raw text of people's data."""
    return settings.landing / "refused" / f"{file_id}.parquet"


def keep_query(connection: duckdb.DuckDBPyConnection, sql: str, target: Path) -> None:
    """Write the rows of a query as Parquet, aside and then in place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.tmp")
    path = str(aside).replace("'", "''")
    connection.execute(f"copy ({sql}) to '{path}' (format parquet, {PACKED})")
    aside.replace(target)


def keep_files(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], order: str, target: Path) -> None:
    """Write the rows of several Parquet files as one, aside and then in place; nothing for no files."""
    if not paths:
        target.unlink(missing_ok=True)
        return
    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    keep_query(connection, f"select * from read_parquet([{listed}]) order by {order}", target)


def keep_frame(frame: pl.DataFrame, target: Path) -> None:
    """Write a frame as Parquet, aside and then in place; nothing for no rows."""
    if frame.is_empty():
        target.unlink(missing_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.tmp")
    frame.write_parquet(aside)
    aside.replace(target)


def restore(settings: Settings, sha256: str, target: Path) -> Path:
    """The kept bytes of a file, written to `target`."""
    with bytes_path(settings, sha256).open("rb") as kept, target.open("wb") as out:
        zstandard.ZstdDecompressor().copy_stream(kept, out)
    return target
