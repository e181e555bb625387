"""What contracts bring in a year, so far and as far as they are signed or renewals are expected."""

from pipelines.report import charts
from pipelines.report.blocks import Block, NativeChart


def recurring() -> Block:
    """Both lines hold the newest month that has ended, so that the picture has no hole between them."""
    query = """select period_start, case when not is_expected then annual_base end as annual_base,
    case when is_expected or period_start = max(period_start) filter (where not is_expected) over ()
        then annual_base end as annual_ahead_base,
    signed_annual_base, expected_renewals_base, contract_count, contract_count_year_before,
    relative_net_retention_12m, gross_retention_rate_12m
from marts.recurring_revenue
where level = 'total'
qualify period_start > max(period_start) filter (where not is_expected) over () - interval 24 month
order by period_start"""
    money = ("annual_base", "annual_ahead_base", "signed_annual_base", "expected_renewals_base")
    forms = {"period_start": "month"} | dict.fromkeys(money, "money")
    forms |= {"contract_count": "count", "contract_count_year_before": "count"}
    forms |= {"relative_net_retention_12m": "share", "gross_retention_rate_12m": "share"}
    columns = ("level", "is_expected", *(name for name in forms if name != "annual_ahead_base"))
    drawn = NativeChart("line", "period_start", ("annual_base", "annual_ahead_base"))
    needs = {"marts.recurring_revenue": columns}
    return Block("recurring", needs, query, forms, charts.over_time, chart=drawn)
