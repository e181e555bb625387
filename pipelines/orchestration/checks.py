"""The four gates as Dagster checks: a critical failure blocks what comes after, a warning is shown and passes."""

from collections.abc import Iterator, Sequence, Set

import dagster as dg

from pipelines.errors import AlmanacError
from pipelines.gates import gates
from pipelines.home import warehouse
from pipelines.home.settings import Settings
from pipelines.orchestration.graph import Graph, table_name

# The schemas whose tables a gate's checks hang on: what the step before the gate writes last. A check on an earlier
# table would hold back that very step.
OWN_SCHEMAS = {
    "raw": ("raw", "control", "quality"),
    "clean": ("resolved",),
    "marts": ("marts",),
    "forecast": ("forecast",),
}


def build_checks(settings: Settings, graph: Graph) -> list[dg.AssetChecksDefinition]:
    """One step per gate, one check per table that the step before it wrote."""
    written = {f"{node['schema']}.{table_name(node)}" for node in [*graph.nodes.values(), *graph.sources.values()]}
    return [_gate(settings, gate, tables, written) for gate, tables in graph.gates.items() if tables]


def _gate(settings: Settings, gate: str, tables: Sequence[str], written: Set[str]) -> dg.AssetChecksDefinition:
    shown_on = _shown_on(gate, tables, written)
    specs = [
        dg.AssetCheckSpec(f"gate_{gate}", asset=table.split("."), blocking=True)
        for table in sorted(set(shown_on.values()))
    ]

    @dg.multi_asset_check(name=f"gate_{gate}", specs=specs, required_resource_keys={"home"})
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        home = context.resources.home
        home.say(f"gate: {gate}")
        report = gates.run_gate(settings, warehouse.current_run(settings, home.run_id), gate)
        home.say(report.summary)
        if not report.passed:
            home.outcome = "blocked"
            home.messages.append(report.summary)
        by_table: dict[str, list[gates.CheckResult]] = {table: [] for table in shown_on.values()}
        first = next(iter(by_table))  # for tables that match a pattern and that no dbt model reads
        for result in report.results:
            by_table[shown_on.get(f"{result.schema}.{result.table}", first)].append(result)
        for table, results in by_table.items():
            yield _table_result(gate, table, results)

    return check


def _shown_on(gate: str, tables: Sequence[str], written: Set[str]) -> dict[str, str]:
    """Table of a suite to the table its check is shown on: itself, or the gate's first own table.

    written: tables that a step writes. What a gate itself writes (`quality.currencies`) is no asset to hang a check on.
    """
    own = [table for table in tables if table.split(".")[0] in OWN_SCHEMAS[gate] and table in written]
    if not own:
        raise AlmanacError(f"gate {gate}: no suite checks a table of {', '.join(OWN_SCHEMAS[gate])}: add one")
    return {table: table if table in own else own[0] for table in tables}


def _table_result(gate: str, table: str, results: Sequence[gates.CheckResult]) -> dg.AssetCheckResult:
    failed = [result for result in results if result.outcome != "passed"]
    critical = any(result.severity == "critical" for result in failed)
    metadata: dict[str, str | int] = {
        "checks": len(results),
        "failed": len(failed),
        **{result.sentence: result.because for result in failed},
    }
    return dg.AssetCheckResult(
        asset_key=table.split("."),
        check_name=f"gate_{gate}",
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR if critical else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )
