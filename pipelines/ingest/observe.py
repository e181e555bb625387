"""One file, once: read, cast, judged, and its accepted and refused rows kept. What comes back is its ledger row."""

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.contracts import ObjectContract, SourceContract, canonical_objects
from pipelines.ingest import landing
from pipelines.ingest.accept import CORRECTIONS, MEANING, judge
from pipelines.ingest.cast import Casting, cast_cells, fill_down
from pipelines.ingest.evidence import column_rules
from pipelines.ingest.exported import exported_from_column
from pipelines.ingest.forget import set_aside_forgotten
from pipelines.ingest.readers import read_source
from pipelines.ingest.returned import Patch, apply_patch
from pipelines.ingest.shape import UNPIVOTED, fit
from pipelines.ingest.source import Desk, FileRefusedError, Source
from pipelines.ingest.unpivot import add_stated, export_record_sql, unpivot_columns
from pipelines.ingest.values import literal
from pipelines.ingest.vocabulary import Vocabulary
from pipelines.settings import Settings
from pipelines.warehouse import quoted


@dataclass(frozen=True)
class Arrival:
    """A file that is to be read under a contract. exported_at is None where it stands in a column of the file."""

    system: SourceContract
    contract: ObjectContract
    contract_hash: str
    zone: str
    path: Path
    name: str
    sha256: str
    size: int
    exported_at: datetime | None
    vocabularies: dict[str, Vocabulary] = field(repr=False, default_factory=dict)
    patch: Patch = field(default_factory=Patch)


@dataclass
class Observed:
    """What became of a file: counts, or the reason it was rejected."""

    exported_at: datetime | None = None
    status: str = "loaded"
    reason_code: str = ""
    reason: str = ""
    rows_in: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_control: int = 0
    encoding: str = ""
    delimiter: str = ""
    window_from: date | None = None
    window_to: date | None = None
    warnings: list[str] = field(default_factory=list)
    corrections: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CORRECTIONS))

    @property
    def warnings_text(self) -> str:
        """The warnings as JSON."""
        return json.dumps(self.warnings, ensure_ascii=False)


def observe(settings: Settings, arrival: Arrival, file_id: str, landed_at: datetime, desk: Desk) -> Observed:
    """Read the file and keep its rows under `file_id`. One that cannot be used comes back rejected, with the reason."""
    with desk.file() as (connection, place):
        seen = Observed(exported_at=arrival.exported_at)
        try:
            source = read_source(connection, arrival.path, arrival.contract.reader, place)
            apply_patch(connection, source, arrival.patch)
            table = _read(connection, arrival, source, seen)
            set_aside_forgotten(settings, connection, arrival.contract)
            _keep(connection, settings, arrival, (source, table), seen, file_id, landed_at)
        except FileRefusedError as refusal:
            seen.status, seen.reason_code, seen.reason = "rejected", refusal.code, refusal.reason
            seen.rows_in = seen.rows_loaded = seen.rows_quarantined = seen.rows_control = 0
        except (duckdb.Error, pl.exceptions.PolarsError, ValueError, MemoryError, RecursionError) as error:
            seen.status, seen.reason_code = "rejected", "unreadable"
            seen.reason = f"could not be read: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
        return seen


def _read(connection: duckdb.DuckDBPyConnection, arrival: Arrival, source: Source, seen: Observed) -> Source:
    """Cast and judge the file; the table whose rows were read, which is not the file's where columns became rows."""
    contract, canonical = arrival.contract, canonical_objects()[arrival.contract.object]
    seen.encoding, seen.delimiter = source.encoding, source.delimiter
    if seen.exported_at is None:
        seen.exported_at = exported_from_column(connection, contract, source, arrival.zone)
    source = add_stated(connection, fill_down(connection, source, contract), contract, arrival.name)
    nulls = (*arrival.system.null_words, *contract.null_words)
    source = unpivot_columns(connection, source, contract, nulls)
    shape = fit(contract, source.headers)
    seen.warnings += [*source.warnings, *shape.warnings]
    rules = column_rules(connection, arrival.system, contract, shape, source, arrival.zone)
    casting = Casting(contract, canonical, shape, rules, _line_prefix(arrival, seen))
    cast_cells(connection, source, casting)
    seen.corrections = pl.concat([arrival.patch.corrections(), judge(connection, casting, arrival.vocabularies)])
    return source


def _line_prefix(arrival: Arrival, seen: Observed) -> str:
    """What makes the record number of a line without a key unique: the day, the file, and which part of it this is."""
    part = f"/{arrival.contract.name}" if arrival.contract.name != arrival.contract.object else ""
    return f"{seen.exported_at:%Y-%m-%d}/{arrival.name}{part}"


def _keep(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    arrival: Arrival,
    sources: tuple[Source, Source],
    seen: Observed,
    file_id: str,
    landed_at: datetime,
) -> None:
    """Write accepted and refused rows, then count: every row of the file must be in exactly one place.

    sources: the file as it came, and the table whose rows were read.
    """
    source = sources[0]
    total, control, loaded, faults = _row(
        connection,
        "select count(*), count(*) filter (_is_control), count(*) filter (not _is_control and _record not in "
        "(select _record from faults)), (select count(*) from faults) from typed",
    )
    refused = _refused_rows(connection, arrival, sources, file_id, has_faults=faults > 0)
    seen.rows_in = total + source.control + len(source.refused)
    seen.rows_loaded, seen.rows_control, seen.rows_quarantined = loaded, control + source.control, refused.height
    if seen.rows_in != loaded + seen.rows_quarantined + seen.rows_control:
        raise AssertionError(
            f"{arrival.name}: {seen.rows_in} rows in, but {loaded} + {refused.height} + {seen.rows_control}"
        )
    if loaded == 0 and refused.height:
        seen.status, seen.reason_code = "rejected", "all_rows_refused"
        seen.reason = f"no row could be used, first: {refused['reason'][0]}"
    if window := arrival.contract.window_column:
        bounds = _row(connection, f"select min({quoted(window)})::date, max({quoted(window)})::date {_ACCEPTED}")
        seen.window_from, seen.window_to = bounds
    landing.keep_frame(refused, landing.refused_path(settings, file_id))
    rows = _accepted_query(arrival, seen, file_id, landed_at)
    landing.keep_query(connection, rows, landing.rows_path(settings, arrival.contract.object, file_id))


_ACCEPTED = "from typed where not _is_control and _record not in (select _record from faults)"


def _row(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    found = connection.execute(sql).fetchone()
    assert found is not None
    return found


def _accepted_query(arrival: Arrival, seen: Observed, file_id: str, landed_at: datetime) -> str:
    canonical = canonical_objects()[arrival.contract.object]
    columns = ", ".join(map(quoted, canonical.sql_columns))
    return (
        f"select {columns}, _extra, {literal(arrival.system.system)} as source_system, source_id, "
        f"timestamp '{seen.exported_at}' as exported_at, timestamp '{landed_at}' as landed_at, "
        f"{literal(file_id)} as _file_id, _record, _row_hash, _namespaces {_ACCEPTED}"
    )


def _refused_rows(
    connection: duckdb.DuckDBPyConnection,
    arrival: Arrival,
    sources: tuple[Source, Source],
    file_id: str,
    *,
    has_faults: bool,
) -> pl.DataFrame:
    """Every refused record once: its first fault names column and code, all of them make the reason."""
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
        )
        for item in sources[0].refused
    ]
    judged = _judged_rows(connection, arrival, *sources) if has_faults else []
    rows = [(file_id, system, canonical, record, None, *rest) for record, *rest in judged]
    return pl.DataFrame(unread + rows, schema=landing.REFUSED, orient="row").sort("record", maintain_order=True)


def _judged_rows(
    connection: duckdb.DuckDBPyConnection, arrival: Arrival, source: Source, table: Source
) -> list[tuple[Any, ...]]:
    """(record of the export, source id, column, code, reason, raw text) of every row with a fault."""
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
    ).fetchall()
    merged: dict[int, list[Any]] = {}
    for row, record, source_id, column, code, because, raw_text, known, place in found:
        reason = _reason(column, code, because, known)
        if row in merged:
            merged[row][4] += f"; {reason}"
        else:
            merged[row] = [record, source_id, column or None, code, f"{place}: {reason}" if place else reason, raw_text]
    return [tuple(row) for row in merged.values()]


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
