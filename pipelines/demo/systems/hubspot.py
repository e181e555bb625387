"""HubSpot: property labels as headers, everything quoted, numbers as 117.0, owners by name, `YYYY-MM-DD HH:MM`."""

import polars as pl

from pipelines.demo.contacts import contacts
from pipelines.demo.files import Outbox
from pipelines.demo.formats import day, money, text, translated
from pipelines.demo.systems.salesforce import country, industry, stamp
from pipelines.demo.world import World

NAME = "hubspot"
# the portal has no stage for a proposal: the deal stays with the decision maker until the contract goes out
STAGES = {
    "lead": "Appointment Scheduled",
    "qualified": "Qualified to Buy",
    "needs": "Presentation Scheduled",
    "decision_makers": "Decision Maker Bought-In",
    "proposal": "Decision Maker Bought-In",
    "negotiation": "Contract Sent",
    "won": "Closed Won",
    "lost": "Closed Lost",
}


def write(out: Outbox, world: World) -> None:
    """All deals on every export day, all companies and contacts on those of the slow lists."""
    people = contacts(world, NAME)
    for last in world.export_days:
        name = f"{stamp(last)[:4]}-{stamp(last)[4:6]}-{stamp(last)[6:]}"
        if last in world.list_days:
            out.csv(f"hubspot/hubspot-crm-exports-all-companies-{name}.csv", _companies(world, last), quote_all=True)
            known = _contacts(people.filter(pl.col("created") <= last))
            out.csv(f"hubspot/hubspot-crm-exports-all-contacts-{name}.csv", known, quote_all=True)
        path = f"hubspot/hubspot-crm-exports-all-deals-{name}.csv"
        out.csv(path, _deals(out, world, last, path), quote_all=True)


def _minute(column: str) -> pl.Expr:
    return pl.concat_str(day(column), pl.lit(" 10:30"))


def _companies(world: World, last: int) -> pl.DataFrame:
    return world.accounts(NAME, last).select(
        pl.col("source_id").alias("Record ID"),
        pl.col("account_name").alias("Company name"),
        pl.col("domain").alias("Company Domain Name"),
        pl.col("phone_text").alias("Phone Number"),
        pl.col("street").alias("Street Address"),
        pl.when("is_chinese").then("english").otherwise("city").alias("City"),
        country().alias("Country/Region"),
        industry().alias("Industry"),
        pl.concat_str(text("employees"), pl.lit(".0")).alias("Number of Employees"),
        pl.col("rep_name").alias("Company owner"),
        pl.lit("Customer").alias("Lifecycle Stage"),
        _minute("created").alias("Create Date"),
    )


def _contacts(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        (pl.col("number") + 150).cast(pl.String).alias("Record ID"),
        pl.col("first").alias("First Name"),
        pl.col("last").alias("Last Name"),
        pl.col("email").alias("Email"),
        pl.col("phone").alias("Phone Number"),
        pl.col("title").alias("Job Title"),
        pl.when("is_decision_maker")
        .then(pl.lit("Decision Maker"))
        .otherwise(pl.lit("Influencer"))
        .alias("Buying Role"),
        _minute("created").alias("Create Date"),
        _minute("created").alias("Last Modified Date"),
        pl.col("account_id").alias("Associated Company IDs (Primary)"),
        pl.col("account_name").alias("Associated Company (Primary)"),
    )


def _deals(out: Outbox, world: World, last: int, path: str) -> pl.DataFrame:
    frame = world.deal_rows(NAME, last).select(
        pl.col("source_id").alias("Record ID"),
        pl.col("title").alias("Deal Name"),
        pl.lit("Sales Pipeline").alias("Pipeline"),
        translated("stage", STAGES).alias("Deal Stage"),
        money("amount", decimals=1).alias("Amount"),
        pl.col("currency").alias("Currency"),
        _minute("expected").alias("Close Date"),
        _minute("created").alias("Create Date"),
        _minute("updated").alias("Last Modified Date"),
        pl.col("rep_name").alias("Deal owner"),
        pl.col("deal_type").alias("Deal Type"),
        pl.col("channel").alias("Original Traffic Source"),
        pl.when("is_lost").then("loss_reason").alias("Closed Lost Reason"),
        (pl.col("probability") / 100).round(2).cast(pl.String).alias("Deal probability"),
        pl.col("product_id").alias("Product code"),
        pl.col("product_line").alias("Product line"),
        pl.col("region").alias("Sales region"),
        pl.col("team").alias("HubSpot Team"),
        pl.when("has_decision_maker").then(pl.lit("Yes")).otherwise(pl.lit("No")).alias("Decision maker known"),
        pl.col("external_id").alias("External deal ID"),
        pl.col("account_name").alias("Associated Company"),
        pl.col("account_id").alias("Associated Company IDs (Primary)"),
    )
    if last == world.last:
        frame = out.spoilt(
            path,
            "opportunities",
            frame,
            keys=world.spare_ids(NAME, "deal"),
            key="Record ID",
            day="Create Date",
            amount="Amount",
        )
    return frame
