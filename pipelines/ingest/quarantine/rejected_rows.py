"""What is kept of rejected records: each once, with its record number, all of its faults and its text."""

from collections.abc import Collection, Iterator
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

import duckdb
import polars as pl

from pipelines.contracts.quarantine import NOT_SHOWN, REASONS
from pipelines.home.warehouse import literal, quoted
from pipelines.ingest.arrival import Arrival
from pipelines.ingest.casting.header_mapping import UNPIVOTED, map_headers
from pipelines.ingest.casting.unpivot import export_record_sql
from pipelines.ingest.files import store
from pipelines.ingest.formats.source import Source

Fault = dict[str, str | None]
ROWS_AT_A_TIME = 50_000  # as Python objects they take several times the memory of their text


def rejected_rows(
    connection: duckdb.DuckDBPyConnection,
    arrival: Arrival,
    sources: tuple[Source, Source],
    file_id: str,
    *,
    has_faults: bool,
) -> pl.DataFrame:
    """One row per rejected record: column and code of its first fault, reason and list of all of them."""
    system, canonical = arrival.system.system, arrival.contract.object
    unsplit = [
        (
            file_id,
            system,
            canonical,
            item.record,
            item.byte_offset,
            item.source_id,
            item.column,
            item.code,
            item.reason,
            item.raw_text,
            [_fault(item.column, item.code, item.reason)],
        )
        for item in sources[0].refused
    ]
    faulty = _faulty_rows(connection, arrival, *sources) if has_faults else iter(())
    rows = ((file_id, system, canonical, record, None, *rest) for record, *rest in faulty)
    frames = [pl.DataFrame(unsplit, schema=store.REFUSED, orient="row")]
    while batch := list(islice(rows, ROWS_AT_A_TIME)):
        frames.append(pl.DataFrame(batch, schema=store.REFUSED, orient="row"))
    return pl.concat(frames).sort("record", maintain_order=True)


def first_reason(refused: pl.DataFrame, private: Collection[str]) -> str:
    """The reason of the first rejected record; cells of private columns are not quoted."""
    faults = refused["faults"][0].to_list()
    column = "column_name"
    return "; ".join(f"{item[column]}: {NOT_SHOWN}" if item[column] in private else item["reason"] for item in faults)


def _fault(column: str | None, code: str, reason: str) -> Fault:
    return {"column_name": column or None, "reason_code": code, "reason": reason}


def _faulty_rows(
    connection: duckdb.DuckDBPyConnection, arrival: Arrival, source: Source, table: Source
) -> Iterator[list[Any]]:
    """(record of the export, source id, column, code, reason, raw text, faults) of every row with a fault."""
    mark = literal(source.delimiter or ",")
    cells = ", ".join(
        f"case when contains({cell}, {mark}) or contains({cell}, '\"') or contains({cell}, chr(10)) "
        f"then '\"' || replace({cell}, '\"', '\"\"') || '\"' else coalesce({cell}, '') end"
        for cell in map(quoted, source.headers)
    )
    lines = f"select _record as _row, array_to_string([{cells}], {mark}) as line from {source.relation}"
    record = export_record_sql("_record") if arrival.contract.unpivot else "_record"
    result = connection.execute(
        "select faults._record, raw._row, typed.source_id, faults.column_name, faults.code, faults.because, raw.line, "
        "read.cells[faults.column_name], read.header from faults join typed using (_record) join ("
        f"select _record, {record} as _row, {_values_of(arrival, table)} as cells, "
        f"{quoted(UNPIVOTED) if arrival.contract.unpivot else 'null'} as header "
        f"from {table.relation} where _record in (select _record from faults)) as read using (_record) join ("
        f"{lines} where _record in (select {record} from faults)) as raw using (_row) "
        "order by faults._record, faults.rowid"
    )
    for _, rows in groupby(_fetched(result), key=itemgetter(0)):
        yield _faulty_row(list(rows))


def _fetched(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while batch := result.fetchmany(ROWS_AT_A_TIME):
        yield from batch


def _faulty_row(rows: list[tuple[Any, ...]]) -> list[Any]:
    """What is kept of one row. rows: one per fault, as fetched."""
    _, record, source_id, *_, raw_text, _, header = rows[0]
    faults = [
        _fault(column, code, _reason(column, code, because, cell))
        for _, _, _, column, code, because, _, cell, _ in rows
    ]
    first = faults[0]
    if header:
        first["reason"] = f"{header}: {first['reason']}"
    reason = "; ".join(fault["reason"] or "" for fault in faults)
    return [record, source_id, first["column_name"], first["reason_code"], reason, raw_text, faults]


def _values_of(arrival: Arrival, table: Source) -> str:
    """Canonical column to the cell it was read from, for the reason."""
    mapping = map_headers(arrival.contract, table.headers)
    cells_by_column = {name: quoted(headers[0]) for name, headers in mapping.columns.items() if headers}
    for name, column in arrival.contract.columns.items():
        if name in cells_by_column and isinstance(column.tax_rate, str):  # the fault may be the rate's
            rate = quoted(mapping.keys[column.tax_rate])
            cells_by_column[name] += f" || ' with tax rate ' || coalesce(nullif(trim({rate}), ''), '(empty)')"
    names, cells = ", ".join(map(literal, cells_by_column)), ", ".join(cells_by_column.values())
    return f"map([{names}], [{cells}])" if cells_by_column else "map(['']::varchar[], ['']::varchar[])"


def _reason(column: str | None, code: str, because: str | None, cell: str | None) -> str:
    message = because or REASONS.get(code, code)
    if code == "bad_number" and any(word in (cell or "") for word in "千万亿"):
        message = "has a unit of its own in addition to the contract's `unit`"
    quoted_cell = f" {cell!r}" if cell is not None and code != "missing_value" else ""
    return f"{column}:{quoted_cell} {message}" if column else message
