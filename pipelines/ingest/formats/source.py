"""What every reader returns: a relation of text cells in a scratch database, and what could not be read.

A scratch database is emptied after each file. It has a memory limit and spills to a folder next to the working file,
so that a file larger than memory can be read.
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
SMALL = 4_000_000  # bytes of a file below which a second thread costs more than it reads
# Trimmed around a cell: also marks of direction and width that pages and chats leave behind, which nobody sees.
BLANKS = " \t\r\n\u00a0\u3000\ufeff\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\u202a\u202c\u202d\u2066\u2067\u2068\u2069"
# Taken out inside a text as well; U+200C and U+200D join letters in Persian and signs in pictures, but in no id.
UNSEEN, JOINERS = "\u00ad\u180e\u200b\u200e\u200f\u2060\u202a-\u202e\u2066-\u2069\ufeff", "\u200c\u200d"
# What reports write below their rows: the only cell of its line. A word that begins names as well (Stand 5 Catering,
# 打印机) counts only with its date, number or person behind it, or alone.
_DAY = r"(?:\d{1,4}[-./年]\d|\d{1,2}\.? [A-Za-zäé]{3,9}\.? \d|(?:[A-Za-z]{3,9}, )?[A-Za-z]{3,9}\.? \d{1,2},? \d)"
FOOTER = (
    r"(?i)^\s*(?:copyright\b|©|\(c\) \d|confidential information\b"
    rf"|(?:report )?(?:generated|printed) (?:by|on)\b|(?:report )?run (?:by\b|on\s*(?::|{_DAY}))"
    rf"|exported (?:by|on|from)\b|filtered by\b|as of \d|grand totals?(?: \([\d,]+ records?\))?\s*$"
    r"|page \d+(?:\s*(?:of|/|-)\s*\d+)?\s*$"
    r"|(?:total|number of|total number of)?\s*(?:records|rows|count)\s*[:=]\s*[\d.,]+\s*$"
    r"|total(?: records)?:? [\d,]+(?: records?)?\s*$|[\d.,]+ (?:records|rows|datensätze|zeilen|lignes|registros)\s*$"
    r"|anzahl\b.*[:=]?\s*[\d.,]+\s*$|(?:erstellt|exportiert|gedruckt) (?:am|von)\b"
    rf"|stand(?:\s*:\s*|\s+){_DAY}|seite \d+(?:\s*(?:von|/|-)\s*\d+)?\s*$|vertraulich\s*(?:[:.!–-].*)?$"
    r"|(?:制表|打印)(?:人|员|者|日期|时间)?\s*(?:[:：]|\d|$)|导出时间\s*(?:[:：]|\d|$)"
    r"|共\s*\d+\s*条|第\s*\d+\s*页)"
)
SHEET = "_sheet"  # the column that holds the sheet of a workbook that a row is from


class FileRefusedError(Exception):
    """A file cannot be used: a reason code and a sentence with the evidence and what to do."""

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
    relation: SQL that yields `_record` (1-based), then one VARCHAR column per header. table: the table under it.
    refused: records that could not be split into cells.
    control: number of rows that the reader took out: titles, the header, blank lines.
    has_header: whether the headers are in the file, and not generated.
    has_unicode_blanks: whether cells may begin or end with blanks other than the space, or hold marks without width.
    has_excel_guards: whether cells may stand as `="0010"` or `'0010`.
    records: the number of its last record, where it is a chunk of a file.
    titles: the texts above the header, one per row.
    has_control: whether the relation already has `_is_control`, true for rows that are no records.
    sheets: the headers of each sheet by its name, where the rows of several are in one table.
    sheet_titles: the texts above the header of each sheet.
    added: headers that are not in the file: what is stated once for all rows, the name of the sheet.
    has_typed_numbers: whether the format itself says what a number is, as JSON and Parquet do.
    """

    headers: list[str]
    relation: str
    encoding: str = ""
    delimiter: str = ""
    refused: list[Refused] = field(default_factory=list)
    control: int = 0
    has_unicode_blanks: bool = True
    has_excel_guards: bool = False
    has_header: bool = True
    records: int = 0
    titles: list[str] = field(default_factory=list)
    has_control: bool = False
    sheets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sheet_titles: dict[str, list[str]] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    has_typed_numbers: bool = False
    table: str = "cells"
    warnings: list[str] = field(default_factory=list)


# Creates the table of one chunk of a file, given the number of records before it.
Load = Callable[[duckdb.DuckDBPyConnection, int], Source]


class ScratchDatabase:
    """A scratch database and folder, emptied after each file.

    Opening a database costs more than reading a small file, so a run opens one for all of its files.
    """

    def __init__(self, folder: Path) -> None:
        """folder: where to spill and unpack. It is created, and what was put there is removed on closing."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = Path(mkdtemp(prefix="ingest-", dir=folder))
        self.unpacked = self.folder / "unpacked"
        self.unpacked.mkdir()
        self._connection: duckdb.DuckDBPyConnection | None = None

    @contextmanager
    def file(self, size: int = 0) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
        """The database, empty, and an empty folder. size: of the file, in bytes; 0 where it is not known."""
        connection = self._connection = self._connection or _connect(self.folder / "spill")
        connection.execute("set threads = 1" if 0 < size < SMALL else "reset threads")
        connection.execute("attach ':memory:' as file")
        connection.execute("use file")
        try:
            yield connection, self.unpacked
        finally:
            self._clear(connection)

    def interrupt(self) -> None:
        """Stop what another thread is reading."""
        if self._connection:
            self._connection.interrupt()

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
        for left in self.unpacked.iterdir():
            left.unlink()


def _connect(spill: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "temp_directory": str(spill)})
    connection.execute("set timezone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    return connection


@contextmanager
def scratch_database(folder: Path) -> Iterator[ScratchDatabase]:
    """A scratch database, closed and removed afterwards."""
    database = ScratchDatabase(folder)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def scratch(folder: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A temporary database and folder for one file."""
    with scratch_database(folder) as database, database.file() as connection_and_folder:
        yield connection_and_folder


def folded(header: str) -> str:
    """A header in its comparison form: width, case, blanks and the star of a required field are removed."""
    text = " ".join(unicodedata.normalize("NFKC", header).casefold().split())
    return text.strip("* ") or text


def unique_headers(headers: list[str]) -> list[str]:
    """Headers as written, trimmed; blank ones named by position, repeated ones numbered: SQL ignores case."""
    counts: dict[str, int] = {}
    names = []
    for position, header in enumerate(headers, start=1):
        name = " ".join(str(header).replace("\x00", "").split()) or f"column_{position}"
        name = name.replace("~", "_", 1) if name.startswith("~") else name  # reserved for columns that casting adds
        while (count := counts.get(name.casefold(), 0)) or name.casefold() in ("_record", "_is_control", "rowid"):
            counts[name.casefold()] = count + 1
            name = f"{name} ({count + 1})"
        counts[name.casefold()] = 1
        names.append(name)
    return names
