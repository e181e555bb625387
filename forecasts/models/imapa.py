"""The mean over temporal aggregations (Petropoulos & Kourentzes 2015)."""

import numpy as np

from forecasts.base import Model
from forecasts.engines.statsforecast import forecast_each
from forecasts.panel.batch import Batch


class Imapa(Model):
    """Smooths the series at every aggregation up to its mean gap between demands, and averages."""

    name = "imapa"
    engine = "statsforecast"

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One pass per aggregation and series."""
        return forecast_each(batch, horizon, lambda sf, *_: sf.IMAPA())
