"""What 1,000 new records cost beside a kept run, and whether the promises about ids and tax ids hold."""

import time
from datetime import date, datetime
from typing import Any

import duckdb
import polars as pl

from pipelines.matching.engine import engine, load_records
from pipelines.matching.update import match_anew, update
from pipelines.resolve import ids
from pipelines.resolve.update import resolve_touched

NEW = 1000
SEED = 3


def measure_update(records: pl.DataFrame, new: int = NEW) -> dict[str, Any]:
    """Match all records but some, then these: CPU seconds of both, by part, and broken promises (0, 0)."""
    records = records.drop("truth").with_columns(exported_at=pl.lit(datetime(2026, 1, 1)))
    late = records.sample(new, seed=SEED)
    with engine(records.join(late, on=ids.KEY, how="anti")) as connection:
        _empty_resolved(connection)
        start = time.process_time()
        match_anew(connection)
        matched = time.process_time()
        resolve_touched(connection, None, _stamp(1))
        figures: dict[str, Any] = {
            "cold_matching_cpu_s": round(matched - start, 2),
            "cold_customers_cpu_s": round(time.process_time() - matched, 2),
        }
        standing = "select source_system, source_id, customer_id from resolved.customer_map"
        connection.execute(f"create table standing as {standing}")
        load_records(connection, records)
        return figures | _measured(connection)


def _measured(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    start, wall = time.process_time(), time.perf_counter()
    found = update(connection)
    matched = time.process_time()
    events = resolve_touched(connection, found.record_nos, _stamp(2))
    done, seconds = time.process_time(), time.perf_counter() - wall
    return {
        "update": found.reason,
        "update_matching_cpu_s": round(matched - start, 2),
        "update_customers_cpu_s": round(done - matched, 2),
        "update_seconds": round(seconds, 2),
        "touched_records": None if found.record_nos is None else len(found.record_nos),
        **_broken_promises(connection, events),
    }


def _broken_promises(connection: duckdb.DuckDBPyConnection, events: pl.DataFrame) -> dict[str, int]:
    """events: the new rows of the id log."""
    connection.register("events", events)
    checks = {
        "ids_changed_without_event": "resolved.customer_map as now inner join standing using (source_system, source_id)"
        " anti join events using (source_system, source_id) where now.customer_id != standing.customer_id",
        "customers_with_two_valid_tax_ids": "(select customer_id from resolved.customer_map"
        " inner join matching.mtc_records using (source_system, source_id) where is_tax_id_valid"
        " group by customer_id having count(distinct tax_id_key) > 1)",
    }
    counts = {name: connection.execute(f"select count(*) from {sql}").fetchone() for name, sql in checks.items()}
    return {name: row[0] if row else 0 for name, row in counts.items()}


def _empty_resolved(connection: duckdb.DuckDBPyConnection) -> None:
    log = pl.DataFrame(schema=ids.LOG_COLUMNS)  # noqa: F841 - DuckDB reads it
    connection.execute("create schema raw; create schema resolved")
    connection.execute("create view raw.accounts as from staging.stg_account_records")
    connection.execute("create table resolved.customer_events as from log")


def _stamp(number: int) -> dict[str, object]:
    return {"run_id": f"r{number}", "as_of": date(2026, 1, number), "recorded_at": datetime(2026, 1, number)}
