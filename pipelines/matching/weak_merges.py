"""Weak merges: pairs inside one cluster that a person should review."""

import duckdb
import numpy as np
import polars as pl

from pipelines.matching.models import macro_value
from pipelines.resolve.cluster_input import ClusterInput
from pipelines.resolve.clusters import Clusters

WEAK_BITS = 3.0  # odds of less than eight to one for one customer
KIND = "weak merge"
KEYS = ["source_system_l", "source_id_l", "source_system_r", "source_id_r"]


def pairs_with_unrelated_names(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Pairs with a positive score whose names have nothing in common and that share no valid tax id:
    `source_system_l, source_id_l, source_system_r, source_id_r, rests_on`, the fields with positive weights."""
    fields = [field["name"] for field in macro_value("match_fields")]
    listed = ", ".join(f"if({name}_bits > 0, '{name}', null)" for name in fields)
    return connection.execute(
        f"select l.source_system as source_system_l, l.source_id as source_id_l, r.source_system as source_system_r,"
        f" r.source_id as source_id_r, concat_ws(', ', {listed}) as rests_on"
        " from matching.mtc_pairs join matching.mtc_records as l on record_no_l = l.record_no"
        " join matching.mtc_records as r on record_no_r = r.record_no"
        " where score_bits > 0 and coalesce(tax_id_level, '') != 'same_valid' and ("
        " (kind = 'organisation' and name_level in ('other', 'other_script'))"
        " or (kind = 'person' and given_level = 'other' and surname_level = 'other'))"
    ).pl()


def weak_merges(inputs: ClusterInput, clusters: Clusters, unrelated: pl.DataFrame) -> pl.DataFrame:
    """The pairs that connect a cluster where no stronger pair does, if their score is low or the names differ:
    the keys of both records, `reason, score_bits`."""
    pairs = inputs.pairs.filter(pl.Series(_in_spanning_tree(inputs, clusters), dtype=pl.Boolean))
    for side in ("l", "r"):
        keyed = inputs.records.select(
            pl.col("record").alias(side),
            pl.col("source_system").alias(f"source_system_{side}"),
            pl.col("source_id").alias(f"source_id_{side}"),
        )
        pairs = pairs.join(keyed, on=side, how="left")
    swapped = unrelated.rename({key: key[:-1] + ("r" if key.endswith("l") else "l") for key in KEYS})
    flagged = pairs.join(pl.concat([unrelated, swapped.select(unrelated.columns)]), on=KEYS, how="left")
    names_differ = pl.format("the names differ, the match rests on {}", "rests_on")
    low_score = pl.format("the score is only {} bits", pl.col("score_bits").round(1))
    return flagged.filter((pl.col("score_bits") < WEAK_BITS) | pl.col("rests_on").is_not_null()).select(
        *KEYS, "score_bits", reason=pl.coalesce(names_differ, low_score)
    )


def _in_spanning_tree(inputs: ClusterInput, clusters: Clusters) -> np.ndarray:
    """Whether each scored pair is in the maximum spanning tree of its cluster (Kruskal), certain links first."""
    parent = list(range(len(inputs.records)))

    def root(record: int) -> int:
        while parent[record] != record:
            parent[record] = record = parent[parent[record]]
        return record

    def join(l: int, r: int) -> bool:  # noqa: E741
        root_l, root_r = root(l), root(r)
        parent[root_l] = root_r
        return root_l != root_r

    certain = inputs.links.filter("is_same").select("l", "r")
    left, right = (inputs.pairs[side].to_numpy() for side in ("l", "r"))
    bits, labels = inputs.pairs["score_bits"].to_numpy(), clusters.labels
    for l, r in certain.iter_rows():  # noqa: E741
        if labels[l] == labels[r]:
            join(l, r)
    in_tree = np.zeros(len(bits), dtype=bool)
    inside = np.flatnonzero((labels[left] == labels[right]) & (bits > 0))
    for pair in inside[np.argsort(-bits[inside], kind="stable")].tolist():
        in_tree[pair] = join(int(left[pair]), int(right[pair]))
    return in_tree
