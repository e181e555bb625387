"""The true reports of dealers: what they bought, sold on and held, and who asked. Their sales are not the company's."""

import polars as pl

from pipelines.demo import ids
from pipelines.demo.company import month_before, rates
from pipelines.demo.staff import months
from pipelines.demo.world import World

DEALERS = (("D0101", "上海恒远自动化设备有限公司", "华东"), ("D0107", "南京博锐科技有限公司", "华东"),
           ("D0203", "东莞智达机电有限公司", "华南"), ("D0301", "天津北方仪表有限公司", "华北"))  # fmt: skip
PRODUCTS = ("P1002", "P1003", "P1008", "P1018")
FIRST_STOCK = 40
TRIED = 0.3  # of the enquiries
DEALER_PRICE = 0.9  # of the list price


def true_dealer_reports(world: World) -> pl.DataFrame:
    """One row per dealer, product and whole month: dealer_id, dealer_name, region, product_id, product_name, month
    (day), bought, sold, stock (at its end), enquiries, trials, cents (sold on for).

    Sales follow the enquiries of the month before; stock is what was there, and bought, less what was sold.
    """
    law, rng = rates("dealers"), ids.rng_for(world.seed, "dealers")
    firsts = [day for day in months(month_before(world, law["months"]), world.last) if day + 30 <= world.last]
    prices = {row["product_id"]: row for row in world.products.to_dicts()}
    rows = []
    for dealer_id, dealer_name, region in DEALERS:
        for product_id in PRODUCTS:
            stock, asked, product = FIRST_STOCK, int(rng.poisson(24)), prices[product_id]
            for month in firsts:
                sold = min(int(rng.binomial(asked, law["sold_per_enquiry"])), stock)
                bought, asked = int(rng.poisson(12)) + max(12 - stock, 0), int(rng.poisson(24))
                stock += bought - sold
                cents = sold * round(product["price"] * DEALER_PRICE)
                trials = int(rng.binomial(asked, TRIED))
                numbers = (month, bought, sold, stock, asked, trials, cents)
                rows.append((dealer_id, dealer_name, region, product_id, product["product_name"], *numbers))
    columns = ["dealer_id", "dealer_name", "region", "product_id", "product_name", "month", "bought", "sold", "stock",
               "enquiries", "trials", "cents"]  # fmt: skip
    return pl.DataFrame(rows, schema=columns, orient="row")
