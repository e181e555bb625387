"""Lands one file: reads, casts and validates it, and keeps its accepted and refused rows."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import duckdb
import polars as pl

from pipelines.contracts import canonical_objects
from pipelines.home.machine import machine_fault
from pipelines.home.settings import Settings
from pipelines.home.warehouse import literal, quoted
from pipelines.ingest.arrival import Arrival, FileOutcome
from pipelines.ingest.casting.cast import Casting, cast_cells, fill_down
from pipelines.ingest.casting.column_profile import column_rules, date_order_evidence
from pipelines.ingest.casting.currency import (
    assumed,
    count_without_currency,
    guessed_currency,
    refuse_unstated,
)
from pipelines.ingest.casting.damaged_cells import error_warnings
from pipelines.ingest.casting.date_order import DateOrderEvidence
from pipelines.ingest.casting.header_mapping import map_headers, refuse_misspelled
from pipelines.ingest.casting.position import add_position
from pipelines.ingest.casting.sheet_mapping import map_sheets
from pipelines.ingest.casting.stated_units import refuse_unread_units
from pipelines.ingest.casting.undecided import refuse_undecided_amounts
from pipelines.ingest.casting.unpivot import add_stated, unpivot_columns
from pipelines.ingest.casting.validate import refuse_unknown_words, validate_rows
from pipelines.ingest.erasure.erase import exclude_forgotten
from pipelines.ingest.erasure.person import personal_columns
from pipelines.ingest.files import store
from pipelines.ingest.formats.readers import open_source
from pipelines.ingest.formats.source import FileRefusedError, Load, ScratchDatabase, Source
from pipelines.ingest.landing.absent import absent_names
from pipelines.ingest.landing.chunked_file import ChunkedFile, merge_outcomes
from pipelines.ingest.landing.export_date import export_dates, exported_from_column, newest_of
from pipelines.ingest.quarantine.rejected_rows import first_reason, rejected_rows
from pipelines.ingest.quarantine.resubmission import apply_patch


def land_file(
    settings: Settings, arrival: Arrival, file_id: str, landed_at: datetime, scratch: ScratchDatabase
) -> FileOutcome:
    """Read the file and keep its rows under `file_id`; an unusable one is rejected, with the reason in the outcome."""
    with scratch.file(arrival.path.stat().st_size) as (connection, folder):
        outcome = FileOutcome(exported_at=arrival.exported_at)
        file_store = store.FileStore(settings, arrival.contract.object, file_id, landed_at, folder)
        file_store.drop_chunks()
        try:
            loads = open_source(arrival.path, arrival.contract.reader, folder)
            if len(loads) == 1:
                _land(connection, file_store, arrival, loads[0](connection, 0), outcome)
            else:
                outcome = _land_chunks(connection, file_store, arrival, loads, outcome)
        except FileRefusedError as refusal:
            _reject(file_store, outcome, refusal.code, refusal.reason)
        except (duckdb.Error, pl.exceptions.PolarsError, ValueError, MemoryError, RecursionError) as error:
            if fault := machine_fault(error):
                file_store.drop()
                raise fault from error
            message = " ".join(str(error).split())[:300]
            _reject(file_store, outcome, "unreadable", f"could not be read: {type(error).__name__}: {message}")
        except OSError:
            file_store.drop()
            raise
        if outcome.status == "loaded" and (count := outcome.rows_without_currency):
            outcome.warnings.append(assumed(count, settings.company.base_currency, outcome.currency_guess))
        return outcome


def _reject(file_store: store.FileStore, outcome: FileOutcome, code: str, reason: str) -> None:
    """Keep no row of the file, not even of its valid chunks."""
    file_store.drop()
    outcome.status, outcome.reason_code, outcome.reason = "rejected", code, reason
    outcome.rows_in = outcome.rows_loaded = outcome.rows_quarantined = outcome.rows_control = 0


def _land(
    connection: duckdb.DuckDBPyConnection,
    file_store: store.FileStore,
    arrival: Arrival,
    source: Source,
    outcome: FileOutcome,
    chunked_file: ChunkedFile | None = None,
    chunk: int | None = None,
) -> None:
    """Read and keep a file, or one chunk of it."""
    apply_patch(connection, source, arrival.patch)
    table = _read(connection, file_store.settings, arrival, source, outcome, chunked_file)
    exclude_forgotten(file_store.settings, connection, arrival.contract)
    if chunked_file and chunk is not None:
        chunked_file.check_keys(chunk)
    _keep(connection, file_store, arrival, (source, table), outcome, chunk)


def _land_chunks(
    connection: duckdb.DuckDBPyConnection,
    file_store: store.FileStore,
    arrival: Arrival,
    loads: list[Load],
    file: FileOutcome,
) -> FileOutcome:
    """Read and keep a large file: every chunk once, then again those with rows whose key is repeated in the file.

    file: receives its export date, encoding and delimiter even if the file is rejected in the end.
    """
    contract = arrival.contract

    def scan(source: Source, carried: dict[str, str]) -> dict[str, DateOrderEvidence]:
        table = _prepared(connection, arrival, source, carried)
        return date_order_evidence(connection, arrival.system, contract, map_headers(contract, table.headers), table)

    def read(number: int) -> FileOutcome:
        outcome = FileOutcome(exported_at=file.exported_at)
        with chunked_file.chunk(number) as source:
            patch = arrival.patch.between(chunked_file.starts[number].before, source.records)
            _land(connection, file_store, replace(arrival, patch=patch), source, outcome, chunked_file, number)
        file.encoding, file.delimiter = outcome.encoding, outcome.delimiter
        return outcome

    chunked_file = ChunkedFile(connection, contract, loads, scan, arrival.patch)
    file.exported_at = arrival.exported_at or newest_of(chunked_file.texts(export_dates), contract, arrival.zone)
    chunks = [read(number) for number in range(len(loads))]
    refuse_unknown_words(chunked_file.unknown, canonical_objects()[contract.object], arrival.vocabularies)
    for number in chunked_file.chunks_with_repeated_keys([file_store.rows(number) for number in range(len(loads))]):
        chunks[number] = read(number)
    refused = [path for number in range(len(loads)) if (path := file_store.refused(number)).exists()]
    store.keep_files(connection, refused, "record", file_store.refused())
    return merge_outcomes(chunks)


def _prepared(
    connection: duckdb.DuckDBPyConnection, arrival: Arrival, source: Source, carried: dict[str, str] | None
) -> Source:
    """The rows that are read: stated values added, blank cells filled down, columns unpivoted, sheets mapped."""
    contract = arrival.contract
    table = fill_down(connection, add_stated(connection, source, contract, arrival.name), contract, carried)
    table = add_position(connection, table, contract, is_chunk=carried is not None)
    table = unpivot_columns(connection, table, contract, (*arrival.system.null_words, *contract.null_words))
    return map_sheets(connection, table, contract)


def _read(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    arrival: Arrival,
    source: Source,
    outcome: FileOutcome,
    chunked_file: ChunkedFile | None,
) -> Source:
    """Cast and validate the file; the table that was read: not the file's own where columns are unpivoted."""
    contract, canonical = arrival.contract, canonical_objects()[arrival.contract.object]
    outcome.encoding, outcome.delimiter = source.encoding, source.delimiter
    if outcome.exported_at is None:
        outcome.exported_at = exported_from_column(connection, contract, source, arrival.zone)
    table = _prepared(connection, arrival, source, chunked_file.carried if chunked_file else None)
    mapping = map_headers(contract, table.headers)
    outcome.warnings += [*table.warnings, *mapping.warnings]
    outcome.absent_columns = absent_names(arrival, mapping)
    refuse_misspelled(contract, [name for name in outcome.absent_columns if name in contract.columns], mapping)
    if outcome.absent_columns:
        outcome.warnings.append(f"the file lacks the headers of {', '.join(outcome.absent_columns)}: read as empty")
    refuse_unread_units(contract, mapping, table)
    refuse_undecided_amounts(connection, arrival.system, contract, mapping, table)
    is_required = settings.company.require_currency
    if is_required:
        refuse_unstated(connection, arrival.system, contract, canonical, mapping, table)
    order_of = chunked_file.order_of if chunked_file else None
    rules = column_rules(
        connection, arrival.system, contract, mapping, table, (arrival.zone, settings.company.timezone), order_of
    )
    casting = Casting(contract, canonical, mapping, rules, _line_prefix(arrival, outcome))
    cast_cells(connection, table, casting)
    corrections = validate_rows(
        connection, casting, arrival.vocabularies, chunked_file.unknown if chunked_file else None
    )
    outcome.corrections = pl.concat([arrival.patch.corrections(), corrections])
    outcome.warnings += error_warnings(corrections)
    outcome.rows_without_currency = count_without_currency(
        connection, arrival.system, contract, canonical, is_required=is_required
    )
    if outcome.rows_without_currency:
        outcome.currency_guess = guessed_currency(connection, canonical, mapping, table)
    return table


def _line_prefix(arrival: Arrival, outcome: FileOutcome) -> str:
    """Prefix that makes the record number of a line without a key unique: export day, file and contract."""
    part = f"/{arrival.contract.name}" if arrival.contract.name != arrival.contract.object else ""
    return f"{outcome.exported_at:%Y-%m-%d}/{arrival.name}{part}"


def _keep(
    connection: duckdb.DuckDBPyConnection,
    file_store: store.FileStore,
    arrival: Arrival,
    sources: tuple[Source, Source],
    outcome: FileOutcome,
    chunk: int | None,
) -> None:
    """Write accepted and refused rows, and check that every row of the file is counted exactly once.

    sources: the file's own rows, and the table that was read.
    """
    source = sources[0]
    total, control, loaded, faults = _row(
        connection,
        "select count(*), count(*) filter (_is_control), count(*) filter (not _is_control and _record not in "
        "(select _record from faults)), (select count(*) from faults) from typed",
    )
    refused = rejected_rows(connection, arrival, sources, file_store.file_id, has_faults=faults > 0)
    outcome.rows_in = total + source.control + len(source.refused)
    outcome.rows_loaded, outcome.rows_control, outcome.rows_quarantined = (
        loaded,
        control + source.control,
        refused.height,
    )
    if outcome.rows_in != loaded + outcome.rows_quarantined + outcome.rows_control:
        raise AssertionError(
            f"{arrival.name}: {outcome.rows_in} rows in, but {loaded} + {refused.height} + {outcome.rows_control}"
        )
    if loaded == 0 and refused.height:
        outcome.status, outcome.reason_code = "rejected", "all_rows_refused"
        private = personal_columns(arrival.contract)
        outcome.reason = f"no row could be used, first: {first_reason(refused, private)}"
    if window := arrival.contract.window_column:
        bounds = _row(connection, f"select min({quoted(window)})::date, max({quoted(window)})::date {_ACCEPTED}")
        outcome.window_from, outcome.window_to = bounds
    if CHANGED in canonical_objects()[arrival.contract.object].columns and CHANGED in arrival.contract.columns:
        (outcome.changed_at,) = _row(connection, f"select max({CHANGED})::timestamp {_ACCEPTED}")
    store.keep_frame(refused, file_store.refused(chunk))
    rows = _accepted_query(connection, arrival, outcome, file_store)
    store.keep_query(connection, rows, file_store.rows(chunk or 0))


CHANGED = "updated_at"
_ACCEPTED = "from typed where not _is_control and _record not in (select _record from faults)"


def _row(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    row = connection.execute(sql).fetchone()
    assert row is not None
    return row


def _accepted_query(
    connection: duckdb.DuckDBPyConnection, arrival: Arrival, outcome: FileOutcome, file_store: store.FileStore
) -> str:
    typed = {name for name, *_ in connection.execute("describe typed").fetchall()}
    canonical = canonical_objects()[arrival.contract.object]
    columns = ", ".join(quoted(name) for name in canonical.sql_columns if name in typed)
    return (
        f"select {columns}, _extra, {literal(arrival.system.system)} as source_system, source_id, "
        f"timestamp '{outcome.exported_at}' as exported_at, timestamp '{file_store.landed_at}' as landed_at, "
        f"{literal(file_store.file_id)} as _file_id, _record, _row_hash, _namespaces {_ACCEPTED}"
    )
