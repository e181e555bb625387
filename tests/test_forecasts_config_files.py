"""A configuration file is built into objects of every kind, or refused where it is wrong."""

from pathlib import Path

import pytest

from forecasts import config
from forecasts.config import Config, Scenario, SeriesSet, Shock
from forecasts.errors import ForecastError

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- one", "expected keys and values, found"),
        ("series: [1", "cannot be read as YAML"),
        ("series: []\nspeed: 1\nage: 2", "unknown key age, speed: known are approved, "),
        (
            "series: []\nhistory: {min_periods: 3, max: 4}",
            "history: unknown key max: known are min_periods, min_seasons",
        ),
        ("series: []\ntiers: {fast: {models: [naive]}}\ntier: fast", "tiers.fast: missing 1 required positional"),
        ("{}", "missing 1 required positional argument: 'series'"),
        ("series: []\nscenarios: [{name: a, because: b, shocks: [{}]}]", r"scenarios\[0\]: shocks\[0\]: missing 1"),
    ],
)
def test_a_file_that_cannot_be_built_is_refused_where_it_is_wrong(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "plan.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ForecastError, match=rf"plan\.yml: .*{told}"):
        config.load(path)


def test_a_file_is_built_into_objects_of_every_kind(tmp_path: Path) -> None:
    path = tmp_path / "plan.yml"
    path.write_text(
        "series: [{metric: revenue, levels: [total, region], horizon: 3}]\n"
        "tiers: {fast: {models: [naive], guardrail: [naive]}}\ntier: fast\nbacktest: {bands: [1, 2]}\n"
        "scenarios: [{name: a, because: b, shocks: [{metric: revenue, add: 5}],"
        " response: {action: c, owner: d, trigger: e}}]\n",
        encoding="utf-8",
    )
    plan = config.load(path)
    assert plan.series == (SeriesSet("revenue", ("total", "region"), horizon=3),) and plan.backtest.bands == (1, 2)
    assert plan.models == config.Tier(("naive",), ("naive",)) and plan.scenarios[0].shocks == (Shock("revenue", add=5),)
    assert plan.scenarios[0].response == config.Response("c", "d", "e")


def test_scenarios_of_planners_stand_beside_those_of_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "scenarios.yml"
    plan = Config((SeriesSet("revenue", ("total",)),), scenarios=(Scenario("bold", "a plan"),))
    path.write_text("scenarios: [{name: shy, because: c, shocks: [{metric: revenue}]}]", encoding="utf-8")
    assert [one.name for one in config.with_scenarios(plan, path).scenarios] == ["bold", "shy"]
    path.write_text("", encoding="utf-8")
    assert config.with_scenarios(plan, path) == plan
    path.write_text("scenarios: [{name: bold, because: c}]", encoding="utf-8")
    with pytest.raises(ForecastError, match=r"scenarios\.yml: scenario 'bold' stands in the configuration as well"):
        config.with_scenarios(plan, path)
    path.write_text("scenarios: [{name: shy, because: c, shocks: [{metric: margin}]}]", encoding="utf-8")
    with pytest.raises(ForecastError, match=r"scenarios\.yml: scenario shy: metric 'margin' is unknown"):
        config.with_scenarios(plan, path)
