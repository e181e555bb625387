"""Pairs that a person should review: merges that were blocked, and undecided (grey) ones."""

import numpy as np
import polars as pl

from pipelines.resolve.cluster_input import GREY_BITS, ClusterInput
from pipelines.resolve.clusters import IDS_CONFLICT, KEPT_APART, MERGED, OUTVOTED, Clusters

REASONS = {
    IDS_CONFLICT: "their ids contradict each other",
    KEPT_APART: "someone keeps them apart",
    OUTVOTED: "other records of the two clusters disagree",
}
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "source_system_l": pl.String,
    "source_id_l": pl.String,
    "source_system_r": pl.String,
    "source_id_r": pl.String,
    "customer_id_l": pl.String,
    "customer_id_r": pl.String,
    "kind": pl.String,
    "reason": pl.String,
    "score_bits": pl.Float64,
}


def reviews(inputs: ClusterInput, clusters: Clusters, ids: pl.DataFrame) -> pl.DataFrame:
    """One row per pair to review: `kind` is blocked, contradiction or grey. ids: `record, customer_id`."""
    pairs = inputs.pairs.with_columns(outcome=pl.Series(clusters.scored_outcomes))
    apart = clusters.labels[pairs["l"].to_numpy()] != clusters.labels[pairs["r"].to_numpy()]
    pairs = pairs.filter(pl.Series(apart) & (pl.col("score_bits") > GREY_BITS))
    decided = _are_decided(inputs, pairs)
    blocked = pairs.filter((pl.col("score_bits") > 0) & ~pl.Series(decided, dtype=pl.Boolean))
    # clusters with more bits against one customer than for it are never tried: their other records disagree
    blocked = blocked.with_columns(outcome=pl.col("outcome").replace(MERGED, OUTVOTED))
    grey = pairs.filter((pl.col("score_bits") <= 0) & ~pl.Series(decided, dtype=pl.Boolean))
    # a decision that cannot be followed is a contradiction too: its author must learn of it
    links = pl.concat([inputs.decided_links, inputs.key_links]).with_columns(
        outcome=pl.Series(clusters.certain_outcomes)
    )
    links = links.filter(pl.col("outcome") > 0).select("l", "r", score_bits=pl.lit(None, pl.Float64), outcome="outcome")
    rows = pl.concat(
        [
            links.with_columns(kind=pl.lit("contradiction")),
            blocked.select(links.columns).with_columns(kind=pl.lit("blocked")),
            grey.select(links.columns).with_columns(kind=pl.lit("grey")),
        ]
    )
    reason = pl.col("outcome").replace_strict(
        REASONS, default="the evidence decides neither way", return_dtype=pl.String
    )
    return _with_names(rows.with_columns(reason=reason), inputs, ids)


def _are_decided(inputs: ClusterInput, pairs: pl.DataFrame) -> np.ndarray:
    """Pairs with different keys of one declared namespace are kept apart: there is nothing left to review."""
    left, right = pairs["l"].to_numpy(), pairs["r"].to_numpy()
    decided = np.zeros(len(pairs), dtype=bool)
    for row in inputs.codes[1:]:
        decided |= (row[left] >= 0) & (row[right] >= 0) & (row[left] != row[right])
    apart = inputs.links.filter(~pl.col("is_same"))
    pairs_apart = set(zip(apart["l"], apart["r"], strict=True)) | set(zip(apart["r"], apart["l"], strict=True))
    if not pairs_apart:
        return decided
    decided |= np.array([pair in pairs_apart for pair in zip(left, right, strict=True)], dtype=bool)
    return decided


def _with_names(rows: pl.DataFrame, inputs: ClusterInput, ids: pl.DataFrame) -> pl.DataFrame:
    records = inputs.records.select("record", "source_system", "source_id").join(ids, on="record")
    for side in ("l", "r"):
        keyed = records.rename({name: f"{name}_{side}" for name in ("source_system", "source_id", "customer_id")})
        rows = rows.join(keyed, left_on=side, right_on="record", how="left")
    keys = ["source_system_l", "source_id_l", "source_system_r", "source_id_r"]
    return rows.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items()).unique(keys, keep="first").sort(keys)
