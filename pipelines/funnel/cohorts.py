"""Which deals a row counts: those that ended in a period, or for all time those old enough for most to have ended."""

from datetime import date, timedelta

import polars as pl

from pipelines.funnel.rules import Rules

SETTLED, ENDED = "created_and_settled", "ended_in_period"


def settling_days(deals: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """source_system and the days after creation by which `settled_share` of its ended deals had ended."""
    lived = (pl.col("closed_on") - pl.col("created_on")).dt.total_days()
    return (
        deals.filter(pl.col("outcome") != "open", lived >= 0)
        .group_by("source_system")
        .agg(settling_days=lived.quantile(rules.settled_share, "linear").ceil().cast(pl.Int64))
    )


def members_of(deals: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """level, member, opportunity_id, with every source system as a member of level source_system."""
    systems = deals.select(
        pl.lit("source_system").alias("level"), member="source_system", opportunity_id="opportunity_id"
    )
    return pl.concat([members.select("level", "member", "opportunity_id"), systems])


def counted_deals(deals: pl.DataFrame, periods: pl.DataFrame, settling: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """One row per ended deal and period: period, period_start, cohort, source_system, opportunity_id.

    all_time holds the settled deals: among those that ended lately the quick ones, mostly losses, are too many.
    """
    ended = deals.filter(pl.col("outcome") != "open")
    columns = ["period", "period_start", "cohort", "source_system", "opportunity_id"]
    dated = (
        ended.join(periods.filter(pl.col("period") != "all_time"), how="cross")
        .filter(pl.col("closed_on").is_between(pl.col("period_start"), pl.col("period_end")))
        .with_columns(cohort=pl.lit(ENDED))
        .select(columns)
    )
    settled = (
        ended.join(settling, on="source_system")
        .filter((as_of - pl.col("created_on")).dt.total_days() >= pl.col("settling_days"))
        .join(periods.filter(pl.col("period") == "all_time"), how="cross")
        .with_columns(cohort=pl.lit(SETTLED))
        .select(columns)
    )
    return pl.concat([settled, dated])


def windows_of(exports: list[date], periods: pl.DataFrame, settling: int, rules: Rules, as_of: date) -> pl.DataFrame:
    """period, period_start, cohort, window_start (excluded), window_end, has_exports: what each period's exports cover.

    All time counts deals that were created after the first export and are settled, once the exports span
    `settled_spans` settling times; before that too few are, and it counts those that ended between two exports.
    exports: sorted. A period with fewer than two exports keeps its own bounds, and has_exports is false.
    """
    rows = []
    for period, start, end in periods.select("period", "period_start", "period_end").rows():
        inside = [day for day in exports if start - timedelta(1) <= day <= end or period == "all_time"]
        is_settled = period == "all_time" and len(inside) > 1
        is_settled = is_settled and (as_of - inside[0]).days >= rules.settled_spans * settling
        first, last = (inside[0], inside[-1]) if len(inside) > 1 else (start - timedelta(1), end)
        cohort, until = (SETTLED, as_of - timedelta(settling)) if is_settled else (ENDED, last)
        rows.append((period, start, cohort, first, until, len(inside) > 1))
    schema = dict.fromkeys(["period", "period_start", "cohort", "window_start", "window_end", "has_exports"], None)
    return pl.DataFrame(rows, schema=list(schema), orient="row")
