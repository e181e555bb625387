"""The truth about what happens beside deals and sales: one table per object, and the figures that questions ask for."""

import polars as pl

from pipelines.demo.campaigns import leads_and_campaigns
from pipelines.demo.company import first_names, listed_deals
from pipelines.demo.competitors import competitors
from pipelines.demo.lines import SYSTEM, opportunity_lines
from pipelines.demo.odd_words import odd_words
from pipelines.demo.quotes import discount_breaches, true_approvals, true_quotes
from pipelines.demo.rates import in_base
from pipelines.demo.registrations import true_registrations
from pipelines.demo.service import true_surveys
from pipelines.demo.signatures import true_signatures
from pipelines.demo.systems import docusign, lead_lists, marketo, oa
from pipelines.demo.systems.quotes import REGISTER, quote_ids
from pipelines.demo.truth_deals import dated
from pipelines.demo.truth_planning import planning_truth
from pipelines.demo.truth_service import service_truth
from pipelines.demo.world import World

Tables = dict[str, pl.DataFrame]
MATURE_DAYS = 60  # a lead that became no deal within these never does


def company_truth(world: World) -> Tables:
    """Table name -> table, as it stands at the end of the newest export; days are dates, ids those of the exports."""
    return {
        **_leads(world),
        **_quotes(world),
        **service_truth(world),
        **planning_truth(world),
        "odd_words": odd_words(world),
        "registrations": dated(true_registrations(world), "founded"),
    }


def written_names(world: World) -> pl.DataFrame:
    """system, customer, account_name: the names by which lists without customer numbers mean a customer."""
    register = true_quotes(world).filter(pl.col("system").is_in(REGISTER))
    polled = true_surveys(world).filter(pl.col("system") == "surveys")
    named = {"quotes": register, "oa": true_approvals(world), "docusign": true_signatures(world), "surveys": polled}
    names = first_names(world).select("customer", account_name="first_name")
    parts = [rows.select("customer").unique().with_columns(system=pl.lit(name)) for name, rows in named.items()]
    return pl.concat(parts).join(names, on="customer").select("system", "customer", "account_name")


def lead_keys() -> list[pl.Expr]:
    """source_system and source_id of leads, whichever list keeps them."""
    crm = pl.col("system")
    source_id = (
        pl.when(crm == "zoho").then(lead_lists.zoho_ids())
        .when(crm == "fxiaoke").then(lead_lists.fxiaoke_ids()).otherwise(marketo.lead_ids())
    )  # fmt: skip
    system = pl.when(crm.is_in(marketo.ORGS)).then(pl.lit("marketo")).otherwise(crm)
    return [system.alias("source_system"), source_id.alias("source_id")]


def _leads(world: World) -> Tables:
    leads, campaigns = leads_and_campaigns(world)
    facts_told = leads.select(
        *lead_keys(), "channel", "campaign_id", "region", "product_line", "owner_name", "score", "customer",
        true_deal_id="deal", created_on="created", assigned_on="assigned", converted_on="converted",
        given_up_on="closed",
    )  # fmt: skip
    return {
        "leads": dated(facts_told, "created_on", "assigned_on", "converted_on", "given_up_on"),
        "lead_conversion": _conversion(leads, world.last),
        "campaigns": dated(campaigns.drop("leads"), "started", "ended").rename({"cost": "cost_cents"}),
        "campaign_results": _results(world, leads, campaigns),
    }


def _conversion(leads: pl.DataFrame, last: int) -> pl.DataFrame:
    """Leads by channel: all of them, those old enough to be settled, and how long they waited for somebody."""
    is_mature, is_deal = pl.col("created") <= last - MATURE_DAYS, pl.col("converted").is_not_null()
    waited = pl.col("assigned") - pl.col("created")
    return leads.group_by("channel").agg(
        leads=pl.len(), converted=is_deal.sum(), unassigned=pl.col("assigned").is_null().sum(),
        mature_leads=is_mature.sum(), mature_converted=(is_mature & is_deal).sum(),
        mean_days_to_assign=waited.mean(), slowly_assigned=(waited > 2).sum(),
    ).sort("channel")  # fmt: skip


def _results(world: World, leads: pl.DataFrame, campaigns: pl.DataFrame) -> pl.DataFrame:
    """What each campaign cost in CNY and brought: leads, deals, won ones and their amount (1/10,000 CNY, exact)."""
    won = world.deals.facts.filter(pl.col("outcome") == "won")
    won = won.select(
        "deal", is_won=pl.lit(value=True), won_base_e4=in_base(won, world.rates, cents="amount", day="closed")
    )
    told = leads.drop_nulls("campaign_id").join(won, on="deal", how="left", maintain_order="left")
    brought = told.group_by("campaign_id").agg(
        leads=pl.len(),
        deals=pl.col("deal").count(),
        won=pl.col("is_won").sum(),
        won_base_e4=pl.col("won_base_e4").sum(),
    )
    return campaigns.select("campaign_id", "channel", "cost", "currency").join(brought, on="campaign_id", how="left")


def _quotes(world: World) -> Tables:
    quotes = true_quotes(world)
    versions = pl.col("version")
    facts_told = quotes.select(
        pl.when(pl.col("system") == "salesforce").then("system").otherwise(pl.lit("quotes")).alias("source_system"),
        quote_ids().alias("source_id"), "version", "discount", "list_cents", "currency", "outcome",
        true_deal_id="deal", quoted_on="quoted", amount_cents="cents",
        is_newest=versions == versions.max().over("quote"),
    )  # fmt: skip
    steps = true_approvals(world).select(
        oa.step_ids().alias("source_id"), quote_ids().alias("quote_source_id"), "step", "is_approved", "approver",
        true_deal_id="deal", requested_on="requested", decided_on="decided",
    )  # fmt: skip
    breaches = discount_breaches(world).select(
        quote_ids().alias("quote_source_id"), "version", "discount", "steps_needed", "steps_approved", "has_approval",
        true_deal_id="deal", quoted_on="quoted",
    )  # fmt: skip
    envelopes = true_signatures(world).select(
        docusign.envelope_ids().alias("source_id"), "outcome", true_deal_id="deal", sent_on="sent", signed_on="signed",
        declined_on="declined",
    )  # fmt: skip
    lines = opportunity_lines(world, world.last).select(
        "line", "product_id", "discount", "quantity", "currency", true_deal_id="deal", deal_source_id="source_id",
        amount_cents="cents", source_system=pl.lit(SYSTEM),
    )  # fmt: skip
    keepers = listed_deals(world).select("deal", source_system="system")
    named = competitors(world).join(keepers, on="deal", how="left", maintain_order="left")
    return {
        "quotes": dated(facts_told, "quoted_on"),
        "approvals": dated(steps, "requested_on", "decided_on"),
        "discount_breaches": dated(breaches, "quoted_on"),
        "signatures": dated(envelopes, "sent_on", "signed_on", "declined_on"),
        "opportunity_lines": lines,
        "competitors": named.rename({"deal": "true_deal_id"}),
    }
