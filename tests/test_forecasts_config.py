"""A forecast configuration says what is wrong with it, and what it leaves out is as shipped."""

from pathlib import Path

import polars as pl
import pytest

from forecasts import config
from forecasts.checks import check_history, left_out
from forecasts.errors import ForecastError
from forecasts.output import schemas
from forecasts.selection import pool

pytestmark = pytest.mark.fast


def test_unknown_key_is_refused_with_file_and_key(tmp_path: Path) -> None:
    path = tmp_path / "forecasts.yml"
    path.write_text("series: [{metric: revenue, levels: [total], horizont: 3}]\ntiers: {}\n", encoding="utf-8")
    with pytest.raises(ForecastError, match=r"forecasts\.yml: series\[0\]: unknown key horizont: known are"):
        config.load(path)


def test_a_level_of_a_metric_stands_in_one_entry() -> None:
    total, both = (config.SeriesSet("revenue", levels) for levels in (("total",), ("region", "total")))
    with pytest.raises(ForecastError, match=r"level total of revenue \(MS\) stands in two entries"):
        config.Config(series=(total, both))
    assert config.Config(series=(total, config.SeriesSet("revenue", ("total",), "W-MON")))


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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scenarios: [{name: x, because: y, shocks: [{metric: revenu}]}]", "metric 'revenu' is unknown .* 'revenue'"),
        (
            "scenarios: [{name: x, because: y, shocks: [{metric: revenue, level: regions}]}]",
            "scenario x: level of revenue 'regions' is unknown",
        ),
        ("scenarios: [{name: x, because: y, regressors: {spring: 1}}]", "regressor 'spring' is unknown"),
        ("hierarchy: [{parent: total, children: product_lines}]", "level 'product_lines' is unknown .* 'product_line'"),
        ("calendar: {festivals: [easter_sunday]}", "festival 'easter_sunday' is unknown"),
    ],
)
def test_a_word_that_nobody_knows_is_refused_before_the_run(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "forecasts.yml"
    path.write_text(f"series: [{{metric: revenue, levels: [total, region]}}]\n{text}\n", encoding="utf-8")
    with pytest.raises(ForecastError, match=message):
        config.load(path)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (config.SeriesSet("revenues", ("total",)), "metric 'revenues' is unknown .did you mean 'revenue'"),
        (config.SeriesSet("revenue", ("regio",)), "level of revenue 'regio' is unknown .did you mean 'region'"),
        (config.SeriesSet("revenue", ("total",), "QS"), "frequency of revenue 'QS' is unknown.*: there are MS"),
    ],
)
def test_what_no_series_has_is_refused_not_left_out(entry: config.SeriesSet, message: str) -> None:
    labels = {"metric": ["revenue"] * 2, "level": ["total", "region"], "member": ["", "East"], "freq": ["MS"] * 2}
    with pytest.raises(ForecastError, match=message):
        check_history(config.Config(series=(entry,)), pl.DataFrame(labels))


def test_a_company_without_deals_has_no_bookings_and_no_error() -> None:
    labels = {"metric": ["revenue"], "level": ["total"], "member": [""], "freq": ["MS"]}
    check_history(config.Config(series=(config.SeriesSet("bookings", ("total",)),)), pl.DataFrame(labels))


def test_all_six_metrics_are_forecast_by_month_as_shipped_and_what_no_export_tells_of_is_said() -> None:
    """A company of one CRM: bookings without regions, deals that come in, and no invoice."""
    plan = config.load()
    by_month = {entry.metric for entry in plan.series if entry.freq == "MS" and "total" in entry.levels}
    assert by_month == {"revenue", "bookings", "margin", "quantity", "new_customers", "opportunity_inflow"}
    rows = [("bookings", "total"), ("bookings", "product_line"), ("opportunity_inflow", "total")]
    history = pl.DataFrame(rows, schema=["metric", "level"], orient="row").with_columns(
        freq=pl.lit("MS"), member=pl.lit("")
    )
    check_history(plan, history)
    assert sorted(name for _, name, _ in left_out(plan, history)) == [
        "bookings region", "margin", "new_customers", "opportunity_inflow region", "quantity", "revenue",
    ]  # fmt: skip


def test_champions_of_a_pool_with_a_name_are_its_own() -> None:
    rows = [{"freq": "MS", "segment": "regular", "decision": "pool", "candidate": members, "is_chosen": True,
             "reason": "greedy"} for members in ("theta", "theta + naive")]  # fmt: skip
    money, others = (schemas.conform(pl.DataFrame([row]), schemas.CHOICES) for row in rows)
    choices = pl.concat([money, pool.named(others, "others")])
    assert pool.champions_of(choices, "MS") == {"regular": ("theta",)}
    assert pool.champions_of(choices, "MS", "others") == {"regular": ("theta", "naive")}
    assert pool.champions_of(choices, "MS", "new") == {}
