"""`almanac forecast-file`: the forecast engine on any long table, without a warehouse."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import typer

from pipelines.cli.context import ENGINES
from pipelines.errors import AlmanacError

if TYPE_CHECKING:
    from rich.progress import Progress

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
        time: list[str] | None = typer.Option(
            None, help="Column of dates (default: ds, or the only date column); twice for a year and a month."
        ),
        value: str | None = typer.Option(None, help="Column to forecast (default: y, or the only numeric column)."),
        decimal: str | None = typer.Option(None, help="The decimal mark, . or , where the file leaves it open."),
        absent: str = typer.Option("auto", help="What a period without a row is: zero, gap, or auto: by the file."),
        country: str | None = typer.Option(None, help="Festivals and working days of a country: CN, DE ..."),
        limit: float | None = typer.Option(None, "--max", help="What no value can exceed: 1 for a share."),
        out: Path | None = typer.Option(
            None, help="CSV or Parquet to write (default: FILE_forecast, as CSV or Parquet)."
        ),
        engine: str = typer.Option("process", help="process, pool, pool:WORKERS, ray, dask:ADDRESS, spark."),
        charts: Path | None = typer.Option(None, help="Folder for one chart per series (the first 200)."),
    ) -> None:
        """Forecast every series of a file: yhat, its 80 and 95 % intervals, and the model."""
        import polars as pl

        from pipelines.home.spreadsheet import write_table

        target = _target(file, out)
        if tier not in TIERS:
            raise AlmanacError(f"tier {tier!r} is none of {', '.join(TIERS)}")
        if decimal not in (None, ".", ","):
            raise AlmanacError(f"--decimal {decimal!r} is neither . nor ,")
        with TemporaryDirectory(prefix="almanac-") as folder:
            options = {"unique_id": tuple(series or ()), "time": tuple(time or ()), "value": value, "decimal": decimal}
            table, name = _long_table(file, options, Path(folder))
            table, frequency = _checked(file, table, freq, absent, name, Path(folder))
            made = Path(folder) / "forecast.parquet"
            count = _forecast(table, made, horizon, frequency, tier, engine, country, limit)
            write_table(pl.scan_parquet(made), target)
            typer.echo(f"{target}: {count:,} series, {horizon} periods each ({frequency}), tier {tier}")
            if charts:
                typer.echo(f"{charts}: {_charts(table, made, charts)} charts")


def _target(file: Path, out: Path | None) -> Path:
    """The file to write. Raises AlmanacError where it cannot be one."""
    target = out or file.with_name(f"{file.stem}_forecast{'.parquet' if file.suffix == '.parquet' else '.csv'}")
    if target.suffix not in (".csv", ".parquet"):
        raise AlmanacError(f"--out {target}: the name must end in .csv or .parquet")
    if target.resolve() == file.resolve():
        raise AlmanacError(f"{target}: the forecast would overwrite its own history")
    return target


def _long_table(file: Path, options: dict[str, Any], folder: Path) -> tuple[Path, str]:
    """A Parquet table of unique_id, ds and y: the file itself if it is one (it may be large); and its value's name."""
    from pipelines.ingest.series import read_series

    if not file.is_file():
        raise AlmanacError(f"{file}: there is no such file")
    if not any(options.values()) and _is_typed(file):
        return file, "y"
    read = read_series(file, **options)
    _note(read.notes)
    read.rows.write_parquet(folder / "series.parquet")
    return folder / "series.parquet", read.value


def _is_typed(file: Path) -> bool:
    """Whether it is Parquet whose columns are unique_id, ds (days) and y already."""
    import polars as pl

    if file.suffix != ".parquet":
        return False
    try:
        schema = pl.scan_parquet(file).collect_schema()
    except pl.exceptions.PolarsError:
        return False
    is_named = schema.get("unique_id", pl.String()) == pl.String
    return is_named and {"ds", "y"} <= set(schema) and schema["ds"] == pl.Date and schema["y"].is_numeric()


def _checked(file: Path, table: Path, freq: str | None, absent: str, value: str, folder: Path) -> tuple[Path, str]:
    """The table as it is forecast, its frequency, and a note of everything that was decided."""
    from forecasts.errors import ForecastError
    from forecasts.file_checks import checked

    try:
        check = checked(table, freq, absent, value, folder)
    except ForecastError as error:
        raise AlmanacError(f"{file}: {error}") from error
    _note(check.notes)
    return check.table, check.freq


def _note(notes: Iterable[str]) -> None:
    for note in notes:
        typer.echo(f"note: {note}", err=True)


def _forecast(
    file: Path, target: Path, horizon: int, freq: str, tier: str, engine: str, country: str | None, limit: float | None
) -> int:
    from forecasts import config
    from forecasts.errors import ForecastError
    from forecasts.files import forecast_file
    from forecasts.panel.calendar import calendar_of

    try:
        calendar = calendar_of(country) if country else None
        with _bar() as bar:
            task = bar.add_task("forecasting", total=None)
            return forecast_file(
                file,
                target,
                config.for_tier(tier, calendar),
                horizon=horizon,
                freq=freq,
                engine=engine,
                limit=limit,
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
