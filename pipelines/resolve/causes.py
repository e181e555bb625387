"""Why a record belongs to its customer: its strongest link to another record of that customer, as text."""

import numpy as np
import polars as pl

from pipelines.resolve.cluster_input import ClusterInput
from pipelines.resolve.clusters import Clusters

RANKS = {"override": 3, "namespace": 2, "merged_in_source": 1}


def strongest_links(inputs: ClusterInput, clusters: Clusters) -> pl.DataFrame:
    """One row per record: `record, rule, linked_record, link_bits, cause`; rule `alone` where nothing links."""
    certain = inputs.links.filter("is_same").select(
        "l", "r", "rule", "cause", link_bits=pl.lit(None, pl.Float64), rank=pl.col("rule").replace_strict(RANKS)
    )
    scored = inputs.pairs.filter(pl.col("score_bits") > 0).select(
        "l", "r", rule=pl.lit("score"), cause=pl.lit(None, pl.String), link_bits="score_bits", rank=pl.lit(0, pl.Int64)
    )
    links = pl.concat([certain.cast({"rank": pl.Int64}), scored.select(certain.columns)], how="vertical_relaxed")
    is_linked = clusters.labels[links["l"].to_numpy()] == clusters.labels[links["r"].to_numpy()]
    links = links.filter(pl.Series(is_linked, dtype=pl.Boolean))
    from_l = links.rename({"l": "record", "r": "linked_record"})
    from_r = links.rename({"r": "record", "l": "linked_record"}).select(from_l.columns)
    best = pl.concat([from_l, from_r], how="vertical_relaxed").sort(
        "record", "rank", "link_bits", "linked_record", descending=[False, True, True, False], nulls_last=True
    )
    best = best.unique("record", keep="first", maintain_order=True).drop("rank")
    records = pl.DataFrame({"record": np.arange(len(clusters.labels))})
    return records.join(best.cast({"record": pl.Int64}), on="record", how="left").with_columns(
        pl.col("rule").fill_null("alone")
    )


def with_causes(links: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """The links with `cause` filled for every record."""
    names = records.select(linked_record="record", linked=pl.concat_str("source_system", pl.lit("/"), "source_id"))
    keyed = links.join(names.cast({"linked_record": pl.Int64}), on="linked_record", how="left")
    score_cause = pl.format("{} bits with {}", pl.col("link_bits").round(1), pl.col("linked"))
    cause = pl.when(pl.col("rule") == "alone").then(pl.lit("no other record is this customer"))
    causes = cause.when(pl.col("rule") == "score").then(score_cause).otherwise("cause")
    return keyed.with_columns(cause=causes).sort("record")
