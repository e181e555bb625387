"""From Great Expectations' result objects to ours."""

import json
from typing import Any

from expectations.results import CheckResult, Outcome
from expectations.suite import Entry, Suite

EXCEPTION_LENGTH = 400  # SQLAlchemy repeats the whole query behind the sentence that matters


def results_of(suite: Suite, table: str, validated: Any, examples: int) -> list[tuple[int, CheckResult]]:
    """Each result with the number of its entry; at most `examples` offenders each."""
    return [_result(suite, table, one.to_json_dict(), examples) for one in validated.results]


def unchecked(suite: Suite, table: str, reason: str) -> list[CheckResult]:
    """Every entry of the suite as an error: there was nothing to check it on."""
    return [_check(suite, table, entry, "error", exception=reason) for entry in suite.entries]


def _result(suite: Suite, table: str, row: dict[str, Any], examples: int) -> tuple[int, CheckResult]:
    number = row["expectation_config"]["meta"]["entry"]
    entry, details = suite.entries[number], row.get("result") or {}
    if exception := _exception(row.get("exception_info") or {}):
        return number, _check(suite, table, entry, "error", exception=exception)
    rows = (details.get("details") or {}).get("unexpected_rows") or details.get("partial_unexpected_index_list") or []
    return number, _check(
        suite,
        table,
        entry,
        "passed" if row["success"] else "failed",
        observed=_observed(details),
        unexpected_count=details.get("unexpected_count", _count(details, entry)),
        unexpected_examples=_json((details.get("partial_unexpected_list") or [])[:examples]),
        unexpected_keys=_json(rows[:examples]),
    )


def _check(suite: Suite, table: str, entry: Entry, outcome: Outcome, **outcome_columns: Any) -> CheckResult:
    return CheckResult(
        gate=suite.gate,
        suite=suite.name,
        schema=suite.schema,
        table=table,
        expectation=entry.expectation,
        column=_column(entry),
        kwargs=_json(dict(entry.kwargs)),
        severity=entry.severity,
        because=entry.because,
        outcome=outcome,
        **outcome_columns,
    )


def _column(entry: Entry) -> str | None:
    names = [entry.kwargs.get(name) for name in ("column", "column_A", "column_B") if entry.kwargs.get(name)]
    names += entry.kwargs.get("column_list") or []
    return ", ".join(map(str, names)) or None


def _observed(details: dict[str, Any]) -> str | None:
    if "observed_value" in details:
        value = details["observed_value"]
        return value if isinstance(value, str) else _json(value)
    if details.get("element_count") is None:
        return None
    return f"{details.get('unexpected_count') or 0} of {details['element_count']} rows"


def _count(found: dict[str, Any], entry: Entry) -> int | None:
    """SQL rules report the number of offending rows as the observed value."""
    return found.get("observed_value") if "unexpected_rows_query" in entry.kwargs else None


def _exception(info: dict[str, Any]) -> str | None:
    """The first message of an error, which stands at the top or below the id of the metric that raised it."""
    for part in (info, *(value for value in info.values() if isinstance(value, dict))):
        if part.get("raised_exception"):
            return " ".join(str(part.get("exception_message")).split())[:EXCEPTION_LENGTH]
    return None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
