"""Prophet as its authors ship it: one Stan fit per series."""

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import numpy as np

from forecasts.base import Model
from forecasts.panel.batch import Batch, Regressors

NOISY = ("prophet", "prophet.plot", "cmdstanpy")


class ProphetStock(Model):
    """Reference for the batch engine: slow, one series at a time, point forecasts without simulation."""

    name = "prophet_stock"
    engine = "stan"
    seasons_needed = 1.0
    uses_regressors = True

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """One fit per series; a series that Stan cannot fit is a NaN row."""
        with quiet():
            return np.vstack([_fit_one(batch, row, horizon) for row in range(len(batch))])


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Prophet and its Stan interface without their log lines (one of them is about a plotting library)."""
    loggers = [logging.getLogger(name) for name in NOISY]
    for logger in loggers:
        logger.disabled = True
    import cmdstanpy  # noqa: F401  (sets up its own handler when imported, so it must come first)
    import prophet  # noqa: F401

    try:
        yield
    finally:
        for logger in loggers:
            logger.disabled = False


def specification(batch: Batch) -> Any:
    """A `prophet.Prophet` for the frequency: yearly seasonality only where the periods are long, no simulation."""
    from prophet import Prophet

    daily = batch.frequency.kind in ("D", "B")
    spec = Prophet(yearly_seasonality=True, weekly_seasonality=daily, daily_seasonality=False, uncertainty_samples=0)
    for name in batch.regressors.names if batch.regressors else ():
        spec.add_regressor(name, standardize=False)
    return spec


def _fit_one(batch: Batch, row: int, horizon: int) -> np.ndarray:
    import pandas as pd

    values, last = batch.values[row], int(batch.last[row])
    known = np.arange(last - len(values) + 1, last + 1)
    future = np.arange(last + 1, last + horizon + 1)
    frame = pd.DataFrame({"ds": batch.frequency.starts(known), "y": values} | _columns(batch.regressors, known))
    ahead = pd.DataFrame({"ds": batch.frequency.starts(future)} | _columns(batch.regressors, future))
    if frame["y"].count() < 2:
        return np.full(horizon, np.nan)
    try:
        return specification(batch).fit(frame).predict(ahead)["yhat"].to_numpy()
    except (RuntimeError, ValueError):
        return np.full(horizon, np.nan)


def _columns(regressors: Regressors | None, index: np.ndarray) -> dict[str, np.ndarray]:
    if regressors is None:
        return {}
    rows = regressors.rows(int(index[0]), int(index[-1]) + 1)
    return {name: rows[:, column] for column, name in enumerate(regressors.names)}
