"""A 纷享销客-style workbook: Chinese headers, amounts in 万元, real date cells, the status kept beside the stage."""

import polars as pl

from pipelines.demo import words
from pipelines.demo.competitors import with_competitors
from pipelines.demo.files import Outbox
from pipelines.demo.formats import as_date, translated
from pipelines.demo.systems.salesforce import erp_code, since, stamp
from pipelines.demo.touches import touches
from pipelines.demo.world import World

NAME = "fxiaoke"
STAGES = {
    "lead": "线索",
    "qualified": "潜在客户筛选",
    "needs": "需求确认",
    "decision_makers": "关键决策人识别",
    "proposal": "方案报价",
    "negotiation": "商务谈判",
    "won": "赢单",
    "lost": "输单",
}
CONTACTS = {"Call": "电话", "Email": "邮件", "Visit": "拜访", "Meeting": "会议"}
CURRENCIES = {"CNY": "人民币", "USD": "美元", "EUR": "欧元"}


def write(out: Outbox, world: World) -> None:
    """商机 and the new 跟进记录 on every export day, 客户 on those of the slow lists."""
    calls = _touches(world)
    for after, last in world.log_days:
        if last in world.list_days:
            out.workbook(f"fxiaoke/客户_{stamp(last)}.xlsx", _accounts(world, last), sheet="客户")
        path = f"fxiaoke/商机_{stamp(last)}.xlsx"
        out.workbook(path, _deals(out, world, last, path), sheet="商机")
        out.workbook(f"fxiaoke/跟进记录_{stamp(last)}.xlsx", since(calls, after, last), sheet="跟进记录")


def _touches(world: World) -> pl.DataFrame:
    rows = touches(world, NAME)
    return rows.select(
        记录编号=touch_ids(),
        商机编号="source_id",
        客户编号="account_id",
        跟进方式=translated("kind", CONTACTS),
        跟进日期=as_date("occurred"),
        跟进人="rep_name",
        _day="occurred",
    )


def touch_ids() -> pl.Expr:
    """Numbers of the records of contacts."""
    return pl.concat_str(pl.lit("GJ"), (pl.col("touch") + 1).cast(pl.String).str.zfill(7))


def person_ids() -> pl.Expr:
    """None: the workbook names the customer only."""
    return pl.lit(None, dtype=pl.String)


def _chinese_industry() -> pl.Expr:
    return pl.col("industry_no").replace_strict(dict(enumerate(words.CHINESE_INDUSTRIES)), return_dtype=pl.String)


def _accounts(world: World, last: int) -> pl.DataFrame:
    rows = world.accounts(NAME, last).join(erp_code(world), on="customer", how="left", maintain_order="left")
    code = pl.when(pl.col("has_erp_code") & (pl.col("erp") == "kingdee")).then("erp_id")
    return rows.select(
        客户编号="source_id",
        客户名称="account_name",
        统一社会信用代码="tax_id",
        电话="phone_text",
        网址="domain",
        行业=_chinese_industry(),
        员工人数="employees",
        省="province",
        市="city",
        详细地址="street",
        销售区域=translated("region", words.CHINESE_REGION),
        负责人="rep_name",
        ERP客户编码=code,
        上级客户编号="parent_account_id",
        战略合作伙伴=pl.when("is_strategic").then(pl.lit("是")).otherwise(pl.lit("否")),
        创建时间=as_date("created"),
    )


def _deals(out: Outbox, world: World, last: int, path: str) -> pl.DataFrame:
    status = pl.when("is_won").then(pl.lit("赢单")).when("is_lost").then(pl.lit("输单")).otherwise(pl.lit("进行中"))
    frame = (
        with_competitors(world.deal_rows(NAME, last), world)
        .select(
            商机编号="source_id",
            商机名称="title",
            客户编号="account_id",
            客户名称="account_name",
            销售阶段=translated("stage", STAGES),
            商机状态=status,
            商机金额万元=(pl.col("amount") / 1_000_000),
            币种=translated("currency", CURRENCIES),
            赢率=pl.concat_str(pl.col("probability").cast(pl.String), pl.lit("%")),
            预计结单日期=as_date("planned"),
            实际结单日期=as_date("closed"),
            商机来源="channel",
            商机类型="deal_type",
            产品编码="product_id",
            产品线="product_line",
            销售区域=translated("region", words.CHINESE_REGION),
            所属团队="team",
            负责人="rep_name",
            输单原因=pl.when("is_lost").then("loss_reason"),
            竞争对手="competitor",
            外部商机编号="external_id",
            创建时间=as_date("created"),
            最后修改时间=as_date("updated"),
            关键决策人=pl.when("has_decision_maker").then(pl.lit("是")).otherwise(pl.lit("否")),
            预算确认=pl.when("has_budget").then(pl.lit("是")).otherwise(pl.lit("否")),
        )
        .rename({"商机金额万元": "商机金额（万元）"})
    )
    if last == world.last:
        dates, amounts = ["预计结单日期", "实际结单日期", "创建时间", "最后修改时间"], ["商机金额（万元）"]
        typed = frame.with_columns(pl.col(dates).cast(pl.String), pl.col(amounts).cast(pl.String))
        spoilt = out.spoilt(
            path,
            "opportunities",
            typed,
            keys=world.spare_ids(NAME, "deal"),
            key="商机编号",
            day="创建时间",
            amount=amounts[0],
        )
        return _mixed_cells(frame, spoilt, dates + amounts)
    return frame


def _mixed_cells(frame: pl.DataFrame, spoilt: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """A sheet's cells have their own types: what was typed as a date or number stays one, the spoilt cells are text."""
    tail = spoilt.tail(len(spoilt) - len(frame))
    data = {
        name: pl.Series(name, [*frame[name].to_list(), *tail[name].to_list()], dtype=pl.Object)
        if name in columns
        else spoilt[name]
        for name in frame.columns
    }
    return pl.DataFrame(data)
