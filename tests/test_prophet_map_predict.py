"""What becomes of parameters: the mean of a date, the width of its interval, the objective of a fit."""

import math

import numpy as np
import pytest
from kernels import as_python

from forecasts.prophet_map import predict
from forecasts.prophet_map.quantiles import (
    EVERY_STEP,
    SHARES,
    _every_step,
    _invert,
    cubic_weights,
    node,
    steps_computed,
    table,
    unit_variance,
)

pytestmark = pytest.mark.fast

RANDOM = np.random.default_rng(3)


@pytest.fixture(autouse=True)
def _python(monkeypatch: pytest.MonkeyPatch) -> None:
    as_python(monkeypatch, predict)


def test_a_date_s_mean_has_a_trend_that_bends_a_factor_and_an_addend() -> None:
    """Two series, the second and the first of two calendars, three dates, two bends, three effects."""
    theta, delta, t = RANDOM.normal(size=(2, 5)), RANDOM.normal(size=(2, 2)), RANDOM.normal(size=(2, 3))
    ramps, X, calendar = RANDOM.normal(size=(2, 3, 2)), RANDOM.normal(size=(2, 3, 3)), np.array([1, 0])
    modes = np.array([False, True, True])
    trend, factor, addend = np.full((3, 2, 3), np.nan)
    predict.evaluate(theta, delta, calendar, t, ramps, X, modes, trend, factor, addend)
    for series, k in enumerate(calendar):
        line = theta[series, 0] * t[k] + theta[series, 1] + ramps[k] @ delta[series]
        np.testing.assert_allclose(trend[series], line)
        np.testing.assert_allclose(factor[series], 1 + X[k][:, 1:] @ theta[series, 3:])
        np.testing.assert_allclose(addend[series], X[k][:, 0] * theta[series, 2])


def spread(laplace: float, sigma: float, factor: float, variance: float, quantiles: np.ndarray) -> float:
    """Distance of a quantile whose standardised value stands at each node of the noise's share."""
    out = np.full((1, 1, 1), np.nan)
    arrays = np.array([laplace]), np.array([sigma]), np.array([[factor]]), np.array([[0.0], [variance]])
    tables = np.stack([np.full_like(quantiles, np.nan), quantiles])[:, None, :, None]
    predict.spread(np.array([1]), *arrays, tables, out)
    return float(out[0, 0, 0])


@pytest.mark.parametrize("sigma", [0.0, 0.3, 1.1, 1.7, 2.9, 4.0, 9.0, 60.0])
@pytest.mark.parametrize("factor", [0.5, -0.5])
def test_a_quantile_between_nodes_lies_on_the_cubic_through_them(sigma: float, factor: float) -> None:
    """Walk 3 x .5 with variance 4: nine; nodes at tenths of the root of the noise's share."""
    root = np.arange(11) / 10
    cubic = np.polynomial.Polynomial([1.5, 0.3, -0.8, 0.4])
    share = sigma / math.sqrt(9 + sigma**2)
    expected = cubic(share) * math.sqrt(9 + sigma**2)
    assert spread(3.0, sigma, factor, 4.0, cubic(root)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("node", "weights"),
    [
        (7, {4.5: 0, 5.5: -1 / 16, 6.5: 9 / 16, 7.0: 1, 7.5: 9 / 16, 8.0: 0, 8.5: -1 / 16, 9.5: 1 / 16}),
        (0, {0.5: 5 / 16, 1.5: -1 / 16, 2.5: 0}),
        (10, {9.5: 5 / 16, 8.5: -1 / 16, 7.5: 0}),
    ],
)
def test_a_value_between_nodes_is_taken_from_the_four_around_it(node: int, weights: dict[float, float]) -> None:
    """At an end there are none beyond it: the last four are taken. Two is what all other nodes have."""
    tables = np.where(np.arange(11) == node, 3.0, 2.0)
    for place, weight in weights.items():
        sigma = place / 10
        walk = math.sqrt(1 - sigma**2)
        assert spread(walk, sigma, 1.0, 1.0, tables) == pytest.approx(2 + weight, abs=1e-12), place


def test_without_noise_and_walk_there_is_no_width_and_none_is_negative() -> None:
    assert spread(0.0, 0.0, 1.0, 4.0, np.ones(11)) == 0
    assert spread(0.0, 2.0, 1.0, 4.0, np.full(11, -1.0)) == 0
    assert spread(0.0, 2.0, 1.0, 4.0, np.full(11, 0.5)) == pytest.approx(1.0)


def test_the_objective_is_stan_s() -> None:
    """Two points: log .25, 5 / .5, (2/4)^2 / 2 + (3/2)^2 / 2, .6 / .05, 2 x .25."""
    y, mean = np.array([[1.0, 2.0]]), np.array([[2.0, 4.0]])
    theta, delta = np.array([[2.0, -3.0]]), np.array([[0.2, -0.4]])
    value = predict.negative_log_posterior(y, mean, theta, delta, np.array([0.25]), np.array([4.0, 2.0]), 0.05)
    np.testing.assert_allclose(value, [math.log(0.25) + 10 + 0.125 + 1.125 + 12 + 0.5])


def test_the_walk_s_variance_sums_the_squared_ages_of_its_steps() -> None:
    """A Laplace draw of scale 1 has variance 2; ages are a half, one and a half, two and a half."""
    np.testing.assert_allclose(unit_variance(0.3, 3), 0.6 * np.array([0.25, 2.5, 8.75]))
    np.testing.assert_allclose(unit_variance(np.array([0.5, 1.0]), 2), [[0.25, 2.5], [0.5, 5.0]])


@pytest.mark.parametrize(
    ("horizon", "far"), [(1, []), (24, []), (25, [25]), (27, [27]), (28, [27, 28]), (33, [27, 31, 33])]
)
def test_every_step_of_two_years_is_computed_and_then_fewer(horizon: int, far: list[int]) -> None:
    """24 x 1.15 = 27.6, x 1.15 = 31.7; the last step always is."""
    assert steps_computed(horizon).tolist() == [*range(1, min(horizon, EVERY_STEP) + 1), *far]
    assert len(steps_computed(100_000)) < 24 + 61 and steps_computed(100_000)[-2] == 24 * 1.15**59 // 1


def test_between_computed_steps_values_follow_the_logarithm_of_the_step() -> None:
    computed = np.array([1, 2, 4, 9])
    values = np.log(computed)[:, None, None] * np.array([2.0, -1.0])
    found = _every_step(computed, values, 9)
    np.testing.assert_allclose(found[:, 0], np.log(np.arange(1, 10))[:, None] * np.array([2.0, -1.0]))
    np.testing.assert_allclose(_every_step(np.array([1]), np.ones((1, 1, 2)), 1), np.ones((1, 1, 2)))


def test_the_characteristic_function_of_the_normal_gives_its_quantiles() -> None:
    frequency = (np.arange(2048) + 0.5) * (np.pi / 32)
    spreads = np.array([[1.0], [0.5]])
    found = _invert(np.exp(-0.5 * (spreads * frequency) ** 2), 64 / 4096, np.array([0.5, 0.8, 0.9, 0.975, 0.999]))
    normal = np.array([0, 0.8416212, 1.2815516, 1.9599640, 3.0902323])
    np.testing.assert_allclose(found, spreads * normal, atol=2e-4)


def test_one_step_of_a_walk_that_always_changes_is_laplace() -> None:
    """Of unit variance its scale is the root of a half: -log(.2) of it is passed by a tenth of the draws."""
    found = node(0, 1, (0.9, 0.975))
    assert found.shape == (1, SHARES, 2)
    np.testing.assert_allclose(found[0, 0], -np.sqrt(0.5) * np.log([0.2, 0.05]), rtol=2e-3)
    np.testing.assert_allclose(found[0, -1], [1.2815516, 1.9599640], rtol=2e-4)


def test_two_steps_of_a_walk_are_the_sum_of_two_laplace_draws() -> None:
    """Of ages a half and one and a half: scales .2236 and .6708 make the variance 1."""
    small, large = np.sqrt(0.05), 3 * np.sqrt(0.05)
    for x, tail in zip(node(0, 2, (0.9, 0.975))[1, 0], (0.1, 0.025), strict=True):
        beyond = (large**2 * np.exp(-x / large) - small**2 * np.exp(-x / small)) / (large**2 - small**2) / 2
        assert beyond == pytest.approx(tail, rel=3e-3)


def test_a_step_that_changes_seldom_has_its_draws_in_the_tails() -> None:
    """Node -8 is a chance of 1/e: half of it lies beyond 0."""
    found = node(-8, 1, (0.9,))[0, 0, 0]
    assert found == pytest.approx(np.sqrt(np.e / 2) * np.log(5 / np.e), abs=0.01)


def test_a_table_at_a_node_is_that_node_and_between_nodes_the_cubic_of_four() -> None:
    """Nodes are eighths of log p: e^-1 is node -8; a value half way weighs four of them."""
    probabilities = (0.9,)
    exact = table(np.array([np.exp(-8 / 8), np.exp(-7.5 / 8), np.exp(-3 / 8)]), 2, probabilities)
    np.testing.assert_allclose(exact[0], node(-8, 2, probabilities), rtol=1e-12)
    np.testing.assert_allclose(exact[2], node(-3, 2, probabilities), rtol=1e-12)
    near = [node(number, 2, probabilities) for number in (-9, -8, -7, -6)]
    np.testing.assert_allclose(exact[1], (-near[0] + 9 * near[1] + 9 * near[2] - near[3]) / 16, rtol=1e-10)


def test_a_chance_of_change_is_taken_from_one_in_ten_thousand_to_one() -> None:
    few, least, most, more = table(np.array([1e-6, 1e-4, 1.0, 3.0]), 2, (0.9,))
    np.testing.assert_array_equal(few, least)
    np.testing.assert_array_equal(more, most)
    np.testing.assert_allclose(most, node(0, 2, (0.9,)), rtol=1e-12)
    assert (least != most).any()


@pytest.mark.parametrize("u", [-0.5, 0.0, 0.3, 1.0, 1.7, 2.0])
def test_the_weights_of_four_nodes_give_back_any_cubic(u: float) -> None:
    cubic = np.polynomial.Polynomial([2.0, -1.0, 0.5, 3.0])
    weights = cubic_weights(np.array([u]))
    assert sum(float(w[0]) * cubic(x) for w, x in zip(weights, (-1, 0, 1, 2), strict=True)) == pytest.approx(cubic(u))
