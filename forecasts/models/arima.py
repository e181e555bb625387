"""ARIMA, its orders chosen step by step (Hyndman & Khandakar 2008)."""

import numpy as np

from forecasts.base import Model
from forecasts.engines.statsforecast import each
from forecasts.panel.batch import Batch


class Arima(Model):
    """Seasonal ARIMA: the dearest member by far, so no tier tries it unless the configuration says so."""

    name = "arima"
    engine = "statsforecast"

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One search per series, with approximate likelihoods."""
        return each(batch, horizon, lambda sf, season, _: sf.AutoARIMA(season_length=season, approximation=True))
