"""Cases of files to forecast: what the history is and where the future must lie."""

from pipelines.bench.cases.verdict import Case

CASES: dict[str, Case] = {}
