"""What of the status anybody may read: served tables without old names, and no word that quotes a cell."""

from datetime import date
from pathlib import Path

import duckdb
import gate_homes as homes
import polars as pl
import pytest
from serving_world import FINISHED, held, serve

from pipelines.gates import gates
from pipelines.home import state
from pipelines.home.settings import Settings
from pipelines.serving import status_tables

pytestmark = pytest.mark.fast
MORE = "`almanac status` says more"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return homes.home(tmp_path)


def test_served_tables_are_listed_by_their_new_names_while_others_read_them(settings: Settings) -> None:
    with held(serve(settings)):
        served = status_tables.collect(settings)["served"]
        assert status_tables.served_run(settings.served_file) == "r1"
    assert served.select("run_id", "schema_name", "table_name", "row_count").rows() == [
        ("r1", "marts", "quotes", 0), ("r1", "marts", "revenue", 2),
    ]  # fmt: skip
    settings.served_file.write_bytes(b"not a database")
    assert status_tables.collect(settings)["served"].is_empty()


def test_reasons_that_may_quote_a_file_are_replaced_by_their_code(settings: Settings) -> None:
    rows = "('a', 'no_header', 'Anna Maier'), ('b', 'empty_file', 'has no row'), ('c', '', 'told'), ('d', null, 'old')"
    homes.execute(
        settings,
        "create table control.files as select *, 'Anna: 138' as warnings "
        f"from (values {rows}) as t (path, reason_code, reason)",
    )
    files = status_tables.collect(settings)["files"]
    shown = [("a", f"no header: {MORE}"), ("b", "has no row"), ("c", "told"), ("d", "old")]
    assert files.select("path", "reason").rows() == shown
    assert files["warnings"].to_list() == [None] * 4
    homes.execute(settings, "alter table control.files drop warnings")
    assert status_tables.collect(settings)["files"].select("path", "reason").rows() == shown
    homes.execute(settings, "alter table control.files drop reason_code")  # as before there were codes
    assert status_tables.collect(settings)["files"]["reason"][0] == "Anna Maier"


def test_examples_are_shown_of_served_tables_alone_in_the_order_of_the_checks(settings: Settings) -> None:
    schemas = ["raw", "marts", "forecast", "outlook"] * 15
    for run_id, day in (("r2", 1), ("r1", 2)):
        found = {"run_id": run_id, "as_of": date(2025, 3, day), "unexpected_examples": "x", "unexpected_keys": "k"}
        rows = [{**found, "schema_name": schema, "table_name": f"t{n}"} for n, schema in enumerate(schemas)]
        state.append(settings, "quality", run_id, pl.DataFrame(rows, schema=gates.RESULT_COLUMNS))
    results = status_tables.collect(settings)["results"]
    assert results["run_id"].to_list() == ["r2"] * 60 + ["r1"] * 60, "by their days"
    assert results["table_name"].to_list() == [f"t{n}" for n in range(60)] * 2
    shown = [(None, None) if schema == "raw" else ("x", "k") for schema in schemas] * 2
    assert results.select("unexpected_examples", "unexpected_keys").rows() == shown


def test_what_an_error_quotes_is_left_out_of_the_runs() -> None:
    told = {"run_id": ["r2", "r1"], "started_at": [FINISHED] * 2, "message": ["no 'Anna's' \"138\" here", "disk full"]}
    assert status_tables.public_runs(pl.DataFrame(told))["message"].to_list() == ["disk full", "no ... here"]


def test_a_status_file_holds_and_explains_the_tables_that_it_was_given(tmp_path: Path) -> None:
    status_tables.write(tmp_path / "s.duckdb", {"runs": pl.DataFrame({"run_id": ["r1"]})})
    with duckdb.connect(str(tmp_path / "s.duckdb")) as connection:
        found = connection.execute("select schema_name, table_name, comment from duckdb_tables()").fetchall()
        assert found == [("quality", "runs", status_tables.ABOUT["runs"])]
        assert connection.execute("select run_id from quality.runs").fetchall() == [("r1",)]
