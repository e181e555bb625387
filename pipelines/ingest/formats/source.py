"""What every reader hands over: a relation of text cells in a scratch database, and what could not be read.

A scratch database is thrown away after each file. It keeps to a memory limit and spills beside the working file, so a
file larger than memory is read as surely as a small one.
"""

import shutil
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

import duckdb

MEMORY_LIMIT = "1200MB"
BLANKS = " \t\r\n\u00a0\u3000\ufeff"  # around a cell: they say nothing
SHEET = "_sheet"  # the column that says which sheet of a workbook a row stood in


class FileRefusedError(Exception):
    """A whole file cannot be used: a reason code and a sentence with the evidence and what to do."""

    def __init__(self, code: str, reason: str) -> None:
        """A short code for machines and the sentence for people."""
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass(frozen=True)
class Refused:
    """One record that is not loaded. record is 1-based, headers and titles not counted."""

    record: int
    code: str
    reason: str
    raw_text: str
    byte_offset: int | None = None
    column: str | None = None
    source_id: str | None = None


@dataclass
class Source:
    """A file as text cells.

    headers: unique column names, in the file's order.
    relation: SQL that yields `_record` (1-based), then one VARCHAR column per header. table: the table beneath it.
    refused: records that could not be split into cells.
    control: number of rows that the reader itself took out: titles, the header, blank lines.
    has_header: whether the headers stand in the file, and were not made up.
    odd_blanks: whether cells may begin or end with blanks other than the space.
    is_dressed: whether cells may stand as `="0010"` or `'0010`.
    records: the number of its last record, where it is a piece of a file.
    titles: what stands above the header, a text per row.
    has_control: whether the relation has `_is_control` already: rows that are known to be no records.
    sheets: the headers that each sheet has, by its name, where the rows of several stand in one table.
    sheet_titles: what stands above the header of each of them.
    added: those of the headers that do not stand in the file: what is said once for all of it, the name of the sheet.
    """

    headers: list[str]
    relation: str
    encoding: str = ""
    delimiter: str = ""
    refused: list[Refused] = field(default_factory=list)
    control: int = 0
    odd_blanks: bool = True
    is_dressed: bool = False
    has_header: bool = True
    records: int = 0
    titles: list[str] = field(default_factory=list)
    has_control: bool = False
    sheets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sheet_titles: dict[str, list[str]] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    table: str = "cells"
    warnings: list[str] = field(default_factory=list)


# Makes the table of one piece of a file, given how many records lie before it.
Load = Callable[[duckdb.DuckDBPyConnection, int], Source]


class Desk:
    """A scratch database and folder that serve one file after another; nothing of a file stays for the next one.

    Opening a database costs more than reading a small file, so a run opens one for all of its files.
    """

    def __init__(self, folder: Path) -> None:
        """folder: where it may spill and unpack. It is made, and what this desk put there is removed on closing."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = Path(mkdtemp(prefix="ingest-", dir=folder))
        self.place = self.folder / "unpacked"
        self.place.mkdir()
        self._connection: duckdb.DuckDBPyConnection | None = None

    @contextmanager
    def file(self) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
        """The database, empty, and an empty folder."""
        connection = self._connection = self._connection or _connect(self.folder / "spill")
        connection.execute("attach ':memory:' as file")
        connection.execute("use file")
        try:
            yield connection, self.place
        finally:
            self._clear(connection)

    def close(self) -> None:
        """Give back memory and disk."""
        if self._connection:
            self._connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _clear(self, connection: duckdb.DuckDBPyConnection) -> None:
        try:
            connection.execute("use memory")
            connection.execute("detach file")
        except duckdb.Error:  # an internal error has closed the database: the next file gets a new one
            connection.close()
            self._connection = None
        for left in self.place.iterdir():
            left.unlink()


def _connect(spill: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "temp_directory": str(spill)})
    connection.execute("set timezone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    return connection


@contextmanager
def desk(folder: Path) -> Iterator[Desk]:
    """A desk that is cleared away afterwards."""
    made = Desk(folder)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def scratch(folder: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A throw-away database and folder for one file."""
    with desk(folder) as made, made.file() as given:
        yield given


def folded(header: str) -> str:
    """A header as it is compared: width, case, blanks and the star of a required field do not matter."""
    text = " ".join(unicodedata.normalize("NFKC", header).casefold().split())
    return text.strip("* ") or text


def unique_headers(headers: list[str]) -> list[str]:
    """Headers as written, trimmed; blank ones named by position, repeated ones numbered: SQL ignores case."""
    seen: dict[str, int] = {}
    names = []
    for position, header in enumerate(headers, start=1):
        name = " ".join(str(header).replace("\x00", "").split()) or f"column_{position}"
        name = name.replace("~", "_", 1) if name.startswith("~") else name  # ours: columns that casting adds
        while (seen_times := seen.get(name.casefold(), 0)) or name.casefold() in ("_record", "_is_control", "rowid"):
            seen[name.casefold()] = seen_times + 1
            name = f"{name} ({seen_times + 1})"
        seen[name.casefold()] = 1
        names.append(name)
    return names
