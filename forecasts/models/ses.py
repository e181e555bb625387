"""Simple exponential smoothing."""

import numpy as np

from forecasts.base import Model
from forecasts.engines.statsforecast import forecast_each
from forecasts.panel.batch import Batch


class Ses(Model):
    """A level and nothing else, its smoothing fitted."""

    name = "ses"
    engine = "statsforecast"

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One fit per series."""
        return forecast_each(batch, horizon, lambda sf, *_: sf.SimpleExponentialSmoothingOptimized())
