"""Conversion and days in stage counted from exact histories: of the deals that got as far, how many got further."""

from statistics import NormalDist

import polars as pl

from pipelines.funnel.rules import Rules

Z = NormalDist().inv_cdf(0.975)
GROUP = ["level", "member", "period", "period_start", "source_system", "cohort"]


def wilson(hits: pl.Expr, count: pl.Expr, side: int) -> pl.Expr:
    """Bound of the 95 % interval of a share (Wilson 1927); side is -1 or 1."""
    share, n = hits / count, count
    spread = Z * ((share * (1 - share) + Z**2 / (4 * n)) / n).sqrt()
    return ((share + Z**2 / (2 * n) + side * spread) / (1 + Z**2 / n)).clip(0, 1)


def furthest(deals: pl.DataFrame, stays: pl.DataFrame) -> pl.DataFrame:
    """deals with furthest_order: the furthest stage that covered the end of a day; empty where none did."""
    reached = (
        stays.filter(pl.col("days") > 0).group_by("opportunity_id").agg(furthest_order=pl.col("stage_order").max())
    )
    return deals.join(reached, on="opportunity_id", how="left")


def counted(grouped: pl.DataFrame, deals: pl.DataFrame, stays: pl.DataFrame, ladders: pl.DataFrame) -> pl.DataFrame:
    """One row per group and stage of its system's ladder.

    grouped: one row per ended deal and group (columns GROUP and opportunity_id). deals: with furthest_order, outcome.
    stays: opportunity_id, stage_order, days. ladders: source_system, stage_order, is_first.
    """
    spent = stays.group_by("opportunity_id", "stage_order").agg(deal_days=pl.col("days").sum())
    is_won = pl.col("outcome") == "won"
    by_stage = (
        deals.join(ladders, on="source_system")
        .join(spent, on=["opportunity_id", "stage_order"], how="left")
        .with_columns(
            is_reached=is_won
            | pl.col("is_first")
            | (pl.col("furthest_order") >= pl.col("stage_order")).fill_null(False),
            is_beyond=is_won | (pl.col("furthest_order") > pl.col("stage_order")).fill_null(False),
            deal_days=pl.col("deal_days").fill_null(0),
        )
        .select("opportunity_id", "stage_order", "is_reached", "is_beyond", "deal_days")
    )
    here = pl.col("deal_days").filter(pl.col("is_reached"))
    rows = (
        grouped.join(by_stage, on="opportunity_id")
        .group_by(*GROUP, "stage_order")
        .agg(
            deal_count=pl.len().cast(pl.Int64),
            reached_count=pl.col("is_reached").sum().cast(pl.Int64),
            forward_count=pl.col("is_beyond").sum().cast(pl.Int64),
            mean_days=here.mean(),
            spread=here.std() / pl.col("is_reached").sum().sqrt(),
        )
    )
    hits, count = pl.col("forward_count"), pl.col("reached_count")
    rows = rows.with_columns(
        conversion_rate=pl.when(count > 0).then(hits / count),
        conversion_low_95=pl.when(count > 0).then(wilson(hits, count, -1)),
        conversion_high_95=pl.when(count > 0).then(wilson(hits, count, 1)),
        mean_days_low_95=(pl.col("mean_days") - Z * pl.col("spread")).clip(lower_bound=0),
        mean_days_high_95=pl.col("mean_days") + Z * pl.col("spread"),
    )
    return rows.drop("spread")


def usual_days(grouped: pl.DataFrame, stays: pl.DataFrame, stages: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Median and 90th percentile of finished stays per member, period and stage, where there are enough.

    stages: source_system, stage_order, stages_covered; stays under a word for two stages are not those of either.
    """
    is_enough, days = pl.len() >= rules.min_finished_stays, pl.col("days")
    return (
        grouped.join(stays.filter(days > 0), on="opportunity_id")
        .join(stages, on=["source_system", "stage_order"])
        .group_by("level", "member", "period", "period_start", "stage_order", "stages_covered")
        .agg(
            finished_stays=pl.len().cast(pl.Int64),
            median_days=pl.when(is_enough).then(days.median()),
            p90_days=pl.when(is_enough).then(days.quantile(0.9, "linear")),
        )
    )


def whole_way(grouped: pl.DataFrame, deals: pl.DataFrame) -> pl.DataFrame:
    """The way from creation to won as a stage of its own, `created`: every deal counts, however it is known."""
    rows = (
        grouped.join(deals.select("opportunity_id", "outcome"), on="opportunity_id")
        .group_by("level", "member", "period", "period_start", "cohort")
        .agg(
            deal_count=pl.len().cast(pl.Int64),
            reached_count=pl.len().cast(pl.Int64),
            exact_reached_count=pl.len().cast(pl.Int64),
            exact_forward_count=(pl.col("outcome") == "won").sum().cast(pl.Int64),
        )
    )
    hits, count = pl.col("exact_forward_count"), pl.col("reached_count")
    return rows.with_columns(
        stage_order=pl.lit(0, pl.Int64),
        stage_code=pl.lit("created"),
        stages_covered=pl.lit("created"),
        basis=pl.lit("closing_days"),
        conversion_rate=hits / count,
        conversion_low_95=wilson(hits, count, -1),
        conversion_high_95=wilson(hits, count, 1),
    )
