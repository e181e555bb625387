"""How the pipeline fills and what it gives away: leads by channel, what a won deal cost, discounts over the limit."""

from collections.abc import Iterator

from pipelines.report.blocks import Block


def blocks() -> Iterator[Block]:
    """Leads that became deals, cost by channel, approvals of discounts."""
    yield _leads()
    yield _channels()
    yield _discounts()


def _leads() -> Block:
    query = """select level, member, lead_count, settled_count, settled_converted_count,
    conversion_rate as converted_share, conversion_low_95, conversion_high_95, median_conversion_days,
    assignment_known_count + overdue_count as in_time_known_count, in_time_rate
from marts.lead_conversion
where level in ('total', 'channel') and period = 'last_12_months'
order by level = 'total' desc, lead_count desc, member"""
    forms = {"level": "term:level", "member": "term:channel", "lead_count": "count", "settled_count": "count"}
    forms |= {"settled_converted_count": "count"}
    forms |= dict.fromkeys(("converted_share", "conversion_low_95", "conversion_high_95"), "share")
    forms |= {"median_conversion_days": "count", "in_time_known_count": "count", "in_time_rate": "share"}
    own = tuple(name for name in forms if name not in ("converted_share", "in_time_known_count"))
    columns = (*own, "conversion_rate", "assignment_known_count", "overdue_count", "period")
    return Block("leads", {"marts.lead_conversion": columns}, query, forms)


def _channels() -> Block:
    query = """select channel, cost_base, lead_count, campaign_lead_count, cost_per_lead_base, campaign_won_count,
    cost_per_won_base, campaign_won_amount_base, relative_return, closed_count, win_rate, win_rate_low_95,
    win_rate_high_95
from marts.channels
where level = 'channel' and period = 'last_12_months'
order by cost_base desc nulls last, lead_count desc, channel"""
    forms = {"channel": "term:channel", "cost_base": "money", "lead_count": "count", "campaign_lead_count": "count"}
    forms |= {"cost_per_lead_base": "money", "campaign_won_count": "count", "cost_per_won_base": "money"}
    forms |= {"campaign_won_amount_base": "money", "relative_return": "number", "closed_count": "count"}
    forms |= dict.fromkeys(("win_rate", "win_rate_low_95", "win_rate_high_95"), "share")
    return Block("channels", {"marts.channels": (*forms, "level", "period")}, query, forms)


def _discounts() -> Block:
    query = """select level, member, version_count, relative_discount, over_limit_count, approved_count, pending_count,
    refused_count, missing_count, breach_rate, breach_low_95, breach_high_95
from marts.discounts
where level in ('total', 'team') and period = 'last_12_months'
order by level = 'total' desc, breach_rate desc nulls last, over_limit_count desc, member"""
    forms = {"level": "term:level", "member": "text", "version_count": "count", "relative_discount": "share"}
    forms |= dict.fromkeys(("over_limit_count", "approved_count", "pending_count", "refused_count"), "count")
    forms |= {"missing_count": "count"}
    forms |= dict.fromkeys(("breach_rate", "breach_low_95", "breach_high_95"), "share")
    return Block("discounts", {"marts.discounts": (*forms, "period")}, query, forms)
