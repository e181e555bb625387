"""A table of cells read under a contract, without a home or a file: what tests of casting are made of."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.contracts import SourceContract, canonical_objects
from pipelines.contracts.declared import parsed_yaml
from pipelines.ingest.casting.cast import Casting, cast_cells
from pipelines.ingest.casting.code_lists import Vocabulary
from pipelines.ingest.casting.column_profile import column_rules
from pipelines.ingest.casting.header_mapping import HeaderMapping, map_headers
from pipelines.ingest.casting.validate import UnknownWords, validate_rows
from pipelines.ingest.formats.source import Source, unique_headers

ORDER_LINES = """
system: erp
title: ERP
timezone: Europe/Berlin
objects:
  - object: order_lines
    files: "*.csv"
    exported_at: {on: 2025-01-31}
    key: [line_id]
    columns: """
LINES = ORDER_LINES + "{line_id: ID, order_id: ID, %s}\n"
VOCABULARIES = {
    "currencies": Vocabulary("currencies", {"euro": "EUR", "us dollar": "USD"}),
    "stages": Vocabulary("stages", {"closed won": "won", "prospecting": "lead", "赢单": "won"}),
    "statuses": Vocabulary("statuses", {"open": "open"}),
}


def contract_of(text: str) -> SourceContract:
    return SourceContract(**parsed_yaml(Path("erp.yml"), text.encode()))


@contextmanager
def cells(*rows: str, **about: Any) -> Iterator[tuple[duckdb.DuckDBPyConnection, Source]]:
    """The first row is the header, and a bar parts cells; `~` is a cell without any text."""
    headers, *records = [row.split("|") for row in rows]
    headers = unique_headers(headers)
    frame = pl.DataFrame(
        [[number, *(None if cell == "~" else cell for cell in row)] for number, row in enumerate(records, start=1)],
        schema={"_record": pl.Int64, **dict.fromkeys(headers, pl.String)},
        orient="row",
    )
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.register("given", frame.to_arrow())
        connection.execute("create table cells as select * from given")
        yield connection, Source(headers, "cells", **{"delimiter": ";", **about})


@dataclass
class Read:
    """Rows of `typed` by column, faults as (record, column, code), corrections as (record, column, old, new, rule)."""

    rows: list[dict[str, Any]]
    faults: list[tuple[int, str | None, str]]
    corrections: list[tuple[Any, ...]]
    mapping: HeaderMapping

    def values(self, name: str) -> list[Any]:
        """The value per record, or the code for which the column refuses it."""
        codes = {record: code for record, column, code in self.faults if column in (name, None, "")}
        return [codes.get(row["_record"], row[name]) for row in self.rows]


def read(
    contract: str, *rows: str, zone: str = "", day_zone: str = "", unknown: UnknownWords | None = None, **about: Any
) -> Read:
    system = contract_of(contract)
    wanted = system.objects[0]
    with cells(*rows, **about) as (connection, source):
        mapping = map_headers(wanted, source.headers)
        zones = (zone or system.timezone or "UTC", day_zone or zone or system.timezone or "UTC")
        rules = column_rules(connection, system, wanted, mapping, source, zones)
        casting = Casting(wanted, canonical_objects()[wanted.object], mapping, rules, "2025-01-31/a.csv")
        cast_cells(connection, source, casting)
        corrections = validate_rows(connection, casting, VOCABULARIES, unknown)
        return Read(
            connection.execute("select * from typed order by _record").pl().to_dicts(),
            connection.execute("select _record, column_name, code from faults order by all").fetchall(),
            corrections.select("_record", "column_name", "old_value", "new_value", "rule").rows(),
            mapping,
        )


def read_column(column: str, *texts: str, others: str = "", object_text: str = LINES, **about: Any) -> list[Any]:
    """The value, or the code of the fault, per cell of the header X under a column's declaration."""
    name = column.partition(":")[0]
    declared = object_text % f"{column}{', ' + others if others else ''}"
    return read(declared, "ID|X", *(f"{n}|{text}" for n, text in enumerate(texts)), **about).values(name)
