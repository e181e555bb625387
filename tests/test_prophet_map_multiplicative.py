"""The multiplicative solver against matrices, differences of its objective and the mode that it must end in."""

import itertools
import math

import numpy as np
import pytest
from kernels import as_python

from forecasts.prophet_map import additive, lasso, multiplicative

pytestmark = pytest.mark.fast

RANDOM = np.random.default_rng(11)
POINTS, TAU = 24, 0.5
PRIOR = np.array([5.0, 4.0, 2.0, 0.5, 3.0])
MODES = np.array([True, False, True])
T = np.linspace(0, 1, POINTS)
R = np.maximum(T[:, None] - np.array([0.25, 0.6]), 0)
X = np.column_stack([np.sin(9 * T), np.cos(9 * T), T > 0.8])


@pytest.fixture(autouse=True)
def _python(monkeypatch: pytest.MonkeyPatch) -> None:
    as_python(monkeypatch, multiplicative, additive, lasso)


def mean_of(theta: np.ndarray, delta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Trend, factor and mean at parameters in the model's units."""
    g = theta[0] * T + theta[1] + R @ delta
    s = 1 + X[:, MODES] @ theta[2:][MODES]
    return g, s, g * s + X[:, ~MODES] @ theta[2:][~MODES]


def test_the_mean_is_the_trend_times_its_factors_and_the_other_effects() -> None:
    z, delta, y = RANDOM.normal(size=5), RANDOM.normal(size=2), RANDOM.normal(size=POINTS)
    g, s, residual = np.full((3, POINTS), np.nan)
    total = multiplicative.mean_parts(z, delta, T, R, X, PRIOR, MODES, g, s, residual, y)
    trend, factor, mean = mean_of(z * PRIOR, delta)
    np.testing.assert_allclose(np.array([g, s, residual]), [trend, factor, y - mean])
    assert total == pytest.approx(residual @ residual)


@pytest.mark.parametrize(("least", "variance"), [(1e-14, 0.5), (0.8, 0.8)])
def test_the_objective_is_taken_at_the_best_variance_that_is_allowed(least: float, variance: float) -> None:
    """Of ten points 4 x .25 + 10 x .5 = 6 has the variance .5."""
    value, v = multiplicative.profile(6.0, 10, np.array([1.0, -2]), np.array([0.5, -0.25]), 20.0, least)
    assert v == pytest.approx(variance)
    assert value == pytest.approx(5 * math.log(v) + 6 / (2 * v) + 2 * v + 2.5 + 0.75 * 20)


def test_equations_are_those_of_the_mean_made_linear() -> None:
    """Columns are differences of the mean; the right side is the residual and what the parameters explain."""
    z, delta, v = RANDOM.normal(0, 0.3, 5), RANDOM.normal(0, 0.3, 2), 0.3
    g, s, mean = mean_of(z * PRIOR, delta)
    residual = RANDOM.normal(size=POINTS)
    block = np.column_stack([T * s, s, X * np.where(MODES, g[:, None], 1)]) * PRIOR
    ramps = R * s[:, None]
    target = residual + block @ z + ramps @ delta
    N, C, Q = np.full((5, 5), np.nan), np.full((5, 2), np.nan), np.full((2, 2), np.nan)
    q, c, row, ramp = np.full(5, np.nan), np.full(2, np.nan), np.full(5, np.nan), np.full(2, np.nan)
    multiplicative.linearise(z, delta, T, R, X, PRIOR, MODES, g, s, residual, v, N, C, Q, q, c, row, ramp)
    np.testing.assert_allclose(np.tril(N), np.tril(block.T @ block + v * np.eye(5)))
    np.testing.assert_allclose(C, block.T @ ramps)
    np.testing.assert_allclose(np.tril(Q), np.tril(ramps.T @ ramps))
    np.testing.assert_allclose(q, block.T @ target)
    np.testing.assert_allclose(c, ramps.T @ target)
    nearby = 1e-6 * RANDOM.normal(size=5)
    moved = mean_of((z + nearby) * PRIOR, delta)[2]
    np.testing.assert_allclose(moved - mean, block @ nearby, atol=1e-10)


def test_the_block_is_eliminated_and_found_again() -> None:
    """Two ways to the same unknowns: all equations at once, or the slopes first and the block from them."""
    columns = RANDOM.normal(size=(20, 7))
    whole, right = columns.T @ columns, RANDOM.normal(size=7)
    triangle = np.tri(7, dtype=bool)
    N, C, Q = np.where(triangle, whole, np.nan)[:5, :5], whole[:5, 5:].copy(), np.tril(whole[5:, 5:])
    q, c = right[:5].copy(), right[5:].copy()
    multiplicative.eliminate(N, C, Q, q, c)
    inside = np.linalg.inv(whole[:5, :5])
    np.testing.assert_allclose(Q, whole[5:, 5:] - whole[5:, :5] @ inside @ whole[:5, 5:], atol=1e-12)
    np.testing.assert_allclose(c, right[5:] - whole[5:, :5] @ inside @ right[:5], atol=1e-12)
    expected, z = np.linalg.solve(whole, right), np.full(5, np.nan)
    delta = np.linalg.solve(Q, c)
    multiplicative.back_substitute(N, C, q, delta, z)
    np.testing.assert_allclose([*z, *delta], expected)


@pytest.mark.parametrize(("rest", "is_information"), [(1e-11, True), (0.0, False)])
def test_of_two_equal_columns_one_gets_nothing(rest: float, is_information: bool) -> None:
    N, C, Q, q, c = np.array([[4.0, 0], [4, 4 + rest]]), np.zeros((2, 0)), np.zeros((0, 0)), np.zeros(2), np.zeros(0)
    q[:] = 8, 8 + rest
    multiplicative.eliminate(N, C, Q, q, c)
    z = np.full(2, np.nan)
    multiplicative.back_substitute(N, C, q, c, z)
    np.testing.assert_allclose(z, [1, 1] if is_information else [2, 0], rtol=1e-3, atol=1e-90)


def posterior(y: np.ndarray, theta: np.ndarray, delta: np.ndarray, v: float) -> float:
    left = y - mean_of(theta, delta)[2]
    prior = ((theta / PRIOR) ** 2).sum() / 2 + np.abs(delta).sum() / TAU
    return float(len(y) / 2 * np.log(v) + left @ left / (2 * v) + 2 * v + prior)


Start = tuple[np.ndarray, np.ndarray]


def fitted(
    y: np.ndarray, least: float = 1e-14, start: Start | None = None
) -> tuple[np.ndarray, np.ndarray, float, int]:
    """From Prophet's line through the first and the last value, or from other parameters."""
    line = np.array([y[-1] - y[0], y[0], 0, 0, 0]), np.zeros(2)
    theta, delta = (part[None].copy() for part in start or line)
    variance, steps = np.full(1, np.nan), np.zeros(1, np.int64)
    calendar = np.array([1])  # of two, the second
    stacked = (np.stack([part * np.nan, part]) for part in (T, R, X.astype(float)))
    multiplicative.fit_batch(y[None], calendar, *stacked, PRIOR, MODES, 1 / TAU, least, theta, delta, variance, steps)
    return theta[0], delta[0], float(variance[0]), int(steps[0])


TRUTH = np.array([0.4, 0.5, 0.3, 0.05, -0.2]), np.array([-0.9, 0.0])


def assert_is_lowest(y: np.ndarray, theta: np.ndarray, delta: np.ndarray, v: float) -> None:
    """No small step of any parameter lowers the objective."""
    best = posterior(y, theta, delta, v)
    for axis in range(7):
        for size in (-1e-4, 1e-4):
            step = size * np.eye(7)[axis]
            assert posterior(y, theta + step[:5], delta + step[5:], v) > best - 1e-9


@pytest.mark.parametrize("least", [1e-14, 0.01])
@pytest.mark.parametrize("slopes", [(-0.9, 0.0), (0.0, 1.5), (0.9, -1.2)])
def test_the_fit_ends_where_no_small_step_lowers_the_objective(least: float, slopes: tuple[float, float]) -> None:
    noise = np.random.default_rng(5).normal(0, 0.02, POINTS)
    y = mean_of(TRUTH[0], np.array(slopes))[2] + noise
    theta, delta, v, steps = fitted(y, least)
    left = y - mean_of(theta, delta)[2]
    unbounded = 2 * left @ left / (POINTS + math.sqrt(POINTS**2 + 16 * left @ left))
    assert v == pytest.approx(max(unbounded, least))
    assert_is_lowest(y, theta, delta, v)
    assert 2 <= steps <= 40 and delta.any() == (least < 0.01 or slopes == (0.0, 1.5))
    np.testing.assert_allclose(mean_of(theta, delta)[2], y, atol=0.2)


def test_a_step_that_goes_too_far_is_halved_until_it_gains(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where few values are not zero, effects far larger than the trend make the mean anything but linear."""
    tried: list[tuple[float, np.ndarray]] = []
    profile = multiplicative.profile

    def noted(sse: float, points: int, z: np.ndarray, delta: np.ndarray, *rest: float) -> tuple[float, float]:
        value, v = profile(sse, points, z, delta, *rest)
        tried.append((value, np.concatenate([z, delta])))
        return value, v

    monkeypatch.setattr(multiplicative, "profile", noted)
    y = np.zeros(POINTS)
    y[[3, 11, 21]] = 1.0, 0.7, 0.9
    random = np.random.default_rng(10)
    theta, delta, v, steps = fitted(y, start=(random.normal(0, [0.5, 0.5, 3, 1, 3]), random.normal(0, 1, 2)))
    assert_is_lowest(y, theta, delta, v)
    best, end = tried[0]
    halved = 0
    for (value, point), (_, following) in itertools.pairwise(tried[1:-1]):
        if value < best:
            best, end = value, point
        else:
            np.testing.assert_allclose(following, (end + point) / 2, atol=1e-12)
            halved += 1
    assert halved >= 3 and steps < len(tried) < 4 * steps
    assert best == pytest.approx(posterior(y, theta, delta, v))


def test_a_fit_that_begins_at_its_end_stays_there() -> None:
    y = mean_of(*TRUTH)[2] + np.random.default_rng(6).normal(0, 0.02, POINTS)
    theta, delta, v, _ = fitted(y)
    again, slopes, same, steps = fitted(y, start=(theta, delta))
    assert steps <= 1 and same == pytest.approx(v)
    np.testing.assert_allclose([*again, *slopes], [*theta, *delta], atol=1e-6)


def test_a_fit_that_creeps_is_ended_after_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    y = mean_of(*TRUTH)[2] + np.random.default_rng(6).normal(0, 0.02, POINTS)
    monkeypatch.setattr(multiplicative, "STEPS", 1)
    theta, delta, v, steps = fitted(y)
    assert steps == 1
    left = y - mean_of(theta, delta)[2]
    assert 4 * v**2 + POINTS * v == pytest.approx(left @ left), "what it returns belongs together"
