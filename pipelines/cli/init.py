"""`almanac init DIR`: the shipped policy as a folder of one's own."""

import shutil
from pathlib import Path

import typer

from pipelines import settings as shipped
from pipelines.company import SHIPPED_COMPANY
from pipelines.errors import AlmanacError


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("init")
    def init(folder: Path) -> None:
        """Copy policy, contracts, checks and forecast configuration, to be kept in a repository of your own."""
        copy_policy(folder)
        typer.echo(f"{folder}: company.yml, seeds/, sources/, expectations/, forecasts.yml, models/")
        typer.echo(f"next: put exports into an inbox and run  almanac --config {folder} run")


def copy_policy(folder: Path) -> None:
    """Everything a company may change, as it ships. A folder that holds anything is left alone."""
    if folder.exists() and any(folder.iterdir()):
        raise AlmanacError(f"{folder}: not empty: name a new folder, nothing was copied")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(SHIPPED_COMPANY, folder / "company.yml")
    shutil.copy(shipped.SHIPPED_FORECASTS, folder / "forecasts.yml")
    shutil.copytree(shipped.SHIPPED_SOURCES, folder / "sources")
    shutil.copytree(shipped.SHIPPED_SUITES, folder / "expectations")
    shutil.copytree(shipped.SHIPPED_SEEDS, folder / "seeds", ignore=shutil.ignore_patterns("*.yml"))
    (folder / "models").mkdir()
