"""`almanac init DIR`: the shipped policy as a folder of one's own."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import typer

from pipelines.cli.context import FIRST
from pipelines.errors import AlmanacError
from pipelines.home import settings as shipped
from pipelines.home.company import SHIPPED_COMPANY, Company, check_company, load_company

PROFILES = shipped.REPOSITORY / "pipelines" / "home" / "profiles"


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("init", rich_help_panel=FIRST)
    def init(
        context: typer.Context,
        folder: Path,
        currency: str = typer.Option(Company().base_currency, help="ISO 4217 code that amounts are summed in."),
        timezone: str = typer.Option(Company().timezone, help="IANA time zone in which the company's days end."),
        profile: str = typer.Option("full", help="full, or small: for a team with little more than one list of deals."),
        export: Path | None = typer.Option(None, help="Export of the only system: its contract is proposed from it."),
    ) -> None:
        """Copy policy, contracts, checks and forecast configuration, to be kept in a repository of your own."""
        own = {"base_currency": currency.upper(), "timezone": timezone}
        copy_policy(folder, {**own, "require_currency": "false" if export else "true"}, profile)
        if export:
            typer.echo(_only_contract(context, folder, export))
        typer.echo(f"{folder}: company.yml, seeds/, sources/, expectations/, forecasts.yml, messages.yml, models/")
        typer.echo(f"amounts are summed in {currency.upper()}, days end in {timezone}: {folder / 'company.yml'}")
        typer.echo(f"next: put exports into an inbox and run  almanac --config {folder} run")


def _only_contract(context: typer.Context, folder: Path, export: Path) -> str:
    """Put a contract proposed from one export in the place of the shipped ones; returns what to look at in it.

    It is proposed for the company that `folder` has just become: its currency and its days, not the home's of before.
    """
    from pipelines.cli.context import settings_from
    from pipelines.ingest.proposals.propose import propose

    company = load_company(folder / "company.yml")
    settings = replace(settings_from(context), company=company, config=folder, sources=folder / "sources")
    text = propose(settings, export, "crm", None, "")
    shutil.rmtree(folder / "sources")
    (folder / "sources").mkdir()
    (folder / "sources" / "crm.yml").write_text(text, encoding="utf-8")
    return f"{folder / 'sources' / 'crm.yml'}: proposed from {export.name}; see what it was not sure of"


def copy_policy(folder: Path, company: dict[str, str], profile: str = "full") -> None:
    """Everything a company may change, as it ships. A folder that holds anything is left alone.

    company: values of `company.yml` that differ from the shipped ones. profile: what is laid over the shipped files.
    """
    if profile != "full" and not (PROFILES / profile).is_dir():
        known = ", ".join(["full", *sorted(path.name for path in PROFILES.iterdir())])
        raise AlmanacError(f"--profile {profile}: known are {known}")
    if folder.exists() and any(folder.iterdir()):
        raise AlmanacError(f"{folder}: not empty: name a new folder, nothing was copied")
    from pipelines.messages import config as messages

    text = SHIPPED_COMPANY.read_text(encoding="utf-8")
    for name, value in company.items():
        text = re.sub(rf"(?m)^({name}: )\S+", rf"\g<1>{value}", text)
    check_company(company)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "company.yml").write_text(text, encoding="utf-8")
    shutil.copy(shipped.SHIPPED_FORECASTS, folder / "forecasts.yml")
    shutil.copy(messages.SHIPPED, folder / "messages.yml")
    shutil.copytree(shipped.SHIPPED_SOURCES, folder / "sources")
    shutil.copytree(shipped.SHIPPED_SUITES, folder / "expectations")
    shutil.copytree(shipped.SHIPPED_SEEDS, folder / "seeds", ignore=shutil.ignore_patterns("*.yml"))
    (folder / "models").mkdir()
    if profile != "full":
        shutil.copytree(PROFILES / profile, folder, dirs_exist_ok=True)
