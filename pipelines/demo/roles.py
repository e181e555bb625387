"""The contact persons of a deal and what part they play in it, as a CRM keeps them."""

import polars as pl

from pipelines.demo import ids
from pipelines.demo.cast import NEVER
from pipelines.demo.contacts import contacts
from pipelines.demo.touches import touches
from pipelines.demo.world import World

DECIDER = "Decision Maker"
OTHERS = ("Influencer", "Evaluator", "Business User", "Economic Buyer")


def contact_roles(world: World, system: str) -> pl.DataFrame:
    """One row per deal and person: number, deal, source_id (of the deal), contact, role, is_primary, since (day).

    A person has a role from the first contact that names them; who decides has it from the day on which the rep knows
    it, and no other before: a role told early would tell that the day will come. Who came first is the primary one.
    """
    keeps = ids.rng_for(world.seed, f"roles {system}").random(len(world.deals.facts))
    kept = pl.DataFrame({"deal": world.deals.facts["deal"], "draw": keeps})
    kept = kept.filter(pl.col("draw") < world.dirt.deals.contacts_with_roles).select("deal")
    deciders = _deciders(world, system)
    named = touches(world, system).drop_nulls("contact").join(deciders, on=["deal", "contact"], how="anti")
    named = named.select("deal", "source_id", "contact", since="occurred", role=_other(pl.col("contact")))
    known = deciders.filter(pl.col("since") < NEVER).with_columns(role=pl.lit(DECIDER))
    rows = pl.concat([named, known.select(named.columns)]).join(kept, on="deal", how="semi")
    rows = rows.sort("since", "deal", "contact").unique(["deal", "contact"], keep="first", maintain_order=True)
    rows = rows.with_columns(is_primary=pl.int_range(pl.len()).over("deal") == 0)
    return rows.filter(pl.col("since") <= world.last).with_row_index("number")


def _deciders(world: World, system: str) -> pl.DataFrame:
    """deal, source_id, contact, since: the person of the account who decides on a deal, and since when it is known."""
    people = contacts(world, system).sort("is_decision_maker", "number", descending=[True, False])
    first = people.unique("account_id", keep="first", maintain_order=True).select("account_id", contact="number")
    listed = world.listings.filter((pl.col("system") == system) & (pl.col("kind") == "original"))
    account = world.records.select("record", account_id="source_id")
    rows = listed.select("deal", "record", "source_id").join(account, on="record").join(first, on="account_id")
    days = world.deals.facts.select("deal", since="decider_on")
    return rows.join(days, on="deal").select("deal", "source_id", "contact", "since")


def _other(number: pl.Expr) -> pl.Expr:
    return (number % len(OTHERS)).replace_strict(dict(enumerate(OTHERS)), return_dtype=pl.String)
