"""A table is stale when what decides its rows has changed, and only then."""

from pathlib import Path

import gate_homes as homes
import pytest

from pipelines.contracts import load_contracts
from pipelines.home.settings import SHIPPED_SOURCES
from pipelines.orchestration import versions

pytestmark = pytest.mark.fast


def manifest(macro: str = "select 1", other: str = "select 1") -> dict:
    def one(sql: str, *calls: str) -> dict:
        return {"package_name": "almanac", "macro_sql": sql, "depends_on": {"macros": list(calls)}}

    macros = {"macro.a": one("{{ b() }}", "macro.b"), "macro.b": one(macro), "macro.c": one(other)}
    return {"macros": macros}


NODE = {
    "resource_type": "model",
    "package_name": "almanac",
    "raw_code": "select {{ a() }}",
    "depends_on": {"macros": ["macro.a", "macro.dbt.ref"]},
}


def test_a_model_follows_its_sql_and_every_macro_below_it() -> None:
    version = versions.of_node(manifest(), NODE)
    assert versions.of_node(manifest(), {**NODE, "raw_code": "select 2"}) != version
    assert versions.of_node(manifest(macro="select 2"), NODE) != version
    assert versions.of_node(manifest(other="select 2"), NODE) == version


def test_a_seed_follows_its_rows() -> None:
    seed = {"resource_type": "seed", "checksum": {"name": "sha256", "checksum": "abc"}}
    assert versions.of_node(manifest(), seed) == "abc"


def test_a_raw_table_follows_the_contracts_of_its_exports_and_a_forecast_its_configuration(tmp_path: Path) -> None:
    settings = homes.home(tmp_path)
    contracts = load_contracts(SHIPPED_SOURCES)
    fewer = {name: contract for name, contract in contracts.items() if name != "salesforce"}

    def of(schema: str, table: str, known: dict = contracts) -> str:
        return versions.of_table(settings, known, schema, table)

    assert of("raw", "opportunities") != of("raw", "opportunities", fewer)
    assert of("raw", "surveys") == of("raw", "surveys", fewer)
    before = of("forecast", "values")
    assert settings.config
    (settings.config / "forecasts.yml").write_text("tier: naive\n")
    assert of("forecast", "values") != before
