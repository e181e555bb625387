"""What is kept of refused records: each once, with its place, all of its faults and its text."""

from collections.abc import Collection, Iterator
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

import duckdb
import polars as pl

from pipelines.contracts.quarantine import NOT_SHOWN
from pipelines.home.warehouse import literal, quoted
from pipelines.ingest.arrival import Arrival
from pipelines.ingest.casting.header_mapping import UNPIVOTED, fit
from pipelines.ingest.casting.unpivot import export_record_sql
from pipelines.ingest.casting.validate import MEANING
from pipelines.ingest.files import store
from pipelines.ingest.formats.source import Source

Fault = dict[str, str | None]
REFUSED_ROWS = 50_000  # so many at once as Python objects, which take several times the room of their text


def refused_rows(
    connection: duckdb.DuckDBPyConnection,
    arrival: Arrival,
    sources: tuple[Source, Source],
    file_id: str,
    *,
    has_faults: bool,
) -> pl.DataFrame:
    """One row per refused record: its first fault names column and code, all of them make the reason and the list."""
    system, canonical = arrival.system.system, arrival.contract.object
    unread = [
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
    judged = _judged_rows(connection, arrival, *sources) if has_faults else iter(())
    rows = ((file_id, system, canonical, record, None, *rest) for record, *rest in judged)
    frames = [pl.DataFrame(unread, schema=store.REFUSED, orient="row")]
    while some := list(islice(rows, REFUSED_ROWS)):
        frames.append(pl.DataFrame(some, schema=store.REFUSED, orient="row"))
    return pl.concat(frames).sort("record", maintain_order=True)


def first_reason(refused: pl.DataFrame, private: Collection[str]) -> str:
    """Why the first refused record is; cells of private columns are not quoted."""
    faults = refused["faults"][0].to_list()
    column = "column_name"
    return "; ".join(f"{item[column]}: {NOT_SHOWN}" if item[column] in private else item["reason"] for item in faults)


def _fault(column: str | None, code: str, reason: str) -> Fault:
    return {"column_name": column or None, "reason_code": code, "reason": reason}


def _judged_rows(
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
    found = connection.execute(
        "select faults._record, raw._row, typed.source_id, faults.column_name, faults.code, faults.because, raw.line, "
        "read.known[faults.column_name], read.place from faults join typed using (_record) join ("
        f"select _record, {record} as _row, {_values_of(arrival, table)} as known, "
        f"{quoted(UNPIVOTED) if arrival.contract.unpivot else 'null'} as place "
        f"from {table.relation} where _record in (select _record from faults)) as read using (_record) join ("
        f"{lines} where _record in (select {record} from faults)) as raw using (_row) "
        "order by faults._record, faults.rowid"
    )
    for _, rows in groupby(_fetched(found), key=itemgetter(0)):
        yield _judged_row(list(rows))


def _fetched(found: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while some := found.fetchmany(REFUSED_ROWS):
        yield from some


def _judged_row(rows: list[tuple[Any, ...]]) -> list[Any]:
    """What is kept of one row. rows: its faults as they were fetched."""
    _, record, source_id, *_, raw_text, _, place = rows[0]
    faults = [
        _fault(column, code, _reason(column, code, because, known))
        for _, _, _, column, code, because, _, known, _ in rows
    ]
    first = faults[0]
    if place:
        first["reason"] = f"{place}: {first['reason']}"
    reason = "; ".join(fault["reason"] or "" for fault in faults)
    return [record, source_id, first["column_name"], first["reason_code"], reason, raw_text, faults]


def _values_of(arrival: Arrival, table: Source) -> str:
    """Canonical column to the cell it was read from, for the reason."""
    shape = fit(arrival.contract, table.headers)
    read = {name: quoted(headers[0]) for name, headers in shape.columns.items() if headers}
    for name, column in arrival.contract.columns.items():
        if name in read and isinstance(column.tax_rate, str):  # the fault may be the rate's
            rate = quoted(shape.keys[column.tax_rate])
            read[name] += f" || ' with tax rate ' || coalesce(nullif(trim({rate}), ''), '(empty)')"
    names, cells = ", ".join(map(literal, read)), ", ".join(read.values())
    return f"map([{names}], [{cells}])" if read else "map(['']::varchar[], ['']::varchar[])"


def _reason(column: str | None, code: str, because: str | None, known: str | None) -> str:
    said = because or MEANING.get(code, code)
    if code == "bad_number" and any(word in (known or "") for word in "千万亿"):
        said = "says a unit of its own beside the contract's `unit`"
    value = f" {known!r}" if known is not None and code != "missing_value" else ""
    return f"{column}:{value} {said}" if column else said
