"""The true tickets of customers who buy, and how satisfied they said they were."""

import numpy as np
import polars as pl

from pipelines.demo import ids
from pipelines.demo.company import first_names, kept, month_before, rates
from pipelines.demo.seasons import EPOCH
from pipelines.demo.world import World

KEEPERS = ("salesforce", "hubspot")  # tickets stand where the customer's first record does
POLLED = "fxiaoke"
POLL_MONTHS = (3, 9)
PRIORITIES = ("High", "Medium", "Low")
YEAR_DAYS = 365


@kept
def true_tickets(world: World) -> pl.DataFrame:
    """One row per ticket: ticket, customer, system, account_id, account_name, kind, priority, opened, due and closed
    (days; null while open)."""
    law, rng = rates("service"), ids.rng_for(world.seed, "tickets")
    start = month_before(world, law["months"])
    size = world.customers.select("customer", "size")
    buyers = _buyers(world).filter(pl.col("system").is_in(KEEPERS)).join(size, on="customer", maintain_order="left")
    years = (world.last - start + 1) / YEAR_DAYS
    counts = rng.poisson(law["per_year"] * years * np.sqrt(buyers["size"].to_numpy()))
    rows = buyers[np.repeat(np.arange(len(buyers)), counts)].drop("size")
    count, kinds = len(rows), list(law["kinds"])
    kind = np.array(kinds)[rng.choice(len(kinds), count, p=list(law["kinds"].values()))]
    priority = rng.choice(np.array(PRIORITIES), count, p=[0.2, 0.5, 0.3])
    mean = pl.Series(kind).replace_strict(law["days_open"], return_dtype=pl.Float64).to_numpy()
    lasted = rng.geometric(1 / (mean + 1), count) - 1
    opened = rng.integers(start, world.last + 1, count)
    rows = rows.with_columns(
        kind=pl.Series(kind), priority=pl.Series(priority), opened=pl.Series(opened), closed=pl.Series(opened + lasted),
        due=pl.Series(opened) + pl.Series(priority).replace_strict(law["due_days"], return_dtype=pl.Int64),
        lost=pl.Series(rng.random(count) < law["never_closed"]),
    )  # fmt: skip
    rows = rows.filter(pl.col("opened") > pl.col("known")).sort("opened", "customer", "kind", "due", "closed")
    ended = pl.when(~pl.col("lost") & (pl.col("closed") <= world.last)).then("closed")
    return rows.with_columns(closed=ended).drop("lost", "known").with_row_index("ticket").cast({"ticket": pl.Int64})


@kept
def true_surveys(world: World) -> pl.DataFrame:
    """One row per answer: survey, customer, system (hubspot or surveys), account_id, first_name, answered (day), score,
    scale_max, ticket (null for polls). After a complaint customers are less satisfied."""
    rows = pl.concat([_after_tickets(world), _polls(world)], how="diagonal").filter(pl.col("answered") <= world.last)
    rows = rows.join(first_names(world), on="customer", how="left", maintain_order="left")
    return rows.sort("answered", "customer", "system", "score").with_row_index("survey").cast({"survey": pl.Int64})


def _buyers(world: World) -> pl.DataFrame:
    """Customers that have bought: customer, system and account of the first record, known (the day it was entered)."""
    won = world.deals.facts.filter(pl.col("outcome") == "won").select("customer").unique()
    firsts = world.records.filter("is_first").join(won, on="customer", how="semi", maintain_order="left")
    return firsts.select("customer", "system", "account_name", account_id="source_id", known="created")


def _after_tickets(world: World) -> pl.DataFrame:
    law, rng = rates("service"), ids.rng_for(world.seed, "surveys")
    closed = true_tickets(world).filter((pl.col("system") == "hubspot") & pl.col("closed").is_not_null())
    count = len(closed)
    answers, waits = rng.random(count) < law["answered"], rng.integers(0, 5, count)
    mean = closed["kind"].replace_strict(law["satisfied"], return_dtype=pl.Float64).to_numpy()
    score = np.clip(np.round(mean + rng.normal(0, 1, count)), 1, 7).astype(np.int64)
    rows = closed.with_columns(
        answered=pl.col("closed") + pl.Series(waits), score=pl.Series(score), scale_max=pl.lit(7)
    )
    return rows.filter(pl.Series(answers)).select(
        "customer", "system", "account_id", "answered", "score", "scale_max", "ticket", "kind"
    )


def _polls(world: World) -> pl.DataFrame:
    law, rng = rates("service"), ids.rng_for(world.seed, "polls")
    buyers = _buyers(world).filter(pl.col("system") == POLLED)
    start, day = month_before(world, law["months"]), EPOCH.fromordinal
    months = [
        m for m in range(start, world.last + 1) if (d := day(EPOCH.toordinal() + m)).day == 1 and d.month in POLL_MONTHS
    ]
    rows = buyers.join(pl.DataFrame({"month": months}, schema={"month": pl.Int64}), how="cross")
    rows = rows.filter(pl.col("known") < pl.col("month"))
    count = len(rows)
    score = np.clip(np.round(law["poll_mean"] + rng.normal(0, 0.9, count)), 1, 5).astype(np.int64)
    rows = rows.with_columns(
        answered=pl.col("month") + pl.Series(rng.integers(0, 20, count)), score=pl.Series(score), scale_max=pl.lit(5)
    )
    answers = pl.Series(rng.random(count) < law["polled"])
    return rows.filter(answers).select(
        "customer", "answered", "score", "scale_max", system=pl.lit("surveys"), account_id=pl.lit(None, dtype=pl.String)
    )
