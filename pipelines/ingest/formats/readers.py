"""The entry point for all formats: chosen by the contract, otherwise by the file's name and first bytes."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts import Reader
from pipelines.home.warehouse import quoted
from pipelines.ingest.formats.archives import unpack
from pipelines.ingest.formats.delimited import delimited_chunks, read_delimited
from pipelines.ingest.formats.markup import markup_frame, markup_kind
from pipelines.ingest.formats.plugin import plugin_records
from pipelines.ingest.formats.sheets import read_sheets
from pipelines.ingest.formats.source import FileRefusedError, Load, Refused, Source, unique_headers
from pipelines.ingest.formats.workbook import read_frame, read_workbook

SUFFIXES = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".tab": "csv", ".psv": "csv",
    ".xlsx": "xlsx", ".xlsm": "xlsx", ".xls": "xlsx", ".xlsb": "xlsx", ".ods": "xlsx",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
_NO_RECORD = "the record is no JSON object, nor a list with a value for each of the contract's headers"


def read_source(connection: duckdb.DuckDBPyConnection, path: Path, reader: Reader, folder: Path) -> Source:
    """The whole file as text cells in the scratch database. Raises FileRefusedError with the reason."""
    with _as_refusals():
        path = unpack(path, reader, folder)
        return _read(connection, path, reader, folder, _kind(path, reader))


def open_source(path: Path, reader: Reader, folder: Path) -> list[Load]:
    """How to load a file: a large text file in several chunks, anything else in one."""
    with _as_refusals():
        path = unpack(path, reader, folder)
        kind = _kind(path, reader)
        loads = delimited_chunks(path, reader, folder) if kind == "csv" else []
    return [partial(_loaded, load) for load in loads] or [
        partial(_loaded, lambda connection, _: _read(connection, path, reader, folder, kind))
    ]


def _loaded(load: Load, connection: duckdb.DuckDBPyConnection, before: int) -> Source:
    with _as_refusals():
        return load(connection, before)


@contextmanager
def _as_refusals() -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, pl.exceptions.PolarsError, ValueError, OverflowError) as error:
        raise FileRefusedError("broken_file", f"not readable: {' '.join(str(error).split())[:300]}") from error


def _kind(path: Path, reader: Reader) -> str:
    if reader.plugin:
        return "plugin"
    return reader.format if reader.format != "auto" else file_format(path)


def _read(connection: duckdb.DuckDBPyConnection, path: Path, reader: Reader, folder: Path, kind: str) -> Source:
    if kind == "csv":
        return read_delimited(connection, path, reader, folder)
    if kind == "xlsx":
        return read_sheets(connection, path, reader) if reader.sheets else read_workbook(connection, path, reader)
    if kind in ("html", "xml"):
        return read_frame(connection, markup_frame(path, reader, kind), reader, kind)
    if kind == "parquet":
        return _read_parquet(connection, path)
    if kind == "plugin":
        found = enumerate(plugin_records(reader.plugin, path), start=1)
        return _read_records(connection, ((number, record, "", None) for number, record in found), reader)
    return _read_json(connection, path, reader, kind)


def file_format(path: Path) -> str:
    """Format by suffix, corrected by the first bytes."""
    with path.open("rb") as stream:
        head = stream.read(4096)
    if head.startswith(b"PAR1"):
        return "parquet"
    if markup := markup_kind(head):
        return markup
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "xlsx"
    kind = SUFFIXES.get(path.suffix.lower())
    if kind == "xlsx":
        return "csv"  # many systems name a text file .xls so that it opens in a spreadsheet
    if kind is None:
        raise FileRefusedError("unknown_format", f"{path.suffix or path.name}: set `format` in the contract's reader")
    return kind


def _read_parquet(connection: duckdb.DuckDBPyConnection, path: Path) -> Source:
    try:
        connection.read_parquet(str(path)).create_view("parquet_file")
        names = connection.table("parquet_file").columns
    except duckdb.Error as error:
        raise FileRefusedError("broken_file", f"not a complete Parquet file: {_first_line(error)}") from error
    headers = unique_headers(names)
    cells = ", ".join(
        f"cast({quoted(name)} as varchar) as {quoted(header)}" for name, header in zip(names, headers, strict=True)
    )
    connection.execute(f"create table cells as select row_number() over () as _record, {cells} from parquet_file")
    return Source(headers, "cells", encoding="parquet", has_typed_numbers=True)


def _read_json(connection: duckdb.DuckDBPyConnection, path: Path, reader: Reader, kind: str) -> Source:
    """JSON lines, or one document with a list of records (`records` is the path to it, such as `data.list`).

    A record is an object, or, where the contract names the `headers`, a list with a value for each of them.
    """
    return _read_records(connection, _json_records(path, reader, kind), reader)


def _read_records(
    connection: duckdb.DuckDBPyConnection, records: Iterable[tuple[int, object, str, int | None]], reader: Reader
) -> Source:
    """Records, each with its number, its raw text and its byte offset, as cells."""
    source = Source([], "cells", encoding="utf-8", has_typed_numbers=True)
    rows: list[tuple[int, dict[str, str | None]]] = []
    for number, item, raw, offset in records:
        if isinstance(item, list) and reader.headers and len(item) == len(reader.headers):
            item = dict(zip(reader.headers, item, strict=True))
        if isinstance(item, dict):
            rows.append((number, {str(name): _as_text(value) for name, value in _flat(item).items()}))
        else:
            source.refused.append(Refused(number, "bad_json", _NO_RECORD, raw[:10_000], offset))
    names = list(dict.fromkeys(name for _, row in rows for name in row))
    source.headers = unique_headers(names)
    frame = pl.DataFrame(
        [(number, *(row.get(name) for name in names)) for number, row in rows],
        schema={"_record": pl.Int64, **dict.fromkeys(source.headers, pl.String)},
        orient="row",
    )
    connection.register("json_frame", frame.to_arrow())
    connection.execute("create table cells as select * from json_frame")
    connection.unregister("json_frame")
    return source


def _json_records(path: Path, reader: Reader, kind: str) -> Iterator[tuple[int, object, str, int | None]]:
    """(record number, parsed value or None, raw text, byte offset) of every record."""
    data = path.read_bytes()
    encoding = "utf-8-sig" if reader.encoding == "auto" else reader.encoding
    if kind == "jsonl" and not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        offset = number = 0
        for line in data.splitlines(keepends=True):
            if line.strip():
                number += 1
                yield number, _parsed(line, encoding), line.decode("utf-8", "backslashreplace").rstrip("\r\n"), offset
            offset += len(line)
        return
    try:
        document = json.loads(data.decode(encoding), parse_float=str, parse_int=str)
    except ValueError as error:
        raise FileRefusedError("broken_file", f"not a JSON document: {_first_line(error)}") from error
    for step in (reader.records or "").split(".") if reader.records else ():
        document = document.get(step) if isinstance(document, dict) else None
    if not isinstance(document, list):
        raise FileRefusedError("no_records", "no list of records: set `records: path.to.the.list` in the reader")
    for number, item in enumerate(document, start=1):
        yield number, item, json.dumps(item, ensure_ascii=False), None


def _parsed(line: bytes, encoding: str) -> object:
    try:
        return json.loads(line.decode(encoding), parse_float=str, parse_int=str)
    except ValueError:
        return None


def _flat(item: dict[str, object], prefix: str = "") -> dict[str, object]:
    """Nested objects as dotted names, so that a contract can name any leaf."""
    flat: dict[str, object] = {}
    for name, value in item.items():
        flat.update(_flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value})
    return flat


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return ";".join(map(str, value)) if isinstance(value, list) else str(value)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
