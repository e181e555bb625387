"""Cases of a whole run: several exports of one object after each other."""

from pipelines.bench.cases.verdict import Case

CASES: dict[str, Case] = {}
