"""Frames that real exports produce: each gives rows or one sentence, never a crash."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from prophet_map_series import sales

from forecasts.prophet_map import Specification, SpecificationError, fit, fit_predict

pytestmark = pytest.mark.fast

MODES = (Specification(), Specification(seasonality_mode="multiplicative"), Specification(growth="flat"))
RNG = np.random.default_rng(0)
VALUES = {
    "constant": [5.0] * 40,
    "all zero": [0.0] * 40,
    "single point": [3.0],
    "two points": [3.0, 9.0],
    "three points": [3.0, 9.0, 4.0],
    "twenty five points": list(RNG.normal(10, 1, 25)),
    "huge": list(RNG.normal(1e300, 1e299, 40)),
    "tiny": list(RNG.normal(1e-300, 1e-301, 40)),
    "mostly zero": [0.0] * 39 + [7.0],
    "negative": list(-RNG.lognormal(5, 1, 40)),
    "one spike": [1.0] * 20 + [1e12] + [1.0] * 19,
    "alternating": [0.0, 1.0] * 20,
    "gappy": [None if i % 3 else float(i) for i in range(60)],
    "nan is missing": [float("nan") if i % 2 else 2.0 * i for i in range(60)],
}


@pytest.mark.parametrize("spec", MODES, ids=("additive", "multiplicative", "flat"))
@pytest.mark.parametrize("name", VALUES)
def test_odd_series_get_finite_ordered_forecasts(name: str, spec: Specification) -> None:
    values = VALUES[name]
    history = sales(len(values)).with_columns(y=pl.Series(values, dtype=pl.Float64))
    forecast = fit_predict(history, spec, 5, "MS")
    assert forecast.height == 5
    assert forecast["yhat"].is_finite().all() and forecast["yhat"].null_count() == 0
    if name != "single point":
        assert (forecast["lo_95"] <= forecast["lo_80"]).all() and (forecast["hi_80"] <= forecast["hi_95"]).all()
        assert forecast["hi_95"].is_finite().all()


def test_series_without_any_value_or_with_one_date_say_so() -> None:
    empty = sales(6, key="empty").with_columns(y=pl.lit(None, pl.Float64))
    single = sales(3, key="single").with_columns(y=pl.Series([None, 4.0, None]))
    same_day = pl.DataFrame({"unique_id": "same day", "ds": [date(2020, 1, 1)] * 3, "y": [1.0, 2.0, 3.0]})
    forecast = fit_predict(pl.concat([empty, single, same_day, sales(30)]), None, 2, "MS")
    engines = dict(forecast.select("unique_id", "engine").unique().iter_rows())
    assert engines == {"empty": "none", "single": "last_value", "same day": "last_value", "s": "prophet_map"}
    assert forecast.filter(unique_id="empty")["yhat"].to_list() == [None, None]
    assert forecast.filter(unique_id="single")["yhat"].to_list() == [4.0, 4.0]
    assert forecast.filter(unique_id="single")["ds"].to_list() == [date(2015, 4, 1), date(2015, 5, 1)]
    assert forecast.filter(unique_id="single")["hi_95"].to_list() == [None, None]


def test_a_constant_series_stays_constant() -> None:
    forecast = fit_predict(sales(36).with_columns(y=pl.lit(5.0)), None, 12, "MS")
    assert np.allclose(forecast["yhat"], 5.0)
    assert np.allclose(forecast["hi_95"], 5.0, atol=1e-5)


def test_forecasts_scale_with_the_units_of_the_series() -> None:
    history = sales(50)
    base = fit_predict(history, None, 6, "MS")
    scaled = fit_predict(history.with_columns(pl.col("y") * 1e150), None, 6, "MS")
    assert np.allclose(scaled["hi_80"] / 1e150, base["hi_80"], rtol=1e-9)


@pytest.mark.parametrize(
    ("step", "freq", "points"),
    [("1d", "D", 90), ("1w", "W-THU", 60), ("1q", "QS", 20), ("1mo", "MS", 40), ("1y", "YS", 9)],
)
def test_any_period_is_continued_from_the_last_date(step: str, freq: str, points: int) -> None:
    history = sales(points, freq=step)
    forecast = fit_predict(history, None, 3, freq)
    gap = forecast["ds"][0] - history["ds"][-1]
    usual = history["ds"][-1] - history["ds"][-2]
    assert abs((gap - usual).days) <= 3
    assert forecast["ds"].is_sorted()


def test_an_empty_frame_gives_an_empty_forecast() -> None:
    forecast = fit_predict(sales(10)[:0], None, 3, "MS")
    assert forecast.height == 0
    assert "hi_95" in forecast.columns


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": pl.lit(float("inf"))}, "series 's' has an infinite value"),
        ({"ds": pl.lit(None, pl.Date)}, "'ds' has 40 empty cells"),
        ({"unique_id": pl.lit(None, pl.String)}, "'unique_id' has 40 empty cells"),
        ({"ds": pl.col("ds").cast(pl.Datetime("us", "UTC"))}, "time zone"),
    ],
)
def test_what_cannot_be_forecast_is_refused_in_one_sentence(change: dict[str, pl.Expr], message: str) -> None:
    with pytest.raises(SpecificationError, match=message):
        fit_predict(sales(40).with_columns(**change), None, 3, "MS")


def test_wrong_arguments_are_refused_in_one_sentence() -> None:
    with pytest.raises(SpecificationError, match="no column 'y'"):
        fit(sales(40).drop("y"))
    with pytest.raises(SpecificationError, match="'fortnightly' is not a pandas frequency"):
        fit_predict(sales(40), None, 3, "fortnightly")
    with pytest.raises(SpecificationError, match="horizon 0"):
        fit_predict(sales(40), None, 0, "MS")
    with pytest.raises(SpecificationError, match="growth"):
        Specification(growth="logistic")  # type: ignore[arg-type]
