"""Who else wanted the deals that were lost."""

import numpy as np
import polars as pl

from pipelines.demo import ids
from pipelines.demo.company import kept, rates
from pipelines.demo.world import World

NAMES = ("Nordsens", "恒测科技", "Axion Controls", "Veritek")
SHARES = {True: (0.5, 0.05, 0.3, 0.15), False: (0.15, 0.55, 0.1, 0.2)}  # overseas, and in China
OVERSEAS = ("Europe", "Americas", "Asia Pacific")


@kept
def competitors(world: World) -> pl.DataFrame:
    """One row per lost deal on which a competitor was named: deal, competitor, loss_reason."""
    law, rng = rates("competitors"), ids.rng_for(world.seed, "competitors")
    deals = world.deals.facts.select("deal", "region", "loss_reason", "outcome")
    chance = (
        deals["loss_reason"].replace_strict(law["named"], default=law["otherwise"], return_dtype=pl.Float64).to_numpy()
    )
    named = rng.random(len(deals)) < chance
    overseas = deals["region"].is_in(OVERSEAS).to_numpy()
    draw = rng.random(len(deals))[:, None]
    shares = np.where(overseas[:, None], np.cumsum(SHARES[True]), np.cumsum(SHARES[False]))
    place = (draw >= shares[:, :-1]).sum(axis=1)
    rows = deals.with_columns(competitor=pl.Series(np.array(NAMES)[place]))
    return rows.filter(pl.Series(named) & (pl.col("outcome") == "lost")).select("deal", "competitor", "loss_reason")


def with_competitors(rows: pl.DataFrame, world: World) -> pl.DataFrame:
    """Rows of deals as a system shows them, with `competitor`: it is named once the deal is lost."""
    rows = rows.join(competitors(world).select("deal", "competitor"), on="deal", how="left", maintain_order="left")
    return rows.with_columns(competitor=pl.when("is_lost").then("competitor"))
