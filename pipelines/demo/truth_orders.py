"""The truth about what a deal is about, and what its orders became: invoices and payments."""

import polars as pl

from pipelines.demo.cast import NEVER
from pipelines.demo.systems.salesforce import industry
from pipelines.demo.truth_deals import dated, order_deals
from pipelines.demo.world import World

Tables = dict[str, pl.DataFrame]


def order_truth(world: World) -> Tables:
    """Table name -> table, as it stands at the end of the newest export; days are dates, money is in cents."""
    return {"deal_segments": _segments(world), "order_cash": _order_cash(world)}


def _segments(world: World) -> pl.DataFrame:
    """One row per true deal: true_deal_id, region, its product and line, industry and employees of the customer."""
    deals = world.deals.facts.select("deal", "customer", "product", "rep")
    products = world.products.select("product", "product_id", "product_name", "product_line")
    customers = world.customers.select("customer", "employees", industry=industry())
    rows = deals.join(products, on="product", how="left", maintain_order="left")
    rows = rows.join(customers, on="customer", how="left", maintain_order="left")
    rows = rows.join(world.reps.select("rep", "region"), on="rep", how="left", maintain_order="left")
    about = ("region", "product_id", "product_name", "product_line", "industry", "employees")
    return rows.select(*about, true_deal_id="deal")


def _order_cash(world: World) -> pl.DataFrame:
    """One row per order of a deal: its days and money, also where no system tells which deal it is of.

    source_system, order_id, true_deal_id, is_told, is_order_named (invoices name their order), ordered_on,
    first_invoiced_on, last_received_on, currency, and in cents net of tax ordered_cents, invoiced_cents.
    """
    lines, billed = world.sales.order_lines, world.sales.invoice_lines
    ordered = lines.drop_nulls("deal").group_by("order", maintain_order=True).agg(
        pl.col("ordered", "currency").first(), ordered_cents=pl.col("net").sum()
    )  # fmt: skip
    paid = world.sales.receipts.select("invoice", "received")
    invoiced = billed.join(paid, on="invoice", how="left").group_by("order").agg(
        first_invoiced=pl.col("invoiced").min(), last_received=pl.col("received").max(),
        invoiced_cents=pl.col("net").sum(),
    )  # fmt: skip
    is_sap = pl.col("source_system") == "sap"
    number = pl.col("order_id").str.strip_prefix("XSDD").cast(pl.Int64)
    order = pl.when(is_sap).then(number - 10_000_000).otherwise(number - 1)
    keys = order_deals(world).with_columns(order=order, is_order_named=is_sap)
    rows = keys.join(ordered, on="order", how="left", maintain_order="left")
    rows = rows.join(invoiced, on="order", how="left", maintain_order="left")
    days = {"ordered_on": "ordered", "first_invoiced_on": "first_invoiced", "last_received_on": "last_received"}
    rows = rows.with_columns(pl.col(old).fill_null(NEVER).alias(new) for new, old in days.items())
    return dated(rows.drop(*days.values(), "order"), *days)
