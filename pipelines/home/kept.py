"""What a home keeps of earlier runs so that a night need not make it again; without it a run takes longer, no more.

Tables that took long stay where they would be made of the same rows (`macros/materializations/kept.sql`), estimates of
the funnel and forecasts at past cutoffs are found by all that they are made from. Here they are forgotten.
"""

import shutil
from collections.abc import Collection

from pipelines.home import warehouse
from pipelines.home.settings import Settings


def noted(settings: Settings, schemas: Collection[str]) -> set[tuple[str, str]]:
    """`schema.table` of every table of these schemas that took long, and a hash over what it was made of.

    Of a working file that another release has made nothing is noted yet. Macros that are stored in a file stand in no
    SQL that could be compared: with any, nothing is kept.
    """
    asked = "select * from control.kept where list_contains(?, split_part(table_name, '.', 1))"
    with warehouse.write(settings) as connection:
        connection.execute(warehouse.KEPT)
        if connection.execute("select 1 from duckdb_functions() where not internal limit 1").fetchall():
            connection.execute("delete from control.kept")
        return {*connection.execute(asked, [[*schemas]]).fetchall()}


def forget(settings: Settings, step: str) -> tuple[str, ...]:
    """Forget what a step would keep. Returns the options by which dbt makes every table anew."""
    if step == "marts":
        with warehouse.write(settings) as connection:
            connection.execute("drop table if exists control.kept_estimates")
    if step == "forecast":
        shutil.rmtree(warehouse.kept_forecasts(settings), ignore_errors=True)
    return ("--full-refresh",)
