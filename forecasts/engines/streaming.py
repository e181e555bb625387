"""The tier `prophet` on a file of any size: a block of series at a time, every series with Prophet's own intervals."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from forecasts.engines.prophet_menu import named, pandas_code, specification
from forecasts.errors import ForecastError
from forecasts.output.schemas import FILE_COLUMNS
from forecasts.panel.batch import two_rows
from forecasts.panel.frequency import Frequency
from forecasts.prophet_map import fit_predict
from forecasts.prophet_map.parquet import stream

MODELS = {"prophet_map": "prophet", "prophet": "prophet_stock", "last_value": "naive", "none": None}
FLAT = "{} periods of history: no seasonal pattern"
SEASONS_NEEDED = 2  # fewer say nothing about what comes back every year


def stream_prophet(
    source: Path, target: Path, horizon: int, frequency: Frequency, progress: Callable[[int], None] | None = None
) -> int:
    """Forecast a Parquet file of `unique_id, ds, y` into another; returns the number of series."""
    work = partial(_block, horizon=horizon, frequency=frequency)
    return stream(source, target, work, ["unique_id", "ds", "y"], progress=progress)


def _block(block: pl.DataFrame, horizon: int, frequency: Frequency) -> pl.DataFrame:
    if block.is_empty():
        return pl.DataFrame(schema=FILE_COLUMNS)
    rows = _as_prophet_sees(block, frequency)
    known = _lengths(rows).with_columns(is_seasonal=pl.col("length") >= SEASONS_NEEDED * frequency.season)
    parts = []
    for (is_seasonal,), some in known.group_by("is_seasonal", maintain_order=True):
        mine = rows.join(some, on="unique_id", how="semi") if some.height < known.height else rows
        spec = specification(frequency, None, "additive", is_seasonal=bool(is_seasonal))
        parts.append(fit_predict(mine, spec, horizon, pandas_code(frequency)))
    return _named(_in_order(parts, known), known, frequency)


def _lengths(rows: pl.DataFrame) -> pl.DataFrame:
    """Values per series, in the order of the file; by runs of rows where that is all there is to it."""
    runs = rows["unique_id"].rle().struct.unnest().select(unique_id="value", length="len")
    if not rows["y"].null_count() and runs["unique_id"].n_unique() == runs.height:
        return runs
    return rows.group_by("unique_id", maintain_order=True).agg(length=pl.col("y").count())


def _in_order(parts: list[pl.DataFrame], known: pl.DataFrame) -> pl.DataFrame:
    """The rows of all parts, series in the order of the file."""
    if len(parts) == 1:
        return parts[0]
    places = known.select("unique_id").with_row_index("place")
    return pl.concat(parts).join(places, on="unique_id").sort("place", "ds").drop("place")


def _as_prophet_sees(block: pl.DataFrame, frequency: Frequency) -> pl.DataFrame:
    """Periods by the dates that Prophet is told, up to each series' last value. Raises ForecastError for doubles."""
    block = block.with_columns(pl.col("y").cast(pl.Float64).fill_nan(None))
    if block["y"].null_count():
        block = block.filter(pl.col("y").is_not_null() | pl.col("y").is_null().all().over("unique_id"))
    index = frequency.index(block["ds"].to_numpy())
    in_order = np.diff(index) > 0
    in_order[np.cumsum(block["unique_id"].rle().struct.field("len").to_numpy())[:-1] - 1] = True
    if not in_order.all():
        once = pl.DataFrame({"unique_id": block["unique_id"], "index": index})
        if len(twice := once.filter(once.is_duplicated())):
            raise ForecastError(two_rows(twice["unique_id"][0]))
    return block.with_columns(ds=pl.Series(named(frequency, index)).cast(pl.Date))


def _named(rows: pl.DataFrame, known: pl.DataFrame, frequency: Frequency) -> pl.DataFrame:
    """Prophet's rows in the file's own columns: its periods, the name of the model, and what it could not do."""
    told = Frequency("MS") if frequency.kind == "445" else frequency
    periods = pl.Series(frequency.dates(told.index(rows["ds"].to_numpy()))).cast(pl.Date)
    model = pl.col("engine").replace_strict(MODELS, return_dtype=pl.String)
    named_rows = rows.with_columns(ds=periods, model=model)
    return _with_reasons(named_rows, known).select(FILE_COLUMNS.keys())


def _with_reasons(rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    is_fitted = pl.col("engine").is_in(["prophet_map", "prophet"])
    if known["is_seasonal"].all() and rows.select(is_fitted.all()).item():
        return rows.with_columns(fallback_reason=pl.lit(None, pl.String))
    few, flat = (pl.format(text, "length") for text in ("{} values of history", FLAT))
    reason = pl.when(~is_fitted).then(few).when(~pl.col("is_seasonal")).then(flat)
    return rows.join(known, on="unique_id", maintain_order="left").with_columns(fallback_reason=reason)
