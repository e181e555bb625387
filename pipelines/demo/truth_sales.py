"""The truth about who bought what: every invoice line with the customer that it was really for."""

import polars as pl

from pipelines.demo.rates import in_base
from pipelines.demo.truth_deals import dated
from pipelines.demo.world import World

CENT_E4 = 100  # ten-thousandths of a yuan


def sales_lines(world: World) -> pl.DataFrame:
    """One row per invoice line: customer, invoice, product_id, product_line, invoiced_on, quantity, amount_base_e4
    and cost_base_e4 (1/10,000 CNY; credits are negative)."""
    lines = world.sales.invoice_lines
    lines = lines.with_columns(amount_base_e4=in_base(lines, world.rates, cents="net", day="invoiced"))
    products = world.products.select("product", "product_id", "product_line", "cost")
    named = lines.join(products, on="product", how="left", maintain_order="left")
    told = named.select(
        *("customer", "invoice", "product_id", "product_line", "quantity", "amount_base_e4"),
        cost_base_e4=pl.col("quantity") * pl.col("cost") * CENT_E4, invoiced_on="invoiced",
    )  # fmt: skip
    return dated(told, "invoiced_on")
