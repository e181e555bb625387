"""The grain of a model is tested by a query after the step that builds it, and still stops the run."""

from dataclasses import replace
from pathlib import Path

import dagster as dg
import duckdb
import gate_homes as homes
import pytest

from pipelines import job
from pipelines.errors import AlmanacError
from pipelines.home import warehouse
from pipelines.home.grains import Grain, counted, grains, offenders
from pipelines.orchestration.results import grain_checks

pytestmark = pytest.mark.fast
SALES = Grain("marts", "sales", "grain_sales_region__day", ("region", "day"))
NODES = {
    "model.a.sales": {"resource_type": "model", "name": "sales_v2", "alias": "sales", "schema": "marts"},
    "seed.a.regions": {"resource_type": "seed", "name": "regions", "alias": "regions", "schema": "policy"},
    "test.a.grain_sales_region__day": {
        "resource_type": "test", "name": SALES.test, "attached_node": "model.a.sales",
        "test_metadata": {"name": "grain", "kwargs": {"columns": ["region", "day"]}},
    },
    "test.a.grain_regions": {
        "resource_type": "test", "name": "grain_regions", "attached_node": "seed.a.regions",
        "test_metadata": {"name": "grain", "kwargs": {"columns": ["region"]}},
    },
    "test.a.not_null": {
        "resource_type": "test", "name": "not_null", "attached_node": "model.a.sales",
        "test_metadata": {"name": "not_null", "kwargs": {"column_name": "day"}},
    },
    "test.a.singular": {"resource_type": "test", "name": "adds_up"},
}  # fmt: skip


def test_the_grains_of_models_are_read_from_the_manifest_and_those_of_seeds_left_to_dbt() -> None:
    [found] = grains(NODES)
    assert replace(found, columns=tuple(found.columns)) == SALES


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("('east', 1), ('east', 2), ('west', 1)", 0),
        ("('east', 1), ('east', 1), ('east', 1), ('west', 1)", 1),
        ("('east', null), ('west', 1)", 1),
        ("(null, null), (null, null), ('west', 1), ('west', 1)", 2),
    ],
)
def test_a_key_on_several_rows_or_an_empty_one_is_an_offender(rows: str, found: int) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"create schema marts; create table marts.sales as from (values {rows}) as t(region, day)")
        assert offenders(connection, SALES) == found


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ("(values (0.0::double), (-0.0::double))", 1),
        ("(values ('nan'::double), ('nan'::double))", 1),
        ("(values ('e' || chr(769)), ('é'))", 0),
        ("(values ([1, 2]), ([2, 1]), ([1, 2]))", 1),
        ("(values (1.10::decimal(9, 2)), (1.1::decimal(9, 2)))", 1),
        ("(select 1 where false)", 0),
        ("(select i % 60000 from range(100000) as t(i))", 40000),
        ("(select i from range(100000) as t(i))", 0),
    ],
)
def test_keys_of_every_kind_and_number_are_told_apart_as_grouping_tells_them(keys: str, found: int) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"create schema marts; create table marts.sales as from {keys} as t(region)")
        assert offenders(connection, replace(SALES, columns=("region",))) == found


def test_a_step_of_dagster_says_which_grains_hold() -> None:
    key = dg.AssetCheckKey(dg.AssetKey(["marts", "sales"]), SALES.test)
    with duckdb.connect() as connection:
        connection.execute("create schema marts; create table marts.sales as select 'east' as region, 1 as day")
        [held] = grain_checks(counted(connection, NODES, ("marts",)), {key})
        connection.execute("insert into marts.sales from marts.sales")
        [broken] = grain_checks(found := counted(connection, NODES, ("marts",)), {key})
        assert counted(connection, NODES, ("outlook",)) == []
    assert held.passed and not broken.passed and broken.severity is dg.AssetCheckSeverity.ERROR
    assert (broken.asset_key, broken.check_name) == (key.asset_key, key.name)
    assert list(grain_checks(found, set())) == []  # of tables that this run does not make
    with pytest.raises(AlmanacError, match=r"marts\.sales: 1 keys"):
        job.stop_for_grain(found)


def test_a_table_with_two_rows_of_one_key_stops_a_build_without_dagster(tmp_path: Path) -> None:
    settings = homes.home(tmp_path)
    with warehouse.write(settings) as connection:
        connection.execute("create schema marts; create table marts.sales as select 'east' as region, 1 as day")
    job._stop_for_grain(settings, NODES, "marts")
    homes.execute(settings, "insert into marts.sales from marts.sales")
    job._stop_for_grain(settings, NODES, "outlook")
    with pytest.raises(AlmanacError, match=r"marts\.sales: 1 keys \(region, day\) are empty or on several rows"):
        job._stop_for_grain(settings, NODES, "marts")
