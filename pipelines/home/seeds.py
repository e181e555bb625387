"""Seeds of the policy: dbt leaves them out where those of this project stand already, and have passed their tests.

They and their tests are five of six nodes of the step that loads them, and change with the project alone.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import duckdb

from pipelines.home import dbt, warehouse
from pipelines.home.settings import Settings

SCHEMA = "policy"
STEP = "staging_and_matching"  # the step that loads them
SELECTED = "resource_type:seed"  # in dbt's words: tests of nothing but seeds go with them
_ANY = "!= 0"  # the number of rows by which dbt lets a test fail, and warns, unless it is told another


@contextmanager
def loading(
    settings: Settings, step: str, nodes: Mapping[str, Any], *, is_anew: bool = False, is_whole: bool = True
) -> Iterator[bool]:
    """Around a step of dbt; yields whether it may leave the seeds out.

    nodes: those of dbt's manifest. is_anew: seeds are loaded whatever stands. is_whole: every table and test of the
    step was chosen; else seeds are loaded as they were chosen, and the next run loads them all.
    """
    if step != STEP:
        yield False
        return
    project = dbt.prepared(settings)
    may_stand = project != "" and is_whole and _depend_on_the_project_alone(nodes)
    with warehouse.write(settings) as connection:
        stand = may_stand and not is_anew and _noted(connection) == (project, _content(connection))
        if not stand:  # before one is loaded: a step that fails on the way leaves no note of what was there
            connection.execute("drop table if exists control.loaded_seeds")
    yield stand
    if may_stand and not stand and dbt.prepared(settings) == project:  # else nobody knows which of the two was loaded
        with warehouse.write(settings) as connection:
            connection.execute("create table control.loaded_seeds (project varchar, content varchar)")
            connection.execute("insert into control.loaded_seeds values (?, ?)", [project, _content(connection)])


def _depend_on_the_project_alone(nodes: Mapping[str, Any]) -> bool:
    """Whether every test that goes with the seeds reads them alone, and stops the step: a company adds its own."""
    tests = [node for node in nodes.values() if node["resource_type"] == "test"]
    return all(_is_strict(test) for test in tests if _kinds(test) >= {"seed"} and "model" not in _kinds(test))


def _kinds(test: Mapping[str, Any]) -> set[str]:
    return {parent.split(".")[0] for parent in test["depends_on"]["nodes"]}


def _is_strict(test: Mapping[str, Any]) -> bool:
    config = test["config"]
    limits = {config.get("error_if") or _ANY, config.get("warn_if") or _ANY}
    return _kinds(test) == {"seed"} and config["severity"].lower() == "error" and limits == {_ANY}


def _noted(connection: duckdb.DuckDBPyConnection) -> tuple[str, str] | None:
    connection.execute("create table if not exists control.loaded_seeds (project varchar, content varchar)")
    return connection.execute("from control.loaded_seeds").fetchone()


def _content(connection: duckdb.DuckDBPyConnection) -> str:
    """A hash over names, columns and rows of the policy's tables, in any order; empty for none."""
    tables = connection.execute(
        """
        select table_name, list(column_name order by column_index), list(data_type order by column_index)
        from duckdb_columns() where schema_name = ? group by table_name order by table_name
        """,
        [SCHEMA],
    ).fetchall()
    rows = " union all ".join(
        f"select {warehouse.literal(f'{name} {columns} {types}')} as name, count(*) as row_count,"
        f" sum(hash({', '.join(map(warehouse.quoted, columns))})) as content from {SCHEMA}.{warehouse.quoted(name)}"
        for name, columns, types in tables
    )
    if not rows:
        return ""
    content = f"select md5(string_agg(concat_ws(' ', name, row_count, content), '|' order by name)) from ({rows})"
    return str(connection.execute(content).fetchall()[0][0])
