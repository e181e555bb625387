"""CSV and its relatives. Well-formed files go through DuckDB; anything else through the careful parser.

DuckDB is told the dialect and is strict: left to guess, it reads a messy file as one column without an error. A file in
which it refuses any record is read again with care, so that each refusal has its place, its text and its reason.
"""

import codecs
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts import Reader
from pipelines.ingest.dialect import HEAD_RECORDS, find_dialect, header_index, title_texts
from pipelines.ingest.records import Dialect, Record, parse
from pipelines.ingest.source import FileRefusedError, Refused, Source, unique_headers
from pipelines.ingest.text import chunks, find_encodings, to_utf8

HEAD_BYTES = 256 * 1024
CAREFUL_BYTES = 256 * 1024 * 1024
MAX_LINE = 16 * 1024 * 1024
FAULTS = {
    "stray_quote": "a quote stands inside the cell or is never closed",
    "too_many_cells": "the record has more cells than the header",
    "too_few_cells": "the record has fewer cells than the header",
    "null_byte": "the record contains a zero byte",
    "bad_encoding": "the record contains bytes that are not UTF-8",
}


def read_delimited(connection: duckdb.DuckDBPyConnection, path: Path, reader: Reader, place: Path) -> Source:
    """The file as text cells. Raises FileRefusedError for what is no table at all."""
    encoding, text_path = _decoded(path, reader, place / "decoded.csv")
    head = _head(text_path)
    dialect = find_dialect(head, reader)
    titles, before, headers = _headers(head, dialect, reader)
    source = Source(headers, "", encoding, dialect.delimiter, control=before, has_header=before > 0, titles=titles)
    is_plain, source.odd_blanks, pairs = _look_through(text_path, dialect, reader)
    if not is_plain or not _read_fast(connection, text_path, dialect, source, pairs):
        _read_carefully(connection, text_path, dialect, reader, source)
    return source


def _decoded(path: Path, reader: Reader, target: Path) -> tuple[str, Path]:
    """The encoding and the file in UTF-8. A guess that turns out wrong far down in the file is taken back."""
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


def _head(path: Path) -> str:
    with path.open("rb") as stream:
        data = stream.read(HEAD_BYTES)
        whole = len(data) < HEAD_BYTES
    if not data.strip():
        raise FileRefusedError("empty_file", "the file is empty: export it again")
    if not whole:
        data = data[: max(data.rfind(b"\n"), data.rfind(b"\r")) + 1] or data
    return data.decode("utf-8", errors="replace")  # only looked at; the records themselves are decoded strictly


def _headers(head: str, dialect: Dialect, reader: Reader) -> tuple[list[str], int, list[str]]:
    """What stands above the header, the number of records up to and including it, and its unique names."""
    records = list(islice(parse(head, dialect), HEAD_RECORDS))
    index = header_index(records, reader)
    if index is None:
        width = max(len(record.cells) for record in records)
        return [], 0, unique_headers(list(reader.headers) or [f"column_{n}" for n in range(1, width + 1)])
    if index >= len(records):
        raise FileRefusedError("no_header", f"header_row {reader.header_row} lies behind the end of the file")
    names = list(reader.headers) or records[index].cells
    return title_texts([record.cells for record in records[:index]]), index + 1, unique_headers(names)


def _look_through(path: Path, dialect: Dialect, reader: Reader) -> tuple[bool, bool, int]:
    """Whether DuckDB reads the file as it is meant (one kind of line end, no zero bytes, no option that it lacks),
    whether blanks other than the space may surround cells, and the number of CR LF pairs. One pass over the bytes.
    """
    is_plain = len(dialect.delimiter) == 1 and bool(dialect.quote) and reader.ragged == "refuse" and not reader.comment
    odd = [mark.encode() for mark in ("\u00a0", "\u3000", "\ufeff", '\n"', '\r"', "\x0b", "\x0c")]
    odd += [b"\t"] if dialect.delimiter != "\t" else []
    ends: Counter[str] = Counter()
    has_odd, ended, run, tail = False, False, 0, b""
    for piece in chunks(path):
        is_plain = is_plain and b"\x00" not in piece
        has_odd = has_odd or any(mark in piece for mark in odd)
        run, ended = _longest_allowed(piece, run), piece.endswith(b"\n")
        piece = tail + piece
        tail = b"\r" if piece.endswith(b"\r") else b""  # its line feed may come with the next piece
        ends += _line_ends(piece[: len(piece) - len(tail)])
    ends += _line_ends(tail)
    return (
        is_plain and sum(count > 0 for count in ends.values()) <= 1,
        has_odd,
        ends["pair"] + (ends["pair"] > 0 and not ended),
    )


def _line_ends(piece: bytes) -> Counter[str]:
    pairs = piece.count(b"\r\n")
    return Counter(pair=pairs, line=piece.count(b"\n") - pairs, back=piece.count(b"\r") - pairs)


def _longest_allowed(piece: bytes, run: int) -> int:
    """Bytes since the last line end, refusing a file whose lines are longer than any table's."""
    last = max(piece.rfind(b"\n"), piece.rfind(b"\r"))
    run = run + len(piece) if last < 0 else len(piece) - last
    if run > MAX_LINE:
        raise FileRefusedError("line_too_long", f"a line is longer than {MAX_LINE >> 20} MB: this is no table")
    return run


def _read_fast(connection: duckdb.DuckDBPyConnection, path: Path, dialect: Dialect, source: Source, pairs: int) -> bool:
    """Read with DuckDB into the table `cells`; False where it refused a record, gave up, or would change a cell.

    DuckDB turns CR LF inside a quoted cell into LF. More pairs than records say that there may be one.
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
        connection.execute(f"create table cells as select * from {scan}")
    except duckdb.Error:
        connection.execute("drop table if exists cells")
        return False
    count = connection.execute("select count(*) from cells").fetchone()
    if count and pairs > count[0] + source.control and path.stat().st_size <= CAREFUL_BYTES:
        connection.execute("drop table cells")
        return False
    source.relation = "(select rowid + 1 as _record, * from cells)"  # rows keep the order of the file
    return True


def _read_carefully(
    connection: duckdb.DuckDBPyConnection, path: Path, dialect: Dialect, reader: Reader, source: Source
) -> None:
    """Read with the careful parser into a table, refusing records one by one."""
    if path.stat().st_size > CAREFUL_BYTES:
        raise FileRefusedError(
            "malformed", f"not well-formed and larger than {CAREFUL_BYTES >> 20} MB: split it, or export it quoted"
        )
    data = path.read_bytes()
    text = data.decode("utf-8", errors="surrogateescape")
    records = parse(text, dialect)
    for _ in range(source.control):
        next(records, None)
    good = list(_usable(records, text, reader, source))
    if not text.endswith(("\n", "\r")) and source.refused and source.refused[-1].record == _last_record(good, source):
        raise FileRefusedError(
            "truncated", "the last line is cut off: the file was not written to its end; export it again"
        )
    frame = pl.DataFrame(good, schema={"_record": pl.Int64, **dict.fromkeys(source.headers, pl.String)}, orient="row")
    connection.register("careful_frame", frame.to_arrow())
    connection.execute("create table cells as select * from careful_frame")
    connection.unregister("careful_frame")
    source.relation = "cells"


def _last_record(good: list[list[str | int | None]], source: Source) -> int:
    last_good = good[-1][0] if good else 0
    return max(int(last_good or 0), source.refused[-1].record)


def _usable(records: Iterator[Record], text: str, reader: Reader, source: Source) -> Iterator[list[str | int | None]]:
    """Rows of the table; blank and comment lines are control rows, faulty records are refused."""
    width = len(source.headers)
    number = offset = seen = 0
    for record in records:
        if (record.cells == [""] and width > 1) or (reader.comment and text.startswith(reader.comment, record.start)):
            source.control += 1
            continue
        number += 1
        cells = _fitted(record.cells, width, reader)
        if fault := _fault(record, cells, width):
            offset += len(text[seen : record.start].encode("utf-8", errors="surrogateescape"))
            seen = record.start
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
    whole = "".join(cells)
    if "\x00" in whole:
        return "null_byte"
    return "bad_encoding" if not whole.isascii() and any("\ud800" <= letter <= "\udfff" for letter in whole) else ""


def _literal(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
