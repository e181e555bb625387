"""The first page: where the year goes, what changed, why the last forecast was missed, what wants attention."""

from collections.abc import Iterator, Sequence
from functools import partial
from html import escape

from pipelines.report import charts
from pipelines.report.blocks import Block, NativeChart
from pipelines.report.heats import heat
from pipelines.report.sections import forecast_queries as queries
from pipelines.report.sections.composition import composition
from pipelines.report.sections.recurring import recurring
from pipelines.report.served import Row, Served
from pipelines.report.tiles import forecast_tiles, target_tiles
from pipelines.report.words import Words

_TARGET_GAP = (
    *("metric", "level", "period", "period_start", "period_end", "as_of", "target_id", "target_amount"),
    *("closed_amount", "expected_amount", "forecast_rest_low_80", "forecast_rest_high_80", "expected_attainment"),
    *("gap", "outlook"),
)


def blocks(served: Served) -> Iterator[Block]:
    """Targets, forecasts, changes, the bridge, alerts, contracts, regions."""
    targets = _targets(served)
    yield targets
    if targets.missing(served) or not served.rows(targets.query):
        yield _next_periods()
    if not _has_chance(served):
        yield _chance()
    metrics = queries.headline_metrics(served)
    for metric in metrics:
        yield _history(served, metric)
    yield composition(served)
    yield _changes()
    for metric in metrics:
        yield _bridge(metric)
    yield _alerts()
    yield recurring()
    yield from (_regions(metric) for metric in metrics)


def _targets(served: Served) -> Block:
    """The running period of each metric and kind of period and the one after it, against the current target."""
    chance = "reach_probability" if _has_chance(served) else "null"
    query = f"""select
    metric, period, period_start, target_amount, closed_amount, expected_amount,
    closed_amount + forecast_rest_low_80 as expected_low_80, closed_amount + forecast_rest_high_80 as expected_high_80,
    expected_attainment, {chance} as reach_probability, gap, outlook
from outlook.target_gap
where level = 'total' and period_end > as_of
    and target_id in (select target_id from marts.targets where is_current)
qualify row_number() over (partition by metric, period order by period_start) <= 2
order by metric, period, period_start"""
    forms = {"metric": "term:metric", "period": "term:period", "period_start": "month", "target_amount": "money"}
    forms |= dict.fromkeys(("closed_amount", "expected_amount", "expected_low_80", "expected_high_80"), "money")
    forms |= {"expected_attainment": "share", "reach_probability": "share", "gap": "signed", "outlook": "term:outlook"}
    needs = {"outlook.target_gap": _TARGET_GAP, "marts.targets": ("target_id", "is_current")}
    return Block("targets", needs, query, forms, target_tiles)


def _has_chance(served: Served) -> bool:
    return served.has("outlook.target_gap", "reach_probability")


def _chance() -> Block:
    """What the tiles say where it is served, so that the page names it where it is not."""
    needs = {"outlook.target_gap": ("reach_probability",)}
    forms = {"reach_probability": "share"}
    return Block("reach_probability", needs, "select reach_probability from outlook.target_gap", forms)


def _next_periods() -> Block:
    query = """select series.metric, series.freq, latest.period_start, latest.yhat, latest.lo_80, latest.hi_80
from forecast.latest as latest
join forecast.series as series using (unique_id)
where series.level = 'total' and latest.horizon <= 2 and latest.scenario = 'base'
order by series.metric, series.freq, latest.period_start"""
    needs = {
        "forecast.latest": ("unique_id", "period_start", "horizon", "scenario", "yhat", "lo_80", "hi_80"),
        "forecast.series": ("unique_id", "metric", "level", "freq"),
    }
    forms = {"metric": "term:metric", "freq": "term:freq", "period_start": "month"}
    forms |= dict.fromkeys(("yhat", "lo_80", "hi_80"), "money")
    return Block("next_periods", needs, query, forms, forecast_tiles)


def _history(served: Served, metric: str) -> Block:
    query, needs = queries.history_and_forecast(served, metric, "total", "")
    forms = {"period_start": "month"} | dict.fromkeys(queries.FIGURES, "money")
    drawn = NativeChart("line", "period_start", queries.FIGURES)
    return Block("history", needs, query, forms, charts.over_time, subject=partial(_metric, metric), chart=drawn)


def _changes() -> Block:
    """Forecasts of the same period by this run and by the served run before it."""
    query = """with issued as (
    select unique_id, period_start, yhat, as_of, dense_rank() over (order by as_of desc) as nth
    from forecast.values
    where is_served and scenario = 'base' and run_kind in ('live', 'revision')
)

select
    series.metric, now.period_start, before.as_of as previous_as_of, before.yhat as previous_yhat, now.yhat,
    now.yhat - before.yhat as change
from issued as now
join issued as before using (unique_id, period_start)
join forecast.series as series using (unique_id)
where now.nth = 1 and before.nth = 2 and series.level = 'total'
order by series.metric, series.freq, now.period_start"""
    needs = {
        "forecast.values": ("unique_id", "period_start", "scenario", "yhat", "as_of", "is_served", "run_kind"),
        "forecast.series": ("unique_id", "metric", "level", "freq"),
    }
    forms = {"metric": "term:metric", "period_start": "month", "previous_as_of": "day"}
    forms |= {"previous_yhat": "money", "yhat": "money", "change": "signed"}
    return Block("changes", needs, query, forms)


def _bridge(metric: str) -> Block:
    """The newest period whose actual is known, at the shortest lag; issued before replayed, then backtests."""
    query = f"""with last as (
    select *
    from outlook.variance_bridge
    where metric = '{metric}' and level = 'total' and freq = 'MS'
    qualify dense_rank() over (
        order by period_start desc, list_position(['ledger', 'replayed', 'backtest'], basis), lag
    ) = 1
),

bars as (
    select 'forecast' as reason, any_value(yhat) as amount, null as deal_count, 0 as bar_order from last
    union all
    select reason, effect, deal_count, 1 from last
    union all
    select 'actual', any_value(actual), null, 2 from last
)

select
    bars.reason, bars.amount, bars.deal_count, bars.bar_order <> 1 as is_total,
    keys.period_start, keys.basis, keys.lag
from bars
cross join (select distinct period_start, basis, lag from last) as keys
order by bars.bar_order, abs(bars.amount) desc"""
    columns = ("metric", "level", "freq", "period_start", "basis", "lag", "yhat", "actual", "reason", "effect")
    forms = {"reason": "term:reason", "amount": "money", "deal_count": "count", "period_start": "month"}
    forms |= {"basis": "term:basis", "lag": "count"}
    needs = {"outlook.variance_bridge": (*columns, "deal_count")}
    drawn = NativeChart("column", "reason", ("amount",))
    return Block("bridge", needs, query, forms, _bridge_chart, subject=partial(_metric, metric), chart=drawn)


def _bridge_chart(rows: Sequence[Row], words: Words) -> str:
    first = rows[0]
    of_which = {"month": words.month(first["period_start"]), "basis": words.term("basis", first["basis"])}
    spoken = escape(words.say("ui.bridge_of", **of_which, lag=first["lag"]))
    return f"<p>{spoken}</p>{charts.waterfall(charts.labelled(rows, words, 'reason', 'reason'), words)}"


def _alerts() -> Block:
    query = """select severity, kind, happened_on, message, value, threshold
from outlook.alerts
order by
    case severity when 'critical' then 0 when 'high' then 1 when 'warning' then 2 when 'medium' then 3 else 4 end,
    happened_on, kind, message"""
    forms = {"severity": "term:severity", "kind": "term:alert", "happened_on": "day", "message": "source"}
    forms |= {"value": "number", "threshold": "number"}
    needs = {"outlook.alerts": ("severity", "kind", "happened_on", "message", "value", "threshold")}
    return Block("alerts", needs, query, forms, shown=60, is_news_when_empty=True)


def _regions(metric: str) -> Block:
    query = f"""select member, ds as period_start, y as amount
from marts.series_history
where metric = '{metric}' and level = 'region' and freq = 'MS'
    and ds > (select max(ds) from marts.series_history where freq = 'MS') - interval 12 month
qualify bool_or(member <> 'unmapped') over ()
order by member, ds"""  # a company that has no regions is not told that all of it is in none
    forms = {"member": "text", "period_start": "month", "amount": "money"}
    needs = {"marts.series_history": ("metric", "level", "member", "freq", "ds", "y")}
    return Block("regions", needs, query, forms, heat, subject=partial(_metric, metric), shown=150)


def _metric(metric: str, words: Words) -> str:
    return words.term("metric", metric)
