"""Hand-offs to finance, and the weekly pack of sales and operations."""

from datetime import timedelta

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth
from pipelines.bench.questions.supply import MONTH_DAYS

HISTORY_DAYS = 730
CENTS = 100


def _invoices(world: Truth) -> pl.DataFrame:
    """Invoices that ask for money, with the days to the payment and from the due day to it."""
    rows = world["payments"].filter(pl.col("gross_cents") > 0)
    days = (pl.col("received_on") - pl.col("invoiced_on")).dt.total_days()
    return rows.with_columns(days=days, late=days - pl.col("terms"))


def _behaviour(world: Truth) -> Rows:
    recent = _invoices(world).filter(pl.col("invoiced_on") > world.as_of - timedelta(days=HISTORY_DAYS))
    paid = recent.drop_nulls("received_on").group_by("terms")
    figures = paid.agg(n=pl.len(), days=pl.col("days").mean(), late=(pl.col("late") > 0).mean())
    return figures.sort("terms").rows()


def _mean_late(world: Truth) -> Rows:
    recent = _invoices(world).filter(pl.col("invoiced_on") > world.as_of - timedelta(days=HISTORY_DAYS))
    paid = recent.drop_nulls("received_on").group_by("terms")
    return paid.agg(late=pl.col("late").mean()).sort("terms").rows()


def _open(world: Truth) -> Rows:
    rows = _invoices(world).filter(pl.col("received_on").is_null()).group_by("currency")
    return rows.agg(n=pl.len(), amount=pl.col("gross_cents").sum() / CENTS).sort("currency").rows()


def _overdue(world: Truth) -> Rows:
    due = pl.col("invoiced_on") + pl.duration(days=pl.col("terms"))
    rows = _invoices(world).filter(pl.col("received_on").is_null()).group_by("terms")
    return rows.agg(n=pl.len(), overdue=(due < world.as_of).sum()).sort("terms").rows()


def _paid_later(world: Truth) -> Truth:
    later = world["payments"].with_columns(
        pl.col("received_on").dt.offset_by("10d"), pl.col("gross_cents") * 2, terms=pl.col("terms") - 5
    )
    return world.with_table("payments", later)


def _short_parts(world: Truth) -> Rows:
    """Parts that run out, at the use of last year, before the first delivery that is promised; that is due on a day."""
    coming = world["purchase_orders"].filter(pl.col("received").is_null())
    due = coming.group_by("part_id").agg(due=pl.col("due").min())
    parts = world["part_supply"].filter(pl.col("demand") > 0).join(due, on="part_id")
    lasts = pl.col("in_stock") / pl.col("demand") * MONTH_DAYS
    short = parts.filter(lasts < (pl.col("due") - world.as_of).dt.total_days())
    return short.select(pl.col("part_id").str.to_lowercase(), "in_stock").sort("part_id").rows()


def _pack_capacity(world: Truth) -> Rows:
    months = world["capacity"].filter(pl.col("month") > world.as_of)
    months = months.filter(pl.col("month") <= pl.lit(world.as_of).dt.offset_by("3mo"))
    return months.group_by("product_line").agg(pl.col("pieces").sum()).sort("product_line").rows()


def _stocked(world: Truth) -> Truth:
    supply = world["part_supply"].with_columns(pl.col("in_stock") + 9000)
    capacity = world["capacity"].with_columns(pl.col("pieces") + 1)
    return world.with_table("part_supply", supply).with_table("capacity", capacity)


QUESTIONS = (
    Question(
        "C89", "By payment term: in how many days do customers pay, and which share of them late?", "duration",
        """
        select terms_days, paid_count, mean_paid_days, late_share from marts.payment_behaviour
        where terms_days is not null order by 1
        """,
        _behaviour, _paid_later,
    ),
    Question(
        "C89", "How many days after the due day do they pay, by term?", "duration",
        "select terms_days, mean_late_days from marts.payment_behaviour where terms_days is not null order by 1",
        _mean_late, _paid_later,
    ),
    Question(
        "C89", "How many invoices are open, for how much in each currency?", "amount",
        """
        select currency, count(*), sum(open_amount) from marts.invoices
        where settlement_code = 'open' group by 1 order by 1
        """,
        _open, _paid_later,
    ),
    Question(
        "C89", "How many of them are overdue, by payment term?", "count",
        """
        select terms_days, open_count, overdue_count from marts.payment_behaviour
        where terms_days is not null order by 1
        """,
        _overdue, _paid_later,
    ),
    Question(
        "C90", "Which parts does the newest pack call short, and what is in stock?", "list",
        """
        select subject, capacity_quantity from outlook.sop_pack
        where is_newest and section = 'material' and status_code = 'short' order by 1
        """,
        _short_parts, _stocked,
    ),
    Question(
        "C90", "How many pieces can be made in the months of the newest pack, by product line?", "amount",
        """
        select subject, sum(capacity_quantity) from outlook.sop_pack
        where is_newest and section = 'demand' and capacity_quantity is not null group by 1 order by 1
        """,
        _pack_capacity, _stocked,
    ),
)  # fmt: skip
