"""The list of published figures that somebody keeps: indicators by month, market sizes by year."""

from datetime import timedelta

import polars as pl

from pipelines.demo.files import Outbox
from pipelines.demo.market import true_facts
from pipelines.demo.seasons import EPOCH
from pipelines.demo.systems.salesforce import stamp
from pipelines.demo.world import World

PUBLISHERS = {"manufacturing_pmi": "Statistics office", "market_size": "Industry yearbook"}


def write(out: Outbox, world: World) -> None:
    """Everything that had been published by each export day."""
    facts = true_facts(world)
    for last in world.export_days:
        rows = facts.filter(pl.col("published") <= EPOCH + timedelta(days=last)).select(
            Series="series",
            Indicator="indicator",
            Dimension="level",
            Member="member",
            Period=pl.col("period").dt.strftime("%Y-%m-%d"),
            Frequency="frequency",
            Value=pl.col("value").cast(pl.String),
            Unit="unit",
            published=pl.col("published").dt.strftime("%Y-%m-%d"),
            Source=pl.col("indicator").replace_strict(PUBLISHERS),
            Footnote=pl.lit(None, dtype=pl.String),
        )
        out.csv(f"market/facts_{stamp(last)}.csv", rows.rename({"published": "Publication date"}))
