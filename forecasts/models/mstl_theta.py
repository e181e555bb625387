"""Loess decomposition, with the theta method on what is left without the season."""

from typing import Any

import numpy as np

from forecasts.base import Batch, Model
from forecasts.classical import each


class MstlTheta(Model):
    """Seasonal pattern by loess, which may change, instead of theta's fixed indices; the rest by the theta method."""

    name = "mstl_theta"
    engine = "statsforecast"
    seasons_needed = 2.0

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One decomposition and one fit per series."""
        return each(batch, horizon, _make)


def _make(sf: Any, season: int, _: np.ndarray) -> Any:
    return sf.MSTL(season_length=season, trend_forecaster=sf.Theta(season_length=1))
