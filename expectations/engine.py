"""Runs the suites of one gate on a DuckDB file with Great Expectations.

The import takes seconds, so it happens inside the functions. The file is opened read-only and let go of before
returning: whoever writes next, dbt's own process included, must find it free.
"""

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb

from expectations.reading import results_of, unchecked
from expectations.results import CheckResult
from expectations.suite import Entry, Suite, SuiteError, matching

EXAMPLES = 20
SQL_RULE = "unexpected_rows_expectation"


def run_gate(duckdb_path: Path, suites: Sequence[Suite]) -> list[CheckResult]:
    """The result of every entry of the suites on the tables they name, in the order written.

    A table that is missing and a check that raises are results with the outcome `error`.
    Raises SuiteError where an entry is not something Great Expectations knows; nothing is checked then.
    """
    check_suites(suites)
    if not suites:
        return []
    tables = _tables(duckdb_path)
    results: list[CheckResult] = []
    with _source(duckdb_path) as source:
        for suite in suites:
            for name in matching(suite, tables) or [f"{suite.schema}.{suite.table}"]:
                table = name.removeprefix(f"{suite.schema}.")
                if name in tables:
                    results += _check_table(source, suite, table)
                else:
                    results += unchecked(suite, table, f"table {name} does not exist")
    return results


def check_suites(suites: Iterable[Suite]) -> None:
    """Raise SuiteError at the first entry that Great Expectations would not accept."""
    for suite in suites:
        for number, entry in enumerate(suite.entries):
            _expectation(entry, number)


def _check_table(source: Any, suite: Suite, table: str) -> list[CheckResult]:
    """Both halves of a suite as whole batches: SQL rules need COMPLETE to show their rows, the others must not have it.

    COMPLETE would fetch every offender of a million-row table into memory.
    """
    import great_expectations as gx

    numbered = list(enumerate(suite.entries))
    halves = (
        ([(n, e) for n, e in numbered if e.expectation != SQL_RULE], "SUMMARY"),
        ([(n, e) for n, e in numbered if e.expectation == SQL_RULE], "COMPLETE"),
    )
    results: list[tuple[int, CheckResult]] = []
    try:
        asset = source.add_table_asset(f"{suite.name}.{table}", table_name=table, schema_name=suite.schema)
        batch = asset.add_batch_definition_whole_table("all").get_batch()
        for entries, detail in halves:
            if entries:
                expectations = [_expectation(entry, number) for number, entry in entries]
                whole = gx.ExpectationSuite(name=suite.name, expectations=expectations)
                with redirect_stdout(StringIO()):
                    validated = batch.validate(whole, result_format=_result_format(detail, suite.key))
                results += results_of(suite, table, validated, EXAMPLES)
    except Exception as error:  # a check must never take the run down with a traceback of its tool
        return unchecked(suite, table, f"{type(error).__name__}: {error}")
    return [result for _, result in sorted(results, key=lambda pair: pair[0])]


def _result_format(detail: str, key: tuple[str, ...]) -> dict[str, Any]:
    wanted: dict[str, Any] = {"result_format": detail, "partial_unexpected_count": EXAMPLES}
    return {**wanted, "unexpected_index_column_names": list(key)} if key and detail == "SUMMARY" else wanted


def _expectation(entry: Entry, number: int) -> Any:
    """The entry as Great Expectations' own object. Results come unordered: the entry's place travels in `meta`."""
    _quieten()
    from great_expectations.exceptions.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.registry import get_expectation_impl

    try:
        kind = get_expectation_impl(entry.expectation)
    except ExpectationNotFoundError as error:
        raise SuiteError(f"{entry.where}: Great Expectations has no expectation of this name") from error
    try:
        with redirect_stdout(StringIO()):  # it prints advice about `{batch}` that rules over other tables cannot take
            return kind(**entry.kwargs, meta={"entry": number})
    except (ValueError, TypeError) as error:
        raise SuiteError(f"{entry.where}: {' '.join(str(error).split())}") from error


def _tables(path: Path) -> list[str]:
    query = "select table_schema || '.' || table_name from information_schema.tables order by all"
    with duckdb.connect(str(path), read_only=True) as connection:
        return [name for (name,) in connection.execute(query).fetchall()]


@contextmanager
def _source(path: Path) -> Iterator[Any]:
    """The file as a data source, released whatever happens."""
    _quieten()
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    import expectations.dialect  # noqa: F401  (registers duckdb+gates)

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    sources: Any = context.data_sources  # its stub knows nothing of `kwargs`
    source = sources.add_sql(
        "warehouse",
        connection_string=f"duckdb+gates:///{path}",
        create_temp_table=False,
        kwargs={"connect_args": {"read_only": True}},
    )
    try:
        yield source
    finally:
        source.get_execution_engine().close()
        source.get_engine().dispose()


def _quieten() -> None:
    """No telemetry, and no log lines for checks that raise: they are results of ours."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
