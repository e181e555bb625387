"""Other starts of a fit whose signs change: which there are, what they are tried with, and which mode is kept."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from kernels import as_python
from test_prophet_map_solution import TIMES, fitted

from forecasts.prophet_map import additive, forecast, lasso, multiplicative, newton, predict, restarts, solve
from forecasts.prophet_map.specification import Specification

pytestmark = pytest.mark.fast


@pytest.fixture(autouse=True)
def _python(monkeypatch: pytest.MonkeyPatch) -> None:
    as_python(monkeypatch, additive, forecast, lasso, multiplicative, predict, restarts, solve)


def task_of(spec: Specification) -> tuple[restarts.Task, Any]:
    (solution,) = fitted(spec, every_mode=False).solutions
    y = (solution.stack.y - solution.floor[:, None]) / solution.scale[:, None]
    return restarts.Task(solution.stack, y, 20.0), solution


def test_effects_beside_a_small_trend_are_those_that_fit_best() -> None:
    """Least squares with a little of the prior: a hundredth of its precision."""
    task, _ = task_of(TIMES)
    theta, delta = task.small_trend(np.array([1, 0]), 0.003, -0.001)
    design = task.stack.design
    g = 0.003 * design.t[0] - 0.001
    columns = design.X[0] * g[:, None]
    for row, series in ((0, 1), (1, 0)):
        effects = np.linalg.solve(columns.T @ columns + 0.01 / 4 * np.eye(2), columns.T @ (task.y[series] - g))
        np.testing.assert_allclose(theta[row], [0.003, -0.001, *effects])
    assert delta.shape == (2, 3) and not delta.any()


def test_the_objective_of_a_trial_is_that_of_the_solution() -> None:
    task, solution = task_of(TIMES)
    rows = np.array([1, 0])
    value = task.objective(rows, solution.theta[rows], solution.delta[rows], solution.sigma[rows] ** 2)
    np.testing.assert_allclose(value, solution.objective(0.05)[rows])
    theta, delta = solution.theta[rows].copy(), solution.delta[rows].copy()
    task.descend(rows, theta, delta, np.empty(2), np.zeros(2, np.int64))
    np.testing.assert_allclose(theta, solution.theta[rows], atol=1e-5)


def test_newton_s_way_ends_where_the_fit_does() -> None:
    """A series with one mode: both ways lead there, up to the corner of the penalty."""
    task, solution = task_of(TIMES)
    rows = np.array([1, 0])
    theta, delta = task.end_of_newton_path(rows, solve._start(False, task.y)[rows])
    best = solution.objective(0.05)[rows]
    value = task.objective(rows, theta, delta, solution.sigma[rows] ** 2)
    assert (value >= best - 1e-6).all() and (value < best + 0.1).all()
    assert theta.shape == (2, 4) and delta.shape == (2, 3)


@pytest.mark.parametrize("growth", ["linear", "flat"])
def test_other_starts_are_given_ones_small_trends_and_newton_s(growth: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newton, "STEPS", 1)
    task, _ = task_of(replace(TIMES, growth=growth))
    starts = list(restarts._starts(task, np.array([0, 1]), np.zeros((2, 2))))
    small = 1 if growth == "flat" else 6
    assert len(starts) == 6 + small + 1
    slopes, offsets = zip(*(theta[0, :2] for (theta, _), _ in starts[:-1]), strict=True)
    if growth == "flat":
        assert not any(slopes) and offsets == (0.01, -0.05, -0.2, 0.25, 0.1, 0.1, 0.003)
        return
    assert slopes == (0, 0, 0.4, -0.4, -0.15, 0.3, 0, *[0.003] * 5)
    crossings = -np.array(offsets[7:]) / 0.003
    np.testing.assert_allclose(crossings, [0.2, 0.35, 0.5, 0.65, 0.8])
    assert offsets[6] == 0.003 and [path for _, path in starts[3:7]] == [
        (0.1, 0.03, 0.01),
        (0.02, 0.002),
        (0.1, 0.03, 0.01),
        (),
    ]


class Trials:
    """Three series whose objective is the offset of a start, at a variance of its slope."""

    def __init__(self) -> None:
        self.paths: list[float] = []

    def objective(self, rows: np.ndarray, theta: np.ndarray, delta: np.ndarray, variance: np.ndarray) -> np.ndarray:
        return theta[:, 1].copy()

    def descend(self, rows: np.ndarray, theta: np.ndarray, delta: Any, variance: Any, steps: Any, least: float) -> None:
        variance[:], steps[:] = theta[:, 0], 5
        self.paths.append(least)


COLLAPSED = newton.COLLAPSED
Trial = tuple[float, float, tuple[float, ...]]


@pytest.mark.parametrize(
    ("starts", "kept", "paths"),
    [
        ([(0.5, 3.0, ())], [[9, 2], [9, 2], [9, 2]], [()]),
        ([(0.5, 3.0, ()), (0.4, 1.0, (0.1, 0.02))], [[9, 2], [0.4, 1], [0.4, 1]], [(), (0.1, 0.02)]),
        ([(COLLAPSED, 0.0, ())], [[9, 2], [9, 2], [COLLAPSED, 0]], [()]),
        ([(0.4, 1.0, ()), (COLLAPSED, 0.0, ()), (0.3, 1.0, ())], [[9, 2], [0.4, 1], [0.4, 1]], [(), (), ()]),
    ],
)
def test_the_best_mode_is_kept_and_none_that_goes_through_every_point_in_place_of_another(
    starts: list[Trial], kept: list[list[float]], paths: list[tuple[float, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three series of objective 2: the first has no other modes, the third has gone through every point already."""
    monkeypatch.setattr(restarts, "_may_have_other_modes", lambda *unused: np.array([False, True, True]))
    trials = [((np.tile(one[:2], (2, 1)), np.full((2, 1), one[1])), one[2]) for one in starts]
    monkeypatch.setattr(restarts, "_starts", lambda *unused: iter(trials))
    theta, delta = np.array([[9.0, 2.0]] * 3), np.full((3, 1), 2.0)
    variance, steps, task = np.array([1.0, 1.0, COLLAPSED]), np.zeros(3, np.int64), Trials()
    restarts.restart(task, np.zeros((3, 2)), theta, delta, variance, steps)  # type: ignore[arg-type]
    assert theta.tolist() == kept and delta[:, 0].tolist() == [offset for _, offset in kept]
    changed = theta[:, 0] != 9
    assert variance[changed].tolist() == theta[changed, 0].tolist() and (steps == 5 * changed).all()
    assert task.paths == [least for path in paths for least in (*path, additive.VARIANCE_FLOOR)]
