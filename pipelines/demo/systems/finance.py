"""What finance keeps: dated exchange rates, monthly targets in 万元, and the days on which China does not work."""

from datetime import date, timedelta

import polars as pl

from pipelines.demo.files import Outbox
from pipelines.demo.formats import day
from pipelines.demo.rates import RATE_SCALE, in_base
from pipelines.demo.seasons import EPOCH, festival_days
from pipelines.demo.systems.salesforce import stamp
from pipelines.demo.world import World

AMBITION = 1.15  # a target asks for this much of the same month a year before
WAN = 10_000


def write(out: Outbox, world: World) -> None:
    """Rates on every export day, targets on those of the slow lists, holidays once: they are known years ahead."""
    for last in world.export_days:
        rates = world.rates.filter(pl.col("day") <= last).select(
            currency="currency", base=pl.lit("CNY"), valid_from=day("day"), rate=_four_places("rate_e4")
        )
        out.csv(f"finance/exchange_rates_{stamp(last)}.csv", rates)
    out.csv(f"finance/holidays_{stamp(world.export_days[0])}.csv", _holidays(world))
    asked = monthly_targets(world)
    for last in world.list_days:
        # a target asks for more than the same month a year before: it is set when that month is over
        over = pl.col("月份").dt.offset_by("-11mo") <= EPOCH + timedelta(days=last + 1)
        path = f"finance/销售目标_{stamp(last)}.xlsx"
        out.workbook(path, asked.filter(over), sheet="目标", title=["年度销售目标（单位：万元）"])


def _four_places(column: str) -> pl.Expr:
    whole, rest = pl.col(column) // RATE_SCALE, pl.col(column) % RATE_SCALE
    return pl.concat_str(whole.cast(pl.String), pl.lit("."), rest.cast(pl.String).str.zfill(4))


def monthly_targets(world: World) -> pl.DataFrame:
    """Targets of revenue for the company, regions and product lines, and of bookings for the company and its teams."""
    lines = world.sales.invoice_lines.with_columns(
        base=in_base(world.sales.invoice_lines, world.rates, cents="net", day="invoiced"), when="invoiced"
    )
    lines = lines.join(world.customers.select("customer", "region"), on="customer", how="left", maintain_order="left")
    lines = lines.join(
        world.products.select("product", "product_line"), on="product", how="left", maintain_order="left"
    )
    won = world.deals.facts.filter(pl.col("outcome") == "won").with_columns(when="closed")
    won = won.with_columns(base=in_base(won, world.rates, cents="amount", day="closed"))
    won = won.join(world.reps.select("rep", "team"), on="rep", how="left", maintain_order="left")
    plan = [("revenue", "total", lines), ("revenue", "region", lines), ("revenue", "product_line", lines)]
    plan += [("bookings", "total", won), ("bookings", "team", won)]
    return pl.concat([_asked(metric, level, rows) for metric, level, rows in plan])


def _asked(metric: str, level: str, rows: pl.DataFrame) -> pl.DataFrame:
    member = pl.lit("") if level == "total" else pl.col(level)
    month = pl.col("when").cast(pl.Int32).cast(pl.Date).dt.truncate("1mo")
    monthly = rows.group_by(member.alias("member"), month.alias("month")).agg(pl.col("base").sum())
    wan = (pl.col("base") * AMBITION / WAN / WAN).round(0)
    number = pl.concat_str(
        pl.lit(f"{metric}/{level}/"), "member", pl.lit("/"), pl.col("month").dt.offset_by("1y").dt.strftime("%Y-%m")
    )
    return (
        monthly.sort("member", "month")
        .select(
            编号=number,
            指标=pl.lit(metric),
            维度=pl.lit(level),
            对象="member",
            月份=pl.col("month").dt.offset_by("1y"),
            目标金额=wan,
            币种=pl.lit("人民币"),
            版本=pl.lit("original"),
        )
        .rename({"目标金额": "目标金额（万元）"})
    )


def _holidays(world: World) -> pl.DataFrame:
    start, end = EPOCH + timedelta(days=world.first), EPOCH + timedelta(days=world.last + 500)
    days = [one for one in festival_days() if start <= one <= end]
    return pl.DataFrame(
        {"day": [one.isoformat() for one in days], "working": "no", "name": [_name(one) for one in days]}
    )


def _name(one: date) -> str:
    return {5: "劳动节", 10: "国庆节"}.get(one.month, "春节")
