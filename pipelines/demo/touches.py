"""Calls, visits, mails and meetings on deals as a CRM records them, and the contact persons they name."""

import numpy as np
import polars as pl

from pipelines.demo import ids
from pipelines.demo.contacts import contacts
from pipelines.demo.world import World


def touches(world: World, system: str) -> pl.DataFrame:
    """One row per contact a system has recorded: touch, source_id (deal), account_id, rep, rep_name, kind, occurred,
    contact (the number of the person in that system, or null), is_decision_maker, deal.

    What happens on a deal is recorded once, in the system that had the deal first.
    """
    rng = ids.rng_for(world.seed, f"touches {system}")
    listed = world.listings.filter((pl.col("system") == system) & (pl.col("kind") == "original"))
    account = world.records.select("record", account_id="source_id")
    rows = listed.select("deal", "record", "source_id").join(account, on="record", how="left", maintain_order="left")
    rows = rows.join(world.deals.facts.select("deal", "rep"), on="deal", how="left", maintain_order="left")
    rows = rows.join(world.reps.select("rep", "rep_name"), on="rep", how="left", maintain_order="left")
    rows = world.deals.touches.join(rows, on="deal", how="inner", maintain_order="left")
    rows = rows.sort("occurred", "deal", maintain_order=True).with_row_index("touch")
    named = rng.random(len(rows)) < world.dirt.deals.activities_with_contact
    return _with_person(rng, rows.with_columns(pl.Series("named", named)), contacts(world, system))


def _with_person(rng: np.random.Generator, rows: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """One of the persons whom the system keeps of the account; none where it keeps nobody."""
    known = people.group_by("account_id", maintain_order=True).agg(people="number", deciders="is_decision_maker")
    rows = rows.join(known, on="account_id", how="left", maintain_order="left")
    place = (pl.Series(rng.random(len(rows))) * rows["people"].list.len()).cast(pl.UInt32)
    rows = rows.with_columns(place=place)
    told = pl.col("named")
    return rows.with_columns(
        contact=pl.when(told).then(pl.col("people").list.get(pl.col("place"), null_on_oob=True)),
        is_decision_maker=pl.when(told).then(pl.col("deciders").list.get(pl.col("place"), null_on_oob=True)),
    ).drop("people", "deciders", "place", "named", "record")
