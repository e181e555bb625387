"""What a home keeps of earlier runs so that a night need not make it again; without it a run takes longer, no more.

Large tables stay where they would be made of the same rows (`macros/materializations/kept.sql`), estimates of the
funnel and forecasts at past cutoffs are found by all that they are made from. Here they are forgotten.
"""

import shutil
from collections.abc import Collection

from pipelines.home import warehouse
from pipelines.home.settings import Settings

MADE_OF = r" Made of ([0-9a-f]{32})$"  # what the comment of a table ends with that may be kept: a hash


def noted(settings: Settings, schemas: Collection[str]) -> set[tuple[str, str]]:
    """`schema.table` of every table of these schemas that may be kept, and a hash over what it was made of."""
    query = """
        select schema_name || '.' || table_name, regexp_extract(comment, $made_of, 1) from duckdb_tables()
        where list_contains($schemas, schema_name) and regexp_matches(comment, $made_of)
    """
    with warehouse.read(settings) as connection:
        return {*connection.execute(query, {"made_of": MADE_OF, "schemas": [*schemas]}).fetchall()}


def all_anew(settings: Settings, step: str, is_full: bool) -> tuple[str, ...]:
    """The options by which dbt keeps no table in a step; empty where it may. A full run forgets what else is kept.

    Macros that are stored in the working file stand in no SQL that could be compared: with any, nothing is kept.
    """
    if is_full:
        forget(settings, step)
    with warehouse.read(settings) as connection:
        has_macros = connection.execute("select 1 from duckdb_functions() where not internal limit 1").fetchall()
    return ("--full-refresh",) if is_full or has_macros else ()


def forget(settings: Settings, step: str) -> None:
    """Forget what a step and those after it would find again: estimates, served tables, forecasts."""
    if step == "marts":
        with warehouse.write(settings) as connection:
            for note in ("kept_estimates", "handed_over"):  # the second: the served file is made anew as well
                connection.execute(f"drop table if exists control.{note}")
    if step == "forecast":
        shutil.rmtree(warehouse.kept_forecasts(settings), ignore_errors=True)
