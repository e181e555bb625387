"""Calls, visits, mails and meetings on deals: more of them, and deeper ones, where a deal is going to be won."""

import numpy as np
import polars as pl

from pipelines.demo import ids
from pipelines.demo.world import World

KINDS = ("Call", "Email", "Visit", "Meeting")
SHARES = {True: (0.30, 0.25, 0.25, 0.20), False: (0.42, 0.38, 0.12, 0.08)}
MEAN = {True: 5.0, False: 2.5}


def touches(world: World, system: str, day: int) -> pl.DataFrame:
    """One row per contact a system has recorded by a day: touch, source_id (deal), account_id, rep, kind, occurred."""
    rng = ids.rng_for(world.seed, f"touches {system}")
    deals = world.deal_rows(system, day).select(
        "source_id", "account_id", "rep", "rep_name", "created", "is_won", until=pl.coalesce("closed", pl.lit(day))
    )
    won = deals["is_won"].to_numpy()
    times = np.where(won, rng.poisson(MEAN[True], len(deals)), rng.poisson(MEAN[False], len(deals)))
    rows = deals[np.repeat(np.arange(len(deals)), times)]
    won = np.repeat(won, times)
    kind = np.where(
        won,
        rng.choice(np.array(KINDS), len(rows), p=SHARES[True]),
        rng.choice(np.array(KINDS), len(rows), p=SHARES[False]),
    )
    spread = rng.random(len(rows))
    occurred = pl.col("created") + (pl.Series(spread) * (pl.col("until") - pl.col("created"))).cast(pl.Int64)
    rows = rows.with_columns(occurred.alias("occurred"), pl.Series("kind", kind))
    return rows.sort("occurred", "source_id", maintain_order=True).with_row_index("touch")
