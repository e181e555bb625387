"""The CRM's log of log-ins: instants in UTC, a row per log-in, some of them failed."""

import polars as pl

from pipelines.demo.files import Outbox
from pipelines.demo.formats import day, text
from pipelines.demo.staff import true_usage
from pipelines.demo.systems.salesforce import since, stamp
from pipelines.demo.world import World

FAILED_EVERY = 97


def write(out: Outbox, world: World) -> None:
    """The log-ins since the export before, twice a year from the first that has some."""
    log, before = _log(true_usage(world)), 0
    for last in world.few_days:
        rows = since(log, before, last)
        if not rows.is_empty():
            out.csv(f"crm_usage/LoginHistory_{stamp(last)}.csv", rows, quote_all=True)
        before = last


def _log(rows: pl.DataFrame) -> pl.DataFrame:
    log = rows.select(
        pl.format("{}@ourcompany.com", pl.col("rep_id").str.to_lowercase()).alias("Username"),
        pl.col("rep_name").alias("User Full Name"),
        pl.col("team").alias("Team"),
        pl.format("{}T00:{}:11.000Z", day("day"), pl.col("rep") % 50 + 10).alias("Login Time"),
        pl.lit("Browser").alias("Application"),
        pl.lit("Success").alias("Status"),
        text("created").alias("Records Created"),
        text("edited").alias("Records Edited"),
        text("actions").alias("Page Views"),
        _day="day",
    )
    failed = log.gather_every(FAILED_EVERY).with_columns(pl.lit("Failed: Invalid Password").alias("Status"))
    return pl.concat([log, failed])
