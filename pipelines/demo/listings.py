"""Which system lists which deal, under what title and amount, on which account."""

import numpy as np
import polars as pl

from pipelines.demo import ids, words
from pipelines.demo.deals import Deals as TrueDeals
from pipelines.demo.dirt import Deals
from pipelines.demo.registry import System

PHRASES = (
    ("second plant", "二期工厂"),
    ("line upgrade", "产线改造"),
    ("pilot project", "试点项目"),
    ("spare pool", "备件储备"),
    ("new workshop", "新车间"),
    ("retrofit", "设备更新"),
    ("energy saving", "节能改造"),
    ("quality lab", "质检实验室"),
    ("packing hall", "包装车间"),
    ("test bench", "测试台"),
    ("warehouse", "智能仓库"),
    ("paint shop", "涂装线"),
    ("head office", "总部平台"),
    ("cold store", "冷库监测"),
    ("press shop", "冲压车间"),
    ("frame contract", "年度框架"),
)
KEEPING_THE_DAY = ("fxiaoke", "tracker")  # systems with a column of its own for the day on which a deal closed
SHEET_SHARE = 0.10  # of the East China deals without a CRM record: the team keeps them in its workbook only


def deal_listings(
    seed: int, deals: TrueDeals, records: pl.DataFrame, systems: tuple[System, ...], rates: Deals, days: tuple[int, ...]
) -> pl.DataFrame:
    """One row per deal record: listing, deal, system, kind (original, other_system, reentered), record (of the
    account), title, amount_percent, lag (days), shares_id, deleted_from (day or null), number (within the system)."""
    rng = ids.rng_for(seed, "listings")
    facts = deals.facts
    homes = records.filter("is_first").select("customer", home="system")
    facts = facts.join(homes, on="customer", how="left", maintain_order="left")
    has_sheet = any(system.kind == "sheet" for system in systems)
    east = (facts["region"] == "East China").to_numpy() & has_sheet
    in_sheet = east & (rng.random(len(facts)) < SHEET_SHARE)
    originals = facts.select(
        "deal",
        "customer",
        "is_chinese",
        "outcome",
        "product",
        "created",
        system=pl.when(pl.Series(in_sheet)).then(pl.lit("tracker")).otherwise("home"),
    )
    others = _other_system(rng, originals, records, systems, rates, sheet=east & ~in_sheet)
    again = originals.filter(
        pl.Series(rng.random(len(originals)) < rates.entered_twice) & (pl.col("system") != "tracker")
    )
    listings = pl.concat(
        [
            originals.with_columns(pl.lit("original").alias("kind")),
            others.with_columns(pl.lit("other_system").alias("kind")),
            again.with_columns(pl.lit("reentered").alias("kind")),
        ]
    )
    listings = _spelt(rng, listings, facts, records, rates)
    listings = _with_account(rng, listings, records)
    single = listings.select(pl.len().over("deal") == 1).to_series()
    # a deal can only vanish from an export if an earlier one showed it
    shown = listings["created"] <= (days[-3] - 10 if len(days) > 2 else -1)
    gone = single & shown & (listings["outcome"] != "won") & pl.Series(rng.random(len(listings)) < rates.deleted)
    listings = listings.with_columns(pl.when(gone).then(days[-min(2, len(days))]).alias("deleted_from"))
    lacks_day = ids.rng_for(seed, "without closing day").random(len(listings)) < rates.without_closing_day
    listings = listings.with_columns(pl.Series("lacks_day", lacks_day) & pl.col("system").is_in(KEEPING_THE_DAY))
    listings = listings.sort("deal", "kind", maintain_order=True).with_row_index("listing")
    return listings.with_columns((pl.int_range(pl.len()).over("system") + 1).alias("number"))


def _other_system(
    rng: np.random.Generator,
    originals: pl.DataFrame,
    records: pl.DataFrame,
    systems: tuple[System, ...],
    rates: Deals,
    *,
    sheet: np.ndarray,
) -> pl.DataFrame:
    """Deals that a second system keeps as well: another CRM that knows the customer, or the East China workbook."""
    crms = [system.name for system in systems if system.kind == "crm"]
    second = records.filter(~pl.col("is_first") & ~pl.col("is_twin") & pl.col("system").is_in(crms)).select(
        "customer", second="system"
    )
    both = originals.join(second, on="customer", how="left", maintain_order="left")
    both = both.with_columns(pl.coalesce("second", pl.when(pl.Series(sheet)).then(pl.lit("tracker"))).alias("second"))
    both = both.with_row_index("_row").filter(pl.col("second").is_not_null() & (pl.col("second") != pl.col("system")))
    wanted = min(round(rates.in_two_systems * len(originals)), len(both))
    chosen = both[np.sort(rng.choice(len(both), wanted, replace=False))]
    return chosen.with_columns(pl.col("second").alias("system")).select(originals.columns)


def _spelt(
    rng: np.random.Generator, listings: pl.DataFrame, facts: pl.DataFrame, records: pl.DataFrame, rates: Deals
) -> pl.DataFrame:
    count = len(listings)
    names = records.filter("is_first").select("customer", "brand")
    phrase = rng.integers(0, len(PHRASES), len(facts))[listings["deal"].to_numpy()]
    english, chinese = (np.array(column)[phrase] for column in zip(*PHRASES, strict=True))
    listings = listings.join(names, on="customer", how="left", maintain_order="left").with_columns(
        pl.Series("english", english),
        pl.Series("chinese", chinese),
        pl.Series("product_name", _product_names(listings)),
    )
    further = (listings["kind"] != "original").to_numpy()
    style = np.where(further, rng.choice(4, count, p=[0.4, 0.25, 0.2, 0.15]), 0)
    title = (
        pl.when("is_chinese")
        .then(pl.concat_str("brand", "chinese", pl.lit("（"), "product_name", pl.lit("）")))
        .otherwise(pl.concat_str("brand", pl.lit(" - "), "english", pl.lit(" - "), "product_name"))
    )
    styled = (
        pl.when(pl.Series(style) == 1)
        .then(pl.concat_str(title, pl.when("is_chinese").then(pl.lit("项目")).otherwise(pl.lit(" project"))))
        .when(pl.Series(style) == 2)
        .then(pl.concat_str(pl.when("is_chinese").then("chinese").otherwise("english"), pl.lit(" "), "product_name"))
        .when(pl.Series(style) == 3)
        .then(title.str.to_uppercase())
        .otherwise(title)
    )
    near = further & (rng.random(count) < 0.5)
    shares = ids.picked(rng, (listings["kind"] == "other_system").to_numpy(), rates.shared_external_id)
    return listings.with_columns(
        styled.alias("title"),
        pl.Series("amount_percent", np.where(near, rng.choice([98, 99, 101, 102], count), 100)),
        pl.Series("lag", np.where(further, rng.integers(0, 7, count), 0)),
        pl.Series("shares_id", shares),
    ).drop("english", "chinese", "brand", "product_name")


def _product_names(listings: pl.DataFrame) -> np.ndarray:
    names = [name for products in words.PRODUCTS.values() for name, _ in products]
    return np.array(names)[listings["product"].to_numpy()]


def _with_account(rng: np.random.Generator, listings: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """The account record a deal hangs on: one of the customer's in that system; the workbook uses the first name."""
    known = records.group_by("customer", "system", maintain_order=True).agg(
        pl.col("record").first().alias("one"), pl.col("record").last().alias("two")
    )
    firsts = records.filter("is_first").select("customer", first="record")
    joined = listings.join(known, on=["customer", "system"], how="left", maintain_order="left").join(
        firsts, on="customer", how="left", maintain_order="left"
    )
    either = pl.when(pl.Series(rng.random(len(listings)) < 0.5)).then("one").otherwise("two")
    return joined.with_columns(pl.coalesce(either, "first").alias("record")).drop("one", "two", "first")
