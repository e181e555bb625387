"""Worlds without files: the deals of a sample company with their full histories, as the deal forecast takes them."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from forecasts.deals.schema import EXACT
from pipelines.demo.cast import DEEP_KINDS, NAMES, NEVER
from pipelines.demo.customers import true_customers
from pipelines.demo.deals import Deals, since, true_deals
from pipelines.demo.dirt import load_dirt
from pipelines.demo.people import true_products, true_reps
from pipelines.demo.rates import LEVELS
from pipelines.demo.seasons import ordinal

AS_OF = date(2026, 10, 31)
MONTHS = 60
FLAGS = {"has_budget": "budget_on", "has_decision_process": "process_on", "has_decision_maker": "decider_on"}
STAGE_PLACES = {name: place for place, name in enumerate(NAMES)}


@dataclass(frozen=True)
class DealWorld:
    """A world up to `last`: its deals and observations (forecasts/deals/schema.py), and the truth behind them."""

    seed: int
    first: int
    last: int
    customers: pl.DataFrame
    true: Deals
    deals: pl.DataFrame
    observations: pl.DataFrame


def draw_world(seed: int, customers: int = 600, as_of: date = AS_OF, months: int = MONTHS) -> DealWorld:
    """The deals of the world of that seed; the same laws and draws as the sample company's, nothing is written."""
    dirt, last = load_dirt(), ordinal(as_of)
    month = as_of.year * 12 + as_of.month - months
    first = ordinal(date(month // 12, month % 12 + 1, 1))
    people, products = true_customers(seed, customers, dirt.customers), true_products()
    reps = true_reps(seed, dirt.reps, first, last)
    true = since(true_deals(seed, people, reps, products, dirt.moves, first, last), first)
    facts = _facts(true, people, reps, products)
    return DealWorld(seed, first, last, people, true, _deals(facts), _observations(true, facts))


def _facts(true: Deals, customers: pl.DataFrame, reps: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """One row per deal: what is entered at its creation, amounts in base currency at the currencies' mean rates."""
    rate = pl.col("currency").replace_strict({"CNY": 1.0, **LEVELS}, return_dtype=pl.Float64) / 100
    facts = true.facts.join(products.select("product", "product_line"), on="product", how="left", maintain_order="left")
    facts = facts.join(reps.select("rep", "rep_id", "team"), on="rep", how="left", maintain_order="left")
    tier = pl.when("is_strategic").then(pl.lit("strategic")).otherwise(pl.lit("other"))
    traits = customers.select(
        "customer",
        tier=tier,
        customer_size=pl.col("employees").cast(pl.Float64),
        industry=pl.format("industry {}", "industry_no"),
    )
    facts = facts.join(traits, on="customer", how="left", maintain_order="left")
    return facts.with_columns(
        deal_id=pl.format("D{}", pl.col("deal").cast(pl.String).str.zfill(6)),
        customer_id=pl.format("C{}", pl.col("customer").cast(pl.String).str.zfill(5)),
        won_amount=pl.col("amount") * rate,
        entered_amount=pl.col("first_amount") * rate,
        created_on=_date("created"),
        closed_on=_date("closed"),
    ).rename({"rep_id": "rep_code"})


def _date(column: str) -> pl.Expr:
    return pl.when(pl.col(column) < NEVER).then(pl.col(column)).cast(pl.Int32).cast(pl.Date)


def _deals(facts: pl.DataFrame) -> pl.DataFrame:
    return facts.select(
        "deal_id", "customer_id", "created_on", "closed_on", "channel", "deal_type", "product_line", "region", "team",
        basis=pl.lit(EXACT), outcome=pl.when(pl.col("outcome") != "open").then("outcome"), amount="won_amount",
        rep="rep_code",
    )  # fmt: skip


def _observations(true: Deals, facts: pl.DataFrame) -> pl.DataFrame:
    """One row per deal and day on which anything was told, with all that was known at its end."""
    place = pl.col("stage").replace_strict(STAGE_PLACES, return_dtype=pl.Int64)
    moves = true.path.select(
        "deal", day="entered", stage="stage", moved=pl.lit(1),
        back=(place < place.shift(1).over("deal")).cast(pl.Int64).fill_null(0),
    )  # fmt: skip
    later = (pl.col("expected") > pl.col("expected").shift(1).over("deal")).cast(pl.Int64).fill_null(0)
    guesses = true.guesses.select("deal", "day", "expected", "probability", pushed=later)
    deep = pl.col("kind").is_in(DEEP_KINDS).cast(pl.Int64)
    touches = true.touches.select("deal", day="occurred", touched=pl.lit(1), deep=deep, last_touch="occurred")
    flags = [
        true.facts.filter(pl.col(day) < NEVER).select("deal", day=day, **{name: pl.lit(1)})
        for name, day in FLAGS.items()
    ]
    proposed = true.facts.filter(pl.col("proposed") < NEVER).select("deal", day="proposed", is_proposed=pl.lit(1))
    events = pl.concat([moves, guesses, touches, *flags, proposed], how="diagonal").sort(
        "deal", "day", maintain_order=True
    )
    sums = ("moved", "back", "pushed", "touched", "deep")
    events = events.with_columns(
        pl.col(*sums).fill_null(0).cum_sum().over("deal"),
        since=pl.when(pl.col("stage").is_not_null()).then("day"),
    ).with_columns(
        pl.col("stage", "since", "expected", "probability", "last_touch", *FLAGS, "is_proposed")
        .forward_fill()
        .over("deal")
    )
    events = events.group_by("deal", "day", maintain_order=True).last()
    static = facts.select(
        "deal", "deal_id", "entered_amount", "won_amount", "channel", "deal_type", "product_line", "region", "team",
        "industry", "tier", "customer_size", rep="rep_code",
    )  # fmt: skip
    return events.join(static, on="deal", how="inner", maintain_order="left").select(
        "deal_id",
        known_on=_date("day"),
        status_code=pl.when(pl.col("stage").is_in(["won", "lost"])).then("stage").otherwise(pl.lit("open")),
        stage_code=pl.when(~pl.col("stage").is_in(["won", "lost"])).then("stage"),
        amount=pl.when(pl.col("is_proposed").is_not_null()).then("won_amount").otherwise("entered_amount"),
        stage_order=pl.col("stage").replace_strict(STAGE_PLACES, return_dtype=pl.Int64),
        stage_since=_date("since"),
        expected_close_on=_date("expected"),
        typed_probability=pl.col("probability") / 100,
        **{name: pl.col(name).is_not_null() for name in FLAGS},
        activity_count="touched",
        deep_activity_count="deep",
        last_activity_on=_date("last_touch"),
        push_count="pushed",
        move_count="moved",
        backward_count="back",
        channel="channel",
        deal_type="deal_type",
        product_line="product_line",
        region="region",
        team="team",
        rep="rep",
        industry="industry",
        tier="tier",
        customer_size="customer_size",
    )
