"""Arrays of a panel as long frames."""

import numpy as np
import polars as pl

from forecasts.prophet_map.forecast import ENGINES, Forecast
from forecasts.prophet_map.panel import DAY, FloatArray, IntArray, Panel, as_dates
from forecasts.prophet_map.solve import Solution


def forecast_table(panel: Panel, result: Forecast, levels: tuple[int, ...]) -> pl.DataFrame:
    """One row per series and date: unique_id, ds, yhat, lo_*/hi_* per level, components, engine; NaN becomes null."""
    horizon = result.ds.shape[1]
    columns = {
        "unique_id": panel.ids.gather(np.repeat(np.arange(len(panel.ids)), horizon)),
        "ds": as_dates(result.ds, panel.date_type),
        "yhat": _column(result.yhat),
    }
    for i, level in enumerate(levels):
        columns[f"lo_{level}"] = _column(result.yhat - result.distance[:, :, i])
        columns[f"hi_{level}"] = _column(result.yhat + result.distance[:, :, i])
    columns |= {name: _column(values) for name, values in result.components.items()}
    return pl.DataFrame(columns | {"engine": _labels(np.repeat(result.engine, horizon))})


def fitted_table(panel: Panel, solutions: tuple[Solution, ...]) -> pl.DataFrame:
    """One row per value: unique_id, ds, y, fitted, trend (null for series that were not fitted)."""
    fitted, trend = np.full(len(panel.y), np.nan), np.full(len(panel.y), np.nan)
    for solution in solutions:
        g, factor, addend = solution.fitted_parts()
        rows = panel.offsets[solution.stack.members][:, None] + np.arange(g.shape[1])
        scale, floor = solution.scale[:, None], solution.floor[:, None]
        trend[rows] = g * scale + floor
        fitted[rows] = trend[rows] * factor + addend * scale
    return pl.DataFrame(
        {
            "unique_id": panel.ids.gather(np.repeat(np.arange(len(panel.ids)), panel.counts)),
            "ds": as_dates(panel.ds, panel.date_type),
            "y": panel.y,
            "fitted": _column(fitted),
            "trend": _column(trend),
        }
    )


def parameter_table(panel: Panel, solutions: tuple[Solution, ...], tau: float) -> pl.DataFrame:
    """One row per series: n_points, y_scale, floor, k, m, sigma (scaled units), slope_per_day at the end (units of y
    per day), objective (nats, Stan's -lp__ up to its constants; null where nothing was fitted), engine.
    """
    names = ("y_scale", "floor", "k", "m", "sigma", "slope_per_day", "objective")
    values = {name: np.full(len(panel.ids), np.nan) for name in names}
    engine = np.where(panel.counts > 0, 1, 2)
    for solution in solutions:
        members, calendar = solution.stack.members, solution.stack.calendar
        slope = solution.theta[:, 0] + solution.delta.sum(axis=1)
        days = solution.stack.design.scale.span[calendar] / DAY
        columns = (
            solution.scale,
            solution.floor,
            solution.theta[:, 0],
            solution.theta[:, 1],
            solution.sigma,
            slope * solution.scale / days,
            solution.objective(tau),
        )
        for name, value in zip(names, columns, strict=True):
            values[name][members] = value
        engine[members] = 0
    return pl.DataFrame(
        {"unique_id": panel.ids, "n_points": panel.counts}
        | {name: _column(value) for name, value in values.items()}
        | {"engine": _labels(engine)}
    )


def _column(values: FloatArray) -> pl.Series:
    return pl.Series(values.reshape(-1), nan_to_null=True)


def _labels(engine: IntArray) -> pl.Series:
    return pl.Series(ENGINES).gather(engine)
