"""The true product lines of deals: what a deal's amount is made of, at the discount of its quote."""

import polars as pl

from pipelines.demo import ids
from pipelines.demo.company import month_before, rates
from pipelines.demo.quotes import true_quotes
from pipelines.demo.rates import LEVELS
from pipelines.demo.world import World

SYSTEM = "salesforce"
SHARES = (0.0, 0.18, 0.12)  # of the deal's amount: second and third line, the first one has the rest


def opportunity_lines(world: World, day: int) -> pl.DataFrame:
    """One row per line of a deal as Salesforce shows it on a day: deal, source_id, line (1 to 3), product_id,
    product_name, list_price (CNY cents), price_factor (list price in the deal's currency), discount, quantity, cents,
    currency, created.

    Lines add up to the deal's amount. Quantities have four decimals: amounts were typed first.
    """
    law, rng = rates("lines"), ids.rng_for(world.seed, "opportunity lines")
    number = len(world.deals.facts)
    counts = pl.Series(rng.choice(3, number, p=law["counts"]) + 1)
    others = rng.integers(0, len(world.products), (number, 2))
    drawn = pl.DataFrame(
        {"deal": world.deals.facts["deal"], "count": counts, "other_2": others[:, 0], "other_3": others[:, 1]}
    )
    rows = world.deal_rows(SYSTEM, day).filter(pl.col("created") >= month_before(world, law["months"]))
    rows = rows.select("deal", "source_id", "amount", "currency", "created", "product_no", "listing")
    rows = rows.join(drawn, on="deal", how="left", maintain_order="left")
    rows = rows.join(pl.DataFrame({"line": [1, 2, 3]}), how="cross").filter(pl.col("line") <= pl.col("count"))
    product = (
        pl.when(pl.col("line") == 1).then("product_no").when(pl.col("line") == 2).then("other_2").otherwise("other_3")
    )
    share = pl.col("line").replace_strict(
        {place + 1: share for place, share in enumerate(SHARES)}, return_dtype=pl.Float64
    )
    part = (pl.col("amount") * share / 100).round(0).cast(pl.Int64) * 100
    rows = rows.with_columns(product=product.cast(pl.Int64), part=part).sort("listing", "line")
    rest = pl.col("amount") - pl.col("part").sum().over("listing")
    rows = rows.with_columns(cents=pl.when(pl.col("line") == 1).then(rest).otherwise("part"))
    return _priced(rows, world, day)


def _priced(rows: pl.DataFrame, world: World, day: int) -> pl.DataFrame:
    quoted = true_quotes(world).filter(pl.col("quoted") <= day).group_by("deal").agg(pl.col("discount").last())
    rows = rows.join(quoted, on="deal", how="left", maintain_order="left")
    products = world.products.select("product", "product_id", "product_name", list_price="price")
    rows = rows.join(products, on="product", how="left", maintain_order="left")
    level = rows["currency"].replace_strict({"CNY": 1.0, **LEVELS}, return_dtype=pl.Float64)
    rows = rows.with_columns(pl.col("discount").fill_null(0.0), price_cents=pl.col("list_price") / level)
    quantity = (pl.col("cents") / (pl.col("price_cents") * (1 - pl.col("discount")))).round(4)
    return rows.with_columns(quantity=quantity.clip(0.0001)).drop("part", "count", "other_2", "other_3", "product_no")
