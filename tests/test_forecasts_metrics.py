"""Errors of forecasts and the sizes that they are measured in, by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from forecasts.backtesting import metrics

pytestmark = pytest.mark.fast

NAN = np.nan


def array(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)


@pytest.mark.parametrize(
    ("values", "season", "step", "scale"),
    [
        ([1, 2, 4, 8], 2, 4.5, 4.5),
        ([1, 2, 1, 2], 2, 1, 1),  # no step over a season: over a period
        ([1, 4], 2, 3, 3),
        ([1, 4, 6], 2, 5, 5),
        ([5, 5, 5], 2, 0, 5),
        ([-5, -5], 1, 0, 5),
        ([0, 0], 1, 0, 1),
        ([], 12, 0, 1),
        ([1, NAN, 5], 1, 0, 3),  # no two neighbours are known
        ([1, NAN, 5, 7], 1, 2, 2),
        ([NAN, NAN], 1, 0, 1),
    ],
)
def test_a_series_is_scaled_by_its_steps_or_its_size(
    values: list[float], season: int, step: float, scale: float
) -> None:
    assert metrics.step_of(array(*values), season) == step
    assert metrics.scale_of(array(*values), season) == scale


@pytest.mark.parametrize(
    ("values", "scale"), [([1, 3, 3], 2), ([4, 4, 4], 16), ([4], 16), ([1, 3], 4), ([], 1), ([1, NAN, 5], 9)]
)
def test_squared_errors_are_scaled_by_squared_steps_or_the_squared_size(values: list[float], scale: float) -> None:
    assert metrics.squared_scale_of(array(*values)) == scale


ACTUAL, FORECAST = np.array([[2.0, NAN, 4.0], [0.0, 0.0, 0.0]]), np.array([[3.0, 9.0, 2.0], [0.0, 1.0, 0.0]])


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (metrics.smape, [100 * (2 / 5 + 4 / 6) / 2, 200 / 3]),
        (lambda a, f: metrics.mase(a, f, array(3, 2)), [0.5, 1 / 6]),
        (lambda a, f: metrics.rmsse(a, f, array(10, 1)), [0.5, np.sqrt(1 / 3)]),
        (metrics.wape, [0.5, NAN]),
        (metrics.bias, [-1 / 6, NAN]),
        (lambda a, f: metrics.coverage(a, f - 1, f + 1), [0.5, 1]),
        (lambda a, f: metrics.coverage(a, f, f), [0, 2 / 3]),
        (lambda a, f: metrics.coverage(a, np.where(f == 3, NAN, f - 2), f + 2), [1, 1]),
        (lambda a, f: metrics.msis(a, f - 1, f + 1, array(1, 2), 0.8), [(2 + 2 + 10) / 2, 1]),
        (lambda a, f: metrics.msis(a, f + 1, f + 2, array(1, 1)), [(1 + 80 + 1) / 2, (1 + 40 + 1 + 80 + 1 + 40) / 3]),
    ],
)
def test_unknown_actuals_count_in_no_metric(
    metric: Callable[[np.ndarray, np.ndarray], np.ndarray], expected: list[float]
) -> None:
    """The first errs by 1 and -2 of 6, the second by 1 where nothing was sold."""
    np.testing.assert_allclose(metric(ACTUAL, FORECAST), expected, rtol=1e-9)


def test_accuracy_is_never_below_zero_and_unknown_where_the_actual_is() -> None:
    actual, forecast = array(10, 10, -10, 0, 0, NAN), array(8, 25, -11, 0, 1, 3)
    np.testing.assert_allclose(metrics.accuracy(actual, forecast), [0.8, 0, 0.9, 1, 0, NAN])


def test_means_are_of_what_is_known() -> None:
    assert metrics.nan_mean(array(1, 5)) == 3 and metrics.nan_mean(array(1, NAN, 5)) == 3
    assert np.isnan(metrics.nan_mean(array(NAN))) and np.isnan(metrics.nan_mean(array()))
    np.testing.assert_array_equal(metrics.nan_mean(np.array([[1, NAN], [NAN, NAN], [2, 4]])), [1, NAN, 3])
