"""The true targets beside the monthly ones: of quarters and years, and a revision that spells a region anew."""

import polars as pl

from pipelines.demo.seasons import EPOCH
from pipelines.demo.systems.finance import WAN, monthly_targets
from pipelines.demo.words import CHINESE_REGION
from pipelines.demo.world import World

REVISED_REGION, REVISED_BY = "East China", 1.08
REVISED_MONTHS = 2  # after the newest export
SPANS = (("quarter", "1q", 3), ("year", "1y", 12))


def true_plans(world: World, last: int) -> pl.DataFrame:
    """One row per target of revenue that planners keep by a day: target_id, level, member (as they write it), period,
    start (date), yuan (whole), version.

    Quarters and years add up the monthly targets, where all of their months are known; a revision asks for more in the
    months that come.
    """
    day = EPOCH.fromordinal(EPOCH.toordinal() + last)
    over = pl.col("月份").dt.offset_by("-11mo") <= day + (EPOCH.replace(day=2) - EPOCH)
    asked = monthly_targets(world).filter(
        over & (pl.col("指标") == "revenue") & pl.col("维度").is_in(["total", "region"])
    )
    asked = asked.select(
        level="维度", member="对象", month="月份", yuan=(pl.col("目标金额（万元）") * WAN).cast(pl.Int64)
    )
    parts = [_summed(asked, *span) for span in SPANS]
    coming = (pl.col("month") > day) & (pl.col("month") <= pl.lit(day).dt.offset_by(f"{REVISED_MONTHS}mo"))
    revised = asked.filter(coming & (pl.col("member") == REVISED_REGION)).select(
        "level", period=pl.lit("month"), start="month", version=pl.lit("revised"),
        member=pl.lit(CHINESE_REGION[REVISED_REGION]), yuan=(pl.col("yuan") * REVISED_BY).round(0).cast(pl.Int64),
    )  # fmt: skip
    rows = pl.concat([*parts, revised.select(parts[0].columns)]).sort("period", "start", "level", "member")
    number = pl.concat_str("level", "member", "period", pl.col("start").dt.strftime("%Y-%m"), "version", separator="/")
    return rows.with_columns(target_id=number)


def _summed(asked: pl.DataFrame, period: str, every: str, months: int) -> pl.DataFrame:
    groups = asked.group_by("level", "member", start=pl.col("month").dt.truncate(every))
    sums = groups.agg(pl.col("yuan").sum(), months=pl.len()).filter(pl.col("months") == months)
    return sums.select(
        "level", "member", "start", "yuan", period=pl.lit(period), version=pl.lit("original")
    )  # fmt: skip
