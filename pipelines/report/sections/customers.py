"""Customers: tiers, the largest ones, those that have gone quiet or may, and what is open with them."""

from collections.abc import Iterator, Sequence

from pipelines.report import charts
from pipelines.report.blocks import Block, NativeChart
from pipelines.report.sections import customer_care
from pipelines.report.served import Row, Served
from pipelines.report.words import Words

DAYS_AHEAD = 90  # contracts that end sooner are shown: a quarter is the notice that most of them ask for


def blocks(served: Served) -> Iterator[Block]:
    """Tiers, contacts, who may leave, what to offer, largest, dormant, open items, contracts that end."""
    del served  # every query is the same for all companies
    yield _tiers()
    yield from customer_care.blocks()
    yield _largest()
    yield _most_won()
    yield _dormant()
    yield _open_items()
    yield _ending()


def _block(key: str, query: str, forms: dict[str, str], more: tuple[str, ...] = ()) -> Block:
    return Block(key, {"marts.customer_360": (*forms, *more)}, query, forms, shown=30)


def _tiers() -> Block:
    query = """select tier, count(*) as customer_count, count(*) filter (where is_dormant) as dormant_count,
    sum(revenue_12m) as revenue_12m, sum(revenue_previous_12m) as revenue_previous_12m,
    sum(open_pipeline_amount) as open_pipeline_amount
from marts.customer_360
group by tier
order by tier"""
    forms = {"tier": "text", "customer_count": "count", "dormant_count": "count"}
    forms |= dict.fromkeys(("revenue_12m", "revenue_previous_12m", "open_pipeline_amount"), "money")
    columns = ("tier", "is_dormant", "revenue_12m", "revenue_previous_12m", "open_pipeline_amount")
    drawn = NativeChart("column", "tier", ("customer_count",))
    return Block("tiers", {"marts.customer_360": columns}, query, forms, _tiers_chart, chart=drawn)


def _tiers_chart(rows: Sequence[Row], words: Words) -> str:
    named = [{**row, "label": words.say("ui.tier", tier=row["tier"])} for row in rows]
    return charts.bars(charts.measured(named, "customer_count"), words, "count")


def _largest() -> Block:
    query = """select customer_name, tier, revenue_12m, revenue_previous_12m, open_pipeline_amount, last_contact_on
from marts.customer_360
where revenue_12m > 0
order by revenue_12m desc, customer_id"""
    forms = {"customer_name": "text", "tier": "text", "revenue_12m": "money", "revenue_previous_12m": "money"}
    forms |= {"open_pipeline_amount": "money", "last_contact_on": "day"}
    return _block("largest", query, forms, ("customer_id",))


def _most_won() -> Block:
    """Who buys most where no system sends invoices or orders, too."""
    query = """select customer_name, tier, won_count, won_amount_12m, won_amount, open_pipeline_amount, last_won_on
from marts.customer_360
where won_amount_12m > 0
order by won_amount_12m desc, customer_id"""
    forms = {"customer_name": "text", "tier": "text", "won_count": "count", "won_amount_12m": "money"}
    forms |= {"won_amount": "money", "open_pipeline_amount": "money", "last_won_on": "day"}
    return _block("most_won", query, forms, ("customer_id",))


def _dormant() -> Block:
    query = """select customer_name, tier, revenue_total, last_invoiced_on, last_contact_on, owner_name
from marts.customer_360
where is_dormant and revenue_total > 0
order by revenue_total desc, customer_id"""
    forms = {"customer_name": "text", "tier": "text", "revenue_total": "money", "last_invoiced_on": "day"}
    forms |= {"last_contact_on": "day", "owner_name": "text"}
    return _block("dormant", query, forms, ("customer_id", "is_dormant"))


def _open_items() -> Block:
    query = """select customer_name, tier, open_ticket_count, complaint_count_12m, revenue_12m, last_contact_on
from marts.customer_360
where open_ticket_count > 0 or complaint_count_12m > 0
order by open_ticket_count desc, complaint_count_12m desc, revenue_12m desc, customer_id"""
    forms = {"customer_name": "text", "tier": "text", "open_ticket_count": "count", "complaint_count_12m": "count"}
    forms |= {"revenue_12m": "money", "last_contact_on": "day"}
    return _block("open_items", query, forms, ("customer_id",))


def _ending() -> Block:
    query = f"""select customer_name, tier, next_contract_end_on, active_contract_count, revenue_12m, owner_name
from marts.customer_360
where next_contract_end_on <= (select as_of from control.published) + {DAYS_AHEAD}
order by next_contract_end_on, revenue_12m desc, customer_id"""
    forms = {"customer_name": "text", "tier": "text", "next_contract_end_on": "day", "active_contract_count": "count"}
    forms |= {"revenue_12m": "money", "owner_name": "text"}
    return _block("ending", query, forms, ("customer_id",))
