"""The asset graph read from what declares it: contracts, dbt's manifest and the suites of the gates."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator

from pipelines.orchestration import versions

# Which gate must have passed before a dbt step may begin.
GATE_BEFORE = {"staging_and_matching": "raw", "marts": "clean", "outlook": "forecast"}
RAW_SCHEMAS = ("raw", "control", "quality")


def table_name(node: Mapping[str, Any]) -> str:
    """What the table of a node is called in its schema: a model may not share its name with a seed, its table may."""
    return node.get("alias") or node["name"]


BUILT = ("model", "seed")  # what a dbt step makes


@dataclass(frozen=True)
class Graph:
    """What is known of the flow before anything runs.

    inbox: canonical object -> assets of the exports that become it. gates: gate -> `schema.table` of its suites.
    owner: whose the tables are. version: code version of a table that Python writes, by schema and name. manifest: what
    stands in the file, not its path: dagster-dbt would keep what it first read there for as long as the process lives.
    """

    manifest: Mapping[str, Any]
    nodes: Mapping[str, Any]
    sources: Mapping[str, Any]
    inbox: Mapping[str, Sequence[dg.AssetKey]]
    gates: Mapping[str, Sequence[str]]
    owner: str
    version: Callable[[str, str], str]

    @classmethod
    def load(
        cls,
        project: Path,
        inbox: Mapping[str, Sequence[dg.AssetKey]],
        gates: Callable[[Iterable[str]], Mapping[str, Sequence[str]]],
        owner: str,
        version: Callable[[str, str], str],
    ) -> "Graph":
        """The graph of a prepared dbt project. gates: told every `schema.table`, says which each gate looks at."""
        manifest = project / "target" / "manifest.json"
        parsed = json.loads(manifest.read_text(encoding="utf-8"))
        models = [node for node in parsed["nodes"].values() if node["resource_type"] == "model"]
        known = [f"{node['schema']}.{table_name(node)}" for node in [*models, *parsed["sources"].values()]]
        return cls(parsed, parsed["nodes"], parsed["sources"], inbox, gates(known), owner, version)

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
                deps=[*deps, *(self.inbox.get(table["name"], ()) if schema == "raw" else ())],
                description=table["description"],
                group_name=schema,
                kinds={"python", "duckdb"},
                owners=[self.owner],
                code_version=self.version(schema, table["name"]),
                metadata={"dagster/column_schema": _column_schema(table)},
            )
            for table in sorted(tables, key=lambda table: table["name"])
        ]

    def models(self, *schemas: str) -> list[dg.AssetKey]:
        """Keys of the models of these schemas."""
        models = (node for node in self.nodes.values() if node["resource_type"] == "model")
        names = ((node["schema"], table_name(node)) for node in models)
        return [dg.AssetKey(name) for name in sorted(names) if name[0] in schemas]

    def seeds(self) -> list[dg.AssetKey]:
        """Keys of the policy's tables."""
        seeds = (node for node in self.nodes.values() if node["resource_type"] == "seed")
        return [dg.AssetKey([node["schema"], table_name(node)]) for node in seeds]

    def key_of(self, model: str) -> dg.AssetKey:
        """The key of the table of a model or seed."""
        node = next(node for node in self.nodes.values() if node["resource_type"] in BUILT and node["name"] == model)
        return dg.AssetKey([node["schema"], table_name(node)])

    def also(self, chosen: Set[dg.AssetKey], step: Set[dg.AssetKey], was_made: bool) -> set[str]:
        """Models and seeds of a dbt step that were not chosen and are to be made, so that the step is whole afterwards.

        All of them where it was not whole before; else those that stand on a chosen one.
        """
        keys = {
            unique_id: dg.AssetKey([node["schema"], table_name(node)])
            for unique_id, node in self.nodes.items()
            if node["resource_type"] in BUILT
        }
        inside = {unique_id for unique_id, key in keys.items() if key in step}
        made = {unique_id for unique_id in inside if keys[unique_id] in chosen}
        if not was_made:
            return {self.nodes[unique_id]["name"] for unique_id in inside - made}
        below, waiting = set[str](), list(made)
        while waiting:
            parent = waiting.pop()
            found = {
                key for key in inside - made - below if parent in self.nodes[key].get("depends_on", {}).get("nodes", ())
            }
            below |= found
            waiting += found
        return {self.nodes[unique_id]["name"] for unique_id in below}

    def served(self) -> list[dg.AssetKey]:
        """Keys of all that is published."""
        return [*self.models("marts", "outlook"), *(spec.key for spec in self.source_specs("forecast"))]

    def gate_inputs(self, step: str) -> list[dg.AssetKey]:
        """What a dbt step must wait for beyond its own sources: the tables that Python wrote and the gate looked at."""
        written = {spec.key for schema in (*RAW_SCHEMAS, "resolved", "forecast") for spec in self.source_specs(schema)}
        tables = (dg.AssetKey(table.split(".")) for table in self.gates.get(GATE_BEFORE[step], ()))
        return [key for key in tables if key in written]


def _column_schema(table: Mapping[str, Any]) -> dg.TableSchema:
    """The columns of a table as its YAML describes them; their types come with the first run."""
    described = table["columns"].values()
    return dg.TableSchema([dg.TableColumn(column["name"], "?", column.get("description")) for column in described])


def promise(test: Mapping[str, Any]) -> str:
    """What a dbt test holds, in a sentence."""
    generic = test.get("test_metadata")
    if generic:
        arguments = {name: value for name, value in generic["kwargs"].items() if name != "model"}
        return f"{generic['name']}: " + "; ".join(f"{name} {_listed(value)}" for name, value in arguments.items())
    code = (line.strip() for line in test.get("raw_code", "").splitlines())
    comment = takewhile(lambda line: line.startswith("--"), dropwhile(lambda line: not line.startswith("--"), code))
    return " ".join(line.lstrip("- ") for line in comment)


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


class Translator(DagsterDbtTranslator):
    """Dagster's usual names for dbt, plus the tables of the gate before the step as upstream of its first model.

    One model is enough to make the whole step wait, and keeps the drawn graph readable.
    """

    def __init__(self, gate_inputs: Sequence[dg.AssetKey], owner: str) -> None:
        """gate_inputs: tables whose blocking checks must have passed. owner: whose the tables are."""
        super().__init__()
        self._owner = owner
        self._gate_inputs = list(gate_inputs)
        self._first: str | None = None

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: Any) -> dg.AssetSpec:
        """The spec of one node."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = manifest["nodes"].get(unique_id)
        if node:
            spec = spec.replace_attributes(code_version=versions.of_node(manifest, node), owners=[self._owner])
        if not node or node["resource_type"] != "model":
            return spec
        self._first = self._first or unique_id
        if unique_id != self._first:
            return spec
        known = {spec.key, *(dep.asset_key for dep in spec.deps)}
        return spec.merge_attributes(deps=[key for key in self._gate_inputs if key not in known])

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: Any
    ) -> dg.AssetCheckSpec | None:
        """The spec of one dbt test, with what it promises: the comment above its SQL, or its rule in words."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return spec._replace(description=spec.description or promise(manifest["nodes"][unique_id])) if spec else None

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """An asset is called what its table is called: schema and alias."""
        if dbt_resource_props["resource_type"] != "model":
            return super().get_asset_key(dbt_resource_props)
        return dg.AssetKey([dbt_resource_props["schema"], table_name(dbt_resource_props)])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Layers are the groups people see."""
        return dbt_resource_props["schema"]
