"""The truth about deals: what became of them, on which day, and which exported record tells of it."""

import polars as pl

from pipelines.demo.cast import DEEP_KINDS, NAMES, NEVER
from pipelines.demo.deals import Deals
from pipelines.demo.rates import in_base
from pipelines.demo.roles import contact_roles
from pipelines.demo.systems import fxiaoke, salesforce
from pipelines.demo.touches import touches
from pipelines.demo.world import World

PLACES = {name: place for place, name in enumerate(NAMES)}


def dated(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Days since 1970-01-01 as dates; a day that never came is null."""
    days = pl.col(*columns)
    return frame.with_columns(pl.when(days < NEVER).then(days).cast(pl.Int32).cast(pl.Date))


def deal_facts(world: World) -> pl.DataFrame:
    """One row per true deal, as it stands at the end of the newest export: who, what, how much, and since when.

    level and buys are hidden: no system shows them. amount_base_e4: the amount in CNY of the closing day, or of the
    newest export where the deal is open, in 1/10,000.
    """
    hidden, facts = world.deals.hidden, world.deals.facts
    facts = facts.with_columns(valued=pl.min_horizontal("closed", pl.lit(world.last)))
    facts = facts.with_columns(amount_base_e4=in_base(facts, world.rates, cents="amount", day="valued"))
    frame = facts.select(
        pl.col("deal").alias("true_deal_id"), "customer", "rep", "channel", "deal_type", "created", "outcome", "closed",
        "amount_base_e4", amount_cents="amount", first_amount_cents="first_amount", proposed_on="proposed",
        budget_on="budget_on", process_on="process_on", decider_on="decider_on", buys="is_buyer", currency="currency",
        level=pl.Series(hidden.traits.level[hidden.kept]),
    )  # fmt: skip
    frame = frame.rename({"created": "created_on", "closed": "closed_on"})
    return dated(frame, "created_on", "closed_on", "proposed_on", "budget_on", "process_on", "decider_on")


def deal_moves(deals: Deals) -> pl.DataFrame:
    """One row per stage entered: true_deal_id, stage, entered_on, previous_stage, and what kind of move it was.

    created, next, skipped (a stage was left out), backward, reopened, won or lost; is_same_day where the stage before
    was entered on the same day.
    """
    before = pl.col("stage").shift(1).over("deal")
    step = (pl.col("stage").replace_strict(PLACES) - before.replace_strict(PLACES, default=None)).alias("step")
    is_same_day = pl.col("entered") == pl.col("entered").shift(1).over("deal")
    moves = deals.path.with_columns(previous_stage=before, step=step, is_same_day=is_same_day.fill_null(value=False))
    kind = (
        pl.when(pl.col("previous_stage").is_null())
        .then(pl.lit("created"))
        .when(pl.col("stage").is_in(["won", "lost"]))
        .then("stage")
        .when(pl.col("previous_stage") == "lost")
        .then(pl.lit("reopened"))
        .when(pl.col("step") < 0)
        .then(pl.lit("backward"))
        .when(pl.col("step") > 1)
        .then(pl.lit("skipped"))
        .otherwise(pl.lit("next"))
    )
    moves = moves.select("deal", "stage", "entered", "previous_stage", "is_same_day", kind=kind)
    return dated(moves, "entered").rename({"deal": "true_deal_id", "entered": "entered_on"})


def recorded_activities(world: World) -> pl.DataFrame:
    """One row per exported call, mail, visit or meeting: source_system, source_id, true_deal_id, kind, occurred_on,
    is_deep, contact_source_id (null where nobody is named)."""
    used = {system.name for system in world.systems}
    parts = [
        touches(world, module.NAME).select(
            source_system=pl.lit(module.NAME), source_id=module.touch_ids(), true_deal_id="deal", kind="kind",
            occurred="occurred", is_deep=pl.col("kind").is_in(DEEP_KINDS), contact_source_id=module.person_ids(),
        )
        for module in (salesforce, fxiaoke)
        if module.NAME in used
    ]  # fmt: skip
    return dated(pl.concat(parts), "occurred").rename({"occurred": "occurred_on"})


def recorded_roles(world: World) -> pl.DataFrame:
    """One row per exported contact role: source_system, source_id, true_deal_id, contact_source_id, role, is_primary,
    since_on."""
    rows = contact_roles(world, salesforce.NAME).select(
        source_system=pl.lit(salesforce.NAME), source_id=salesforce.role_ids(), true_deal_id="deal",
        contact_source_id=salesforce.person_ids(), role="role", is_primary="is_primary", since_on="since",
    )  # fmt: skip
    return dated(rows, "since_on")


def order_deals(world: World) -> pl.DataFrame:
    """One row per order of a deal: source_system and order_id of the ERP, true_deal_id, is_told (the ERP names it)."""
    customer = world.sales.order_lines.unique("order", maintain_order=True).select("order", "customer")
    erps = world.records.filter(pl.col("system").is_in(["kingdee", "sap"])).select("customer", source_system="system")
    rows = world.order_deals().join(customer, on="order", maintain_order="left")
    rows = rows.join(erps, on="customer", maintain_order="left")
    kingdee = pl.format("XSDD{}", (pl.col("order") + 1).cast(pl.String).str.zfill(7))
    sap = (pl.col("order") + 10_000_000).cast(pl.String)
    order_id = pl.when(pl.col("source_system") == "kingdee").then(kingdee).otherwise(sap)
    return rows.select("source_system", order_id=order_id, true_deal_id="deal", is_told="is_told")
