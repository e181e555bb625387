"""Runs models of the dbt project on any DuckDB connection, without starting dbt.

`almanac match FILE` and the nightly job must never drift apart, so both use the same files: dbt renders them at night,
the few functions below render them here. Only what those models use is understood: ref, source, macros and seeds.
"""

from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import yaml

from pipelines.errors import AlmanacError
from pipelines.home.settings import DBT_PROJECT

MATCHING = (
    "mtc_keyed_records",
    "mtc_systems",
    "mtc_frequencies",
    "mtc_records",
    "mtc_totals",
    "mtc_blocks",
    "mtc_capped_blocks",
    "mtc_candidates",
    "mtc_certain_links",
    "mtc_evidence",
    "mtc_prior",
    "mtc_pairs",
)
SCHEMAS = {"stg": "staging", "mtc": "matching", "int": "intermediate"}


class _MacroReturn(Exception):
    """Carries the value that a macro passes to dbt's `return`: a value instead of text."""


def _return(value: object) -> None:
    raise _MacroReturn(value)


def _value_of(macro: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: object, **named: object) -> object:
        try:
            return macro(*arguments, **named)
        except _MacroReturn as result:
            return result.args[0]

    return call


def relation(name: str) -> str:
    """The table of a model or seed: the prefix names the schema, seeds live in policy."""
    return f"{SCHEMAS.get(name.split('_')[0], 'policy')}.{name}"


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, extensions=["jinja2.ext.do"])
    environment.globals.update(ref=relation, source=lambda schema, table: f"{schema}.{table}", **{"return": _return})
    environment.globals.update(config=lambda **settings: "")
    for path in sorted((DBT_PROJECT / "macros").glob("*.sql")):
        module = environment.from_string(path.read_text(encoding="utf-8")).module
        macros = {name: value for name, value in vars(module).items() if isinstance(value, jinja2.runtime.Macro)}
        environment.globals.update({name: _value_of(macro) for name, macro in macros.items()})
    return environment


def macro_value(name: str, *arguments: object) -> Any:
    """What a macro of the project returns, or the SQL it renders."""
    macro: Any = _environment().globals[name]
    return macro(*arguments)


@cache
def model_sql(name: str) -> str:
    """The SQL of one model of the matching folder."""
    path = DBT_PROJECT / "models" / "matching" / f"{name}.sql"
    return _environment().from_string(path.read_text(encoding="utf-8")).render()


def run_models(connection: duckdb.DuckDBPyConnection, names: Iterable[str] = MATCHING) -> None:
    """Build the tables of the models, in the order given."""
    for name in names:
        connection.execute(f"create or replace {kind_of(name)} {relation(name)} as {model_sql(name)}")


@cache
def kind_of(name: str) -> str:
    """`view` for a model that says so, else `table`."""
    path = DBT_PROJECT / "models" / "matching" / f"{name}.sql"
    return "view" if "config(materialized='view')" in path.read_text(encoding="utf-8") else "table"


def load_seed(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    """Load a policy CSV with the column types that its YAML declares."""
    types = _seed_types(name)
    listed = ", ".join(f"'{column}': '{kind}'" for column, kind in types.items())
    connection.execute("create schema if not exists policy")
    try:
        connection.execute(
            f"create or replace table policy.{name} as"
            f" select * from read_csv(?, header = true, columns = {{{listed}}})",
            [str(path)],
        )
    except duckdb.Error as error:
        raise AlmanacError(f"{path}: expected the columns {', '.join(types)}: {error}") from error


@cache
def _seed_types(name: str) -> dict[str, str]:
    for path in sorted((DBT_PROJECT / "seeds").glob("*.yml")):
        for seed in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("seeds", []):
            if seed["name"] == name:
                return {column["name"]: column["data_type"] for column in seed["columns"]}
    raise AlmanacError(f"seed {name}: no YAML in dbt_project/seeds declares its columns and their data_type")
