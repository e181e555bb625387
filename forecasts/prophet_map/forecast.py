"""Forecast from parameters: future calendars, point forecasts, closed-form quantiles, components."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from forecasts.prophet_map.dates import future_dates
from forecasts.prophet_map.panel import FloatArray, IntArray, Panel, distinct_rows
from forecasts.prophet_map.predict import spread
from forecasts.prophet_map.quantiles import table, unit_variance
from forecasts.prophet_map.regressors import future_values
from forecasts.prophet_map.seasons import features
from forecasts.prophet_map.solve import Solution
from forecasts.prophet_map.specification import Specification

ENGINES = ("prophet_map", "last_value", "none")


@dataclass
class Forecast:
    """Arrays over all series of a panel x horizon; quantiles has one more axis: the upper distances per level."""

    ds: IntArray
    yhat: FloatArray
    distance: FloatArray
    engine: IntArray  # index into ENGINES, per series
    components: dict[str, FloatArray] = field(default_factory=dict)


def forecast(
    spec: Specification,
    panel: Panel,
    solutions: tuple[Solution, ...],
    horizon: int,
    freq: str,
    future: pl.DataFrame | None,
    levels: tuple[int, ...],
    components: bool,
) -> Forecast:
    """Forecast every series of the panel; series that could not be fitted repeat their last value, or have none."""
    ds = future_dates(panel.last, horizon, freq)
    extra = future_values(spec, panel, ds, future)
    result = _unfitted(panel, ds, len(levels))
    probabilities = tuple(0.5 + level / 200 for level in levels)
    for solution in solutions:
        _forecast_stack(spec, solution, extra, probabilities, components, result)
    return result


def _unfitted(panel: Panel, ds: IntArray, levels: int) -> Forecast:
    counts = panel.counts
    last_value = np.full(len(counts), np.nan)
    has_value = counts > 0
    last_value[has_value] = panel.y[panel.offsets[1:][has_value] - 1]
    yhat = np.repeat(last_value[:, None], ds.shape[1], axis=1)
    return Forecast(ds, yhat, np.full((*ds.shape, levels), np.nan), np.where(has_value, 1, 2))


def _forecast_stack(
    spec: Specification,
    solution: Solution,
    extra: FloatArray,
    probabilities: tuple[float, ...],
    components: bool,
    result: Forecast,
) -> None:
    stack, members = solution.stack, solution.stack.members
    extra_rows = extra[members].reshape(len(members), -1).view(np.int64)
    keys = np.concatenate([stack.calendar[:, None], result.ds[members], extra_rows], axis=1)
    first, calendar = distinct_rows(np.ascontiguousarray(keys))
    owner = stack.calendar[first]
    dates = result.ds[members[first]]
    scaled = (extra[members[first]] - stack.means[owner][:, None]) / stack.deviations[owner][:, None]
    X = features(spec, stack.design.layout, dates, scaled)
    t = (dates - stack.design.scale.start[owner][:, None]) / stack.design.scale.span[owner][:, None]
    trend, factor, addend = solution.parts(t, X, calendar, owner)
    scale, floor = solution.scale[:, None], solution.floor[:, None]
    result.engine[members] = 0
    result.yhat[members] = (trend * scale + floor) * factor + addend * scale
    if probabilities:
        distance = _distances(solution, t, owner, calendar, factor, probabilities)
        result.distance[members] = distance * scale[:, :, None]
    if components:
        _components(solution, X, calendar, trend, result)


def _distances(
    solution: Solution,
    t: FloatArray,
    owner: IntArray,
    calendar: IntArray,
    factor: FloatArray,
    probabilities: tuple[float, ...],
) -> FloatArray:
    """Upper quantiles minus the point forecast, in scaled units: series x horizon x probabilities."""
    design = solution.stack.design
    horizon = t.shape[1]
    history_step = (design.t[:, -1] - design.t[:, 0]) / (design.t.shape[1] - 1)
    step = (t[:, -1] - t[:, 0]) / (horizon - 1) if horizon > 1 else history_step[owner]
    slopes = design.changepoints.shape[1]
    p = np.minimum(slopes * step, 1.0)
    if slopes == 0:
        laplace = np.zeros(len(solution.theta))
    else:
        size = np.zeros(len(solution.theta)) if design.is_dummy else np.abs(solution.delta).mean(axis=1)
        laplace = (size + 1e-8) * step[calendar]  # Prophet's own epsilon
    out = np.empty((len(solution.theta), horizon, len(probabilities)))
    spread(calendar, laplace, solution.sigma, factor, unit_variance(p, horizon), table(p, horizon, probabilities), out)
    return out


def _components(solution: Solution, X: FloatArray, calendar: IntArray, trend: FloatArray, result: Forecast) -> None:
    """Prophet's components: additive ones in units of y, multiplicative ones as shares of the trend."""
    layout = solution.stack.design.layout
    scale = solution.scale[:, None]
    effects = solution.theta[:, None, 2:] * X[calendar]
    times = np.array(layout.is_multiplicative, dtype=bool)
    values = {"trend": trend * scale + solution.floor[:, None]}
    values["additive_terms"] = effects[..., ~times].sum(axis=2) * scale
    values["multiplicative_terms"] = effects[..., times].sum(axis=2)
    names = np.array(layout.components)
    groups = {name: names == name for name in dict.fromkeys(layout.components)}
    if layout.holidays:
        groups["holidays"] = np.isin(names, [h.name for h in layout.holidays])
    for name, columns in groups.items():
        total = effects[..., columns].sum(axis=2)
        values[name] = total if times[columns].all() else total * scale
    for name, value in values.items():
        column = result.components.setdefault(name, np.full(result.yhat.shape, np.nan))
        column[solution.stack.members] = value
