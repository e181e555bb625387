"""`almanac forecast-file`: the forecast engine on any long table, without a warehouse."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import typer

from pipelines.cli.context import ENGINES
from pipelines.errors import AlmanacError

if TYPE_CHECKING:
    from rich.progress import Progress

SPARSE = 0.5  # share of empty periods above which a wrong frequency is likelier than gaps
TIERS = ("prophet", "default", "thorough")


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("forecast-file", rich_help_panel=ENGINES)
    def forecast_file(
        file: Path = typer.Argument(
            help="CSV, XLSX, JSONL or Parquet with unique_id, ds and y, or columns given by --id, --time and --value."
        ),
        horizon: int = typer.Option(help="Periods ahead."),
        freq: str | None = typer.Option(
            None,
            help="MS, ME, QS, YS, D, B, W-MON ... W-SUN, 445-JAN ... (default: inferred from the dates).",
            show_default=False,
        ),
        tier: str = typer.Option("default", help="prophet (fastest), default, or thorough (most accurate)."),
        series: list[str] | None = typer.Option(None, "--id", help="Column that names the series; may be repeated."),
        time: str | None = typer.Option(None, help="Column of dates (default: ds, or the only date column)."),
        value: str | None = typer.Option(None, help="Column to forecast (default: y, or the only numeric column)."),
        out: Path | None = typer.Option(
            None, help="CSV or Parquet to write (default: FILE_forecast, as CSV or Parquet)."
        ),
        engine: str = typer.Option("process", help="process, pool, pool:WORKERS, ray, dask:ADDRESS, spark."),
        charts: Path | None = typer.Option(None, help="Folder for one chart per series (the first 200)."),
    ) -> None:
        """Forecast every series of a file: yhat, its 80 and 95 % intervals, and the model."""
        import polars as pl

        from pipelines.home.spreadsheet import write_table

        ending = ".parquet" if file.suffix == ".parquet" else ".csv"
        target = out or file.with_name(f"{file.stem}_forecast{ending}")
        if target.suffix not in (".csv", ".parquet"):
            raise AlmanacError(f"--out {target}: the name must end in .csv or .parquet")
        if target.resolve() == file.resolve():
            raise AlmanacError(f"{target}: the forecast would overwrite its own history")
        with _long_table(file, tuple(series or ()), time, value) as table:
            frequency = _frequency(file, table, freq)
            with TemporaryDirectory(prefix="almanac-") as folder:
                made = Path(folder) / "forecast.parquet"
                count = _forecast(table, made, horizon, frequency, tier, engine)
                write_table(pl.scan_parquet(made), target)
                typer.echo(f"{target}: {count:,} series, {horizon} periods each ({frequency}), tier {tier}")
                if charts:
                    typer.echo(f"{charts}: {_charts(table, made, charts)} charts")


@contextmanager
def _long_table(file: Path, series: tuple[str, ...], time: str | None, value: str | None) -> Iterator[Path]:
    """The file itself if it has unique_id, ds and y (it may be large); otherwise a temporary table read from it."""
    from pipelines.ingest.series import read_series

    if not file.is_file():
        raise AlmanacError(f"{file}: there is no such file")
    if not (series or time or value) and _is_long(file):
        yield file
        return
    with TemporaryDirectory(prefix="almanac-") as folder:
        table = Path(folder) / "series.parquet"
        read_series(file, unique_id=series, time=time, value=value).write_parquet(table)
        yield table


def _is_long(file: Path) -> bool:
    """Whether its columns are unique_id, ds (year first) and y already."""
    import polars as pl

    is_text = file.suffix != ".parquet"
    try:
        head = (pl.read_csv(file, n_rows=100, infer_schema=False).lazy()) if is_text else pl.scan_parquet(file)
        schema = head.collect_schema()
    except (pl.exceptions.PolarsError, UnicodeError):
        return False
    if not {"ds", "y"} <= set(schema):
        return False
    if not is_text:
        return isinstance(schema["ds"], (pl.Date, pl.Datetime)) and schema["y"].is_numeric()
    is_day = pl.col("ds").str.contains(r"^\d{4}-\d{2}-\d{2}").all()
    is_number = pl.col("y").cast(pl.Float64, strict=False).is_not_null() | pl.col("y").is_null()
    return all(head.select(is_day, is_number.all()).collect().row(0))


def _frequency(file: Path, table: Path, freq_option: str | None) -> str:
    """The --freq option, otherwise inferred from the dates; with a note if most of its periods are empty."""
    from forecasts.errors import ForecastError
    from forecasts.files import days_of
    from forecasts.panel.frequency import Frequency, infer_freq

    try:
        days = days_of(table)
        if freq_option and len(days) < 2:
            return freq_option
        freq = freq_option or infer_freq(days)
        periods = Frequency(freq).index(days)
        span = int(periods[-1] - periods[0]) + 1
        empty = 1 - len(set(periods)) / span
        if empty >= SPARSE:
            suggested = infer_freq(days)
            hint = f"the dates suggest {suggested}" if suggested != freq else "is that intended?"
            typer.echo(f"note: {empty:.0%} of {span:,} periods are empty with --freq {freq}: {hint}", err=True)
    except ForecastError as error:
        raise AlmanacError(f"{file}: {error}") from error
    return freq


def _forecast(file: Path, target: Path, horizon: int, freq: str, tier: str, engine: str) -> int:
    from forecasts import config
    from forecasts.errors import ForecastError
    from forecasts.files import forecast_file

    if tier not in TIERS:
        raise AlmanacError(f"tier {tier!r} is none of {', '.join(TIERS)}")
    try:
        with _bar() as bar:
            task = bar.add_task("forecasting", total=None)
            return forecast_file(
                file,
                target,
                config.for_tier(tier),
                horizon=horizon,
                freq=freq,
                engine=engine,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
    except ForecastError as error:
        raise AlmanacError(str(error)) from error


def _charts(file: Path, target: Path, folder: Path) -> int:
    from forecasts.output.pictures import draw

    return draw(file, target, folder)


def _bar() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
