"""Numbers that people approved are served in place of the model's, marked as such, and the model's stay beside them."""

from datetime import date

import polars as pl
import pytest

from forecasts.config import Config, SeriesSet
from forecasts.errors import ForecastError
from forecasts.output import schemas
from forecasts.output.approved import with_approved

pytestmark = pytest.mark.fast

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
SERIES = pl.DataFrame(
    [("bookings|total||MS", "bookings", "total"), ("bookings|region|E|MS", "bookings", "region"),
     ("bookings|region|W|MS", "bookings", "region"), ("revenue|total||MS", "revenue", "total")],
    schema=["unique_id", "metric", "level"], orient="row",
).with_columns(freq=pl.lit("MS"))  # fmt: skip


def row(unique_id: str, period: date, yhat: float, scenario: str = "base", **marks: object) -> dict[str, object]:
    bounds = {"lo_95": yhat * 0.8, "lo_80": yhat * 0.9, "hi_80": yhat * 1.1, "hi_95": yhat * 1.2}
    known = {"unique_id": unique_id, "period_start": period, "yhat": yhat, "scenario": scenario, "horizon": 1}
    return {**known, **bounds, "model": "pool", "is_served": True, "skill": "model", "engine": "numpy", **marks}


VALUES = schemas.conform(
    pl.DataFrame(
        [
            row("bookings|total||MS", NOVEMBER, 100.0),
            row("bookings|total||MS", NOVEMBER, 90.0, model="theta", is_served=False),
            row("bookings|total||MS", NOVEMBER, 60.0, scenario="slump"),
            row("bookings|total||MS", DECEMBER, 120.0),
            row("bookings|region|E|MS", NOVEMBER, 60.0),
            row("bookings|region|W|MS", NOVEMBER, 40.0),
            row("revenue|total||MS", NOVEMBER, 500.0),
        ]
    ),
    schemas.VALUES,
)
SAID = pl.DataFrame(
    {"unique_id": ["bookings|total||MS"] * 2, "period_start": [NOVEMBER, date(2030, 1, 1)], "amount": [150.0, 1.0],
     "author": ["Ms Li"] * 2, "said_on": [date(2026, 10, 31)] * 2}
)  # fmt: skip


def test_the_approved_number_is_served_under_its_name_and_the_model_s_stays_unserved() -> None:
    values, approved = with_approved(VALUES, SERIES, SAID)
    base = approved.filter(scenario="base").row(0, named=True)
    assert (base["yhat"], base["model"], base["author"], base["engine"]) == (150.0, "approved", "Ms Li", "person")
    assert base["fallback_reason"] == "approved by Ms Li on 2026-10-31; the model says 100.0" and base["skill"] is None
    assert (base["lo_95"], base["hi_80"], base["hi_95"]) == (80.0, 150.0, 150.0)
    ours = values.filter(
        pl.col("unique_id") == "bookings|total||MS", period_start=NOVEMBER, model="pool", scenario="base"
    )
    assert ours["yhat"].to_list() == [100.0] and ours["is_served"].to_list() == [False]


def test_a_number_beside_a_model_that_says_nothing_is_approved_as_it_is() -> None:
    """Under a scenario as well: of nothing there is no more or less. The model's number is told without decimals."""
    total = pl.col("unique_id") == "bookings|total||MS"
    scenario = pl.when(pl.col("scenario") == "slump").then(3.26).otherwise(0.0)
    nothing = VALUES.with_columns(yhat=pl.when(total).then(scenario).otherwise("yhat"))
    _, approved = with_approved(nothing, SERIES, SAID)
    assert approved["yhat"].to_list() == [150.0, 150.0]
    told = approved.filter(scenario="slump")["fallback_reason"].to_list()
    assert told == ["approved by Ms Li on 2026-10-31; the model says 3.0"]


def test_members_follow_in_proportion_and_scenarios_move_as_the_model_s() -> None:
    values, approved = with_approved(VALUES, SERIES, SAID)
    regions = values.filter(pl.col("unique_id").str.contains("region")).sort("unique_id")
    assert regions["yhat"].to_list() == [90.0, 60.0] and regions["model"].to_list() == ["pool", "pool"]
    assert regions["lo_80"].to_list() == pytest.approx([81.0, 54.0])
    assert approved.filter(scenario="slump")["yhat"].to_list() == [90.0]


def test_other_periods_and_metrics_stay_as_they_are_and_nothing_is_served_twice() -> None:
    values, approved = with_approved(VALUES, SERIES, SAID)
    served = pl.concat([values.filter("is_served"), approved.drop("author")])
    assert served.select("unique_id", "scenario", "period_start").is_unique().all()
    assert len(served) == VALUES["is_served"].sum() and len(values) == len(VALUES)
    rest = served.filter((pl.col("period_start") == DECEMBER) | pl.col("unique_id").str.starts_with("revenue"))
    assert sorted(rest["yhat"].to_list()) == [120.0, 500.0]


def test_without_an_approved_number_nothing_changes() -> None:
    values, approved = with_approved(VALUES, SERIES, SAID.clear())
    assert values is VALUES and approved.is_empty() and "author" in approved.columns


def test_a_metric_that_is_not_forecast_cannot_be_approved() -> None:
    with pytest.raises(ForecastError, match=r"approved: metric 'booking' is unknown .*'bookings'"):
        Config(series=(SeriesSet("bookings", ("total",)),), approved=("booking",))
