"""The true risk register: what may happen, to which forecast, with which probability and loss, and who answers.

Nothing of it has come true: no deal or invoice knows of it, so a forecast that is lowered by it is wrong.
"""

import polars as pl

from pipelines.demo.world import World

MONTH_DAYS = 30
UNITS = 10_000  # amounts are whole 万元

# what, category, metric, level, member, probability and share lost (per cent), amount lost (万元), months from the
# newest export to its first and last day (None: from now on, without an end), owner, response, trigger, status
KEPT = (
    ("Controller boards run short", "supply", "revenue", "product_line", "Controllers", 25, 30, None, 0, 5,
     "Purchasing", "Ship from the buffer stock, offer the older series", "Supplier confirms no date twice", "open"),
    ("Nordsens gives its software away", "competitor", "bookings", "product_line", "Software", 40, 12, None, 0, 11,
     "Product management", "Sell software with sensors", "A second lost deal names it in a month", "open"),
    ("Order freeze of a group of plants", "customer", "bookings", "region", "华东", 15, None, 320, 0, 8,
     "钱建国", "Move visits to machine builders", "Two tenders put off", "open"),
    ("Export licence is refused", "market", "revenue", "total", None, 10, 8, None, 2, None,
     "Operations", "Deliver from the European stock", "Ministry asks a second time", "open"),
    ("Demand of machine builders falls off", "market", "bookings", "total", None, 20, 25, None, 0, 11,
     "Sales operations", "Halve the hiring plan", "Index below 48 for two months", "open"),
    ("Price of rare earths doubles", "supply", "margin", "region", "Europe", 30, 10, None, 0, 11,
     "Purchasing", "Price clause in new quotes", "Spot price above 900", "open"),
    ("Key account leaves after the merger", "customer", "revenue", "region", "Europe", None, 10, None, 0, 11,
     "Martin Fuchs", "Visit of the board", "Framework contract not renewed", "open"),
    ("Recall of a sensor", "product", "revenue", "product_line", "Sensors", 5, None, None, 0, 11,
     "Quality", "Replace within a week", "Third complaint of one batch", "open"),
    ("Move of the warehouse", "supply", "revenue", "total", None, 50, 5, None, -6, -3,
     "Operations", "Ship earlier", "Date of the move", "open"),
    ("Strike at the port", "supply", "revenue", "region", "Americas", 35, 15, None, -4, 4,
     "Rachel Stone", "Air freight", "Vote of the union", "已关闭"),
)  # fmt: skip
COLUMNS = (
    *("risk_name", "category", "metric", "level", "member", "percent", "share_percent", "amount_w", "from_month"),
    *("to_month", "owner", "response", "trigger", "status"),
)


def true_risks(world: World) -> pl.DataFrame:
    """One row per risk: risk_id, COLUMNS, and starts, ends (days; null where it has no end)."""
    rows = pl.DataFrame(KEPT, schema=list(COLUMNS), orient="row")
    number = pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(2)
    return rows.with_columns(
        risk_id=pl.concat_str(pl.lit("R-"), number),
        starts=world.last + 1 + MONTH_DAYS * pl.col("from_month"),
        ends=world.last + MONTH_DAYS * (pl.col("to_month") + 1),
    )
