"""The tier `prophet` on a file of any size: a block of series at a time, every series with Prophet's own intervals.

A series of a few values gets its last value and the spread of its changes: a trend through two points has no error, and
says nothing. What was never negative is not forecast to be.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from forecasts.engines.prophet_forms import pandas_freq, prophet_dates, specification
from forecasts.errors import ForecastError
from forecasts.output import schemas
from forecasts.output.schemas import FILE_COLUMNS
from forecasts.panel.batch import batch_of, duplicate_period_message
from forecasts.panel.frequency import Frequency
from forecasts.prophet_map import fit_predict
from forecasts.prophet_map.parquet import stream
from forecasts.selection.fallback import NORMAL_QUANTILES, naive_forecast, naive_spread

MODELS = {"prophet_map": "prophet", "prophet": "prophet_stock", "last_value": "naive", "none": None}
NOT_SEASONAL = "{} periods of history: no seasonal pattern"
FEWEST = 6  # values from which a trend is fitted: fewer lie on one too easily
SEASONS_NEEDED = 2  # fewer do not identify a yearly pattern


def stream_prophet(
    source: Path, target: Path, horizon: int, frequency: Frequency, progress: Callable[[int], None] | None = None
) -> int:
    """Forecast a Parquet file of `unique_id, ds, y` into another; returns the number of series."""
    work = partial(_block, horizon=horizon, frequency=frequency)
    return stream(source, target, work, ["unique_id", "ds", "y"], progress=progress)


def _block(block: pl.DataFrame, horizon: int, frequency: Frequency) -> pl.DataFrame:
    if block.is_empty():
        return pl.DataFrame(schema=FILE_COLUMNS)
    rows = _prophet_input(block, frequency)
    lengths = _lengths(rows).with_columns(is_seasonal=pl.col("length") >= SEASONS_NEEDED * frequency.season)
    has_few = pl.col("length").is_between(1, FEWEST - 1)
    fitted, parts = lengths.filter(~has_few), []
    for (is_seasonal,), group in fitted.group_by("is_seasonal", maintain_order=True):
        subset = rows.join(group, on="unique_id", how="semi") if group.height < lengths.height else rows
        spec = specification(frequency, None, "additive", is_seasonal=bool(is_seasonal))
        parts.append(fit_predict(subset, spec, horizon, pandas_freq(frequency)))
    forecasts = [_file_rows(pl.concat(parts), fitted, frequency)] if parts else []
    if fitted.height < lengths.height:
        forecasts.append(_of_few(block.join(lengths.filter(has_few), on="unique_id", how="semi"), horizon, frequency))
    return _not_below_zero(_in_order(forecasts, lengths), block)


def _of_few(block: pl.DataFrame, horizon: int, frequency: Frequency) -> pl.DataFrame:
    """The last values of series too short for a trend, and the spread of their changes, as FILE_COLUMNS."""
    batch = batch_of(block, frequency)
    naive = [naive_forecast(batch, row, horizon) for row in range(len(batch))]
    spread = np.array([naive_spread(values, frequency.season, horizon) for values in batch.values])
    point = np.array([steps for _, steps in naive])
    bounds = {
        f"{side}_{level}": (point + sign * quantile * spread).ravel()
        for level, quantile in NORMAL_QUANTILES.items()
        for side, sign in (("lo", -1), ("hi", 1))
    }
    rows = {
        "unique_id": np.repeat(np.array(batch.unique_ids, dtype=object), horizon),
        "ds": pl.Series(frequency.dates(batch.future(horizon)).ravel()).cast(pl.Date),
        "yhat": point.ravel(),
        "model": np.repeat(np.array([name for name, _ in naive], dtype=object), horizon),
        "fallback_reason": [f"{n} values of history" for n in batch.lengths for _ in range(horizon)],
    }
    return schemas.conform(pl.DataFrame({**rows, **bounds}), FILE_COLUMNS)


def _not_below_zero(rows: pl.DataFrame, block: pl.DataFrame) -> pl.DataFrame:
    """Forecasts and bounds of a series that never was negative, at least 0."""
    numbers = ("yhat", "lo_80", "hi_80", "lo_95", "hi_95")
    negative = block.filter(pl.col("y") < 0)["unique_id"].unique()
    may_be = pl.col("unique_id").is_in(negative.implode()) if len(negative) else pl.lit(False)
    return rows.with_columns(pl.when(may_be).then(name).otherwise(pl.col(name).clip(lower_bound=0)) for name in numbers)


def _lengths(rows: pl.DataFrame) -> pl.DataFrame:
    """Values per series, in the order of the file; from runs of rows if no series is split and no value missing."""
    runs = rows["unique_id"].rle().struct.unnest().select(unique_id="value", length="len")
    if not rows["y"].null_count() and runs["unique_id"].n_unique() == runs.height:
        return runs
    return rows.group_by("unique_id", maintain_order=True).agg(length=pl.col("y").count())


def _in_order(parts: list[pl.DataFrame], lengths: pl.DataFrame) -> pl.DataFrame:
    """The rows of all parts, series in the order of the file."""
    if len(parts) == 1 and parts[0]["unique_id"].rle().struct.field("value").equals(lengths["unique_id"]):
        return parts[0]
    order = lengths.select("unique_id").with_row_index("order")
    return pl.concat(parts).join(order, on="unique_id").sort("order", "ds").drop("order")


def _prophet_input(block: pl.DataFrame, frequency: Frequency) -> pl.DataFrame:
    """The block with Prophet's dates, up to each series' last value. Raises ForecastError for duplicate periods."""
    block = block.with_columns(pl.col("y").cast(pl.Float64).fill_nan(None))
    if block["y"].null_count():
        block = block.filter(pl.col("y").is_not_null() | pl.col("y").is_null().all().over("unique_id"))
    index = frequency.index(block["ds"].to_numpy())
    in_order = np.diff(index) > 0
    in_order[np.cumsum(block["unique_id"].rle().struct.field("len").to_numpy())[:-1] - 1] = True
    if not in_order.all():
        periods = pl.DataFrame({"unique_id": block["unique_id"], "index": index})
        if len(duplicates := periods.filter(periods.is_duplicated())):
            raise ForecastError(duplicate_period_message(duplicates["unique_id"][0]))
    return block.with_columns(ds=pl.Series(prophet_dates(frequency, index)).cast(pl.Date))


def _file_rows(rows: pl.DataFrame, lengths: pl.DataFrame, frequency: Frequency) -> pl.DataFrame:
    """Prophet's rows in the columns of a forecast file: the file's periods, the model's name, the fallback reason."""
    prophet_frequency = Frequency("MS") if frequency.kind == "445" else frequency
    periods = pl.Series(frequency.dates(prophet_frequency.index(rows["ds"].to_numpy()))).cast(pl.Date)
    model = pl.col("engine").replace_strict(MODELS, return_dtype=pl.String)
    named_rows = rows.with_columns(ds=periods, model=model)
    return _with_fallback_reasons(named_rows, lengths).select(FILE_COLUMNS.keys())


def _with_fallback_reasons(rows: pl.DataFrame, lengths: pl.DataFrame) -> pl.DataFrame:
    is_fitted = pl.col("engine").is_in(["prophet_map", "prophet"])
    if lengths["is_seasonal"].all() and rows.select(is_fitted.all()).item():
        return rows.with_columns(fallback_reason=pl.lit(None, pl.String))
    too_few, not_seasonal = (pl.format(text, "length") for text in ("{} values of history", NOT_SEASONAL))
    reason = pl.when(~is_fitted).then(too_few).when(~pl.col("is_seasonal")).then(not_seasonal)
    return rows.join(lengths, on="unique_id", maintain_order="left").with_columns(fallback_reason=reason)
