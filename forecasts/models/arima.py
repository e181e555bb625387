"""ARIMA, its orders chosen step by step (Hyndman & Khandakar 2008)."""

import numpy as np

from forecasts.base import Model
from forecasts.engines.statsforecast import forecast_each
from forecasts.panel.batch import Batch


class Arima(Model):
    """Seasonal ARIMA: by far the slowest model, so no tier tries it unless the configuration lists it."""

    name = "arima"
    engine = "statsforecast"

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One search per series, with approximate likelihoods."""
        return forecast_each(
            batch, horizon, lambda sf, season, _: sf.AutoARIMA(season_length=season, approximation=True)
        )
