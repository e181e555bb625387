"""Long frames into arrays and back: order, missing values, dates of any kind, parts of a file."""

from datetime import date, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from forecasts.prophet_map.forecast import Forecast, _unfitted
from forecasts.prophet_map.panel import DAY, as_dates, distinct_rows, read_panel
from forecasts.prophet_map.specification import (
    Holiday,
    Regressor,
    Seasonality,
    Specification,
    SpecificationError,
    _holiday,
    from_prophet,
    unsupported,
)
from forecasts.prophet_map.tables import forecast_table

pytestmark = pytest.mark.fast

NAN = float("nan")


def frame(ids: str, days: list[int], y: list[float | None], **extra: list[float | None]) -> pl.DataFrame:
    """Rows of series named by letters, on days of January 2024."""
    dates = [date(2024, 1, day) for day in days]
    return pl.DataFrame({"unique_id": list(ids), "ds": dates, "y": y, **extra}, strict=False)


def test_a_panel_keeps_values_and_the_last_date_of_each_series() -> None:
    panel = read_panel(frame("aaabc", [1, 2, 5, 3, 9], [1, 2, None, NAN, 4], price=[5, 6, None, 8, 9]), ("price",))
    assert panel.ids.to_list() == ["a", "b", "c"] and panel.counts.tolist() == [2, 0, 1]
    assert panel.y.tolist() == [1, 2, 4] and panel.extra.tolist() == [[5], [6], [9]]
    assert (panel.last // DAY - 19723).tolist() == [4, 2, 8]
    assert (panel.ds // DAY - 19723).tolist() == [0, 1, 8] and panel.date_type == pl.Date


@pytest.mark.parametrize(("ids", "days"), [("aabb", [2, 1, 3, 4]), ("abab", [1, 3, 2, 4]), ("bbaa", [3, 4, 2, 1])])
def test_rows_out_of_order_are_sorted(ids: str, days: list[int]) -> None:
    panel = read_panel(frame(ids, days, [float(day) for day in days]))
    assert panel.ids.to_list() == ["a", "b"] and panel.y.tolist() == [1, 2, 3, 4]


def test_a_panel_is_cut_into_parts_of_so_many_series() -> None:
    panel = read_panel(frame("aabccd", [1, 2, 1, 1, 2, 7], [1, 2, 3, 4, 5, 6], price=[1, 2, 3, 4, 5, 6]), ("price",))
    first, second = panel.parts(3)
    assert first.ids.to_list() == ["a", "b", "c"] and first.offsets.tolist() == [0, 2, 3, 5]
    assert second.ids.to_list() == ["d"] and second.offsets.tolist() == [0, 1]
    assert second.y.tolist() == [6] == second.extra[:, 0].tolist() and second.last.tolist() == panel.last[3:].tolist()
    assert second.ds.tolist() == panel.ds[5:].tolist() and len(list(panel.parts(2))) == 2
    empty = read_panel(frame("", [], []).cast({"unique_id": pl.String, "ds": pl.Date}))
    assert [part.offsets.tolist() for part in empty.parts(5)] == [[0]] and len(empty.last) == 0


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (frame("ab", [1, 2], [1.0, float("inf")]), "series 'b' has an infinite value in column 'y'"),
        (frame("aab", [1, 2, 3], [1.0, 2.0, 3.0], price=[1, 2, None]), "series 'b' has an empty cell in one of price"),
        (frame("aab", [1, 2, 3], [1.0, 2.0, 3.0], price=[1, None, 2]), "series 'a' has an empty cell"),
        (frame("ab", [1, 2], [1.0, 2.0]), "the frame has no column 'price'; it has unique_id, ds, y"),
    ],
)
def test_a_row_that_cannot_be_fitted_is_named(rows: pl.DataFrame, message: str) -> None:
    with pytest.raises(SpecificationError, match=message):
        read_panel(rows, ("price",) if "price" in message or "price" in rows.columns else ())


def test_dates_come_back_as_they_came() -> None:
    midnight, noon = np.array([0, DAY]), np.array([0, DAY + DAY // 2])
    assert as_dates(midnight, pl.Date()).to_list() == [date(1970, 1, 1), date(1970, 1, 2)]
    assert as_dates(noon, pl.Date()).to_list() == [datetime(1970, 1, 1), datetime(1970, 1, 2, 12)]
    assert as_dates(midnight, pl.Datetime("ms")).dtype == pl.Datetime("ms")
    assert as_dates(midnight, pl.String()).dtype == pl.Datetime("us")
    text = pl.DataFrame({"unique_id": ["a"] * 2, "ds": ["2024-01-01", "2024-01-02"], "y": [1, 2]})
    assert (read_panel(text).ds // DAY).tolist() == [19723, 19724]


def test_rows_that_are_alike_have_one_class_numbered_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = np.array([[5, 1], [2, 2], [5, 1], [1, 5], [2, 2], [0, 0]])
    first, classes = distinct_rows(keys)
    assert first.tolist() == [0, 1, 3, 5] and classes.tolist() == [0, 1, 0, 2, 1, 3]
    many = np.random.default_rng(1).integers(-3, 3, (400, 3))
    first, classes = distinct_rows(many)
    assert (many[first[classes]] == many).all() and len(first) == len(np.unique(many, axis=0))
    assert (np.diff(first) > 0).all()
    unique = np.unique
    monkeypatch.setattr(np, "unique", lambda a, **rest: unique(a * 0 if a.dtype == np.uint64 else a, **rest))
    again, same = distinct_rows(many)  # all hashes collide
    assert again.tolist() == first.tolist() and same.tolist() == classes.tolist()


def test_a_series_that_is_not_fitted_repeats_its_last_value_or_has_none() -> None:
    panel = read_panel(frame("aabc", [1, 2, 1, 1], [1, 7, None, 5]))
    made = _unfitted(panel, np.zeros((3, 2), np.int64), 2)
    np.testing.assert_array_equal(made.yhat, [[7, 7], [NAN, NAN], [5, 5]])
    assert made.engine.tolist() == [1, 2, 1] and made.distance.shape == (3, 2, 2) and np.isnan(made.distance).all()


def test_a_forecast_becomes_rows_with_bounds_on_both_sides() -> None:
    panel = read_panel(frame("ab", [1, 2], [1.0, 2.0]))
    days = np.array([[DAY, 2 * DAY], [3 * DAY, 4 * DAY]])
    distance = np.stack([np.full((2, 2), 1.0), np.full((2, 2), 3.0)], axis=2)
    yhat = np.array([[10.0, 11], [12, NAN]])
    made = Forecast(days, yhat, distance, np.array([0, 2]), {"trend": yhat + 1})
    table = forecast_table(panel, made, (80, 95))
    assert table.columns == ["unique_id", "ds", "yhat", "lo_80", "hi_80", "lo_95", "hi_95", "trend", "engine"]
    assert table["unique_id"].to_list() == ["a", "a", "b", "b"] and table["ds"][2] == date(1970, 1, 4)
    assert table.row(1)[2:] == (11, 10, 12, 8, 14, 12, "prophet_map")
    assert table.row(3)[2:] == (None, None, None, None, None, None, "none")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"growth": "logistic"}, "growth=logistic"),
        ({"growth": "flat"}, None),
        ({}, None),
        ({"mcmc_samples": 1}, "mcmc_samples"),
        ({"extra_regressors": {"x": {"predictor_spec": object()}}}, "regressor_predictor"),
        ({"extra_regressors": {"x": {"predictor_spec": None}, "z": {}}}, None),
    ],
)
def test_what_only_stock_prophet_fits_is_named(change: dict[str, object], reason: str | None) -> None:
    model = SimpleNamespace(**{"growth": "linear", "mcmc_samples": 0, "extra_regressors": {}} | change)
    assert unsupported(model) == reason


def unfitted(**change: object) -> Any:
    """A model with Prophet's attributes, each different from its default."""
    season = {
        "period": 30.5,
        "fourier_order": 5,
        "prior_scale": 2.0,
        "mode": "multiplicative",
        "condition_name": "busy",
    }
    given = {
        "history": None,
        "specified_changepoints": False,
        "changepoints": None,
        "growth": "flat",
        "n_changepoints": 7,
        "changepoint_range": 0.6,
        "yearly_seasonality": 3,
        "weekly_seasonality": False,
        "daily_seasonality": True,
        "seasonality_mode": "multiplicative",
        "holidays_mode": "multiplicative",
        "seasonality_prior_scale": 1.0,
        "holidays_prior_scale": 2.0,
        "changepoint_prior_scale": 0.3,
        "scaling": "minmax",
        "seasonalities": {"month": season},
        "holidays": None,
        "country_holidays": "DE",
        "extra_regressors": {"price": {"prior_scale": 4.0, "standardize": True, "mode": "multiplicative"}},
    }
    return SimpleNamespace(**given | change)


def test_a_prophet_object_is_read_as_it_is() -> None:
    found = from_prophet(unfitted())
    assert found == Specification(
        "flat", None, 7, 0.6, 3, False, True, "multiplicative", "multiplicative", 1.0, 2.0, 0.3, "minmax",
        (Seasonality("month", 30.5, 5, 2.0, "multiplicative", "busy"),), (), "DE",
        (Regressor("price", 4.0, True, "multiplicative"),),
    )  # fmt: skip
    assert found.frame_columns == ("price", "busy") and Specification().frame_columns == ()
    changed = from_prophet(
        unfitted(specified_changepoints=True, changepoints=["2024-01-01", "2024-02-01"])
    ).changepoints
    assert changed == (np.datetime64("2024-01-01", "us"), np.datetime64("2024-02-01", "us"))
    with pytest.raises(SpecificationError, match="was fitted already"):
        from_prophet(unfitted(history=object()))


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({}, (0, 0, None)),
        ({"lower_window": -2.0, "upper_window": 3.0, "prior_scale": 4.0}, (-2, 3, 4.0)),
        ({"lower_window": NAN, "upper_window": 3.0, "prior_scale": NAN}, (0, 0, None)),
        ({"lower_window": -2.0, "upper_window": NAN}, (0, 0, None)),
    ],
)
def test_a_holiday_without_a_whole_window_is_its_day_alone(
    window: dict[str, float], expected: tuple[int, int, float | None]
) -> None:
    row = SimpleNamespace(holiday="fair", ds=datetime(2024, 1, 9), **window)
    assert _holiday(row) == Holiday("fair", date(2024, 1, 9), *expected)


def test_values_that_no_solver_can_take_are_refused() -> None:
    for scale in (0.0, -1.0):
        with pytest.raises(SpecificationError, match="changepoint_prior_scale must be above 0"):
            Specification(changepoint_prior_scale=scale)
    assert Specification(changepoint_prior_scale=1e-3, growth="flat").n_changepoints == 25
    assert Specification().changepoint_range == 0.8 and Specification().changepoint_prior_scale == 0.05
    assert Specification().seasonality_prior_scale == Specification().holidays_prior_scale == 10
