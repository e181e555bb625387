"""A forecast configuration says what is wrong with it, and what it leaves out is as shipped."""

from pathlib import Path

import pytest

from forecasts import config
from forecasts.errors import ForecastError

pytestmark = pytest.mark.fast


def test_unknown_key_is_refused_with_file_and_key(tmp_path: Path) -> None:
    path = tmp_path / "forecasts.yml"
    path.write_text("series: [{metric: revenue, levels: [total], horizont: 3}]\ntiers: {}\n", encoding="utf-8")
    with pytest.raises(ForecastError, match=r"forecasts\.yml: series\[0\]: unknown key horizont: known are"):
        config.load(path)


def test_fewer_than_three_cutoffs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "forecasts.yml"
    path.write_text(
        "series: []\ntiers: {default: {models: [naive], guardrail: [naive]}}\nbacktest: {origins: 2}\n",
        encoding="utf-8",
    )
    with pytest.raises(ForecastError, match="origins must be 3 or more"):
        config.load(path)


@pytest.mark.parametrize(
    "text",
    [
        "series: 7",
        "tiers: 3\nseries: []",
        "tiers: {default: 3}\nseries: []",
        "series: [{metric: revenue, levels: total}]",
    ],
)
def test_a_value_of_the_wrong_shape_is_refused_with_the_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "forecasts.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ForecastError, match=str(path)):
        config.load(path)


def test_a_configuration_without_tiers_has_the_shipped_ones(tmp_path: Path) -> None:
    path = tmp_path / "forecasts.yml"
    path.write_text("series: [{metric: revenue, levels: [total]}]", encoding="utf-8")
    assert config.load(path).tiers == config.load().tiers == config.Config(series=()).tiers


def test_shipped_configuration_names_models_that_exist() -> None:
    from forecasts.base import registry

    for tier in config.load().tiers.values():
        assert set(tier.models + tier.guardrail + tier.intermittent) <= set(registry())
