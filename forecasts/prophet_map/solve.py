"""Fit the series of one stack: scale, solve, and keep the parameters with what is needed to forecast from them."""

from dataclasses import dataclass

import numpy as np

from forecasts.prophet_map import additive, restarts
from forecasts.prophet_map.grouping import Stack
from forecasts.prophet_map.panel import FloatArray, IntArray
from forecasts.prophet_map.predict import evaluate, negative_log_posterior
from forecasts.prophet_map.specification import Specification

CONSTANT_SIGMA = 1e-9  # Prophet's noise for a series of one value


@dataclass(frozen=True)
class Solution:
    """Parameters of one stack's series in Prophet's scaled units; y = floor + scale * scaled."""

    stack: Stack
    theta: FloatArray  # slope, offset, coefficients
    delta: FloatArray  # slope changes
    sigma: FloatArray
    scale: FloatArray
    floor: FloatArray
    steps: IntArray

    def parts(
        self, t: FloatArray, X: FloatArray, calendar: IntArray, owner: IntArray | slice
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Trend, multiplicative factor and additive effect (scaled) on calendars given by t and X.

        calendar: which of them each series follows; owner: the calendar of the design each belongs to.
        """
        shape = (len(self.theta), t.shape[1])
        trend, factor, addend = np.empty(shape), np.empty(shape), np.empty(shape)
        design = self.stack.design
        modes = np.array(design.layout.is_multiplicative, dtype=np.bool_)
        evaluate(self.theta, self.delta, calendar, t, design.ramps(t, owner), X, modes, trend, factor, addend)
        return trend, factor, addend

    def fitted_parts(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Trend, factor and additive effect at the history's dates."""
        return self.parts(self.stack.design.t, self.stack.design.X, self.stack.calendar, slice(None))

    def objective(self, tau: float) -> FloatArray:
        """Negative log posterior per series in nats, from the residuals themselves; NaN for constant series."""
        trend, factor, addend = self.fitted_parts()
        y = (self.stack.y - self.floor[:, None]) / self.scale[:, None]
        prior = self.stack.design.prior
        value = negative_log_posterior(y, trend * factor + addend, self.theta, self.delta, self.sigma**2, prior, tau)
        return np.where(is_constant(self.stack.y), np.nan, value)


def is_constant(y: FloatArray) -> np.ndarray:
    """Series whose values are all the same: Prophet does not fit them either."""
    return y.min(axis=1) == y.max(axis=1)


def solve(spec: Specification, stack: Stack, every_mode: bool = True) -> Solution:
    """Posterior mode of every series of a stack; without `every_mode`, the one reached from Prophet's own start."""
    scale, floor = scaling(spec, stack.y)
    y = (stack.y - floor[:, None]) / scale[:, None]
    columns, slopes = len(stack.design.prior), stack.design.changepoints.shape[1]
    theta, delta = np.zeros((len(y), columns)), np.zeros((len(y), slopes))
    variance, steps = np.empty(len(y)), np.zeros(len(y), np.int64)
    _solve_modes(spec, stack, y, theta, delta, variance, steps, every_mode)
    sigma = np.sqrt(variance)
    constant = is_constant(stack.y)
    theta[constant], delta[constant], sigma[constant] = 0.0, 0.0, CONSTANT_SIGMA
    theta[constant, 1] = y[constant, 0]
    return Solution(stack, theta, delta, sigma, scale, floor, steps)


def _solve_modes(
    spec: Specification,
    stack: Stack,
    y: FloatArray,
    theta: FloatArray,
    delta: FloatArray,
    variance: FloatArray,
    steps: IntArray,
    every_mode: bool,
) -> None:
    design, inverse_tau = stack.design, 1.0 / spec.changepoint_prior_scale
    if not any(design.layout.is_multiplicative):
        additive.fit_batch(y, stack.calendar, design.blocks(), inverse_tau, theta, delta, variance, steps)
        return
    start = _start(design.is_flat, y)
    theta[:, :2] = start
    task = restarts.Task(stack, y, inverse_tau)
    task.descend(np.arange(len(y)), theta, delta, variance, steps)
    if every_mode:
        restarts.restart(task, start, theta, delta, variance, steps)


def _start(is_flat: bool, y: FloatArray) -> FloatArray:
    """Prophet's starting slope and offset: the line through the first and the last value, or the mean."""
    if is_flat:
        return np.column_stack([np.zeros(len(y)), y.mean(axis=1)])
    return np.column_stack([y[:, -1] - y[:, 0], y[:, 0]])


def scaling(spec: Specification, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Prophet's scale and floor per series: largest absolute value and 0, or range and minimum."""
    if spec.scaling == "minmax":
        floor = y.min(axis=1)
        scale = y.max(axis=1) - floor
    else:
        floor, scale = np.zeros(len(y)), np.abs(y).max(axis=1)
    return np.where(scale == 0.0, 1.0, scale), floor
