"""What is kept for ever: the bytes of every file, its accepted rows and its refused rows. All writes are renames.

`files/<sha256>.zst` holds the bytes as they came; `rows/<object>/<file id>.parquet` what was accepted, with lineage;
`refused/<file id>.parquet` what was not. A file half written has another name, so nobody reads it.
"""

from pathlib import Path

import duckdb
import polars as pl
import zstandard

from pipelines.settings import Settings

REFUSED = {
    "file_id": pl.String, "source_system": pl.String, "object": pl.String, "record": pl.Int64, "byte_offset": pl.Int64,
    "source_id": pl.String, "column_name": pl.String, "reason_code": pl.String, "reason": pl.String,
    "raw_text": pl.String,
}  # fmt: skip


def bytes_path(settings: Settings, sha256: str) -> Path:
    """Where the bytes of a file are kept."""
    return settings.landing / "files" / sha256[:2] / f"{sha256}.zst"


def rows_path(settings: Settings, canonical: str, file_id: str) -> Path:
    """Where the accepted rows of a file are kept."""
    return settings.landing / "rows" / canonical / f"{file_id}.parquet"


def refused_path(settings: Settings, file_id: str) -> Path:
    """Where the refused rows of a file are kept. Private: raw text of people's data."""
    return settings.landing / "refused" / f"{file_id}.parquet"


def keep_query(connection: duckdb.DuckDBPyConnection, sql: str, target: Path) -> None:
    """Write the rows of a query as Parquet, aside and then in place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.tmp")
    path = str(aside).replace("'", "''")
    connection.execute(f"copy ({sql}) to '{path}' (format parquet, compression zstd, compression_level 1)")
    aside.replace(target)


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
