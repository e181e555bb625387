"""A company of one CRM without a history, which exports its list of deals every week for two years."""

from datetime import date, datetime, timedelta

import polars as pl

from pipelines.bench.exports import Exports, Listing
from pipelines.demo import AS_OF, SEED
from pipelines.demo.dirt import load_dirt
from pipelines.demo.world import World, build_world
from pipelines.home.settings import Settings

NAME, WEEKS, EPOCH = "salesforce", 104, date(1970, 1, 1)
CADENCES = {"weekly": 7, "monthly": 28, "quarterly": 91}  # whole weeks, so that each keeps lists of the one before


def weekly_company(settings: Settings, customers: int, seed: int = SEED) -> Exports:
    """Accounts once and deals every week. settings: of any home, for what a company is."""
    world = build_world(seed, customers, 3, AS_OF, load_dirt())
    days = [AS_OF - timedelta(days=7 * back) for back in reversed(range(WEEKS))]
    accounts = _dated(_accounts(world), AS_OF)
    deals = pl.concat([_dated(_deals(world, day), day) for day in days])
    listings = (
        Listing(NAME, "accounts", "accounts", "full", accounts),
        Listing(NAME, "deals", "opportunities", "full", deals),
    )
    rules = {"priority": 10, "cadence_days": 91, "timezone": settings.company.timezone, "cadences": {}}
    return Exports(listings, {NAME: rules}, settings.company.model_dump(mode="json"), {}, AS_OF)


def _accounts(world: World) -> pl.DataFrame:
    rows = world.accounts(NAME, world.last)
    return rows.select("source_id", "account_name", "tax_id", "region", account_id="source_id")


def _deals(world: World, day: date) -> pl.DataFrame:
    rows = world.deal_rows(NAME, (day - EPOCH).days)
    return rows.select(
        "source_id",
        "account_id",
        "stage",
        "region",
        "team",
        "product_line",
        "channel",
        opportunity_id="source_id",
        opportunity_name="title",
        owner_id="rep_id",
        owner_name="rep_name",
        amount=pl.col("amount") / 100,
        currency=pl.lit("CNY"),
        created_on=pl.col("created").cast(pl.Int32).cast(pl.Date),
        closed_on=pl.col("closed").cast(pl.Int32).cast(pl.Date),
        expected_close_on=pl.col("expected").cast(pl.Int32).cast(pl.Date),
    )


def _dated(rows: pl.DataFrame, day: date) -> pl.DataFrame:
    at = datetime(day.year, day.month, day.day, 1)
    return rows.with_columns(exported_at=pl.lit(at).cast(pl.Datetime("us")), set_id=pl.lit(str(day)))
