"""Newton's steps on problems whose objective, slopes and way down can be worked out by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from forecasts.prophet_map import newton
from forecasts.prophet_map.newton import CORNER, Problem, descend

pytestmark = pytest.mark.fast


def problem(y: list[list[float]]) -> Problem:
    """Two points of time 0 and 1, a bend at 0, one factor and one addend; inverse tau 20."""
    trend = np.array([[0.0, 1, 0], [1, 1, 1]])
    X = np.array([[1.0, 0], [0, 2]])
    shape = (len(y), 2)
    parts = np.broadcast_to(trend, (*shape, 3)), np.broadcast_to(X, (*shape, 2))
    return Problem(np.array(y), *parts, np.array([5.0, 4, 2, 10]), np.array([True, False]), 20.0)


X = np.array([[1.0, 2.0, -0.5, 0.25, 0.75, 0.5]])  # slope, offset, bend, factor, addend, log of the noise


def test_the_mean_and_the_objective_are_those_of_the_model() -> None:
    """Trend 2 and 2.5, factors 1.25 and 1, addends 0 and 1.5; of 3 and 5 are left .5 and 1."""
    trend, factor, residual = problem([[3.0, 5.0]]).parts(X)
    assert (trend.tolist(), factor.tolist(), residual.tolist()) == ([[2, 2.5]], [[1.25, 1]], [[0.5, 1]])
    v = math.exp(1.0)
    prior = ((1 / 5) ** 2 + (2 / 4) ** 2 + (0.25 / 2) ** 2 + (0.75 / 10) ** 2) / 2 + 0.5 * 20
    value = problem([[3.0, 5.0]]).value(X)
    np.testing.assert_allclose(value, [2 * 0.5 + 1.25 / (2 * v) + 2 * v + prior])


def test_a_step_that_is_far_too_long_has_no_finite_objective_and_warns_of_nothing() -> None:
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        assert not np.isfinite(problem([[3.0, 5.0]]).value(np.array([[0.0, 0, 0, 0, 0, -1e6]])))[0]
        assert not np.isfinite(problem([[3.0, 5.0]]).value(np.array([[0.0, 0, 0, 0, 0, 1e6]])))[0]


def test_a_part_of_the_series_is_their_problem() -> None:
    both = problem([[3.0, 5.0], [1.0, 0.0]])
    part = both.of(np.array([1]))
    x = np.repeat(X, 2, axis=0)
    assert part.value(x[:1]).tolist() == both.value(x)[1:].tolist()
    assert part.y.tolist() == [[1, 0]] and part.prior is both.prior and part.inverse_tau == 20


def test_the_corner_of_the_penalty_is_bent_over_two_thousandths() -> None:
    """Fourth-order differences of the sign at distances of a thousandth: 4 / 3 - 1 / 6 at 0, none beyond two."""
    for bend, expected in ((0.0, 7 / 6), (0.5, 7 / 6), (1.5, -1 / 6), (2.5, 0.0), (-0.5, 7 / 6), (-1.5, -1 / 6)):
        x = X.copy()
        x[0, 2] = bend * CORNER
        slope, curvature = problem([[3.0, 5.0]])._prior(x)
        assert curvature[0, 2] == pytest.approx(expected * 20 / CORNER, abs=1e-6)
        np.testing.assert_allclose(slope[0], [1 / 25, 2 / 16, 20 * np.sign(bend), 0.25 / 4, 0.75 / 100])
        np.testing.assert_allclose(curvature[0, [0, 1, 3, 4]], [1 / 25, 1 / 16, 1 / 4, 1 / 100])


def test_a_direction_of_negative_curvature_is_reversed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Curvatures 2 and -4 along turned axes: the step goes down along both."""
    turned = np.array([[0.6, -0.8], [0.8, 0.6]])
    hessian, gradient = turned @ np.diag([2.0, -4.0]) @ turned.T, turned @ np.array([3.0, 8.0])
    monkeypatch.setattr(Problem, "slopes", lambda self, x: (gradient[None], hessian[None]))
    np.testing.assert_allclose(problem([[0.0, 0.0]]).direction(X), (turned @ np.array([-1.5, -2.0]))[None])


class Path:
    """A made problem of one unknown and the noise: objective, step and noise of each series by its number."""

    def __init__(self, kinds: list[str]) -> None:
        self.kinds, self.asked = kinds, 0

    def of(self, rows: np.ndarray) -> "Path":
        part = Path([self.kinds[row] for row in rows])
        part.asked = self.asked
        return part

    def value(self, x: np.ndarray) -> np.ndarray:
        return np.array([self.objective(kind, float(at)) for kind, at in zip(self.kinds, x[:, 0], strict=True)])

    def objective(self, kind: str, at: float) -> float:
        if kind == "narrow":
            return math.nan if abs(at) > 100 else at**2
        return {"bowl": at**2, "wall": 0.0 if at == 8 else 1.0, "falling": -at, "slow": abs(at)}[kind]

    def direction(self, x: np.ndarray) -> np.ndarray:
        step = {"bowl": -x[:, 0], "narrow": -x[:, 0], "wall": np.ones(len(x)), "falling": np.ones(len(x))}
        step["slow"] = -1e-9 * np.sign(x[:, 0])
        moves = np.array([step[kind][row] for row, kind in enumerate(self.kinds)])
        return np.column_stack([moves, np.zeros(len(x))])


def descended(*kinds: str, noise: float = 0.0) -> list[float]:
    x = np.column_stack([np.full(len(kinds), 8.0), np.full(len(kinds), noise)])
    descend(Path(list(kinds)), x)  # type: ignore[arg-type]
    return x[:, 0].tolist()


def test_a_step_is_halved_from_a_million_times_its_length_until_nothing_is_lost() -> None:
    """From 8 by -8 times 1e6 / 2^19 = 1.907: to -7.26, and on by turns; beyond 100 there is no objective at all."""
    bowl, narrow, wall = descended("bowl", "narrow", "wall")
    assert abs(bowl) < 1e-3 and narrow == bowl and wall == 8


def test_a_series_whose_noise_has_collapsed_takes_one_step_and_no_other() -> None:
    assert descended("falling", noise=math.log(0.9e-7) / 2) == [8 + 1e6]
    assert descended("falling", noise=math.log(1.1e-7) / 2) == [8 + newton.STEPS * 1e6]


def test_gains_of_no_account_end_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of a thousandth go on and one that gains less than 1e-8 is the last."""
    monkeypatch.setattr(newton, "STEPS", 10)
    assert descended("slow") == [pytest.approx(8 - 10 * 1e-3)]
    monkeypatch.setattr(newton, "TOLERANCE", 0.002)
    assert descended("slow") == [pytest.approx(8 - 1e-3)]


def test_at_the_end_of_a_way_the_slopes_are_those_of_a_minimum() -> None:
    """Twelve points on a line with noise; the bend is left at its corner."""
    random, t = np.random.default_rng(4), np.linspace(0, 1, 12)
    trend = np.column_stack([t, np.ones(12), np.maximum(t - 0.5, 0)])[None]
    effects = np.column_stack([np.sin(9 * t), np.cos(9 * t)])[None]
    y = (0.3 + 0.5 * t) * (1 + 0.2 * effects[0, :, 0]) + random.normal(0, 0.05, 12)
    made = Problem(y[None], trend, effects, np.array([5.0, 5, 10, 10]), np.array([True, False]), 20.0)
    x = np.zeros((1, 6))
    x[0, :2] = y[-1] - y[0], y[0]
    descend(made, x)
    for axis in range(6):
        for size in (-1e-3, 1e-3):
            assert made.value(x + size * np.eye(6)[axis])[0] > made.value(x)[0] - 1e-6
    assert 1e-4 < np.exp(2 * x[0, -1]) < 0.01
    assert replace(made, inverse_tau=1e-3).value(x)[0] < made.value(x)[0] + 1e-9
