"""The true register of risks: what may happen, how likely, and what it would take from the forecast of revenue."""

import polars as pl

from pipelines.demo.world import World

# what, category, level, member, chance, share lost, yuan lost, months from the newest export to the first and last
# month of harm, owner, response, sign, closed
LISTED = (
    ("关键芯片断供", "供应", "product_line", "Controllers", 0.3, 0.4, None, 1, 3, "方志远", "启用第二供应商",
     "交期超过八周", False),
    ("竞争对手在苏州设服务中心", "竞争", "region", "East China", 0.5, 0.08, None, 1, 12, "钱建国", "驻厂服务",
     "报价被压价", False),
    ("Two large customers postpone plants", "客户", "region", "Europe", 0.2, None, 1_600_000, 1, 6, "Martin Fuchs",
     "Visit both boards", "No order for a quarter", False),
    ("出口许可收紧", "政策", "total", None, 0.15, 0.1, None, 2, 8, "方志远", "提前备案", "公告征求意见", False),
    ("经销商囤货", "渠道", "product_line", "Sensors", 0.25, 0.05, None, -8, -2, "韩梅", "停止返利",
     "库存超三个月", True),
)  # fmt: skip
FIELDS = ("risk_name", "category", "level", "member", "probability", "share", "yuan", "first", "last", "owner",
          "response", "sign", "is_closed")  # fmt: skip


def true_risks(world: World) -> pl.DataFrame:
    """One row per risk: risk_id, the fields above; `starts` and `ends` are the first and last day of harm (dates)."""
    newest = pl.lit(world.last).cast(pl.Int32).cast(pl.Date).dt.truncate("1mo")
    frame = pl.DataFrame(LISTED, schema=list(FIELDS), orient="row", infer_schema_length=None)
    month = pl.format("{}mo", "first"), pl.format("{}mo", pl.col("last") + 1)
    return frame.with_row_index("number", offset=1).select(
        pl.format("R-{}", pl.col("number").cast(pl.String).str.zfill(2)).alias("risk_id"),
        *(*FIELDS[:7], *FIELDS[9:]),
        starts=newest.dt.offset_by(month[0]),
        ends=newest.dt.offset_by(month[1]).dt.offset_by("-1d"),
    )
