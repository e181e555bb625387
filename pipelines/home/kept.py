"""What a home keeps of earlier runs so that a night need not make it again; without it a run takes longer, no more.

Tables that took long stay where they would be made of the same rows (`macros/materializations/kept.sql`), estimates of
the funnel and forecasts at past cutoffs are found by all that they are made from. Here they are forgotten.
"""

import shutil
from collections.abc import Collection
from pathlib import Path

from pipelines.home import warehouse
from pipelines.home.settings import Settings


def forecasts(settings: Settings) -> Path:
    """The folder of forecasts that the next run will ask for again."""
    return settings.warehouse / "forecasts"


def noted(settings: Settings, schemas: Collection[str]) -> set[tuple[str, str]]:
    """`schema.table` of every table of these schemas that took long, and a hash over what it was made of.

    Of a working file that another release has made nothing is noted yet.
    """
    asked = "select * from control.kept where list_contains(?, split_part(table_name, '.', 1))"
    with warehouse.write(settings) as connection:
        connection.execute(warehouse.KEPT)
        return {*connection.execute(asked, [[*schemas]]).fetchall()}


def forget(settings: Settings, step: str) -> tuple[str, ...]:
    """Forget what a step would keep. Returns the options by which dbt makes every table anew."""
    if step == "marts":
        with warehouse.write(settings) as connection:
            connection.execute("drop table if exists control.kept_estimates")
    if step == "forecast":
        shutil.rmtree(forecasts(settings), ignore_errors=True)
    return ("--full-refresh",)
