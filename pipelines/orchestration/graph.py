"""The asset graph read from what declares it: contracts, dbt's manifest and the suites of the gates."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator

# Which gate must have passed before a dbt step may begin.
GATE_BEFORE = {"staging_and_matching": "raw", "marts": "clean", "outlook": "forecast"}
RAW_SCHEMAS = ("raw", "control", "quality")


def table_name(node: Mapping[str, Any]) -> str:
    """What the table of a node is called in its schema: a model may not share its name with a seed, its table may."""
    return node.get("alias") or node["name"]


@dataclass(frozen=True)
class Graph:
    """What is known of the flow before anything runs.

    systems: source system -> canonical objects it exports. gates: gate -> `schema.table` of its suites. manifest: what
    stands in the file, not its path: dagster-dbt would keep what it first read there for as long as the process lives.
    """

    manifest: Mapping[str, Any]
    nodes: Mapping[str, Any]
    sources: Mapping[str, Any]
    systems: Mapping[str, Sequence[str]]
    gates: Mapping[str, Sequence[str]]

    @classmethod
    def load(
        cls,
        project: Path,
        systems: Mapping[str, Sequence[str]],
        gates: Callable[[Iterable[str]], Mapping[str, Sequence[str]]],
    ) -> "Graph":
        """The graph of a prepared dbt project. gates: told every `schema.table`, says which each gate looks at."""
        manifest = project / "target" / "manifest.json"
        parsed = json.loads(manifest.read_text(encoding="utf-8"))
        models = [node for node in parsed["nodes"].values() if node["resource_type"] == "model"]
        known = [f"{node['schema']}.{table_name(node)}" for node in [*models, *parsed["sources"].values()]]
        return cls(parsed, parsed["nodes"], parsed["sources"], systems, gates(known))

    def inbox_specs(self) -> list[dg.AssetSpec]:
        """One external asset per source system: the exports that arrive without our doing."""
        return [
            dg.AssetSpec(["inbox", system], group_name="inbox", description=f"Exports of {system}.", kinds={"file"})
            for system in self.systems
        ]

    def raw_specs(self) -> list[dg.AssetSpec]:
        """The tables that ingestion writes, each below the systems that export it."""
        return [spec for schema in RAW_SCHEMAS for spec in self.source_specs(schema)]

    def raw_keys(self) -> list[dg.AssetKey]:
        """Keys of the raw tables alone."""
        return [spec.key for spec in self.source_specs("raw")]

    def source_specs(self, schema: str, deps: Iterable[dg.AssetKey] = ()) -> list[dg.AssetSpec]:
        """The tables of a schema that Python writes and dbt reads."""
        tables = [source for source in self.sources.values() if source["schema"] == schema]
        return [
            dg.AssetSpec(
                [schema, table["name"]],
                deps=[*deps, *self._exporting_systems(schema, table["name"])],
                description=table["description"],
                group_name=schema,
                kinds={"python", "duckdb"},
            )
            for table in sorted(tables, key=lambda table: table["name"])
        ]

    def models(self, *schemas: str) -> list[dg.AssetKey]:
        """Keys of the models of these schemas."""
        models = (node for node in self.nodes.values() if node["resource_type"] == "model")
        names = ((node["schema"], table_name(node)) for node in models)
        return [dg.AssetKey(name) for name in sorted(names) if name[0] in schemas]

    def served(self) -> list[dg.AssetKey]:
        """Keys of all that is published."""
        return [*self.models("marts", "outlook"), *(spec.key for spec in self.source_specs("forecast"))]

    def gate_inputs(self, step: str) -> list[dg.AssetKey]:
        """What a dbt step must wait for beyond its own sources: the tables that Python wrote and the gate looked at."""
        written = {spec.key for schema in (*RAW_SCHEMAS, "resolved", "forecast") for spec in self.source_specs(schema)}
        tables = (dg.AssetKey(table.split(".")) for table in self.gates.get(GATE_BEFORE[step], ()))
        return [key for key in tables if key in written]

    def _exporting_systems(self, schema: str, table: str) -> list[dg.AssetKey]:
        if schema != "raw":
            return []
        return [dg.AssetKey(["inbox", system]) for system, objects in self.systems.items() if table in objects]


class Translator(DagsterDbtTranslator):
    """Dagster's usual names for dbt, plus the tables of the gate before the step as upstream of its first model.

    One model is enough to make the whole step wait, and keeps the drawn graph readable.
    """

    def __init__(self, gate_inputs: Sequence[dg.AssetKey]) -> None:
        """gate_inputs: tables whose blocking checks must have passed."""
        super().__init__()
        self._gate_inputs = list(gate_inputs)
        self._first: str | None = None

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: Any) -> dg.AssetSpec:
        """The spec of one node."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        if manifest["nodes"].get(unique_id, {}).get("resource_type") != "model":
            return spec
        self._first = self._first or unique_id
        if unique_id != self._first:
            return spec
        known = {spec.key, *(dep.asset_key for dep in spec.deps)}
        return spec.merge_attributes(deps=[key for key in self._gate_inputs if key not in known])

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """An asset is called what its table is called: schema and alias."""
        if dbt_resource_props["resource_type"] != "model":
            return super().get_asset_key(dbt_resource_props)
        return dg.AssetKey([dbt_resource_props["schema"], table_name(dbt_resource_props)])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Layers are the groups people see."""
        return dbt_resource_props["schema"]
