"""Tiers of customers: who has which, who moves, and whether they are contacted as their tier asks."""

from datetime import date, timedelta

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth

A_ABOVE, B_FROM, B_CONTACTS, DAYS = 500_000, 100_000, 6, 90
TELLING, SILENT = ["salesforce", "fxiaoke"], ["salesforce_apac", "hubspot", "zoho", "tracker"]


def contacts(world: Truth) -> pl.DataFrame:
    """Exported activities with the true customer of their deal: customer, occurred_on, is_deep."""
    deals = world["deal_facts"].select("true_deal_id", "customer")
    return world["activities"].join(deals, on="true_deal_id").select("customer", "occurred_on", "is_deep")


def true_tiers(world: Truth, day: date) -> pl.DataFrame:
    """customer, tier and year (revenue in CNY of the twelve months to the month end) of customers with an invoice or a
    contact; strategic partners that a system names as such are A."""
    first = date(day.year - (day.month < 12), day.month % 12 + 1, 1)
    lines = world["sales_lines"].filter(pl.col("invoiced_on").is_between(first, day))
    year = lines.group_by("customer").agg(year=pl.col("amount_base_e4").sum() / 10_000)
    recent = contacts(world).filter(pl.col("occurred_on").is_between(day - timedelta(days=DAYS - 1), day))
    often = recent.group_by("customer").agg(often=pl.len())
    said = world["accounts"].filter(pl.col("source_system").is_in(TELLING))["true_customer_id"].unique()
    is_strategic = pl.col("is_strategic") & pl.col("customer").is_in(said.implode())
    people = world["customers"].select("customer", is_strategic=is_strategic).join(year, on="customer", how="left")
    people = people.join(often, on="customer", how="left").with_columns(pl.col("year", "often").fill_null(0))
    tier = (
        pl.when((pl.col("year") > A_ABOVE) | pl.col("is_strategic")).then(pl.lit("A"))
        .when((pl.col("year") >= B_FROM) | (pl.col("often") >= B_CONTACTS)).then(pl.lit("B")).otherwise(pl.lit("C"))
    )  # fmt: skip
    return people.with_columns(tier=tier)


def _month_end(world: Truth, months: int = 0) -> date:
    day = world.as_of + timedelta(days=1)
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1) - timedelta(days=1)


def _tier_counts(world: Truth) -> Rows:
    tiers = true_tiers(world, _month_end(world)).filter((pl.col("tier") != "C") & (pl.col("year") > 0))
    return tiers.group_by("tier").len().sort("tier").rows()


def _moves(world: Truth) -> Rows:
    now, before = (true_tiers(world, _month_end(world, months)).select("customer", "tier") for months in (0, 12))
    both = before.join(now, on="customer", suffix="_now").filter(pl.col("tier") == "A")
    return both.group_by("tier_now").len().sort("tier_now").rows()


def _revenue_of_tiers(world: Truth) -> Rows:
    """Revenue of the last month by the tier of the month end before."""
    tiers = true_tiers(world, _month_end(world, 1)).select("customer", "tier")
    month = world["sales_lines"].filter(pl.col("invoiced_on") > _month_end(world, 1)).join(tiers, on="customer")
    sums = month.group_by("tier").agg(pl.col("amount_base_e4").sum()).sort("tier")
    return [(tier, amount / 10_000) for tier, amount in sums.iter_rows()]


def _told(world: Truth) -> pl.Series:
    """Customers whose deals and contacts stand in systems that export activities, and in no other."""
    records = world["accounts"].group_by("true_customer_id").agg(systems=pl.col("source_system"))
    systems = pl.col("systems")
    is_told = systems.list.set_intersection(TELLING).list.len() > 0
    is_silent = systems.list.set_intersection(SILENT).list.len() > 0
    return records.filter(is_told & ~is_silent)["true_customer_id"]


def _b_months(world: Truth) -> pl.DataFrame:
    """customer and number of contacts of those in tier B at the month end before the last month, wholly told."""
    tiers = true_tiers(world, _month_end(world, 1)).filter(pl.col("tier") == "B")
    told = tiers.filter(pl.col("customer").is_in(_told(world).implode()))
    month = contacts(world).filter(pl.col("occurred_on") > _month_end(world, 1))
    return told.join(month.group_by("customer").agg(had=pl.len()), on="customer", how="left")


def _b_met_rate(world: Truth) -> float:
    months = _b_months(world)
    return len(months.filter(pl.col("had") >= 2)) / len(months)


def _a_deep_weeks(world: Truth) -> int:
    day = _month_end(world, 1)
    top = true_tiers(world, day).filter(pl.col("tier") == "A")["customer"]
    first = day + timedelta(days=(7 - day.weekday()) % 7)
    deep = contacts(world).filter(
        pl.col("is_deep") & pl.col("customer").is_in(top.implode())
        & pl.col("occurred_on").is_between(first, first + timedelta(days=20))
    )  # fmt: skip
    return deep.select("customer", pl.col("occurred_on").dt.truncate("1w")).n_unique()


def _sold_more(world: Truth) -> Truth:
    lines = world["sales_lines"]
    return world.with_table("sales_lines", lines.with_columns(amount_base_e4=pl.col("amount_base_e4") * 2))


def _nobody_visited(world: Truth) -> Truth:
    rows = world["activities"].filter(pl.col("occurred_on") < _month_end(world, 1) - timedelta(days=1))
    return world.with_table("activities", rows)


QUESTIONS = (
    Question(
        "C82", "How many customers that bought within a year have tier A and B now?", "count",
        """
        select tier, count(*) from marts.customer_tier_history
        where month_end = (select max(month_end) from marts.customer_tier_history)
            and tier <> 'C' and amount_12m > 0
        group by tier order by tier
        """,
        _tier_counts, _sold_more,
    ),
    Question(
        "C84", "Which tier have the customers now that had tier A a year ago?", "count",
        """
        select tier, count(*) from marts.customer_tier_history
        where month_end = (select max(month_end) from marts.customer_tier_history) and tier_year_before = 'A'
        group by tier order by tier
        """,
        _moves, _sold_more,
    ),
    Question(
        "C84", "How much was invoiced last month to the customers of each tier?", "amount",
        """
        select member, revenue_base from marts.customer_segments
        where level = 'tier' and period_start = (select max(period_start) from marts.customer_segments)
        order by member
        """,
        _revenue_of_tiers, _sold_more,
    ),
    Question(
        "C83", "Which share of the B customers whose contacts are all exported was contacted twice last month?",
        "rate",
        """
        select count(*) filter (where verdict_code = 'met') / count(*) from marts.contact_compliance
        where tier = 'B' and period_start = (
            select max(period_start) from marts.contact_compliance where contact_period = 'month')
            and customer_id not in (
                select customer_id from marts.customer_crosswalk
                where source_system in ('salesforce_apac', 'hubspot', 'zoho', 'tracker'))
            and customer_id in (
                select customer_id from marts.customer_crosswalk where source_system in ('salesforce', 'fxiaoke'))
        """,
        _b_met_rate, _nobody_visited,
    ),
    Question(
        "C83", "How many weekly deep contacts did A customers get in the first three whole weeks of the month?",
        "count",
        """
        with month as (select max(period_start) as first from marts.contact_compliance where contact_period = 'month')
        select count(*) from marts.contact_compliance, month
        where tier = 'A' and verdict_code = 'met' and period_start >= first and period_start < first + 21
        """,
        _a_deep_weeks, _nobody_visited,
    ),
)  # fmt: skip
