"""The truth about people, plans and supply: what a planner's questions ask for."""

import polars as pl

from pipelines.demo.budgets import spent_by, true_budgets
from pipelines.demo.dealers import true_dealer_reports
from pipelines.demo.market import true_facts
from pipelines.demo.milestones import true_milestones
from pipelines.demo.plans import true_plans
from pipelines.demo.rates import in_base
from pipelines.demo.risks import true_risks
from pipelines.demo.staff import true_headcount, true_teams, true_usage
from pipelines.demo.submissions import true_submissions
from pipelines.demo.supply import monthly_demand, part_demand, true_bom, true_capacity, true_purchases, true_stock
from pipelines.demo.systems.supply import purchase_numbers
from pipelines.demo.terms import payment_terms
from pipelines.demo.truth_deals import dated
from pipelines.demo.world import World

Tables = dict[str, pl.DataFrame]
FOUR_WEEKS = 28


def planning_truth(world: World) -> Tables:
    """Table name -> table, as it stands at the end of the newest export; days are dates, money is in cents."""
    sizes = true_facts(world).filter(pl.col("indicator") == "market_size")
    return {**_people(world), **_supply(world), "payments": _payments(world), "market_sizes": sizes}


def _people(world: World) -> Tables:
    heads, usage = true_headcount(world), true_usage(world)
    milestones = true_milestones(world).with_columns(
        days_late=pl.when(pl.col("reached") <= world.last).then(pl.col("reached") - pl.col("planned")),
        reached=pl.when(pl.col("reached") <= world.last).then("reached"),
    )
    logins = usage.group_by("rep_id", "rep_name").agg(
        days=pl.len(), days_four_weeks=(pl.col("day") > world.last - FOUR_WEEKS).sum(),
        created=pl.col("created").sum(), edited=pl.col("edited").sum(),
    )  # fmt: skip
    return {
        "teams": dated(true_teams(world), "valid_from", "valid_to"),
        "headcount": dated(heads, "month"),
        "submissions": dated(true_submissions(world).rename({"amount": "amount_e4"}), "said"),
        "output_per_head": _output(world, heads),
        "budgets": dated(spent_by(true_budgets(world), world.last), "quarter"),
        "milestones": dated(milestones, "planned", "reached"),
        "system_usage": dated(usage.drop("rep"), "day"),
        "adoption": logins.sort("rep_id"),
        "payment_terms": payment_terms(world),
        "plans": true_plans(world, world.last),
        "risks": true_risks(world),
    }


def _output(world: World, heads: pl.DataFrame) -> pl.DataFrame:
    """Won amounts by team and month of the headcount (1/10,000 CNY, exact), beside the heads of sales."""
    won = world.deals.facts.filter(pl.col("outcome") == "won")
    won = won.with_columns(base_e4=in_base(won, world.rates, cents="amount", day="closed"))
    won = won.join(world.reps.select("rep", "team"), on="rep", how="left")
    month = pl.col("closed").cast(pl.Int32).cast(pl.Date).dt.truncate("1mo")
    sums = won.group_by("team", month=month).agg(won_base_e4=pl.col("base_e4").sum(), won=pl.len())
    rows = dated(heads, "month").select("team", "month", "heads", "role")
    return rows.join(sums, on=["team", "month"], how="left").with_columns(pl.col("won_base_e4", "won").fill_null(0))


def _supply(world: World) -> Tables:
    orders = true_purchases(world)
    is_here = pl.col("received") <= world.last
    told = orders.with_columns(received=pl.when(is_here).then("received"), source_id=purchase_numbers())
    return {
        "bills_of_material": true_bom(world),
        "stock": dated(true_stock(world), "counted"),
        "purchase_orders": dated(told, "ordered", "due", "received"),
        "capacity": dated(true_capacity(world), "month"),
        "demand": monthly_demand(world),
        "part_supply": _part_supply(world, orders),
        "dealer_reports": dated(true_dealer_reports(world), "month"),
    }


def _part_supply(world: World, orders: pl.DataFrame) -> pl.DataFrame:
    """Per part: mean monthly need, what is in stock and on order at the end, and for how many months that lasts."""
    newest = true_stock(world).filter(pl.col("counted") == world.last).select(part_id="product_id", in_stock="quantity")
    coming = orders.filter(pl.col("received") > world.last).group_by("part_id").agg(on_order=pl.col("quantity").sum())
    rows = part_demand(world).join(newest, on="part_id", how="left").join(coming, on="part_id", how="left")
    rows = rows.with_columns(pl.col("on_order").fill_null(0))
    months = (pl.col("in_stock") + pl.col("on_order")) / pl.col("demand")
    return rows.select("part_id", "demand", "lead_days", "in_stock", "on_order", months=months).sort("part_id")


def _payments(world: World) -> pl.DataFrame:
    """Per invoice: customer, currency, invoiced_on, terms (days), gross_cents (of the currency), received_on (null
    while it is open)."""
    sales, gross = world.sales, pl.col("net") + pl.col("tax")
    invoices = sales.invoice_lines.group_by("invoice", maintain_order=True).agg(
        pl.col("customer", "currency", "invoiced").first(), gross_cents=gross.sum()
    )
    paid = sales.receipts.select("invoice", "received")
    rows = invoices.join(paid, on="invoice", how="left", maintain_order="left")
    rows = rows.join(payment_terms(world), on="customer", how="left", maintain_order="left")
    rows = rows.rename({"invoiced": "invoiced_on", "received": "received_on"})
    return dated(rows, "invoiced_on", "received_on")
