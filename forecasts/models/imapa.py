"""The mean over temporal aggregations (Petropoulos & Kourentzes 2015)."""

import numpy as np

from forecasts.base import Model
from forecasts.panel.batch import Batch

WEIGHTS = (0.1, 0.3)  # of the newest value: lowest, highest


class Imapa(Model):
    """Smooths the series at every aggregation up to its mean gap between demands, and averages."""

    name = "imapa"
    engine = "numba"

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One pass per aggregation and series."""
        from forecasts.engines.level_smoothing import level_of_each  # Numba only where it is used

        return level_of_each(batch, horizon, _mean_level)


def _mean_level(values: np.ndarray) -> float:
    """The mean level per period over all aggregations; the oldest values that fill no whole one are left out."""
    from forecasts.engines.level_smoothing import smoothed

    mean_gap = np.diff(np.flatnonzero(values) + 1, prepend=0).mean()
    levels = []
    for size in range(1, round(mean_gap) + 1):
        whole = values[len(values) % size :]
        sums = whole[: len(whole) // size * size].reshape(-1, size).sum(axis=1)
        levels.append(smoothed(sums, *WEIGHTS) / size)
    return float(np.mean(levels))
