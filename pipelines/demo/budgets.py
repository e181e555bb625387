"""The true budgets by quarter, and what was spent: marketing spends what its campaigns cost."""

import numpy as np
import polars as pl

from pipelines.demo import ids, words
from pipelines.demo.campaigns import leads_and_campaigns
from pipelines.demo.company import month_before, rates
from pipelines.demo.rates import LEVELS
from pipelines.demo.world import World

HUNDRED = 10_000  # cents: budgets are for whole hundreds
QUARTER_MONTHS, QUARTER_DAYS = 3, 92
MARKETING, TRAVEL, TRAINING = "市场推广", "差旅费", "培训费"


def true_budgets(world: World) -> pl.DataFrame:
    """One row per line, region and quarter: budget_id, line, department, region (null: all), quarter (day), cents, and
    spent (cents at the end of the quarter)."""
    law, rng = rates("budgets"), ids.rng_for(world.seed, "budgets")
    start = month_before(world, QUARTER_MONTHS * law["quarters"])
    _, campaigns = leads_and_campaigns(world)
    factor = pl.col("currency").replace_strict({"CNY": 1.0, **LEVELS}, return_dtype=pl.Float64)
    costs = campaigns.group_by(quarter="started").agg(spent=(pl.col("cost") * factor).sum())
    costs = costs.filter(pl.col("quarter") >= start - QUARTER_DAYS).sort("quarter")
    quarters = costs.select("quarter")
    travel = quarters.join(pl.DataFrame({"region": words.REGIONS}), how="cross").with_columns(
        line=pl.lit(TRAVEL), department=pl.lit("销售部"), spent=pl.lit(float(law["travel"] * 100))
    )
    training = quarters.with_columns(
        line=pl.lit(TRAINING), department=pl.lit("人力资源部"), spent=pl.lit(float(law["training"] * 100))
    )
    marketing = costs.with_columns(line=pl.lit(MARKETING), department=pl.lit("市场部"))
    rows = pl.concat([marketing, travel, training], how="diagonal").sort("quarter", "line", "region", nulls_last=True)
    low, high = law["spent"]
    noise = np.where(rows["line"] == MARKETING, 1.0, rng.uniform(low, high, len(rows)))
    spent = (rows["spent"].to_numpy() * noise / HUNDRED).round().astype(np.int64) * HUNDRED
    asked = (spent / rng.uniform(low, high, len(rows)) / HUNDRED).round().astype(np.int64) * HUNDRED
    rows = rows.with_columns(spent=pl.Series(spent), cents=pl.Series(asked))
    return rows.with_row_index("number").select(
        pl.format("BG-{}", pl.col("number").cast(pl.String).str.zfill(4)).alias("budget_id"),
        "line", "department", "region", "quarter", "cents", "spent",
    )  # fmt: skip


def spent_by(budgets: pl.DataFrame, last: int) -> pl.DataFrame:
    """Budgets of the quarters begun by a day with what had been spent by then: evenly, in whole hundreds."""
    share = ((last - pl.col("quarter") + 1) / QUARTER_DAYS).clip(0, 1)
    begun = budgets.filter(pl.col("quarter") <= last)
    return begun.with_columns(spent=(pl.col("spent") * share / HUNDRED).round(0).cast(pl.Int64) * HUNDRED)
