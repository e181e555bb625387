"""The theta method (Assimakopoulos & Nikolopoulos 2000)."""

import numpy as np

from forecasts.base import Model
from forecasts.engines.statsforecast import forecast_each
from forecasts.panel.batch import Batch


class Theta(Model):
    """Simple exponential smoothing with half the trend, on the seasonally adjusted series."""

    name = "theta"
    engine = "statsforecast"

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One fit per series."""
        return forecast_each(batch, horizon, lambda sf, season, _: sf.Theta(season_length=season))
