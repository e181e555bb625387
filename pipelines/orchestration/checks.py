"""The four gates as Dagster checks: a critical failure blocks what comes after, a warning is shown and passes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

import dagster as dg

from expectations.suite import Entry, Suite, matching
from pipelines.errors import AlmanacError
from pipelines.gates import gates
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


_RULE = {
    "raw": "Exports as they came: nothing is built on a raw table that a critical rule refuses.",
    "clean": "Customers and deals as resolved: no mart is built on rows that a critical rule refuses.",
    "marts": "Marts as built: nothing is forecast from figures that a critical rule refuses.",
    "forecast": "Forecasts as issued: neither outlook nor served tables follow what a critical rule refuses.",
}
RULE_COLUMNS = ("table", "column", "severity", "because", "rule", "arguments")
LONGEST = 120  # characters of a rule's arguments: a query stands in its suite, and would push the reason out of sight


def build_checks(settings: Settings, graph: Graph) -> list[dg.AssetChecksDefinition]:
    """One step per gate, one check per table that the step before it wrote."""
    written = {f"{node['schema']}.{table_name(node)}" for node in [*graph.nodes.values(), *graph.sources.values()]}
    suites = gates.gate_suites(settings)
    return [
        _gate(settings, gate, _shown_on(gate, tables, written), suites[gate])
        for gate, tables in graph.gates.items()
        if tables
    ]


def _gate(
    settings: Settings, gate: str, shown_on: Mapping[str, str], suites: Sequence[Suite]
) -> dg.AssetChecksDefinition:
    specs = [_spec(gate, table, shown_on, suites) for table in sorted(set(shown_on.values()))]

    @dg.multi_asset_check(
        name=f"gate_{gate}", specs=specs, required_resource_keys={"home"}, can_subset=True, description=_RULE[gate]
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        report = context.resources.home.hold(gate)  # all of it, whichever of its tables were chosen
        chosen = {key.asset_key for key in context.selected_asset_check_keys}
        by_table: dict[str, list[gates.CheckResult]] = {table: [] for table in shown_on.values()}
        first = next(iter(by_table))  # for tables that match a pattern and that no dbt model reads
        for result in report.results:
            by_table[shown_on.get(f"{result.schema}.{result.table}", first)].append(result)
        for table, results in by_table.items():
            if dg.AssetKey(table.split(".")) in chosen:
                yield _table_result(gate, table, results)

    return check


def _spec(gate: str, table: str, shown_on: Mapping[str, str], suites: Sequence[Suite]) -> dg.AssetCheckSpec:
    """The check of one table: what it holds, in words and as a table of rules."""
    names = {name for name, place in shown_on.items() if place == table}
    rules = [(suite, entry) for suite in suites if names & {*matching(suite, names)} for entry in suite.entries]
    critical = sum(entry.severity == "critical" for _, entry in rules)
    return dg.AssetCheckSpec(
        f"gate_{gate}",
        asset=table.split("."),
        blocking=True,
        description=f"{_RULE[gate]} Here {len(rules)} rules, {critical} of them critical.",
        metadata={"rules": _rule_table(_rule_row(suite, entry) for suite, entry in rules)},
    )


def _rule_row(suite: Suite, entry: Entry) -> dict[str, str]:
    arguments = {name: value for name, value in entry.kwargs.items() if name != "column"}
    return {
        "table": f"{suite.schema}.{suite.table}",
        "column": str(entry.kwargs.get("column", "")),
        "rule": entry.expectation,
        "arguments": _short(", ".join(f"{name}: {value}" for name, value in arguments.items())),
        "severity": entry.severity,
        "because": entry.because,
    }


def _short(text: str) -> str:
    one_line = " ".join(text.replace("\\n", " ").split())
    return one_line if len(one_line) <= LONGEST else f"{one_line[:LONGEST]} ..."


def _rule_table(rows: Iterable[Mapping[str, str]], *more: str) -> dg.TableMetadataValue:
    columns = [dg.TableColumn(name) for name in (*more, *RULE_COLUMNS)]
    return dg.MetadataValue.table([dg.TableRecord(dict(row)) for row in rows], dg.TableSchema(columns))


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
    rows = (
        {
            "outcome": result.outcome,
            "observed": result.observed or "",
            "table": f"{result.schema}.{result.table}",
            "column": result.column or "",
            "rule": result.expectation,
            "arguments": _short(result.kwargs),
            "severity": result.severity,
            "because": result.because,
        }
        for result in sorted(results, key=lambda result: result.outcome == "passed")
    )
    metadata: dict[str, Any] = {
        "checks": len(results),
        "failed": len(failed),
        "rules": _rule_table(rows, "outcome", "observed"),
        **{f"failed {number}": result.sentence for number, result in enumerate(failed, 1)},
    }
    return dg.AssetCheckResult(
        asset_key=table.split("."),
        check_name=f"gate_{gate}",
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR if critical else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )
