"""Whether a configuration can be followed, before anything is computed: every unknown word is refused by name.

`check_words` needs the configuration alone, `check_history` the series that there are.
"""

from collections.abc import Collection
from difflib import get_close_matches
from typing import Any, TypeAlias

import polars as pl

from forecasts.errors import ForecastError
from forecasts.panel.calendar import FESTIVALS

# What `forecasts.config` declares; it calls `check_words`, so its types cannot be imported here.
Config: TypeAlias = Any
Scenario: TypeAlias = Any
DRIVERS = ("win_rate", "creation_rate", "price")  # of bookings, as factors
LEVELS = ("total", "region", "product_line", "team")  # of marts.series_history
METRICS = (
    "revenue",
    "margin",
    "bookings",
    "quantity",
    "new_customers",
    "opportunity_inflow",
)  # of marts.series_history


def check_words(config: Config) -> None:
    """Refuse scenarios and sums of a metric, level or regressor that is not configured, and a series in two entries."""
    named: set[tuple[str, str, str]] = set()
    for entry in config.series:
        for level in entry.levels:
            if (entry.metric, level, entry.freq) in named:
                raise ForecastError(f"series: level {level} of {entry.metric} ({entry.freq}) stands in two entries")
            named.add((entry.metric, level, entry.freq))
    levels = {*LEVELS, *(level for entry in config.series for level in entry.levels)}
    for aggregation in config.hierarchy:
        for level in (aggregation.parent, aggregation.children):
            _known(level, levels, "hierarchy: level")
    for name in config.approved:
        _known(name, {entry.metric for entry in config.series}, "approved: metric")
    for name in config.calendar.festivals:
        _known(name, FESTIVALS, "calendar: festival")
    for scenario in config.scenarios:
        _check_scenario(scenario, config)


def _check_scenario(scenario: Scenario, config: Config) -> None:
    where = f"scenario {scenario.name}:"
    regressors = [*config.calendar.festivals, *config.market_facts]
    regressors += ["working_days"] if config.calendar.working_days else []
    for name in scenario.regressors:
        _known(name, regressors, f"{where} regressor")
    for name, factor in scenario.drivers.items():
        _known(name, DRIVERS, f"{where} driver")
        if factor < 0:
            raise ForecastError(f"{where} driver {name} is a factor of 0 or more, not {factor}")
    if scenario.drivers:
        _known("bookings", {entry.metric for entry in config.series}, f"{where} drivers move a metric, and")
    for shock in scenario.shocks:
        _known(shock.metric, {entry.metric for entry in config.series}, f"{where} metric")
        levels = {level for entry in config.series if entry.metric == shock.metric for level in entry.levels}
        _known(shock.level, levels, f"{where} level of {shock.metric}")


def check_history(config: Config, history: pl.DataFrame) -> None:
    """Refuse a metric, frequency or level that no series has, and a shock to a member that does not exist.

    A known metric or level without any series is none of a company that does not export it: it is left out.
    """
    if history.is_empty():
        return
    for entry in config.series:
        _known(entry.metric, {*METRICS, *history["metric"].unique()}, "series: metric")
        of_metric = history.filter(pl.col("metric") == entry.metric)
        if of_metric.is_empty():
            continue
        _known(entry.freq, of_metric["freq"].unique().to_list(), f"series: frequency of {entry.metric}")
        for level in entry.levels:
            _known(level, {*LEVELS, *of_metric["level"].unique()}, f"series: level of {entry.metric}")
    for scenario in config.scenarios:
        for shock in scenario.shocks:
            members = history.filter((pl.col("metric") == shock.metric) & (pl.col("level") == shock.level))["member"]
            if shock.member and len(members):
                _known(shock.member, members.unique().to_list(), f"scenario {scenario.name}: {shock.level}")


def left_out(config: Config, history: pl.DataFrame) -> list[tuple[str, str, str]]:
    """(frequency, metric or metric and level, why) of what the configuration names and no export tells of."""
    gaps = []
    for entry in config.series:
        own = history.filter((pl.col("metric") == entry.metric) & (pl.col("freq") == entry.freq))
        if own.is_empty():
            gaps.append((entry.freq, entry.metric, "no export tells of it, so it is not forecast"))
            continue
        missing = sorted(set(entry.levels) - set(own["level"].unique()))
        gaps += [
            (entry.freq, f"{entry.metric} {level}", "no series of that level, so none is forecast") for level in missing
        ]
    return gaps


def _known(word: str, words: Collection[str], where: str) -> None:
    if word in words:
        return
    near = get_close_matches(word, sorted(words), n=1, cutoff=0.5)
    meant = f" (did you mean {near[0]!r}?)" if near else ""
    raise ForecastError(f"{where} {word!r} is unknown{meant}: there are {', '.join(sorted(words)) or 'none'}")
