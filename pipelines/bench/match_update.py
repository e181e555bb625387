"""Cost of 1,000 new records after a kept run, and whether ids, tax ids and overrides hold as promised."""

import time
from datetime import date, datetime
from typing import Any

import duckdb
import polars as pl

from pipelines.home.warehouse import frames
from pipelines.matching.engine import engine, load_records
from pipelines.matching.update import match_all, update
from pipelines.resolve import ids
from pipelines.resolve.update import resolve_affected

NEW = 1000
SEED = 3
DECISIONS = 20  # of each kind, half of them before the first run and half before the update


def measure_update(records: pl.DataFrame, new: int = NEW) -> dict[str, Any]:
    """Match all records but some, then these: CPU seconds of both, by part, and broken promises (0, 0, 0)."""
    decisions = _decisions(records)
    records = records.drop("truth").with_columns(exported_at=pl.lit(datetime(2026, 1, 1)))
    late = records.sample(new, seed=SEED)
    with engine(records.join(late, on=ids.KEY, how="anti")) as connection:
        _empty_resolved(connection)
        _decide(connection, decisions[::2])
        start = time.process_time()
        match_all(connection)
        matched = time.process_time()
        resolve_affected(connection, None, _stamp(1))
        figures: dict[str, Any] = {
            "cold_matching_cpu_s": round(matched - start, 2),
            "cold_customers_cpu_s": round(time.process_time() - matched, 2),
        }
        previous = "select source_system, source_id, customer_id from resolved.customer_map"
        connection.execute(f"create table previous as {previous}")
        load_records(connection, records)
        _decide(connection, decisions[1::2])
        return figures | {"decisions": len(decisions)} | _measured(connection)


def _decisions(records: pl.DataFrame) -> pl.DataFrame:
    """Rows for match_overrides that contradict the truth, so that following them is no accident: `not_same` for two
    records of one customer, `same` for two customers without a tax id that have a single record each."""
    is_single, is_multiple = pl.len().over("truth") == 1, pl.len().over("truth") > 1
    multiple = records.filter(is_multiple).sort("truth", *ids.KEY)
    first = multiple.unique("truth", keep="first", maintain_order=True)
    last = multiple.unique("truth", keep="last", maintain_order=True)
    single = records.filter(is_single & pl.col("tax_id").is_null()).sort(ids.KEY)
    half = len(single) // 2
    kinds = {"not_same": (first, last), "same": (single.head(half), single.slice(half, half))}
    return pl.concat(
        [_pairs(left.head(DECISIONS), right.head(DECISIONS), kind) for kind, (left, right) in kinds.items()]
    )


def _pairs(left: pl.DataFrame, right: pl.DataFrame, decision: str) -> pl.DataFrame:
    keys = [frame.select(pl.col(ids.KEY).name.suffix(end)) for frame, end in ((left, "_l"), (right, "_r"))]
    columns = {"decision": pl.lit(decision), "decided_by": pl.lit("bench"), "reason": pl.lit("to be followed")}
    return pl.concat(keys, how="horizontal").with_columns(decided_on=pl.lit(date(2026, 1, 1)), **columns)


def _decide(connection: duckdb.DuckDBPyConnection, decisions: pl.DataFrame) -> None:
    connection.register("decisions", decisions)
    connection.execute("insert into policy.match_overrides by name select * from decisions")


def _measured(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    start, wall = time.process_time(), time.perf_counter()
    updated = update(connection)
    matched = time.process_time()
    events = resolve_affected(connection, updated.record_nos, _stamp(2))
    done, seconds = time.process_time(), time.perf_counter() - wall
    return {
        "update": updated.reason,
        "update_matching_cpu_s": round(matched - start, 2),
        "update_customers_cpu_s": round(done - matched, 2),
        "update_seconds": round(seconds, 2),
        "affected_records": None if updated.record_nos is None else len(updated.record_nos),
        **_broken_promises(connection, events),
        "ids_that_a_lost_log_would_change": len(ids.lost_log_differences(*_given(connection))),
    }


def _given(connection: duckdb.DuckDBPyConnection) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The records with their customers as clusters, and the id log."""
    records = connection.execute(
        "select source_system, source_id, dense_rank() over (order by customer_id) as cluster,"
        " exported_at as first_seen_at from resolved.customer_map"
        " inner join staging.stg_account_records using (source_system, source_id)"
    ).pl()
    return records.cast({"cluster": pl.Int64}), connection.execute("from resolved.customer_events").pl()


def _broken_promises(connection: duckdb.DuckDBPyConnection, events: pl.DataFrame) -> dict[str, int]:
    """events: the new rows of the id log."""
    connection.register("events", events)
    checks = {
        "ids_changed_without_event": "resolved.customer_map as now inner join previous using (source_system, source_id)"
        " anti join events using (source_system, source_id) where now.customer_id != previous.customer_id",
        "customers_with_two_valid_tax_ids": "(select customer_id from resolved.customer_map"
        " inner join matching.mtc_records using (source_system, source_id) where is_tax_id_valid"
        " group by customer_id having count(distinct tax_id_key) > 1)",
        "customers_against_an_override": "policy.match_overrides as decisions"
        " inner join resolved.customer_map as l on (source_system_l, source_id_l) = (l.source_system, l.source_id)"
        " inner join resolved.customer_map as r on (source_system_r, source_id_r) = (r.source_system, r.source_id)"
        " where (l.customer_id = r.customer_id) != (decision = 'same')",
    }
    counts = {name: connection.execute(f"select count(*) from {sql}").fetchone() for name, sql in checks.items()}
    return {name: row[0] if row else 0 for name, row in counts.items()}


def _empty_resolved(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema raw; create schema resolved")
    connection.execute("create view raw.accounts as from staging.stg_account_records")
    with frames(connection, log=pl.DataFrame(schema=ids.LOG_COLUMNS)):
        connection.execute("create table resolved.customer_events as from log")


def _stamp(number: int) -> dict[str, object]:
    return {"run_id": f"r{number}", "as_of": date(2026, 1, number), "recorded_at": datetime(2026, 1, number)}
