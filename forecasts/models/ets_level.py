"""Exponential smoothing of level and season, without a trend."""

from typing import Any

import numpy as np

from forecasts.base import Batch, Model
from forecasts.classical import each


class EtsLevel(Model):
    """One ETS form instead of a search over thirty: MNM where all values are positive, ANA otherwise.

    It has no trend on purpose: the pool's other members have one, and a twelfth of the search's time buys a member
    that disagrees with them.
    """

    name = "ets_level"
    engine = "statsforecast"

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One fit per series."""
        return each(batch, horizon, _make)


def _make(sf: Any, season: int, values: np.ndarray) -> Any:
    error = "M" if values.min() > 0 else "A"
    pattern = "N" if season == 1 else error
    return sf.AutoETS(season_length=season, model=f"{error}N{pattern}")
