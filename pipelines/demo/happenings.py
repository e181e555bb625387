"""The true events outside and inside the company. None of them moves anything: who finds an effect is wrong."""

import polars as pl

from pipelines.demo.world import World

# kind, what, level, member, months before the newest export, days it lasts (None: still), days of notice, source
PLANNED = (
    ("process", "Stage gates: budget before a proposal", "total", None, 14, None, 30, "Sales operations"),
    ("price", "List prices up by 4 %", "product_line", "Controllers", 10, None, 45, "Product management"),
    ("price", "Spare parts at new list prices", "product_line", "Spare parts", 4, None, 30, "Product management"),
    ("promotion", "Year-end offer on sensors", "product_line", "Sensors", 11, 31, 20, "Marketing"),
    ("promotion", "Spring offer on software", "product_line", "Software", 7, 45, 20, "Marketing"),
    ("promotion", "Autumn offer in West China", "region", "West China", 1, 30, 14, "Marketing"),
    ("promotion", "Trade fair month", "total", None, -1, 30, 60, "Marketing"),
    ("competitor", "New drive below our list price", "competitor", "Nordsens", 9, None, 0, "Trade press"),
    ("competitor", "Opens a service centre in Suzhou", "competitor", "恒测科技", 6, None, 0, "行业媒体"),
    ("competitor", "Discount campaign in Europe", "region", "Europe", 3, 60, 0, "Trade press"),
    ("policy", "Subsidy for plant renewal", "region", "East China", 8, 365, 40, "Provincial government"),
    ("policy", "Export licences for machine vision", "total", None, -2, None, 75, "Ministry of Commerce"),
    ("supply", "Controller boards delayed", "product_line", "Controllers", 5, 40, 3, "Purchasing"),
)
MONTH_DAYS = 30


def true_events(world: World) -> pl.DataFrame:
    """One row per event known by the newest export: event_id, kind, event_name, level, member, started, ended,
    published (days), publisher."""
    rows = [
        {
            "event_id": f"EV-{position:03d}", "kind": kind, "event_name": what, "level": level, "member": member,
            "started": (start := world.last - MONTH_DAYS * months),
            "ended": None if lasts is None else start + lasts - 1,
            "published": start - notice, "publisher": source,
        }
        for position, (kind, what, level, member, months, lasts, notice, source) in enumerate(PLANNED, 1)
    ]  # fmt: skip
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.filter(pl.col("published") <= world.last)
