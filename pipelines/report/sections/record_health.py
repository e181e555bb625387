"""How well records are kept: health by system and month, values that can hardly be, words outside their list."""

from collections.abc import Iterator, Sequence

from pipelines.report import charts
from pipelines.report.blocks import Block
from pipelines.report.heats import heat_of_shares
from pipelines.report.served import Row
from pipelines.report.words import Words


def blocks() -> Iterator[Block]:
    """Health, anomalies, words."""
    yield _health()
    yield _anomalies()
    yield _words()


def _health() -> Block:
    query = """select member, period_start, health_share, record_count, completeness_share, validity_share,
    uniqueness_share, timeliness_share, relative_change
from marts.data_health
where level = 'source_system'
order by member, period_start"""
    forms = {"member": "text", "period_start": "month", "health_share": "share", "record_count": "count"}
    parts = ("completeness_share", "validity_share", "uniqueness_share", "timeliness_share")
    forms |= dict.fromkeys((*parts, "relative_change"), "share")
    return Block("health", {"marts.data_health": (*forms, "level")}, query, forms, _health_chart, shown=150)


def _health_chart(rows: Sequence[Row], words: Words) -> str:
    return heat_of_shares(charts.measured(rows, "health_share"), words)


def _anomalies() -> Block:
    query = """select rule, object, source_system, count(*) as row_count, count(*) filter (where is_open) as open_count,
    sum(amount_base) as amount_base, min(evidence) as example
from marts.data_anomalies
group by rule, object, source_system
order by row_count desc, rule, object, source_system"""
    forms = {"rule": "term:anomaly", "object": "term:object", "source_system": "text", "row_count": "count"}
    forms |= {"open_count": "count", "amount_base": "money", "example": "source"}
    needs = {"marts.data_anomalies": ("rule", "object", "source_system", "is_open", "amount_base", "evidence")}
    return Block("anomalies", needs, query, forms, is_news_when_empty=True)


def _words() -> Block:
    query = """select source_system, object, column_name, word, row_count, filled_count, outside_count, outside_rate
from marts.picklist_words
where not is_listed
order by row_count desc, source_system, object, column_name, word"""
    forms = {
        "source_system": "text",
        "object": "term:object",
        "column_name": "text",
        "word": "text",
        "row_count": "count",
    }
    forms |= {"filled_count": "count", "outside_count": "count", "outside_rate": "share"}
    needs = {"marts.picklist_words": (*forms, "is_listed")}
    return Block("outside_words", needs, query, forms, is_news_when_empty=True)
