"""statsforecast for a batch: one new estimator per series, its forecast or a row of NaN.

The import takes about five seconds, so it happens when a model is first used, and never in a process that only lists
models. Compiled code is cached on disk.
"""

import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from forecasts.panel.batch import Batch, filled

Make = Callable[[Any, int, np.ndarray], Any]


def forecast_each(batch: Batch, horizon: int, make: Make) -> np.ndarray:
    """Point forecasts of `make(statsforecast.models, season, values)` for every series.

    The season is 1 where there are fewer than two of it. Where an estimator cannot fit (it may raise anything) the
    row is NaN: the pool does without it, and the series is still served.
    """
    models = estimators()
    out = np.full((len(batch), horizon), np.nan)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for row, values in enumerate(batch.values):
            out[row] = _forecast_one(
                filled(values), horizon, batch.frequency.season, lambda *arguments: make(models, *arguments)
            )
    return out


def estimators() -> Any:
    """`statsforecast.models`, imported late and with its compiled code kept on disk."""
    os.environ.setdefault("NIXTLA_NUMBA_CACHE", "1")
    import statsforecast.models

    return statsforecast.models


def _forecast_one(values: np.ndarray, horizon: int, season: int, make: Callable[[int, np.ndarray], Any]) -> np.ndarray:
    if np.ptp(values) == 0:
        return np.full(horizon, values[-1])  # a constant series needs no fit, and most fits fail on one
    lag = season if len(values) >= 2 * season else 1
    scale = scale_for_optimiser(values)
    try:
        forecast = make(lag, values / scale).forecast(np.ascontiguousarray(values / scale), horizon)
    except Exception:
        return np.full(horizon, np.nan)
    return np.asarray(forecast["mean"], dtype=float) * scale


def scale_for_optimiser(values: np.ndarray) -> float:
    """1, or the mean absolute value of a series outside the range that the optimisers' tolerances assume."""
    size = float(np.mean(np.abs(values)))
    return 1.0 if 1e-3 < size < 1e7 else size
