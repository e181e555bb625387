"""What is due: how much each owner has to do, and the first things on the list."""

from collections.abc import Iterator

from pipelines.report.blocks import Block
from pipelines.report.served import Served


def blocks(served: Served) -> Iterator[Block]:
    """By owner, then one by one."""
    del served  # every query is the same for all companies
    yield _by_owner()
    yield _first()


def _by_owner() -> Block:
    query = """select rep_name, team, count(*) as due_count, count(*) filter (where overdue_days > 0) as late_count,
    count(*) filter (where due_code = 'open_complaint') as complaint_due_count,
    count(*) filter (where due_code in ('contract_end', 'contract_lapsed')) as contract_due_count,
    count(*) filter (where due_code = 'overdue_close') as closing_due_count,
    count(*) filter (where due_code = 'deal_contact') as deal_contact_due_count,
    count(*) filter (where due_code = 'tier_contact') as tier_contact_due_count,
    count(*) filter (where due_code = 'birthday') as birthday_due_count
from marts.due_list
group by rep_id, rep_name, team
order by due_count desc, rep_name"""
    forms = {"rep_name": "text", "team": "text"}
    counts = ("due", "late", "complaint_due", "contract_due", "closing_due", "deal_contact_due", "tier_contact_due")
    forms |= {f"{name}_count": "count" for name in (*counts, "birthday_due")}
    needs = {"marts.due_list": ("rep_id", "rep_name", "team", "due_code", "overdue_days")}
    return Block("due_by_owner", needs, query, forms, shown=60, is_news_when_empty=True)


def _first() -> Block:
    """What another CRM may know to be done already comes after what is known to be open."""
    query = """select due_code, due_on, customer_name, tier, rep_name, contact_name, last_contact_on, amount_base,
    is_told_in_part
from marts.due_list
order by is_told_in_part nulls first, array_position(
    ['open_complaint', 'contract_lapsed', 'contract_end', 'overdue_close', 'deal_contact', 'tier_contact'], due_code
) nulls last, amount_base desc nulls last, tier nulls last, due_on, due_id"""
    forms = {"due_code": "term:due", "due_on": "day", "customer_name": "text", "tier": "text", "rep_name": "text"}
    forms |= {"contact_name": "text", "last_contact_on": "day", "amount_base": "money", "is_told_in_part": "yes"}
    return Block("due_first", {"marts.due_list": (*forms, "due_id")}, query, forms, is_news_when_empty=True)
