"""The office-automation system: a workbook of approval steps, one title row above, customers by name."""

import polars as pl

from pipelines.demo.files import Outbox
from pipelines.demo.formats import day, translated
from pipelines.demo.quotes import true_approvals
from pipelines.demo.systems.fxiaoke import CURRENCIES
from pipelines.demo.systems.quotes import quote_ids
from pipelines.demo.systems.salesforce import stamp
from pipelines.demo.world import World

OPEN_AGAIN = 7  # days within which a step that was still open is sent once more, with its decision


def write(out: Outbox, world: World) -> None:
    """The steps requested since the export before, and those that were open then, twice a year."""
    steps, before = true_approvals(world), 0
    for last in world.few_days:
        new = pl.col("requested").is_between(before - OPEN_AGAIN, last)
        rows = _list(steps.filter(new), last)
        title = [f"审批记录导出（截至 {stamp(last)}）"]
        out.workbook(f"oa/审批记录_{stamp(last)}.xlsx", rows, sheet="审批记录", title=title)
        before = last


def step_ids() -> pl.Expr:
    """Numbers of steps: the day and the quote's version, and which step it is."""
    number = (pl.col("quote") * 4 + pl.col("version")).cast(pl.String).str.zfill(6)
    return pl.concat_str(pl.lit("SP"), number, pl.lit("-"), pl.col("step").cast(pl.String))


def _list(rows: pl.DataFrame, last: int) -> pl.DataFrame:
    is_decided = pl.col("decided") <= last
    result = (
        pl.when(~is_decided | is_decided.is_null())
        .then(pl.lit("审批中"))
        .when("is_approved")
        .then(pl.lit("同意"))
        .otherwise(pl.lit("驳回"))
    )
    percent = (pl.col("discount") * 100).round(1).cast(pl.String)
    return rows.select(
        审批编号=step_ids(),
        流程名称=pl.lit("折扣审批"),
        标题=pl.concat_str("title", pl.lit(" 折扣 "), percent, pl.lit("%")),
        关联单据=quote_ids(),
        关联商机="source_id",
        客户名称="first_name",
        金额=pl.col("cents") / 100,
        币种=translated("currency", CURRENCIES),
        申请人="requested_by",
        申请部门="team",
        申请时间=pl.concat_str(day("requested"), pl.lit(" 10:12")),
        审批人=pl.when(is_decided).then("approver"),
        审批结果=result,
        审批时间=pl.when(is_decided).then(pl.concat_str(day("decided"), pl.lit(" 15:40"))),
    ).rename({"金额": "申请金额(元)"})
