"""Scenarios on win rate, new deals and prices move what deals bring, part by part, and say what is done about it."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from forecasts.config import Config, Scenario, SeriesSet, load, with_scenarios
from forecasts.errors import ForecastError
from forecasts.output import schemas
from forecasts.output.drivers import carried, with_drivers
from pipelines.demo.write import SCENARIOS
from pipelines.ledger import scenario_rows

pytestmark = pytest.mark.fast

MONTH = date(2026, 11, 1)
NAMES = ["bookings|total||MS", "bookings|region|E|MS", "bookings|region|W|MS"]
SERIES = pl.DataFrame({"unique_id": NAMES, "metric": "bookings", "level": ["total", "region", "region"], "freq": "MS"})
PARTS = [(10.0, 60.0, 30.0), (10.0, 40.0, 10.0), (0.0, 20.0, 20.0)]  # booked, existing, new
PIPELINE = schemas.conform(
    pl.DataFrame(PARTS, schema=["booked", "existing", "new"], orient="row").with_columns(
        pl.Series("unique_id", NAMES), period_start=pl.lit(MONTH), mean=pl.sum_horizontal("booked", "existing", "new")
    ),
    schemas.PIPELINE,
)


def values(scenario: str) -> pl.DataFrame:
    """The pool serves 90, 54 and 36: somewhat less than the pipeline's means."""
    numbers = {name: [90.0, 54.0, 36.0] for name in ("yhat", "lo_95", "lo_80", "hi_80", "hi_95")}
    frame = pl.DataFrame({"unique_id": NAMES, **numbers}).with_columns(
        period_start=pl.lit(MONTH), scenario=pl.lit(scenario), model=pl.lit("pool"), is_served=pl.lit(value=True)
    )
    return schemas.conform(frame, schemas.VALUES)


def moved(**drivers: float) -> list[float]:
    both = pl.concat([values("base"), values("slump")])
    out = with_drivers(both, SERIES, PIPELINE, [Scenario("slump", "what if", drivers=drivers)])
    assert out.filter(scenario="base")["yhat"].to_list() == [90.0, 54.0, 36.0]
    slump = out.filter(scenario="slump").join(pl.DataFrame({"unique_id": NAMES}), on="unique_id")
    return dict(slump.select("unique_id", "yhat").rows())  # type: ignore[return-value]


def test_fewer_wins_leave_what_is_booked() -> None:
    assert moved(win_rate=0.5)[NAMES[0]] == pytest.approx(90 * (10 + 45) / 100)  # type: ignore[call-overload]


def test_fewer_new_deals_move_only_what_is_new_and_price_moves_both() -> None:
    assert moved(creation_rate=0.0)[NAMES[0]] == pytest.approx(90 * 0.7)  # type: ignore[call-overload]
    assert moved(price=0.9, creation_rate=0.5)[NAMES[0]] == pytest.approx(90 * (10 + 54 + 13.5) / 100)  # type: ignore[call-overload]


def test_regions_move_by_their_own_parts_and_add_up() -> None:
    out = moved(win_rate=0.5)
    east, west = out[NAMES[1]], out[NAMES[2]]  # type: ignore[call-overload]
    assert east + west == pytest.approx(out[NAMES[0]])  # type: ignore[call-overload]
    assert east / west == pytest.approx(54 * (10 + 25) / 60 / (36 * 0.5))


def test_a_scenario_without_drivers_stays_as_it_is() -> None:
    both = values("slump")
    assert with_drivers(both, SERIES, PIPELINE, [Scenario("slump", "what if")]) is both


@pytest.mark.parametrize(
    ("drivers", "message"),
    [({"winrate": 0.5}, "driver 'winrate' is unknown .*'win_rate'"), ({"price": -1.0}, "factor of 0 or more")],
)
def test_an_unknown_driver_or_a_negative_factor_is_refused(drivers: dict[str, float], message: str) -> None:
    with pytest.raises(ForecastError, match=message):
        Config(series=(SeriesSet("bookings", ("total",)),), scenarios=(Scenario("s", "x", drivers=drivers),))


def test_the_response_is_read_from_the_file_and_served(tmp_path: Path) -> None:
    path = tmp_path / "forecasts.yml"
    path.write_text(
        "series: [{metric: bookings, levels: [total]}]\n"
        "scenarios:\n"
        "  - {name: slump, because: fear, drivers: {win_rate: 0.8},\n"
        "     response: {action: freeze hiring, owner: director, trigger: win rate below a third}}\n"
        "  - {name: boom, because: hope}\n"
    )
    assert scenario_rows(load(path)).rows() == [
        ("slump", "fear", "freeze hiring", "director", "win rate below a third"),
        ("boom", "hope", None, None, None),
    ]


METRICS = ("revenue", "margin", "quantity", "new_customers", "opportunity_inflow")


def followers(scenario: str) -> pl.DataFrame:
    """Every metric of the total at 100 a month, margin at 40."""
    yhat = {name: [100.0, 40.0, 100.0, 100.0, 100.0] for name in ("yhat", "lo_95", "lo_80", "hi_80", "hi_95")}
    frame = pl.DataFrame({"unique_id": [f"{name}|total||MS" for name in METRICS], **yhat}).with_columns(
        period_start=pl.lit(MONTH), scenario=pl.lit(scenario), model=pl.lit("pool"), is_served=pl.lit(value=True)
    )
    return schemas.conform(frame, schemas.VALUES)


def followed(*, times: int = 1, **drivers: float) -> dict[str, float]:
    """What follows where 80 of 100 revenue are what deals bring, half of it of deals to come; bookings 90, all new."""
    parts = [("revenue|total||MS", 20.0, 40.0, 40.0), ("bookings|total||MS", 0.0, 0.0, 90.0)]
    pipelines = pl.DataFrame(parts, schema=["unique_id", "booked", "existing", "new"], orient="row").with_columns(
        period_start=pl.lit(MONTH), mean=pl.sum_horizontal("booked", "existing", "new")
    )
    series = pl.DataFrame({"unique_id": [f"{name}|total||MS" for name in (*METRICS, "bookings")]}).with_columns(
        metric=pl.col("unique_id").str.split("|").list.first(), level=pl.lit("total"), member=pl.lit(""),
        freq=pl.lit("MS"),
    )  # fmt: skip
    booked = values("base").head(1)
    frames = [pl.concat([followers(name), booked.with_columns(scenario=pl.lit(name))]) for name in ("base", "slump")]
    pipelines = pl.concat([schemas.conform(pipelines, schemas.PIPELINE)] * times)
    out = carried(pl.concat(frames), series, pipelines, [Scenario("slump", "what if", drivers=drivers)])
    assert out.filter(scenario="base").sort("unique_id").equals(frames[0].sort("unique_id"))
    assert out.height == 2 * frames[0].height
    ids = out.filter(scenario="slump").select(pl.col("unique_id").str.split("|").list.first(), "yhat")
    return dict(ids.rows())


def test_pieces_margin_and_customers_follow_what_fewer_wins_do() -> None:
    out = followed(win_rate=0.5)
    assert out["quantity"] == pytest.approx(60) and out["margin"] == pytest.approx(24)
    assert out["new_customers"] == pytest.approx(50) and out["opportunity_inflow"] == pytest.approx(100)


def test_rows_of_deals_that_come_twice_move_what_follows_once() -> None:
    assert followed(times=2, win_rate=0.5, price=1.1) == followed(win_rate=0.5, price=1.1)


def test_fewer_new_deals_are_fewer_deals_coming_in() -> None:
    out = followed(creation_rate=0.5)
    assert out["opportunity_inflow"] == pytest.approx(50) and out["quantity"] == pytest.approx(80)


def test_a_price_moves_margin_by_all_that_revenue_gains_and_no_piece() -> None:
    out = followed(price=1.1)
    assert out["margin"] == pytest.approx(40 + 8) and out["quantity"] == pytest.approx(100)
    both = followed(price=1.1, win_rate=0.5)
    assert both["margin"] == pytest.approx(24 + 4) and both["quantity"] == pytest.approx(60)


def test_the_sample_company_asks_three_questions_and_has_an_answer_to_each() -> None:
    plan = with_scenarios(load(), SCENARIOS)
    assert len(plan.scenarios) == 3
    assert all(one.response and one.response.owner and one.response.trigger for one in plan.scenarios)
    moved = [set(one.drivers) | {shock.metric for shock in one.shocks} for one in plan.scenarios]
    assert [{"win_rate"}, {"price", "win_rate"}, {"quantity", "revenue", "margin"}] == moved


def test_a_file_of_scenarios_names_none_that_the_configuration_has_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "scenarios.yml"
    path.write_text("scenarios: [{name: slump, because: fear, drivers: {win_rate: 0.8}}]\n")
    plan = with_scenarios(load(), path)
    with pytest.raises(ForecastError, match=r"scenarios\.yml: scenario 'slump' stands in the configuration as well"):
        with_scenarios(plan, path)
    path.write_text("series: []\n")
    with pytest.raises(ForecastError, match="unknown key series"):
        with_scenarios(plan, path)
    path.write_text("scenarios: [{name: x, because: y, shocks: [{metric: orders}]}]\n")
    with pytest.raises(ForecastError, match=r"scenarios\.yml: scenario x: metric 'orders' is unknown"):
        with_scenarios(plan, path)
