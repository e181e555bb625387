"""Gates: runs the suites of a gate on the working file and keeps what they found.

Results go to `quality.results` of the working file, which may be deleted, and to the state log `quality`, which may
not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb
import polars as pl

from expectations.results import CheckResult as CheckResult
from expectations.suite import GATES as GATES
from expectations.suite import Suite, SuiteError, load_suites, matching
from pipelines.errors import AlmanacError
from pipelines.gates import currencies, dates, freshness, volumes
from pipelines.home import state, warehouse
from pipelines.home.runs import Run
from pipelines.home.settings import Settings

OF_EXPORTS = {"freshness", "currencies", "dates"}
RESULT_COLUMNS = {
    "run_id": pl.String,
    "run_kind": pl.String,
    "as_of": pl.Date,
    "gate": pl.String,
    "suite": pl.String,
    "schema_name": pl.String,
    "table_name": pl.String,
    "expectation": pl.String,
    "column_name": pl.String,
    "kwargs": pl.String,
    "severity": pl.String,
    "because": pl.String,
    "outcome": pl.String,
    "observed": pl.String,
    "unexpected_count": pl.Int64,
    "unexpected_examples": pl.String,
    "unexpected_keys": pl.String,
    "exception": pl.String,
}


@dataclass(frozen=True)
class GateReport:
    """What one gate found in one run."""

    gate: str
    results: tuple[CheckResult, ...]

    @property
    def blocking_failures(self) -> tuple[CheckResult, ...]:
        """The critical rules that failed or could not be checked."""
        return tuple(result for result in self.results if result.is_blocking)

    @property
    def warnings(self) -> tuple[CheckResult, ...]:
        """What is worth a look and blocks nothing."""
        return tuple(result for result in self.results if result.outcome != "passed" and not result.is_blocking)

    @property
    def passed(self) -> bool:
        """Whether the run may go on."""
        return not self.blocking_failures

    @property
    def summary(self) -> str:
        """One line for logs and the end of a run."""
        passed = sum(result.outcome == "passed" for result in self.results)
        counts = f"{self.gate} gate: {passed} of {len(self.results)} checks passed, {len(self.warnings)} warnings"
        blocking = self.blocking_failures
        return f"{counts}, {len(blocking)} block: {blocking[0].sentence}" if blocking else counts


def run_gate(settings: Settings, run: Run, gate: str) -> GateReport:
    """Check the working file against every suite of the gate and keep the results.

    The caller decides what a report that did not pass stops. Raises AlmanacError for a suite that cannot be run.
    """
    from expectations import engine

    suites = gate_suites(settings)
    if gate not in suites:
        raise AlmanacError(f"gate {gate!r} is none of {', '.join(GATES)}")
    measure(settings, gate)
    try:
        engine.check_suites(suite for each in suites.values() for suite in each)
        results = engine.run_gate(settings.working_file, suites[gate])
    except SuiteError as error:
        raise AlmanacError(str(error)) from error
    keep(settings, run, gate, results)
    return GateReport(gate, tuple(results))


def measure(settings: Settings, gate: str = GATES[0]) -> None:
    """Write the tables that rules compare with, in `quality`: `freshness`, `currencies`, `dates` and `volumes`.

    What tells of exports is measured for the first gate: later ones find it as it was, for no export comes in between.
    """
    with warehouse.opened(settings):
        with warehouse.read(settings) as connection:
            is_measured = _tables(connection) >= OF_EXPORTS
        if gate == GATES[0] or not is_measured:
            currencies.record(settings)
            dates.record(settings)
            freshness.record(settings)
        volumes.record(settings)


def assert_passed(settings: Settings, run: Run) -> None:
    """Raise AlmanacError unless every gate that has suites was held in this run, and none of them blocks."""
    query = """
        select gate, count(*) filter (where severity = 'critical' and outcome <> 'passed')
        from quality.results
        where run_id = ?
        group by gate
    """
    with warehouse.read(settings) as connection:
        held = dict(connection.execute(query, [run.run_id]).fetchall()) if _has_results(connection) else {}
    for gate, suites in gate_suites(settings).items():
        if held.get(gate, 0) or (gate not in held and any(suite.entries for suite in suites)):
            why = f"has {held[gate]} critical failures" if gate in held else "was not held"
            raise AlmanacError(f"run {run.run_id}: the {gate} gate {why}: nothing was published")


def gate_suites(settings: Settings) -> dict[str, list[Suite]]:
    """The suites in force: the shipped ones, replaced and joined by the company's own."""
    try:
        return load_suites(settings.suites)
    except SuiteError as error:
        raise AlmanacError(str(error)) from error


def gate_tables(settings: Settings, known: Iterable[str]) -> dict[str, list[str]]:
    """The `schema.table` names each gate looks at, patterns such as `raw.*` filled in from the known names."""
    known = sorted(set(known))
    return {
        gate: sorted({name for suite in suites for name in matching(suite, known)})
        for gate, suites in gate_suites(settings).items()
    }


def frame(run: Run, results: Sequence[CheckResult]) -> pl.DataFrame:
    """One row per check of the run, in the columns of `quality.results`."""
    rows = [
        {
            **{name: getattr(result, name, None) for name in RESULT_COLUMNS},
            "run_id": run.run_id,
            "run_kind": run.run_kind,
            "as_of": run.as_of,
            "schema_name": result.schema,
            "table_name": result.table,
            "column_name": result.column,
        }
        for result in results
    ]
    return pl.DataFrame(rows, schema=RESULT_COLUMNS)


def keep(settings: Settings, run: Run, gate: str, results: Sequence[CheckResult]) -> None:
    """Write a gate's results to state and `quality.results`, in place of what the gate found before in the same run.

    State comes first: the working file's table is made again from it where it is missing.
    """
    results_frame = frame(run, results)
    state.append(settings, "quality", f"{run.run_id}.{gate}", results_frame)
    with warehouse.write(settings) as connection:
        if not _has_results(connection):
            kept = state.read(settings, "quality")
            warehouse.replace_table(connection, "quality", "results", results_frame if kept.is_empty() else kept)
            return
        connection.execute("delete from quality.results where run_id = ? and gate = ?", [run.run_id, gate])
        with warehouse.frames(connection, found=results_frame):
            connection.execute("insert into quality.results by name select * from found")


def _has_results(connection: duckdb.DuckDBPyConnection) -> bool:
    return "results" in _tables(connection)


def _tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'quality'").fetchall()
    return {name for (name,) in tables}
