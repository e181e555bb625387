"""What data and stages say of people: records in order, contacts had, and how deals get on beside those of peers."""

from collections.abc import Iterator

from pipelines.report.blocks import Block


def blocks() -> Iterator[Block]:
    """Health of records by rep, conversion by stage beside peers."""
    yield _records()
    yield _stages()


def _records() -> Block:
    query = """select rep_name, team, period_start, record_count, required_count, completeness_share, validity_share,
    uniqueness_share, touch_known_count, timeliness_share, health_share, due_period_count, contact_compliance_rate
from marts.rep_hygiene
where is_active and period_start = (select max(period_start) from marts.rep_hygiene)
order by health_share nulls last, rep_name"""
    forms = {"rep_name": "text", "team": "text", "period_start": "month", "record_count": "count"}
    forms |= {"required_count": "count"}
    forms |= dict.fromkeys(("completeness_share", "validity_share", "uniqueness_share"), "share")
    forms |= {"touch_known_count": "count", "timeliness_share": "share", "health_share": "share"}
    forms |= {"due_period_count": "count", "contact_compliance_rate": "share"}
    return Block("rep_records", {"marts.rep_hygiene": (*forms, "is_active")}, query, forms, shown=60)


def _stages() -> Block:
    """The surest differences first, and those that are none: a list of differences alone would read as a ranking."""
    query = """select level, coalesce(rep_name, member) as member, stage_code, reached_count, conversion_rate,
    conversion_low_95, conversion_high_95, peer_rate, standing_code, stay_count, mean_stay_days, target_days,
    over_target_share
from marts.stage_performance
left join marts.reps on level = 'rep' and member = rep_id
where standing_code <> 'too_few'
order by standing_code = 'like_peers', adjusted_p_value nulls last, level, member, stage_order"""
    forms = {"level": "term:level", "member": "text", "stage_code": "term:stage", "reached_count": "count"}
    forms |= dict.fromkeys(("conversion_rate", "conversion_low_95", "conversion_high_95", "peer_rate"), "share")
    forms |= {"standing_code": "term:standing", "stay_count": "count", "mean_stay_days": "count"}
    forms |= {"target_days": "count", "over_target_share": "share"}
    needs = {
        "marts.stage_performance": (*forms, "adjusted_p_value", "stage_order"),
        "marts.reps": ("rep_id", "rep_name"),
    }
    return Block("stage_performance", needs, query, forms, shown=15)
