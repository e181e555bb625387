"""The East China team's own workbook: two title rows, customers by name, `12.5万`, 待定, a 合计 row at the end."""

import polars as pl

from pipelines.demo.files import Outbox
from pipelines.demo.formats import day, text
from pipelines.demo.systems.salesforce import stamp
from pipelines.demo.world import World

NAME = "tracker"
STAGES = {
    "lead": "线索",
    "qualified": "跟进",
    "needs": "需求分析",
    "decision_makers": "POC",
    "proposal": "报价",
    "negotiation": "谈判中",
    "won": "成交",
    "lost": "丢单",
}


def write(out: Outbox, world: World) -> None:
    """One workbook per export day."""
    for last in world.export_days:
        frame = _deals(world, last)
        path = f"tracker/华东项目跟踪表_{stamp(last)}.xlsx"
        if last == world.last:
            frame = out.spoilt(
                path,
                "opportunities",
                frame,
                keys=world.spare_ids(NAME, "deal"),
                key="编号",
                day="立项日期",
                amount="预计金额",
            )
        title = ["华东区项目跟踪表", f"更新日期：{stamp(last)[:4]}年{stamp(last)[4:6]}月{stamp(last)[6:]}日　单位：元"]
        totals = ["合计", *[None] * 4, float(len(frame))]
        out.workbook(path, frame, sheet="跟踪表", title=title, totals=totals)


def _deals(world: World, last: int) -> pl.DataFrame:
    rows = world.deal_rows(NAME, last)
    yuan = pl.col("amount") // 100
    sign = pl.when(pl.col("currency") == "CNY").then(pl.lit("￥")).otherwise(pl.lit(""))
    in_tens = (
        pl.when(pl.col("number") % 2 == 0)
        .then(pl.concat_str((yuan / 10_000).cast(pl.String), pl.lit("万")))
        .otherwise(pl.concat_str(sign, text("amount").str.slice(0, text("amount").str.len_chars() - 2)))
    )
    closing = (
        pl.when(pl.col("is_closed") | (pl.col("number") % 4 != 0))
        .then(day("planned", "%Y/%m/%d"))
        .otherwise(pl.lit("待定"))
    )
    return rows.select(
        编号="source_id",
        客户="account_name",
        项目="title",
        阶段=translated_stage(),
        立项日期=day("created", "%Y年%m月%d日"),
        预计金额=in_tens,
        币种="currency",
        预计签单=closing,
        成交日期=day("closed", "%Y/%m/%d"),
        业务员="rep_name",
        产品="product_id",
        产品线="product_line",
        CRM编号="external_id",
        备注=pl.when(pl.col("number") % 7 == 0).then(pl.lit("电话沟通，下周再约")),
    )


def translated_stage() -> pl.Expr:
    """Stages in the team's words."""
    return pl.col("stage").replace_strict(STAGES, return_dtype=pl.String)
