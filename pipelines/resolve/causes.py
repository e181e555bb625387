"""Why a record is where it is: the strongest link of every record to another of its customer, in words."""

import numpy as np
import polars as pl

from pipelines.resolve.clusters import Clusters
from pipelines.resolve.evidence import Evidence

RANKS = {"override": 3, "namespace": 2, "merged_in_source": 1}


def strongest_links(evidence: Evidence, clusters: Clusters) -> pl.DataFrame:
    """One row per record: `record, rule, linked_record, link_bits, cause`; rule `alone` where nothing links."""
    certain = evidence.links.filter("is_same").select(
        "l", "r", "rule", "cause", link_bits=pl.lit(None, pl.Float64), rank=pl.col("rule").replace_strict(RANKS)
    )
    scored = evidence.pairs.filter(pl.col("score_bits") > 0).select(
        "l", "r", rule=pl.lit("score"), cause=pl.lit(None, pl.String), link_bits="score_bits", rank=pl.lit(0, pl.Int64)
    )
    links = pl.concat([certain.cast({"rank": pl.Int64}), scored.select(certain.columns)], how="vertical_relaxed")
    together = clusters.labels[links["l"].to_numpy()] == clusters.labels[links["r"].to_numpy()]
    links = links.filter(pl.Series(together, dtype=pl.Boolean))
    there = links.rename({"l": "record", "r": "linked_record"})
    back = links.rename({"r": "record", "l": "linked_record"}).select(there.columns)
    both = pl.concat([there, back], how="vertical_relaxed")
    best = both.sort(
        "record", "rank", "link_bits", "linked_record", descending=[False, True, True, False], nulls_last=True
    )
    best = best.unique("record", keep="first", maintain_order=True).drop("rank")
    alone = pl.DataFrame({"record": np.arange(len(clusters.labels))})
    return alone.join(best.cast({"record": pl.Int64}), on="record", how="left").with_columns(
        pl.col("rule").fill_null("alone")
    )


def in_words(links: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """The links with `cause` filled for every record."""
    names = records.select(linked_record="record", linked=pl.concat_str("source_system", pl.lit("/"), "source_id"))
    named = links.join(names.cast({"linked_record": pl.Int64}), on="linked_record", how="left")
    told = pl.format("{} bits with {}", pl.col("link_bits").round(1), pl.col("linked"))
    cause = pl.when(pl.col("rule") == "alone").then(pl.lit("no other record is this customer"))
    return named.with_columns(cause=cause.when(pl.col("rule") == "score").then(told).otherwise("cause")).sort("record")
