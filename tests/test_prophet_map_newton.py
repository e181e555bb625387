"""Newton's way over the multiplicative surface: closed-form slopes, and a way that only goes down."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from forecasts.prophet_map import Specification, fit, fit_predict
from forecasts.prophet_map.newton import Problem, descend

pytestmark = pytest.mark.fast


@pytest.fixture
def problem() -> Problem:
    random = np.random.default_rng(4)
    t = np.linspace(0, 1, 30)
    trend = np.column_stack([t, np.ones(30), *(np.maximum(t - s, 0) for s in (0.2, 0.5))])
    X = random.normal(0, 1, (3, 30, 4))
    modes = np.array([True, True, False, True])
    y = random.uniform(0, 1, (3, 30))
    return Problem(y, np.broadcast_to(trend, (3, 30, 4)), X, np.array([5.0, 5, 10, 10, 10, 2]), modes, 20.0)


def test_gradient_and_hessian_are_the_differences_of_the_objective(problem: Problem) -> None:
    x = np.random.default_rng(5).normal(0, 0.3, (3, 9))
    gradient, hessian = problem.slopes(x)
    for column in range(9):
        step = np.zeros(9)
        step[column] = 1e-6
        assert np.allclose((problem.value(x + step) - problem.value(x - step)) / 2e-6, gradient[:, column], rtol=1e-5)
        above, below = problem.slopes(x + step)[0], problem.slopes(x - step)[0]
        assert np.allclose((above - below) / 2e-6, hessian[:, column], rtol=1e-4, atol=1e-4)


def test_every_series_goes_down_to_a_point_where_nothing_is_gained(problem: Problem) -> None:
    x = np.zeros((3, 9))
    x[:, 1] = problem.y[:, 0]
    before, in_batch = problem.value(x), x.copy()
    descend(problem, in_batch)
    assert (problem.value(in_batch) < before - 10).all()
    for row in range(3):
        alone = x[[row]]
        descend(problem.of(np.array([row])), alone)
        assert np.array_equal(alone[0], in_batch[row]), "a series goes the same way alone and among others"


def test_a_series_that_is_fitted_exactly_is_left_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line has no noise: its objective falls without end, which used to take two thousand steps."""
    taken: list[int] = []
    direction = Problem.direction

    def counted(self: Problem, x: np.ndarray) -> np.ndarray:
        taken.append(len(x))
        return direction(self, x)

    monkeypatch.setattr(Problem, "direction", counted)
    months = pl.date_range(date(2020, 1, 1), date(2022, 12, 1), "1mo", eager=True)
    line = pl.DataFrame({"unique_id": "line", "ds": months, "y": np.linspace(-1, 1, 36)})
    forecast = fit_predict(line, Specification(seasonality_mode="multiplicative"), 1, "MS")
    assert 0 < len(taken) < 100
    assert abs(forecast["yhat"][0] - (1 + 2 / 35)) < 0.01


def test_one_mode_is_never_better_than_the_best_of_all_and_the_same_where_no_sign_changes() -> None:
    """Sales that hardly move have one mode; three spikes in five years of nothing have many."""
    days = pl.date_range(date(2019, 1, 1), date(2023, 12, 1), "1mo", eager=True)
    random = np.random.default_rng(2)
    spikes = np.zeros(60)
    spikes[[7, 29, 52]] = (5.0, 9.0, 4.0)
    steady = 100 + 5 * np.sin(np.arange(60) * np.pi / 6) + random.normal(0, 1, 60)
    series = {"spikes": spikes, "steady": steady}
    frame = pl.concat([pl.DataFrame({"unique_id": name, "ds": days, "y": y}) for name, y in series.items()])
    spec = Specification(seasonality_mode="multiplicative")
    best, first = (fit(frame, spec, every_mode=every).parameters() for every in (True, False))
    gap = dict(zip(best["unique_id"], first["objective"] - best["objective"], strict=True))
    assert gap["steady"] == 0
    assert gap["spikes"] > 0.1
