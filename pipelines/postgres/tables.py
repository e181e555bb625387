"""What the served file holds and the server has: tables with their columns, types, comments and keys."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipelines.home.warehouse import quoted
from pipelines.postgres.server import Server

SCHEMAS = ("marts", "forecast", "outlook")
BASE = "almanac"
INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
FIXED = {"BOOLEAN": "boolean", "DATE": "date", "TIMESTAMP": "timestamp", "DOUBLE": "double precision"}
FIXED |= {"FLOAT": "double precision", "TIME": "time", "BLOB": "bytea", "HUGEINT": "numeric", "UBIGINT": "numeric"}
# Column to the table whose key it is, where that table is served with this key.
REFERENCES = {
    "customer_id": ("marts", "customers"),
    "opportunity_id": ("marts", "opportunities"),
    "unique_id": ("forecast", "series"),
    "rep_id": ("marts", "reps"),
    "stage_code": ("marts", "stages"),
    "target_id": ("marts", "targets"),
}
Name = tuple[str, str]


@dataclass(frozen=True)
class Table:
    """One served table. columns: name to PostgreSQL's type, in order; comments: of columns; key: its grain if known."""

    name: Name
    columns: Mapping[str, str]
    nested: frozenset[str] = frozenset()
    comment: str = ""
    comments: Mapping[str, str] = field(default_factory=dict)
    key: tuple[str, ...] = ()

    @property
    def base(self) -> str:
        """The base table, which nobody but the owner reads."""
        return f"{BASE}.{quoted('__'.join(self.name))}"

    def part(self, number: int) -> str:
        """The part of the base table that holds one run."""
        return f"{BASE}.{quoted(self.part_name(number))}"

    def part_name(self, number: int) -> str:
        """The name of that part, without its schema."""
        return f"{'__'.join(self.name)}_r{number}"

    @property
    def view(self) -> str:
        """The view of the current run."""
        return f"{quoted(self.name[0])}.{quoted(self.name[1])}"

    @property
    def mine(self) -> str:
        """The view that a manager reads."""
        return f"mine.{quoted('_'.join(self.name))}"


def served_tables(
    server: Server, keys: Mapping[Name, tuple[str, ...]], has_key: Mapping[str, bool]
) -> dict[Name, Table]:
    """The tables of the served file, old names of renamed ones left out.

    has_key: by base table that the server has, whether with a key: the others get theirs if the rows keep it.
    """
    query = """
        select columns.schema_name, columns.table_name, columns.column_name, columns.data_type, columns.comment,
            tables.comment
        from duckdb_columns() as columns
        join duckdb_tables() as tables using (database_name, schema_name, table_name)
        where database_name = 'served' and list_contains(?, columns.schema_name)
        order by columns.schema_name, columns.table_name, columns.column_index
    """
    tables: dict[Name, Table] = {}
    for schema, table, column, kind, comment, about in server.connection.execute(query, [list(SCHEMAS)]).fetchall():
        before = tables.get((schema, table)) or Table((schema, table), {}, comment=about or "")
        nested = before.nested | ({column} if _is_nested(kind) else frozenset())
        comments = {**before.comments, **({column: comment} if comment else {})}
        columns = {**before.columns, column: _type(kind)}
        tables[schema, table] = Table((schema, table), columns, nested, about or "", comments)
    for name, table in tables.items():
        key, base = keys.get(name, ()), "__".join(name)
        if (
            key
            and set(key) <= set(table.columns)
            and (has_key[base] if base in has_key else _is_kept(server, table, key))
        ):
            tables[name] = replace(table, key=key)
    return tables


def _is_nested(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION"))


def _type(kind: str) -> str:
    """Wide types, so that a column seldom changes its own; what PostgreSQL has no equal of is text."""
    if kind in INTEGERS:
        return "bigint"
    return "numeric" if kind.startswith("DECIMAL") else FIXED.get(re.sub(r"_(S|MS|NS)$", "", kind), "text")


def _is_kept(server: Server, table: Table, key: tuple[str, ...]) -> bool:
    """Whether the rows keep the key: no null and no two alike."""
    listed = ", ".join(map(quoted, key))
    empty = " or ".join(f"{quoted(column)} is null" for column in key)
    query = f"select 1 from served.{table.view} group by {listed} having count(*) > 1 or bool_or({empty}) limit 1"
    return not server.connection.execute(query).fetchall()


def keys_of(manifest: Path) -> dict[Name, tuple[str, ...]]:
    """The grain of each dbt model, as its tests hold it; none without a manifest."""
    if not manifest.is_file():
        return {}
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
    grains: dict[Name, tuple[str, ...]] = {}
    for node in nodes.values():
        test = node.get("test_metadata") or {}
        model = nodes.get(node.get("attached_node") or "")
        if model and test.get("name") == "grain":
            grains[model["schema"], model.get("alias") or model["name"]] = tuple(test["kwargs"]["columns"])
    return grains


def known_columns(server: Server) -> dict[str, dict[str, str]]:
    """Base table (schema__table) to its columns and their types, as the server has them."""
    query = f"""
        select relation.relname, attribute.attname, format_type(attribute.atttypid, null)
        from pg_attribute as attribute
        join pg_class as relation on relation.oid = attribute.attrelid
        join pg_namespace as space on space.oid = relation.relnamespace
        where space.nspname = '{BASE}' and relation.relkind = 'p' and attribute.attnum > 0
            and not attribute.attisdropped and relation.relname like '%\\_\\_%'
        order by relation.relname, attribute.attnum
    """
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in server.rows(query):
        if column != "run_no":
            found.setdefault(table, {})[column] = str(kind).removesuffix(" without time zone")
    return found


def keyed(server: Server) -> set[str]:
    """The base tables that have a primary key."""
    query = f"""
        select relation.relname from pg_constraint as constraints
        join pg_class as relation on relation.oid = constraints.conrelid
        where constraints.contype = 'p' and constraints.connamespace = '{BASE}'::regnamespace and relation.relkind = 'p'
    """
    return {name for (name,) in server.rows(query)}


def leftovers(server: Server) -> list[str]:
    """Parts that a publisher filled and never attached: it died."""
    query = f"""
        select relation.relname from pg_class as relation
        where relation.relnamespace = '{BASE}'::regnamespace and relation.relkind = 'r'
            and not relation.relispartition and relation.relname ~ '__.*_r[0-9]+$'
    """
    return [f"{BASE}.{quoted(name)}" for (name,) in server.rows(query)]
