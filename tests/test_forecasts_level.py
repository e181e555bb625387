"""Simple exponential smoothing by its own sums, and the search for its weight beside SciPy's, step for step."""

from typing import Any

import numpy as np
import pytest
from kernels import as_python, noting
from scipy.optimize import minimize_scalar

from forecasts.engines import level_smoothing as level
from forecasts.engines import statsforecast
from forecasts.engines.statsforecast import forecast_each, scale_for_optimiser
from forecasts.panel.batch import Batch
from forecasts.panel.frequency import Frequency

pytestmark = pytest.mark.fast


@pytest.fixture(autouse=True)
def _python(monkeypatch: pytest.MonkeyPatch) -> None:
    as_python(monkeypatch, level)


def test_the_level_moves_by_its_weight_of_each_error() -> None:
    """8, then 8 + .25 x 4 = 9, then 9 + .25 x -5 = 7.75; errors 0, 4 and -5, or 16 + 25 squared."""
    values = np.array([8.0, 12.0, 4.0])
    assert level._last_level(values, 0.25) == 7.75
    assert level._squared_error(0.25, values) == 41
    assert level._squared_error(1.0, values) == 16 + 64
    assert level._last_level(values, 1.0) == 4


def valley(name: str) -> Any:
    """Functions of a weight whose least value lies inside, at an end, or in one of two valleys."""
    return {
        "bowl": lambda x: (x - 0.37) ** 2,
        "steep": lambda x: abs(x - 0.61) ** 0.5,
        "quartic": lambda x: (x - 0.73) ** 4 + 1,
        "low end": lambda x: x + 1,
        "high end": lambda x: 3 - x,
        "two": lambda x: np.cos(11 * x) + 0.3 * x,
        "skew": lambda x: np.exp(9 * x) - 50 * x,
        "steps": lambda x: np.floor(8 * (x - 0.4) ** 2 * 10),
        "flat": lambda x: 1.0,
    }[name]


@pytest.mark.parametrize("name", ["bowl", "steep", "quartic", "low end", "high end", "two", "skew", "steps", "flat"])
@pytest.mark.parametrize(("lowest", "highest"), [(0.1, 0.3), (0.1, 0.8), (0.0, 1.0), (0.35, 0.99), (-0.4, 2.0)])
def test_every_weight_that_is_tried_is_the_one_scipy_tries(
    name: str, lowest: float, highest: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours: list[float] = []
    theirs: list[float] = []
    monkeypatch.setattr(level, "_squared_error", noting(ours, valley(name)))
    best = level._best_weight(np.zeros(1), lowest, highest)
    result = minimize_scalar(
        noting(theirs, valley(name)),
        bounds=(lowest, highest),
        method="bounded",
        options={"xatol": 1e-5},
    )
    assert ours == theirs and best == result.x


def test_the_search_ends_after_five_hundred_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    monkeypatch.setattr(level, "_squared_error", noting(asked, valley("bowl")))
    monkeypatch.setattr(level, "MOST_STEPS", 5)
    level._best_weight(np.zeros(1), 0.0, 1.0)
    assert len(asked) == 5


def batch(*series: list[float]) -> Batch:
    values = tuple(np.array(one) for one in series)
    return Batch(tuple(map(str, range(len(series)))), values, np.full(len(series), 600), Frequency("QS"))


def test_a_level_is_repeated_and_gaps_are_filled_before_it() -> None:
    """The third lacks its middle value: between 2 and 6 that is 4. A constant is its own level."""
    given: list[np.ndarray] = []
    made = level.level_of_each(batch([1, 3], [5, 5], [2, np.nan, 6]), 2, noting(given, np.sum))
    assert made.tolist() == [[4, 4], [5, 5], [12, 12]]
    assert [values.tolist() for values in given] == [[1, 3], [2, 4, 6]]


def test_the_last_level_is_that_of_the_best_weight() -> None:
    values = np.array([1.0, 5, 2, 8, 3, 9, 4])
    errors = {weight: level._squared_error(weight, values) for weight in np.arange(0.1, 0.9, 0.001)}
    best = min(errors, key=errors.__getitem__)
    assert level.smoothed(values, 0.1, 0.9) == pytest.approx(level._last_level(values, best), rel=1e-3)


@pytest.mark.parametrize(
    ("size", "scale"), [(1.0, 1.0), (2e-3, 1.0), (1e-3, 1e-3), (1e-4, 1e-4), (9e6, 1.0), (1e7, 1e7), (1e9, 1e9)]
)
def test_only_tiny_and_huge_series_are_scaled(size: float, scale: float) -> None:
    assert scale_for_optimiser(np.array([-size, size])) == pytest.approx(scale)


def test_tiny_series_are_smoothed_in_units_of_their_mean_size() -> None:
    """Of 1e-9 and 3e-9 the optimiser sees a half and one and a half."""
    given: list[np.ndarray] = []
    made = level.level_of_each(batch([1e-9, 3e-9]), 1, noting(given, lambda values: 1.25))
    np.testing.assert_allclose(given, [[0.5, 1.5]])
    np.testing.assert_allclose(made, [[2.5e-9]], rtol=1e-12)


class Estimator:
    """Says what it was given; fails for a series that begins with 13."""

    def __init__(self, season: int, values: np.ndarray) -> None:
        self.season, self.values = season, values

    def forecast(self, values: np.ndarray, horizon: int) -> dict[str, list[float]]:
        assert values[0] != 13
        assert values.tolist() == self.values.tolist()
        return {"mean": [float(self.season), float(values[-1]), float(horizon)]}


def test_an_estimator_gets_the_season_where_there_are_two_of_it_and_a_failure_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seven quarters have a season of 1, eight have one of 4; what is huge is scaled and scaled back."""
    monkeypatch.setattr(statsforecast, "estimators", lambda: Estimator)  # the package takes seconds to import
    series = batch([1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 5, 6, 7, 8], [13, 1, 2], [6, 6], [1e9, np.nan, 3e9])
    made = forecast_each(series, 3, lambda models, season, values: models(season, values))
    assert made[:2].tolist() == [[1, 7, 3], [4, 8, 3]]
    assert np.isnan(made[2]).all() and made[3].tolist() == [6, 6, 6]
    np.testing.assert_allclose(made[4], [2e9, 3e9, 6e9])
