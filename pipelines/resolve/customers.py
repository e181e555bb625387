"""The step of the run: read `matching.*`, write `resolved.*`, append to the id log."""

import duckdb
import polars as pl

from pipelines.home import state
from pipelines.home.runs import Run
from pipelines.home.settings import Settings
from pipelines.home.warehouse import read, replace_table, write
from pipelines.resolve import ids
from pipelines.resolve.causes import in_words, strongest_links
from pipelines.resolve.evidence import Evidence, read_evidence
from pipelines.resolve.reviews import reviews

LOG = "customer_ids"
TABLES = ("customer_map", "customer_events", "customer_aliases", "customer_reviews")


def resolve_customers(settings: Settings, run: Run) -> dict[str, int]:
    """Give every customer record of the run its customer. Returns the rows of each `resolved` table.

    A backfill sees the ids that are known but adds none to the log.
    """
    with read(settings) as connection:
        evidence = read_evidence(connection)
        seen = first_seen(connection)
    log = _log(settings)
    tables, events = resolve(evidence, seen, log, _stamp(run))
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
    evidence: Evidence, seen: pl.DataFrame, log: pl.DataFrame, stamp: dict[str, object]
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """The `resolved` tables and the new rows of the id log."""
    clusters = evidence.clusters()
    links = in_words(strongest_links(evidence, clusters), evidence.records)
    records = evidence.records.with_columns(cluster=pl.Series(clusters.labels, dtype=pl.Int64)).join(
        seen, on=ids.KEY, how="left"
    )
    assignment = ids.assign(records.select(*ids.KEY, "cluster", "first_seen_at"), log)
    events = _events(assignment, records, links, evidence, stamp)
    log = pl.concat([log, events]) if len(log) else events
    given = records.join(assignment.ids, on="cluster").select("record", *ids.KEY, "customer_id")
    return {
        "customer_map": _map(given, links),
        "customer_events": log,
        "customer_aliases": ids.aliases(log),
        "customer_reviews": reviews(evidence, clusters, given.select("record", "customer_id")),
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
    assignment: ids.Assignment, records: pl.DataFrame, links: pl.DataFrame, evidence: Evidence, stamp: dict[str, object]
) -> pl.DataFrame:
    causes = (
        records.select("record", *ids.KEY).cast({"record": pl.Int64}).join(links.select("record", "cause"), on="record")
    )
    changes = assignment.changes.join(causes.drop("record"), on=ids.KEY, how="left")
    words = _words_against(evidence, records, assignment)
    cause = pl.when(pl.col("event") == "split").then(
        pl.coalesce("word", pl.lit("the evidence no longer holds them together"))
    )
    told = changes.join(words, on=ids.KEY, how="left").with_columns(cause=cause.otherwise("cause"))
    return ids.events_of(told, stamp)


def _words_against(evidence: Evidence, records: pl.DataFrame, assignment: ids.Assignment) -> pl.DataFrame:
    """What someone said against the group that a record has left: `source_system, source_id, word`.

    The word is about the record itself, or about one that left with it, and another that stayed: what was said of
    records elsewhere is not why it left.
    """
    left = assignment.changes.filter(pl.col("event") == "split").select(*ids.KEY, "cluster", "previous_customer_id")
    named = records.select("record", *ids.KEY, "cluster").join(assignment.ids, on="cluster")
    stayed = named.join(assignment.changes, on=ids.KEY, how="anti")
    apart = evidence.links.filter(~pl.col("is_same")).select("l", "r", word="cause")
    ends = pl.concat([apart.rename({"l": "record", "r": "other"}), apart.select(record="r", other="l", word="word")])
    told = (
        left.join(named.select("record", *ids.KEY), on=ids.KEY)
        .join(ends, on="record")
        .join(stayed.select(other="record", previous_customer_id="customer_id"), on=["other", "previous_customer_id"])
        .sort("word")
    )
    own = told.unique(ids.KEY, keep="first", maintain_order=True).select(*ids.KEY, "word")
    together = ["cluster", "previous_customer_id"]
    shared = told.unique(together, keep="first", maintain_order=True).select(*together, shared="word")
    known = left.join(own, on=ids.KEY, how="left").join(shared, on=together, how="left")
    return known.select(*ids.KEY, word=pl.coalesce("word", "shared"))


def first_seen(connection: duckdb.DuckDBPyConnection, keys: pl.DataFrame | None = None) -> pl.DataFrame:
    """When each record was first exported: `source_system, source_id, first_seen_at`; keys: of some records only."""
    of = "" if keys is None else " semi join keys using (source_system, source_id)"
    return connection.execute(
        "with seen as (select source_system, source_id, min(exported_at) as first_seen_at"
        f" from (select * from raw.accounts{of}) group by all)"
        " select source_system, source_id, coalesce(first_seen_at, exported_at) as first_seen_at"
        f" from (select * from staging.stg_account_records{of}) left join seen using (source_system, source_id)"
    ).pl()


def _log(settings: Settings) -> pl.DataFrame:
    log = state.read(settings, LOG)
    return pl.DataFrame(schema=ids.LOG_COLUMNS) if log.is_empty() else log.select(list(ids.LOG_COLUMNS))


def _stamp(run: Run) -> dict[str, object]:
    return {"run_id": run.run_id, "as_of": run.as_of, "recorded_at": run.started_at}
