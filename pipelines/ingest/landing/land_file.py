"""One file, once: read, cast, judged, and its accepted and refused rows kept. What comes back is its ledger row."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import duckdb
import polars as pl

from pipelines.contracts import canonical_objects
from pipelines.home.settings import Settings
from pipelines.home.warehouse import literal, quoted
from pipelines.ingest.arrival import Arrival, Observed
from pipelines.ingest.casting.cast import Casting, cast_cells, fill_down
from pipelines.ingest.casting.column_profile import Evidence, column_rules, date_evidence
from pipelines.ingest.casting.header_mapping import fit
from pipelines.ingest.casting.sheet_mapping import fit_sheets
from pipelines.ingest.casting.unpivot import add_stated, unpivot_columns
from pipelines.ingest.casting.validate import judge, refuse_unknown
from pipelines.ingest.erasure.erase import set_aside_forgotten
from pipelines.ingest.erasure.person import personal_columns
from pipelines.ingest.files import store
from pipelines.ingest.formats.readers import open_source
from pipelines.ingest.formats.source import FileRefusedError, Load, ScratchDatabase, Source
from pipelines.ingest.landing.chunked_file import Whole, together
from pipelines.ingest.landing.export_date import export_dates, exported_from_column, newest_of
from pipelines.ingest.quarantine.rejected_rows import first_reason, refused_rows
from pipelines.ingest.quarantine.resubmission import apply_patch


def observe(
    settings: Settings, arrival: Arrival, file_id: str, landed_at: datetime, scratch_database: ScratchDatabase
) -> Observed:
    """Read the file and keep its rows under `file_id`. One that cannot be used comes back rejected, with the reason."""
    with scratch_database.file() as (connection, place):
        seen = Observed(exported_at=arrival.exported_at)
        home = store.Home(settings, arrival.contract.object, file_id, landed_at, place)
        home.drop_pieces()
        try:
            loads = open_source(arrival.path, arrival.contract.reader, place)
            if len(loads) == 1:
                _observe(connection, home, arrival, loads[0](connection, 0), seen)
            else:
                seen = _in_pieces(connection, home, arrival, loads, seen)
        except FileRefusedError as refusal:
            _reject(home, seen, refusal.code, refusal.reason)
        except (duckdb.Error, pl.exceptions.PolarsError, ValueError, MemoryError, RecursionError) as error:
            said = " ".join(str(error).split())[:300]
            _reject(home, seen, "unreadable", f"could not be read: {type(error).__name__}: {said}")
        except OSError:
            home.drop()
            raise
        return seen


def _reject(home: store.Home, seen: Observed, code: str, reason: str) -> None:
    """Keep no row of the file, neither of the pieces that were sound."""
    home.drop()
    seen.status, seen.reason_code, seen.reason = "rejected", code, reason
    seen.rows_in = seen.rows_loaded = seen.rows_quarantined = seen.rows_control = 0


def _observe(
    connection: duckdb.DuckDBPyConnection,
    home: store.Home,
    arrival: Arrival,
    source: Source,
    seen: Observed,
    whole: Whole | None = None,
    piece: int | None = None,
) -> None:
    """Read and keep a file, or one piece of it."""
    apply_patch(connection, source, arrival.patch)
    table = _read(connection, arrival, source, seen, whole)
    set_aside_forgotten(home.settings, connection, arrival.contract)
    if whole and piece is not None:
        whole.compare(piece)
    _keep(connection, home, arrival, (source, table), seen, piece)


def _in_pieces(
    connection: duckdb.DuckDBPyConnection, home: store.Home, arrival: Arrival, loads: list[Load], file: Observed
) -> Observed:
    """Read and keep a large file: every piece once, and those again that hold rows whose key stands elsewhere too.

    file: receives what is known of it even where it is refused in the end.
    """
    contract = arrival.contract

    def look(source: Source, carried: dict[str, str]) -> dict[str, Evidence]:
        table = _prepared(connection, arrival, source, carried)
        return date_evidence(connection, arrival.system, contract, fit(contract, table.headers), table)

    def read(number: int) -> Observed:
        seen = Observed(exported_at=file.exported_at)
        with whole.piece(number) as source:
            patch = arrival.patch.between(whole.starts[number].before, source.records)
            _observe(connection, home, replace(arrival, patch=patch), source, seen, whole, number)
        file.encoding, file.delimiter = seen.encoding, seen.delimiter
        return seen

    whole = Whole(connection, contract, loads, look, arrival.patch)
    file.exported_at = arrival.exported_at or newest_of(whole.texts(export_dates), contract, arrival.zone)
    pieces = [read(number) for number in range(len(loads))]
    refuse_unknown(whole.unknown, canonical_objects()[contract.object], arrival.vocabularies)
    for number in whole.repeated([home.rows(number) for number in range(len(loads))]):
        pieces[number] = read(number)
    refused = [path for number in range(len(loads)) if (path := home.refused(number)).exists()]
    store.keep_files(connection, refused, "record", home.refused())
    return together(pieces)


def _prepared(
    connection: duckdb.DuckDBPyConnection, arrival: Arrival, source: Source, carried: dict[str, str] | None
) -> Source:
    """The rows that are read: what is said once added, blank cells filled down, columns turned into rows."""
    contract = arrival.contract
    table = fill_down(connection, add_stated(connection, source, contract, arrival.name), contract, carried)
    table = unpivot_columns(connection, table, contract, (*arrival.system.null_words, *contract.null_words))
    return fit_sheets(connection, table, contract)


def _read(
    connection: duckdb.DuckDBPyConnection, arrival: Arrival, source: Source, seen: Observed, whole: Whole | None
) -> Source:
    """Cast and judge the file; the table whose rows were read, which is not the file's where columns became rows."""
    contract, canonical = arrival.contract, canonical_objects()[arrival.contract.object]
    seen.encoding, seen.delimiter = source.encoding, source.delimiter
    if seen.exported_at is None:
        seen.exported_at = exported_from_column(connection, contract, source, arrival.zone)
    table = _prepared(connection, arrival, source, whole.carried if whole else None)
    shape = fit(contract, table.headers)
    seen.warnings += [*table.warnings, *shape.warnings]
    order_of = whole.order_of if whole else None
    rules = column_rules(connection, arrival.system, contract, shape, table, arrival.zone, order_of)
    casting = Casting(contract, canonical, shape, rules, _line_prefix(arrival, seen))
    cast_cells(connection, table, casting)
    made = judge(connection, casting, arrival.vocabularies, whole.unknown if whole else None)
    seen.corrections = pl.concat([arrival.patch.corrections(), made])
    return table


def _line_prefix(arrival: Arrival, seen: Observed) -> str:
    """What makes the record number of a line without a key unique: the day, the file, and which part of it this is."""
    part = f"/{arrival.contract.name}" if arrival.contract.name != arrival.contract.object else ""
    return f"{seen.exported_at:%Y-%m-%d}/{arrival.name}{part}"


def _keep(
    connection: duckdb.DuckDBPyConnection,
    home: store.Home,
    arrival: Arrival,
    sources: tuple[Source, Source],
    seen: Observed,
    piece: int | None,
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
    refused = refused_rows(connection, arrival, sources, home.file_id, has_faults=faults > 0)
    seen.rows_in = total + source.control + len(source.refused)
    seen.rows_loaded, seen.rows_control, seen.rows_quarantined = loaded, control + source.control, refused.height
    if seen.rows_in != loaded + seen.rows_quarantined + seen.rows_control:
        raise AssertionError(
            f"{arrival.name}: {seen.rows_in} rows in, but {loaded} + {refused.height} + {seen.rows_control}"
        )
    if loaded == 0 and refused.height:
        seen.status, seen.reason_code = "rejected", "all_rows_refused"
        private = personal_columns(arrival.contract)
        seen.reason = f"no row could be used, first: {first_reason(refused, private)}"
    if window := arrival.contract.window_column:
        bounds = _row(connection, f"select min({quoted(window)})::date, max({quoted(window)})::date {_ACCEPTED}")
        seen.window_from, seen.window_to = bounds
    store.keep_frame(refused, home.refused(piece))
    rows = _accepted_query(connection, arrival, seen, home)
    store.keep_query(connection, rows, home.rows(piece or 0))


_ACCEPTED = "from typed where not _is_control and _record not in (select _record from faults)"


def _row(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    found = connection.execute(sql).fetchone()
    assert found is not None
    return found


def _accepted_query(connection: duckdb.DuckDBPyConnection, arrival: Arrival, seen: Observed, home: store.Home) -> str:
    made = {name for name, *_ in connection.execute("describe typed").fetchall()}
    canonical = canonical_objects()[arrival.contract.object]
    columns = ", ".join(quoted(name) for name in canonical.sql_columns if name in made)
    return (
        f"select {columns}, _extra, {literal(arrival.system.system)} as source_system, source_id, "
        f"timestamp '{seen.exported_at}' as exported_at, timestamp '{home.landed_at}' as landed_at, "
        f"{literal(home.file_id)} as _file_id, _record, _row_hash, _namespaces {_ACCEPTED}"
    )
