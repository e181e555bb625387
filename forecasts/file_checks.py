"""What a long table shows before it is forecast: its frequency, its absent periods, series that end or sum others."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from forecasts.errors import ForecastError
from forecasts.panel.absent import ABSENT, with_absent
from forecasts.panel.frequency import Frequency, infer_freq, usual_freq
from forecasts.panel.outliers import without_outliers

SPARSE = 0.5  # share of empty periods above which a wrong frequency is likelier than gaps
LOOKED_AT = 5_000_000  # rows above which series are not compared with each other: it would cost as much as forecasting
ENDED = 3  # periods before the end of the file from which a series is said to have ended
SHOWN = 3


@dataclass(frozen=True)
class FileCheck:
    """The table to forecast, its frequency, and what was found, a line each."""

    table: Path
    freq: str
    notes: tuple[str, ...]


def checked(table: Path, freq: str | None, absent: str, value: str, folder: Path) -> FileCheck:
    """The Parquet table with absent periods as `absent` says, and the frequency given or inferred from its dates.

    absent: see `panel.absent`. value: the column that the values are from. folder: where a filled table is written.
    Raises ForecastError where no frequency is given and none can be inferred.
    """
    if absent not in ABSENT:
        raise ForecastError(f"--absent {absent!r} is none of {', '.join(ABSENT)}")
    scan = pl.scan_parquet(table)
    days = scan.select(pl.col("ds").cast(pl.Date).unique()).collect(engine="streaming")["ds"].drop_nulls().sort()
    code, notes = _frequency(days.to_numpy(), freq)
    rows = int(scan.select(pl.len()).collect().item())
    if rows > LOOKED_AT and len(days) > 1:
        notes = (*notes, f"{rows:,} rows are too many to look for absent periods and outliers: forecast as they are")
    if rows > LOOKED_AT or len(days) < 2:
        return FileCheck(table, code, notes)
    has_id = "unique_id" in scan.collect_schema()
    unique_id = pl.col("unique_id").cast(pl.String) if has_id else pl.lit("series").alias("unique_id")
    frame = scan.select(unique_id, pl.col("ds").cast(pl.Date), pl.col("y").cast(pl.Float64)).collect()
    filled, remarks = with_absent(frame, Frequency(code), absent, value)
    filled, odd = without_outliers(filled)
    if filled is not frame:
        table = folder / "filled.parquet"
        filled.write_parquet(table)
    return FileCheck(table, code, (*notes, *remarks, *odd, *_ended(filled, Frequency(code)), *_sums(filled)))


def _frequency(days: np.ndarray, given: str | None) -> tuple[str, tuple[str, ...]]:
    """The frequency, with a note of dates that are off its pattern, or if most of its periods are empty."""
    if given and len(days) < 2:
        return given, ()
    code, odd = (given, days[:0]) if given else usual_freq(days)
    if len(odd):
        shown = ", ".join(map(str, odd[:SHOWN]))
        return code, (f"{len(odd)} of {len(days)} dates are off the pattern of {code} ({shown}): its periods",)
    periods = Frequency(code).index(days)
    span = int(periods[-1] - periods[0]) + 1
    empty = 1 - len(set(periods)) / span
    if not given or empty < SPARSE:
        return code, ()
    suggested = infer_freq(days)
    hint = f"the dates suggest {suggested}" if suggested != code else "is that intended?"
    return code, (f"{empty:.0%} of {span:,} periods are empty with --freq {code}: {hint}",)


def _ended(frame: pl.DataFrame, frequency: Frequency) -> tuple[str, ...]:
    """A note of series whose last value lies well before the last date of the file."""
    last = frame.drop_nulls("y").group_by("unique_id").agg(pl.col("ds").max()).sort("ds", "unique_id")
    if last.height < 2:
        return ()
    periods = frequency.index(last["ds"].to_numpy())
    early = last.filter(pl.Series(periods <= periods.max() - ENDED))
    if early.is_empty():
        return ()
    shown = early.head(SHOWN).select(pl.format("{} {}", "unique_id", pl.col("ds").cast(pl.String))).to_series()
    return (f"{early.height:,} series end before the file does ({', '.join(shown)}): their forecasts begin there",)


def _sums(frame: pl.DataFrame) -> tuple[str, ...]:
    """A note of a series that is the sum of all others on every date."""
    totals = frame.group_by("unique_id").agg(pl.col("y").sum())
    grand = float(totals["y"].sum())
    largest = totals.filter((2 * pl.col("y") - grand).abs() <= 1e-9 * abs(grand))
    if totals.height < 3 or grand == 0 or largest.height != 1:
        return ()
    name = largest["unique_id"][0]
    is_it = pl.col("unique_id") == name
    by_day = frame.group_by("ds").agg(own=pl.col("y").filter(is_it).sum(), rest=pl.col("y").filter(~is_it).sum())
    if by_day.filter((pl.col("own") - pl.col("rest")).abs() > 1e-6 * pl.col("own").abs().max()).height:
        return ()
    return (f"series {name!r} is the sum of the {totals.height - 1} others: it is forecast as a series of its own",)
