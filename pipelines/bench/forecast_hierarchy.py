"""The tourism hierarchy, all 425 nodes at once: accuracy per level, and whether forecasts are coherent."""

from typing import Any

import polars as pl

from pipelines.bench.forecast_scores import scores, timed
from pipelines.bench.forecast_sets import Holdout, cut, folder_of, tourism

LEVELS = ("total", "state", "purpose", "state*purpose", "state*region", "state*region*purpose")
AGGREGATIONS = (
    ("total", "state"),
    ("total", "purpose"),
    ("state", "state*region"),
    ("state", "state*purpose"),
    ("purpose", "state*purpose"),
    ("state*region", "state*region*purpose"),
    ("state*purpose", "state*region*purpose"),
)
HORIZON = 24


def hierarchy_rows(tier: str) -> list[dict[str, Any]]:
    """One row per level, with the largest gap between a parent and its children as a share of the parent."""
    nodes = all_nodes()
    forecasts, seconds = timed(lambda: _forecast(nodes, tier))
    gap = largest_gap(forecasts)
    share = seconds / nodes["unique_id"].n_unique()
    holdout = cut("tourism_hierarchy", nodes.select("unique_id", "ds", "y"), HORIZON)
    rows = []
    for level in LEVELS:
        ids = nodes.filter(level=level)["unique_id"].unique().implode()
        of_level = pl.col("unique_id").is_in(ids)
        part = Holdout(level, "MS", HORIZON, holdout.train.filter(of_level), holdout.test.filter(of_level))
        figures = scores(part, forecasts, share * part.test["unique_id"].n_unique())
        rows.append({"model": f"almanac {tier}", "level": level, **figures, "largest_gap_share": gap})
    return rows


def all_nodes() -> pl.DataFrame:
    """Rows as in `marts.series_history`: every level of the hierarchy, sums of the bottom series."""
    bottom = tourism(folder_of())
    words = pl.col("unique_id").str.split("|")
    bottom = bottom.with_columns(
        state=words.list.get(0), region=words.list.get(1), purpose=words.list.get(2), total=pl.lit("")
    )
    frames = []
    for level in LEVELS:
        member = pl.concat_str(level.split("*"), separator="*").alias("member")
        sums = bottom.group_by(member, "ds").agg(pl.col("y").sum())
        frames.append(sums.with_columns(level=pl.lit(level), metric=pl.lit("nights"), freq=pl.lit("MS")))
    named = pl.concat(frames).with_columns(unique_id=pl.concat_str("metric", "level", "member", "freq", separator="|"))
    return named.sort("unique_id", "ds")


def _forecast(nodes: pl.DataFrame, tier: str) -> pl.DataFrame:
    """Served forecasts of the periods after the training part."""
    from forecasts import config
    from forecasts.run import forecast

    last = nodes["ds"].unique().sort()[-HORIZON]
    plan = config.Config(
        series=(config.SeriesSet("nights", LEVELS, "MS", HORIZON),),
        tiers=config.load().tiers,
        tier=tier,
        hierarchy=tuple(config.Aggregation(parent, children) for parent, children in AGGREGATIONS),
    )
    past = nodes.filter(pl.col("ds") < last)
    as_of = (pl.Series([last]).dt.offset_by("-1d")).item()
    values = forecast(past, plan, as_of=as_of).values.filter(pl.col("is_served") & (pl.col("scenario") == "base"))
    return values.rename({"period_start": "ds"})


def largest_gap(forecasts: pl.DataFrame) -> float:
    """The largest |parent - sum of its children| over all aggregations and periods, as a share of the parent."""
    parts = pl.col("unique_id").str.split("|")
    table = forecasts.with_columns(level=parts.list.get(1), member=parts.list.get(2))
    worst = 0.0
    for parent, children in AGGREGATIONS:
        positions = [children.split("*").index(word) for word in parent.split("*") if parent != "total"]
        words = pl.col("member").str.split("*")
        values = [words.list.get(position) for position in positions]
        key = pl.concat_str(values, separator="*") if values else pl.lit("")
        sums = table.filter(level=children).group_by(key.alias("member"), "ds").agg(pl.col("yhat").sum().alias("sum"))
        both = table.filter(level=parent).join(sums, on=["member", "ds"])
        share = (pl.col("yhat") - pl.col("sum")).abs() / pl.col("yhat").abs().clip(lower_bound=1e-9)
        worst = max(worst, float(both.select(share.max()).item()))
    return worst
