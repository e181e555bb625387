"""Every file of a home against what is known of it: which one is damaged, what that costs, and what mends it.

It reads; only the status files, which nobody has to keep, are written again by the command.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
import zstandard

from pipelines.errors import AlmanacError
from pipelines.home import durable, memory, state, warehouse
from pipelines.home.served import AGAIN, problem
from pipelines.home.settings import Settings

FROM_BACKUP = "put it back from a backup"
READ_AGAIN = "put the export into the inbox again, or take the file from a backup; then `almanac rebuild`"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Finding:
    """A file with a fault. remedy: the command, or what a person has to do. is_safe: whether nothing is lost.

    is_rewritten: whether the command itself makes the file again.
    """

    path: Path
    what: str
    remedy: str
    is_safe: bool = False
    is_rewritten: bool = False

    def sentence(self) -> str:
        """The finding in one line."""
        return f"{self.path}: {self.what}: {'nothing is lost: ' if self.is_safe else ''}{self.remedy}"


def examine(settings: Settings, say: Say) -> list[Finding]:
    """Every fault of the home's files, the gravest first: state, landing, then what can be made again."""
    steps = {
        "state": _state,
        "landing: bytes": _bytes,
        "landing: rows": _rows,
        "what can be made again": _derived,
    }
    findings = []
    for name, look in steps.items():
        say(name)
        findings += list(look(settings))
    return findings


def _state(settings: Settings) -> Iterator[Finding]:
    for path in sorted(settings.state.glob("*/*.parquet")):
        if why := _damage(path, durable.noted(path.parent)):
            yield Finding(path, why, FROM_BACKUP)


def _bytes(settings: Settings) -> Iterator[Finding]:
    """Kept exports: the name is the hash of the content; a file from which a person was removed is noted anew."""
    for path in sorted((settings.landing / "files").glob("*/*.zst")):
        try:
            is_whole = _content_hash(path) == path.stem
        except (OSError, zstandard.ZstdError):
            is_whole = False
        if not is_whole and durable.sha256_of(path) not in durable.noted(path.parent).get(path.name, ()):
            yield Finding(path, "is not the export that was received", READ_AGAIN)


def _rows(settings: Settings) -> Iterator[Finding]:
    """Rows of exports: damaged ones, and those that the ledger knows and nobody finds."""
    for path in sorted(settings.landing.glob("r*/**/*.parquet")):
        if why := _damage(path, durable.noted(path.parent)):
            yield Finding(path, why, READ_AGAIN)
    try:
        ledger = state.read(settings, "files")
    except AlmanacError:
        return  # it has been named with the rest of state
    loaded = ledger.filter(pl.col("status") == "loaded") if ledger.height else ledger
    for name, file_id in loaded.select("object", "file_id").unique().sort("file_id").rows() if loaded.height else ():
        path = settings.landing / "rows" / name / f"{file_id}.parquet"
        if not path.exists():
            yield Finding(path, "missing", READ_AGAIN)


def _derived(settings: Settings) -> Iterator[Finding]:
    why, served = problem(settings), f"{settings.served_file}: "
    if why.startswith(served):  # else it is the log of runs, which has been named with the rest of state
        what = why.removeprefix(served).split(": `")[0]
        yield Finding(settings.served_file, what, AGAIN, is_safe=True)
    if settings.working_file.exists():
        try:
            with warehouse.read(settings) as connection:
                connection.execute("select count(*) from duckdb_tables()").fetchall()
        except (AlmanacError, duckdb.Error) as error:
            if "in use by another process" not in str(error):
                yield Finding(settings.working_file, "damaged", "delete it, then `almanac rebuild`", True)
    for path in (settings.published / "status.duckdb", settings.published / "status.json"):
        if path.exists() and not _is_readable(path):
            yield Finding(path, "damaged", "`almanac doctor` writes it again", True, is_rewritten=True)
    try:
        memory.recall(settings.home)
    except AlmanacError:
        yield Finding(settings.home / memory.MARKER, "damaged", "delete it, name --config and --inbox once more", True)


def _is_readable(path: Path) -> bool:
    try:
        if path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        else:
            duckdb.connect(str(path), read_only=True).close()
    except (ValueError, duckdb.Error):
        return False
    return True


def _damage(path: Path, noted: dict[str, set[str]]) -> str:
    """Why a Parquet file is not as it was written; empty where it is, or where nothing was noted and it can be read."""
    if digests := noted.get(path.name):
        return "" if durable.sha256_of(path) in digests else "is not as it was written"
    try:
        pl.scan_parquet(path).select(pl.len()).collect()
    except (OSError, pl.exceptions.PolarsError):
        return "cannot be read"
    return ""


def _content_hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as kept, zstandard.ZstdDecompressor().stream_reader(kept) as content:
        while block := content.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
