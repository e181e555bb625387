"""Queries that more than one page asks: which metrics are forecast, and one series from its history to its horizon."""

from pipelines.home.warehouse import literal
from pipelines.report.blocks import Needs
from pipelines.report.served import Served

MONTHS_BEFORE = 24
HEADLINES = ("bookings", "revenue")
FIGURES = ("actual", "yhat", "lo_80", "hi_80", "lo_95", "hi_95", "target")
_LATEST = ("unique_id", "period_start", "scenario", "yhat", "lo_80", "hi_80", "lo_95", "hi_95")
_TARGETS = ("metric", "level", "member", "period", "period_start", "amount_base", "is_current")


def monthly_metrics(served: Served) -> list[str]:
    """Metrics whose total is forecast by month, in alphabetical order."""
    if not served.has("forecast.series", "metric", "level", "freq"):
        return []
    query = "select distinct metric from forecast.series where level = 'total' and freq = 'MS' order by metric"
    return [row["metric"] for row in served.rows(query)]


def headline_metrics(served: Served) -> list[str]:
    """Of these bookings, revenue, and what has a target of its own: a first page does not draw all of them."""
    metrics = monthly_metrics(served)
    wanted = set(HEADLINES)
    if served.has("marts.targets", "metric", "level", "is_current"):
        query = "select distinct metric from marts.targets where level = 'total' and is_current"
        wanted |= {row["metric"] for row in served.rows(query)}
    return [metric for metric in metrics if metric in wanted] or metrics


def history_and_forecast(served: Served, metric: str, level: str, member: str) -> tuple[str, Needs]:
    """Months before and after the forecast's origin, with the current target where the company has targets."""
    needs: dict[str, tuple[str, ...]] = {"marts.series_history": ("unique_id", "ds", "y"), "forecast.latest": _LATEST}
    has_targets = served.has("marts.targets", *_TARGETS)
    if has_targets:
        needs["marts.targets"] = _TARGETS
    unique_id = literal(f"{metric}|{level}|{member}|MS")
    target = f""",

targets as (
    select period_start, sum(amount_base) as target
    from marts.targets
    where metric = {literal(metric)} and level = {literal(level)} and coalesce(member, '') = {literal(member)}
        and period = 'month' and is_current
    group by period_start
)"""
    query = f"""with history as (
    select ds as period_start, y as actual from marts.series_history
    where unique_id = {unique_id} order by ds desc limit {MONTHS_BEFORE}
),

ahead as (
    select period_start, yhat, lo_80, hi_80, lo_95, hi_95 from forecast.latest
    where unique_id = {unique_id} and scenario = 'base'
){target if has_targets else ""}

select period_start, actual, yhat, lo_80, hi_80, lo_95, hi_95, {"target" if has_targets else "null as target"}
from history
full join ahead using (period_start)
{"left join targets using (period_start)" if has_targets else ""}
order by period_start""".replace("\n\norder", "\norder")
    return query, needs
