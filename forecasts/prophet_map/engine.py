"""Long frame in, forecasts out: fit once, then ask for forecasts, fitted values or parameters."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from forecasts.prophet_map.forecast import forecast
from forecasts.prophet_map.grouping import stacks
from forecasts.prophet_map.panel import Panel, read_panel
from forecasts.prophet_map.solve import Solution, solve
from forecasts.prophet_map.specification import Specification, SpecificationError, from_prophet, unsupported
from forecasts.prophet_map.tables import fitted_table, forecast_table, parameter_table

if TYPE_CHECKING:
    import prophet

SERIES_PER_BLOCK = 25_000  # bounds memory; fixed, so that the same frame always has the same blocks


@dataclass(frozen=True)
class Fit:
    """Fitted models of one long frame. Series keep the order of the frame."""

    spec: Specification
    panel: Panel
    solutions: tuple[Solution, ...]

    def predict(
        self,
        horizon: int,
        freq: str,
        *,
        future: pl.DataFrame | None = None,
        levels: tuple[int, ...] = (80, 95),
        components: bool = False,
    ) -> pl.DataFrame:
        """Forecast every series; see fit_predict for columns."""
        result = forecast(self.spec, self.panel, self.solutions, horizon, freq, future, levels, components)
        return forecast_table(self.panel, result, levels)

    def fitted(self) -> pl.DataFrame:
        """One row per value of the history: unique_id, ds, y, fitted, trend."""
        return fitted_table(self.panel, self.solutions)

    def parameters(self) -> pl.DataFrame:
        """One row per series: n_points, y_scale, floor, k, m, sigma (scaled), slope_per_day, objective, engine."""
        return parameter_table(self.panel, self.solutions, self.spec.changepoint_prior_scale)


def fit(frame: pl.DataFrame, spec: "Specification | prophet.Prophet | None" = None, *, every_mode: bool = True) -> Fit:
    """Posterior modes for a long frame (unique_id, ds, y and the specification's regressors or conditions).

    Only what the batch engine solves; SpecificationError for anything else (fit_predict sends that to stock Prophet).
    every_mode: whether multiplicative fits whose signs change are started again for a better mode, at 40 ms a series.
    """
    ours = batch_specification(spec)
    return fit_panel(read_panel(frame, ours.frame_columns), ours, every_mode)


def fit_panel(panel: Panel, spec: Specification, every_mode: bool = True) -> Fit:
    """Posterior modes for a panel whose extra columns are the specification's."""
    return Fit(spec, panel, tuple(solve(spec, stack, every_mode) for stack in stacks(spec, panel)))


def batch_specification(spec: "Specification | prophet.Prophet | None") -> Specification:
    """A specification as the engine's own object; SpecificationError when only stock Prophet can fit it."""
    if spec is None or isinstance(spec, Specification):
        return spec or Specification()
    reason = unsupported(spec)
    if reason is not None:
        raise SpecificationError(f"{reason} is not solved in batch; fit_predict sends it to stock Prophet")
    return from_prophet(spec)


def fit_predict(
    frame: pl.DataFrame,
    spec: "Specification | prophet.Prophet | None",
    horizon: int,
    freq: str,
    *,
    future: pl.DataFrame | None = None,
    levels: tuple[int, ...] = (80, 95),
    components: bool = False,
) -> pl.DataFrame:
    """Forecast every series of a long frame.

    frame: unique_id, ds, y and, if the specification names any, its regressors and conditions.
    spec: a prophet.Prophet object, a Specification, or None for Prophet's defaults.
    horizon, freq: how many periods after each series' last date; freq as pandas writes it (MS, W-MON, QS, D ...).
    future: the regressors after the history: ds and their columns, and unique_id unless they are the same for all.
    levels: widths of the central prediction intervals in percent.
    Returns unique_id, ds, yhat, lo_<level> and hi_<level> per level, engine; with components also trend,
    additive_terms, multiplicative_terms and every single one. Rows are in the order of the frame's series.
    engine computed the row: prophet_map; prophet (stock); last_value (one date only); none (no value at all).
    """
    if spec is not None and not isinstance(spec, Specification) and unsupported(spec) is not None:
        from forecasts.prophet_map.stock import stock_fit_predict

        return stock_fit_predict(frame, spec, horizon, freq, future, levels, components)
    ours = batch_specification(spec)
    panel = read_panel(frame, ours.frame_columns)
    parts = [
        fit_panel(part, ours).predict(horizon, freq, future=future, levels=levels, components=components)
        for part in panel.parts(SERIES_PER_BLOCK)
    ]
    return pl.concat(parts, how="diagonal")
