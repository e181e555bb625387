"""Customers of affected records only: the rest of `resolved.*` stays as it is.

Affected records are a closed set: no other record can be linked to one of them by a positive score, nor hold an id they
held.
"""

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.home.warehouse import frames
from pipelines.resolve import ids
from pipelines.resolve.cluster_input import GREY_BITS, ClusterInput, read_cluster_input
from pipelines.resolve.clusters import Clusters
from pipelines.resolve.customers import TABLES, first_exported, resolve
from pipelines.resolve.reviews import reviews

Ints = npt.NDArray[np.int64]


def resolve_affected(
    connection: duckdb.DuckDBPyConnection, record_nos: Ints | None, stamp: dict[str, object]
) -> pl.DataFrame:
    """Bring `resolved.*` up to date after `pipelines.matching.update`; returns the new rows of the id log.

    record_nos: the affected records, or None for all. stamp: `run_id, as_of, recorded_at`.
    """
    if record_nos is None:
        log = connection.execute("from resolved.customer_events").pl()
        tables, events = resolve(read_cluster_input(connection), first_exported(connection), log, stamp)
        for name in TABLES:
            _replace(connection, name, tables[name])
        return events
    inputs = read_cluster_input(connection, record_nos)
    keys = inputs.records.select(ids.KEY)
    _delete_rows(connection, keys)
    log = _log_of(connection, keys)
    tables, events = resolve(inputs, first_exported(connection, keys), log, stamp)
    _merge(connection, tables, log, events)
    _add_grey_pairs(connection, record_nos, keys)
    return events


def _replace(connection: duckdb.DuckDBPyConnection, name: str, rows: pl.DataFrame) -> None:
    with frames(connection, rows=rows):
        connection.execute(f"create or replace table resolved.{name} as from rows")


def _delete_rows(connection: duckdb.DuckDBPyConnection, keys: pl.DataFrame) -> None:
    """Delete the rows of affected records and of records that no longer exist."""
    with frames(connection, affected=keys):
        connection.execute(
            "create or replace temp table replaced_rows as select source_system, source_id from resolved.customer_map"
            " semi join affected using (source_system, source_id)"
        )
    # every unaffected record that exists has its row: where there are more rows than such records, some were removed
    unaffected = _count(connection, "matching.mtc_records") - len(keys)
    if _count(connection, "resolved.customer_map") - _count(connection, "replaced_rows") != unaffected:
        connection.execute(
            "insert into replaced_rows select source_system, source_id from resolved.customer_map anti join"
            " (select source_system, source_id from matching.mtc_records) using (source_system, source_id)"
        )
    connection.execute(
        "delete from resolved.customer_map where (source_system, source_id) in (from replaced_rows);"
        "delete from resolved.customer_reviews where (source_system_l, source_id_l) in (from replaced_rows)"
        " or (source_system_r, source_id_r) in (from replaced_rows)"
    )


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f"select count(*) from {table}").fetchall()[0][0])


def _log_of(connection: duckdb.DuckDBPyConnection, keys: pl.DataFrame) -> pl.DataFrame:
    """The log of every record that ever had an id which an affected record ever had."""
    own = _events_of(connection, keys)
    with frames(connection, ever=own.select("customer_id").unique()):
        held = connection.execute(
            "select *, rowid as log_position from resolved.customer_events where customer_id in (from ever)"
        ).pl()
    log = pl.concat([own, held])
    holders = held.select(ids.KEY).unique().join(keys, on=ids.KEY, how="anti")
    if len(holders):
        log = pl.concat([log, _events_of(connection, holders)])
    log = log.unique("log_position").sort("log_position")
    return log.select(pl.col(name).cast(kind) for name, kind in ids.LOG_COLUMNS.items())


def _events_of(connection: duckdb.DuckDBPyConnection, keys: pl.DataFrame) -> pl.DataFrame:
    with frames(connection, holders=keys):
        return connection.execute(
            "select *, rowid as log_position from resolved.customer_events"
            " semi join holders using (source_system, source_id)"
        ).pl()


def _merge(
    connection: duckdb.DuckDBPyConnection, tables: dict[str, pl.DataFrame], log: pl.DataFrame, events: pl.DataFrame
) -> None:
    keys = tables["customer_map"].select(ids.KEY)
    ever = log.join(keys, on=ids.KEY, how="semi").select(alias_customer_id="customer_id").unique()
    with frames(
        connection,
        map_rows=tables["customer_map"],
        review_rows=tables["customer_reviews"],
        ever=ever,
        alias_rows=tables["customer_aliases"].join(ever, on="alias_customer_id", how="semi"),
        event_rows=events,
    ):
        connection.execute(
            "insert into resolved.customer_map by name from map_rows;"
            "insert into resolved.customer_reviews by name from review_rows;"
            "delete from resolved.customer_aliases where alias_customer_id in (from ever);"
            "insert into resolved.customer_aliases by name from alias_rows;"
            "insert into resolved.customer_events by name from event_rows"
        )


def _add_grey_pairs(connection: duckdb.DuckDBPyConnection, record_nos: Ints, keys: pl.DataFrame) -> None:
    """Add the undecided pairs of an affected record and an unaffected one: they never merge, but go to review."""
    with frames(connection, affected=pl.DataFrame({"record_no": record_nos})):
        ends = connection.execute(
            f"select record_no_l, record_no_r from matching.mtc_pairs where score_bits > {GREY_BITS}"
            " and score_bits <= 0 and (record_no_l in (from affected)) != (record_no_r in (from affected))"
        ).pl()
    paired_nos = np.unique(np.concatenate([ends["record_no_l"].to_numpy(), ends["record_no_r"].to_numpy()]))
    inputs = read_cluster_input(connection, paired_nos)
    with frames(connection, paired_keys=inputs.records.select(ids.KEY)):
        given = connection.execute(
            "select source_system, source_id, customer_id from resolved.customer_map"
            " semi join paired_keys using (source_system, source_id)"
        ).pl()
    records = inputs.records.join(given, on=ids.KEY, how="left", maintain_order="left")
    flagged = records.join(keys.with_columns(is_affected=True), on=ids.KEY, how="left", maintain_order="left")
    rows = _grey_pairs(inputs, records, flagged["is_affected"].fill_null(False).to_numpy())
    with frames(connection, grey_pairs=rows):
        connection.execute("insert into resolved.customer_reviews by name from grey_pairs")


def _grey_pairs(inputs: ClusterInput, records: pl.DataFrame, is_affected: npt.NDArray[np.bool_]) -> pl.DataFrame:
    left, right = inputs.pairs["l"].to_numpy(), inputs.pairs["r"].to_numpy()
    is_across = pl.Series(is_affected[left] != is_affected[right], dtype=pl.Boolean)
    pairs = inputs.pairs.filter(is_across & (inputs.pairs["score_bits"] <= 0))
    labels = records["customer_id"].rank("dense").cast(pl.Int64).to_numpy() if len(records) else np.zeros(0, np.int64)
    grey_only = ClusterInput(inputs.records, pairs, inputs.links, inputs.codes, inputs.code_names)
    # no link is followed here, decided ones among them: what could not be, the step before has told
    followed: Ints = np.zeros(len(inputs.decided_links) + len(inputs.key_links), dtype=np.int64)
    clusters = Clusters(labels, followed, np.zeros(len(pairs), dtype=np.int64))
    return reviews(grey_only, clusters, records.select("record", "customer_id"))
