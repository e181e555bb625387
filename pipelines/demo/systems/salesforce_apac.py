"""A second Salesforce org that only sends its reports: labels, 15-character ids, m/d/Y, "1,234,567.00", 75%."""

import polars as pl

from pipelines.demo.files import Outbox
from pipelines.demo.formats import day, money, text, translated
from pipelines.demo.systems.salesforce import STAGES, country, industry, stamp
from pipelines.demo.world import World

NAME = "salesforce_apac"


def write(out: Outbox, world: World) -> None:
    """The account and the opportunity report on every export day, with a byte order mark."""
    for last in world.export_days:
        if last in world.list_days:
            out.csv(f"salesforce_apac/report_accounts_{stamp(last)}.csv", _accounts(world, last), bom=True)
        out.csv(f"salesforce_apac/report_opportunities_{stamp(last)}.csv", _deals(out, world, last), bom=True)


def _short(column: str) -> pl.Expr:
    return pl.col(column).str.slice(0, 15)


def _accounts(world: World, last: int) -> pl.DataFrame:
    return world.accounts(NAME, last).select(
        pl.col("account_name").alias("Account Name"),
        _short("source_id").alias("Account ID"),
        pl.col("rep_name").alias("Account Owner"),
        pl.lit("Customer").alias("Type"),
        pl.col("phone_text").alias("Phone"),
        pl.col("domain").alias("Website"),
        industry().alias("Industry"),
        pl.col("tax_id").alias("Tax ID"),
        pl.col("street").alias("Billing Street"),
        pl.col("city").alias("Billing City"),
        pl.col("province").alias("Billing State/Province"),
        country().alias("Billing Country"),
        pl.col("region").alias("Region"),
        day("created", "%m/%d/%Y").alias("Created Date"),
    )


def _deals(out: Outbox, world: World, last: int) -> pl.DataFrame:
    frame = world.deal_rows(NAME, last).select(
        pl.col("region").alias("Territory Region"),
        pl.col("rep_name").alias("Opportunity Owner"),
        _short("account_id").alias("Account ID"),
        pl.col("account_name").alias("Account Name"),
        _short("source_id").alias("Opportunity ID"),
        pl.col("title").alias("Opportunity Name"),
        translated("stage", STAGES).alias("Stage"),
        pl.concat_str(text("probability"), pl.lit("%")).alias("Probability (%)"),
        pl.col("currency").alias("Amount Currency"),
        money("amount", thousands=",").alias("Amount"),
        day("expected", "%m/%d/%Y").alias("Close Date"),
        day("created", "%m/%d/%Y").alias("Created Date"),
        day("updated", "%m/%d/%Y").alias("Last Modified Date"),
        pl.col("deal_type").alias("Type"),
        pl.col("channel").alias("Lead Source"),
        pl.col("product_line").alias("Product Line"),
        pl.col("product_name").alias("Product Name"),
        pl.when("is_lost").then("loss_reason").alias("Loss Reason"),
        pl.col("team").alias("Team"),
        _short("external_id").alias("Legacy Deal ID"),
        pl.lit("call back, agree on next step").alias("Opportunity Next Steps"),
    )
    if last == world.last:
        path, keys = (
            f"salesforce_apac/report_opportunities_{stamp(last)}.csv",
            [key[:15] for key in world.spare_ids(NAME, "deal")],
        )
        frame = out.spoilt(
            path, "opportunities", frame, keys=keys, key="Opportunity ID", day="Close Date", amount="Amount"
        )
    return frame
