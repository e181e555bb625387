"""`almanac init DIR`: the shipped policy as a folder of one's own."""

import re
import shutil
from pathlib import Path

import typer

from pipelines.errors import AlmanacError
from pipelines.home import settings as shipped
from pipelines.home.company import SHIPPED_COMPANY, Company, check_company
from pipelines.messages.config import SHIPPED as SHIPPED_MESSAGES


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("init")
    def init(
        folder: Path,
        currency: str = typer.Option(Company().base_currency, help="ISO 4217 code that amounts are summed in."),
        timezone: str = typer.Option(Company().timezone, help="IANA time zone in which the company's days end."),
    ) -> None:
        """Copy policy, contracts, checks and forecast configuration, to be kept in a repository of your own."""
        copy_policy(folder, {"base_currency": currency.upper(), "timezone": timezone, "require_currency": "true"})
        typer.echo(f"{folder}: company.yml, seeds/, sources/, expectations/, forecasts.yml, messages.yml, models/")
        typer.echo(f"amounts are summed in {currency.upper()}, days end in {timezone}: {folder / 'company.yml'}")
        typer.echo(f"next: put exports into an inbox and run  almanac --config {folder} run")


def copy_policy(folder: Path, company: dict[str, str]) -> None:
    """Everything a company may change, as it ships. A folder that holds anything is left alone.

    company: values of `company.yml` that differ from the shipped ones.
    """
    if folder.exists() and any(folder.iterdir()):
        raise AlmanacError(f"{folder}: not empty: name a new folder, nothing was copied")
    text = SHIPPED_COMPANY.read_text(encoding="utf-8")
    for name, value in company.items():
        text = re.sub(rf"(?m)^({name}: )\S+", rf"\g<1>{value}", text)
    check_company(company)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "company.yml").write_text(text, encoding="utf-8")
    shutil.copy(shipped.SHIPPED_FORECASTS, folder / "forecasts.yml")
    shutil.copy(SHIPPED_MESSAGES, folder / "messages.yml")
    shutil.copytree(shipped.SHIPPED_SOURCES, folder / "sources")
    shutil.copytree(shipped.SHIPPED_SUITES, folder / "expectations")
    shutil.copytree(shipped.SHIPPED_SEEDS, folder / "seeds", ignore=shutil.ignore_patterns("*.yml"))
    (folder / "models").mkdir()
