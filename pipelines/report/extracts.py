"""Served tables as files of other programs: CSV, SPSS (.sav) and Tableau (.hyper), with labels from the catalogue.

The libraries of .sav and .hyper are extras of the installation: who lacks one is told its name in one line.
"""

import csv
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl

from pipelines.errors import AlmanacError
from pipelines.report import sections
from pipelines.report.served import Served
from pipelines.report.words import Words

FORMATS = ("csv", "sav", "hyper")
# Format to the module that writes it and the extra of this project that brings it.
EXTRAS = {"sav": ("pyreadstat", "spss"), "hyper": ("tableauhyperapi", "tableau")}
VARIABLE_LABEL, VALUE_LABEL = 255, 119  # bytes that SPSS keeps
INTEGERS = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)


def write_extract(folder: Path, served: Served, table: str, file_format: str, words: Words) -> Path:
    """Write one served table, `marts.revenue` for one, as `<schema>.<table>.<format>`; returns the file.

    Raises AlmanacError for a table that is not served, or a format whose library is not installed.
    """
    if file_format not in FORMATS:
        raise AlmanacError(f"{file_format!r} is none of {', '.join(FORMATS)}")
    if table not in served.columns:
        raise AlmanacError(f"{table} is not served: `select schema_name, table_name from control.tables` lists what is")
    library = _library(file_format)
    frame = served.connection.execute(f"select * from {table}").pl()
    folder.mkdir(parents=True, exist_ok=True)
    path, aside = folder / f"{table}.{file_format}", folder / f".{table}.{file_format}"
    labels = dict(_variable_labels(served, table, words))
    if file_format == "csv":
        _write_csv(aside, frame)
    elif file_format == "sav":
        _write_sav(library, aside, frame, labels, _value_labels(served, table, frame, words), table)
    else:
        _write_hyper(library, aside, frame, table)
    aside.replace(path)
    return path


def _library(file_format: str) -> ModuleType:
    name, extra = EXTRAS.get(file_format, ("csv", ""))
    try:
        return import_module(name)
    except ImportError as error:
        raise AlmanacError(f".{file_format} needs {name}: pip install 'almanac-warehouse[{extra}]'") from error


def _variable_labels(served: Served, table: str, words: Words) -> Iterator[tuple[str, str]]:
    """The catalogue's word for a column, otherwise the comment that the served file has for it."""
    query = "select column_name, comment from duckdb_columns() where schema_name || '.' || table_name = ?"
    known = words.catalogue["columns"]
    for column, comment in served.connection.execute(query, [table]).fetchall():
        yield column, _cut(str(known.get(column) or comment or column), VARIABLE_LABEL)


def _groups(served: Served, table: str) -> dict[str, str]:
    """Column to its group of terms, from the blocks of the pages that read the table."""
    groups: dict[str, str] = {}
    for block in (block for make in sections.PAGES.values() for block in make(served)):
        for column, form in block.forms.items():
            if table in block.needs and column in block.needs[table] and form.startswith("term:"):
                groups[column] = form.removeprefix("term:")
    return groups


def _value_labels(served: Served, table: str, frame: pl.DataFrame, words: Words) -> dict[str, dict[Any, str]]:
    """Words for codes and for yes and no."""
    yes_no = {1: words.say("ui.yes"), 0: words.say("ui.no")}
    labels: dict[str, dict[Any, str]] = {name: yes_no for name, kind in frame.schema.items() if kind == pl.Boolean}
    for column, group in _groups(served, table).items():
        if column in frame.columns and frame.schema[column] == pl.String:
            codes = [code for code in frame[column].unique().to_list() if code and len(code.encode()) <= VALUE_LABEL]
            labels[column] = {code: _cut(words.term(group, code), VALUE_LABEL) for code in sorted(codes)}
    return labels


def _cut(text: str, most: int) -> str:
    """The beginning of a text that has at most so many bytes, never half a character."""
    return text.encode()[:most].decode(errors="ignore")


def _write_csv(path: Path, frame: pl.DataFrame) -> None:
    """UTF-8 with the mark that spreadsheets look for. Lists and structures are written as JSON."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(frame.columns)
        table.writerows(_plain(frame).iter_rows())


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with nested values as JSON text and decimals as doubles: what every file format knows."""
    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    decimals = [name for name, kind in frame.schema.items() if kind.is_decimal()]
    as_text = [pl.struct(name).struct.json_encode().alias(name) for name in nested]
    return frame.with_columns(*as_text, *(pl.col(name).cast(pl.Float64) for name in decimals))


def _write_sav(
    library: ModuleType,
    path: Path,
    frame: pl.DataFrame,
    labels: Mapping[str, str],
    values: Mapping[str, Mapping[Any, str]],
    title: str,
) -> None:
    numbers = [pl.col(name).cast(pl.Int8) for name, kind in frame.schema.items() if kind == pl.Boolean]
    plain = _plain(frame.with_columns(numbers))
    options = {"column_labels": [labels[name] for name in plain.columns], "variable_value_labels": dict(values)}
    library.write_sav(plain, str(path), file_label=title, row_compress=True, **options)


def _write_hyper(library: ModuleType, path: Path, frame: pl.DataFrame, table: str) -> None:
    """Through the vendor's own engine, told to send nothing home and to write no log."""
    plain = _plain(frame)
    schema, name = table.split(".")
    telemetry = library.Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU
    definition = library.TableDefinition(library.TableName(schema, name))
    for column, kind in plain.schema.items():
        definition.add_column(column, _hyper_type(library, kind))
    with (
        library.HyperProcess(telemetry, parameters={"log_config": ""}) as engine,
        library.Connection(engine.endpoint, str(path), library.CreateMode.CREATE_AND_REPLACE) as connection,
    ):
        connection.catalog.create_schema(schema)
        connection.catalog.create_table(definition)
        with library.Inserter(connection, definition) as rows:
            rows.add_rows(plain.iter_rows())
            rows.execute()


def _hyper_type(library: ModuleType, kind: pl.DataType) -> Any:
    makers = library.SqlType
    if kind in INTEGERS:
        return makers.big_int()
    if kind.is_float():
        return makers.double()
    fixed = {pl.Boolean: makers.bool, pl.Date: makers.date, pl.Datetime: makers.timestamp}
    return fixed.get(kind.base_type(), makers.text)()
