"""The dynamic optimised theta model (Fiorucci et al. 2016)."""

import numpy as np

from forecasts.base import Model
from forecasts.engines.statsforecast import forecast_each
from forecasts.panel.batch import Batch


class DynamicOptimisedTheta(Model):
    """Theta with its weights fitted and its trend updated along the series."""

    name = "dot"
    engine = "statsforecast"

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One fit per series."""
        return forecast_each(batch, horizon, lambda sf, season, _: sf.DynamicOptimizedTheta(season_length=season))
