"""Prophet over batches: which form is taken, what it is given, and when it is asked."""

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from forecasts.engines import prophet_forms
from forecasts.engines.prophet_forms import Components, fit_better_form, long_frame, pandas_freq, specification
from forecasts.panel.batch import Batch, Regressors
from forecasts.panel.frequency import Frequency
from forecasts.prophet_map import Regressor, Specification

pytestmark = pytest.mark.fast

NAN = np.nan
MONTHS = Frequency("MS")


def batch(*series: list[float], last: int = 650, regressors: Regressors | None = None, code: str = "MS") -> Batch:
    values = tuple(np.array(one, dtype=float) for one in series)
    ends = last - np.arange(len(series))
    return Batch(tuple("abc"[: len(series)]), values, ends, Frequency(code), regressors)


@pytest.mark.parametrize(
    ("code", "yearly", "weekly"),
    [
        ("YS", False, False),
        ("QS-FEB", 2, False),
        ("MS", True, False),
        ("W-MON", True, False),
        ("D", "auto", True),
        ("B", "auto", True),
        ("445-JAN", True, False),
    ],
)
def test_patterns_are_no_finer_than_periods_can_show(code: str, yearly: Any, weekly: bool) -> None:
    found = specification(Frequency(code), None, "multiplicative")
    assert (found.yearly_seasonality, found.weekly_seasonality, found.daily_seasonality) == (yearly, weekly, False)
    assert found.seasonality_mode == "multiplicative" and found.regressors == ()
    plain = specification(Frequency(code), None, "additive", is_seasonal=False)
    assert (plain.yearly_seasonality, plain.weekly_seasonality) == (False, False)


def test_regressors_are_taken_as_they_are_in_the_mode_of_the_form() -> None:
    regressors = Regressors(("x", "y"), 0, np.zeros((1, 2)))
    found = specification(MONTHS, regressors, "multiplicative").regressors
    assert found == tuple(Regressor(name, standardize=False, mode="multiplicative") for name in "xy")


def test_prophet_is_given_first_days_and_calendar_months() -> None:
    assert [pandas_freq(Frequency(code)) for code in ("ME", "445-JAN", "W-SUN", "QS-FEB")] == [
        "MS",
        "MS",
        "W-SUN",
        "QS-FEB",
    ]
    dates = prophet_forms.prophet_dates
    assert dates(Frequency("ME"), np.array([0, 1])).astype(str).tolist() == ["1970-01-01", "1970-02-01"]
    assert dates(Frequency("445-JAN"), np.array([0])).astype(str).tolist() == ["1970-01-01"]
    assert dates(Frequency("W-SUN"), np.array([0])).astype(str).tolist() == ["1970-01-04"]


def test_a_batch_becomes_rows_of_its_known_values_and_regressors() -> None:
    regressors = Regressors(("x",), 645, np.arange(10.0)[:, None])
    given = batch([1, NAN, 3], [4, 5], regressors=regressors)
    frame = long_frame(given)
    assert frame["unique_id"].to_list() == ["a", "a", "b", "b"] and frame["y"].to_list() == [1, 3, 4, 5]
    assert frame["ds"].to_list() == [date(2024, 1, 1), date(2024, 3, 1), date(2024, 1, 1), date(2024, 2, 1)]
    assert frame["x"].to_list() == [3, 5, 3, 4]
    ahead = prophet_forms._future(given, 2)
    assert ahead["ds"].to_list() == [date(2024, 3, 1), date(2024, 4, 1), date(2024, 5, 1)] and ahead["x"].to_list() == [
        5,
        6,
        7,
    ]


def made(size: float, cost: list[float]) -> tuple[Components, np.ndarray]:
    trend, factor, addend = (np.full((3, 2), size + part) for part in (0.0, 0.1, 0.2))
    return Components(trend, factor, addend, tuple(np.full(2, size) for _ in range(3))), np.array(cost)


def test_every_series_has_the_form_that_fits_better(monkeypatch: pytest.MonkeyPatch) -> None:
    """Costs 1, 2 and 3 of the first beside 2, 1 and 3: equal ones stay with sums."""
    forms = {"additive": made(1.0, [1, 2, 3]), "multiplicative": made(5.0, [2, 1, 3])}
    monkeypatch.setattr(prophet_forms, "_fit", lambda batch, horizon, mode: forms[mode])
    found = prophet_forms._fit_both_forms(batch([1], [2], [3]), 2)
    assert found.trend[:, 0].tolist() == [1, 5, 1] == [values[0] for values in found.residuals]
    assert found.factor[:, 1].tolist() == [1.1, 5.1, 1.1] and found.addend[:, 0].tolist() == [1.2, 5.2, 1.2]
    np.testing.assert_allclose(found.forecast[1], 5 * 6.1 + 5.2)


def test_the_batch_that_was_fitted_last_is_not_fitted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def fitted(given: Batch, horizon: int) -> Components:
        asked.append(horizon)
        return made(1.0, [])[0]

    monkeypatch.setattr(prophet_forms, "_fit_both_forms", fitted)
    monkeypatch.setattr(prophet_forms, "_last_fit", {})
    regressors = Regressors(("x",), 600, np.zeros((60, 1)))
    different = [
        (batch([1, 2]), 2), (batch([1, 2]), 3), (batch([1, 3]), 3), (batch([1, 3], last=649), 3),
        (batch([1, 3], last=649, code="ME"), 3), (batch([1, 3], regressors=regressors), 3),
        (batch([1, 3], regressors=Regressors(("y",), 600, np.zeros((60, 1)))), 3),
        (batch([1, 3], regressors=Regressors(("y",), 601, np.zeros((60, 1)))), 3),
        (batch([1, 3], regressors=Regressors(("y",), 601, np.ones((60, 1)))), 3), (batch([1, 2]), 2),
    ]  # fmt: skip
    for given, horizon in different:
        assert fit_better_form(given, horizon) is fit_better_form(given, horizon)
    assert len(asked) == len(different) and len(prophet_forms._last_fit) == 1


class Fitted:
    """What the batch engine answers: a trend that counts its rows, and residuals of a tenth of the value."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    def predict(
        self, horizon: int, freq: str, *, future: Any, levels: tuple[int, ...], components: bool
    ) -> pl.DataFrame:
        assert freq == "MS" and levels == () and components
        assert future is None or future["x"].to_list() == [6, 7, 8]
        rows = horizon * self.frame["unique_id"].n_unique()
        names = ("trend", "multiplicative_terms", "additive_terms")
        return pl.DataFrame({name: np.arange(rows) + 10.0 * place for place, name in enumerate(names)})

    def fitted(self) -> pl.DataFrame:
        return self.frame.with_columns(fitted=pl.col("y") * 0.9)

    def parameters(self) -> pl.DataFrame:
        return pl.DataFrame({"objective": [3.0, 4.0]})


@pytest.mark.parametrize("with_regressors", [False, True])
def test_a_form_is_told_by_series_and_step(with_regressors: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def fit(frame: pl.DataFrame, spec: Specification, *, every_mode: bool) -> Fitted:
        assert not every_mode and spec.seasonality_mode == "additive"
        return Fitted(frame)

    monkeypatch.setattr(prophet_forms, "fit", fit)
    regressors = Regressors(("x",), 644, np.arange(10.0)[:, None]) if with_regressors else None
    found, cost = prophet_forms._fit(batch([10, NAN, 30], [40], regressors=regressors), 2, "additive")
    assert found.trend.tolist() == [[0, 1], [2, 3]] and found.factor[1].tolist() == [12, 13]
    assert found.addend[0].tolist() == [20, 21] and cost.tolist() == [3, 4]
    assert [values.round(9).tolist() for values in found.residuals] == [[1, 3], [4]]
