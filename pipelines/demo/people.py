"""Reps, teams and products of the sample company: small tables, the same at every size."""

import polars as pl

from pipelines.demo import words

LARGE_REGIONS = ("East China", "South China")


def true_reps(first: int) -> pl.DataFrame:
    """One row per rep: rep, rep_id, rep_name, region, team, manager, hired (days since the epoch)."""
    rows: list[dict[str, object]] = []
    for region, names in words.REPS.items():
        for place, name in enumerate(names):
            team = f"{region} {1 + place % 2}" if region in LARGE_REGIONS else region
            hired = first - 2000 + 131 * ((place * 5 + len(rows)) % 11)
            rows.append(
                {"rep_name": name, "region": region, "team": team, "manager": words.MANAGERS[region], "hired": hired}
            )
    frame = pl.DataFrame(rows).with_row_index("rep").with_columns(pl.col("rep").cast(pl.Int64))
    return frame.with_columns(pl.format("E{}", (pl.col("rep") + 101)).alias("rep_id"))


def true_products() -> pl.DataFrame:
    """One row per product: product, product_id, product_name, product_line, price in CNY cents, unit cost in cents."""
    rows = [
        {"product_line": line, "product_name": name, "price": price * 100, "cost": round(price * (45 + 3 * place))}
        for line, products in words.PRODUCTS.items()
        for place, (name, price) in enumerate(products)
    ]
    frame = pl.DataFrame(rows).with_row_index("product").with_columns(pl.col("product").cast(pl.Int64))
    return frame.with_columns(pl.format("P{}", pl.col("product") + 1001).alias("product_id"))
