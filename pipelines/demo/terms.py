"""The true payment terms: days from an invoice to the day it is due, agreed with each customer that is billed.

When customers pay does not depend on it: some are early and some late, which is what the question is about.
"""

import polars as pl

from pipelines.demo import ids
from pipelines.demo.company import rates
from pipelines.demo.world import World


def payment_terms(world: World) -> pl.DataFrame:
    """One row per customer: customer, terms (days)."""
    law, rng = rates("payment_terms"), ids.rng_for(world.seed, "payment terms")
    drawn = rng.choice(law["days"], len(world.customers), p=law["share"])
    return world.customers.select("customer", terms=pl.Series(drawn))
