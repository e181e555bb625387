"""Periods without a row: unknown, or zero where a file has rows only for what was sold."""

import re

import polars as pl

from forecasts.panel.frequency import Frequency

ABSENT = ("auto", "zero", "gap")
RARELY = 0.25  # share of absent periods from which a file without any zero has rows only where something was sold
# What is measured now and then: no row says nothing about it, while a day without a sale has sales of 0.
LEVELS = re.compile(
    r"(?i).*(price|rate|ratio|share|balance|stock|inventory|level|temperature|index|preis|kurs|bestand|saldo|quote"
    r"|prix|solde|precio|价|率|库存|余额).*"
)


def with_absent(
    frame: pl.DataFrame, frequency: Frequency, absent: str, value: str
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The rows `unique_id, ds, y` with a 0 for each absent period where those are zeros, and what was taken for what.

    absent: `zero`, `gap`, or `auto`, which is zero where RARELY of the periods are absent, every value is above 0, and
    the values are no levels by the name of their column.
    """
    spans = _spans(frame, frequency)
    periods, rows = int(spans["periods"].sum()), int(spans["rows"].sum())
    if rows >= periods:
        return frame, ()
    is_sold = frame["y"].null_count() == 0 and frame.filter(pl.col("y") <= 0).is_empty()
    is_evident = 1 - rows / periods >= RARELY and is_sold and not LEVELS.fullmatch(value)
    count = f"{periods - rows:,} of {periods:,} periods between the first and the last of their series have no row"
    if absent == "gap" or (absent == "auto" and not is_evident):
        hint = "" if absent == "gap" else "; if they were zeros, say --absent zero"
        return frame, (f"{count}: taken as unknown{hint}",)
    why = "" if absent == "zero" else ", as no row has a 0 (--absent gap makes them unknown)"
    filled = _filled(frame, frequency, spans)
    return filled, (
        f"{filled.height - frame.height:,} periods without a row up to the end of the file are taken as 0{why}",
    )


def _spans(frame: pl.DataFrame, frequency: Frequency) -> pl.DataFrame:
    """Per series: its first and last period, how many periods lie between them, and how many have a row."""
    spans = (
        _numbered(frame, frequency)
        .group_by("unique_id")
        .agg(first=pl.col("period").min(), last=pl.col("period").max(), rows=pl.col("period").n_unique())
    )
    return spans.with_columns(periods=pl.col("last") - pl.col("first") + 1).sort("unique_id")


def _numbered(frame: pl.DataFrame, frequency: Frequency) -> pl.DataFrame:
    return frame.with_columns(pl.Series("period", frequency.index(frame["ds"].to_numpy()), dtype=pl.Int64))


def _filled(frame: pl.DataFrame, frequency: Frequency, spans: pl.DataFrame) -> pl.DataFrame:
    """Every period from the first row of a series to the last of the file: what is not sold any more is 0, too."""
    grid = spans.select("unique_id", period=pl.int_ranges(pl.col("first"), pl.col("last").max() + 1)).explode("period")
    missing = grid.join(_numbered(frame, frequency), on=["unique_id", "period"], how="anti")
    days = pl.Series(frequency.dates(missing["period"].to_numpy())).cast(pl.Date)
    zeros = missing.select("unique_id", ds=days, y=pl.lit(0.0))
    return pl.concat([frame, zeros]).sort("unique_id", "ds")
