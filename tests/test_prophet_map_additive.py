"""The additive solver against matrices and against the conditions that the mode of the posterior must meet."""

import math

import numpy as np
import pytest
from kernels import as_python

from forecasts.prophet_map import additive, lasso
from forecasts.prophet_map.design import Design, Scale
from forecasts.prophet_map.seasons import Layout

pytestmark = pytest.mark.fast

RANDOM = np.random.default_rng(7)


@pytest.fixture(autouse=True)
def _python(monkeypatch: pytest.MonkeyPatch) -> None:
    as_python(monkeypatch, additive, lasso)


@pytest.mark.parametrize(("variance", "points"), [(2.0, 10), (0.3, 50), (1e-9, 3), (5e-14, 3)])
def test_the_variance_solves_its_equation(variance: float, points: int) -> None:
    found = additive.stationary_variance(4 * variance**2 + points * variance, points)
    assert found == pytest.approx(variance, rel=1e-12)


def test_the_variance_has_a_floor() -> None:
    """Of three points 1.5e-14 is above it, half of it is not."""
    assert additive.stationary_variance(4.5e-14, 3) == pytest.approx(1.5e-14, rel=1e-9)
    assert additive.stationary_variance(1.5e-14, 3) == additive.stationary_variance(0.0, 3) == 1e-14


def test_values_are_split_into_the_block_and_what_is_left() -> None:
    U, R, y = RANDOM.normal(size=(7, 2)), RANDOM.normal(size=(7, 3)), RANDOM.normal(size=7)
    a, rest, r = np.full(2, np.nan), np.full(7, np.nan), np.full(3, np.nan)
    total = additive.project(y, U, R, a, rest, r)
    np.testing.assert_allclose(a, U.T @ y)
    np.testing.assert_allclose(rest, y - U @ a)
    np.testing.assert_allclose(r, R.T @ rest)
    assert total == pytest.approx(rest @ rest)


def test_every_direction_is_shrunk_by_its_share_of_the_noise() -> None:
    lam, W, a, r = np.array([3.0, 0.5]), RANDOM.normal(size=(2, 3)), RANDOM.normal(size=2), RANDOM.normal(size=3)
    shrink, c = np.full(2, np.nan), np.full(3, np.nan)
    additive.correlate(0.5, lam, W, a, r, shrink, c)
    np.testing.assert_allclose(shrink, [0.5 / 3.5, 0.5 / 1.0])
    np.testing.assert_allclose(c, r + W.T @ (shrink * a))


def test_the_squared_error_is_that_of_the_slopes_that_are_in() -> None:
    """|rest|^2 - 2 d'r + d'Q0 d of slopes 2 and 0, and what is left of the shrunk directions."""
    W, a, r, total = RANDOM.normal(size=(2, 3)), RANDOM.normal(size=2), RANDOM.normal(size=3), 20.0
    root = RANDOM.normal(size=(3, 3))
    Q0, shrink, delta, e = root.T @ root, np.array([0.3, 0.8]), np.array([1.5, 0.0, -0.7]), np.full(2, np.nan)
    sse = additive.squared_error(total, W, Q0, a, r, shrink, delta, np.array([2, 0, 9, 9]), 2, e)
    np.testing.assert_allclose(e, a - W @ delta)
    assert sse == pytest.approx(total - 2 * delta @ r + delta @ Q0 @ delta + (shrink * e) @ (shrink * e))


def test_a_squared_error_below_zero_is_rounding() -> None:
    none = np.zeros(0)
    zeros, active = np.zeros((0, 1)), np.array([0, 9])
    assert additive.squared_error(1.0, zeros, np.eye(1), none, np.ones(1), none, np.array([1.0]), active, 1, none) == 0
    assert additive.squared_error(0.5, zeros, np.eye(1), none, np.ones(1), none, np.array([1.0]), active, 1, none) == 0


@pytest.mark.parametrize(
    ("points", "bracket", "following"),
    [
        ((2.0, 1.0, 1.0, 0.5), (-1e10, 1e10), 0.0),  # slope .5: the line is at 0 two to the left
        ((2.0, 1.0, 1.0, 0.9), (-1e10, 1e10), -3.0),  # slope .1, taken as .2
        ((2.0, 1.0, 1.0, -4.0), (-1e10, 1e10), 1.0),  # slope 5, taken as 1
        ((2.0, 1.0, 1.0, -0.5), (-1e10, 1e10), 1.0),
        ((2.0, 1.0, 2.0, 0.0), (-1e10, 1e10), 1.0),  # only one point: a slope of 1
        ((1.5, 0.2, 1.5, 0.0), (0.5, 2.0), 1.3),
        ((2.0, 1.0, 1.0, 0.9), (-1e10, 2.0), -3.0),  # open at one end
        ((2.0, 1.0, 1.0, 0.9), (1.0, 1e10), -3.0),  # and at the other
        ((2.0, 1.0, 0.0, -1.0), (0.0, 2.0), 1.0),
        ((2.0, 1.0, 0.0, -3.0), (0.0, 2.0), 1.5),  # slope 2
        ((2.0, 1.0, 0.0, 0.8), (0.0, 2.0), 1.0),  # slope .1 leads out of it: the middle
        ((2.0, 1.0, 0.0, 3.0), (0.5, 2.0), 1.25),  # falling: the middle
        ((2.0, 1.0, 0.0, 1.0), (0.5, 2.0), 1.25),  # level: the middle
        ((2.0, 1.0, 1.0, 0.0), (1.0, 2.0), 1.5),  # onto its edge: the middle
        ((1.0, -1.0, 2.0, 0.0), (1.0, 2.0), 1.5),
    ],
)
def test_the_search_follows_the_line_of_its_last_points_inside_the_bracket(
    points: tuple[float, float, float, float], bracket: tuple[float, float], following: float
) -> None:
    assert additive.next_point(*points, *bracket) == pytest.approx(following)


def design(points: int = 30) -> Design:
    """A line, two columns of effects and two changepoints, on two calendars."""
    day = np.arange(points)
    calendars = np.stack([day, day + (day > 20)])
    scale = Scale(calendars[:, 0], calendars[:, -1] - calendars[:, 0])
    X = np.stack([np.sin(calendars / 2), np.cos(calendars / 2)], axis=2)
    layout = Layout((), (), ("wave", "wave"), (10.0, 0.5), (False, False))
    return Design(layout, scale, scale.time(calendars), np.array([[0.3, 0.6], [0.25, 0.7]]), X, False, False)


def fitted(y: np.ndarray, tau: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    theta, delta = np.zeros((len(y), 4)), np.zeros((len(y), 2))
    variance, steps = np.full(len(y), np.nan), np.zeros(len(y), np.int64)
    additive.fit_batch(y, np.array([1, 0])[: len(y)], design().blocks(), 1 / tau, theta, delta, variance, steps)
    return theta, delta, variance, steps


@pytest.mark.parametrize(("tau", "active"), [(10.0, {2}), (1.0, {1, 2}), (1e-4, {0})])
@pytest.mark.parametrize("noise", [0.02, 0.05])
def test_at_the_mode_nothing_pulls_any_parameter(
    tau: float, active: set[int], noise: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gradients of the negative log posterior, from the residuals, are 0; of a slope at 0 at most 1 / tau."""
    made = design()
    t, ramps, prior = made.t[[1, 0]], made.ramps(made.t)[[1, 0]], np.array([5, 5, 10, 0.5])
    truth = 0.4 + 0.5 * t - 0.6 * ramps[:, :, 0] + 0.9 * ramps[:, :, 1] + 0.2 * made.X[[1, 0], :, 1]
    y = truth + np.random.default_rng(3).normal(0, noise, truth.shape)
    correlate, taken = additive.correlate, iter(range(1000))
    monkeypatch.setattr(additive, "correlate", lambda *arguments: correlate(*arguments) or next(taken))
    theta, delta, variance, steps = fitted(y, tau)
    columns = np.concatenate([t[:, :, None], np.ones((2, 30, 1)), made.X[[1, 0]]], axis=2)
    for row in range(2):
        left, v = y[row] - columns[row] @ theta[row] - ramps[row] @ delta[row], variance[row]
        np.testing.assert_allclose(columns[row].T @ left / v, theta[row] / prior**2, atol=1e-5)
        assert 4 * v**2 + 30 * v == pytest.approx(left @ left, rel=1e-7)
        pull, moved = ramps[row].T @ left / v, delta[row] != 0
        np.testing.assert_allclose(pull[moved], np.sign(delta[row][moved]) / tau, rtol=1e-4)
        assert (np.abs(pull) <= 1 / tau * (1 + 1e-4)).all() and moved.sum() in active
    assert (steps >= 2).all() and (steps <= 12).all() and steps.sum() == next(taken)


def test_a_series_without_noise_is_fitted_down_to_the_floor() -> None:
    """Its priors keep it from going through every point by some 1e-7 of its size only."""
    t = design().t[[1]]
    theta, delta, variance, steps = fitted(0.4 + 0.5 * t, 0.05)
    np.testing.assert_allclose(theta[0, :2], [0.5, 0.4], atol=1e-6)
    assert not delta.any() and math.sqrt(variance[0]) < 1e-6 and steps[0] < 100
