"""Customers: contacts that their tier asks for, who may leave, what else they may buy, and revenue by tier."""

from collections.abc import Iterator

from pipelines.report.blocks import Block
from pipelines.report.heats import heat


def blocks() -> Iterator[Block]:
    """Revenue by tier, contacts had, customers at risk, products to offer."""
    yield _tier_trend()
    yield _contacts()
    yield _churn()
    yield _cross_sell()


def _tier_trend() -> Block:
    query = """select member, period_start, revenue_base as amount, customer_count, new_count, moved_in_count,
    moved_out_count, won_count, closed_count
from marts.customer_segments
where level = 'tier'
    and period_start > (select max(period_start) from marts.customer_segments) - interval 12 month
order by member, period_start"""
    forms = {"member": "text", "period_start": "month", "amount": "money", "customer_count": "count"}
    forms |= dict.fromkeys(("new_count", "moved_in_count", "moved_out_count", "won_count", "closed_count"), "count")
    needs = {"marts.customer_segments": ("level", "revenue_base", *(name for name in forms if name != "amount"))}
    return Block("tier_trend", needs, query, forms, heat, shown=150)


def _contacts() -> Block:
    """Periods that have ended only: one that runs can be met already and not yet be a breach."""
    query = """select tier, contact_period, count(distinct customer_id) as customer_count,
    count(*) filter (where verdict_code in ('met', 'breach')) as judged_period_count,
    count(*) filter (where verdict_code = 'met') as met_count,
    count(*) filter (where verdict_code = 'breach') as breach_count,
    count(*) filter (where verdict_code = 'met')
    / nullif(count(*) filter (where verdict_code in ('met', 'breach')), 0) as met_share,
    count(*) filter (where verdict_code not in ('met', 'breach')) as untold_count
from marts.contact_compliance
where period_end <= (select as_of from control.published)
group by tier, contact_period
order by tier"""
    forms = {"tier": "text", "contact_period": "term:period"}
    forms |= dict.fromkeys(("customer_count", "judged_period_count", "met_count", "breach_count"), "count")
    forms |= {"met_share": "share", "untold_count": "count"}
    needs = {"marts.contact_compliance": ("tier", "contact_period", "customer_id", "verdict_code", "period_end")}
    return Block("contacts", needs, query, forms)


def _churn() -> Block:
    query = """select customer_name, tier, risk.rep_name, band_code, last_bought_on, silent_days, usual_gap_days,
    churn_rate, case_count, all_churn_rate, revenue_at_risk_base
from marts.churn_risks as risk
left join marts.customer_360 using (customer_id)
where churn_rate > all_churn_rate
order by churn_rate * revenue_at_risk_base desc nulls last, customer_id"""
    forms = {"customer_name": "text", "tier": "text", "rep_name": "text", "band_code": "term:churn_band"}
    forms |= {"last_bought_on": "day", "silent_days": "count", "usual_gap_days": "count", "churn_rate": "share"}
    forms |= {"case_count": "count", "all_churn_rate": "share", "revenue_at_risk_base": "money"}
    own = tuple(name for name in forms if name not in ("customer_name", "tier"))
    needs = {
        "marts.churn_risks": ("customer_id", *own),
        "marts.customer_360": ("customer_id", "customer_name", "tier"),
    }
    return Block("churn", needs, query, forms, shown=20)


def _cross_sell() -> Block:
    """The surest product of each customer, where it is no chance; all of them stand in the table."""
    query = """select customer_name, tier, revenue_12m, offer.rep_name, product_name, bought_product_name,
    support_count, bought_count, confidence_rate, confidence_low_95, product_rate, relative_lift
from marts.cross_sell_candidates as offer
left join marts.customer_360 using (customer_id)
where confidence_low_95 > product_rate
qualify row_number() over (partition by customer_id order by confidence_low_95 - product_rate desc, product_id) = 1
order by revenue_12m desc nulls last, customer_id"""
    forms = {"customer_name": "text", "tier": "text", "revenue_12m": "money", "rep_name": "text"}
    forms |= {"product_name": "text", "bought_product_name": "text", "support_count": "count", "bought_count": "count"}
    forms |= dict.fromkeys(("confidence_rate", "confidence_low_95", "product_rate"), "share")
    forms |= {"relative_lift": "number"}
    own = tuple(name for name in forms if name not in ("customer_name", "tier", "revenue_12m"))
    needs = {
        "marts.cross_sell_candidates": ("customer_id", "product_id", *own),
        "marts.customer_360": ("customer_id", "customer_name", "tier", "revenue_12m"),
    }
    return Block("cross_sell", needs, query, forms, shown=20)
