"""The value of the same period one season ago."""

import numpy as np

from forecasts.base import Model
from forecasts.panel.batch import Batch, filled


class SeasonalNaive(Model):
    """Repeats the last season: the benchmark for every other model."""

    name = "seasonal_naive"
    seasons_needed = 1.0

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """The last season, repeated over the horizon."""
        season = batch.frequency.season
        return np.vstack([np.resize(filled(values)[-season:], horizon) for values in batch.values])
