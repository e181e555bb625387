"""Workbooks (xlsx, xlsm, xls, xlsb, ods) through calamine: cached values as text, dates as ISO text."""

import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from pipelines.contracts import Reader
from pipelines.home.warehouse import quoted
from pipelines.ingest.formats.dialect import HEAD_RECORDS, header_index, header_names, title_texts
from pipelines.ingest.formats.source import BLANKS, FileRefusedError, Source, unique_headers

if TYPE_CHECKING:
    import fastexcel

UNICODE_BLANKS = BLANKS.replace(" ", "")
MAX_UNPACKED_BYTES = 2 * 1024**3
MAX_RATIO = 200  # times its packed size: cells do not pack so tightly, an archive made to fill the memory does
MAX_CELLS = 60_000_000  # all rows that a sheet can have, by 57 columns
MAX_SCANNED_BYTES = 16 * 1024**2
BLOCK_BYTES = 1024**2
_DIMENSION = re.compile(rb'<dimension ref="(?:[A-Z]+\d+:)?([A-Z]{1,3})(\d{1,7})"')
_ERROR = re.compile(rb't="e"[^>]*>(?:<f[^>]*/>|<f[^>]*>[^<]*</f>)?<v>(#[^<]{2,20})</v>')
# A text result may be empty (`t="str"`), a number or a date may not.
_NO_VALUE = re.compile(
    rb'<c (?![^>]*t="str")[^>]*?r="([A-Z]{1,3}\d{1,7})"[^>]*><f(?:/>|[^>]*>[^<]*</f>)(?:<v ?/>|<v></v>)?</c>'
)
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_CELL = re.compile(rb'<c [^>]*?r="([A-Z]{1,3})(\d{1,7})"')


def read_workbook(connection: duckdb.DuckDBPyConnection, path: Path, reader: Reader) -> Source:
    """One sheet as text cells: rows above the header and empty rows are control rows."""
    frame, name, scan = _sheet(path, reader)
    source = read_frame(connection, frame, reader)
    if scan.errors:
        listed = ", ".join(sorted(error.decode("utf-8", "replace") for error in scan.errors))
        source.warnings.append(f"cells that hold an error ({listed}) are read as empty")
    if scan.formulas:
        source.warnings.append(
            f"{len(scan.formulas)} cells hold a formula and no value, and are read as empty: open the workbook in a "
            "spreadsheet program, save it, and export again"
        )
    if "sheet" not in reader.model_fields_set and not reader.sheets and (others := other_sheets(path, name)):
        source.warnings.append(f"sheet {name!r} is read, and not {', '.join(others)}: set `sheet` in the reader")
    return source


def read_frame(
    connection: duckdb.DuckDBPyConnection, frame: pl.DataFrame, reader: Reader, encoding: str = "workbook"
) -> Source:
    """The same for a sheet that already is a frame of text."""
    if frame.width == 0 or frame.height == 0:
        raise FileRefusedError("empty_file", "the sheet is empty: set `sheet` in the contract's reader")
    head = [["" if cell is None else cell for cell in row] for row in frame.head(HEAD_RECORDS).rows()]
    index = header_index(head, reader)
    above, last, names = (0, -1, list(reader.headers)) if index is None else header_names(head, index, reader)
    first = last + 1
    headers = unique_headers((names + [""] * frame.width)[: frame.width])
    rows = frame.slice(first).rename(dict(zip(frame.columns, headers, strict=True)))
    is_blank = rows.select(pl.all_horizontal(pl.all().is_null())).to_series()
    filled = rows.with_row_index("_record", offset=1).filter(~is_blank)
    has_unicode_blanks = filled.select(
        pl.any_horizontal(pl.col(headers).str.contains_any(list(UNICODE_BLANKS)).any())
    ).item()
    connection.register("sheet_frame", filled.to_arrow())
    cells = ", ".join(quoted(header) for header in headers)
    connection.execute(f"create table cells as select _record::bigint as _record, {cells} from sheet_frame")
    connection.unregister("sheet_frame")
    return Source(
        headers,
        "cells",
        encoding=encoding,
        has_header=index is not None,
        control=first + rows.height - filled.height,
        titles=title_texts(head[:above]),
        has_unicode_blanks=bool(has_unicode_blanks),
    )


def sheet_names(path: Path) -> list[str]:
    """The names of a workbook's sheets. Raises FileRefusedError where the file is no workbook."""
    import fastexcel

    _refuse_bomb(path)
    try:
        return list(fastexcel.read_excel(path).sheet_names)
    except Exception as error:
        raise FileRefusedError("broken_file", f"workbook not readable: {str(error).splitlines()[0]}") from error


def table_sheet(path: Path) -> str:
    """The visible sheet with the most cells, where it is not the first: exports put a cover or a summary before it."""
    import fastexcel

    if not zipfile.is_zipfile(path) or path.suffix.lower() not in (".xlsx", ".xlsm", ".xlsb", ".ods"):
        return ""
    names = sheet_names(path)
    if len(names) < 2:
        return ""
    book = fastexcel.read_excel(path)
    sizes = {name: _visible_size(book, name) for name in names}
    best = max(names, key=lambda name: sizes[name])
    return best if sizes[best] > sizes[names[0]] else ""


def other_sheets(path: Path, read: str) -> list[str]:
    """The other sheets that hold a table, each with its number of rows."""
    import fastexcel

    book = fastexcel.read_excel(path)
    sizes = {name: _visible_size(book, name) for name in book.sheet_names if name != read}
    return [f"{name} ({rows} rows)" for name, (_, rows) in sizes.items() if rows > 1]


def _visible_size(book: "fastexcel.ExcelReader", name: str) -> tuple[int, int]:
    """Cells and rows of a sheet; 0 for one that is hidden or has a single column."""
    sheet = book.load_sheet(name, header_row=None, dtypes="string")
    is_table = sheet.visible == "visible" and sheet.width > 1
    return (int(sheet.height * sheet.width), int(sheet.height)) if is_table else (0, 0)


def _sheet(path: Path, reader: Reader) -> tuple[pl.DataFrame, str, "CellScan"]:
    """The sheet as text, its name, and what the cells of the workbook hold instead of values."""
    import fastexcel

    scan = _refuse_bomb(path)
    try:
        book = fastexcel.read_excel(path)
        sheet = reader.sheet
        if isinstance(sheet, str) and sheet not in book.sheet_names:
            raise FileRefusedError("no_sheet", f"no sheet {sheet!r}; the workbook has: {', '.join(book.sheet_names)}")
        loaded = book.load_sheet(sheet, header_row=None, dtypes="string")
        return loaded.to_polars(), loaded.name, scan
    except FileRefusedError:
        raise
    except BaseException as error:  # the parser panics on some damaged files, which is no ordinary exception
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        if _ENCRYPTED in path.read_bytes():
            raise FileRefusedError("password", "the workbook is protected by a password: save it without") from error
        message = (str(error) or type(error).__name__).splitlines()[0]
        raise FileRefusedError("broken_file", f"workbook not readable: {message}") from error


@dataclass
class CellScan:
    """Cells of the scanned sheets without a value: error values (`#DIV/0!`), and the formulas that were never computed.

    Programs that write workbooks without computing them leave formulas without a value.
    """

    errors: set[bytes] = field(default_factory=set)
    formulas: set[bytes] = field(default_factory=set)


def _refuse_bomb(path: Path) -> CellScan:
    """Check the zip directory before unpacking (7 MB can hold gigabytes), then how far apart the cells are."""
    scan = CellScan()
    if not zipfile.is_zipfile(path):
        return scan
    with zipfile.ZipFile(path) as book:
        unpacked = sum(entry.file_size for entry in book.infolist())
        if unpacked > MAX_UNPACKED_BYTES or unpacked > MAX_RATIO * max(path.stat().st_size, 1_000_000):
            raise FileRefusedError("too_large", f"the workbook unpacks to {unpacked >> 20} MB: export it as CSV")
        for entry in book.infolist():
            if entry.filename.startswith("xl/worksheets/") and entry.filename.endswith(".xml"):
                _refuse_distant_cells(book, entry, scan)
    return scan


def _refuse_distant_cells(book: zipfile.ZipFile, entry: zipfile.ZipInfo, scan: CellScan) -> None:
    """Refuse a sheet whose cells span more than MAX_CELLS: two cells in opposite corners make 17 billion cells.

    The size that a large sheet states is trusted: scanning all of its cells costs a fifth of reading it.
    """
    with book.open(entry) as sheet:
        block = sheet.read(BLOCK_BYTES)
        dimension = _DIMENSION.search(block)
        corners = [dimension.groups()] if dimension else []
        is_small = entry.file_size <= MAX_SCANNED_BYTES
        tail = b""
        while block and (is_small or not dimension):
            corners += _CELL.findall(tail + block)
            scan.errors.update(_ERROR.findall(tail + block))
            scan.formulas.update(entry.filename.encode() + cell for cell in _NO_VALUE.findall(tail + block))
            tail, block = block[-200:], sheet.read(BLOCK_BYTES)
    width = max((_column_number(column) for column, _ in corners), default=0)
    height = max((int(row) for _, row in corners), default=0)
    if width * height > MAX_CELLS:
        raise FileRefusedError(
            "too_large", f"cells span {height:,} rows by {width:,} columns: clear what is far from the table"
        )


def _column_number(letters: bytes) -> int:
    """A is 1, XFD is 16,384."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
