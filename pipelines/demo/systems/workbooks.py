"""What planners keep beside the forecasts handed in: teams, targets, heads, budgets, milestones, capacity, risks."""

import polars as pl

from pipelines.demo.budgets import spent_by, true_budgets
from pipelines.demo.files import Outbox
from pipelines.demo.formats import as_date, day, money, text
from pipelines.demo.milestones import true_milestones
from pipelines.demo.plans import true_plans
from pipelines.demo.risks import UNITS, true_risks
from pipelines.demo.staff import true_headcount, true_teams
from pipelines.demo.supply import true_capacity
from pipelines.demo.systems.salesforce import stamp
from pipelines.demo.words import CHINESE_REGION
from pipelines.demo.world import World

NOT_BEGUN, UNDER_WAY, DONE = "未开始", "进行中", "已完成"
SHOWN_BEFORE = 110  # days before its planned day on which work on a milestone begins


def write(out: Outbox, world: World) -> None:
    """Each list as it was on the first export day and is on the last; the register of risks was begun this month."""
    for last in (world.export_days[0], world.last):
        name = stamp(last)
        out.csv(f"planning/teams_{name}.csv", _teams(true_teams(world)))
        out.workbook(f"planning/targets_{name}.xlsx", _targets(true_plans(world, last)), sheet="Targets")
        out.csv(f"planning/capacity_{name}.csv", _capacity(true_capacity(world), last))
        heads = true_headcount(world).filter(pl.col("month") <= last)
        title = ["Sales headcount - FTE by month"]
        out.workbook(f"planning/headcount_{name}.xlsx", _heads(heads), sheet="Headcount", title=title)
        budgets = _budgets(spent_by(true_budgets(world), last))
        out.workbook(f"planning/年度预算_{name}.xlsx", budgets, sheet="预算", title=["销售费用预算（单位：万元）"])
        milestones = _milestones(true_milestones(world), last)
        out.workbook(f"planning/研发里程碑_{name}.xlsx", milestones, sheet="里程碑")
    out.csv(f"planning/risk_register_{stamp(world.last)}.csv", _risks(true_risks(world)))


def _targets(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(cents=pl.col("yuan") * 100).select(
        pl.col("target_id").alias("Target No"),
        pl.lit("revenue").alias("KPI"),
        pl.col("level").alias("Dimension"),
        pl.col("member").alias("Member"),
        pl.col("start").alias("Start"),
        pl.col("period").alias("Period"),
        money("cents", thousands=".", point=",").alias("Target"),
        pl.lit("CNY").alias("Currency"),
        pl.col("version").alias("Version"),
    )


def _risks(rows: pl.DataFrame) -> pl.DataFrame:
    shares = (("Probability", "percent"), ("Impact %", "share_percent"))
    return rows.select(
        pl.col("risk_id").alias("Risk no"),
        pl.col("risk_name").alias("Risk"),
        pl.col("category").alias("Category"),
        pl.col("metric").alias("Metric"),
        pl.col("level").alias("Dimension"),
        pl.col("member").alias("Member"),
        *(pl.format("{}%", column).alias(name) for name, column in shares),
        (pl.col("amount_w") * UNITS).alias("Impact (CNY)"),
        day("starts").alias("Start"),
        day("ends").alias("End"),
        pl.col("owner").alias("Owner"),
        pl.col("response").alias("Response"),
        pl.col("trigger").alias("Trigger"),
        pl.col("status").alias("Status"),
    )


def _teams(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        pl.col("team_id").alias("Team code"),
        pl.col("team_name").alias("Team"),
        pl.col("parent").alias("Reports to"),
        pl.col("manager").alias("Team lead"),
        pl.col("region").alias("Region"),
        day("valid_from").alias("Valid from"),
        day("valid_to").alias("Valid to"),
        pl.when("is_active").then(pl.lit("Yes")).otherwise(pl.lit("No")).alias("Active"),
    )


def _heads(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        as_date("month").alias("Month"),
        pl.col("team").alias("Department"),
        pl.col("region").alias("Region"),
        pl.col("role").alias("Role"),
        pl.col("heads").alias("Actual FTE"),
        pl.col("planned").alias("Planned FTE"),
        (pl.col("cost") / 100).alias("People Cost"),
        pl.lit("CNY").alias("Currency"),
    )


def _budgets(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        预算编号="budget_id",
        预算科目="line",
        部门="department",
        区域=pl.col("region").replace_strict(CHINESE_REGION, default=None, return_dtype=pl.String),
        产品线=pl.lit(None, dtype=pl.String),
        期间=as_date("quarter"),
        周期=pl.lit("季"),
        预算金额=pl.col("cents") / 1_000_000,
        已发生=pl.col("spent") / 1_000_000,
        币种=pl.lit("人民币"),
        版本=pl.lit("年初"),
    )


def _milestones(rows: pl.DataFrame, last: int) -> pl.DataFrame:
    """Those planned within the next year; that one slips is known from the day for which it was planned."""
    is_reached, is_late = pl.col("reached") <= last, pl.col("planned") < last
    status = (
        pl.when(is_reached).then(pl.lit(DONE)).when(pl.col("planned") - SHOWN_BEFORE <= last).then(pl.lit(UNDER_WAY))
        .otherwise(pl.lit(NOT_BEGUN))
    )  # fmt: skip
    expected = pl.when(is_late).then(as_date("reached")).otherwise(as_date("planned"))
    return rows.select(
        项目="project",
        产品线="product_line",
        里程碑="milestone",
        负责人="owner",
        计划日期=as_date("planned"),
        预计日期=expected,
        实际日期=pl.when(is_reached).then(as_date("reached")),
        状态=status,
    )


def _capacity(rows: pl.DataFrame, last: int) -> pl.DataFrame:
    known = rows.filter(pl.col("month") <= last + 190)
    return known.select(
        pl.col("plant").alias("Plant"),
        pl.col("product_line").alias("Product line"),
        day("month").alias("Month"),
        text("pieces").alias("Capacity (pcs)"),
    )
