"""Intervals in closed form against the simulation they replace."""

import numpy as np
import pytest
from prophet_map_series import sales

from forecasts.prophet_map import Specification, fit_predict
from forecasts.prophet_map.quantiles import SHARES, table, unit_variance

pytestmark = pytest.mark.fast

PROBABILITIES = (0.9, 0.975)


def simulated(p: float, horizon: int, share: float, draws: int = 200_000) -> np.ndarray:
    """Quantiles of unit-variance walk plus noise by brute force: slope changes in the middle of each step."""
    rng = np.random.default_rng(7)
    changes = rng.laplace(0, 1, (draws, horizon)) * (rng.random((draws, horizon)) < p)
    ages = np.arange(horizon)[::-1] + 0.5
    walk = changes @ ages / np.sqrt(unit_variance(p, horizon)[-1])
    total = np.sqrt(1 - share) * walk + np.sqrt(share) * rng.normal(size=draws)
    return np.quantile(total, PROBABILITIES)


@pytest.mark.parametrize("p", [0.03, 0.31, 1.0])
@pytest.mark.parametrize("horizon", [1, 12])
@pytest.mark.parametrize("node", [8, 20, SHARES - 1])
def test_table_agrees_with_simulation(p: float, horizon: int, node: int) -> None:
    exact = table(np.array([p]), horizon, PROBABILITIES)[0, -1, node]
    assert np.allclose(exact, simulated(p, horizon, (node / (SHARES - 1)) ** 2), rtol=0.02, atol=0.01)


def test_pure_noise_has_normal_quantiles() -> None:
    exact = table(np.array([0.4]), 6, PROBABILITIES)[0, :, -1]
    assert np.allclose(exact, [1.2815516, 1.9599640], atol=2e-4)


def test_intervals_widen_with_the_horizon_when_the_trend_bends() -> None:
    forecast = fit_predict(sales(80, seed=2), None, 24, "MS")
    width = (forecast["hi_80"] - forecast["lo_80"]).to_numpy()
    assert (np.diff(width) > 0).all()


def test_flat_growth_has_the_noise_alone() -> None:
    forecast = fit_predict(sales(80, seed=2), Specification(growth="flat"), 24, "MS")
    width = (forecast["hi_80"] - forecast["lo_80"]).to_numpy()
    assert np.allclose(width, width[0])
    ratio = (forecast["hi_95"] - forecast["yhat"]).to_numpy() / (width / 2)
    assert np.allclose(ratio, 1.9599640 / 1.2815516, atol=1e-3)


def test_far_steps_are_interpolated_without_a_seam() -> None:
    far = table(np.array([0.02]), 70, PROBABILITIES)[0]
    near = table(np.array([0.02]), 40, PROBABILITIES)[0]
    assert np.allclose(far[:24], near[:24])
    assert np.allclose(far[39], near[39], rtol=2e-3, atol=1e-3)


def test_any_levels_may_be_asked() -> None:
    forecast = fit_predict(sales(60), None, 3, "MS", levels=(50, 99))
    assert forecast.columns[3:7] == ["lo_50", "hi_50", "lo_99", "hi_99"]
    assert fit_predict(sales(60), None, 3, "MS", levels=()).columns == ["unique_id", "ds", "yhat", "engine"]
