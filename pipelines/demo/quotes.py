"""The true quotes with their versions and discounts, the approvals asked for, and the breaches that follow."""

import numpy as np
import polars as pl

from pipelines.demo import ids
from pipelines.demo.company import entered, first_names, kept, listed_deals, month_before, rates
from pipelines.demo.words import MANAGERS
from pipelines.demo.world import World

KEEPERS = ("salesforce", "fxiaoke", "tracker")  # the last two quote from one register, a spreadsheet
DIRECTOR = "方志远"
VALID_DAYS = 30
MANAGER_STEP, DIRECTOR_STEP = 1, 2


@kept
def true_quotes(world: World) -> pl.DataFrame:
    """One row per version of a quote: quote, version, versions, quoted, ended (day on which the deal closed), outcome,
    discount (share of the list price), list_cents, cents, and the deal's columns of `listed_deals`.

    The last version has the deal's amount; earlier ones gave away less.
    """
    law, rng = rates("quotes"), ids.rng_for(world.seed, "quotes")
    deals = listed_deals(world).filter(pl.col("system").is_in(KEEPERS))
    deals = deals.join(entered(world, "proposal"), on="deal", how="inner", maintain_order="left")
    deals = deals.filter(pl.col("stage_day") >= month_before(world, law["months"])).with_row_index("quote")
    count = len(deals)
    band = rng.choice(len(law["discount_share"]), count, p=law["discount_share"])
    ends = np.array([0.0, *law["discount_to"]])
    last = np.round(rng.uniform(ends[band], ends[band + 1]) * 200) / 200  # in half per cents
    versions = rng.choice(3, count, p=law["versions"]) + 1
    gaps = rng.integers(4, 18, (count, 3)).cumsum(axis=1) - 4
    deals = deals.with_columns(
        versions=pl.Series(versions), final=pl.Series(last), gaps=pl.Series(gaps.tolist(), dtype=pl.List(pl.Int64))
    )
    rows = deals.join(pl.DataFrame({"version": [1, 2, 3]}), how="cross").filter(pl.col("version") <= pl.col("versions"))
    rows = rows.sort("quote", "version").with_columns(
        quoted=pl.col("stage_day") + pl.col("gaps").list.get(pl.col("version") - 1) - pl.col("gaps").list.get(0),
        discount=(pl.col("final") * pl.col("version") / pl.col("versions") * 200).round(0) / 200,
        list_cents=(pl.col("amount") / (1 - pl.col("final"))).round(0).cast(pl.Int64),
    )
    rows = rows.with_columns(quoted=pl.min_horizontal("quoted", pl.col("closed").fill_null(world.last + 999)))
    is_last = pl.col("version") == pl.col("versions")
    rows = rows.with_columns(
        cents=pl.when(is_last)
        .then("amount")
        .otherwise((pl.col("list_cents") * (1 - pl.col("discount"))).round(0))
        .cast(pl.Int64)
    )
    return (
        rows.filter(pl.col("quoted") <= world.last)
        .drop("gaps", "final", "stage_day")
        .with_columns(pl.col("quote").cast(pl.Int64))
    )


@kept
def true_approvals(world: World) -> pl.DataFrame:
    """One row per step of an approval: quote, version, step, requested, decided (null: not yet), is_approved, approver,
    requested_by, first_name (of the customer), and the deal's deal, system, source_id, cents, currency.

    A discount over the limit needs the manager, one over the floor the director as well, who is asked once the manager
    has agreed. Part of the versions over the limit were never put up for approval.
    """
    law, rng = rates("quotes"), ids.rng_for(world.seed, "approvals")
    over = true_quotes(world).filter(pl.col("discount") > law["limit"])
    count = len(over)
    draws = rng.random((count, 3))
    waits = rng.integers(0, 4, (count, 2))
    over = over.with_columns(
        asked=pl.Series(draws[:, 0] < law["asked"]), manager=pl.Series(draws[:, 1] < law["approved"]),
        director=pl.Series(draws[:, 2] < law["approved"]), wait_1=pl.Series(waits[:, 0]), wait_2=pl.Series(waits[:, 1]),
    ).filter("asked")  # fmt: skip
    over = over.join(first_names(world), on="customer", how="left", maintain_order="left")
    first = over.with_columns(
        step=pl.lit(MANAGER_STEP), requested=pl.col("quoted") - 1, decided=pl.col("quoted") - 1 + pl.col("wait_1"),
        is_approved=pl.col("manager"), approver=pl.col("region").replace_strict(MANAGERS),
    )  # fmt: skip
    second = first.filter(pl.col("manager") & (pl.col("discount") > law["floor"])).with_columns(
        step=pl.lit(DIRECTOR_STEP), requested="decided", decided=pl.col("decided") + pl.col("wait_2"),
        is_approved=pl.col("director"), approver=pl.lit(DIRECTOR),
    )  # fmt: skip
    rows = (
        pl.concat([first, second])
        .filter(pl.col("requested") <= world.last)
        .sort("requested", "quote", "version", "step")
    )
    decided = pl.col("decided") <= world.last
    return rows.select(
        "quote", "version", "step", "requested", "deal", "customer", "system", "source_id", "cents", "currency",
        "first_name", "discount", "title", "team", "approver", requested_by="rep_name",
        decided=pl.when(decided).then("decided"), is_approved=pl.when(decided).then("is_approved"),
    )  # fmt: skip


def discount_breaches(world: World) -> pl.DataFrame:
    """One row per quote version over the limit: quote, version, deal, discount, steps_needed, steps_approved and
    has_approval."""
    law = rates("quotes")
    over = true_quotes(world).filter(pl.col("discount") > law["limit"])
    given = true_approvals(world).filter("is_approved").group_by("quote", "version").agg(steps_approved=pl.len())
    rows = over.join(given, on=["quote", "version"], how="left", maintain_order="left")
    needed = pl.when(pl.col("discount") > law["floor"]).then(2).otherwise(1)
    rows = rows.with_columns(pl.col("steps_approved").fill_null(0).cast(pl.Int64), steps_needed=needed)
    return rows.with_columns(has_approval=pl.col("steps_approved") >= pl.col("steps_needed"))
