"""The true campaigns: one per channel and quarter that has leads, what it cost, and what came of its leads."""

import numpy as np
import polars as pl

from pipelines.demo import ids
from pipelines.demo.company import kept, rates
from pipelines.demo.leads import true_leads
from pipelines.demo.rates import LEVELS
from pipelines.demo.world import World

FIRST_ID = 1_040
PLANNED_DAYS = 92


@kept
def leads_and_campaigns(world: World) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The leads with campaign_id (null for part of them), and the campaigns.

    campaigns: campaign_id, name, channel, started, ended (days), cost (cents of its currency), currency, leads.
    """
    leads, law, costs = true_leads(world), rates("leads"), rates("campaigns")
    rng = ids.rng_for(world.seed, "campaigns")
    quarter = pl.col("created").cast(pl.Int32).cast(pl.Date).dt.truncate("1q")
    leads = leads.with_columns(quarter=quarter)
    groups = leads.filter(pl.col("channel").is_in(list(costs["cost_per_lead"])))
    groups = groups.group_by("channel", "quarter").agg(leads=pl.len()).sort("quarter", "channel")
    groups = groups.with_row_index("number").with_columns(campaign_id=(pl.col("number") + FIRST_ID).cast(pl.String))
    told = pl.Series(rng.random(len(leads)) < law["with_campaign"])
    leads = leads.join(groups.drop("leads", "number"), on=["channel", "quarter"], how="left", maintain_order="left")
    leads = leads.with_columns(campaign_id=pl.when(told).then("campaign_id")).drop("quarter")
    price = groups["channel"].replace_strict(costs["cost_per_lead"], return_dtype=pl.Float64).to_numpy()
    noise = np.exp(rng.normal(0, costs["spread"], len(groups)))
    abroad = ((groups["channel"] == "Trade show") & (groups["number"] % 2 == 0)).to_numpy()
    cost = np.round(groups["leads"].to_numpy() * price * noise / np.where(abroad, LEVELS["EUR"], 1) * 100)
    started = pl.col("quarter").cast(pl.Int32).cast(pl.Int64)
    return leads, groups.select(
        "campaign_id", "channel", "leads",
        name=pl.format("{} Q{} {}", pl.col("quarter").dt.year(), pl.col("quarter").dt.quarter(), "channel"),
        started=started, ended=started + PLANNED_DAYS - 3, cost=pl.Series(cost.astype(np.int64)),
        currency=pl.Series(np.where(abroad, "EUR", "CNY")),
    )  # fmt: skip


def spent(campaigns: pl.DataFrame, last: int) -> pl.DataFrame:
    """The campaigns that have begun by a day, with what had been spent by then: evenly over their days."""
    share = ((last - pl.col("started") + 1) / (pl.col("ended") - pl.col("started") + 1)).clip(0, 1)
    begun = campaigns.filter(pl.col("started") <= last)
    return begun.with_columns(cost=(pl.col("cost") * share).round(0).cast(pl.Int64))
