"""Sales and operations: supply, reorder and cash beside the demand by product line, so far and ahead."""

from collections.abc import Iterator

from pipelines.report.blocks import Block
from pipelines.report.heats import heat
from pipelines.report.sections import supply
from pipelines.report.served import Served


def blocks(served: Served) -> Iterator[Block]:
    """Demand against capacity, items to order, cash, the weekly pack; then quantity sold and revenue ahead."""
    del served  # every query is the same for all companies
    yield from supply.blocks()
    yield _sold()
    yield _revenue_ahead()


def _sold() -> Block:
    query = """select member, ds as period_start, y as amount
from marts.series_history
where metric = 'quantity' and level = 'product_line' and freq = 'MS'
    and ds > (select max(ds) from marts.series_history where freq = 'MS') - interval 12 month
order by member, ds"""
    forms = {"member": "text", "period_start": "month", "amount": "count"}
    needs = {"marts.series_history": ("metric", "level", "member", "freq", "ds", "y")}
    return Block("sold", needs, query, forms, heat, shown=150)


def _revenue_ahead() -> Block:
    query = """select member, period_start, yhat as amount, lo_80, hi_80, basis
from outlook.allocated_forecasts
where metric = 'revenue' and level = 'product_line'
order by member, period_start"""
    forms = {"member": "text", "period_start": "month", "amount": "money", "lo_80": "money", "hi_80": "money"}
    forms |= {"basis": "term:basis"}
    needs = {
        "outlook.allocated_forecasts": ("metric", "level", "member", "period_start", "yhat", "lo_80", "hi_80", "basis")
    }
    return Block("revenue_ahead", needs, query, forms, heat, shown=150)
