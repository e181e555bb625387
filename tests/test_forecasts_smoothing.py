"""Exponential smoothing, one step at a time as it is worked out on paper."""

from collections.abc import Callable

import numpy as np
import pytest

from forecasts.engines import smoothing
from forecasts.models.prophet_damped import damped

pytestmark = pytest.mark.fast


def one_step(form: list[int], y: float, slope: float, index: list[float], steps: int = 2) -> tuple[list[float], float]:
    """Forecast after one value from level 10: weights of level a half, of slope and season a quarter, damping .8."""
    weights, out = np.array([0.5, 0.5, 0.5, 0.8]), np.empty(steps)
    smooth_with = smoothing.smooth_with.py_func
    value = smooth_with(np.array([y]), len(index), np.array(form), weights, 10.0, slope, np.array(index), out)
    return out.tolist(), value


def test_a_value_above_the_forecast_raises_level_and_slope_and_the_slope_fades() -> None:
    """Ahead 10 + .8 x 5 = 14, error 2: level 14 + 1 = 15, slope 4 + .5 = 4.5, then 15 + 4.5 x .8, + 4.5 x .64."""
    forecast, value = one_step([1, 1, 0], 16.0, 5.0, [0.0], steps=3)
    np.testing.assert_allclose(forecast, [18.6, 21.48, 23.784])
    assert value == pytest.approx(np.log(4))


def test_a_value_above_its_season_raises_that_season_and_no_other() -> None:
    """Ahead 10, with its season 12, error 4: level 12, its season 2 + 1 = 3."""
    forecast, value = one_step([1, 0, 1], 16.0, 0.0, [2.0, -2.0])
    np.testing.assert_allclose(forecast, [12 - 2, 12 + 3])
    assert value == pytest.approx(np.log(16))


def test_factors_of_the_season_move_by_their_share_of_the_level() -> None:
    """10 x 2 = 20, error 4, of the level 2: level 11, factor 2 + .25 x 4 / 10 = 2.1."""
    forecast, value = one_step([2, 0, 2], 24.0, 0.0, [2.0, 0.5])
    np.testing.assert_allclose(forecast, [11 * 0.5, 11 * 2.1])
    assert value == pytest.approx(np.log((4 / 20) ** 2) + 2 * np.log(20))


def searched(monkeypatch: pytest.MonkeyPatch, error_of: Callable[[float], float]) -> tuple[float, float]:
    """Weight of the level and its error, found for a made error instead of that of a series."""
    monkeypatch.setattr(smoothing, "smooth_with", lambda y, season, form, p, *rest: error_of(float(p[0])))
    monkeypatch.setattr(smoothing, "within_bounds", smoothing.within_bounds.py_func)
    unused = np.zeros(1)
    search = smoothing.best_parameters.py_func
    point, value = search(unused, 1, np.array([1, 0, 0]), 0.0, 0.0, unused, unused)
    return float(point[0]), float(value)


def test_the_search_closes_in_on_its_best_point_where_no_step_from_it_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    """It starts at .3 and .576; between them a ridge hides the valley round .37, so that only halving comes there."""

    def error_of(weight: float) -> float:
        ridge, valley = 0.4 < weight < 0.5, 0.36 < weight < 0.38
        return 0.0 if valley else 3.0 if ridge else 1 + abs(weight - 0.3)

    weight, error = searched(monkeypatch, error_of)
    assert 0.36 < weight < 0.38 and error == 0.0


def test_a_damped_trend_goes_on_from_its_last_value_in_steps_that_fade() -> None:
    """10, 12, 14 ahead came from 8: 8 + 2, + 2 x .8, + 2 x .64."""
    np.testing.assert_allclose(damped(np.array([[10.0, 12.0, 14.0]])), [[10, 11.6, 12.88]])
