"""What BI tools read instead of guessing: metrics that are those of the KPI catalogue, and how tables join."""

import ast
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from conftest import Built, found

from pipelines.bi import STARTERS, tools, write_starter
from pipelines.bi.superset_bundle import CHARTS, write_bundle

MODELS = STARTERS / "metricflow" / "models"


def read(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((MODELS / name).read_text(encoding="utf-8")))


def simple_metrics() -> dict[str, str]:
    """Each simple metric as a query of its value by month, from nothing but the definitions."""
    queries = {}
    measures = {
        measure["name"]: (model, measure)
        for model in read("semantic_models.yml")["semantic_models"]
        for measure in model["measures"]
    }
    for metric in read("metrics.yml")["metrics"]:
        if metric["type"] == "simple":
            model, measure = measures[metric["type_params"]["measure"]]
            table = model["model"].removeprefix("ref('served_").removesuffix("')")
            day = measure.get("agg_time_dimension", model["defaults"]["agg_time_dimension"])
            value = f"{measure['agg']}({measure['expr']})"
            queries[metric["name"]] = (
                f"select date_trunc('month', {day})::date, {value} from marts.{table}"
                f" where {day} is not null group by all"
            )
    return queries


def test_each_metric_has_the_values_of_the_kpi_catalogue(built: Built) -> None:
    with duckdb.connect(str(built.served), read_only=True) as connection:
        values = {name: dict(connection.execute(query).fetchall()) for name, query in simple_metrics().items()}
        for metric in read("metrics.yml")["metrics"]:
            if metric["type"] == "ratio":
                above, below = (values[metric["type_params"][part]] for part in ("numerator", "denominator"))
                values[metric["name"]] = {month: (above.get(month) or 0) / n for month, n in below.items() if n}
        known = connection.execute(
            "select kpi, period_start, value from marts.kpi_values where dimension = 'total' and period = 'month'"
        ).fetchall()
    compared = [(kpi, month, value) for kpi, month, value in known if kpi in values and value is not None]
    assert {kpi for kpi, _, _ in compared} >= {
        "bookings",
        "win_rate",
        "average_deal",
        "cycle_days",
        "revenue",
        "margin_rate",
    }
    for kpi, month, value in compared:
        found = values[kpi].get(month) or 0
        assert float(found) == pytest.approx(value, rel=1e-9, abs=1e-6), (kpi, month)


def test_a_starter_is_a_dbt_project_over_a_copy_that_may_be_written_to(built: Built, tmp_path: Path) -> None:
    assert tools() == ["marimo", "metricflow", "superset"]
    folder = write_starter("metricflow", built.served, tmp_path / "bi")
    with duckdb.connect(str(folder / "almanac.duckdb")) as connection:
        for path in found((folder / "models").glob("*.sql")):
            table = path.read_text(encoding="utf-8").split("'")[-2]
            source = f"{{{{ source('marts', '{table}') }}}}"
            rows = connection.execute(path.read_text(encoding="utf-8").replace(source, f"marts.{table}")).fetchmany(1)
            assert rows, path.name
        for model in read("semantic_models.yml")["semantic_models"]:
            table = model["model"].removeprefix("ref('served_").removesuffix("')")
            named = [*model["entities"], *model["dimensions"]]
            listed = ", ".join(one.get("expr", one["name"]) for one in named)
            assert connection.execute(f"select {listed} from marts.{table} limit 1").fetchall()


def test_every_query_of_the_notebook_has_rows(built: Built, tmp_path: Path) -> None:
    """marimo itself is not installed here: its cells are functions, and what they ask is text."""
    folder = write_starter("marimo", built.served, tmp_path / "notebook")
    tree = ast.parse((folder / "notebook.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".sql")]
    assert len(calls) == 4
    with duckdb.connect(str(folder / "almanac.duckdb")) as connection:
        for call in calls:
            assert connection.execute(ast.literal_eval(call.args[0])).fetchall(), ast.unparse(call)


def test_tables_join_as_the_file_says(built: Built) -> None:
    with duckdb.connect(str(built.served), read_only=True) as connection:
        rows = connection.execute("from control.relationships").fetchall()
        assert ("marts", "opportunities", "customer_id", "marts", "customers", "customer_id", 0) in rows
        assert ("marts", "customers", "customer_id", "marts", "customers", "customer_id", 0) not in rows
        for schema, table, column, to_schema, to_table, to_column, without in rows:
            found = connection.execute(
                f"select count(*) from {schema}.{table} as one where one.{column} is not null"
                f" and one.{column} not in (select {to_column} from {to_schema}.{to_table})"
            ).fetchall()
            assert found == [(without,)], (schema, table, column)


def test_the_dashboard_for_superset_asks_only_for_what_is_served(built: Built, tmp_path: Path) -> None:
    bundle = write_starter("superset", built.served, tmp_path / "bundle")
    charts = yaml.safe_load(CHARTS.read_text(encoding="utf-8"))
    with zipfile.ZipFile(bundle) as packed, duckdb.connect(str(built.served), read_only=True) as connection:
        files = {name: yaml.safe_load(packed.read(name)) for name in packed.namelist()}
        for chart in charts:
            asked = [*chart.get("values", {}).values(), *chart.get("columns", ())]
            query = f"select {', '.join(asked)} from {chart['table']} where {chart.get('where', 'true')}"
            connection.execute(query)  # it can be asked; a company may have no alert
            described = files[f"almanac/datasets/Almanac/{chart['table']}.yaml"]["columns"]
            assert all(column["description"] for column in described)
    known = {content["uuid"] for content in files.values() if "uuid" in content}
    assert {content["dataset_uuid"] for content in files.values() if "dataset_uuid" in content} <= known
    assert len(known) == 2 + 2 * len(charts)  # a database, a dashboard, a dataset and a chart each


def test_superset_gets_a_login_that_reads_and_a_file_that_reads_no_other(built: Built, tmp_path: Path) -> None:
    server = read_database(write_bundle(built.served, tmp_path / "server", "postgres://writer@db.example.com/bi"))
    assert server["sqlalchemy_uri"] == "postgresql+psycopg2://almanac_bi@db.example.com/bi"  # not who writes the tables
    file = read_database(write_bundle(built.served, tmp_path / "file"))
    arguments = file["extra"]["engine_params"]["connect_args"]
    with (
        duckdb.connect(str(built.served.resolve()), **arguments) as connection,
        pytest.raises(duckdb.PermissionException),
    ):
        connection.execute(f"select * from read_text('{Path(__file__)}')")


def read_database(bundle: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((bundle.parent / "databases" / "Almanac.yaml").read_text(encoding="utf-8")))
