"""`almanac match FILE` from end to end: read, match, write clusters and pairs to review, summarise."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl

from pipelines.home.spreadsheet import write_table
from pipelines.matching.engine import engine
from pipelines.matching.files import as_records, read_records, recognise
from pipelines.matching.fit import fit_weights
from pipelines.matching.models import run_models
from pipelines.matching.weak_merges import KEYS, KIND, pairs_with_unrelated_names, weak_merges
from pipelines.resolve.cluster_input import ClusterInput, read_cluster_input
from pipelines.resolve.clusters import Clusters
from pipelines.resolve.reviews import reviews

Say = Callable[[str], None]


def match_file(
    file: Path,
    mapped: dict[str, str],
    *,
    out: Path,
    review: Path | None = None,
    pairs: Path | None = None,
    fit: bool = True,
    weights: Path | None = None,
    say: Say = lambda text: None,
) -> str:
    """Write `record_id, cluster_id, cluster_size, name` of every record of the file; returns a summary as text.

    The cluster id is the smallest record id of the cluster. Where the file has a column of systems, it is kept as the
    first column, `source_system`, and the cluster id is `system|id`, because ids of two systems may be equal by chance.
    mapped: canonical column -> header, for columns that are not recognised. review: where to write the pairs to review:
    undecided pairs, those with most money at stake first, then weak merges.
    """
    say(f"reading {file}")
    table, remarks = read_records(file)
    mapping = recognise(table.columns, mapped)
    records = as_records(table, mapping)
    clusters, undecided = match_records(records, fit=fit, weights=weights, pairs=pairs, say=say)
    if "source_system" not in mapping:
        clusters = clusters.drop("source_system")
        undecided = undecided.drop("source_system_l", "source_system_r")
    write_table(clusters, out)
    lines = [
        f"{len(clusters):,} records, {clusters['cluster_id'].n_unique():,} clusters,"
        f" {(clusters['cluster_size'] > 1).sum():,} records share a cluster with another",
        "used: " + ", ".join(f"{column} from {header!r}" for column, header in sorted(mapping.items())),
    ]
    unused = [header for header in table.columns if header not in mapping.values()]
    lines += [f"not used: {', '.join(unused)} (map one with --map account_name=HEADER)"] if unused else []
    lines += [*remarks, f"written: {out}"]
    if review and len(undecided):
        write_table(undecided, review)
        weak = (undecided["kind"] == KIND).sum()
        lines += [
            f"to review: {len(undecided) - weak:,} undecided pairs, not merged until someone decides,"
            " most money at stake first,"
            f" and {weak:,} weak merges: {review}"
        ]
    return "\n".join(lines)


def match_records(
    records: pl.DataFrame,
    *,
    fit: bool = True,
    weights: Path | None = None,
    pairs: Path | None = None,
    say: Say = lambda text: None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Clusters of canonical records (`source_system, record_id, cluster_id, cluster_size, name`), in their order; and
    pairs to review (`source_system_l, record_id_l, name_l, source_system_r, record_id_r, name_r, kind, reason,
    score_bits, amount_at_stake`)."""
    say(f"normalising names, telephones and addresses of {len(records):,} records")
    with engine(records, weights) as connection:
        say("comparing records that share a key")
        run_models(connection)
        if fit and len(records) > 1:
            say(f"fitting the weights on {_count(connection):,} pairs")
            fit_weights(connection)
        if pairs:
            connection.execute(
                "copy (from matching.mtc_pairs order by record_no_l, record_no_r) to ? (format parquet)", [str(pairs)]
            )
        say("clustering")
        inputs, unrelated = read_cluster_input(connection), pairs_with_unrelated_names(connection)
    clusters = inputs.clusters()
    clustered = inputs.records.select("source_system", "source_id", cluster_id=_cluster_ids(inputs, clusters))
    joined = records.join(clustered, on=["source_system", "source_id"], how="left", maintain_order="left").select(
        "source_system",
        record_id="source_id",
        cluster_id="cluster_id",
        cluster_size=pl.len().over("cluster_id"),
        name=pl.col("account_name") if "account_name" in records.columns else pl.lit(None, pl.String),
        amount=_amount(records),
    )
    return joined.drop("amount"), _pairs_to_review(inputs, clusters, joined, unrelated)


def _cluster_ids(inputs: ClusterInput, clusters: Clusters) -> pl.Series:
    """The id of each record's cluster: its smallest record, by system and id where the file has several systems."""
    names = inputs.records.select(
        pl.when(pl.col("source_system").n_unique() > 1)
        .then(pl.concat_str("source_system", pl.lit("|"), "source_id"))
        .otherwise("source_id")
        .alias("name")
    )
    return names["name"].gather(clusters.labels)


def _amount(records: pl.DataFrame) -> pl.Expr:
    """Money of a record, 0 where the file has none."""
    return pl.col("amount").cast(pl.Float64).fill_null(0.0) if "amount" in records.columns else pl.lit(0.0)


def _pairs_to_review(
    inputs: ClusterInput, clusters: Clusters, clustered: pl.DataFrame, unrelated: pl.DataFrame
) -> pl.DataFrame:
    """Undecided pairs, then weak merges, by the money of both clusters, then by how near the score is to 0."""
    groups = inputs.records.select("record", "source_system", "source_id", customer_id=_cluster_ids(inputs, clusters))
    undecided = reviews(inputs, clusters, groups.select("record", "customer_id"))
    rows = pl.concat([undecided, _weak(inputs, clusters, unrelated, groups).select(undecided.columns)])
    money = clustered.group_by("cluster_id").agg(pl.col("amount").sum())
    names = clustered.select("source_system", "record_id", "name")
    for side in ("l", "r"):
        key = [f"source_system_{side}", f"source_id_{side}"]
        rows = rows.join(
            names.rename({"name": f"name_{side}"}), left_on=key, right_on=["source_system", "record_id"], how="left"
        ).join(
            money.rename({"amount": f"amount_{side}"}), left_on=f"customer_id_{side}", right_on="cluster_id", how="left"
        )
    is_one = pl.col("customer_id_l") == pl.col("customer_id_r")
    amount_r = pl.when(is_one).then(0.0).otherwise("amount_r")
    return rows.sort(
        pl.col("kind") == KIND, pl.sum_horizontal("amount_l", amount_r), pl.col("score_bits").abs(), *KEYS,
        descending=[False, True, False, False, False, False, False], nulls_last=True,
    ).select(
        "source_system_l", pl.col("source_id_l").alias("record_id_l"), "name_l",
        "source_system_r", pl.col("source_id_r").alias("record_id_r"), "name_r",
        "kind", "reason", "score_bits", amount_at_stake=pl.sum_horizontal("amount_l", amount_r),
    )  # fmt: skip


def _weak(inputs: ClusterInput, clusters: Clusters, unrelated: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    ends = groups.select("source_system", "source_id", "customer_id")
    ends_l, ends_r = (ends.rename({name: f"{name}_{side}" for name in ends.columns}) for side in ("l", "r"))
    rows = weak_merges(inputs, clusters, unrelated).join(ends_l, on=KEYS[:2]).join(ends_r, on=KEYS[2:])
    return rows.with_columns(kind=pl.lit(KIND))


def _count(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("select count(*) from matching.mtc_candidates").fetchone()
    return int(row[0]) if row else 0
