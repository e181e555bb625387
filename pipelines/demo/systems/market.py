"""The list of published figures that somebody keeps: indicators by month, market sizes by year."""

from datetime import timedelta

import polars as pl

from pipelines.demo.files import Outbox
from pipelines.demo.formats import day
from pipelines.demo.happenings import true_events
from pipelines.demo.market import true_facts
from pipelines.demo.seasons import EPOCH
from pipelines.demo.systems.salesforce import stamp
from pipelines.demo.world import World

PUBLISHERS = {"manufacturing_pmi": "Statistics office", "market_size": "Industry yearbook"}


def write(out: Outbox, world: World) -> None:
    """The figures published by each export day, and twice a year the events known."""
    for last in world.few_days:
        out.csv(f"market/events_{stamp(last)}.csv", _events(true_events(world).filter(pl.col("published") <= last)))
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


def _events(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        pl.col("event_id").alias("Event no"),
        pl.col("kind").alias("Kind"),
        pl.col("event_name").alias("Event"),
        pl.col("level").alias("Dimension"),
        pl.col("member").alias("Member"),
        day("started").alias("From"),
        day("ended").alias("To"),
        day("published").alias("Published"),
        pl.col("publisher").alias("Source"),
    )
