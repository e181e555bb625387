"""A table is kept where it would be made of the same rows again, and nowhere else: in a project of five tables."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from jinja2 import Environment

from pipelines.home import dbt
from pipelines.home.settings import DBT_PROJECT, load_settings
from pipelines.serving import descriptions

SALES = "select id, customer, amount from raw.lines where object = 'sales' and day <= (select as_of from control.run)"
MODELS = {
    "sales": SALES,
    "customers": "select customer, sum(amount) as amount from {{ ref('sales') }} group by customer",
    "every_line": "select * from raw.lines",
    "large": "select id from raw.lines where amount > 0",
    "view": "{{ config(materialized='view') }} select id, amount * 2 as amount from raw.lines",
    "view_of_it": "{{ config(materialized='view') }} select id, amount from {{ ref('view') }}",
    "of_a_view": "select id, amount from {{ ref('view_of_it') }}",
    "lists": 'select id, len(parts) as part_count, wait, "end" is not null as is_over from raw.odd',
    "of_a_sample": "select count(*) >= 0 as is_some from raw.lines tablesample 10 percent",
    "of_odd_names": 'select "My Col" from raw.named',
    "hooked": '{{ config(post_hook="insert into {{ this }} values (99)") }} select 1 as id',
    "of_the_day": "select current_date - current_date as days",
    "of_a_file": "select count(*) as files from read_text('FOLDER/dbt_project.yml')",
}
OF_AMOUNTS = {"every_line", "large", "of_a_view"}
COLUMNS = {
    "sales": "id",
    "customers": "amount",
    "every_line": "id",
    "large": "id",
    "of_a_view": "id",
    "of_a_file": "files",
    "lists": "id",
    "of_a_sample": "is_some",
    "of_odd_names": '"My Col"',
    "of_the_day": "days",
}
ALL, NEVER_KEPT = set(COLUMNS), {"of_a_file", "of_the_day", "of_a_sample", "of_odd_names"}
OF_LINES = ALL - {"lists"}
GIVEN = """
    create schema raw; create schema control;
    create table control.run as select date '2026-02-01' as as_of, 'EUR' as base_currency;
    create table raw.lines as select * from (values
        (1, 'sales', 'a', 10, date '2026-01-01', 'x'),
        (2, 'sales', 'b', 20, date '2026-01-02', 'y'),
        (3, 'other', 'c', 5, date '2026-01-03', 'z')
    ) as lines(id, object, customer, amount, day, note);
    create table raw.odd as select 1 as id, cast(null as varchar[]) as parts, interval 30 days as wait, 'x' as "end";
    create table raw.named as select 5 as "My Col";
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project whose tables are made our way, each of which counts as large; all are made."""
    folder = tmp_path_factory.mktemp("kept")
    shutil.copytree(DBT_PROJECT / "macros" / "materializations", folder / "macros")
    shutil.copy(DBT_PROJECT / "macros" / "generate_schema_name.sql", folder / "macros")
    kept = folder / "macros" / "kept.sql"
    text = kept.read_text(encoding="utf-8").replace("return(20000)", "return(0)")
    assert "return(0)" in text
    kept.write_text(text, encoding="utf-8")
    models = {"almanac": {"+materialized": "table", "+schema": "marts"}}
    output = {"type": "duckdb", "path": "work.duckdb", "settings": dbt.RULES}
    for name, told in {
        "dbt_project": {
            "name": "almanac",
            "version": "1.0.0",
            "config-version": 2,
            "profile": "almanac",
            "models": models,
        },
        "profiles": {"almanac": {"target": "home", "outputs": {"home": output}}},
    }.items():
        (folder / f"{name}.yml").write_text(json.dumps(told), encoding="utf-8")
    (folder / "models").mkdir()
    for name, sql in MODELS.items():
        (folder / "models" / f"{name}.sql").write_text(sql.replace("FOLDER", str(folder)), encoding="utf-8")
    with duckdb.connect(str(folder / "work.duckdb")) as connection:
        connection.execute(GIVEN)
    with dbt.host():
        dbt.dbt(folder, "parse")
        dbt.dbt(folder, "run")
        yield folder


def made_after(project: Path, change: str, *options: str) -> set[str]:
    """The models that a run makes anew after a change; what stands afterwards is what their SQL says."""
    with duckdb.connect(str(project / "work.duckdb")) as connection:
        for table, column in COLUMNS.items():  # a default goes away with the table that has it
            connection.execute(f"alter table marts.{table} alter {column} set default 0")
        connection.execute(change)
    dbt.dbt(project, "run", *options)
    with duckdb.connect(str(project / "work.duckdb"), read_only=True) as connection:
        for name in COLUMNS:
            sql = (project / "models" / f"{name}.sql").read_text(encoding="utf-8")
            sql = sql.replace("{{ ref('sales') }}", f"({SALES})").replace("{{ ref('view_of_it') }}", "marts.view_of_it")
            rows = connection.execute(f"{sql} order by all").fetchall()
            assert connection.execute(f"from marts.{name} order by all").fetchall() == rows, name
        marked = connection.execute("select table_name from duckdb_columns() where column_default = '0'").fetchall()
    return set(COLUMNS) - {name for (name,) in marked}


@pytest.mark.parametrize(
    ("change", "made"),
    [
        pytest.param("select 1", set(), id="nothing"),
        pytest.param("create or replace table raw.lines as from raw.lines order by id desc", set(), id="order"),
        pytest.param("update control.run set base_currency = 'CNY'", set(), id="a column that no model reads"),
        pytest.param("update raw.lines set note = 'new'", {"every_line"}, id="a column that one model reads"),
        pytest.param(
            "update control.run set as_of = as_of + 1", {"sales"}, id="a day that leaves the rows as they are"
        ),
        pytest.param("update raw.lines set amount = 7 where id = 3", OF_AMOUNTS, id="another object's row"),
        pytest.param("update raw.lines set amount = 11 where id = 1", OF_LINES, id="a value"),
        pytest.param("update raw.lines set amount = 31 - amount where id < 3", OF_LINES, id="two values change places"),
        pytest.param("update raw.lines set amount = null where id = 2", OF_LINES, id="a value that is gone"),
        pytest.param("insert into raw.lines from raw.lines where id = 1", OF_LINES, id="a row that stands there twice"),
        pytest.param(
            "insert into raw.lines from raw.lines where id = 1", OF_LINES, id="a row that stands there four times"
        ),
        pytest.param("delete from raw.lines where id = 2", OF_LINES, id="a row that is gone"),
        pytest.param("update raw.odd set parts = []", {"lists"}, id="a list that is empty and no longer unknown"),
        pytest.param("update raw.odd set parts = [null]", {"lists"}, id="a list of nothing"),
        pytest.param(
            "create or replace table raw.odd as select * replace (interval 1 month as wait) from raw.odd",
            {"lists"},
            id="a month instead of 30 days",
        ),
        pytest.param("update raw.odd set \"end\" = 'y'", {"lists"}, id="a column that is called like a word of SQL"),
        pytest.param('update raw.named set "My Col" = 6', set(), id="a name of two words"),
        pytest.param("alter table raw.lines alter amount type bigint", OF_LINES, id="a type"),
    ],
)
def test_only_what_reads_a_change_is_made_anew(project: Path, change: str, made: set[str]) -> None:
    assert made_after(project, change) == made | NEVER_KEPT


def test_a_filter_that_all_rows_had_passed_is_read_as_well(project: Path) -> None:
    """Statistics would leave the filter out of the plan, and its column with it."""
    made_after(project, "update raw.lines set amount = 1")
    assert "large" in made_after(project, "update raw.lines set amount = -1 where id = 3")


def test_a_table_that_somebody_dropped_is_made_again(project: Path) -> None:
    assert made_after(project, "drop table marts.customers") == {"customers", *NEVER_KEPT}


def test_a_table_that_somebody_replaced_is_made_again(project: Path) -> None:
    """Another release, say, that knows nothing of what is kept."""
    assert made_after(project, "create or replace table marts.sales as select 777 as id") >= {"sales"}


def test_a_table_with_a_hook_is_made_again_before_it(project: Path) -> None:
    made_after(project, "select 1")
    with duckdb.connect(str(project / "work.duckdb"), read_only=True) as connection:
        assert connection.execute("from marts.hooked order by all").fetchall() == [(1,), (99,)]


def test_what_a_table_was_made_of_is_not_served_as_its_description(project: Path) -> None:
    with duckdb.connect(str(project / "work.duckdb"), read_only=True) as connection:
        noted = connection.execute("select comment from duckdb_tables() where table_name = 'sales'").fetchall()[0][0]
        assert re.fullmatch(r" Made of \w{32}", noted)
        assert descriptions._comments(connection)["marts", "sales", None] == ""


def test_a_full_run_keeps_nothing(project: Path) -> None:
    assert made_after(project, "select 1", "--full-refresh") == ALL


def test_other_sql_is_another_table(project: Path) -> None:
    (project / "models" / "large.sql").write_text("select id from raw.lines where amount >= 0", encoding="utf-8")
    dbt.dbt(project, "parse")
    assert made_after(project, "select 1") == {"large", *NEVER_KEPT}


def test_a_view_that_says_something_else_is_another_table(project: Path) -> None:
    (project / "models" / "view.sql").write_text(MODELS["view"].replace("* 2", "* 3"), encoding="utf-8")
    dbt.dbt(project, "parse")
    assert made_after(project, "select 1") == {"of_a_view", *NEVER_KEPT}


def test_what_asks_the_time_or_draws_numbers_is_never_kept(project: Path) -> None:
    """Every function of DuckDB that does not give the same for the same, and the names that stand for one."""
    text = (project / "macros" / "kept.sql").read_text(encoding="utf-8")
    known = {"modules": SimpleNamespace(re=re), "return": str}
    asks = Environment(extensions=["jinja2.ext.do"]).from_string(text, globals=known).module.asks_the_moment
    moody = duckdb.sql(
        "select distinct function_name from duckdb_functions() where stability <> 'CONSISTENT'"
    ).fetchall()
    assert len(moody) > 20
    words = [
        "current_date",
        "current_timestamp",
        "LOCALTIMESTAMP",
        "current_time",
        *(f"{name} ()" for (name,) in moody),
    ]
    assert [word for word in words if asks(f"select {word} as x").strip() == "None"] == []
    calm = (
        "with current_states as (select now.known from before as now) select current_states.known, error_count from a"
    )
    assert asks(calm).strip() == "None"


def test_any_change_of_the_project_or_the_policy_makes_all_anew(tmp_path: Path) -> None:
    """The version stands in the fingerprint of every table."""
    seen = set()
    for words in ("won", "won,lost"):
        seeds = tmp_path / "config" / "seeds"
        seeds.mkdir(parents=True, exist_ok=True)
        (seeds / "stage_words.csv").write_text(words, encoding="utf-8")
        folder = dbt._folder(settings := load_settings(tmp_path / "home", config=tmp_path / "config"))
        dbt._write(folder, dbt._wanted(settings))
        seen.add((folder / dbt.VERSION).read_text(encoding="utf-8"))
    assert len(seen) == 2 and all("project_version" in text for text in seen)
    assert "project_version()" in (DBT_PROJECT / "macros" / "materializations" / "kept.sql").read_text(encoding="utf-8")
