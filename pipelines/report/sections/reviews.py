"""What waits for a person's decision, the most money first."""

from collections.abc import Iterator

from pipelines.report.blocks import Block
from pipelines.report.served import Served


def blocks(served: Served) -> Iterator[Block]:
    """Counts by kind, then the questions."""
    del served  # every query is the same for all companies
    yield _kinds()
    yield _questions()


def _kinds() -> Block:
    query = """select kind, status, count(*) as review_count
from outlook.review_queue
group by kind, status
order by kind, status"""
    forms = {"kind": "term:review", "status": "term:review_status", "review_count": "count"}
    return Block("review_kinds", {"outlook.review_queue": ("kind", "status")}, query, forms)


def _questions() -> Block:
    query = """select kind, question, if(kind = 'forecast_deviation', null, priority) as priority, owner, subject,
    evidence
from outlook.review_queue
where status = 'open'
order by priority desc nulls last, kind, subject"""
    forms = {"kind": "term:review", "question": "source", "priority": "money", "owner": "source"}
    forms |= {"subject": "key", "evidence": "evidence"}
    return Block("questions", {"outlook.review_queue": (*forms, "status")}, query, forms)
