"""Bookings are one forecast of two views; who has only one of them is served that one, and who has none no number."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from deal_histories import made_deals
from polars.testing import assert_frame_equal

from forecasts.config import Aggregation, Config, Scenario, SeriesSet, Shock
from forecasts.output.scored import accuracy_of
from forecasts.run import Forecasts, forecast
from pipelines import deal_ledger

pytestmark = pytest.mark.fast

AS_OF = date(2025, 12, 31)
PLAN = Config(
    series=(SeriesSet("bookings", ("total", "region"), horizon=6), SeriesSet("revenue", ("total",), horizon=6)),
    hierarchy=(Aggregation("total", "region"),),
    tier="prophet",
    scenarios=(Scenario("north", "a plant stops", shocks=(Shock("bookings", 0.5, level="region", member="north"),)),),
)


def series(metric: str, level: str, member: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Months from the first with a value on, as `marts.series_history` has them."""
    months = rows.group_by(ds=pl.col("closed_on").dt.truncate("1mo")).agg(y=pl.col("amount").sum())
    span = pl.date_range(months["ds"].min(), date(2025, 12, 1), "1mo", eager=True).alias("ds")
    full = span.to_frame().join(months, on="ds", how="left", maintain_order="left")
    names = {"metric": metric, "level": level, "member": member, "freq": "MS"}
    columns = [pl.lit(value).alias(name) for name, value in names.items()]
    unique_id = pl.lit("|".join(names.values())).alias("unique_id")
    return full.select(unique_id, *columns, "ds", pl.col("y").fill_null(0.0))


@pytest.fixture(scope="module")
def inputs() -> deal_ledger.Inputs:
    """Three regions: two of three years, one whose deals all came in the last two months and none is closed."""
    deals, seen = made_deals(seed=11)
    young = deals.filter((pl.col("created_on") > date(2025, 11, 1)) & pl.col("outcome").is_null())["deal_id"].head(12)
    is_young = pl.col("deal_id").is_in(young.implode())
    rename = pl.when(is_young).then(pl.lit("west")).otherwise("region").alias("region")
    first = seen.group_by("deal_id").agg(first_known_on=pl.col("known_on").min())
    deals = deals.with_columns(rename, product_line=pl.lit("A"), team=pl.lit("T"), rep=pl.lit("r"))
    return deal_ledger.Inputs(deals.join(first, on="deal_id"), seen.with_columns(rename), {})


@pytest.fixture(scope="module")
def history(inputs: deal_ledger.Inputs) -> pl.DataFrame:
    won = inputs.deals.filter((pl.col("outcome") == "won") & (pl.col("closed_on") <= AS_OF))
    parts = [series("bookings", "total", "", won), series("revenue", "total", "", won)]
    parts += [series("bookings", "region", name, won.filter(pl.col("region") == name)) for name in ("north", "south")]
    return pl.concat(parts)


@pytest.fixture(scope="module")
def alone(history: pl.DataFrame) -> Forecasts:
    return forecast(history, PLAN, as_of=AS_OF)


@pytest.fixture(scope="module")
def together(
    alone: Forecasts, inputs: deal_ledger.Inputs, history: pl.DataFrame
) -> tuple[Forecasts, dict[str, pl.DataFrame]]:
    return deal_ledger.with_deals(alone, PLAN, inputs, history, AS_OF)


def served(issued: Forecasts) -> pl.DataFrame:
    return issued.values.filter(pl.col("is_served") & (pl.col("scenario") == "base"))


def test_the_combination_lies_between_the_two_views(together: tuple[Forecasts, dict[str, pl.DataFrame]]) -> None:
    values = together[0].values.filter(unique_id="bookings|total||MS", scenario="base")
    wide = values.pivot("model", index="period_start", values="yhat").sort("period_start")
    views = [pl.col("series_pool"), pl.col("pipeline")]
    assert wide.select(pl.col("pool").is_between(pl.min_horizontal(views), pl.max_horizontal(views)).all()).item()
    assert (wide["pool"] - wide["series_pool"]).abs().min() > 0  # it is a view of its own


def test_one_rule_judges_pool_pipeline_and_combination(
    together: tuple[Forecasts, dict[str, pl.DataFrame]],
) -> None:
    """What is served follows the verdict on the combination, per level and band; without, the series' own stands."""
    skill = together[0].skill.filter(metric="bookings")
    assert set(skill["model"]) == {"series_pool", "pipeline", "pool"}
    rows = served(together[0]).join(together[0].series.drop("fallback_reason"), on="unique_id")
    rows = rows.filter((pl.col("metric") == "bookings") & (pl.col("segment") != "empty"))
    for verdict in skill.filter(model="pool").iter_rows(named=True):
        is_in = pl.col("horizon").is_between(verdict["first_horizon"], verdict["last_horizon"])
        ours = rows.filter(is_in & (pl.col("level") == verdict["level"]))
        enough = verdict["n_origins"] >= 8  # below, whoever erred less is served, without a verdict
        is_better = verdict["gain"] > (verdict["standard_error"] if enough else 0)
        assert verdict["skill"] == (("model" if is_better else "none") if enough else "unknown")
        assert ((ours["model"] == "pool") == is_better).all()
        assert (ours["fallback_reason"].is_null() == is_better).all()
        assert set(ours.filter(pl.col("model") == "pool")["skill"]) <= {verdict["skill"]}
    assert skill.filter(pl.col("model") == "pool")["n_origins"].max() >= 8


def test_exactly_one_model_is_served_per_period(together: tuple[Forecasts, dict[str, pl.DataFrame]]) -> None:
    rows = served(together[0])
    assert rows.select("unique_id", "period_start").is_unique().all()
    tested = together[0].backtest.filter(pl.col("is_served") & (pl.col("purpose") == "evaluation"))
    assert tested.select("unique_id", "cutoff", "period_start").is_unique().all()
    assert tested["lo_80"].is_not_null().all()


def test_the_weights_stand_beside_how_often_they_were_tested(
    together: tuple[Forecasts, dict[str, pl.DataFrame]],
) -> None:
    rows = together[0].choices.filter(pl.col("decision") == "combination")
    assert sorted(rows.select("segment", "step").rows()) == sorted(
        (f"bookings {level}", step) for level in ("total", "region") for step in range(1, 7)
    )
    assert rows["error"].is_between(0, 1).all()
    assert rows["reason"].str.contains(r"from \d+ cutoffs").all()


def test_what_has_no_deals_is_left_as_it_was(
    alone: Forecasts, together: tuple[Forecasts, dict[str, pl.DataFrame]]
) -> None:
    for name in ("values", "backtest", "series", "accuracy"):
        is_revenue = pl.col("unique_id").str.starts_with("revenue")
        before, after = (getattr(issued, name).filter(is_revenue) for issued in (alone, together[0]))
        assert_frame_equal(before, after, check_row_order=False)


def test_regions_with_a_history_add_up_to_the_total(together: tuple[Forecasts, dict[str, pl.DataFrame]]) -> None:
    rows = served(together[0]).join(together[0].series, on="unique_id")
    rows = rows.filter((pl.col("metric") == "bookings") & (pl.col("served_model") != "pipeline"))
    total = rows.filter(level="total").sort("period_start")["yhat"]
    regions = rows.filter(level="region").group_by("period_start").agg(pl.col("yhat").sum()).sort("period_start")
    assert regions["yhat"].to_list() == pytest.approx(total.to_list())


def test_regions_add_up_to_the_total_under_a_scenario_as_well(
    together: tuple[Forecasts, dict[str, pl.DataFrame]],
) -> None:
    issued = together[0]
    rows = issued.values.filter(pl.col("is_served") & (pl.col("scenario") == "north"))
    rows = rows.join(issued.series, on="unique_id").filter(
        (pl.col("metric") == "bookings") & (pl.col("segment") != "empty")
    )
    total = rows.filter(level="total").sort("period_start")["yhat"]
    regions = rows.filter(level="region").group_by("period_start").agg(pl.col("yhat").sum()).sort("period_start")
    base = served(issued).filter(pl.col("unique_id") == "bookings|total||MS").sort("period_start")["yhat"]
    assert len(total) == 6 and regions["yhat"].to_list() == pytest.approx(total.to_list())
    assert (total < base).all()


def test_a_pipeline_without_a_history_is_forecast_from_deals(
    together: tuple[Forecasts, dict[str, pl.DataFrame]],
) -> None:
    issued, deals = together
    rows = served(issued).filter(pl.col("unique_id") == "bookings|region|west|MS")
    assert rows["model"].unique().to_list() == ["pipeline"] and len(rows) == 6
    assert "deals" in rows["fallback_reason"][0] and rows["yhat"].sum() >= 0 and rows["hi_80"].sum() > 0
    assert deals["deal_scores"]["won_probability"].is_between(0, 1).all()


def test_no_deals_change_nothing(alone: Forecasts, inputs: deal_ledger.Inputs, history: pl.DataFrame) -> None:
    none = deal_ledger.Inputs(inputs.deals.clear(), inputs.observations.clear(), {})
    issued, frames = deal_ledger.with_deals(alone, PLAN, none, history, AS_OF)
    assert issued is alone and all(frame.is_empty() for frame in frames.values())


def with_years_of_revenue(history: pl.DataFrame) -> pl.DataFrame:
    """Four years of revenue of the total and two regions beside the bookings: long enough to be seen from them."""
    months = pl.date_range(date(2022, 1, 1), date(2025, 12, 1), "1mo", eager=True)
    south = np.random.default_rng(8).uniform(2000, 9000, len(months))
    parts = [
        history.head(1).select(
            unique_id=pl.lit(f"revenue|{level}|{member}|MS"), metric=pl.lit("revenue"), level=pl.lit(level),
            member=pl.lit(member), freq=pl.lit("MS"),
        ).join(pl.DataFrame({"ds": months, "y": south * share}), how="cross")
        for level, member, share in (("total", "", 3.0), ("region", "north", 2.0), ("region", "south", 1.0))
    ]  # fmt: skip
    return pl.concat([history.filter(pl.col("metric") == "bookings"), *parts])


def test_levels_in_entries_of_their_own_are_weighed_in_once(inputs: deal_ledger.Inputs, history: pl.DataFrame) -> None:
    """Total half a year ahead and regions a quarter, of bookings and of revenue: no row and no number twice."""
    ahead = {"total": 6, "region": 3}
    entries = [
        SeriesSet(metric, (level,), horizon=n) for metric in ("bookings", "revenue") for level, n in ahead.items()
    ]
    slump = Scenario("slump", "fewer wins", drivers={"win_rate": 0.5})
    plan = replace(PLAN, series=tuple(entries), hierarchy=(), scenarios=(slump,))
    long = with_years_of_revenue(history)
    issued, frames = deal_ledger.with_deals(forecast(long, plan, as_of=AS_OF), plan, inputs, long, AS_OF)
    assert issued.values.select("unique_id", "scenario", "model", "period_start").is_unique().all()
    assert issued.backtest.select("unique_id", "purpose", "cutoff", "model", "period_start").is_unique().all()
    assert frames["pipeline"].select("unique_id", "period_start").is_unique().all()
    seen = issued.values.filter(model="pipeline", scenario="base").join(issued.series, on="unique_id")
    reached = seen.group_by("metric", "level").agg(pl.col("horizon").max()).rows()
    assert sorted(reached) == sorted((entry.metric, entry.levels[0], entry.horizon) for entry in entries)
    weights = issued.choices.filter(decision="combination")
    assert weights.select("segment", "step").is_unique().all()


def test_accuracy_from_rows_is_that_of_the_engine(alone: Forecasts, history: pl.DataFrame) -> None:
    model = pl.col("model") == "seasonal_naive"
    ours = accuracy_of(alone.backtest.filter(model), history)
    assert len(ours) == 4
    assert_frame_equal(ours, alone.accuracy.filter(model).sort("unique_id"))


def test_every_model_of_the_backtest_has_its_accuracy(together: tuple[Forecasts, dict[str, pl.DataFrame]]) -> None:
    issued = together[0]
    key = ["unique_id", "model"]
    assert issued.accuracy.select(key).is_unique().all()
    # `served` is no model: what would have been served step by step, pool or peer.
    models = issued.accuracy.filter(pl.col("model") != "served").select(key).unique().sort(key)
    assert_frame_equal(models, issued.backtest.select(key).unique().sort(key))


def test_of_many_series_deals_weigh_and_are_judged_as_of_few(
    together: tuple[Forecasts, dict[str, pl.DataFrame]], inputs: deal_ledger.Inputs, history: pl.DataFrame
) -> None:
    """The backtest of a large group is thinned: weights, verdicts, what is served and its accuracy do not tell."""
    plan = replace(PLAN, backtest=replace(PLAN.backtest, kept_whole=1))
    thinned = forecast(history, plan, as_of=AS_OF)
    issued, _ = deal_ledger.with_deals(thinned, plan, inputs, history, AS_OF)
    whole = together[0]
    assert 0 < issued.backtest.height < whole.backtest.height
    assert whole.choices.filter(decision="combination").height > 0
    for name in ("choices", "skill", "values", "series", "accuracy"):
        assert_frame_equal(getattr(issued, name), getattr(whole, name), check_row_order=False)
    is_served = pl.col("is_served") & (pl.col("purpose") == "evaluation")
    few, all_rows = (frame.backtest.filter(is_served) for frame in (issued, whole))
    assert_frame_equal(few, all_rows, check_row_order=False)


def test_a_month_that_waits_for_an_export_keeps_its_own_forecast(
    inputs: deal_ledger.Inputs, history: pl.DataFrame
) -> None:
    known = history.filter(pl.col("ds") < date(2025, 12, 1))
    first_list = date(2025, 11, 30)  # no cutoff knew of any deal, so that the combination is judged by none
    late = inputs.observations.with_columns(pl.max_horizontal("known_on", first_list))
    deals = inputs.deals.with_columns(pl.max_horizontal("first_known_on", first_list))
    listed = deal_ledger.Inputs(deals, late, {})
    issued, _ = deal_ledger.with_deals(forecast(known, PLAN, as_of=AS_OF), PLAN, listed, known, AS_OF)
    assert "pool" in served(issued)["model"].unique()
    rows = served(issued).filter(pl.col("unique_id").is_in(["bookings|total||MS", "bookings|region|north|MS"]))
    months = rows.sort("period_start").group_by("unique_id").agg("period_start", "horizon")
    first = date(2025, 12, 1)
    assert [row[1][0] for row in months.select("unique_id", "period_start").rows()] == [first, first]
    assert all(row == list(range(1, 7)) for row in months["horizon"].to_list())
