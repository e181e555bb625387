"""What the bookings ahead are made of: open deals and deals to come, beside the target."""

from pipelines.report.blocks import Block, NativeChart
from pipelines.report.served import Served
from pipelines.report.stacks import composition as stacked

PARTS = ("booked", "existing", "new", "mean")
_TARGETS = ("metric", "level", "period", "period_start", "amount_base", "is_current")


def composition(served: Served) -> Block:
    """One row per month ahead of all bookings; targets where they are served."""
    has_targets = served.has("marts.targets", *_TARGETS)
    query = f"""with targets as (
    {_targets() if has_targets else "select null::date as period_start, null::double as target where false"}
)

select pipeline.period_start, booked, existing, new, mean, yhat, lo_80, hi_80, target, n_open_deals
from forecast.pipeline as pipeline
left join targets on pipeline.period_start = targets.period_start
where metric = 'bookings' and level = 'total' and freq = 'MS'
order by pipeline.period_start"""
    forms = {"period_start": "month"} | dict.fromkeys((*PARTS, "yhat", "lo_80", "hi_80", "target"), "money")
    forms |= {"n_open_deals": "count"}
    columns = ("metric", "level", "freq", *(name for name in forms if name != "target"))
    needs = {"forecast.pipeline": columns, **({"marts.targets": _TARGETS} if has_targets else {})}
    drawn = NativeChart("column", "period_start", ("existing", "new"))
    return Block("composition", needs, query, forms, stacked, chart=drawn)


def _targets() -> str:
    return """select period_start, sum(amount_base) as target
    from marts.targets
    where metric = 'bookings' and level = 'total' and period = 'month' and is_current
    group by period_start"""
