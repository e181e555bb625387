"""The open pipeline: what moved, where deals pass and stay, which ones are at risk and why."""

from collections.abc import Iterator, Sequence

from pipelines.report import charts
from pipelines.report.blocks import Block, NativeChart
from pipelines.report.sections import leads
from pipelines.report.served import Row, Served
from pipelines.report.words import Words


def blocks(served: Served) -> Iterator[Block]:
    """Movements, categories, closing months, the funnel, ageing, deals at risk, leads, discounts."""
    del served  # every query is the same for all companies
    yield _movements()
    yield _categories()
    yield _closing_months()
    yield _funnel()
    yield _ageing()
    yield _stage_probabilities()
    yield _at_risk()
    yield _risk_rules()
    yield from leads.blocks()


def _movements() -> Block:
    query = """select movement, deal_count, amount_base, period_start, movement_order <> 1 as is_total
from marts.pipeline_changes
where period = 'month'
    and period_start = (select max(period_start) from marts.pipeline_changes where period = 'month')
order by movement_order, amount_base desc"""
    forms = {"movement": "term:movement", "deal_count": "count", "amount_base": "money", "period_start": "month"}
    needs = {
        "marts.pipeline_changes": ("period", "period_start", "movement", "movement_order", "deal_count", "amount_base")
    }
    drawn = NativeChart("column", "movement", ("amount_base",))
    return Block("movements", needs, query, forms, _movements_chart, chart=drawn)


def _movements_chart(rows: Sequence[Row], words: Words) -> str:
    return charts.waterfall(charts.measured(charts.labelled(rows, words, "movement", "movement"), "amount_base"), words)


def _categories() -> Block:
    query = """select category_code, deal_count, by_stage_count, without_amount_count, amount_base,
    cumulative_amount_base
from marts.pipeline_categories
where level = 'total' and period = 'any'
order by category_order"""
    forms = {"category_code": "term:category", "deal_count": "count", "by_stage_count": "count"}
    forms |= {"without_amount_count": "count", "amount_base": "money", "cumulative_amount_base": "money"}
    needs = {"marts.pipeline_categories": (*forms, "level", "period", "category_order")}
    return Block("categories", needs, query, forms)


def _closing_months() -> Block:
    query = """select date_trunc('month', expected_close_on)::date as period_start, count(*) as deal_count,
    count(*) filter (where amount_base is null) as without_amount_count, sum(amount_base) as amount_base
from outlook.open_deals
group by 1
order by 1 nulls last"""
    forms = {"period_start": "month", "deal_count": "count", "without_amount_count": "count", "amount_base": "money"}
    needs = {"outlook.open_deals": ("expected_close_on", "amount_base")}
    drawn = NativeChart("column", "period_start", ("amount_base",))
    return Block("closing_months", needs, query, forms, _months_chart, chart=drawn)


def _months_chart(rows: Sequence[Row], words: Words) -> str:
    months = [(row, row["period_start"]) for row in rows[:24]]
    named = [{**row, "label": words.month(month) if month else words.say("ui.no_date")} for row, month in months]
    return charts.bars(charts.measured(named, "amount_base"), words)


def _funnel() -> Block:
    """Stages with a word of their own; one word for two stages is no stage that others can be compared with."""
    query = """select stage_code, reached_count, conversion_rate, conversion_low_95, conversion_high_95,
    mean_days as mean_days_in_stage
from marts.funnel
where level = 'total' and period = 'all_time' and stages_covered = stage_code and stage_code <> 'created'
order by stage_order"""
    forms = {"stage_code": "term:stage", "reached_count": "count", "mean_days_in_stage": "count"}
    forms |= dict.fromkeys(("conversion_rate", "conversion_low_95", "conversion_high_95"), "share")
    columns = ("level", "period", "stage_code", "stages_covered", "stage_order", "reached_count", "mean_days")
    needs = {"marts.funnel": (*columns, "conversion_rate", "conversion_low_95", "conversion_high_95")}
    drawn = NativeChart("bar", "stage_code", ("conversion_rate",))
    return Block("funnel", needs, query, forms, _funnel_chart, chart=drawn)


def _funnel_chart(rows: Sequence[Row], words: Words) -> str:
    named = charts.labelled(rows, words, "stage_code", "stage")
    return charts.bars(charts.measured(named, "conversion_rate"), words, "share")


def _ageing() -> Block:
    query = """select stage_code, count(*) as deal_count, sum(amount_base) as amount_base,
    median(days_in_stage_at_least) as median_days_in_stage, max(usual_stage_days) as usual_stage_days,
    count(*) filter (where days_in_stage_at_least > usual_stage_days) as over_usual_count,
    count(*) filter (where overdue_days > 0) as overdue_count
from outlook.open_deals
left join marts.stages using (stage_code)
group by stage_code, stage_order
order by stage_order"""
    forms = {"stage_code": "term:stage", "deal_count": "count", "amount_base": "money"}
    forms |= {"median_days_in_stage": "count", "usual_stage_days": "count", "over_usual_count": "count"}
    needs = {
        "outlook.open_deals": (
            *("stage_code", "amount_base", "days_in_stage_at_least", "usual_stage_days", "overdue_days"),
        ),
        "marts.stages": ("stage_code", "stage_order"),
    }
    return Block("ageing", needs, query, forms | {"overdue_count": "count"})


def _at_risk() -> Block:
    query = """select risk.opportunity_name, open.owner_name, risk.stage_code, risk.expected_close_on, risk.amount_base,
    count(*) as rule_count, string_agg(risk.rule, ', ' order by risk.severity, risk.rule) as rules,
    string_agg(risk.evidence, '; ' order by risk.severity, risk.rule) as evidence
from outlook.deal_risk as risk
left join outlook.open_deals as open using (opportunity_id)
group by risk.opportunity_id, 1, 2, 3, 4, 5
order by count(*) filter (where risk.severity = 'high') desc, risk.amount_base desc nulls last, risk.opportunity_id"""
    forms = {"opportunity_name": "text", "owner_name": "text", "stage_code": "term:stage"}
    forms |= {"expected_close_on": "day", "amount_base": "money", "rules": "terms:risk", "evidence": "evidence"}
    columns = ("opportunity_id", "opportunity_name", "rule", "severity", "evidence", "stage_code", "amount_base")
    needs = {
        "outlook.deal_risk": (*columns, "expected_close_on"),
        "outlook.open_deals": ("opportunity_id", "owner_name"),
    }
    return Block("at_risk", needs, query, forms, shown=30)


def _stage_probabilities() -> Block:
    query = """select stage_code, probability, probability_basis, own_deal_count, own_win_share, own_share_low_95,
    own_share_high_95, default_probability
from marts.stage_probabilities
where stage_type = 'open'
order by stage_order"""
    forms = {"stage_code": "term:stage", "probability": "share", "probability_basis": "term:probability_basis"}
    forms |= {"own_deal_count": "count"}
    forms |= dict.fromkeys(("own_win_share", "own_share_low_95", "own_share_high_95", "default_probability"), "share")
    needs = {"marts.stage_probabilities": (*forms, "stage_type", "stage_order")}
    return Block("stage_probabilities", needs, query, forms)


def _risk_rules() -> Block:
    query = """select rule, flagged_count, loss_rate, loss_low_95, loss_high_95, peer_count, peer_loss_rate,
    verdict_code
from outlook.deal_risk_precision
order by flagged_count desc, rule"""
    forms = {"rule": "term:risk", "flagged_count": "count"}
    forms |= dict.fromkeys(("loss_rate", "loss_low_95", "loss_high_95"), "share")
    forms |= {"peer_count": "count", "peer_loss_rate": "share", "verdict_code": "term:verdict"}
    return Block("risk_rules", {"outlook.deal_risk_precision": tuple(forms)}, query, forms)
