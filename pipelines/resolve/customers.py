"""The step of the run: read `matching.*`, write `resolved.*`, append to the id log."""

import duckdb
import polars as pl

from pipelines.home import state
from pipelines.home.runs import Run
from pipelines.home.settings import Settings
from pipelines.home.warehouse import read, replace_table, write
from pipelines.resolve import ids
from pipelines.resolve.causes import strongest_links, with_causes
from pipelines.resolve.cluster_input import ClusterInput, read_cluster_input
from pipelines.resolve.reviews import reviews

LOG = "customer_ids"
TABLES = ("customer_map", "customer_events", "customer_aliases", "customer_reviews")


def resolve_customers(settings: Settings, run: Run) -> dict[str, int]:
    """Give every customer record of the run its customer. Returns the rows of each `resolved` table.

    A backfill uses the existing ids but adds none to the log.
    """
    with read(settings) as connection:
        inputs = read_cluster_input(connection)
        first_exports = first_exported(connection)
    log = _log(settings)
    tables, events = resolve(inputs, first_exports, log, _stamp(run))
    if run.run_kind == "backfill":
        tables["customer_events"] = log
    elif len(events):
        # a retried step adds to what it logged before: it inherits from itself and must not replace itself
        state.append(settings, LOG, run.run_id, pl.concat([log.filter(pl.col("run_id") == run.run_id), events]))
    with write(settings) as connection:
        for name in TABLES:
            replace_table(connection, "resolved", name, tables[name])
    return {name: len(tables[name]) for name in TABLES}


def resolve(
    inputs: ClusterInput, first_exports: pl.DataFrame, log: pl.DataFrame, stamp: dict[str, object]
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """The `resolved` tables and the new rows of the id log."""
    clusters = inputs.clusters()
    links = with_causes(strongest_links(inputs, clusters), inputs.records)
    records = inputs.records.with_columns(cluster=pl.Series(clusters.labels, dtype=pl.Int64)).join(
        first_exports, on=ids.KEY, how="left"
    )
    assignment = ids.assign(records.select(*ids.KEY, "cluster", "first_seen_at"), log)
    events = _events(assignment, records, links, inputs, stamp)
    log = pl.concat([log, events]) if len(log) else events
    given = records.join(assignment.ids, on="cluster").select("record", *ids.KEY, "customer_id")
    return {
        "customer_map": _map(given, links),
        "customer_events": log,
        "customer_aliases": ids.aliases(log),
        "customer_reviews": reviews(inputs, clusters, given.select("record", "customer_id")),
    }, events


def _map(given: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    linked = given.select(
        linked_record=pl.col("record").cast(pl.Int64),
        linked_source_system="source_system",
        linked_source_id="source_id",
    )
    rows = given.with_columns(pl.col("record").cast(pl.Int64)).join(links, on="record", how="left")
    rows = rows.join(linked, on="linked_record", how="left")
    return rows.select(
        *ids.KEY, "customer_id", "rule", "linked_source_system", "linked_source_id", "link_bits", "cause"
    ).sort(ids.KEY)


def _events(
    assignment: ids.Assignment,
    records: pl.DataFrame,
    links: pl.DataFrame,
    inputs: ClusterInput,
    stamp: dict[str, object],
) -> pl.DataFrame:
    causes = (
        records.select("record", *ids.KEY).cast({"record": pl.Int64}).join(links.select("record", "cause"), on="record")
    )
    changes = assignment.changes.join(causes.drop("record"), on=ids.KEY, how="left")
    decisions = _decisions_against(inputs, records, assignment)
    cause = pl.when(pl.col("event") == "split").then(
        pl.coalesce("decision_note", pl.lit("the evidence no longer supports one customer"))
    )
    explained = changes.join(decisions, on=ids.KEY, how="left").with_columns(cause=cause.otherwise("cause"))
    return ids.events_of(explained, stamp)


def _decisions_against(inputs: ClusterInput, records: pl.DataFrame, assignment: ids.Assignment) -> pl.DataFrame:
    """The decision that split a record from its former customer: `source_system, source_id, decision_note`.

    It names the record itself, or one that left with it, and one that stayed: a decision about other records is not why
    it left.
    """
    left = assignment.changes.filter(pl.col("event") == "split").select(*ids.KEY, "cluster", "previous_customer_id")
    assigned = records.select("record", *ids.KEY, "cluster").join(assignment.ids, on="cluster")
    stayed = assigned.join(assignment.changes, on=ids.KEY, how="anti")
    remaining = stayed.select(record_r="record", previous_customer_id="customer_id")
    apart = inputs.links.filter(~pl.col("is_same")).select(record_l="l", record_r="r", decision_note="cause")
    swapped = apart.select(record_l="record_r", record_r="record_l", decision_note="decision_note")
    decisions = (
        left.join(assigned.select(*ids.KEY, record_l="record"), on=ids.KEY)
        .join(pl.concat([apart, swapped]), on="record_l")
        .join(remaining, on=["record_r", "previous_customer_id"])
        .sort("decision_note")
    )
    own = decisions.unique(ids.KEY, keep="first", maintain_order=True).select(*ids.KEY, "decision_note")
    split = ["cluster", "previous_customer_id"]
    shared = decisions.unique(split, keep="first", maintain_order=True).select(*split, shared_note="decision_note")
    noted = left.join(own, on=ids.KEY, how="left").join(shared, on=split, how="left")
    return noted.select(*ids.KEY, decision_note=pl.coalesce("decision_note", "shared_note"))


def first_exported(connection: duckdb.DuckDBPyConnection, keys: pl.DataFrame | None = None) -> pl.DataFrame:
    """When each record was first exported: `source_system, source_id, first_seen_at`; keys: of some records only."""
    of = "" if keys is None else " semi join keys using (source_system, source_id)"
    return connection.execute(
        "with earliest as (select source_system, source_id, min(exported_at) as first_seen_at"
        f" from (select * from raw.accounts{of}) group by all)"
        " select source_system, source_id, coalesce(first_seen_at, exported_at) as first_seen_at"
        f" from (select * from staging.stg_account_records{of}) left join earliest using (source_system, source_id)"
    ).pl()


def _log(settings: Settings) -> pl.DataFrame:
    log = state.read(settings, LOG)
    return pl.DataFrame(schema=ids.LOG_COLUMNS) if log.is_empty() else log.select(list(ids.LOG_COLUMNS))


def _stamp(run: Run) -> dict[str, object]:
    return {"run_id": run.run_id, "as_of": run.as_of, "recorded_at": run.started_at}
