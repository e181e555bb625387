"""From the parameters of a fit to its rows: scales, constants, slopes per day, distances ahead."""

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from kernels import as_python

from forecasts.prophet_map import additive, forecast, lasso, multiplicative, predict, restarts, solve
from forecasts.prophet_map.engine import Fit, fit_panel
from forecasts.prophet_map.panel import read_panel
from forecasts.prophet_map.quantiles import table, unit_variance
from forecasts.prophet_map.specification import Seasonality, Specification

pytestmark = pytest.mark.fast

SEASON = Seasonality("half", 182.6, 1, 2.0, "multiplicative")
PLAIN = Specification(n_changepoints=3, yearly_seasonality=False, seasonalities=(replace(SEASON, mode="additive"),))
TIMES = replace(PLAIN, seasonalities=(SEASON,), scaling="minmax")
MONTHS = pl.date_range(date(2020, 1, 1), date(2021, 12, 1), "1mo", eager=True)


@pytest.fixture(autouse=True)
def _python(monkeypatch: pytest.MonkeyPatch) -> None:
    as_python(monkeypatch, additive, forecast, lasso, multiplicative, predict, restarts, solve)


def fitted(spec: Specification, *, every_mode: bool = True) -> Fit:
    """A rising and a falling series, a constant one, and one of a single date."""
    t, random = np.arange(24), np.random.default_rng(2)
    wave = np.sin(2 * np.pi * MONTHS.cast(pl.Int32).to_numpy() / 182.6)
    values = {
        "rising": (100 + 2 * t) * (1 + 0.2 * wave) + random.normal(0, 1, 24),
        "falling": (300 - 3 * t) * (1 + 0.1 * wave) + random.normal(0, 1, 24),
        "constant": np.full(24, -7.0),
    }
    parts = [pl.DataFrame({"unique_id": name, "ds": MONTHS, "y": y}) for name, y in values.items()]
    parts.append(pl.DataFrame({"unique_id": ["single"], "ds": [date(2020, 1, 1)], "y": [3.0]}))
    return fit_panel(read_panel(pl.concat(parts)), spec, every_mode)


@pytest.mark.parametrize("spec", [PLAIN, TIMES], ids=["added", "multiplied"])
def test_fitted_values_are_those_of_the_parameters(spec: Specification) -> None:
    made = fitted(spec)
    (solution,) = made.solutions
    rows = made.fitted().filter(pl.col("unique_id") != "single")
    design = solution.stack.design
    for series, name in enumerate(("rising", "falling", "constant")):
        line = solution.theta[series, 0] * design.t[0] + solution.theta[series, 1]
        line += np.maximum(design.t[0][:, None] - design.changepoints[0], 0) @ solution.delta[series]
        effect, scale, floor = design.X[0] @ solution.theta[series, 2:], solution.scale[series], solution.floor[series]
        of_name = rows.filter(unique_id=name)
        np.testing.assert_allclose(of_name["trend"], line * scale + floor)
        mean = (line * scale + floor) * (1 + effect) if spec is TIMES else (line + effect) * scale
        np.testing.assert_allclose(of_name["fitted"], mean)
        if name != "constant" and spec is PLAIN:
            np.testing.assert_allclose(of_name["fitted"], of_name["y"], atol=25)
    assert made.fitted().filter(unique_id="single").row(0)[2:] == (3.0, None, None)


@pytest.mark.parametrize("spec", [PLAIN, TIMES], ids=["added", "multiplied"])
def test_parameters_are_told_in_scaled_units_and_the_slope_per_day(spec: Specification) -> None:
    made = fitted(spec)
    (solution,) = made.solutions
    told = made.parameters()
    assert told["unique_id"].to_list() == ["rising", "falling", "constant", "single"]
    assert told["n_points"].to_list() == [24, 24, 24, 1]
    assert told["engine"].to_list() == ["prophet_map"] * 3 + ["last_value"]
    assert told.row(3)[2:-1] == (None,) * 7 and told["objective"][2] is None
    slope = (solution.theta[:, 0] + solution.delta.sum(axis=1)) * solution.scale / 700  # days to 1 December 2021
    np.testing.assert_allclose(told["slope_per_day"][:3], slope)
    np.testing.assert_allclose(told.select("k", "m")[:3].to_numpy(), solution.theta[:, :2])
    np.testing.assert_allclose(told["sigma"][:3], solution.sigma)
    parts = solution.fitted_parts()
    y = (solution.stack.y - solution.floor[:, None]) / solution.scale[:, None]
    left, v = y - parts[0] * parts[1] - parts[2], solution.sigma**2
    prior = ((solution.theta / np.array([5, 5, 2, 2])) ** 2).sum(axis=1) / 2 + np.abs(solution.delta).sum(axis=1) / 0.05
    value = 12 * np.log(v) + (left**2).sum(axis=1) / (2 * v) + 2 * v + prior
    np.testing.assert_allclose(told["objective"][:2], value[:2])


def test_a_constant_is_its_value_with_hardly_any_noise() -> None:
    for spec, offset in ((PLAIN, -1.0), (TIMES, 0.0)):
        (solution,) = fitted(spec).solutions
        assert solution.theta[2].tolist() == [0, offset, 0, 0] and not solution.delta[2].any()
        assert solution.sigma[2] == 1e-9 and solution.scale[2] == (7 if spec is PLAIN else 1)


@pytest.mark.parametrize(
    ("scaling", "scale", "floor"), [("absmax", [8, 1, 3], [0, 0, 0]), ("minmax", [10, 1, 1], [-8, 0, -3])]
)
def test_series_are_scaled_by_their_largest_value_or_their_range(
    scaling: Any, scale: list[float], floor: list[float]
) -> None:
    y = np.array([[-8.0, 2.0], [0.0, 0.0], [-3.0, -3.0]])
    found = solve.scaling(Specification(scaling=scaling), y)
    assert [part.tolist() for part in found] == [scale, floor]
    assert solve.is_constant(y).tolist() == [False, True, True]


def test_a_fit_starts_from_the_line_between_the_ends_or_the_mean() -> None:
    y = np.array([[1.0, 5, 3], [2, 2, 8]])
    assert solve._start(False, y).tolist() == [[2, 1], [6, 2]]
    assert solve._start(True, y).tolist() == [[0, 3], [0, 4]]


def test_only_multiplied_effects_are_tried_from_other_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[np.ndarray] = []
    monkeypatch.setattr(restarts, "restart", lambda task, start, *rest: tried.append(start))
    fitted(TIMES)
    assert len(tried) == 1 and tried[0].shape == (3, 2)
    fitted(TIMES, every_mode=False)
    fitted(PLAIN)
    assert len(tried) == 1


def test_a_forecast_is_the_mean_at_its_dates() -> None:
    made = fitted(TIMES)
    ahead = made.predict(3, "MS", levels=(80,), components=True).filter(
        pl.col("unique_id").is_in(["rising", "falling"])
    )
    total = ahead["trend"] * (1 + ahead["multiplicative_terms"]) + ahead["additive_terms"]
    np.testing.assert_allclose(ahead["yhat"], total)
    np.testing.assert_allclose(ahead["half"], ahead["multiplicative_terms"])
    told = made.parameters()
    last = made.fitted().filter(ds=date(2021, 12, 1))
    for name in ("rising", "falling"):
        slope = told.filter(unique_id=name)["slope_per_day"].item()
        steps = ahead.filter(unique_id=name)["trend"] - last.filter(unique_id=name)["trend"].item()
        np.testing.assert_allclose(steps, slope * np.array([31, 62, 90]))
    np.testing.assert_allclose(ahead["hi_80"] - ahead["yhat"], ahead["yhat"] - ahead["lo_80"])
    assert (ahead["hi_80"] > ahead["yhat"]).all() and set(ahead["engine"]) == {"prophet_map"}


def test_added_effects_are_in_units_of_the_series() -> None:
    ahead = fitted(PLAIN).predict(2, "MS", levels=(), components=True).filter(unique_id="rising")
    np.testing.assert_allclose(ahead["trend"] + ahead["half"], ahead["yhat"])
    assert ahead["multiplicative_terms"].to_list() == [0, 0] and (ahead["half"].abs() > 1).any()


@pytest.mark.parametrize(
    ("horizon", "step", "is_dummy", "size"), [(3, 0.1, False, 0.3), (1, 0.25, False, 0.3), (3, 0.1, True, 0.0)]
)
def test_the_trend_ahead_bends_as_often_and_as_much_as_it_did(
    horizon: int, step: float, is_dummy: bool, size: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two changes of .2 and .4 in a history of five points; a single step ahead is as long as one of its steps."""
    given: list[Any] = []
    monkeypatch.setattr(forecast, "spread", lambda *arguments: given.extend(arguments))
    design = SimpleNamespace(t=np.linspace(0, 1, 5)[None], changepoints=np.array([[0.2, 0.5]]), is_dummy=is_dummy)
    solution: Any = SimpleNamespace(
        stack=SimpleNamespace(design=design),
        theta=np.zeros((2, 3)),
        delta=np.array([[0.2, -0.4], [0.0, 0.0]]),
        sigma=np.array([1.0, 2.0]),
    )
    t: Any = 1 + 0.1 * np.arange(1, horizon + 1)[None]
    calendar = np.zeros(2, np.int64)
    out = forecast._distances(solution, t, np.array([0]), calendar, np.ones((2, horizon)), (0.9,))
    assert out is given[-1] and out.shape == (2, horizon, 1)
    np.testing.assert_allclose(given[1], [(size + 1e-8) * step, 1e-8 * step])
    np.testing.assert_allclose(given[4], unit_variance(np.array([2 * step]), horizon))
    np.testing.assert_allclose(given[5], table(np.array([2 * step]), horizon, (0.9,)))
    design.changepoints = np.zeros((1, 0))
    forecast._distances(solution, t, np.array([0]), calendar, np.ones((2, horizon)), (0.9,))
    assert given[8].tolist() == [0, 0], "without changepoints there is noise alone"
