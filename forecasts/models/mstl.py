"""Loess decomposition, with exponential smoothing of the seasonally adjusted series."""

import numpy as np

from forecasts.base import Model
from forecasts.engines.statsforecast import forecast_each
from forecasts.panel.batch import Batch


class Mstl(Model):
    """Seasonal pattern by loess (STL; Cleveland et al. 1990); the rest by the best non-seasonal ETS."""

    name = "mstl"
    engine = "statsforecast"
    seasons_needed = 2.0

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One decomposition and one fit per series."""
        return forecast_each(batch, horizon, lambda sf, season, _: sf.MSTL(season_length=season))
