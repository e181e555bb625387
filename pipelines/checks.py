"""The four gates as Dagster checks: a critical failure blocks what comes after, a warning is shown and passes."""

from collections.abc import Iterator, Sequence
from itertools import groupby

import dagster as dg

from pipelines import quality, warehouse
from pipelines.lineage import Graph
from pipelines.settings import Settings

LAST_WRITER = {"raw": (), "clean": ("resolved",), "marts": (), "forecast": ()}


def build_checks(settings: Settings, graph: Graph) -> list[dg.AssetChecksDefinition]:
    """One step per gate, one check per table of its suites."""
    return [_gate(settings, gate, tables, graph) for gate, tables in graph.gates.items()]


def _gate(settings: Settings, gate: str, tables: Sequence[str], graph: Graph) -> dg.AssetChecksDefinition:
    # A gate looks at tables of several steps: it must come after the last of them.
    after = [spec.key for schema in LAST_WRITER[gate] for spec in graph.source_specs(schema)]
    specs = [
        dg.AssetCheckSpec(f"gate_{gate}", asset=table.split("."), blocking=True, additional_deps=_others(after, table))
        for table in tables
    ]

    @dg.multi_asset_check(name=f"gate_{gate}", specs=specs, required_resource_keys={"home"})
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        home = context.resources.home
        home.say(f"gate: {gate}")
        report = quality.run_gate(settings, warehouse.current_run(settings, home.run_id), gate)
        if not report.passed:
            home.outcome = "blocked"
            home.messages += [f"gate {gate}: {failure}" for failure in report.blocking_failures]
        yield from _results(gate, tables, report.results)

    return check


def _others(keys: Sequence[dg.AssetKey], table: str) -> list[dg.AssetKey]:
    return [key for key in keys if key != dg.AssetKey(table.split("."))]


def _results(gate: str, tables: Sequence[str], results: Sequence[quality.CheckResult]) -> Iterator[dg.AssetCheckResult]:
    def table_of(result: quality.CheckResult) -> str:
        return f"{result.schema}.{result.table}"

    by_table = {table: list(group) for table, group in groupby(sorted(results, key=table_of), key=table_of)}
    for table in tables:
        yield _table_result(gate, table, by_table.get(table, []))


def _table_result(gate: str, table: str, results: Sequence[quality.CheckResult]) -> dg.AssetCheckResult:
    failed = [result for result in results if result.outcome != "passed"]
    critical = any(result.severity == "critical" for result in failed)
    metadata: dict[str, str | int] = {
        "checks": len(results),
        "failed": len(failed),
        **{f"{result.expectation} {result.column or ''}".strip(): result.because for result in failed},
    }
    return dg.AssetCheckResult(
        asset_key=table.split("."),
        check_name=f"gate_{gate}",
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR if critical else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )
