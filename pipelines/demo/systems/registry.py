"""What a publisher of the business register sells: one workbook per purchase, capital in 万元."""

import polars as pl

from pipelines.demo.files import Outbox
from pipelines.demo.formats import as_date
from pipelines.demo.registrations import true_registrations
from pipelines.demo.systems.salesforce import stamp
from pipelines.demo.world import World

TITLE, PUBLISHER, WAN = "工商信息查询结果（注册资本单位：万元；仅供许可用户使用）", "企业征信社", 10_000


def write(out: Outbox, world: World) -> None:
    """The companies as the register had them a week before the first export day and a week before the last."""
    for last in (world.export_days[0], world.last):
        rows = true_registrations(world).filter(pl.col("founded") <= last - 7).with_columns(read=pl.lit(last - 7))
        listed = rows.select(
            企业名称="name", 统一社会信用代码="tax_id", 法定代表人="representative", 注册资本=pl.col("capital") / WAN,
            币种=pl.lit("人民币"), 成立日期=as_date("founded"), 登记状态="status", 数据来源=pl.lit(PUBLISHER),
            查询日期=as_date("read"),
        )  # fmt: skip
        out.workbook(f"registry/工商信息_{stamp(last)}.xlsx", listed, sheet="工商信息", title=[TITLE])
