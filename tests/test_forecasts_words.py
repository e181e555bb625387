"""Every word and number of a configuration is checked before anything is computed, and what fits is accepted."""

from dataclasses import FrozenInstanceError, fields

import polars as pl
import pytest

from forecasts import checks, config
from forecasts.config import Backtest, Config, Scenario, SeriesSet, Shock
from forecasts.errors import ForecastError

pytestmark = pytest.mark.fast

BOOKINGS = SeriesSet("bookings", ("total", "region"))
REVENUE = SeriesSet("revenue", ("total",))


def history(*rows: tuple[str, str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["metric", "level", "member", "freq"], orient="row")


def scenario(**parts: object) -> Scenario:
    return Scenario("bold", "a plan", **parts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"evaluation": -1}, "evaluation must be 0 or more"),
        ({"min_origins": 1}, "min_origins 2 or more"),
        ({"origins": 2}, "origins must be 3 or more, not 2: a choice on fewer is luck"),
        ({"bands": (6, 3)}, r"bands are rising numbers of periods, as in \[3, 6\], not \[6, 3\]"),
        ({"bands": (3, 3)}, "bands are rising"),
        ({"bands": (0, 3)}, "bands are rising"),
    ],
)
def test_a_backtest_that_cannot_judge_is_refused(settings: dict[str, object], told: str) -> None:
    with pytest.raises(ForecastError, match=told):
        Backtest(**settings)  # type: ignore[arg-type]


def test_the_least_that_a_backtest_may_have_is_accepted() -> None:
    least = Backtest(origins=3, evaluation=0, bands=(1,), min_origins=2)
    assert (least.origins, least.evaluation, least.bands, least.min_origins) == (3, 0, (1,), 2)
    assert Backtest(bands=()).bands == () and Backtest(bands=(1, 2, 9)).bands == (1, 2, 9)


def test_what_a_configuration_leaves_out_is_as_documented() -> None:
    plan = Config(series=(REVENUE,))
    assert (REVENUE.freq, REVENUE.horizon, REVENUE.non_negative, REVENUE.pool) == ("MS", 12, True, "")
    assert (plan.history.min_periods, plan.history.min_seasons) == (12, 2.0)
    assert (plan.backtest.origins, plan.backtest.evaluation, plan.backtest.bands) == (3, 12, (3, 6))
    assert (plan.backtest.min_origins, plan.backtest.kept_whole, plan.replay_months) == (8, 5000, 6)
    assert not plan.importance and plan.tier == "default" and plan.approved == plan.market_facts == ()
    assert (Shock("revenue").multiply, Shock("revenue").add, Shock("revenue").from_step) == (1.0, 0.0, 1)
    assert plan.models == plan.tiers["default"]


def test_a_series_has_a_list_of_levels_a_known_frequency_and_a_period_at_least() -> None:
    with pytest.raises(ForecastError, match=r"revenue: levels is a list, as in \[total\]"):
        SeriesSet("revenue", "total")  # type: ignore[arg-type]
    with pytest.raises(ForecastError, match=r"frequency '2W' is unknown"):
        SeriesSet("revenue", ("total",), "2W")
    with pytest.raises(ForecastError, match=r"revenue: horizon must be 1 or more periods, not 0"):
        SeriesSet("revenue", ("total",), horizon=0)
    assert SeriesSet("revenue", ("total",), horizon=1).horizon == 1


def test_a_tier_is_one_of_those_there_are() -> None:
    with pytest.raises(ForecastError, match=r"tier 'best' is unknown: tiers are prophet, default, thorough"):
        Config(series=(REVENUE,), tier="best")


def test_deals_are_weighed_into_bookings_and_revenue_where_bookings_are_forecast() -> None:
    assert Config(series=(BOOKINGS, REVENUE)).weighed == ("bookings", "revenue")
    assert Config(series=(REVENUE,)).weighed == ()


def test_a_file_outside_a_warehouse_has_the_shipped_tiers_and_no_scenarios() -> None:
    plan = config.for_tier("thorough")
    assert (plan.tier, plan.scenarios, plan.importance) == ("thorough", (), False)
    assert plan.calendar == config.Calendar() and config.load().importance
    calendar = config.Calendar("GB", ("easter",))
    assert config.for_tier("default", calendar).calendar == calendar


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"regressors": {"easter": 1.0}}, "scenario bold: regressor 'easter' is unknown: there are dragon_boat, price"),
        ({"regressors": {"working_days": 1.0}}, "regressor 'working_days' is unknown"),
        ({"drivers": {"win_rat": 1.0}}, "driver 'win_rat' is unknown .did you mean 'win_rate'"),
        ({"drivers": {"win_rate": -0.1}}, "driver win_rate is a factor of 0 or more, not -0.1"),
        ({"shocks": (Shock("margin"),)}, "metric 'margin' is unknown: there are bookings, revenue"),
        ({"shocks": (Shock("revenue", level="region"),)}, "level of revenue 'region' is unknown: there are total"),
    ],
)
def test_a_scenario_moves_what_is_configured(parts: dict[str, object], told: str) -> None:
    calendar = config.Calendar("CN", ("dragon_boat",))
    with pytest.raises(ForecastError, match=told):
        Config((BOOKINGS, REVENUE), calendar=calendar, market_facts=("price",), scenarios=(scenario(**parts),))


def test_a_scenario_that_fits_is_accepted() -> None:
    calendar = config.Calendar("CN", ("dragon_boat",), working_days=True)
    fits = scenario(regressors={"dragon_boat": 1.0, "price": 2.0, "working_days": 0.5}, drivers={"price": 0.0},
                    shocks=(Shock("bookings", level="region", member="north"),))  # fmt: skip
    plan = Config((BOOKINGS, REVENUE), calendar=calendar, market_facts=("price",), scenarios=(fits,))
    assert plan.scenarios == (fits,)


def test_drivers_need_bookings_to_move() -> None:
    with pytest.raises(ForecastError, match=r"drivers move a metric, and 'bookings' is unknown: there are revenue"):
        Config((REVENUE,), scenarios=(scenario(drivers={"win_rate": 1.1}),))


def test_what_people_approve_is_a_metric_that_is_forecast_and_sums_are_of_known_levels() -> None:
    assert Config((REVENUE,), approved=("revenue",)).approved == ("revenue",)
    with pytest.raises(ForecastError, match=r"approved: metric 'margin' is unknown: there are revenue"):
        Config((REVENUE,), approved=("margin",))
    own = SeriesSet("revenue", ("total", "shop"))
    assert Config((own,), hierarchy=(config.Aggregation("total", "shop"),)).hierarchy[0].children == "shop"
    with pytest.raises(ForecastError, match=r"hierarchy: level 'shops' is unknown .did you mean 'shop'"):
        Config((own,), hierarchy=(config.Aggregation("shops", "total"),))


def test_a_word_that_is_near_none_is_told_without_a_guess() -> None:
    with pytest.raises(ForecastError, match=r"^a word 'xyz' is unknown: there are none$"):
        checks._known("xyz", [], "a word")
    with pytest.raises(ForecastError, match=r"^a word 'xyz' is unknown: there are total$"):
        checks._known("xyz", ["total"], "a word")
    with pytest.raises(
        ForecastError, match=r"^a word 'totl' is unknown .did you mean 'total'..: there are region, total$"
    ):
        checks._known("totl", {"total", "region"}, "a word")


def test_levels_and_metrics_of_a_company_are_its_own_and_the_usual_ones() -> None:
    own = history(("visits", "shop", "a", "MS"), ("visits", "shop", "b", "MS"))
    checks.check_history(Config((SeriesSet("visits", ("shop", "region")),)), own)
    checks.check_history(Config((SeriesSet("revenues", ("total",)),)), own.clear())
    with pytest.raises(ForecastError, match=r"series: metric 'visit' is unknown .did you mean 'visits'"):
        checks.check_history(Config((SeriesSet("visit", ("shop",)),)), own)
    with pytest.raises(ForecastError, match=r"series: level of visits 'shops' is unknown .did you mean 'shop'"):
        checks.check_history(Config((SeriesSet("visits", ("shops",)),)), own)


def test_a_shock_is_to_a_member_that_exists() -> None:
    own = history(("bookings", "region", "north", "MS"), ("bookings", "total", "", "MS"))
    for member, level in (("north", "region"), ("", "region"), ("", "total")):
        checks.check_history(
            Config((BOOKINGS,), scenarios=(scenario(shocks=(Shock("bookings", level=level, member=member),)),)), own
        )
    gone = Config((BOOKINGS,), scenarios=(scenario(shocks=(Shock("bookings", level="region", member="nort"),)),))
    with pytest.raises(ForecastError, match=r"scenario bold: region 'nort' is unknown .did you mean 'north'"):
        checks.check_history(gone, own)
    checks.check_history(gone, own.filter(level="total"))


def test_what_no_export_tells_of_is_named_by_metric_or_by_level() -> None:
    plan = Config((BOOKINGS, SeriesSet("revenue", ("total",), "QS")))
    own = history(("bookings", "total", "", "MS"), ("revenue", "total", "", "MS"))
    assert checks.left_out(plan, own) == [
        ("MS", "bookings region", "no series of that level, so none is forecast"),
        ("QS", "revenue", "no export tells of it, so it is not forecast"),
    ]


def test_what_was_checked_cannot_be_changed_afterwards() -> None:
    scene = scenario(shocks=(Shock("revenue"),), response=config.Response("call", "Ann", "no order"))
    plan = Config((REVENUE,), hierarchy=(config.Aggregation("total", "region"),), scenarios=(scene,))
    records = [
        plan, REVENUE, scene, *scene.shocks, scene.response, plan.models, plan.history, plan.backtest, plan.calendar,
        *plan.hierarchy, config.Scenarios((scene,)),
    ]  # fmt: skip
    for record in records:
        with pytest.raises(FrozenInstanceError):
            setattr(record, fields(record)[0].name, None)  # type: ignore[arg-type]
