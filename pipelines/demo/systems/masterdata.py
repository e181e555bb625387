"""The company's own lists: products with prices, and the reps with their teams and managers."""

import polars as pl

from pipelines.demo.files import Outbox
from pipelines.demo.formats import as_date, money
from pipelines.demo.leads import SDR_TEAM, SDRS
from pipelines.demo.systems.salesforce import stamp
from pipelines.demo.words import MANAGERS
from pipelines.demo.world import World

SDR_HIRED_BEFORE = 400  # days before the first day of the world


def write(out: Outbox, world: World) -> None:
    """Products as CSV on every export day, reps as a workbook on those of the slow lists."""
    for last in world.export_days:
        products = world.products.select(
            product_code="product_id",
            product_name="product_name",
            product_line="product_line",
            list_price=money("price"),
            unit_cost=money("cost"),
            currency=pl.lit("CNY"),
            on_sale_since=pl.lit(world.first).pipe(_day),
        )
        out.csv(f"masterdata/products_{stamp(last)}.csv", products)
        if last not in world.list_days:
            continue
        reps = world.reps.select(
            工号="rep_id",
            姓名="rep_name",
            团队="team",
            区域="region",
            主管="manager",
            岗位=pl.lit("客户经理"),
            入职日期=as_date("hired"),
            离职日期=pl.when(pl.col("left") <= last).then(as_date("left")),
        )
        reps = pl.concat([reps, _sdrs(world)])
        out.workbook(f"masterdata/销售人员_{stamp(last)}.xlsx", reps, sheet="销售人员")


def _day(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.Int32).cast(pl.Date).dt.strftime("%Y-%m-%d")


def _sdrs(world: World) -> pl.DataFrame:
    """Who works on leads until they are deals: a team of its own, under the manager of the first of its regions."""
    rows = {who: region for region, who in reversed(SDRS.items())}
    people = [(*who, MANAGERS[region]) for who, region in sorted(rows.items())]
    frame = pl.DataFrame(people, schema=["rep_id", "rep_name", "manager"], orient="row")
    return frame.select(
        工号="rep_id",
        姓名="rep_name",
        团队=pl.lit(SDR_TEAM),
        区域=pl.lit(None, dtype=pl.String),
        主管="manager",
        岗位=pl.lit("SDR"),
        入职日期=pl.lit(world.first - SDR_HIRED_BEFORE).cast(pl.Int32).cast(pl.Date),
        离职日期=pl.lit(None, dtype=pl.Date),
    )
