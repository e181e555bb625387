"""The last known value."""

import numpy as np

from forecasts.base import Model
from forecasts.panel.batch import Batch


class Naive(Model):
    """Repeats the last value: the only forecast for a series shorter than a season."""

    name = "naive"

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """The last value in every step."""
        return np.repeat(np.array([[values[-1]] for values in batch.values]), horizon, axis=1)
