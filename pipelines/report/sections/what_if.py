"""What if: the named scenarios beside the forecast that is served, and what is done where one comes true."""

from pipelines.report.blocks import Block

MONTHS = 6  # ahead that a scenario is summed over: what can still be acted on


def effects() -> Block:
    """Totals of the next months, as served and under each scenario; one row per scenario and metric."""
    query = f"""with months as (
    select unique_id, scenario, sum(yhat) as amount
    from forecast.latest
    where horizon <= {MONTHS}
    group by unique_id, scenario
)

select changed.scenario, series.metric, base.amount as base_amount, changed.amount as scenario_amount,
    changed.amount - base.amount as change, (changed.amount - base.amount) / nullif(base.amount, 0) as change_share
from months as changed
join months as base on changed.unique_id = base.unique_id and base.scenario = 'base'
join forecast.series as series on changed.unique_id = series.unique_id
where changed.scenario <> 'base' and series.level = 'total' and series.freq = 'MS'
order by changed.scenario, series.metric"""
    forms = {"scenario": "text", "metric": "term:metric", "base_amount": "figure", "scenario_amount": "figure"}
    forms |= {"change": "signed", "change_share": "share"}
    needs = {
        "forecast.latest": ("unique_id", "scenario", "horizon", "yhat"),
        "forecast.series": ("unique_id", "metric", "level", "freq"),
    }
    return Block("scenarios", needs, query, forms)


def responses() -> Block:
    """Why each scenario is looked at, what is done about it, by whom, and on which sign."""
    query = """select scenario, because as looked_at_because, action, owner_name, trigger_sign
from forecast.scenarios
order by scenario"""
    forms = dict.fromkeys(("scenario", "looked_at_because", "action", "owner_name", "trigger_sign"), "text")
    needs = {"forecast.scenarios": ("scenario", "because", "action", "owner_name", "trigger_sign")}
    return Block("responses", needs, query, forms)
