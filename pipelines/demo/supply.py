"""The true supply: what products are made of, what is in stock, on order, and can be made."""

import polars as pl

from pipelines.demo import ids
from pipelines.demo.company import kept, rates
from pipelines.demo.staff import months
from pipelines.demo.world import World

MADE_LINES = ("Sensors", "Controllers")
STOCKED_LINES = (*MADE_LINES, "Spare parts")
PARTS = (
    "铝壳",
    "主板",
    "电源模块",
    "传感芯片",
    "连接器",
    "显示屏",
    "密封圈",
    "散热片",
    "继电器",
    "天线",
    "线束",
    "包装箱",
)
FIRST_PART = 2201
SHORT_PART = "R-2204"  # planted: next to none of it is left
SUPPLIERS = ("无锡华昌电子有限公司", "苏州鑫达精密机械有限公司", "东莞联创五金有限公司")
PLANT = "Suzhou"
AHEAD_MONTHS, BACK_MONTHS = 6, 13
YEAR_MONTHS = 12
YEAR_DAYS = 365


def true_parts(world: World) -> pl.DataFrame:
    """One row per part: part_id, part_name, lead_days, cents (price), supplier."""
    law, rng = rates("supply"), ids.rng_for(world.seed, "parts")
    low, high = law["lead_days"]
    return pl.DataFrame(
        {
            "part_id": [f"R-{FIRST_PART + place}" for place in range(len(PARTS))], "part_name": PARTS,
            "lead_days": rng.integers(low, high, len(PARTS)), "cents": rng.integers(3, 400, len(PARTS)) * 100,
            "supplier": [SUPPLIERS[place % len(SUPPLIERS)] for place in range(len(PARTS))],
        }
    )  # fmt: skip


@kept
def true_bom(world: World) -> pl.DataFrame:
    """One row per product that is made and part of it: product_id, product_name, part_id, part_name, pieces and
    lead_days."""
    rng, parts = ids.rng_for(world.seed, "bill of material"), true_parts(world)
    made = world.products.filter(pl.col("product_line").is_in(MADE_LINES))
    rows = []
    for product, name in made.select("product_id", "product_name").iter_rows():
        for place in sorted(rng.choice(len(PARTS), 3, replace=False).tolist()):
            rows.append((product, name, f"R-{FIRST_PART + place}", int(rng.integers(1, 4))))
    bom = pl.DataFrame(rows, schema=["product_id", "product_name", "part_id", "pieces"], orient="row")
    return bom.join(parts.select("part_id", "part_name", "lead_days"), on="part_id", how="left", maintain_order="left")


@kept
def monthly_demand(world: World) -> pl.DataFrame:
    """Pieces invoiced a month on average over the last twelve, by product that is stocked: product_id, product_name,
    product_line, cost (cents), demand."""
    recent = world.sales.invoice_lines.filter(pl.col("invoiced") > world.last - YEAR_DAYS)
    sums = recent.group_by("product").agg(demand=pl.col("quantity").sum() / YEAR_MONTHS)
    stocked = world.products.filter(pl.col("product_line").is_in(STOCKED_LINES))
    rows = stocked.join(sums, on="product", how="left", maintain_order="left")
    return rows.select("product_id", "product_name", "product_line", "cost", demand=pl.col("demand").fill_null(0.0))


def part_demand(world: World) -> pl.DataFrame:
    """Pieces of each part needed a month for that demand: part_id, part_name, cents, lead_days, supplier, demand."""
    demand = monthly_demand(world).select("product_id", "demand")
    need = (
        true_bom(world)
        .join(demand, on="product_id")
        .group_by("part_id")
        .agg(demand=(pl.col("pieces") * pl.col("demand")).sum())
    )
    return (
        true_parts(world)
        .join(need, on="part_id", how="left", maintain_order="left")
        .with_columns(pl.col("demand").fill_null(0.0))
    )


@kept
def true_stock(world: World) -> pl.DataFrame:
    """One row per product or part and month end of the last thirteen: product_id, product_name, warehouse, counted
    (day), quantity, reserved, cents (value)."""
    law, rng = rates("supply"), ids.rng_for(world.seed, "stock")
    goods = monthly_demand(world).select(
        "product_id", "product_name", "demand", cents="cost", warehouse=pl.lit("成品仓")
    )
    parts = part_demand(world).select(
        product_id="part_id", product_name="part_name", demand="demand", cents="cents", warehouse=pl.lit("原料仓")
    )
    items = pl.concat([goods, parts.select(goods.columns)], how="vertical_relaxed")
    low, high = law["cover"]
    is_short = pl.col("product_id") == SHORT_PART
    cover = pl.when(is_short).then(law["short_cover"]).otherwise(pl.Series(rng.uniform(low, high, len(items))))
    ends = [first - 1 for first in months(world.last - 31 * (BACK_MONTHS - 1), world.last)]
    days = [*ends[-BACK_MONTHS:], world.last]
    rows = items.with_columns(cover=cover).join(pl.DataFrame({"counted": sorted(set(days))}), how="cross")
    wobble = pl.Series(rng.uniform(0.75, 1.3, len(rows)))
    rows = rows.with_columns(quantity=(pl.col("demand") * pl.col("cover") * wobble).round(0).cast(pl.Int64))
    return rows.with_columns(
        reserved=(pl.col("quantity") * 0.2).round(0).cast(pl.Int64), cents=pl.col("quantity") * pl.col("cents")
    ).drop("demand", "cover")


def true_purchases(world: World) -> pl.DataFrame:
    """One row per purchase: purchase (number), part_id, part_name, supplier, ordered, due, received (days), quantity,
    cents (price of a piece). One order a month and part for what a month needs; the newest are still open."""
    law, rng, parts = rates("supply"), ids.rng_for(world.seed, "purchases"), part_demand(world)
    rows = parts.join(pl.DataFrame({"month": months(world.last - YEAR_DAYS, world.last)}), how="cross").sort(
        "month", "part_id"
    )
    count = len(rows)
    rows = rows.with_columns(
        ordered=pl.col("month") + pl.Series(rng.integers(2, 9, count)),
        late=pl.Series(rng.integers(-2, law["late_days"], count)),
        quantity=(pl.col("demand") * pl.Series(rng.uniform(0.8, 1.2, count))).round(0).cast(pl.Int64).clip(1),
    )  # fmt: skip
    rows = rows.with_columns(due=pl.col("ordered") + pl.col("lead_days"))
    rows = rows.with_columns(received=pl.col("due") + pl.col("late")).filter(pl.col("ordered") <= world.last)
    kept = ("part_id", "part_name", "supplier", "ordered", "due", "received", "quantity", "cents")
    return rows.select(kept).with_row_index("purchase").cast({"purchase": pl.Int64})


def true_capacity(world: World) -> pl.DataFrame:
    """One row per product line and month, six ahead of the newest export: plant, product_line, month (day), pieces."""
    law = rates("supply")["capacity"]
    demand = monthly_demand(world).group_by("product_line", maintain_order=True).agg(pl.col("demand").sum())
    ahead = months(world.last - YEAR_DAYS, world.last + 31 * AHEAD_MONTHS)
    rows = demand.join(pl.DataFrame({"month": ahead}), how="cross")
    share = pl.col("product_line").replace_strict(law, return_dtype=pl.Float64)
    pieces = (pl.col("demand") * share).round(0).cast(pl.Int64)
    return rows.select("product_line", "month", plant=pl.lit(PLANT), pieces=pieces)
