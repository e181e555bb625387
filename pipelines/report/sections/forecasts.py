"""Forecasts: every series ahead, which models were weighed, and how right they were at which distance."""

from collections.abc import Iterator, Sequence
from functools import partial
from html import escape
from itertools import groupby

from pipelines.report import charts
from pipelines.report.blocks import Block
from pipelines.report.sections import forecast_queries as queries
from pipelines.report.sections import what_if
from pipelines.report.served import Row, Served
from pipelines.report.words import Words

MOST_SERIES = 20  # a page stays below 300 kB; the query shows all of them


def blocks(served: Served) -> Iterator[Block]:
    """Series, what if, models of the totals and of deals, accuracy by lag, value of each step, factors."""
    yield _all_series()
    yield what_if.effects()
    yield what_if.responses()
    for metric in queries.monthly_metrics(served):
        yield _models(metric)
    yield _deal_models()
    yield _accuracy()
    yield _steps()
    yield _factors()


def _all_series() -> Block:
    query = f"""with chosen as (
    select unique_id, metric, level, member, served_model, fallback_reason,
        row_number() over (order by freq = 'MS' desc, level = 'total' desc, level, n_periods desc, unique_id) as nth
    from forecast.series
    qualify nth <= {MOST_SERIES}
),

history as (
    select unique_id, ds as period_start, y as actual
    from marts.series_history
    qualify row_number() over (partition by unique_id order by ds desc) <= 12
),

expected as (
    select * from forecast.latest where scenario = 'base'
)

select chosen.metric, chosen.level, chosen.member, chosen.served_model, period_start, history.actual, latest.yhat,
    latest.lo_80, latest.hi_80, latest.lo_95, latest.hi_95
from history
full join expected as latest using (unique_id, period_start)
join chosen using (unique_id)
order by chosen.nth, period_start"""
    forms = {"metric": "term:metric", "level": "term:level", "member": "text", "period_start": "month"}
    forms |= dict.fromkeys(("actual", "yhat", "lo_80", "hi_80", "lo_95", "hi_95"), "money")
    columns = ("unique_id", "metric", "level", "member", "freq", "n_periods", "served_model", "fallback_reason")
    needs = {
        "forecast.series": columns,
        "forecast.latest": ("unique_id", "period_start", "scenario", "yhat", "lo_80", "hi_80", "lo_95", "hi_95"),
        "marts.series_history": ("unique_id", "ds", "y"),
    }
    return Block("all_series", needs, query, forms, _small_charts, shown=30 * MOST_SERIES)


def _small_charts(rows: Sequence[Row], words: Words) -> str:
    groups = groupby(rows, key=lambda row: (row["metric"], row["level"], row["member"], row["served_model"]))
    return f'<div class="small">{"".join(_small(list(group), words) for _, group in groups)}</div>'


def _small(rows: Sequence[Row], words: Words) -> str:
    first = rows[0]
    name = first["member"] or words.term("level", first["level"])
    title = words.say("ui.of", subject=words.term("metric", first["metric"]), name=name)
    served = words.say("ui.served_model", model=words.term("model", first["served_model"]))
    chart = charts.over_time(rows, words, width=330, height=150, label=title, has_key=False)
    return f'<div><h3>{escape(title)}</h3><p class="note">{escape(served)}</p>{chart}</div>'


def _models(metric: str) -> Block:
    """The candidates of the total, on past cutoffs."""
    query = f"""select scores.model, nullif(scores.model, 'served') = series.served_model as is_served,
    scores.n_origins, scores.n_values,
    scores.wape_by_cutoff, scores.bias, scores.mase, scores.coverage_80, scores.coverage_95
from forecast.accuracy as scores
join forecast.series as series using (unique_id)
where series.metric = '{metric}' and series.level = 'total' and series.freq = 'MS'
order by scores.wape_by_cutoff"""
    forms = {
        "model": "term:model",
        "is_served": "yes",
        "n_origins": "count",
        "n_values": "count",
        "wape_by_cutoff": "share",
    }
    forms |= {"bias": "share", "mase": "number", "coverage_80": "share", "coverage_95": "share"}
    scores = ("unique_id", *(name for name in forms if name != "is_served"))
    needs = {
        "forecast.accuracy": scores,
        "forecast.series": ("unique_id", "metric", "level", "freq", "served_model"),
    }
    return Block("models", needs, query, forms, subject=partial(_metric, metric))


def _metric(metric: str, words: Words) -> str:
    return words.term("metric", metric)


def _deal_models() -> Block:
    """Which model scores deals and leads, how good it was out of time, and who has approved it."""
    query = """select model, is_served, n_closed_deals, n_tested_rows, auc, brier, calibration_slope, choice_reason,
    is_approved, approved_by, approved_on
from forecast.model_registry
order by is_served desc, model"""
    forms = {"model": "term:model", "is_served": "yes", "n_closed_deals": "count", "n_tested_rows": "count"}
    forms |= dict.fromkeys(("auc", "brier", "calibration_slope"), "number")
    forms |= {"choice_reason": "source", "is_approved": "yes", "approved_by": "text", "approved_on": "day"}
    return Block("deal_models", {"forecast.model_registry": tuple(forms)}, query, forms)


def _accuracy() -> Block:
    query = """select basis, metric, level, member, freq, lag, forecast_count, wape, wape_naive,
    forecast_value_added, bias, mase, coverage_80, coverage_95
from outlook.forecast_accuracy
order by list_position(['ledger', 'replayed', 'backtest'], basis), level = 'total' desc, metric, level, member, freq,
    lag"""
    forms = {"basis": "term:basis", "metric": "term:metric", "level": "term:level", "member": "text"}
    forms |= {"freq": "term:freq", "lag": "count", "forecast_count": "count", "wape": "share", "wape_naive": "share"}
    forms |= {"forecast_value_added": "points", "bias": "share", "mase": "number"}
    forms |= {"coverage_80": "share", "coverage_95": "share"}
    return Block("accuracy", {"outlook.forecast_accuracy": tuple(forms)}, query, forms, shown=120)


def _steps() -> Block:
    query = """select basis, metric, lag, step_code, author, reference_code, forecast_count, wape, wape_reference,
    value_added, value_added_low_95, value_added_high_95
from outlook.forecast_value_added
where level = 'total' and is_step_before and lag <= 3
order by list_position(['ledger', 'replayed', 'backtest'], basis), metric, lag, step_order, author"""
    forms = {"basis": "term:basis", "metric": "term:metric", "lag": "count", "step_code": "term:step", "author": "text"}
    forms |= {"reference_code": "term:step", "forecast_count": "count"}
    forms |= {"wape": "share", "wape_reference": "share"}
    forms |= dict.fromkeys(("value_added", "value_added_low_95", "value_added_high_95"), "points")
    needs = {"outlook.forecast_value_added": (*forms, "level", "is_step_before", "step_order")}
    return Block("steps", needs, query, forms, shown=60)


def _factors() -> Block:
    query = """select metric, freq, factor, share, n_series
from forecast.importance
order by metric, freq, share desc"""
    forms = {
        "metric": "term:metric",
        "freq": "term:freq",
        "factor": "term:factor",
        "share": "share",
        "n_series": "count",
    }
    return Block("factors", {"forecast.importance": tuple(forms)}, query, forms)
