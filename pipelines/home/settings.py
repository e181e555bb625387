"""Where things are and how the company counts: read once, passed down.

Nothing below this module reads the environment or the clock. Environment names begin with `ALMANAC_`; a command-line
option wins over the environment, which wins over `company.yml`, which wins over the defaults shipped here.
"""

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pipelines.errors import AlmanacError
from pipelines.home import memory
from pipelines.home.company import SHIPPED_COMPANY, Company, load_company

REPOSITORY = Path(__file__).resolve().parents[2]
SHIPPED_SOURCES = REPOSITORY / "pipelines" / "contracts" / "sources"
DBT_PROJECT = REPOSITORY / "dbt_project"
SHIPPED_SEEDS = DBT_PROJECT / "seeds"
SHIPPED_SUITES = REPOSITORY / "expectations" / "suites"
SHIPPED_FORECASTS = REPOSITORY / "forecasts" / "config.yml"


@dataclass(frozen=True)
class Settings:
    """Every path and company-wide rule of one home.

    home: the folder that holds inbox, landing, state, warehouse and published.
    config: a folder with any of company.yml, seeds/, sources/, expectations/, forecasts.yml, models/; None for the
        policy that ships with the product.
    """

    home: Path
    inbox: Path
    sources: Path
    config: Path | None
    company: Company

    @property
    def landing(self) -> Path:
        """Every file ever received and its accepted rows."""
        return self.home / "landing"

    @property
    def state(self) -> Path:
        """Append-only memory that cannot be recomputed."""
        return self.home / "state"

    @property
    def warehouse(self) -> Path:
        """The folder of the working file; all of it may be deleted."""
        return self.home / "warehouse"

    @property
    def working_file(self) -> Path:
        """The DuckDB file that runs write."""
        return self.warehouse / "work.duckdb"

    @property
    def published(self) -> Path:
        """What BI tools and analysts read."""
        return self.home / "published"

    @property
    def served_file(self) -> Path:
        """The fixed path that BI tools open, read-only."""
        return self.published / "almanac.duckdb"

    @property
    def dagster_home(self) -> Path:
        """Dagster's own storage for this home."""
        return self.home / "dagster"

    @property
    def seeds(self) -> tuple[Path, ...]:
        """Folders of policy CSVs, the more specific first."""
        own = (self.config / "seeds",) if self.config else ()
        return (*(folder for folder in own if folder.is_dir()), SHIPPED_SEEDS)

    @property
    def suites(self) -> tuple[Path, ...]:
        """Folders of expectation suites, the more specific first."""
        own = (self.config / "expectations",) if self.config else ()
        return (*(folder for folder in own if folder.is_dir()), SHIPPED_SUITES)

    @property
    def forecasts(self) -> Path:
        """The forecast configuration."""
        own = self.config / "forecasts.yml" if self.config else None
        return own if own and own.is_file() else SHIPPED_FORECASTS

    @property
    def scenarios(self) -> tuple[Path, ...]:
        """Files of scenarios beside the forecast configuration, which planners keep: of its folder and of the home."""
        folders = dict.fromkeys(folder for folder in (self.config, self.home) if folder)
        return tuple(file for folder in folders if (file := folder / "scenarios.yml").is_file())

    def seed(self, name: str) -> Path:
        """The policy CSV of that name: the company's own where it has one, otherwise the shipped one."""
        for folder in self.seeds:
            if (folder / f"{name}.csv").is_file():
                return folder / f"{name}.csv"
        raise AlmanacError(f"seed {name}.csv is in none of: {', '.join(map(str, self.seeds))}")

    def end_of_day(self, day: date) -> datetime:
        """The first instant after `day` in the company's time zone, as naive UTC; the day ends there."""
        local = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(self.company.timezone))
        return local.astimezone(UTC).replace(tzinfo=None)

    def day_before(self, instant: datetime) -> date:
        """The company's calendar day before the one of an aware instant."""
        return instant.astimezone(ZoneInfo(self.company.timezone)).date() - timedelta(days=1)

    def local_date(self, instant: datetime) -> date:
        """The calendar day of a naive UTC instant in the company's time zone."""
        return instant.replace(tzinfo=UTC).astimezone(ZoneInfo(self.company.timezone)).date()


def load_settings(
    home: Path | None = None,
    *,
    inbox: Path | None = None,
    sources: Path | None = None,
    config: Path | None = None,
    is_switch: bool = False,
) -> Settings:
    """Settings from options, environment, what the home remembers, and `company.yml`, in that order of weight.

    is_switch: the home is to be used with what is given here from now on. Raises AlmanacError for another
    configuration, other contracts or another inbox than those it remembers.
    """
    environment = {
        name: Path(value)
        for name in ("HOME", "INBOX", "SOURCES", "CONFIG")
        if (value := os.environ.get(f"ALMANAC_{name}"))
    }
    home = (home or environment.get("HOME") or Path("data")).resolve()
    used = memory.recall(home)

    def chosen(name: str, option: Path | None, default: Path | None) -> Path | None:
        given = option or environment.get(name.upper())
        return memory.agreed(home, name, given.resolve() if given else None, default, used, is_switch=is_switch)

    config = chosen("config", config, None)
    if config and not config.is_dir():
        raise AlmanacError(f"config folder {config} does not exist: `almanac init {config}` makes one")
    own_sources = _own_sources(home, config)
    own_company = config / "company.yml" if config else None
    company = load_company(own_company if own_company and own_company.is_file() else SHIPPED_COMPANY)
    return Settings(
        home=home,
        inbox=chosen("inbox", inbox, home / "inbox") or home / "inbox",
        sources=chosen("sources", sources, own_sources) or own_sources,
        config=config,
        company=company.model_copy(update={"pii_key": os.environ.get("ALMANAC_PII_KEY", company.pii_key)}),
    )


def _own_sources(home: Path, config: Path | None) -> Path:
    """A home may bring its contracts: the sample company does when it is scaled beyond the shipped systems."""
    places = (config / "sources" if config else None, home / "sources")
    return next((place for place in places if place and place.is_dir()), SHIPPED_SOURCES).resolve()


def remember_use(settings: Settings) -> None:
    """Let the home remember what it is used with. Only for who owns it."""
    is_own_inbox, is_own_contracts = (
        settings.inbox == settings.home / "inbox",
        settings.sources == _own_sources(settings.home, settings.config),
    )
    used = memory.Used(
        is_known=True,
        config=settings.config,
        sources=None if is_own_contracts else settings.sources,
        inbox=None if is_own_inbox else settings.inbox,
    )
    memory.remember(settings.home, used)


def secret(name: str) -> str | None:
    """An address or password of the environment, by the name of its variable; it is kept nowhere else."""
    return os.environ.get(name) if name else None


def now() -> datetime:
    """The clock, as naive UTC. Called by the command line, schedules and the run's own log, and by nothing else."""
    return datetime.now(UTC).replace(tzinfo=None)
