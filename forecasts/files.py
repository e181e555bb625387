"""Forecast a file: `unique_id, ds, y` in, forecasts out, a block of series at a time. Dates are parsed in `_cast`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from forecasts.backtesting.execution import check_engine
from forecasts.config import Config, SeriesSet
from forecasts.errors import ForecastError
from forecasts.output import schemas
from forecasts.output.schemas import FILE_COLUMNS
from forecasts.panel.frequency import Frequency

NULL_TEXTS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL")
SERIES_PER_BLOCK = 20_000  # series that share one choice of pools; bounds memory
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
    limit: float | None = None,
) -> int:
    """Forecast every series of a CSV or Parquet file into another; returns the number of series forecast.

    source: `unique_id, ds, y`; without `unique_id` it is one series. The tier is the configuration's. With the tier
    `prophet` the file is streamed and every series gets Prophet's own intervals; other tiers choose pools.
    target: FILE_COLUMNS, one row per series and period after its last value; written completely or not at all.
    limit: what no value can exceed, as 1 for a share; no forecast and no bound does.
    """
    frequency = Frequency(freq)
    check_engine(engine)
    if source.resolve() == target.resolve():
        raise ForecastError(f"{target}: the forecast would overwrite its own history")
    if horizon < 1:
        raise ForecastError(f"horizon must be 1 or more periods, not {horizon}")
    if config.tier == "prophet" and config.calendar.festivals:
        raise ForecastError("tier prophet has no festivals on a file: use tier default or thorough with --country")
    with _as_parquet(source) as path:
        _refuse_above(source, path, limit)
        if config.tier == "prophet":
            return _streamed(path, target, horizon, frequency, progress, limit)
        return _pooled(path, target, config, horizon, frequency, engine, progress, limit)


def _refuse_above(source: Path, path: Path, limit: float | None) -> None:
    """Raise ForecastError where the history exceeds the limit that it is said to have."""
    largest = None if limit is None else pl.scan_parquet(path).select(pl.col("y").max()).collect().item()
    if largest is not None and limit is not None and largest > limit:
        raise ForecastError(f"{source}: the history has {largest:g}, above --max {limit:g}")


def _limited(rows: pl.DataFrame, limit: float | None) -> pl.DataFrame:
    """No forecast and no bound above the limit."""
    numbers = ("yhat", "lo_80", "hi_80", "lo_95", "hi_95")
    return rows if limit is None else rows.with_columns(pl.col(name).clip(upper_bound=limit) for name in numbers)


def _streamed(
    path: Path, target: Path, horizon: int, frequency: Frequency, progress: Progress | None, limit: float | None
) -> int:
    from forecasts.engines.streaming import stream_prophet

    total = series_of(path)
    tick = (lambda done: progress(done, total)) if progress else None
    with _parquet_target(target) as partial_path:
        count = stream_prophet(path, partial_path, horizon, frequency, tick)
        if limit is not None:
            _limited(pl.read_parquet(partial_path), limit).write_parquet(partial_path)
        return count


def _pooled(
    path: Path,
    target: Path,
    config: Config,
    horizon: int,
    frequency: Frequency,
    engine: str,
    progress: Progress | None,
    limit: float | None,
) -> int:
    table = pl.read_parquet(path)
    ids = table["unique_id"].unique().sort()
    file_config = replace(config, series=(SeriesSet("y", ("total",), frequency.code, horizon),), hierarchy=())
    parts = []
    for start in range(0, len(ids), SERIES_PER_BLOCK):
        block = table.join(ids[start : start + SERIES_PER_BLOCK].to_frame(), on="unique_id", how="semi")
        parts.append(_block(block, file_config, engine, _whole_file_progress(progress, start, len(ids))))
    rows = pl.concat(parts) if parts else pl.DataFrame(schema=FILE_COLUMNS)
    rows = pl.concat([_limited(rows, limit), _without_values(table, rows, horizon, frequency)])
    with _parquet_target(target) as partial_path:
        rows.sort("unique_id", "ds").write_parquet(partial_path)
    return len(ids)


def _without_values(table: pl.DataFrame, rows: pl.DataFrame, horizon: int, frequency: Frequency) -> pl.DataFrame:
    """Rows without a forecast for the series that have no value at all, for the periods after their last date."""
    valueless = table.join(rows, on="unique_id", how="anti").group_by("unique_id").agg(pl.col("ds").max())
    last = frequency.index(valueless["ds"].to_numpy())
    periods = frequency.dates((last[:, None] + np.arange(1, horizon + 1)[None, :]).ravel())
    ids = valueless.select(pl.col("unique_id").repeat_by(horizon).explode())["unique_id"]
    empty_rows = pl.DataFrame({"unique_id": ids, "ds": pl.Series(periods).cast(pl.Date)})
    return schemas.conform(empty_rows.with_columns(fallback_reason=pl.lit("0 values of history")), FILE_COLUMNS)


def _block(block: pl.DataFrame, config: Config, engine: str, progress: Progress | None) -> pl.DataFrame:
    from forecasts.run import forecast

    code = config.series[0].freq
    labels = {"metric": "y", "level": "total", "freq": code}
    history = block.with_columns(member=pl.col("unique_id"), **{name: pl.lit(label) for name, label in labels.items()})
    issued = forecast(history, config, as_of=date.max, engine=engine, progress=progress)
    served = issued.values.filter(pl.col("is_served") & (pl.col("scenario") == "base"))
    return served.rename({"period_start": "ds"}).select(FILE_COLUMNS.keys())


def _whole_file_progress(progress: Progress | None, start: int, total: int) -> Progress | None:
    """Progress of one block as a number of series of the whole file."""
    if progress is None:
        return None
    size = min(SERIES_PER_BLOCK, total - start)
    return lambda done, steps: progress(start + size * done // max(steps, 1), total)


def series_of(path: Path) -> int:
    """How many series a Parquet file holds."""
    return int(pl.scan_parquet(path).select(pl.col("unique_id").n_unique()).collect(engine="streaming").item())


def days_of(source: Path) -> np.ndarray:
    """The distinct dates of all series, sorted."""
    with _as_parquet(source) as path:
        days = pl.scan_parquet(path).select(pl.col("ds").unique()).collect(engine="streaming")["ds"]
    return days.drop_nulls().sort().to_numpy()


def read_long(source: Path) -> pl.DataFrame:
    """The rows of a CSV or Parquet file as `unique_id, ds, y`."""
    with _as_parquet(source) as path:
        return pl.read_parquet(path).with_columns(pl.col("y").cast(pl.Float64).fill_nan(None))


def read_forecasts(target: Path) -> pl.DataFrame:
    """The rows of a forecast file, as FILE_COLUMNS."""
    return pl.read_csv(target, schema=FILE_COLUMNS) if target.suffix == ".csv" else pl.read_parquet(target)


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
        yield _checked(source, source)
        return
    with TemporaryDirectory(prefix="almanac-") as folder:
        copy = Path(folder) / "series.parquet"
        try:
            _cast(frame, schema).sink_parquet(copy)
        except pl.exceptions.PolarsError as error:
            raise ForecastError(f"{source}: ds must be dates and y numbers: {str(error).splitlines()[0]}") from error
        yield _checked(source, copy)


def _scan_csv(source: Path) -> pl.LazyFrame:
    return pl.scan_csv(source, infer_schema=False)


def _typed(schema: pl.Schema) -> bool:
    return schema.get("unique_id") == pl.String and schema["ds"] == pl.Date and schema["y"].is_numeric()


def _cast(frame: pl.LazyFrame, schema: pl.Schema) -> pl.LazyFrame:
    """ids as the text in the file; ds the local date of a timestamp, text as YYYY-MM-DD or YYYY/MM/DD; y numbers."""
    unique_id = pl.col("unique_id").cast(pl.String) if "unique_id" in schema else pl.lit("series")
    ds, y = pl.col("ds"), pl.col("y")
    if schema["ds"] == pl.String:
        ds = ds.str.slice(0, 10).str.replace_all("/", "-").str.to_date("%Y-%m-%d")
    elif isinstance(schema["ds"], pl.Datetime):
        ds = ds.dt.replace_time_zone(None)
    if schema["y"] == pl.String:
        y = pl.when(~y.str.strip_chars().is_in(NULL_TEXTS)).then(y.str.strip_chars())
    return frame.select(unique_id.alias("unique_id"), ds.cast(pl.Date), y.cast(pl.Float64).fill_nan(None))


def _checked(source: Path, path: Path) -> Path:
    """The path, if every row has an id and a date and no value is infinite; ForecastError otherwise."""
    table = pl.scan_parquet(path)
    invalid = {"unique_id": pl.col("unique_id").is_null(), "ds": pl.col("ds").is_null(), "y": pl.col("y").is_infinite()}
    if not table.collect_schema()["y"].is_float():
        del invalid["y"]
    counts = table.select(**{name: is_invalid.sum() for name, is_invalid in invalid.items()}).collect(
        engine="streaming"
    )
    failed = [name for name in invalid if counts[name].item()]
    if failed:
        problem = "infinite values" if failed[0] == "y" else "empty cells"
        raise ForecastError(f"{source}: column {failed[0]!r} has {counts[failed[0]].item():,} {problem}")
    return path


@contextmanager
def _parquet_target(target: Path) -> Iterator[Path]:
    """A temporary Parquet path; on success it becomes the target, Parquet or CSV, in one atomic step."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial_path = target.with_name(f".{target.name}.partial")
    try:
        yield partial_path
        if target.suffix == ".csv":
            as_csv = target.with_name(f".{target.name}.text")
            pl.scan_parquet(partial_path).sink_csv(as_csv)
            as_csv.replace(target)
        else:
            partial_path.replace(target)
    finally:
        partial_path.unlink(missing_ok=True)
