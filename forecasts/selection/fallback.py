"""The fallback for a series too short for the models: its naive forecast, the reason, and its spread."""

import numpy as np

from forecasts.base import Model
from forecasts.models.naive import Naive
from forecasts.models.season_mean import SeasonMean
from forecasts.models.seasonal_naive import SeasonalNaive
from forecasts.panel.batch import Batch, filled
from forecasts.selection.segments import is_intermittent

FEWEST_OF_A_MEAN = 4  # values from which zeros between sales are a habit
NORMAL_QUANTILES = {80: 1.2815515655446004, 95: 1.959963984540054}  # standard normal quantiles of .90 and .975


def naive_forecast(batch: Batch, row: int, horizon: int) -> tuple[str, np.ndarray]:
    """The seasonal naive forecast if there is a whole season, otherwise the last value: (model name, steps).

    Of intermittent demand the mean of the last season, or of what there is of it: its last value is 0, or a sale.
    """
    values = batch.values[row]
    model: Model = SeasonalNaive() if len(values) >= batch.frequency.season else Naive()
    if len(values) >= FEWEST_OF_A_MEAN and is_intermittent(values):
        model = SeasonMean()
    return model.name, model.predict(batch.take([row]), horizon)[0]


def naive_spread(values: np.ndarray, season: int, horizon: int) -> np.ndarray:
    """Standard deviation per step of the naive errors (Hyndman & Athanasopoulos, FPP3, table 5.2).

    At least the mean absolute value over the square of the length n: a series that was constant for n periods may
    change with a chance of one in n, by an unknown amount. One value has its own size as its spread, ten a hundredth.
    """
    values = filled(values)
    lag = season if len(values) > season else 1
    if len(values) == 0:
        return np.zeros(horizon)
    errors = values[lag:] - values[:-lag]
    deviation = float(np.sqrt(np.mean(errors**2))) if len(errors) else 0.0
    minimum = float(np.mean(np.abs(values))) / len(values) ** 2
    return max(deviation, minimum) * np.sqrt(np.arange(horizon) // lag + 1)


def reason_for(length: int, min_history: int, season: int) -> str:
    """Why the naive forecast is served, in a sentence."""
    return f"{length} periods of history, fewer than the {min_history} that the models need (season of {season})"
