"""The engine on any long table: a file of `unique_id, ds, y` in, a file of forecasts out, a block at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from forecasts.config import Config, SeriesSet
from forecasts.errors import ForecastError
from forecasts.frequency import Frequency

COLUMNS = ("unique_id", "ds", "yhat", "lo_80", "hi_80", "lo_95", "hi_95", "model")
SERIES_PER_BLOCK = 20_000  # series whose pool is chosen together; bounds memory
Progress = Callable[[int, int], None]


def forecast_file(
    source: Path,
    target: Path,
    config: Config,
    *,
    horizon: int,
    freq: str,
    engine: str = "process",
    progress: Progress | None = None,
) -> int:
    """Forecast every series of a CSV or Parquet file into another; returns the number of series forecast.

    source: `unique_id, ds, y`; without `unique_id` it is one series. The tier is the configuration's. With the tier
    `prophet` the file is streamed and every series gets Prophet's own intervals; other tiers choose pools.
    target: COLUMNS, one row per series and period, complete or not at all.
    """
    frequency = Frequency(freq)
    if horizon < 1:
        raise ForecastError(f"horizon must be 1 or more periods, not {horizon}")
    with _as_parquet(source) as path:
        if config.tier == "prophet":
            return _streamed(path, target, horizon, frequency, progress)
        return _pooled(path, target, config, horizon, frequency, engine, progress)


def _streamed(path: Path, target: Path, horizon: int, frequency: Frequency, progress: Progress | None) -> int:
    from forecasts.prophet_map.parquet import forecast_parquet
    from forecasts.prophet_menu import pandas_code, specification

    total = series_of(path)
    tick = (lambda done: progress(done, total)) if progress else None
    with _parquet_target(target) as aside:
        return forecast_parquet(
            path,
            aside,
            specification(frequency, None, "additive"),
            horizon,
            pandas_code(frequency),
            finish=_named,
            progress=tick,
        )


def _named(block: pl.DataFrame) -> pl.DataFrame:
    """The engine's rows with the name of the model that made them, as in the other tiers."""
    names = {"prophet_map": "prophet", "prophet": "prophet_stock", "last_value": "naive", "none": None}
    return block.with_columns(model=pl.col("engine").replace_strict(names, return_dtype=pl.String)).select(COLUMNS)


def _pooled(
    path: Path, target: Path, config: Config, horizon: int, frequency: Frequency, engine: str, progress: Progress | None
) -> int:
    whole = pl.read_parquet(path)
    ids = whole["unique_id"].unique().sort()
    wanted = replace(config, series=(SeriesSet("y", ("total",), frequency.code, horizon),), hierarchy=())
    parts = []
    for start in range(0, len(ids), SERIES_PER_BLOCK):
        block = whole.join(ids[start : start + SERIES_PER_BLOCK].to_frame(), on="unique_id", how="semi")
        parts.append(_block(block, wanted, engine, _part_of(progress, start, len(ids))))
    with _parquet_target(target) as aside:
        rows = pl.concat(parts) if parts else pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.String))
        rows.write_parquet(aside)
    return rows["unique_id"].n_unique()


def _block(block: pl.DataFrame, config: Config, engine: str, progress: Progress | None) -> pl.DataFrame:
    from forecasts.run import forecast

    code = config.series[0].freq
    words = {"metric": "y", "level": "total", "freq": code}
    history = block.with_columns(member=pl.col("unique_id"), **{name: pl.lit(word) for name, word in words.items()})
    issued = forecast(history, config, as_of=date.max, engine=engine, progress=progress)
    served = issued.values.filter(pl.col("is_served") & (pl.col("scenario") == "base"))
    return served.rename({"period_start": "ds"}).sort("unique_id", "ds").select(COLUMNS)


def _part_of(progress: Progress | None, start: int, total: int) -> Progress | None:
    """A block's own progress as series of the whole file."""
    if progress is None:
        return None
    size = min(SERIES_PER_BLOCK, total - start)
    return lambda done, steps: progress(start + size * done // max(steps, 1), total)


def series_of(path: Path) -> int:
    """How many series a Parquet file holds."""
    return int(pl.scan_parquet(path).select(pl.col("unique_id").n_unique()).collect(engine="streaming").item())


def days_of(source: Path) -> np.ndarray:
    """The different days of all series, in order."""
    with _as_parquet(source) as path:
        days = pl.scan_parquet(path).select(pl.col("ds").unique()).collect(engine="streaming")["ds"]
    return days.drop_nulls().sort().to_numpy()


def read_long(source: Path) -> pl.DataFrame:
    """The rows of a CSV or Parquet file as `unique_id, ds, y`."""
    with _as_parquet(source) as path:
        return pl.read_parquet(path)


@contextmanager
def _as_parquet(source: Path) -> Iterator[Path]:
    """The source as Parquet with typed columns: itself, or a temporary copy."""
    if not source.is_file():
        raise ForecastError(f"{source}: there is no such file")
    scan = pl.scan_parquet if source.suffix == ".parquet" else _scan_csv
    try:
        frame, schema = scan(source), scan(source).collect_schema()
    except pl.exceptions.PolarsError as error:
        raise ForecastError(f"{source}: cannot be read: {str(error).splitlines()[0]}") from error
    missing = [name for name in ("ds", "y") if name not in schema]
    if missing:
        raise ForecastError(f"{source}: no column {missing[0]}: found {', '.join(schema.names())}")
    if source.suffix == ".parquet" and _typed(schema):
        yield source
        return
    with TemporaryDirectory(prefix="almanac-") as folder:
        copy = Path(folder) / "series.parquet"
        try:
            _cast(frame, schema).sink_parquet(copy)
        except pl.exceptions.PolarsError as error:
            raise ForecastError(f"{source}: ds must be dates and y numbers: {str(error).splitlines()[0]}") from error
        yield copy


def _scan_csv(source: Path) -> pl.LazyFrame:
    return pl.scan_csv(source, try_parse_dates=True, null_values=["", "NA", "NaN", "null"], infer_schema_length=10_000)


def _typed(schema: pl.Schema) -> bool:
    return schema.get("unique_id") == pl.String and schema["ds"] == pl.Date and schema["y"].is_numeric()


def _cast(frame: pl.LazyFrame, schema: pl.Schema) -> pl.LazyFrame:
    name = pl.col("unique_id").cast(pl.String) if "unique_id" in schema else pl.lit("series")
    return frame.select(name.alias("unique_id"), pl.col("ds").cast(pl.Date), pl.col("y").cast(pl.Float64))


@contextmanager
def _parquet_target(target: Path) -> Iterator[Path]:
    """Where to write Parquet so that the target, Parquet or CSV, appears at once when it is complete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.partial")
    try:
        yield aside
        if target.suffix == ".csv":
            as_csv = target.with_name(f".{target.name}.text")
            pl.scan_parquet(aside).sink_csv(as_csv)
            as_csv.replace(target)
        else:
            aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
