"""Loess decomposition, with the theta method on the seasonally adjusted series."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from forecasts.base import Model
from forecasts.engines.statsforecast import forecast_each
from forecasts.panel.batch import Batch

SEASONAL_WINDOW = 11  # of the decomposition, in seasons: its own default for one season
STEP = 20  # smoothers are evaluated at every twentieth part of their window and interpolated between


class MstlTheta(Model):
    """Seasonal pattern by loess, which may change, instead of theta's fixed indices; the rest by the theta method."""

    name = "mstl_theta"
    engine = "statsforecast"
    seasons_needed = 2.0

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One decomposition and one fit per series."""
        return forecast_each(batch, horizon, _make)


@dataclass(frozen=True)
class Decomposed:
    """The numbers of statsforecast's MSTL with one season, without the data frames that cost it a third of its time."""

    theta: Any
    season: int

    def forecast(self, values: np.ndarray, horizon: int) -> dict[str, np.ndarray]:
        """The rest by theta, and the last season again."""
        from statsmodels.tsa.seasonal import STL

        parts = STL(values, self.season, seasonal=SEASONAL_WINDOW, seasonal_deg=0, **jumps(self.season)).fit()
        rest = self.theta.forecast(np.ascontiguousarray(values - parts.seasonal), horizon)["mean"]
        return {"mean": rest + np.resize(parts.seasonal[-self.season :], horizon)}


def _make(sf: Any, season: int, _: np.ndarray) -> Any:
    return Decomposed(sf.Theta(season_length=1), season)


def jumps(season: int) -> dict[str, int]:
    """How many periods loess may step over and interpolate: a twentieth of its windows, so none for months.

    R's stl steps over a tenth (Cleveland et al. 1990, section 3.6, call the loss negligible); for weeks of a year
    it halves the cost of the model.
    """
    trend, low_pass = 1.5 * season / (1 - 1.5 / SEASONAL_WINDOW), season + 1
    return {"trend_jump": max(1, int(trend / STEP)), "low_pass_jump": max(1, int(low_pass / STEP))}
