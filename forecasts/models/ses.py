"""Simple exponential smoothing."""

import numpy as np

from forecasts.base import Model
from forecasts.panel.batch import Batch

WEIGHTS = (0.01, 0.99)  # of the newest value: lowest, highest


class Ses(Model):
    """A level and nothing else, its smoothing fitted."""

    name = "ses"
    engine = "numba"

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One fit per series."""
        from forecasts.engines.level_smoothing import level_of_each, smoothed  # Numba only where it is used

        return level_of_each(batch, horizon, lambda values: smoothed(values, *WEIGHTS))
