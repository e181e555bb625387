"""The mean of the last season."""

import numpy as np

from forecasts.base import Model
from forecasts.panel.batch import Batch, filled


class SeasonMean(Model):
    """Repeats the mean of the last season (of 12 months): a benchmark that no single month can mislead."""

    name = "season_mean"
    seasons_needed = 1.0

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """The mean in every step."""
        season = batch.frequency.season
        means = [[filled(values)[-season:].mean()] for values in batch.values]
        return np.repeat(np.array(means), horizon, axis=1)
