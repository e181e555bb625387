"""Customers of touched records only: the rest of `resolved.*` stands as it is.

`touched` is closed: no other record can be tied to one of them by positive evidence, nor hold an id they held.
"""

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.resolve import ids
from pipelines.resolve.clusters import Clusters
from pipelines.resolve.customers import TABLES, first_seen, resolve
from pipelines.resolve.evidence import GREY_BITS, Evidence, read_evidence
from pipelines.resolve.reviews import reviews

Ints = npt.NDArray[np.int64]


def resolve_touched(
    connection: duckdb.DuckDBPyConnection, record_nos: Ints | None, stamp: dict[str, object]
) -> pl.DataFrame:
    """Bring `resolved.*` up to date after `pipelines.matching.update`; returns the new rows of the id log.

    record_nos: the touched records, or None for all. stamp: `run_id, as_of, recorded_at`.
    """
    if record_nos is None:
        log = connection.execute("from resolved.customer_events").pl()
        tables, events = resolve(read_evidence(connection), first_seen(connection), log, stamp)
        for name in TABLES:
            _replace(connection, name, tables[name])
        return events
    evidence = read_evidence(connection, record_nos)
    keys = evidence.records.select(ids.KEY)
    _forget_gone(connection, keys)
    log = _log_of(connection, keys)
    tables, events = resolve(evidence, first_seen(connection, keys), log, stamp)
    _merge(connection, tables, log, events)
    _grey_with_others(connection, record_nos, keys)
    return events


def _replace(connection: duckdb.DuckDBPyConnection, name: str, rows: pl.DataFrame) -> None:
    connection.execute(f"create or replace table resolved.{name} as from rows")


def _forget_gone(connection: duckdb.DuckDBPyConnection, keys: pl.DataFrame) -> None:
    """Rows of touched records and of such as are no more."""
    connection.execute(
        "create or replace temp table settled as"
        " select source_system, source_id from resolved.customer_map semi join keys using (source_system, source_id)"
    )
    # every untouched record that is present has its row: where there are more rows than such records, some are gone
    untouched = _count(connection, "matching.mtc_records") - len(keys)
    if _count(connection, "resolved.customer_map") - _count(connection, "settled") != untouched:
        connection.execute(
            "insert into settled select source_system, source_id from resolved.customer_map anti join"
            " (select source_system, source_id from matching.mtc_records) using (source_system, source_id)"
        )
    connection.execute(
        "delete from resolved.customer_map where (source_system, source_id) in (from settled);"
        "delete from resolved.customer_reviews where (source_system_l, source_id_l) in (from settled)"
        " or (source_system_r, source_id_r) in (from settled)"
    )


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f"select count(*) from {table}").fetchall()[0][0])


def _log_of(connection: duckdb.DuckDBPyConnection, keys: pl.DataFrame) -> pl.DataFrame:
    """The log of every record that ever had an id which a touched record ever had."""
    own = connection.execute(
        "select *, rowid as place from resolved.customer_events semi join keys using (source_system, source_id)"
    ).pl()
    ever = own.select("customer_id").unique()  # noqa: F841 - DuckDB reads it
    held = connection.execute(
        "select *, rowid as place from resolved.customer_events where customer_id in (from ever)"
    ).pl()
    log = pl.concat([own, held])
    others = held.select(ids.KEY).unique().join(keys, on=ids.KEY, how="anti")
    if len(others):
        further = connection.execute(
            "select *, rowid as place from resolved.customer_events semi join others using (source_system, source_id)"
        ).pl()
        log = pl.concat([log, further])
    log = log.unique("place").sort("place")
    return log.select(pl.col(name).cast(kind) for name, kind in ids.LOG_COLUMNS.items())


def _merge(
    connection: duckdb.DuckDBPyConnection, tables: dict[str, pl.DataFrame], log: pl.DataFrame, events: pl.DataFrame
) -> None:
    map_rows, review_rows = tables["customer_map"], tables["customer_reviews"]  # noqa: F841 - DuckDB reads them
    keys = map_rows.select(ids.KEY)
    ever = log.join(keys, on=ids.KEY, how="semi").select(alias_customer_id="customer_id").unique()
    alias_rows = tables["customer_aliases"].join(ever, on="alias_customer_id", how="semi")  # noqa: F841
    connection.execute(
        "insert into resolved.customer_map by name from map_rows;"
        "insert into resolved.customer_reviews by name from review_rows;"
        "delete from resolved.customer_aliases where alias_customer_id in (from ever);"
        "insert into resolved.customer_aliases by name from alias_rows;"
        "insert into resolved.customer_events by name from events"
    )


def _grey_with_others(connection: duckdb.DuckDBPyConnection, record_nos: Ints, keys: pl.DataFrame) -> None:
    """Undecided pairs of a touched record and one that is not: nothing merges them, but someone may look at them."""
    touched = pl.DataFrame({"record_no": record_nos})  # noqa: F841 - DuckDB reads it
    ends = connection.execute(
        f"select record_no_l, record_no_r from matching.mtc_pairs where score_bits > {GREY_BITS} and score_bits <= 0"
        " and (record_no_l in (from touched)) != (record_no_r in (from touched))"
    ).pl()
    both = np.unique(np.concatenate([ends["record_no_l"].to_numpy(), ends["record_no_r"].to_numpy()]))
    evidence = read_evidence(connection, both)
    named = evidence.records.select(ids.KEY)  # noqa: F841 - DuckDB reads it
    given = connection.execute(
        "select source_system, source_id, customer_id from resolved.customer_map"
        " semi join named using (source_system, source_id)"
    ).pl()
    found = evidence.records.join(given, on=ids.KEY, how="left", maintain_order="left")
    is_touched = found.join(keys.with_columns(is_touched=True), on=ids.KEY, how="left", maintain_order="left")
    rows = _across(evidence, found, is_touched["is_touched"].fill_null(False).to_numpy())  # noqa: F841
    connection.execute("insert into resolved.customer_reviews by name from rows")


def _across(evidence: Evidence, found: pl.DataFrame, is_touched: npt.NDArray[np.bool_]) -> pl.DataFrame:
    left, right = evidence.pairs["l"].to_numpy(), evidence.pairs["r"].to_numpy()
    is_across = pl.Series(is_touched[left] != is_touched[right], dtype=pl.Boolean)
    pairs = evidence.pairs.filter(is_across & (evidence.pairs["score_bits"] <= 0))
    labels = found["customer_id"].rank("dense").cast(pl.Int64).to_numpy() if len(found) else np.zeros(0, np.int64)
    none: Ints = np.zeros(0, dtype=np.int64)
    only = Evidence(evidence.records, pairs, evidence.links, evidence.codes, evidence.code_names)
    outcomes: Ints = np.zeros(len(evidence.certain), dtype=np.int64)
    clusters = Clusters(labels, outcomes if len(outcomes) else none, np.zeros(len(pairs), dtype=np.int64))
    return reviews(only, clusters, found.select("record", "customer_id"))
