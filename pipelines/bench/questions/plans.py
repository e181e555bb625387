"""What other departments send: budgets, milestones, events; and new markets and product lines by KPI."""

import polars as pl

from pipelines.bench.questions.kpis import QUARTER_MONTHS, newest_kpi, quarter_before, true_deals, within
from pipelines.bench.questions.question import Question, Rows, Truth

CENTS = 100


def _overspent(world: Truth) -> Rows:
    budgets = world["budgets"].filter(pl.col("spent") > pl.col("cents"))
    sums = budgets.group_by("line").agg(count=pl.len(), over=(pl.col("spent") - pl.col("cents")).sum() / CENTS)
    return sums.sort("line").rows()


def _spent_rate(world: Truth) -> Rows:
    whole = world["budgets"].filter(pl.col("quarter").dt.offset_by("3mo") <= world.as_of)
    rates = whole.group_by("line").agg(rate=pl.col("spent").sum() / pl.col("cents").sum(), n=pl.len())
    return rates.sort("line").rows()


def _cheaper(world: Truth) -> Truth:
    return world.with_table("budgets", world["budgets"].with_columns((pl.col("spent") * 0.9).cast(pl.Int64)))


def _late_milestones(world: Truth) -> Rows:
    reached = world["milestones"].drop_nulls("days_late").group_by("project")
    return reached.agg(days=pl.col("days_late").mean(), n=pl.len()).sort("project").rows()


def _later(world: Truth) -> Truth:
    late = world["milestones"].with_columns(pl.col("days_late") + 1)
    return world.with_table("milestones", late)


def _in_force(world: Truth) -> Rows:
    day = world.as_of
    known = world["events"].filter((pl.col("published") <= day) & (pl.col("started") <= day))
    running = known.filter(pl.col("ended").is_null() | (pl.col("ended") >= day))
    return running.select("kind", "event_name", "started").sort("kind", "event_name").rows()


def _notice(world: Truth) -> Rows:
    known = world["events"].filter(pl.col("published") <= world.as_of)
    days = (pl.col("started") - pl.col("published")).dt.total_days()
    return known.group_by("kind").agg(days=days.mean(), n=pl.len()).sort("kind").rows()


def _told_sooner(world: Truth) -> Truth:
    sooner = world["events"].with_columns(pl.col("published").dt.offset_by("-2d"), started=pl.col("published"))
    return world.with_table("events", sooner)


def _market_entry(world: Truth) -> Rows:
    """Per product line in the year of as_of: deals created, and the share of last year's leads that became one."""
    leads = world["leads"].filter(pl.col("created_on").dt.year() == world.as_of.year - 1)
    rates = leads.group_by("product_line").agg(rate=pl.col("converted_on").is_not_null().mean())
    return rates.sort("product_line").rows()


def _regions_entered(world: Truth) -> Rows:
    deals = true_deals(world).filter(pl.col("created_on").dt.year() == world.as_of.year - 1)
    return deals.group_by("region").len().sort("region").rows()


def _revenue_shares(world: Truth) -> Rows:
    quarter = world["revenue"].filter(within("month", quarter_before(world), QUARTER_MONTHS))
    sums = quarter.group_by("region").agg(pl.col("amount_base").cast(pl.Float64).sum())
    return sums.select("region", pl.col("amount_base") / pl.col("amount_base").sum()).sort("region").rows()


def _moved_sales(world: Truth) -> Truth:
    europe = pl.when(pl.col("region") == "Europe").then(pl.lit("Americas")).otherwise("region")
    return world.with_table("revenue", world["revenue"].with_columns(region=europe))


def _fewer_leads(world: Truth) -> Truth:
    leads = world["leads"].with_columns(converted_on=None)
    facts = world["deal_facts"].filter(pl.col("rep") != 3)
    return world.with_table("leads", leads).with_table("deal_facts", facts)


QUESTIONS = (
    Question(
        "C04", "Which budget lines were overspent how often, and by how much?", "amount",
        """
        select budget_line, count(*), -sum(left_base) from marts.budget_vs_actual
        where is_overspent group by 1 order by 1
        """,
        _overspent, _cheaper,
    ),
    Question(
        "C04", "What share of the budgets of past quarters was spent, by line?", "rate",
        """
        select budget_line, sum(spent_base)::double / sum(budget_base)::double, count(*)
        from marts.budget_vs_actual where is_current and elapsed_share = 1 group by 1 order by 1
        """,
        _spent_rate, _cheaper,
    ),
    Question(
        "C04", "How many days late did each product development project reach its milestones?", "duration",
        """
        select project, avg(late_days), count(*) from marts.milestones
        where status_code = 'reached' group by 1 order by 1
        """,
        _late_milestones, _later,
    ),
    Question(
        "C05", "Which events are in force?", "list",
        "select kind, event_name, started_on from marts.market_events where is_in_force order by 1, 2",
        _in_force, _told_sooner,
    ),
    Question(
        "C05", "How many days before their first day were events known, by kind?", "duration",
        "select kind, avg(notice_days), count(*) from marts.market_events group by 1 order by 1",
        _notice, _told_sooner,
    ),
    Question(
        "C57", "What share of last year's leads became a deal, by product line?", "rate",
        newest_kpi("lead_conversion_rate", "product_line", "year", "member, value"),
        _market_entry, _fewer_leads,
    ),
    Question(
        "C57", "How many deals did each regional market bring last year?", "count",
        newest_kpi("new_deals", "region", "year", "member, value"),
        _regions_entered, _fewer_leads,
        tolerance=0.015, because="deals that two systems keep and nothing tells so",
    ),
    Question(
        "C57", "Which share of last quarter's revenue has each regional market?", "rate",
        """
        select member, share_of_total from marts.strategy_kpis
        where strategy = 'new_market' and kpi = 'revenue' order by 1
        """,
        _revenue_shares, _moved_sales,
    ),
)  # fmt: skip
