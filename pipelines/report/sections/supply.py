"""What can be made, what must be ordered, what cash comes in, and the weekly pack of the planning meeting."""

from collections.abc import Iterator, Sequence

from pipelines.report import charts
from pipelines.report.blocks import Block, NativeChart
from pipelines.report.heats import heat_of_load
from pipelines.report.served import Row
from pipelines.report.words import Words


def blocks() -> Iterator[Block]:
    """Load by product line, items to order, receipts by week, gaps and decisions of the newest pack."""
    yield _load()
    yield _material()
    yield _cash()
    yield _gaps()
    yield _decisions()


def _load() -> Block:
    query = """select product_line as member, period_start, demand_quantity, capacity_quantity, relative_load,
    shortfall_quantity, shortfall_at_hi_80, plants
from outlook.demand_vs_capacity
where period_start > (select as_of from control.published)
order by member, period_start"""
    forms = {"member": "text", "period_start": "month", "demand_quantity": "count", "capacity_quantity": "count"}
    forms |= {"relative_load": "share", "shortfall_quantity": "count", "shortfall_at_hi_80": "count", "plants": "text"}
    columns = ("product_line", *(name for name in forms if name != "member"))
    return Block("load", {"outlook.demand_vs_capacity": columns}, query, forms, _load_chart, shown=150)


def _load_chart(rows: Sequence[Row], words: Words) -> str:
    return heat_of_load(charts.measured(rows, "relative_load"), words)


def _material() -> Block:
    query = """select item, item_name, is_short, stock_quantity, expected_quantity, cover_days, cover_with_orders_days,
    next_due_on, lead_days, reorder_quantity, order_by_on
from outlook.material_needs
where is_short or reorder_quantity > 0
order by is_short desc, order_by_on nulls last, cover_days, item"""
    forms = {"item": "code", "item_name": "text", "is_short": "yes", "stock_quantity": "count"}
    forms |= dict.fromkeys(("expected_quantity", "cover_days", "cover_with_orders_days"), "count")
    forms |= {"next_due_on": "day", "lead_days": "count", "reorder_quantity": "count", "order_by_on": "day"}
    return Block("material", {"outlook.material_needs": tuple(forms)}, query, forms, is_news_when_empty=True)


def _cash() -> Block:
    query = """select week_start as period_start, expected_base as yhat, lo_80, hi_80, from_open_base, from_coming_base,
    usual_base, floor_base, gap_base, gap_at_lo_80, payments_known_to
from outlook.expected_cash
where expected_base is not null
order by week_start"""
    forms = {"period_start": "day"}
    figures = ("yhat", "lo_80", "hi_80", "from_open_base", "from_coming_base", "usual_base", "floor_base", "gap_base")
    forms |= dict.fromkeys((*figures, "gap_at_lo_80"), "money") | {"payments_known_to": "day"}
    needs = {
        "outlook.expected_cash": ("week_start", "expected_base", *figures[1:], "gap_at_lo_80", "payments_known_to")
    }
    drawn = NativeChart("line", "period_start", ("yhat", "lo_80", "hi_80", "floor_base"))
    return Block("cash", needs, query, forms, charts.over_time, chart=drawn)


def _gaps() -> Block:
    """Months of demand are the same in two packs; items always stand in the first month to come."""
    query = """with packs as (
    select pack, row_number() over (order by pack desc) as age from (select distinct pack from outlook.sop_pack)
)
select now.pack, now.section, coalesce(now.note, now.subject) as subject_name, now.period_start, now.quantity,
    now.capacity_quantity, now.gap_quantity, before.gap_quantity as gap_before_quantity, now.due_on, now.status_code
from outlook.sop_pack as now
left join outlook.sop_pack as before
    on before.pack = (select pack from packs where age = 2)
    and before.section = now.section and before.subject = now.subject
    and (before.period_start = now.period_start or now.section = 'material')
where now.is_newest and now.section <> 'decision' and now.gap_quantity > 0
order by now.section, now.period_start, now.due_on, subject_name"""
    forms = {"pack": "text", "section": "term:sop_section", "subject_name": "text", "period_start": "month"}
    forms |= dict.fromkeys(("quantity", "capacity_quantity", "gap_quantity", "gap_before_quantity"), "count")
    forms |= {"due_on": "day", "status_code": "term:sop_status"}
    derived = ("subject_name", "gap_before_quantity")
    columns = ("subject", "note", "is_newest", *(name for name in forms if name not in derived))
    return Block("sop_gaps", {"outlook.sop_pack": columns}, query, forms, is_news_when_empty=True)


def _decisions() -> Block:
    query = """select pack, period_start as decided_on, note, owner_name, due_on, status_code
from outlook.sop_pack
where is_newest and section = 'decision'
order by array_position(['overdue', 'carried_over', 'new', 'closed'], status_code), due_on nulls last, subject"""
    forms = {"pack": "text", "decided_on": "day", "note": "text", "owner_name": "text", "due_on": "day"}
    forms |= {"status_code": "term:sop_status"}
    columns = ("pack", "period_start", "note", "owner_name", "due_on", "status_code", "is_newest", "section", "subject")
    return Block("sop_decisions", {"outlook.sop_pack": columns}, query, forms, is_news_when_empty=True)
