"""Figures of deals, computed again from exported rows: what was won, lost, booked, and what is open.

Polars over `raw.opportunities`; no SQL of the product. Which records are one deal is what the served crosswalk says,
whose quality is a figure of its own (`almanac bench match`).
"""

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl

from pipelines.bench.truth_figures import Figure, Frames, Policy, current, in_base_currency, rates_of

MONTHS = 3  # the last ended months that are told one by one


def deal_figures(raw: Frames, served: Frames, as_of: date, policy: Policy) -> Iterator[Figure]:
    """Each figure by the name under which `served_deals` reads it."""
    deals = deals_of(raw, served, as_of, policy)
    won, ended = deals.filter(pl.col("stage") == "won"), deals.filter(pl.col("stage").is_in(["won", "lost"]))
    still = deals.filter(~pl.col("stage").is_in(["won", "lost"]))
    yield "deals: open", still.height
    yield "deals: won", won.height
    yield "deals: lost", ended.height - won.height
    yield "win_rate: share won of all that ended", won.height / ended.height if ended.height else 0.0
    yield "pipeline: amount of open deals", float(still["amount_base"].sum())
    yield "pipeline_changes: closing amount of the last month", float(still["amount_base"].sum())
    known = won.filter(pl.col("closed_on") >= pl.col("created_on"))
    days = (known["closed_on"] - known["created_on"]).dt.total_days()
    yield "sales_cycle: mean days of won deals", float(days.mean() or 0)  # type: ignore[arg-type]
    yield "sales_cycle: median days of won deals", float(days.median() or 0)  # type: ignore[arg-type]
    for first in ended_months(as_of):
        of_month = pl.col("closed_on").dt.truncate("1mo") == first
        month, month_won = ended.filter(of_month), won.filter(of_month)
        if month.height:
            yield f"exports: deals won in {first:%Y-%m}", month_won.height
            yield f"exports: win rate of {first:%Y-%m}", month_won.height / month.height
            yield f"exports: bookings of {first:%Y-%m}", float(month_won["amount_base"].sum())


def deals_of(raw: Frames, served: Frames, as_of: date, policy: Policy) -> pl.DataFrame:
    """One row per deal known on as_of, without deleted and void ones: stage, created_on, closed_on, amount_base.

    A closed deal without a closing day has its expected one, if it is over and the deal was not changed for the last
    time before it; else the day of its last change.
    """
    rows = current(raw["opportunities"], as_of).filter(
        ~pl.col("is_deleted").fill_null(False), pl.coalesce("status", "stage").fill_null("open") != "void"
    )
    counted = served["opportunity_crosswalk"].filter("is_counted").select("source_system", "source_id")
    rows = rows.join(counted, on=["source_system", "source_id"], how="semi")
    ended = pl.when(pl.col("status").is_in(["won", "lost"])).then("status").otherwise("stage")
    changed = pl.col("updated_at").dt.replace_time_zone("UTC").dt.convert_time_zone(policy["timezone"]).dt.date()
    ended_by = pl.min_horizontal(changed, pl.lit(as_of))
    overdue = pl.when(pl.col("expected_close_on") <= ended_by).then("expected_close_on")
    rows = rows.with_columns(stage=ended, closed_on=pl.coalesce("closed_on", overdue, changed)).with_columns(
        closed_on=pl.when(pl.col("stage").is_in(["won", "lost"])).then("closed_on")
    )
    rows = rows.with_columns(rated_on=pl.min_horizontal(pl.coalesce("closed_on", "created_on"), pl.lit(as_of)))
    base, carried = policy["base_currency"], policy["rate_carry_forward_days"]
    return rows.with_columns(
        amount_base=in_base_currency(rows, "rated_on", rates_of(raw, as_of), base, carried).round(4)
    )


def ended_months(as_of: date) -> list[date]:
    """The first days of the last months that have ended by as_of, the oldest first."""
    first, months = (as_of + timedelta(days=1)).replace(day=1), []
    for _ in range(MONTHS):
        first = (first - timedelta(days=1)).replace(day=1)
        months.append(first)
    return months[::-1]


def served_deals(served: Frames) -> dict[str, float]:
    """The same figures as the served tables have them."""
    deals = served["opportunities"]
    rates = served["win_rate"].filter(pl.col("level") == "total")
    cycle = served["sales_cycle"].filter(level="total", period="all_time", outcome="won")
    whole = rates.filter(period="all_time")
    figures: dict[str, float] = {
        "deals: open": deals.filter("is_open").height,
        "deals: won": deals.filter("is_won").height,
        "deals: lost": deals.filter("is_lost").height,
        "pipeline: amount of open deals": float(deals.filter("is_open")["amount_base"].sum() or 0),
    }
    if whole.height:
        figures["win_rate: share won of all that ended"] = whole["win_rate"][0]
    if cycle.height:
        figures["sales_cycle: mean days of won deals"] = cycle["mean_days"][0]
        figures["sales_cycle: median days of won deals"] = cycle["median_days"][0]
    closing = served["pipeline_changes"].filter(period="month", movement="closing").sort("period_start")
    if closing.height:
        figures["pipeline_changes: closing amount of the last month"] = float(closing["amount_base"][-1])
    for row in rates.filter(period="month").iter_rows(named=True):
        month = f"{row['period_start']:%Y-%m}"
        figures[f"exports: deals won in {month}"] = row["won_count"]
        figures[f"exports: bookings of {month}"] = float(row["won_amount_base"] or 0)
        if row["win_rate"] is not None:
            figures[f"exports: win rate of {month}"] = row["win_rate"]
    return figures
