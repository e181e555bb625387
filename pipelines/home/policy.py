"""The tables of the policy: dbt leaves them out where those of this project stand, and passed their tests.

Seeds and the tests of them are five of six nodes of the step that loads them, and change with the project alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from pipelines.home import dbt, warehouse
from pipelines.home.settings import Settings

SCHEMA = "policy"
STEP = "staging_and_matching"  # the step that loads them
SEEDS = "resource_type:seed"  # in dbt's words: their tests go with them

_Noted = tuple[str, str]  # hash of the project, hash of the tables


@contextmanager
def loading(settings: Settings, step: str, *, is_anew: bool = False, is_whole: bool = True) -> Iterator[bool]:
    """Around a step of dbt; yields whether it may leave the seeds out.

    is_anew: they are loaded whatever stands. is_whole: no table of the step was left out by who chose them; else seeds
    are loaded as they were chosen, and the next run loads them all.
    """
    if step != STEP:
        yield False
        return
    with warehouse.write(settings) as connection:
        stands = is_whole and not is_anew and _noted(connection) == _found(settings, connection)
        if not stands:  # before one is loaded: a step that fails on the way leaves no note of what was there
            connection.execute("drop table if exists control.loaded_policy")
    yield stands
    if is_whole and not stands:
        with warehouse.write(settings) as connection:
            connection.execute("create table control.loaded_policy (project varchar, content varchar)")
            connection.execute("insert into control.loaded_policy values (?, ?)", _found(settings, connection))


def _noted(connection: duckdb.DuckDBPyConnection) -> _Noted | None:
    connection.execute("create table if not exists control.loaded_policy (project varchar, content varchar)")
    return connection.execute("from control.loaded_policy").fetchone()


def _found(settings: Settings, connection: duckdb.DuckDBPyConnection) -> _Noted:
    """The project that dbt would run, and a hash over names, columns and rows of the policy's tables, in any order."""
    tables = connection.execute(
        """
        select table_name, string_agg(column_name || ' ' || data_type, ', ' order by column_index)
        from duckdb_columns() where schema_name = ? group by table_name
        """,
        [SCHEMA],
    )
    rows = " union all ".join(
        f"select {warehouse.literal(f'{name}: {columns}')} as name, count(*) as row_count, sum(hash(rows)) as content"
        f" from {SCHEMA}.{warehouse.quoted(name)} as rows"
        for name, columns in sorted(tables.fetchall())
    )
    if not rows:
        return dbt.prepared(settings), ""
    content = f"select md5(string_agg(concat_ws(' ', name, row_count, content), '|' order by name)) from ({rows})"
    return dbt.prepared(settings), connection.execute(content).fetchall()[0][0]
