"""Workbooks (xlsx, xlsm, xls, xlsb, ods) through calamine: cached values as text, dates as ISO text."""

import zipfile
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts import Reader
from pipelines.ingest.dialect import HEAD_RECORDS, header_index
from pipelines.ingest.source import FileRefusedError, Source, unique_headers
from pipelines.ingest.values import BLANKS
from pipelines.warehouse import quoted

ODD_BLANKS = BLANKS.replace(" ", "")
UNPACKED_LIMIT = 2 * 1024**3
RATIO_LIMIT = 200


def read_workbook(connection: duckdb.DuckDBPyConnection, path: Path, reader: Reader) -> Source:
    """One sheet as text cells: rows above the header are control rows, wholly empty rows are skipped as such."""
    frame = _sheet(path, reader)
    if frame.width == 0 or frame.height == 0:
        raise FileRefusedError("empty_file", "the sheet is empty: say `sheet` in the contract's reader")
    head = [["" if cell is None else cell for cell in row] for row in frame.head(HEAD_RECORDS).rows()]
    index = header_index(head, reader)
    first = 0 if index is None else index + 1
    names = list(reader.headers) or (head[index] if index is not None else [""] * frame.width)
    headers = unique_headers((names + [""] * frame.width)[: frame.width])
    rows = frame.slice(first).rename(dict(zip(frame.columns, headers, strict=True)))
    blank = pl.all_horizontal(pl.all().is_null())
    filled = rows.with_row_index("_record", offset=1).filter(~blank)
    connection.register("sheet_frame", filled.to_arrow())
    cells = ", ".join(quoted(header) for header in headers)
    connection.execute(f"create table cells as select _record::bigint as _record, {cells} from sheet_frame")
    connection.unregister("sheet_frame")
    return Source(
        headers, "cells", encoding="workbook", has_header=index is not None, control=first + rows.height - filled.height
    )


def _sheet(path: Path, reader: Reader) -> pl.DataFrame:
    import fastexcel

    _refuse_bomb(path)
    try:
        book = fastexcel.read_excel(path)
        sheet = reader.sheet
        if isinstance(sheet, str) and sheet not in book.sheet_names:
            raise FileRefusedError("no_sheet", f"no sheet {sheet!r}; the workbook has: {', '.join(book.sheet_names)}")
        loaded = book.load_sheet(sheet, header_row=None, dtypes="string")
        return loaded.to_polars()
    except FileRefusedError:
        raise
    except BaseException as error:  # the parser panics on some damaged files, which is no ordinary exception
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise FileRefusedError("broken_file", f"workbook not readable: {said}") from error


def _refuse_bomb(path: Path) -> None:
    """Look at the zip directory before unpacking: 7 MB can hold gigabytes."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as book:
        unpacked = sum(entry.file_size for entry in book.infolist())
    if unpacked > UNPACKED_LIMIT or unpacked > RATIO_LIMIT * max(path.stat().st_size, 1_000_000):
        raise FileRefusedError("too_large", f"the workbook unpacks to {unpacked >> 20} MB: export it as CSV")
