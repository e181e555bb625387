"""The tier `prophet` on a file of any size: a block of series at a time, every series with Prophet's own intervals."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from forecasts.base import two_rows
from forecasts.errors import ForecastError
from forecasts.frequency import Frequency
from forecasts.prophet_map import fit_predict
from forecasts.prophet_map.parquet import stream
from forecasts.prophet_menu import named, pandas_code, specification
from forecasts.schemas import FILE_COLUMNS

MODELS = {"prophet_map": "prophet", "prophet": "prophet_stock", "last_value": "naive", "none": None}
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
    known = rows.group_by("unique_id", maintain_order=True).agg(length=pl.col("y").count())
    known = known.with_columns(is_seasonal=pl.col("length") >= SEASONS_NEEDED * frequency.season)
    parts = []
    for (is_seasonal,), some in known.group_by("is_seasonal", maintain_order=True):
        mine = rows.join(some, on="unique_id", how="semi") if some.height < known.height else rows
        spec = specification(frequency, None, "additive", is_seasonal=bool(is_seasonal))
        parts.append(fit_predict(mine, spec, horizon, pandas_code(frequency)))
    forecast = pl.concat(parts).join(known.with_row_index("place"), on="unique_id", maintain_order="left")
    return _named(forecast.sort("place", maintain_order=True) if len(parts) > 1 else forecast, frequency)


def _as_prophet_sees(block: pl.DataFrame, frequency: Frequency) -> pl.DataFrame:
    """Periods by the dates that Prophet is told, up to each series' last value. Raises ForecastError for doubles."""
    block = block.with_columns(pl.col("y").cast(pl.Float64).fill_nan(None))
    if block["y"].null_count():
        block = block.filter(pl.col("y").is_not_null() | pl.col("y").is_null().all().over("unique_id"))
    index = frequency.index(block["ds"].to_numpy())
    in_order = (np.diff(index) > 0) | (block["unique_id"] != block["unique_id"].shift(1)).to_numpy()[1:].astype(bool)
    if not in_order.all():
        once = pl.DataFrame({"unique_id": block["unique_id"], "index": index})
        if len(twice := once.filter(once.is_duplicated())):
            raise ForecastError(two_rows(twice["unique_id"][0]))
    return block.with_columns(ds=pl.Series(named(frequency, index)).cast(pl.Date))


def _named(rows: pl.DataFrame, frequency: Frequency) -> pl.DataFrame:
    """Prophet's rows in the file's own columns: its periods, the name of the model, and what it could not do."""
    told = Frequency("MS") if frequency.kind == "445" else frequency
    periods = frequency.dates(told.index(rows["ds"].to_numpy()))
    reason = pl.format("{} periods of history: no seasonal pattern", "length")
    none = pl.format("{} values of history", "length")
    return rows.with_columns(
        ds=pl.Series(periods).cast(pl.Date),
        model=pl.col("engine").replace_strict(MODELS, return_dtype=pl.String),
        fallback_reason=pl.when(~pl.col("engine").is_in(["prophet_map", "prophet"]))
        .then(none)
        .when(~pl.col("is_seasonal"))
        .then(reason),
    ).select(FILE_COLUMNS.keys())
