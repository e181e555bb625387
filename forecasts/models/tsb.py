"""Demand probability and demand size, smoothed apart (Teunter, Syntetos & Babai 2011)."""

import numpy as np

from forecasts.base import Model
from forecasts.engines.statsforecast import forecast_each
from forecasts.panel.batch import Batch


class Tsb(Model):
    """For series that are mostly zero; falls towards zero when demand ends, unlike Croston's method."""

    name = "tsb"
    engine = "statsforecast"

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One pass per series, with the smoothing of 0.1 that the literature uses for both parts."""
        return forecast_each(batch, horizon, lambda sf, *_: sf.TSB(alpha_d=0.1, alpha_p=0.1))
