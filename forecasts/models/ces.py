"""Complex exponential smoothing (Svetunkov, Kourentzes & Ord 2022)."""

import numpy as np

from forecasts.base import Model
from forecasts.engines.statsforecast import forecast_each
from forecasts.panel.batch import Batch


class Ces(Model):
    """Level and information potential smoothed as one complex number."""

    name = "ces"
    engine = "statsforecast"

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One search per series."""
        return forecast_each(batch, horizon, lambda sf, season, _: sf.AutoCES(season_length=season))
