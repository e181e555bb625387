"""One module per page: its blocks in the order in which they are read.

Belongs here: queries on served tables and the forms of their columns. Does not belong here: words (they stand in
`pipelines/report/labels/`) or drawing (`pipelines/report/charts.py`).
"""

from collections.abc import Callable, Iterator

from pipelines.report.blocks import Block
from pipelines.report.sections import customers, due, executive, forecasts, people, pipeline, planning, quality, reviews
from pipelines.report.served import Served

PAGES: dict[str, Callable[[Served], Iterator[Block]]] = {
    "executive": executive.blocks,
    "pipeline": pipeline.blocks,
    "due": due.blocks,
    "people": people.blocks,
    "customers": customers.blocks,
    "forecasts": forecasts.blocks,
    "planning": planning.blocks,
    "quality": quality.blocks,
    "reviews": reviews.blocks,
}
