"""One figure for a member out of those of its source systems, which stage is weakest, and who is below the others."""

from statistics import NormalDist

import polars as pl

from pipelines.funnel.history import Z, wilson
from pipelines.funnel.rules import Rules

EXACT, DATED, MIXED, CLOSED = "exact_history", "dated_exports_estimate", "mixed", "closing_days"
FIGURES = (
    *("cohort", "reached_count", "conversion_rate", "conversion_low_95", "conversion_high_95"),
    *("mean_days", "mean_days_low_95", "mean_days_high_95"),
)
COUNTS = ("deal_count", "reached_count", "forward_count", "lost_deals_used", "look_days", "export_count")
PART = {  # what a part may say; one that is counted has no exports, one that is estimated no forward_count
    **dict.fromkeys(("level", "member", "period", "source_system", "cohort", "basis", "why_not"), pl.String()),
    "period_start": pl.Date(),
    "stage_order": pl.Int64(),
    **dict.fromkeys(COUNTS, pl.Int64()),
    "export_gap_days": pl.Float64(),
    **dict.fromkeys(("conversion_rate", "conversion_low_95", "conversion_high_95"), pl.Float64()),
    **dict.fromkeys(("mean_days", "mean_days_low_95", "mean_days_high_95"), pl.Float64()),
}
ROW = ["level", "member", "period", "period_start", "stage_order", "stages_covered"]


def combine(parts: pl.DataFrame) -> pl.DataFrame:
    """One row per ROW: the mean of the parts with a figure, weighted by the deals that got as far.

    Counts are added and their interval is Wilson's where every part is counted; otherwise variances are added.
    """
    has_figure, is_exact = pl.col("conversion_rate").is_not_null(), pl.col("basis") == EXACT
    with_figure = parts.with_columns(
        weight=pl.when(has_figure).then(pl.col("reached_count")).otherwise(0.0).cast(pl.Float64),
        share_spread=(pl.col("conversion_high_95") - pl.col("conversion_low_95")) / (2 * Z),
        days_spread=(pl.col("mean_days_high_95") - pl.col("mean_days_low_95")) / (2 * Z),
        is_used=has_figure,
    )
    used, weight = pl.col("is_used"), pl.col("weight")
    exact_used = used & is_exact
    rows = with_figure.group_by(ROW).agg(
        basis=pl.when(~used.any())
        .then(None)
        .when((is_exact | ~used).all())
        .then(pl.lit(EXACT))
        .when(~exact_used.any())
        .then(pl.lit(DATED))
        .otherwise(pl.lit(MIXED)),
        cohort=pl.col("cohort").filter(used).unique().sort().str.join("+"),
        deal_count=pl.col("deal_count").filter(used).sum(),
        left_out_deal_count=pl.col("deal_count").filter(~used).sum(),
        reached_count=pl.col("reached_count").filter(used).sum(),
        exact_reached_count=pl.col("reached_count").filter(exact_used).sum(),
        exact_forward_count=pl.col("forward_count").filter(exact_used).sum(),
        lost_deals_used=pl.col("lost_deals_used").filter(used).sum(),
        look_days=pl.col("look_days").filter(used).max(),
        export_count=pl.col("export_count").filter(used).max(),
        export_gap_days=pl.col("export_gap_days").filter(used).max(),
        conversion_rate=(pl.col("conversion_rate") * weight).sum() / weight.sum(),
        share_spread=(pl.col("share_spread") * weight).pow(2).sum().sqrt() / weight.sum(),
        mean_days=(pl.col("mean_days") * weight).sum() / weight.sum(),
        days_spread=(pl.col("days_spread") * weight).pow(2).sum().sqrt() / weight.sum(),
        part_count=used.sum(),
        only_low=pl.col("conversion_low_95").filter(used).first(),
        only_high=pl.col("conversion_high_95").filter(used).first(),
        days_low=pl.col("mean_days_low_95").filter(used).first(),
        days_high=pl.col("mean_days_high_95").filter(used).first(),
        part_why=pl.col("why_not").sort_by("deal_count", descending=True).drop_nulls().first(),
    )
    return _with_bounds(rows)


def _with_bounds(rows: pl.DataFrame) -> pl.DataFrame:
    is_counted, is_single = pl.col("basis") == EXACT, pl.col("part_count") == 1
    hits, count = pl.col("exact_forward_count"), pl.col("exact_reached_count")
    share, days = pl.col("conversion_rate"), pl.col("mean_days")
    bounds = []
    for side, word, only, only_days in ((-1, "low", "only_low", "days_low"), (1, "high", "only_high", "days_high")):
        near = (share + side * Z * pl.col("share_spread")).clip(0, 1)
        bounds.append(
            pl.when(is_counted & (count > 0))
            .then(wilson(hits, count, side))
            .when(is_single)
            .then(pl.col(only))
            .otherwise(near)
            .alias(f"conversion_{word}_95")
        )
        near_days = (days + side * Z * pl.col("days_spread")).clip(lower_bound=0)
        bounds.append(pl.when(is_single).then(pl.col(only_days)).otherwise(near_days).alias(f"mean_days_{word}_95"))
    has_figure = pl.col("part_count") > 0
    kept = [pl.when(has_figure).then(pl.col(name)).alias(name) for name in FIGURES]
    rows = rows.with_columns(bounds).with_columns(kept)
    return rows.drop("share_spread", "days_spread", "only_low", "only_high", "days_low", "days_high")


def judge(rows: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """rows with why_not, is_comparable and is_weakest_stage.

    The weakest stage is looked for in exact history where every stage has enough of it, otherwise in the figures that
    are served, and it is one only if its whole interval lies below that of the next weakest.
    """
    is_own = pl.col("stages_covered") == pl.col("stage_code")
    is_counted = pl.col("basis").is_in([EXACT, CLOSED])
    too_few = is_counted & (pl.col("reached_count") < rules.min_deals)
    rows = rows.with_columns(
        why_not=pl.when(pl.col("conversion_rate").is_null())
        .then(pl.col("part_why").fill_null("no_ended_deals"))
        .when(~is_own)
        .then(pl.lit("one_word_for_two_stages"))
        .when(too_few)
        .then(pl.lit("too_few_deals")),
    ).with_columns(is_comparable=pl.col("why_not").is_null() & (pl.col("stage_order") > 0))
    group = ["level", "member", "period", "period_start"]
    exact_enough = (pl.col("exact_reached_count") >= rules.min_deals) | ~pl.col("is_comparable")
    by_history = exact_enough.all().over(group)
    hits, count = pl.col("exact_forward_count"), pl.col("exact_reached_count")
    low = pl.when(by_history).then(wilson(hits, count, -1)).otherwise(pl.col("conversion_low_95"))
    high = pl.when(by_history).then(wilson(hits, count, 1)).otherwise(pl.col("conversion_high_95"))
    rate = pl.when(by_history).then(hits / count).otherwise(pl.col("conversion_rate"))
    shown = rows.with_columns(
        judged_rate=pl.when("is_comparable").then(rate),
        judged_low=pl.when("is_comparable").then(low),
        judged_high=pl.when("is_comparable").then(high),
    )
    place = pl.col("judged_rate").rank("ordinal").over(group)
    next_low = pl.col("judged_low").filter(pl.col("judged_place") == 2).first().over(group)
    shown = shown.with_columns(judged_place=place)
    is_weakest = (pl.col("judged_place") == 1) & (pl.col("judged_high") < next_low)
    return shown.with_columns(is_weakest_stage=is_weakest.fill_null(False)).drop(
        "judged_rate", "judged_low", "judged_high", "judged_place", "part_why", "part_count"
    )


def compare_with_peers(rows: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """rows with peer_conversion_rate and is_below_peers, from exact history over all time.

    Peers are the other members of the level. Two shares are compared by the pooled z-test, one-sided, and Holm's
    correction over all members and stages of a level that are comparable keeps one in twenty levels from a false alarm.
    """
    hits, count = pl.col("exact_forward_count"), pl.col("exact_reached_count")
    peers = ["level", "period", "period_start", "stage_order", "stages_covered"]
    rows = rows.with_columns(peer_hits=hits.sum().over(peers) - hits, peer_count=count.sum().over(peers) - count)
    is_tested = (
        (pl.col("period") == "all_time")
        & pl.col("is_comparable")
        & (count >= rules.min_deals)
        & (pl.col("peer_count") >= rules.min_deals)
    )
    rate, peer_rate = hits / count, pl.col("peer_hits") / pl.col("peer_count")
    pooled = (hits + pl.col("peer_hits")) / (count + pl.col("peer_count"))
    error = (pooled * (1 - pooled) * (1 / count + 1 / pl.col("peer_count"))).sqrt()
    rows = rows.with_columns(
        peer_conversion_rate=pl.when(is_tested).then(peer_rate),
        peer_p_value=pl.when(is_tested & (error > 0))
        .then((rate - peer_rate) / error)
        .map_elements(NormalDist().cdf, return_dtype=pl.Float64),
    )
    rank = pl.col("peer_p_value").rank("ordinal").over("level")
    tests = pl.col("peer_p_value").count().over("level")
    return _holm(rows.with_columns(adjusted=pl.col("peer_p_value") * (tests - rank + 1)), rules)


def _holm(rows: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """A test counts only if every smaller peer_p_value of its level counts as well."""
    return (
        rows.sort("level", "peer_p_value", nulls_last=True)
        .with_columns(largest_so_far=pl.col("adjusted").cum_max().over("level"))
        .with_columns(
            is_below_peers=(pl.col("largest_so_far") < rules.peer_significance) & pl.col("peer_p_value").is_not_null()
        )
        .with_columns(is_below_peers=pl.col("is_below_peers").fill_null(False))
        .drop("largest_so_far", "adjusted", "peer_hits", "peer_count")
    )
