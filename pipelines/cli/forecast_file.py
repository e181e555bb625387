"""`almanac forecast-file`: the forecast engine on any long table, without a warehouse."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pipelines.errors import AlmanacError

if TYPE_CHECKING:
    from rich.progress import Progress

TIERS = ("prophet", "default", "thorough")


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("forecast-file")
    def forecast_file(
        file: Path = typer.Argument(help="CSV or Parquet with unique_id, ds, y."),
        horizon: int = typer.Option(help="Periods ahead."),
        freq: str = typer.Option(help="MS, ME, QS, YS, D, or W-MON ... W-SUN."),
        tier: str = typer.Option("default", help="prophet (fastest), default, or thorough (most accurate)."),
        out: Path | None = typer.Option(None, help="CSV or Parquet to write [FILE_forecast with FILE's ending]."),
        engine: str = typer.Option("process", help="process, pool, pool:WORKERS, ray, dask:ADDRESS, spark."),
        charts: Path | None = typer.Option(None, help="Folder for one picture per series (the first 200)."),
    ) -> None:
        """Forecast every series of a file: yhat, its 80 and 95 % intervals, and the model."""
        target = out or file.with_name(f"{file.stem}_forecast{file.suffix}")
        count = _forecast(file, target, horizon, freq, tier, engine)
        typer.echo(f"{target}: {count} series, {horizon} periods each, tier {tier}")
        if charts:
            typer.echo(f"{charts}: {_charts(file, target, charts)} pictures")


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
    from forecasts.pictures import draw

    return draw(file, target, folder)


def _bar() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
