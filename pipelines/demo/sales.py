"""What won deals and returning customers order, are invoiced for, and pay. Amounts are integer cents of the sale.

Every sale is invoiced exactly once: revenue is the sum of the invoice lines and of nothing else.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.demo import ids
from pipelines.demo.deals import WARM_UP_DAYS
from pipelines.demo.dirt import Orders
from pipelines.demo.rates import LEVELS
from pipelines.demo.seasons import day_weights, next_working_day

REPEAT_ORDERS_PER_DEAL = 1.5
TAX_PERCENT = {"CNY": 13, "USD": 0, "EUR": 19}


@dataclass(frozen=True)
class Sales:
    """Orders, invoices and receipts.

    order_lines: order, line, customer, deal (null for repeat orders), rep, product, ordered, quantity, unit_price, net,
        tax, currency, is_cancelled.
    invoice_lines: invoice, line, order, customer, rep, product, invoiced, quantity, unit_price, net, tax, currency.
    receipts: receipt, invoice, customer, received, gross, currency.
    """

    order_lines: pl.DataFrame
    invoice_lines: pl.DataFrame
    receipts: pl.DataFrame


def true_sales(
    seed: int,
    customers: pl.DataFrame,
    deals: pl.DataFrame,
    products: pl.DataFrame,
    rates: Orders,
    first: int,
    last: int,
) -> Sales:
    """Sales from the first to the last day, of deals won in them or before; only buyers are ever invoiced."""
    rng = ids.rng_for(seed, "sales")
    orders = pl.concat(
        [_deal_orders(rng, deals, last), _repeat_orders(rng, deals, rates, first - WARM_UP_DAYS, last)], how="diagonal"
    )
    orders = (
        orders.sort("ordered", "customer", maintain_order=True)
        .with_row_index("order")
        .with_columns(pl.col("order").cast(pl.Int64))
    )
    order_lines = _lines(rng, orders, products)
    invoice_lines = _invoices(rng, order_lines, orders, rates, last).filter(pl.col("invoiced") >= first)
    receipts = _receipts(rng, invoice_lines, last)
    return Sales(order_lines.filter(pl.col("ordered") >= first), invoice_lines, receipts)


def _deal_orders(rng: np.random.Generator, deals: pl.DataFrame, last: int) -> pl.DataFrame:
    won = deals.filter(pl.col("outcome") == "won")
    ordered = next_working_day(won["closed"].to_numpy() + rng.integers(0, 12, len(won)), chinese=True)
    parts = rng.choice([1, 1, 2, 3, 4], len(won))
    orders = won.select("customer", "deal", "rep", "product", "currency", "is_chinese", pl.col("amount").alias("value"))
    orders = orders.with_columns(
        pl.Series("ordered", ordered), pl.Series("parts", parts), pl.lit(False).alias("is_cancelled")
    )
    return orders.filter(pl.col("ordered") <= last)


def _repeat_orders(rng: np.random.Generator, deals: pl.DataFrame, rates: Orders, first: int, last: int) -> pl.DataFrame:
    """Orders without a deal, by customers who have won one before."""
    won = deals.filter(pl.col("outcome") == "won")
    count = round(REPEAT_ORDERS_PER_DEAL * len(deals))
    if won.is_empty():
        return _deal_orders(rng, won, last)
    source = won[np.sort(rng.integers(0, len(won), count))]
    weights = day_weights(first, last, chinese=True)
    days = first + rng.choice(len(weights), count, p=weights / weights.sum())
    level = source["currency"].replace_strict({"CNY": 1.0, **LEVELS}, return_dtype=pl.Float64).to_numpy()
    value = np.round(np.exp(rng.normal(9.2, 0.8, count)) / level * 100).astype(np.int64)
    orders = source.select("customer", "rep", "product", "currency", "is_chinese", "closed").with_columns(
        pl.Series("ordered", next_working_day(days, chinese=True)),
        pl.Series("value", value),
        pl.Series("parts", np.ones(count, dtype=np.int64)),
        pl.Series("is_cancelled", rng.random(count) < rates.cancelled),
    )
    return orders.filter((pl.col("ordered") > pl.col("closed")) & (pl.col("ordered") <= last)).drop("closed")


def _lines(rng: np.random.Generator, orders: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """One to three products per order; quantity times unit price is the line, so amounts can be checked by hand."""
    lines = orders[np.repeat(np.arange(len(orders)), rng.choice([1, 2, 3], len(orders), p=[0.5, 0.32, 0.18]))]
    lines = lines.with_columns((pl.int_range(pl.len()).over("order") + 1).alias("line"))
    count = len(lines)
    other = rng.integers(0, len(products), count)
    product = np.where(lines["line"].to_numpy() == 1, lines["product"].to_numpy(), other)
    level = lines["currency"].replace_strict({"CNY": 1.0, **LEVELS}, return_dtype=pl.Float64).to_numpy()
    price = products["price"].to_numpy()[product] / level * (1 - rng.choice([0, 0.05, 0.1, 0.15], count))
    unit_price = np.maximum(np.round(price), 1).astype(np.int64)
    share = lines["value"].to_numpy() / lines.select(pl.len().over("order")).to_series().to_numpy()
    quantity = np.maximum(np.round(share / unit_price), 1).astype(np.int64)
    lines = lines.with_columns(
        pl.Series("product", product), pl.Series("quantity", quantity), pl.Series("unit_price", unit_price)
    )
    return lines.with_columns((pl.col("quantity") * pl.col("unit_price")).alias("net")).with_columns(_tax())


def _tax() -> pl.Expr:
    percent = pl.col("currency").replace_strict(TAX_PERCENT, return_dtype=pl.Int64)
    return (((pl.col("net").abs() * percent + 50) // 100) * pl.col("net").sign()).alias("tax")


def _invoices(
    rng: np.random.Generator, lines: pl.DataFrame, orders: pl.DataFrame, rates: Orders, last: int
) -> pl.DataFrame:
    """Each order line is invoiced in the parts of its order, whole pieces only; some lines are credited later."""
    lines = lines.filter(~pl.col("is_cancelled"))
    parts = lines["parts"].to_numpy()
    pieces = lines[np.repeat(np.arange(len(lines)), parts)].with_columns(
        pl.int_range(pl.len()).over("order", "line").alias("part")
    )
    whole, rest = pl.col("quantity") // pl.col("parts"), pl.col("quantity") % pl.col("parts")
    pieces = pieces.with_columns((whole + (pl.col("part") < rest).cast(pl.Int64)).alias("quantity"))
    lead = pl.Series("lead", rng.integers(3, 25, len(orders)))
    pieces = pieces.join(orders.select("order", lead), on="order", maintain_order="left")
    due = (pieces["ordered"] + pieces["lead"] + 30 * pieces["part"]).to_numpy()
    pieces = pieces.with_columns(pl.Series("invoiced", next_working_day(due, chinese=True))).filter(
        pl.col("quantity") > 0
    )
    returned = pieces.filter(pl.Series(rng.random(len(pieces)) < rates.returns))
    back = next_working_day(returned["invoiced"].to_numpy() + rng.integers(10, 40, len(returned)), chinese=True)
    returned = returned.with_columns(
        -pl.col("quantity"), pl.Series("invoiced", back), (pl.col("part") + 100).alias("part")
    )
    pieces = pl.concat([pieces, returned]).filter(pl.col("invoiced") <= last)
    pieces = pieces.with_columns((pl.col("quantity") * pl.col("unit_price")).alias("net")).with_columns(_tax())
    pieces = pieces.sort("invoiced", "order", "part", "line", maintain_order=True)
    number = pl.struct("order", "part", "invoiced").rle_id().cast(pl.Int64)
    pieces = pieces.with_columns(number.alias("invoice"))
    return pieces.with_columns((pl.int_range(pl.len()).over("invoice") + 1).alias("line"))


def _receipts(rng: np.random.Generator, invoice_lines: pl.DataFrame, last: int) -> pl.DataFrame:
    invoices = invoice_lines.group_by("invoice", maintain_order=True).agg(
        pl.col("customer", "currency", "invoiced", "is_chinese").first(),
        (pl.col("net") + pl.col("tax")).sum().alias("gross"),
    )
    received = next_working_day(invoices["invoiced"].to_numpy() + rng.integers(20, 95, len(invoices)), chinese=True)
    paid = rng.random(len(invoices)) < 0.94
    invoices = invoices.with_columns(pl.Series("received", received)).filter(pl.Series(paid) & (pl.col("gross") > 0))
    invoices = invoices.filter(pl.col("received") <= last).sort("received", "invoice")
    return invoices.with_row_index("receipt").with_columns(pl.col("receipt").cast(pl.Int64))
