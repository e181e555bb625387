"""Zoho modules: zcrm_ ids, `.id` twins, amounts with separators, two date formats in one column, a stage history."""

import polars as pl

from pipelines.demo.competitors import with_competitors
from pipelines.demo.contacts import contacts, full_name
from pipelines.demo.files import Outbox
from pipelines.demo.formats import day, money, text, translated
from pipelines.demo.odd_words import odd_industry
from pipelines.demo.systems.salesforce import country, industry, stamp
from pipelines.demo.world import World

NAME = "zoho"
STAGES = {
    "lead": "Qualification",
    "qualified": "Qualification",
    "needs": "Needs Analysis",
    "decision_makers": "Identify Decision Makers",
    "proposal": "Proposal/Price Quote",
    "negotiation": "Negotiation/Review",
    "won": "Closed Won",
    "lost": "Closed Lost",
}


def write(out: Outbox, world: World) -> None:
    """Deals and what is new in the stage history on every export day, Accounts and Contacts with the slow lists."""
    people, history = contacts(world, NAME), world.deal_history(NAME)
    for after, last in world.log_days:
        name = f"{stamp(last)[:4]}_{stamp(last)[4:6]}_{stamp(last)[6:]}"
        if last in world.list_days:
            out.csv(f"zoho/Accounts_{name}.csv", _accounts(world, last))
            out.csv(f"zoho/Contacts_{name}.csv", _contacts(people.filter(pl.col("created") <= last)))
        path = f"zoho/Deals_{name}.csv"
        out.csv(path, _deals(out, world, last, path))
        new = history.filter((pl.col("changed") > after) & (pl.col("changed") <= last))
        out.csv(f"zoho/Stage_History_{name}.csv", _history(new))


def _zcrm(column: str) -> pl.Expr:
    return pl.concat_str(pl.lit("zcrm_"), column)


def _mixed(column: str) -> pl.Expr:
    """Older rows came in by import with ISO dates, later ones were typed."""
    return pl.when(pl.col("number") % 3 == 0).then(day(column, "%b %d, %Y")).otherwise(day(column))


def _accounts(world: World, last: int) -> pl.DataFrame:
    return world.accounts(NAME, last).select(
        _zcrm("source_id").alias("Record Id"),
        pl.col("account_name").alias("Account Name"),
        pl.col("rep_id").alias("Account Owner.id"),
        pl.col("rep_name").alias("Account Owner"),
        pl.col("phone_text").alias("Phone"),
        pl.concat_str(pl.lit("http://"), "domain").alias("Website"),
        pl.col("tax_id").alias("Tax Number"),
        odd_industry(industry()).alias("Industry"),
        text("employees").alias("Employees"),
        pl.col("street").alias("Billing Street"),
        pl.col("city").alias("Billing City"),
        country().alias("Billing Country"),
        day("created").alias("Created Time"),
    )


def _contacts(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        pl.format("zcrm_{}", pl.col("number") + 4876876000000412000).alias("Record Id"),
        pl.col("first").alias("First Name"),
        pl.col("last").alias("Last Name"),
        full_name().alias("Full Name"),
        _zcrm("account_id").alias("Account Name.id"),
        pl.col("account_name").alias("Account Name"),
        pl.col("email").alias("Email"),
        pl.col("phone").alias("Mobile"),
        pl.col("title").alias("Title"),
        day("born").alias("Date of Birth"),
        pl.concat_str(day("created"), pl.lit(" 09:30:00")).alias("Created Time"),
        pl.concat_str(day("created"), pl.lit(" 09:30:00")).alias("Modified Time"),
    )


def _deals(out: Outbox, world: World, last: int, path: str) -> pl.DataFrame:
    frame = with_competitors(world.deal_rows(NAME, last), world).select(
        _zcrm("source_id").alias("Record Id"),
        pl.col("rep_id").alias("Deal Owner.id"),
        pl.col("rep_name").alias("Deal Owner"),
        pl.col("title").alias("Deal Name"),
        _zcrm("account_id").alias("Account Name.id"),
        pl.col("account_name").alias("Account Name"),
        money("amount", thousands=",").alias("Amount"),
        pl.col("currency").alias("Currency"),
        translated("stage", STAGES).alias("Stage"),
        text("probability").alias("Probability (%)"),
        _mixed("expected").alias("Closing Date"),
        pl.col("deal_type").alias("Type"),
        pl.col("channel").alias("Lead Source"),
        pl.when("is_lost").then("loss_reason").alias("Reason For Loss"),
        pl.col("competitor").alias("Competitor"),
        pl.col("product_id").alias("Product Code"),
        pl.col("product_line").alias("Product Line"),
        pl.col("region").alias("Territory"),
        pl.col("team").alias("Team"),
        pl.col("external_id").alias("External Deal Id"),
        day("created").alias("Created Time"),
        day("updated").alias("Modified Time"),
    )
    if last == world.last:
        keys = [f"zcrm_{key}" for key in world.spare_ids(NAME, "deal")]
        frame = out.spoilt(
            path, "opportunities", frame, keys=keys, key="Record Id", day="Closing Date", amount="Amount"
        )
    return frame


def _history(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        pl.concat_str(_zcrm("source_id"), pl.lit("-"), text("step")).alias("Record Id"),
        _zcrm("source_id").alias("Deal Name.id"),
        translated("stage", STAGES).alias("Stage"),
        money("amount", thousands=",").alias("Amount"),
        text("probability").alias("Probability (%)"),
        day("expected").alias("Closing Date"),
        pl.col("rep_name").alias("Modified By"),
        pl.format("{} {}:00:00", day("changed"), pl.col("place") + 10).alias("Modified Time"),
    )
