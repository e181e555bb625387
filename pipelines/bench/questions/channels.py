"""Channels and campaigns: what they cost and what came of them."""

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth


def _campaigns(world: Truth) -> Rows:
    told = world["leads"].drop_nulls("campaign_id")
    won = world["deal_facts"].filter(pl.col("outcome") == "won").select("true_deal_id", won=pl.lit(value=True))
    told = told.join(won, on="true_deal_id", how="left")
    brought = told.group_by("campaign_id").agg(pl.len(), pl.col("true_deal_id").count(), pl.col("won").sum())
    return world["campaigns"].select("campaign_id").join(brought, on="campaign_id").sort("campaign_id").rows()


def _per_won(world: Truth) -> Rows:
    """Cost of the campaigns of 2025 and cost per won deal by channel, where it is paid in base currency."""
    campaigns, results = world["campaigns"], world["campaign_results"]
    rows = campaigns.join(results.select("campaign_id", "won"), on="campaign_id")
    rows = rows.filter(pl.col("started").dt.year() == 2025)
    grouped = rows.group_by("channel").agg(
        pl.col("cost_cents").sum() / 100, pl.col("won").sum(), (pl.col("currency") == "CNY").all()
    )
    own = grouped.filter("currency").with_columns(per_won=pl.col("cost_cents") / pl.col("won"))
    return own.select("channel", "cost_cents", "per_won").sort("channel").rows()


def _returned(world: Truth) -> Rows:
    amounts = world["campaign_results"].group_by("channel").agg(pl.col("won_base_e4").sum() / 10_000)
    return amounts.sort("channel").rows()


def _win_rates(world: Truth) -> Rows:
    kept = world["deals"].filter(~pl.col("is_deleted") & (pl.col("source_system") != "tracker"))
    deals = world["deal_facts"].join(kept, on="true_deal_id", how="semi").filter(pl.col("outcome") != "open")
    rate = (pl.col("outcome") == "won").mean()
    return deals.group_by("channel").agg(rate).sort("channel").rows()


def _dearer(world: Truth) -> Truth:
    campaigns = world["campaigns"]
    return world.with_table("campaigns", campaigns.with_columns(cost_cents=pl.col("cost_cents") + 100))


def _a_lost_lead(world: Truth) -> Truth:
    return world.with_table("leads", world["leads"].filter(pl.col("campaign_id").is_null() | (pl.col("score") != 71)))


def _more_won(world: Truth) -> Truth:
    results = world["campaign_results"]
    return world.with_table("campaign_results", results.with_columns(won_base_e4=pl.col("won_base_e4") * 2))


def _another_outcome(world: Truth) -> Truth:
    facts = world["deal_facts"]
    wrong = (pl.col("outcome") == "lost") & (pl.col("channel") == "Partner")
    outcome = pl.when(wrong).then(pl.lit("won")).otherwise("outcome")
    return world.with_table("deal_facts", facts.with_columns(outcome=outcome))


QUESTIONS = (
    Question(
        "C36", "What did each campaign bring: leads, deals, won deals?", "count",
        """
        select member, lead_count, campaign_deal_count, campaign_won_count
        from marts.channels where level = 'campaign' and lead_count > 0 order by 1
        """,
        _campaigns, _a_lost_lead,
    ),
    Question(
        "C36", "What did the campaigns of 2025 cost by channel (paid in CNY), in all and per won deal?", "amount",
        """
        select channel, sum(cost_base), sum(cost_base) / sum(campaign_won_count) from marts.channels
        where level = 'campaign' and campaign_name like '2025%' and channel in ('Outbound', 'Partner', 'Website')
        group by all order by 1
        """,
        _per_won, _dearer,
    ),
    Question(
        "C36", "What amount was won by the leads of campaigns, by channel?", "amount",
        """
        select member, campaign_won_amount_base from marts.channels
        where level = 'channel' and period = 'all_time' and cost_base is not null order by 1
        """,
        _returned, _more_won,
        tolerance=0.001, because="the two amounts of a deal that two systems keep differ by a per cent or two",
    ),
    Question(
        "C36", "Which share of its closed deals did each channel win?", "rate",
        """
        select member, win_rate from marts.channels
        where level = 'channel' and period = 'all_time' and member <> 'unmapped' order by 1
        """,
        _win_rates, _another_outcome,
        tolerance=0.02, because="some deals that two systems keep follow the workbook, which names no channel",
    ),
)  # fmt: skip
