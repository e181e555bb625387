"""Cases of people and companies: which records are one, beside who they really are."""

from pipelines.bench.cases.verdict import Case

CASES: dict[str, Case] = {}
