"""Long frame in, forecasts out: fit once, then ask for forecasts, fitted values or parameters."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from forecasts.prophet_map.forecast import Forecast, forecast
from forecasts.prophet_map.grouping import stacks
from forecasts.prophet_map.panel import Panel, read_panel
from forecasts.prophet_map.solve import Solution, solve
from forecasts.prophet_map.specification import Specification, from_prophet, unsupported
from forecasts.prophet_map.tables import fitted_table, forecast_table, parameter_table

if TYPE_CHECKING:
    import prophet

SERIES_PER_BLOCK = 25_000  # bounds memory; fixed, so that the same frame always meets the same blocks


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


def fit(frame: pl.DataFrame, spec: "Specification | prophet.Prophet | None" = None) -> Fit:
    """Posterior modes for a long frame (unique_id, ds, y and the specification's regressors or conditions).

    Only what the batch engine solves; SpecificationError for anything else (fit_predict sends that to stock Prophet).
    """
    ours = batch_specification(spec)
    panel = read_panel(frame, ours.frame_columns)
    return Fit(ours, panel, tuple(solve(ours, stack) for stack in stacks(ours, panel)))


def batch_specification(spec: "Specification | prophet.Prophet | None") -> Specification:
    """The engine's own words for a specification; SpecificationError when only stock Prophet can fit it."""
    from forecasts.prophet_map.specification import SpecificationError

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
    engine says who made the row: prophet_map; prophet (stock); last_value (one date only); none (no value at all).
    """
    if spec is not None and not isinstance(spec, Specification) and unsupported(spec) is not None:
        from forecasts.prophet_map.stock import stock_fit_predict

        return stock_fit_predict(frame, spec, horizon, freq, future, levels, components)
    parts = [
        fit(block, spec).predict(horizon, freq, future=future, levels=levels, components=components)
        for block in blocks(frame)
    ]
    return pl.concat(parts, how="diagonal")


def blocks(frame: pl.DataFrame, size: int = SERIES_PER_BLOCK) -> Iterator[pl.DataFrame]:
    """Cut a frame between series, `size` series at a time, in order of appearance or, if mixed up, of unique_id."""
    if frame.is_empty():
        yield frame
        return
    ids = frame["unique_id"]
    starts = (ids != ids.shift()).fill_null(True).arg_true()
    if ids.gather(starts).n_unique() < len(starts):
        frame = frame.sort("unique_id", "ds", maintain_order=True)
        ids = frame["unique_id"]
        starts = (ids != ids.shift()).fill_null(True).arg_true()
    cuts = np.append(starts.to_numpy()[::size], frame.height)
    for begin, end in pairwise(cuts):
        yield frame[int(begin) : int(end)]


__all__ = ["Fit", "Forecast", "blocks", "fit", "fit_predict"]
