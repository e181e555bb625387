"""Loads landing and ledger into the working file: `raw.*`, `control.*`, `quality.quarantine`, `keys.namespaces`.

Landing and state are the truth. The tables are brought in line with them in one transaction: effective files that are
missing are added, files that are no longer effective are removed. A killed run is completed by the next.
"""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts import CanonicalObject, SourceContract, canonical_objects
from pipelines.home import state, warehouse
from pipelines.home.settings import Settings
from pipelines.home.warehouse import quoted, replace_table
from pipelines.ingest.files import store
from pipelines.ingest.files.file_ledger import FILES, FileLedger, Row
from pipelines.ingest.formats.source import MEMORY_LIMIT

LINEAGE = {
    "_extra": "VARCHAR", "source_system": "VARCHAR", "source_id": "VARCHAR", "exported_at": "TIMESTAMP",
    "landed_at": "TIMESTAMP", "_file_id": "VARCHAR", "_record": "BIGINT", "_row_hash": "VARCHAR",
}  # fmt: skip
CORRECTIONS = {
    "file_id": pl.String, "source_system": pl.String, "object": pl.String, "source_id": pl.String,
    "column_name": pl.String, "old_value": pl.String, "new_value": pl.String, "rule": pl.String, "because": pl.String,
}  # fmt: skip
SYSTEMS = {
    "source_system": pl.String, "title": pl.String, "priority": pl.Int64, "cadence_days": pl.Int64,
    "required": pl.Boolean, "recognise": pl.String, "timezone": pl.String,
}  # fmt: skip
OBJECTS = {
    "source_system": pl.String, "contract": pl.String, "object": pl.String, "cadence_days": pl.Int64,
}  # fmt: skip


def synchronise(
    settings: Settings, contracts: Mapping[str, SourceContract], ledger: FileLedger, *, from_scratch: bool = False
) -> None:
    """Make the tables hold exactly the rows of effective files; fast where they already do.

    from_scratch: empty the tables first, whatever they hold.
    """
    effective = ledger.effective()
    with warehouse.write(settings) as connection:
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        _systems(connection, contracts, settings)
        _objects(connection, contracts)
        if from_scratch:
            _empty(connection)
        changed = _raw_tables(connection)
        loaded = _loaded(connection)
        stale = {file_id for file_id, name in loaded.items() if file_id not in effective or name in changed}
        missing = [row for file_id, row in effective.items() if file_id not in loaded or file_id in stale]
        if stale or missing or not _agrees(connection, ledger):
            _remove(connection, loaded, stale)
            _add(connection, settings, missing)
            _control(connection, settings, ledger, effective)


def _empty(connection: duckdb.DuckDBPyConnection) -> None:
    for name in canonical_objects():
        connection.execute(f"drop table if exists raw.{quoted(name)}")
    connection.execute("drop table if exists control.files")


def _raw_tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Create each raw table that is missing or has other columns than its object; the names of those created."""
    present: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in connection.execute(
        "select table_name, column_name, data_type from information_schema.columns where table_schema = 'raw' "
        "order by table_name, ordinal_position"
    ).fetchall():
        present.setdefault(table, []).append((column, kind))
    created = {}
    for name, canonical in canonical_objects().items():
        wanted = {**canonical.sql_columns, **LINEAGE}
        if present.get(name) != list(wanted.items()):
            columns = ", ".join(f"{quoted(column)} {kind}" for column, kind in wanted.items())
            created[name] = f"create or replace table raw.{quoted(name)} ({columns})"
    if created:
        connection.execute("; ".join(created.values()))
    return set(created)


def _loaded(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """File id to object of the files in the tables; empty where the tables are new."""
    if not _exists(connection, "control", "files"):
        return {}
    return dict(connection.execute("select file_id, object from control.files where status = 'loaded'").fetchall())


def _exists(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    row = connection.execute(
        "select 1 from information_schema.tables where table_schema = ? and table_name = ?", [schema, table]
    ).fetchone()
    return row is not None


def _agrees(connection: duckdb.DuckDBPyConnection, ledger: FileLedger) -> bool:
    """Whether control.files already has every observation with its current status."""
    if not _exists(connection, "control", "files"):
        return False
    shown = connection.execute("select file_id, status, landed_at from control.files").fetchall()
    return set(shown) == set(ledger.frame().select("file_id", "status", "landed_at").rows())


def _remove(connection: duckdb.DuckDBPyConnection, loaded: dict[str, str], stale: set[str]) -> None:
    for name in {loaded[file_id] for file_id in stale} & set(canonical_objects()):
        ids = [file_id for file_id in stale if loaded[file_id] == name]
        connection.execute(f"delete from raw.{quoted(name)} where _file_id in (select unnest(?))", [ids])


def _add(connection: duckdb.DuckDBPyConnection, settings: Settings, missing: list[Row]) -> None:
    """Insert the kept rows of each file; a column that the object has gained since is NULL in older ones.

    One thread: several write half-filled row groups, which are rewritten on closing the file at twice the cost.
    """
    connection.execute("set enable_progress_bar = false")  # it would mix with what the caller prints
    connection.execute("set threads = 1")
    for name, canonical in canonical_objects().items():
        paths = _kept(settings, name, [row["file_id"] for row in missing if row["object"] == name])
        if paths:
            connection.execute(f"insert into raw.{quoted(name)} by name {_rows_query(canonical)}", [_texts(paths)])
    connection.execute("reset threads")


def _rows_query(canonical: CanonicalObject) -> str:
    names = ", ".join(f"'{column}'" for column in [*canonical.sql_columns, *LINEAGE])
    return f"select columns(lambda name: name in ({names})) from read_parquet(?, union_by_name = true)"


def _kept(settings: Settings, name: str, file_ids: list[str]) -> list[Path]:
    return [path for file_id in file_ids for path in store.rows_paths(settings, name, file_id)]


def _texts(paths: list[Path]) -> list[str]:
    return [str(path) for path in paths]


def _control(
    connection: duckdb.DuckDBPyConnection, settings: Settings, ledger: FileLedger, effective: Mapping[str, Row]
) -> None:
    replace_table(connection, "control", "files", ledger.frame().select(list(FILES)))
    log = state.read(settings, "corrections")
    corrections = (
        pl.DataFrame(schema=CORRECTIONS)
        if log.is_empty()
        else log.select(list(CORRECTIONS)).unique(maintain_order=True)
    )
    replace_table(connection, "control", "corrections", corrections.filter(pl.col("file_id").is_in(list(effective))))
    _quarantine(connection, settings, ledger)
    _namespaces(connection, settings, effective)


def _quarantine(connection: duckdb.DuckDBPyConnection, settings: Settings, ledger: FileLedger) -> None:
    replace_table(connection, "quality", "quarantine", pl.DataFrame(schema=store.REFUSED))
    paths = [
        path
        for file_id in sorted(ledger.awaiting_correction())
        if (path := store.refused_path(settings, file_id)).exists()
    ]
    if paths:
        connection.execute(
            "insert into quality.quarantine by name select * from read_parquet(?, union_by_name = true)",
            [_texts(paths)],
        )


def _namespaces(connection: duckdb.DuckDBPyConnection, settings: Settings, effective: Mapping[str, Row]) -> None:
    """One key per record and namespace: that of its newest export."""
    connection.execute(
        "create or replace table keys.namespaces (source_system varchar, object varchar, source_id varchar, "
        "namespace varchar, namespace_key varchar)"
    )
    for name in canonical_objects():
        paths = _kept(settings, name, [file_id for file_id, row in effective.items() if row["object"] == name])
        if paths:
            connection.execute(
                "insert into keys.namespaces "
                "select source_system, ?, source_id, entry.namespace, entry.namespace_key from ("
                "select source_system, source_id, exported_at, landed_at, _record, unnest(_namespaces) as entry "
                "from read_parquet(?, union_by_name = true)) where entry.namespace_key is not null "
                "qualify row_number() over (partition by source_system, source_id, entry.namespace "
                "order by exported_at desc, landed_at desc, _record desc) = 1",
                [name, _texts(paths)],
            )


def _systems(
    connection: duckdb.DuckDBPyConnection, contracts: Mapping[str, SourceContract], settings: Settings
) -> None:
    rows = [
        {
            "source_system": system.system,
            "title": system.title,
            "priority": system.priority,
            "cadence_days": system.cadence_days,
            "required": system.required,
            "recognise": _recognise(system),
            "timezone": system.timezone or settings.company.timezone,
        }
        for system in contracts.values()
    ]
    replace_table(connection, "control", "systems", pl.DataFrame(rows, schema=SYSTEMS))


def _objects(connection: duckdb.DuckDBPyConnection, contracts: Mapping[str, SourceContract]) -> None:
    rows = [
        {
            "source_system": system.system,
            "contract": item.name,
            "object": item.object,
            "cadence_days": system.cadence_of(item),
        }
        for system in contracts.values()
        for item in system.objects
    ]
    replace_table(connection, "control", "objects", pl.DataFrame(rows, schema=OBJECTS))


def _recognise(system: SourceContract) -> str:
    """What counts as revenue: invoices where the system sends any, otherwise its orders."""
    sends_invoices = any(item.object in ("invoices", "invoice_lines") for item in system.objects)
    return system.recognise or ("invoice" if sends_invoices else "order")
