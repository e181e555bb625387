"""The true envelopes: contracts of deals in negotiation that were sent for signature, and what became of them."""

import numpy as np
import polars as pl

from pipelines.demo import ids
from pipelines.demo.company import entered, first_names, kept, listed_deals, month_before, rates
from pipelines.demo.world import World

KEEPERS = ("salesforce",)  # whose org DocuSign is wired to
MOST_DAYS = 3  # from the negotiation to the envelope


@kept
def true_signatures(world: World) -> pl.DataFrame:
    """One row per envelope: envelope, sent, signed, declined (days, null where it never came), first_name, and the
    deal's columns of `listed_deals`.

    Nothing is signed before the deal is won: an envelope that came back early would tell how the deal ends. A lost
    deal's is declined on the day it was lost.
    """
    law, rng = rates("signatures"), ids.rng_for(world.seed, "signatures")
    deals = listed_deals(world).filter(pl.col("system").is_in(KEEPERS))
    deals = deals.join(entered(world, "negotiation"), on="deal", how="inner", maintain_order="left")
    deals = deals.filter(pl.col("stage_day") >= month_before(world, law["months"]))
    count = len(deals)
    is_sent, is_signed = rng.random(count) < law["sent"], rng.random(count) < law["signed"]
    waits, after = rng.integers(0, MOST_DAYS + 1, count), rng.integers(0, law["days_after"] + 1, count)
    closed = deals["closed"].fill_null(np.iinfo(np.int64).max // 4).to_numpy()
    rows = deals.with_columns(
        sent=pl.Series(np.minimum(deals["stage_day"].to_numpy() + waits, closed)),
        signed=pl.when(pl.Series(is_signed) & (pl.col("outcome") == "won")).then(pl.col("closed") + pl.Series(after)),
        declined=pl.when(pl.col("outcome") == "lost").then("closed"),
    )
    rows = (
        rows.filter(pl.Series(is_sent) & (pl.col("sent") <= world.last)).sort("sent", "deal").with_row_index("envelope")
    )
    rows = rows.with_columns(pl.when(pl.col("signed") <= world.last).then("signed").alias("signed"))
    return rows.join(first_names(world), on="customer", how="left", maintain_order="left").drop("stage_day")
