"""The true business register of Chinese customers, as a publisher licenses it: nothing of it moves sales."""

import numpy as np
import polars as pl

from pipelines.demo import ids
from pipelines.demo.world import World

LISTED = 0.9  # of the Chinese companies: the others registered lately, or are not bought
STRUCK_OFF = 0.04  # of those that never buy
SURNAMES, GIVEN = tuple("王李张刘陈杨黄赵吴周徐孙马朱胡"), ("建平", "静", "立新", "海燕", "志远", "文", "国强", "丽")
YUAN_PER_HEAD = 50_000  # of registered capital, give or take
OLDEST, YOUNGEST = 9_000, 900  # days before the newest export
ACTIVE, DISSOLVED = "存续", "注销"


def true_registrations(world: World) -> pl.DataFrame:
    """One row per listed company: customer, name, tax_id, representative, capital (whole yuan), founded (days),
    status (in the register's words)."""
    people = world.customers.filter("is_chinese")
    rng, count = ids.rng_for(world.seed, "registrations"), len(people)
    listed, fate = rng.random(count) < LISTED, rng.random(count) < STRUCK_OFF
    names = [f"{rng.choice(SURNAMES)}{rng.choice(GIVEN)}" for _ in range(count)]
    spread = np.exp(rng.normal(0, 0.7, count))
    wan = np.maximum((people["employees"].to_numpy() * YUAN_PER_HEAD * spread / 1_000_000).round(), 1) * 100
    rows = people.select("customer", "name", "tax_id", "is_buyer").with_columns(
        representative=pl.Series(names),
        capital=pl.Series(wan.astype(np.int64) * 10_000),
        founded=pl.Series(world.last - rng.integers(YOUNGEST, OLDEST, count)),
        status=pl.when(pl.Series(fate) & ~pl.col("is_buyer")).then(pl.lit(DISSOLVED)).otherwise(pl.lit(ACTIVE)),
    )
    return rows.filter(pl.Series(listed)).drop("is_buyer")
