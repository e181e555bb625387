"""Loess decomposition, with the theta model on what is left without the season."""

from typing import Any

import numpy as np

from forecasts.base import Batch, Model
from forecasts.classical import each


class MstlDot(Model):
    """Seasonal pattern by loess instead of theta's fixed seasonal indices; the rest by dynamic optimised theta."""

    name = "mstl_dot"
    engine = "statsforecast"
    seasons_needed = 2.0

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One decomposition and one fit per series."""
        return each(batch, horizon, _make)


def _make(sf: Any, season: int, _: np.ndarray) -> Any:
    return sf.MSTL(season_length=season, trend_forecaster=sf.DynamicOptimizedTheta(season_length=1))
