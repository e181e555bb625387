"""The rates of company.yml, and the deals as their first systems list them: what other objects are made of."""

from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from numpy.typing import NDArray

from pipelines.demo.seasons import EPOCH, ordinal
from pipelines.demo.world import World

WORLDS = 2  # whose tables are kept at a time
kept = lru_cache(maxsize=WORLDS)
"""Makes a table of a world once: frames are never changed in place."""
SHIPPED = Path(__file__).with_name("company.yml")


@cache
def rates(topic: str) -> dict[str, Any]:
    """The rates of one topic; an unknown topic or rate is a KeyError."""
    values: dict[str, dict[str, Any]] = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    return values[topic]


def month_before(world: World, months: int) -> int:
    """The first day of the month that many months before the one after the newest export, never before the world's."""
    from datetime import date, timedelta

    end = EPOCH + timedelta(days=world.last + 1)
    place = end.year * 12 + end.month - 1 - months
    return max(ordinal(date(place // 12, place % 12 + 1, 1)), world.first)


@kept
def listed_deals(world: World) -> pl.DataFrame:
    """The facts of each deal that no export loses, with the record that had it first.

    Adds system, source_id (of the deal), account_id and account_name (of the customer there; the workbook has only
    names), title, rep_name, rep_id, team, product_line, price (of the product, CNY cents), industry_no, code (country).
    """
    kept = world.listings.filter((pl.col("kind") == "original") & pl.col("deleted_from").is_null())
    rows = kept.select("deal", "system", "source_id", "record", "title")
    account = world.records.select("record", "account_name", account_id="source_id")
    rows = rows.join(account, on="record", how="left", maintain_order="left").drop("record")
    rows = rows.join(world.deals.facts, on="deal", how="left", maintain_order="left")
    reps = world.reps.select("rep", "rep_id", "rep_name", "team")
    rows = rows.join(reps, on="rep", how="left", maintain_order="left")
    products = world.products.select("product", "product_id", "product_name", "product_line", "price")
    rows = rows.join(products, on="product", how="left", maintain_order="left")
    people = world.customers.select("customer", "industry_no", "code")
    return rows.join(people, on="customer", how="left", maintain_order="left").sort("deal")


def first_names(world: World) -> pl.DataFrame:
    """Customer -> the name under which its first record keeps it: what people write elsewhere."""
    return world.records.filter("is_first").select("customer", first_name="account_name")


def entered(world: World, stage: str) -> pl.DataFrame:
    """Deal -> the day on which it first came into a stage."""
    return world.deals.path.filter(pl.col("stage") == stage).group_by("deal").agg(stage_day=pl.col("entered").min())


def waited(rng: np.random.Generator, count: int, chance: float, most: int) -> NDArray[np.int64]:
    """Days waited for something that happens with that chance each day, at most so many."""
    return np.minimum(rng.geometric(chance, count) - 1, most)


def shown(column: str, last: int) -> pl.Expr:
    """A day where it has come by the last one, else null."""
    return pl.when(pl.col(column) <= last).then(column).alias(column)
