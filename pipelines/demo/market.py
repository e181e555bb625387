"""What happens outside the company, invented: a purchasing managers' index per month and the size of its markets.

A figure has the day it was published, and some are revised later: the first one was believed until then.
"""

from datetime import timedelta

import numpy as np
import polars as pl

from pipelines.demo import ids
from pipelines.demo.seasons import EPOCH, YEARLY_GROWTH
from pipelines.demo.world import World

MEAN, PERSISTENCE, SHOCK = 50.2, 0.8, 0.45  # of the index, in points
REVISED_EVERY = 6  # months of the index
REVISED_AFTER = 31  # days
YEARBOOK_DAY = 50  # day of the year in which last year's market sizes come out
MARKET_CNY = 8_000_000_000.0  # of a product line in the first year


def true_facts(world: World) -> pl.DataFrame:
    """One row per figure and publication up to the newest export: series, indicator, level, member, period (date),
    frequency, value, unit, published (date)."""
    facts = pl.concat([_index(world), _sizes(world)])
    return facts.filter(pl.col("published") <= EPOCH + timedelta(days=world.last)).sort("series", "period", "published")


def _index(world: World) -> pl.DataFrame:
    """Monthly, published on the last day of its month; every sixth is revised a month later."""
    start, end = (EPOCH + timedelta(days=day) for day in (world.first, world.last))
    months = pl.date_range(start.replace(day=1), end, "1mo", eager=True)
    rng = ids.rng_for(world.seed, "purchasing managers")
    level, values = 0.0, []
    for shock in rng.normal(0, SHOCK, len(months)):
        level = PERSISTENCE * level + shock
        values.append(round(MEAN + level, 1))
    first = pl.DataFrame({"period": months, "value": values}).with_columns(published=pl.col("period").dt.month_end())
    again = first.gather_every(REVISED_EVERY).with_columns(
        (pl.col("value") + 0.1).round(1), pl.col("published") + timedelta(days=REVISED_AFTER)
    )
    return pl.concat([first, again]).select(
        pl.lit("PMI-MFG").alias("series"),
        pl.lit("manufacturing_pmi").alias("indicator"),
        pl.lit("total").alias("level"),
        pl.lit(None, dtype=pl.String).alias("member"),
        "period",
        pl.lit("month").alias("frequency"),
        "value",
        pl.lit("index points").alias("unit"),
        "published",
    )


def _sizes(world: World) -> pl.DataFrame:
    """Yearly per product line, published in the following February."""
    first, last = ((EPOCH + timedelta(days=day)).year for day in (world.first, world.last))
    lines = world.products["product_line"].unique(maintain_order=True)
    rng = ids.rng_for(world.seed, "market sizes")
    growth = 1 + YEARLY_GROWTH + rng.normal(0, 0.02, (len(lines), last - first))
    size = MARKET_CNY * rng.lognormal(0, 0.4, (len(lines), 1)) * np.cumprod(growth, axis=1)
    rows = [
        {
            "series": f"SIZE-{index + 1}",
            "indicator": "market_size",
            "level": "product_line",
            "member": line,
            "period": EPOCH.replace(year=first + year),
            "frequency": "year",
            "value": float(round(size[index, year], -6)),
            "unit": "CNY",
            "published": EPOCH.replace(year=first + year + 1) + timedelta(days=YEARBOOK_DAY),
        }
        for index, line in enumerate(lines)
        for year in range(last - first)
    ]
    return pl.DataFrame(rows)
