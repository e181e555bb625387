"""What the forecast engine promises of the rows it returns."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from forecasts import config
from forecasts.config import Config, Scenario, SeriesSet, Shock, Tier
from forecasts.output import schemas
from forecasts.output.importance import importance_of
from forecasts.panel.batch import Batch
from forecasts.panel.frequency import Frequency
from forecasts.run import Forecasts, forecast

pytestmark = pytest.mark.fast

AS_OF = date(2024, 12, 31)
CHEAP = Tier(("ets_batch", "naive", "seasonal_naive"), ("ets_batch",))
MONTHS = pl.date_range(date(2020, 1, 1), date(2024, 12, 1), "1mo", eager=True)


def rows(metric: str, level: str, member: str, y: np.ndarray) -> pl.DataFrame:
    labels = {"unique_id": f"{metric}|{level}|{member}|MS", "metric": metric, "level": level, "member": member}
    return pl.DataFrame({"ds": MONTHS[-len(y) :], "y": y}).with_columns(
        freq=pl.lit("MS"), **{k: pl.lit(v) for k, v in labels.items()}
    )


@pytest.fixture(scope="module")
def history() -> pl.DataFrame:
    """Two regions by two product lines over 60 months, the second line sold for the last 8 only."""
    random = np.random.default_rng(3)
    steps = np.arange(60)
    wave = 10 * np.sin(2 * np.pi * steps / 12)
    cell = {(r, p): 50 + steps * 0.3 + wave + random.normal(0, 3, 60) for r in ("East", "West") for p in ("A", "B")}
    for region in ("East", "West"):
        cell[region, "B"][:52] = 0
    parts = [rows("revenue", "total", "", sum(cell.values()))]  # type: ignore[arg-type]
    parts += [rows("revenue", "region", r, cell[r, "A"] + cell[r, "B"]) for r in ("East", "West")]
    parts += [rows("revenue", "product_line", "A", cell["East", "A"] + cell["West", "A"])]
    parts += [rows("revenue", "product_line", "B", (cell["East", "B"] + cell["West", "B"])[52:])]
    return pl.concat(parts)


@pytest.fixture(scope="module")
def settings() -> Config:
    levels = ("total", "region", "product_line")
    return replace(config.load(), series=(SeriesSet("revenue", levels),), tiers={"default": CHEAP})


@pytest.fixture(scope="module")
def issued(history: pl.DataFrame, settings: Config) -> Forecasts:
    return forecast(history, settings, as_of=AS_OF)


def served(issued: Forecasts, scenario: str = "base") -> pl.DataFrame:
    return issued.values.filter(pl.col("is_served") & (pl.col("scenario") == scenario)).join(
        issued.series.select("unique_id", "level", "member"), on="unique_id"
    )


def test_frames_have_the_columns_that_are_described(issued: Forecasts) -> None:
    import yaml

    labels = yaml.safe_load((config.SHIPPED.parent / "tables.yml").read_text(encoding="utf-8"))["tables"]
    for name in ("values", "backtest", "series", "accuracy", "choices", "importance", "skill"):
        assert getattr(issued, name).schema == getattr(schemas, name.upper())
        assert list(labels[name]["columns"]) == getattr(issued, name).columns


def test_factors_of_a_metric_add_up_to_one(issued: Forecasts) -> None:
    assert abs(issued.importance.filter(metric="revenue", freq="MS")["share"].sum() - 1) < 1e-4


def test_what_comes_every_december_is_explained_by_the_season() -> None:
    noise = np.random.default_rng(3).normal(0, 1, (4, 72))
    values = tuple(np.where(np.arange(72) % 12 == 11, 100.0, 10.0) + row for row in noise)
    batch = Batch(tuple("abcd"), values, np.full(4, 600), Frequency("MS"))
    shares = importance_of(batch, ["revenue"] * 4, np.array(["regular"] * 4))
    season = shares.filter(pl.col("factor").is_in(["lag_season", "period_of_season"]))["share"].sum()
    assert season > 0.5 and shares["n_series"].unique().to_list() == [4]


def test_every_series_is_served_once_for_every_period_of_the_horizon(issued: Forecasts) -> None:
    rows = served(issued)
    assert rows.height == 5 * 12
    assert rows.select(pl.struct("unique_id", "period_start").n_unique()).item() == 60
    assert rows["period_start"].min() == date(2025, 1, 1)


def test_every_value_stands_once(issued: Forecasts) -> None:
    key = ("unique_id", "scenario", "model", "period_start")
    assert issued.values.select(pl.struct(key).is_duplicated().any()).item() is False


def test_bounds_enclose_the_forecast_in_order_and_nothing_is_negative(issued: Forecasts) -> None:
    ordered = pl.all_horizontal(
        pl.col(a) <= pl.col(b) + 1e-9
        for a, b in (("lo_95", "lo_80"), ("lo_80", "yhat"), ("yhat", "hi_80"), ("hi_80", "hi_95"))
    )
    assert issued.values.select(ordered.all()).item()
    assert issued.values.select((pl.min_horizontal("lo_95", "yhat") >= 0).all()).item()


@pytest.mark.parametrize("level", ["region", "product_line"])
def test_served_total_is_the_sum_of_each_level(issued: Forecasts, level: str) -> None:
    rows = served(issued)
    total = rows.filter(pl.col("level") == "total").sort("period_start")["yhat"].to_numpy()
    parts = (
        rows.filter(pl.col("level") == level).group_by("period_start").agg(pl.col("yhat").sum()).sort("period_start")
    )
    np.testing.assert_allclose(parts["yhat"].to_numpy(), total, rtol=1e-9)


def test_short_series_gets_the_naive_forecast_and_says_why(issued: Forecasts) -> None:
    row = issued.series.filter(pl.col("member") == "B").row(0, named=True)
    assert row["segment"] == "short" and row["served_model"] == "naive"
    assert row["fallback_reason"].startswith("8 periods of history, fewer than the 24")
    assert served(issued).filter(pl.col("member") == "B")["fallback_reason"].null_count() == 0


def test_backtest_never_uses_what_came_after_its_cutoff(issued: Forecasts) -> None:
    rows = issued.backtest
    assert rows.select((pl.col("period_start") > pl.col("cutoff")).all()).item()
    counts = (
        rows.group_by("purpose", "unique_id")
        .agg(pl.col("cutoff").n_unique())
        .group_by("purpose")
        .agg(pl.col("cutoff").min())
    )
    assert dict(counts.rows()) == {"selection": 3, "evaluation": 24}


def test_a_later_actual_changes_no_evaluated_forecast(
    history: pl.DataFrame, settings: Config, issued: Forecasts
) -> None:
    """What is evaluated at a cutoff, its pool, correction and bounds included, is what was known at that cutoff."""
    other = history.with_columns(y=pl.when(pl.col("ds") > date(2024, 6, 30)).then(pl.col("y") * 3).otherwise("y"))
    shocked = forecast(other, settings, as_of=AS_OF)
    known = pl.col("purpose").eq("evaluation") & (pl.col("cutoff") <= date(2024, 6, 30)) & pl.col("model").eq("pool")
    keys, figures = ["unique_id", "cutoff", "period_start"], ["yhat", "lo_80", "hi_80", "lo_95", "hi_95"]
    rows = (found.backtest.filter(known, ~pl.col("is_served")).select(keys + figures) for found in (issued, shocked))
    before, after = rows
    shared = before.join(after, on=keys, suffix="_after")
    for figure in figures:
        np.testing.assert_allclose(shared[figure], shared[f"{figure}_after"], err_msg=figure)


def test_a_peer_is_served_where_the_pool_is_no_better() -> None:
    """White noise around a level: no model can beat the mean of the last season by more than luck."""
    random = np.random.default_rng(8)
    history = pl.concat([rows("revenue", "region", name, 100 + random.normal(0, 30, 60)) for name in "abcdef"])
    config_of = replace(config.load(), series=(SeriesSet("revenue", ("region",)),), tiers={"default": CHEAP})
    found = forecast(history, config_of, as_of=AS_OF)
    without = found.skill.filter(pl.col("skill") == "none")
    assert without.height and (without["gain"] <= without["standard_error"]).all()
    rows_of = served(found).filter(pl.col("skill") == "none")
    assert set(rows_of["model"]) == set(without["peer"])
    assert rows_of["fallback_reason"].str.contains("no skill beside").all()
    assert (rows_of["lo_95"] < rows_of["yhat"]).all() and (rows_of["yhat"] < rows_of["hi_95"]).all()


def test_the_median_of_a_growing_company_is_not_too_low() -> None:
    """Every series doubles in 60 months and every model lags; about half of the actuals are above what is served."""
    random = np.random.default_rng(4)
    growth = 100 * 2 ** (np.arange(60) / 60)
    history = pl.concat([rows("revenue", "region", name, growth * random.lognormal(0, 0.2, 60)) for name in "abcdef"])
    lagging = Tier(("naive", "season_mean", "seasonal_naive"), ("season_mean",))
    found = forecast(
        history,
        replace(config.load(), series=(SeriesSet("revenue", ("region",)),), tiers={"default": lagging}),
        as_of=AS_OF,
    )
    evaluated = found.backtest.filter(pl.col("is_served") & pl.col("purpose").eq("evaluation"))
    share = (evaluated["y"] > evaluated["yhat"]).mean()
    raw = found.backtest.filter(pl.col("model").eq("season_mean") & pl.col("purpose").eq("evaluation"))
    assert (raw["y"] > raw["yhat"]).mean() > 0.65
    assert 0.4 <= share <= 0.62, share


def test_a_partial_period_is_not_learnt_from(history: pl.DataFrame, settings: Config) -> None:
    """A month that has not ended at as_of is as if it were not there."""
    with_partial = history.with_columns(y=pl.when(pl.col("ds") == date(2024, 12, 1)).then(1e9).otherwise("y"))
    early = date(2024, 12, 30)
    complete, partial = (forecast(rows, settings, as_of=early) for rows in (history, with_partial))
    assert complete.values.equals(partial.values)
    assert complete.values["period_start"].min() == date(2024, 12, 1)


def test_same_history_in_any_order_gives_the_same_rows(
    history: pl.DataFrame, settings: Config, issued: Forecasts
) -> None:
    shuffled = forecast(history.sample(fraction=1, shuffle=True, seed=1), settings, as_of=AS_OF)
    assert shuffled.values.equals(issued.values) and shuffled.backtest.equals(issued.backtest)


def test_nothing_to_forecast_gives_empty_frames_with_their_columns(history: pl.DataFrame, settings: Config) -> None:
    found = forecast(history.clear(), settings, as_of=AS_OF)
    assert found.values.is_empty() and found.values.schema == schemas.VALUES


def test_history_that_does_not_add_up_is_left_alone_and_said(history: pl.DataFrame, settings: Config) -> None:
    off = history.with_columns(y=pl.when(pl.col("member") == "East").then(pl.col("y") + 5).otherwise("y"))
    found = forecast(off, settings, as_of=AS_OF).choices
    reasons = found.filter(pl.col("candidate").str.contains("2 members"))["reason"].to_list()
    assert any("the history is off by up to 5" in reason for reason in reasons)


def test_all_null_series_gives_a_reason_and_no_rows(history: pl.DataFrame, settings: Config) -> None:
    nulls = history.filter(pl.col("level") == "total").with_columns(y=pl.lit(None, dtype=pl.Float64))
    found = forecast(nulls, settings, as_of=AS_OF)
    assert found.values.is_empty()
    assert found.series["fallback_reason"].to_list() == ["no known value: nothing to forecast from"]


def test_scenario_shock_moves_what_it_names_and_sums_still_hold(history: pl.DataFrame, settings: Config) -> None:
    shock = Shock("revenue", multiply=0.5, level="region", member="East", to_step=3)
    scenario = Scenario("strike", "the plant in the east stands still", (shock,))
    found = forecast(history, replace(settings, scenarios=(scenario,)), as_of=AS_OF)
    base, shocked = (served(found, name).sort("level", "member", "horizon") for name in ("base", "strike"))
    ratio = (shocked["yhat"] / base["yhat"]).to_numpy()
    east = (base["member"] == "East").to_numpy()
    west = (base["member"] == "West").to_numpy()
    early = (base["horizon"] <= 3).to_numpy()
    np.testing.assert_allclose(ratio[east & early], 0.5)
    np.testing.assert_allclose(ratio[west], 1)
    np.testing.assert_allclose(ratio[~early], 1)
    for level in ("region", "product_line"):
        sums = (
            shocked.group_by("horizon", "level")
            .agg(pl.col("yhat").sum())
            .pivot("level", values="yhat", index="horizon")
        )
        np.testing.assert_allclose(sums[level], sums["total"])


def test_weekly_series_are_forecast_when_configured(settings: Config) -> None:
    weeks = pl.date_range(date(2022, 1, 3), date(2024, 12, 23), "1w", eager=True)
    y = 100 + 20 * np.sin(2 * np.pi * np.arange(len(weeks)) / 52)
    labels = {"unique_id": "revenue|total||W-MON", "metric": "revenue", "level": "total", "member": "", "freq": "W-MON"}
    weekly = pl.DataFrame({"ds": weeks, "y": y}).with_columns(**{k: pl.lit(v) for k, v in labels.items()})
    weekly_config = replace(settings, series=(SeriesSet("revenue", ("total",), "W-MON", 8),))
    found = served(forecast(weekly, weekly_config, as_of=AS_OF))
    assert found["period_start"].to_list()[0] == date(2024, 12, 30) and found.height == 8
