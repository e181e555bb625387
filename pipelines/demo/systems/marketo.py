"""Marketo: the leads of both Salesforce orgs, and the programs of the whole company with what they cost."""

import polars as pl

from pipelines.demo.campaigns import leads_and_campaigns, spent
from pipelines.demo.files import Outbox
from pipelines.demo.formats import day, money, text
from pipelines.demo.systems.salesforce import industry, stamp
from pipelines.demo.world import World

ORGS = ("salesforce", "salesforce_apac")
FIRST_LEAD = 120_000
CHANNELS = {"Website": "Paid Search", "Trade show": "Event", "Outbound": "Email Send", "Partner": "Partner"}


def write(out: Outbox, world: World) -> None:
    """All leads and programs twice a year."""
    leads, campaigns = leads_and_campaigns(world)
    leads = leads.filter(pl.col("system").is_in(ORGS))
    for last in world.few_days:
        path = f"marketo/leads_{stamp(last)}.csv"
        frame = _leads(leads.filter(pl.col("created") <= last), last)
        if last == world.last:
            keys = [str(990_000 + place) for place in range(6)]
            frame = out.spoilt(path, "leads", frame, keys=keys, key="Id", day="Created At")
        out.csv(path, frame)
        out.csv(f"marketo/programs_{stamp(last)}.csv", _programs(spent(campaigns, last)))


def lead_ids() -> pl.Expr:
    """Marketo's numbers of leads."""
    return (pl.col("lead") + FIRST_LEAD).cast(pl.String)


def _leads(rows: pl.DataFrame, last: int) -> pl.DataFrame:
    assigned, converted = pl.col("assigned") <= last, pl.col("converted") <= last
    status = (
        pl.when(converted).then(pl.lit("SQL")).when(pl.col("closed") <= last).then(pl.lit("Disqualified"))
        .when(assigned).then(pl.lit("MQL")).otherwise(pl.lit("Known"))
    )  # fmt: skip
    return rows.select(
        lead_ids().alias("Id"),
        pl.concat_str("first", "last", separator=" ").alias("Full Name"),
        pl.col("company").alias("Company Name"),
        pl.format("{}@example.com", lead_ids()).alias("Email Address"),
        pl.lit(None, dtype=pl.String).alias("Phone Number"),
        pl.col("channel").alias("Lead Source"),
        pl.col("campaign_id").alias("Acquisition Program Id"),
        status.alias("Lead Status"),
        text("score").alias("Lead Score"),
        industry().alias("Industry"),
        pl.col("region").alias("Country"),
        pl.col("product_line").alias("Product Interest"),
        pl.when(assigned).then("owner_name").alias("Lead Owner"),
        pl.concat_str(day("created"), pl.lit("T06:30:00Z")).alias("Created At"),
        pl.when(assigned).then(day("assigned")).alias("Lead Assigned Date"),
        pl.when(converted).then(day("converted")).alias("SFDC Converted Date"),
        pl.when(converted).then("account_id").alias("SFDC Account Id"),
        pl.when(converted).then("deal_source_id").alias("SFDC Opportunity Id"),
    )


def _programs(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        pl.col("campaign_id").alias("Program Id"),
        pl.col("name").alias("Program Name"),
        pl.col("channel").alias("Channel"),
        pl.col("channel").replace_strict(CHANNELS, default="Default", return_dtype=pl.String).alias("Program Type"),
        day("started").alias("Start Date"),
        day("ended").alias("End Date"),
        money("cost", thousands=",").alias("Period Cost"),
        pl.col("currency").alias("Currency"),
    )
