"""Delimited text (CSV, TSV, ...). Well-formed files go through DuckDB; anything else through the careful parser.

DuckDB gets an explicit dialect and strict mode: its own detection reads a messy file as one column without an error. A
file in which it refuses any record is read again by the careful parser, which knows offset, text and reason of each.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice, pairwise
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts import Reader
from pipelines.home.warehouse import quoted
from pipelines.ingest.formats.byte_scan import MAX_LINE, scan_bytes
from pipelines.ingest.formats.careful_parser import Dialect, Record, parse
from pipelines.ingest.formats.chunks import blank_lines, chunk_offsets, copy_chunk
from pipelines.ingest.formats.decode import find_encodings, head_text, to_utf8
from pipelines.ingest.formats.dialect import HEAD_RECORDS, find_dialect, header_index, header_names, title_texts
from pipelines.ingest.formats.source import FOOTER, FileRefusedError, Load, Refused, Source, unique_headers

CAREFUL_BYTES = 256 * 1024 * 1024
CAREFUL_RECORDS = 50_000  # at a time: as Python objects they take several times the memory of their text
FAULTS = {
    "stray_quote": "a quote is inside the cell or is never closed",
    "too_many_cells": "the record has more cells than the header",
    "too_few_cells": "the record has fewer cells than the header",
    "null_byte": "the record contains a zero byte",
    "bad_encoding": "the record contains bytes that are not UTF-8",
}


@dataclass(frozen=True)
class DelimitedText:
    """A delimited file in UTF-8, with what is known before its records are read."""

    path: Path
    encoding: str
    dialect: Dialect
    reader: Reader
    headers: list[str]
    above: int
    blank_above: int
    titles: list[str]
    folder: Path


def read_delimited(connection: duckdb.DuckDBPyConnection, path: Path, reader: Reader, folder: Path) -> Source:
    """The whole file as text cells. Raises FileRefusedError where it is no table."""
    text = _text(path, reader, folder)
    return _load(text, text.path, 0, connection, 0)


def delimited_chunks(path: Path, reader: Reader, folder: Path) -> list[Load]:
    """The file as text cells, one chunk at a time; a small file is one chunk."""
    text = _text(path, reader, folder)
    ends = chunk_offsets(text.path, text.dialect)
    if len(ends) == 2:
        return [partial(_load, text, text.path, 0)]
    return [partial(_load_chunk, text, start, end) for start, end in pairwise(ends)]


def _text(path: Path, reader: Reader, folder: Path) -> DelimitedText:
    encoding, text_path = _decoded(path, reader, folder / "decoded.csv")
    head = head_text(text_path)
    dialect = find_dialect(head, reader)
    titles, above, headers = _headers(head, dialect, reader)
    blank_above = sum(record.cells == [""] for record in islice(parse(head, dialect), above))
    return DelimitedText(text_path, encoding, dialect, reader, headers, above, blank_above, titles, folder)


def _load_chunk(
    text: DelimitedText, start: int, end: int, connection: duckdb.DuckDBPyConnection, before: int
) -> Source:
    """Read one chunk of a large file."""
    path = copy_chunk(text.path, start, end, text.folder / "chunk.csv")
    return _load(text, path, start, connection, before)


def _load(text: DelimitedText, path: Path, start: int, connection: duckdb.DuckDBPyConnection, before: int) -> Source:
    above = 0 if start else text.above
    source = Source(
        text.headers,
        "",
        text.encoding,
        text.dialect.delimiter,
        control=above,
        has_header=text.above > 0,
        records=before,
        titles=text.titles,
    )
    scan = scan_bytes(path, text.dialect, text.reader)
    source.has_unicode_blanks, source.has_excel_guards = scan.has_unicode_blanks, scan.has_excel_guards
    blank = (
        blank_lines(path, text.dialect) if scan.is_plain and scan.may_have_blank_lines and len(text.headers) > 1 else 0
    )
    blank -= text.blank_above if blank and not start else 0
    if not scan.is_plain or not _read_fast(connection, path, text.dialect, source, scan.crlf_count - blank):
        _read_carefully(connection, path, text, source, start)
    else:
        source.control += blank  # as the careful parser counts them
    return source


def _decoded(path: Path, reader: Reader, target: Path) -> tuple[str, Path]:
    """The encoding and the file in UTF-8. A candidate that fails anywhere in the file gives way to the next."""
    if reader.encoding != "auto":
        encoding = codecs.lookup(reader.encoding).name
        return encoding, to_utf8(path, encoding, target)
    encodings = find_encodings(path)
    for encoding in encodings[:-1]:
        try:
            return encoding, to_utf8(path, encoding, target)
        except FileRefusedError:
            continue
    return encodings[-1], to_utf8(path, encodings[-1], target)


def _headers(head: str, dialect: Dialect, reader: Reader) -> tuple[list[str], int, list[str]]:
    """The texts above the header, the number of records up to and including it, and its unique names."""
    records = list(islice(parse(head, dialect), HEAD_RECORDS))
    index = header_index(records, reader)
    if index is None:
        width = max(len(record.cells) for record in records)
        return [], 0, unique_headers(list(reader.headers) or [f"column_{n}" for n in range(1, width + 1)])
    if index >= len(records):
        raise FileRefusedError("no_header", f"header_row {reader.header_row} is beyond the end of the file")
    rows = [record.cells for record in records]
    first, last, names = header_names(rows, index, reader)
    return title_texts(rows[:first]), last + 1, unique_headers(names)


def _read_fast(
    connection: duckdb.DuckDBPyConnection, path: Path, dialect: Dialect, source: Source, crlf_count: int
) -> bool:
    """Read with DuckDB into the table `cells`; False where it refused a record, failed, or would change a cell.

    DuckDB turns CR LF inside a quoted cell into LF. More CR LF than records mean that there may be one.
    """
    types = dict.fromkeys(source.headers, "VARCHAR")
    scan = (
        "read_csv({path}, auto_detect=false, header=false, skip={skip}, delim={delim}, quote={quote}, escape={escape}, "
        "columns={columns}, strict_mode=true, null_padding=false, max_line_size={line}, buffer_size={buffer}, "
        "encoding='utf-8')"
    ).format(
        path=_literal(str(path)),
        skip=source.control,
        delim=_literal(dialect.delimiter),
        quote=_literal(dialect.quote),
        escape=_literal(dialect.escaping),
        columns="{" + ", ".join(f"{_literal(name)}: '{kind}'" for name, kind in types.items()) + "}",
        line=MAX_LINE,
        buffer=2 * MAX_LINE,  # by default sixteen lines of the greatest length, for every thread
    )
    try:
        created = connection.execute(f"create table cells as select * from {scan}").fetchone()
    except duckdb.Error:
        connection.execute("drop table if exists cells")
        return False
    count = int(created[0]) if created else 0
    if crlf_count > count + source.control and path.stat().st_size <= CAREFUL_BYTES:
        connection.execute("drop table cells")
        return False
    # Rows keep the order of the file.
    source.relation = f"(select rowid + {source.records + 1} as _record, * from cells)"
    source.records += count
    return True


def _read_carefully(
    connection: duckdb.DuckDBPyConnection, path: Path, file: DelimitedText, source: Source, start: int
) -> None:
    """Read with the careful parser into `cells`, refusing records one by one. start: bytes of the file before them."""
    if path.stat().st_size > CAREFUL_BYTES:
        raise FileRefusedError(
            "malformed", f"not well-formed and larger than {CAREFUL_BYTES >> 20} MB: split it, or export it quoted"
        )
    data = path.read_bytes()
    text = data.decode("utf-8", errors="surrogateescape")
    records = parse(text, file.dialect)
    for _ in range(source.control):
        next(records, None)
    schema = {"_record": pl.Int64, **dict.fromkeys(source.headers, pl.String)}
    columns = ", ".join(f"{quoted(name)} {'bigint' if name == '_record' else 'varchar'}" for name in schema)
    connection.execute(f"create table cells ({columns})")
    usable = _usable(records, text, file.reader, source, start)
    while rows := list(islice(usable, CAREFUL_RECORDS)):
        connection.register("careful_frame", pl.DataFrame(rows, schema=schema, orient="row").to_arrow())
        connection.execute("insert into cells select * from careful_frame")
        connection.unregister("careful_frame")
    if not text.endswith(("\n", "\r")) and source.refused and source.refused[-1].record == source.records:
        raise FileRefusedError(
            "truncated", "the last line is cut off: the file was not written to its end; export it again"
        )
    source.relation = "cells"


_FOOTER = re.compile(FOOTER)


def _usable(
    records: Iterator[Record], text: str, reader: Reader, source: Source, start: int
) -> Iterator[list[str | int | None]]:
    """Rows of the table; blank and comment lines are control rows, faulty records are refused."""
    width = len(source.headers)
    offset, counted = start, 0
    for record in records:
        # DOS ends a file with the byte 26: no record, and no sign that the file was cut off.
        is_alone = len(record.cells) == 1 and width > 2
        is_blank = len(record.cells) == 1 and not record.cells[0].strip("\x1a ")
        if is_alone and _FOOTER.match(record.cells[0]):
            source.control += 1
            continue
        if (is_blank and width > 1) or (reader.comment and text.startswith(reader.comment, record.start)):
            source.control += 1
            continue
        number = source.records = source.records + 1
        cells = _fitted(record.cells, width, reader)
        if fault := _fault(record, cells, width):
            offset += len(text[counted : record.start].encode("utf-8", errors="surrogateescape"))
            counted = record.start
            raw = text[record.start : record.end].encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            source.refused.append(Refused(number, fault, FAULTS[fault], raw[:10_000], offset))
            continue
        yield [number, *cells]


def _fitted(cells: list[str], width: int, reader: Reader) -> list[str]:
    """Trailing empty cells beyond the header are dropped; `ragged: pad` fills short records."""
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    return cells + [""] * (width - len(cells)) if reader.ragged == "pad" else cells


def _fault(record: Record, cells: list[str], width: int) -> str:
    if record.fault:
        return record.fault
    if len(cells) != width:
        return "too_many_cells" if len(cells) > width else "too_few_cells"
    text = "".join(cells)
    if "\x00" in text:
        return "null_byte"
    return "bad_encoding" if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text) else ""


def _literal(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
