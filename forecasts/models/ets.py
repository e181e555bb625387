"""Exponential smoothing, its form chosen by information criterion (Hyndman et al. 2002)."""

import numpy as np

from forecasts.base import Model
from forecasts.engines.statsforecast import forecast_each
from forecasts.panel.batch import Batch


class Ets(Model):
    """The best of the exponential smoothing family."""

    name = "ets"
    engine = "statsforecast"

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One search per series."""
        return forecast_each(batch, horizon, lambda sf, season, _: sf.AutoETS(season_length=season))
