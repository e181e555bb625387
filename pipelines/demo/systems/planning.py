"""The planners' workbook of submitted forecasts: each export carries what was said since the one before."""

import polars as pl

from pipelines.demo.files import Outbox
from pipelines.demo.submissions import parts, true_submissions
from pipelines.demo.systems.salesforce import stamp
from pipelines.demo.world import World

UNITS = 10_000


def write(out: Outbox, world: World) -> None:
    """Forecasts of bookings per rep, team and company, in CNY, with who said it when (Shanghai time)."""
    said = true_submissions(world).with_row_index("number", offset=1)
    day = pl.col("said").cast(pl.Int32).cast(pl.Date).dt.strftime("%Y-%m-%d")
    for after, last in parts(world):
        rows = said.filter((pl.col("said") > after) & (pl.col("said") <= last)).select(
            pl.format("FS-{}", pl.col("number").cast(pl.String).str.zfill(5)).alias("Submission ID"),
            pl.lit("bookings").alias("Metric"),
            pl.col("level").alias("Level"),
            pl.col("member").alias("Member"),
            pl.col("month").dt.strftime("%Y-%m").alias("Month"),
            (pl.col("amount") // UNITS).alias("Forecast Amount"),
            pl.lit("CNY").alias("Currency"),
            pl.col("author").alias("Submitted By"),
            pl.col("role").alias("Role"),
            pl.concat_str(day, pl.lit(" 18:30")).alias("Submitted At"),
            pl.col("reason").alias("Comment"),
        )
        if not rows.is_empty():
            out.workbook(f"planning/forecast_submissions_{stamp(last)}.xlsx", rows, sheet="Submissions")
