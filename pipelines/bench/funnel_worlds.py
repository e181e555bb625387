"""Deals of the sample company without files: their exact histories, and what lists of a cadence show of them."""

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import numpy as np
import polars as pl

from pipelines.demo.customers import true_customers
from pipelines.demo.deals import true_deals
from pipelines.demo.dirt import load_dirt
from pipelines.demo.people import true_products, true_reps
from pipelines.funnel import Rules, Tables, conversions
from pipelines.home.settings import DBT_PROJECT

FIRST, LAST = date(2023, 1, 1), date(2025, 12, 31)
STAGES = ("lead", "qualified", "needs", "decision_makers", "proposal", "negotiation")
CUSTOMERS = 1_200  # some 12,000 deals: their own histories then err by .005
NAME = "world"
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Pool:
    """deals: opportunity_id, source_system, created_on, closed_on, is_closing_day_known, outcome.

    path: opportunity_id, step, stage_code, entered_on, of every stage that a deal entered.
    """

    deals: pl.DataFrame
    path: pl.DataFrame


@cache
def rules() -> Rules:
    """The rules as shipped."""
    with (DBT_PROJECT / "seeds" / "funnel_rules.csv").open(encoding="utf-8", newline="") as lines:
        return Rules.read((row["rule"], float(row["value"])) for row in csv.DictReader(lines))


@cache
def pool(seed: int = 7, customers: int = CUSTOMERS) -> Pool:
    """A world; the same seed and size give the same."""
    dirt, first, last = load_dirt(), (FIRST - EPOCH).days, (LAST - EPOCH).days
    people, reps, products = (
        true_customers(seed, customers, dirt.customers),
        true_reps(seed, dirt.reps, first, last),
        true_products(),
    )
    world = true_deals(seed, people, reps, products, dirt.moves, first, last)
    deals = world.facts.select(
        opportunity_id=pl.col("deal").cast(pl.String),
        source_system=pl.lit(NAME),
        created_on=pl.col("created").cast(pl.Date),
        closed_on=pl.col("closed").cast(pl.Int32).cast(pl.Date),
        is_closing_day_known=pl.lit(True),
        outcome="outcome",
    )
    path = world.path.select(
        pl.col("deal").cast(pl.String).alias("opportunity_id"),
        stage_code="stage",
        entered_on=pl.col("entered").cast(pl.Int32).cast(pl.Date),
    ).with_columns(step=pl.int_range(pl.len()).over("opportunity_id"))
    return Pool(deals, path)


def truth(world: Pool) -> pl.DataFrame:
    """stage_code, conversion_rate and mean_days as the histories of all deals of the world give them."""
    rows = conversions(with_history(world), rules(), LAST)
    total = rows.filter(pl.col("level") == "total", pl.col("period") == "all_time", pl.col("stage_order") > 0)
    return total.select("stage_code", "conversion_rate", "mean_days", "deal_count")


def stays(world: Pool) -> pl.DataFrame:
    """opportunity_id, stage_order and days of every open stage that was left."""
    left = world.path.with_columns(left_on=pl.col("entered_on").shift(-1).over("opportunity_id", order_by="step"))
    finished = left.filter(pl.col("left_on").is_not_null(), pl.col("stage_code").is_in(STAGES))
    days = (pl.col("left_on") - pl.col("entered_on")).dt.total_days()
    return finished.select("opportunity_id", stage_order=_order(), days=days)


def with_history(world: Pool) -> Tables:
    """The world as a system that exports its own history."""
    nothing = pl.DataFrame(schema={"opportunity_id": pl.String, "exported_on": pl.Date, "stage_order": pl.Int64})
    return _tables(world, "exact_history", stays(world), nothing, [])


def sample(world: Pool, seed: int, deals: int) -> Pool:
    """Some deals of the world, drawn without replacement from those born while lists were exported."""
    born = world.deals.filter(pl.col("created_on") >= FIRST)
    drawn = np.random.default_rng(seed).choice(len(born), min(deals, len(born)), replace=False)
    chosen = born[np.sort(drawn)]
    return Pool(chosen, world.path.join(chosen.select("opportunity_id"), on="opportunity_id", how="semi"))


def with_even_calendar(world: Pool, seed: int) -> Pool:
    """Every ended life moved to another day of birth: what happens is spread evenly over months and weeks."""
    ended = world.deals.filter(pl.col("outcome") != "open")
    span, rng = (LAST - FIRST).days, np.random.default_rng(seed)
    births = pl.Series("birth", rng.integers(0, span + 1, len(ended)))
    moved = ended.select("opportunity_id", shift=(pl.lit(FIRST) - pl.col("created_on")).dt.total_days() + births)
    by = pl.duration(days=pl.col("shift"))
    deals = ended.join(moved, on="opportunity_id").with_columns(
        created_on=pl.col("created_on") + by, closed_on=pl.col("closed_on") + by
    )
    deals = deals.with_columns(
        outcome=pl.when(pl.col("closed_on") > LAST).then(pl.lit("open")).otherwise("outcome"),
        closed_on=pl.when(pl.col("closed_on") <= LAST).then("closed_on"),
    )
    path = world.path.join(moved, on="opportunity_id").with_columns(entered_on=pl.col("entered_on") + by)
    return Pool(deals.drop("shift"), path.filter(pl.col("entered_on") <= LAST).drop("shift"))


def listed(chosen: Pool, cadence: str) -> tuple[Tables, date]:
    """Deals as full lists of that cadence show them, and the day of the last one."""
    days = export_days(cadence)
    nothing = pl.DataFrame(schema={"opportunity_id": pl.String, "stage_order": pl.Int64, "days": pl.Int64})
    return _tables(chosen, "dated_exports_estimate", nothing, sightings(chosen, days), days), LAST


def export_days(cadence: str) -> list[date]:
    """Every seventh day, or the last day of every month or quarter."""
    days = [FIRST + timedelta(number) for number in range((LAST - FIRST).days + 1)]
    if cadence == "weekly":
        return days[6::7]
    months = {"monthly": range(1, 13), "quarterly": range(3, 13, 3)}[cadence]
    return [day for day in days if (day + timedelta(1)).day == 1 and day.month in months]


def sightings(world: Pool, days: list[date]) -> pl.DataFrame:
    """opportunity_id, exported_on and stage_order of the deals that are open at the end of an export day."""
    steps = world.path.with_columns(next_on=pl.col("entered_on").shift(-1).over("opportunity_id", order_by="step"))
    lists = pl.DataFrame({"exported_on": days}, schema={"exported_on": pl.Date})
    here = (pl.col("entered_on") <= pl.col("exported_on")) & (
        pl.col("next_on").is_null() | (pl.col("next_on") > pl.col("exported_on"))
    )
    open_stages = steps.filter(pl.col("stage_code").is_in(STAGES))
    return (
        open_stages.join(lists, how="cross").filter(here).select("opportunity_id", "exported_on", stage_order=_order())
    )


def _order() -> pl.Expr:
    return (
        pl.col("stage_code")
        .replace_strict({stage: 10 * (place + 1) for place, stage in enumerate(STAGES)})
        .cast(pl.Int64)
    )


def _tables(world: Pool, basis: str, spent: pl.DataFrame, seen: pl.DataFrame, days: list[date]) -> Tables:
    deals = world.deals.with_columns(basis=pl.lit(basis))
    orders = [10 * (place + 1) for place in range(len(STAGES))]
    ladders = {"source_system": NAME, "stage_order": orders, "stage_code": STAGES, "stages_covered": STAGES}
    return Tables(
        deals=deals,
        stays=spent,
        sightings=seen,
        export_days=pl.DataFrame(
            {"source_system": [NAME] * len(days), "exported_on": days},
            schema={"source_system": pl.String, "exported_on": pl.Date},
        ),
        ladders=pl.DataFrame(ladders),
        members=deals.select(pl.lit("total").alias("level"), pl.lit("").alias("member"), "opportunity_id"),
        periods=pl.DataFrame({"period": ["all_time"], "period_start": [FIRST], "period_end": [LAST]}),
    )
