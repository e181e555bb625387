"""Merges that hold by little: what a person should look at although the records stand in one cluster."""

import duckdb
import numpy as np
import polars as pl

from pipelines.matching.models import macro_value
from pipelines.resolve.clusters import Clusters
from pipelines.resolve.evidence import Evidence

WEAK_BITS = 3.0  # one customer is likelier than two by less than eight to one
KIND = "weak merge"
KEYS = ["source_system_l", "source_id_l", "source_system_r", "source_id_r"]


def foreign_names(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Pairs with a positive score whose names have nothing in common and that share no valid tax id:
    `source_system_l, source_id_l, source_system_r, source_id_r, rests_on`, the fields that speak for one customer."""
    fields = [field["name"] for field in macro_value("match_fields")]
    listed = ", ".join(f"if({name}_bits > 0, '{name}', null)" for name in fields)
    return connection.execute(
        f"select l.source_system as source_system_l, l.source_id as source_id_l, r.source_system as source_system_r,"
        f" r.source_id as source_id_r, concat_ws(', ', {listed}) as rests_on"
        " from matching.mtc_pairs join matching.mtc_records as l on record_no_l = l.record_no"
        " join matching.mtc_records as r on record_no_r = r.record_no"
        " where score_bits > 0 and coalesce(tax_id_level, '') != 'same_valid' and ("
        " (kind = 'organisation' and name_level = 'other')"
        " or (kind = 'person' and given_level = 'other' and surname_level = 'other'))"
    ).pl()


def weak_merges(evidence: Evidence, clusters: Clusters, foreign: pl.DataFrame) -> pl.DataFrame:
    """The pairs that hold a cluster together where no stronger one does, if they say little or the names differ:
    the keys of both records, `reason, score_bits`."""
    pairs = evidence.pairs.filter(pl.Series(_are_needed(evidence, clusters), dtype=pl.Boolean))
    for side in ("l", "r"):
        named = evidence.records.select(
            pl.col("record").alias(side),
            pl.col("source_system").alias(f"source_system_{side}"),
            pl.col("source_id").alias(f"source_id_{side}"),
        )
        pairs = pairs.join(named, on=side, how="left")
    turned = foreign.rename({key: key[:-1] + ("r" if key.endswith("l") else "l") for key in KEYS})
    told = pairs.join(pl.concat([foreign, turned.select(foreign.columns)]), on=KEYS, how="left")
    differ = pl.format("the names differ, it rests on {}", "rests_on")
    little = pl.format("only {} bits speak for one customer", pl.col("score_bits").round(1))
    return told.filter((pl.col("score_bits") < WEAK_BITS) | pl.col("rests_on").is_not_null()).select(
        *KEYS, "score_bits", reason=pl.coalesce(differ, little)
    )


def _are_needed(evidence: Evidence, clusters: Clusters) -> np.ndarray:
    """Whether each scored pair is in the strongest tree of its cluster (Kruskal), which certain links begin."""
    parent = list(range(len(evidence.records)))

    def root(record: int) -> int:
        while parent[record] != record:
            parent[record] = record = parent[parent[record]]
        return record

    def join(l: int, r: int) -> bool:  # noqa: E741
        one, other = root(l), root(r)
        parent[one] = other
        return one != other

    certain = evidence.links.filter("is_same").select("l", "r")
    left, right = (evidence.pairs[side].to_numpy() for side in ("l", "r"))
    bits, labels = evidence.pairs["score_bits"].to_numpy(), clusters.labels
    for l, r in certain.iter_rows():  # noqa: E741
        if labels[l] == labels[r]:
            join(l, r)
    needed = np.zeros(len(bits), dtype=bool)
    inside = np.flatnonzero((labels[left] == labels[right]) & (bits > 0))
    for place in inside[np.argsort(-bits[inside], kind="stable")].tolist():
        needed[place] = join(int(left[place]), int(right[place]))
    return needed
