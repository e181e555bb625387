"""Stan as reference: the optimum that stock Prophet's optimiser reaches on one series, and its objective."""

import dataclasses
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl


@dataclass(frozen=True)
class StanFit:
    """Stan's inputs for one series and the negative log posterior (nats, constants dropped) at its optimum."""

    inputs: dict[str, Any]
    parameters: dict[str, np.ndarray]
    objective: float


def fit_with_stan(series: pl.DataFrame, make_model: Callable[[], Any]) -> StanFit:
    """Optimise one series (ds, y and regressors) the way stock Prophet does; RuntimeError where Stan fails."""
    logging.getLogger("cmdstanpy").disabled = True
    model = make_model()
    inputs = dataclasses.asdict(model.preprocess(series.to_pandas()))
    start = dataclasses.asdict(model.calculate_initial_params(inputs["K"]))
    optimum = model.stan_backend.fit(start, inputs)
    model.stan_backend.cleanup()
    parameters = {name: np.ravel(value) for name, value in optimum.items()}
    return StanFit(inputs, parameters, objective(inputs, parameters))


def objective(inputs: dict[str, Any], parameters: dict[str, np.ndarray]) -> float:
    """Negative log posterior of Prophet's Stan program (prophet.stan) without its constants."""
    t, changepoints = np.asarray(inputs["t"], float), np.asarray(inputs["t_change"], float)
    X, y = np.asarray(inputs["X"], float), np.asarray(inputs["y"], float)
    k, m, sigma = (float(parameters[name][0]) for name in ("k", "m", "sigma_obs"))
    delta, beta = parameters["delta"], parameters["beta"]
    is_flat = inputs["trend_indicator"] == 2
    trend = np.full(len(t), m) if is_flat else k * t + m + np.maximum(t[:, None] - changepoints, 0.0) @ delta
    times, plus = np.asarray(inputs["s_m"], float), np.asarray(inputs["s_a"], float)
    residual = y - trend * (1 + X @ (beta * times)) - X @ (beta * plus)
    prior = (k * k + m * m) / 50 + np.abs(delta).sum() / inputs["tau"] + 2 * sigma**2
    prior += ((beta / np.asarray(inputs["sigmas"], float)) ** 2).sum() / 2
    return len(y) * np.log(sigma) + residual @ residual / (2 * sigma**2) + prior
