"""What is forecast and how: `config.yml` as frozen objects that refuse unknown keys."""

from dataclasses import dataclass, field, fields, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import yaml

from forecasts.checks import check_words
from forecasts.errors import ForecastError
from forecasts.panel.calendar import Calendar
from forecasts.panel.frequency import Frequency

SHIPPED = Path(__file__).resolve().parent / "config.yml"
BOOKINGS = "bookings"
DEAL_METRICS = (BOOKINGS, "revenue")  # that deals are behind
T = TypeVar("T")


@dataclass(frozen=True)
class SeriesSet:
    """One metric at some levels and one frequency, some periods ahead.

    pool: series of one name, frequency and horizon are forecast together: they share the choice of models and the
    errors that intervals are made of.
    """

    metric: str
    levels: tuple[str, ...]
    freq: str = "MS"
    horizon: int = 12
    non_negative: bool = True
    pool: str = ""

    def __post_init__(self) -> None:
        """Refuse an unknown frequency or a horizon below 1."""
        if isinstance(self.levels, str):
            raise ForecastError(f"{self.metric}: levels is a list, as in [{self.levels}]")
        Frequency(self.freq)
        if self.horizon < 1:
            raise ForecastError(f"{self.metric}: horizon must be 1 or more periods, not {self.horizon}")


@dataclass(frozen=True)
class History:
    """How much history a model needs: shorter series get the naive forecast and a `fallback_reason`."""

    min_periods: int = 12
    min_seasons: float = 2.0


@dataclass(frozen=True)
class Backtest:
    """Rolling origins.

    origins: cutoffs that every choice is made on, a horizon apart. evaluation: cutoffs a period apart that choose
    nothing, on which accuracy, bias, skill and intervals are measured. bands: last step of each band of horizons that
    skill is judged in. min_origins: fewest cutoffs for a verdict. kept_whole: series of one frequency, horizon and pool
    up to which every row of the backtest is kept; of more, at cutoffs that chose nothing only what was served, last
    season's value and, of metrics that deals are weighed into, pool and peers: accuracy, choices and intervals are the
    same.
    """

    origins: int = 3
    evaluation: int = 12
    bands: tuple[int, ...] = (3, 6)
    min_origins: int = 8
    kept_whole: int = 5000

    def __post_init__(self) -> None:
        """Refuse fewer than three cutoffs (a choice on so few is luck), and bands that do not rise."""
        if self.evaluation < 0 or self.min_origins < 2:
            raise ForecastError("backtest.evaluation must be 0 or more, and min_origins 2 or more")
        if list(self.bands) != sorted(set(self.bands)) or min(self.bands, default=1) < 1:
            raise ForecastError(f"backtest.bands are rising numbers of periods, as in [3, 6], not {list(self.bands)}")
        if self.origins < 3:
            raise ForecastError(f"backtest.origins must be 3 or more, not {self.origins}: a choice on fewer is luck")


@dataclass(frozen=True)
class Tier:
    """The candidate models, and the guardrail: the fixed combination that a chosen pool must beat."""

    models: tuple[str, ...]
    guardrail: tuple[str, ...]
    intermittent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Aggregation:
    """An aggregation of the hierarchy: the members of level `children` add up to their member of level `parent`."""

    parent: str
    children: str


@dataclass(frozen=True)
class Shock:
    """A change to the forecast of some series over some periods: `yhat * multiply + add`.

    member empty: every member of the level. from_step ... to_step: periods ahead; first_period ... last_period: dates.
    """

    metric: str
    multiply: float = 1.0
    add: float = 0.0
    level: str = "total"
    member: str = ""
    from_step: int = 1
    to_step: int | None = None
    first_period: date | None = None
    last_period: date | None = None


@dataclass(frozen=True)
class Response:
    """What is done where a scenario comes true, by whom, and on which sign."""

    action: str
    owner: str
    trigger: str


@dataclass(frozen=True)
class Scenario:
    """A named what-if: shocks to series, other future values of the regressors, other drivers of bookings and revenue.

    drivers: win_rate, creation_rate (of new deals) and price, each as a factor.
    """

    name: str
    because: str
    shocks: tuple[Shock, ...] = ()
    regressors: dict[str, float] = field(default_factory=dict)
    drivers: dict[str, float] = field(default_factory=dict)
    response: Response | None = None


@dataclass(frozen=True)
class Config:
    """All of `config.yml`; without tiers of its own it has the shipped ones.

    market_facts: metrics of the market facts (of the level total) that the models are given as regressors.
    importance: whether a random forest's feature importance is computed per metric.
    replay_months: last month ends for which a run adds the versions that are missing.
    approved: metrics whose total is served as people approved it, where they have.
    """

    series: tuple[SeriesSet, ...]
    tiers: dict[str, Tier] = field(default_factory=lambda: load().tiers)
    tier: str = "default"
    history: History = field(default_factory=History)
    backtest: Backtest = field(default_factory=Backtest)
    hierarchy: tuple[Aggregation, ...] = ()
    calendar: Calendar = field(default_factory=Calendar)
    market_facts: tuple[str, ...] = ()
    importance: bool = False
    scenarios: tuple[Scenario, ...] = ()
    replay_months: int = 6
    approved: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an unknown tier, and scenarios and sums of what is not forecast."""
        if not isinstance(self.series, tuple):
            raise ForecastError("series is a list of metrics with their levels")
        if not isinstance(self.tiers, dict):
            raise ForecastError("tiers is a mapping of names to models and a guardrail")
        if self.tier not in self.tiers:
            raise ForecastError(f"tier {self.tier!r} is unknown: tiers are {', '.join(self.tiers)}")
        check_words(self)

    @property
    def weighed(self) -> tuple[str, ...]:
        """Metrics that deals are weighed into: none without bookings, which bring them in."""
        return DEAL_METRICS if BOOKINGS in {entry.metric for entry in self.series} else ()

    @property
    def models(self) -> Tier:
        """The tier in use."""
        return self.tiers[self.tier]


@dataclass(frozen=True)
class Scenarios:
    """All of `scenarios.yml`: what planners ask beside the configuration."""

    scenarios: tuple[Scenario, ...] = ()


def for_tier(tier: str, calendar: Calendar | None = None) -> Config:
    """The shipped configuration with another tier and calendar, for files outside a warehouse."""
    return replace(load(), tier=tier, scenarios=(), calendar=calendar or Calendar(), importance=False)


NESTED: dict[str, type] = {
    "Config.series": SeriesSet,
    "Config.tiers": Tier,
    "Config.history": History,
    "Config.backtest": Backtest,
    "Config.hierarchy": Aggregation,
    "Config.calendar": Calendar,
    "Config.scenarios": Scenario,
    "Scenarios.scenarios": Scenario,
    "Scenario.shocks": Shock,
    "Scenario.response": Response,
}


def load(path: Path = SHIPPED) -> Config:
    """The configuration in a file. ForecastError names the file, the object and the key it does not accept."""
    return _build(Config, _read(path), str(path))


def with_scenarios(config: Config, path: Path) -> Config:
    """The configuration with the scenarios of another file, `scenarios:` alone; a name stands in one of them only."""
    own: tuple[Scenario, ...] = _build(Scenarios, _read(path), str(path)).scenarios
    if twice := sorted({one.name for one in config.scenarios} & {one.name for one in own}):
        raise ForecastError(f"{path}: scenario {twice[0]!r} stands in the configuration as well")
    try:
        return replace(config, scenarios=(*config.scenarios, *own))
    except ForecastError as error:
        raise ForecastError(f"{path}: {error}") from error


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as error:
        raise ForecastError(f"{path}: cannot be read as YAML: {str(error).splitlines()[0]}") from error


def _build(kind: type[T], raw: Any, where: str) -> T:
    if not isinstance(raw, dict):
        raise ForecastError(f"{where}: expected keys and values, found {raw!r}")
    valid = {entry.name for entry in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(map(str, raw)) - valid)
    if unknown:
        raise ForecastError(f"{where}: unknown key {', '.join(unknown)}: known are {', '.join(sorted(valid))}")
    values = {name: _value(NESTED.get(f"{kind.__name__}.{name}"), name, value, where) for name, value in raw.items()}
    try:
        return kind(**values)
    except ForecastError as error:
        raise ForecastError(f"{where}: {error}") from error
    except (TypeError, AttributeError) as error:
        raise ForecastError(f"{where}: {str(error).split('__init__() ')[-1]}") from error


def _value(kind: type | None, name: str, value: Any, where: str) -> Any:
    if kind is None:
        return tuple(value) if isinstance(value, list) else value
    if isinstance(value, list):
        return tuple(_build(kind, item, f"{where}: {name}[{index}]") for index, item in enumerate(value))
    if name == "tiers" and isinstance(value, dict):
        return {key: _build(kind, item, f"{where}: {name}.{key}") for key, item in value.items()}
    return _build(kind, value, f"{where}: {name}")
