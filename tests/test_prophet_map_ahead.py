"""The dates ahead of a series, and the regressors that are known for them."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import polars as pl
import pytest
from test_prophet_map_columns import calendar, micros

from forecasts.prophet_map.dates import WEEKS, future_dates
from forecasts.prophet_map.panel import Panel, read_panel
from forecasts.prophet_map.regressors import future_values
from forecasts.prophet_map.specification import Regressor, Specification, SpecificationError

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("freq", "last", "following"),
    [
        ("D", "2023-12-31", ["2024-01-01", "2024-01-02"]),
        ("MS", "2023-12-31", ["2024-01-01", "2024-02-01"]),
        ("MS", "2023-12-01", ["2024-01-01", "2024-02-01"]),
        ("QS", "2023-12-01", ["2024-01-01", "2024-04-01"]),
        ("YS", "2023-01-01", ["2024-01-01", "2025-01-01"]),
        ("W-MON", "2023-12-31", ["2024-01-01", "2024-01-08"]),
        ("W-SUN", "2023-12-31", ["2024-01-07", "2024-01-14"]),
        ("ME", "2023-12-31", ["2024-01-31", "2024-02-29"]),
        ("ME", "2023-12-30", ["2023-12-31", "2024-01-31"]),
        ("2D", "2023-12-31", ["2024-01-02", "2024-01-04"]),
        ("D", "2023-12-31T12:00", ["2024-01-01T12:00", "2024-01-02T12:00"]),
    ],
)
def test_the_dates_ahead_are_those_of_pandas(freq: str, last: str, following: list[str]) -> None:
    lasts = micros(last, "2020-02-28", last)
    found = future_dates(lasts, 2, freq)
    assert found.shape == (3, 2)
    assert found[0].tolist() == found[2].tolist() == micros(*following).tolist()


@pytest.mark.parametrize("freq", WEEKS)
def test_weeks_ahead_begin_on_their_weekday(freq: str) -> None:
    found = future_dates(calendar(13), 3, freq).astype("datetime64[us]").astype("datetime64[D]")
    days = calendar(13).astype("datetime64[us]").astype("datetime64[D]")
    assert {("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")[day.weekday()] for day in found.ravel().tolist()} == {
        freq[2:]
    }
    ahead = (found - days[:, None]).astype(int)
    assert ahead[:, 0].min() == 1 and ahead[:, 0].max() == 7 and (np.diff(ahead) == 7).all()


def test_at_least_one_period_is_asked_for() -> None:
    assert future_dates(micros("2023-12-01"), 1, "MS").tolist() == [micros("2024-01-01").tolist()]
    with pytest.raises(SpecificationError, match="horizon 0: ask for at least one period"):
        future_dates(micros("2023-12-01"), 0, "MS")
    with pytest.raises(SpecificationError, match="'soon' is not a pandas frequency"):
        future_dates(micros("2023-12-01"), 1, "soon")


@pytest.fixture
def panel() -> Iterator[Panel]:
    frame = pl.DataFrame({"unique_id": ["a", "b"], "ds": [date(2023, 12, 1)] * 2, "y": [1.0, 2.0], "price": [3.0, 4.0]})
    yield read_panel(frame, ("price",))


PRICED = Specification(regressors=(Regressor("price"),))


@pytest.mark.parametrize(
    ("future", "expected"),
    [
        ({"ds": ["2024-01-01", "2024-02-01", "2024-02-01"], "price": [5, 6, 7]}, [[5, 7], [5, 7]]),
        (
            {"unique_id": ["b", "b", "a", "a"], "ds": ["2024-01-01", "2024-02-01"] * 2, "price": [5, 6, 7, 8]},
            [[7, 8], [5, 6]],
        ),
    ],
)
def test_regressors_ahead_are_those_of_the_date_or_of_series_and_date(
    panel: Panel, future: dict[str, list[object]], expected: list[list[float]]
) -> None:
    ds = np.tile(micros("2024-01-01", "2024-02-01"), (2, 1))
    assert future_values(PRICED, panel, ds, pl.DataFrame(future))[:, :, 0].tolist() == expected
    assert future_values(Specification(), panel, ds, None).shape == (2, 2, 0)


@pytest.mark.parametrize(
    ("future", "message"),
    [
        (None, "the model uses price: give their future values in `future`"),
        ({"ds": ["2024-01-01"]}, "`future` has no column 'price'; it has ds"),
        ({"ds": ["2024-01-01"], "price": [1.0]}, "lacks a value of price for series 'a' on 2024-02-01"),
        ({"ds": ["2024-01-01", "2024-02-01"], "price": [float("nan"), 1.0]}, "for series 'a' on 2024-01-01"),
    ],
)
def test_a_regressor_that_is_unknown_ahead_is_named(
    panel: Panel, future: dict[str, list[object]] | None, message: str
) -> None:
    ds = np.tile(micros("2024-01-01", "2024-02-01"), (2, 1))
    with pytest.raises(SpecificationError, match=message):
        future_values(PRICED, panel, ds, None if future is None else pl.DataFrame(future))
