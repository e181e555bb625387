"""Restarts of multiplicative fits whose trend or whose effects change sign.

    mean = g * (1 + X b)

Where g or 1 + X b passes through zero, the same values result from both signs reversed, and the posterior has several
modes; on series of a few spikes they are some nats apart. Everywhere else one start reaches the only mode ever
observed. A restart first holds the variance high, which leaves one mode, and then lowers it in steps; or it begins with
a small trend that crosses zero somewhere and the effects that fit best with it, as spikes are small trends times large
effects. The last one follows Newton's path from Prophet's own start, as Stan does, into the mode that stock Prophet
reaches, unless that path is so long that rounding decides where it ends.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forecasts.prophet_map import multiplicative, newton
from forecasts.prophet_map.additive import VARIANCE_FLOOR
from forecasts.prophet_map.grouping import Stack
from forecasts.prophet_map.panel import FloatArray, IntArray
from forecasts.prophet_map.predict import evaluate, negative_log_posterior

# starting offset and slope (scaled units), minimum variances on the path; chosen as they reach the modes of Stan
STARTS = (
    (0.01, 0.0, ()),
    (-0.05, 0.0, (0.02, 0.002)),
    (-0.2, 0.4, ()),
    (0.25, -0.4, (0.1, 0.03, 0.01)),
    (0.1, -0.15, (0.02, 0.002)),
    (0.1, 0.3, (0.1, 0.03, 0.01)),
)
SMALL = 0.003  # size of the small trends (scaled units) ...
CROSSINGS = (-1.0, 0.2, 0.35, 0.5, 0.65, 0.8)  # ... and where they cross zero (model time); the first does not
NOISE = 0.01  # variance at which their effects are estimated
NEAR_ZERO = 0.05  # of its largest value: a trend this close to zero may also cross it
BLOCK = 256  # series whose Hessians are in memory at once


@dataclass(frozen=True)
class Task:
    """The scaled series of a stack and the solver's inputs from its design."""

    stack: Stack
    y: FloatArray
    inverse_tau: float

    def descend(
        self,
        rows: IntArray,
        theta: FloatArray,
        delta: FloatArray,
        variance: FloatArray,
        steps: IntArray,
        min_variance: float = VARIANCE_FLOOR,
    ) -> None:
        """Gauss-Newton for a subset of series, from and into theta, delta, variance (a row for each of `rows`)."""
        design = self.stack.design
        t = np.zeros_like(design.t) if design.is_flat else design.t
        modes = np.array(design.layout.is_multiplicative, dtype=np.bool_)
        multiplicative.fit_batch(
            self.y[rows],
            self.stack.calendar[rows],
            t,
            design.ramps(design.t),
            design.X,
            design.prior,
            modes,
            self.inverse_tau,
            min_variance,
            theta,
            delta,
            variance,
            steps,
        )

    def end_of_newton_path(self, rows: IntArray, start: FloatArray) -> tuple[FloatArray, FloatArray]:
        """End of Newton's path from slope and offset `start` (a row for each of `rows`): theta and delta."""
        design, calendar = self.stack.design, self.stack.calendar[rows]
        t = np.zeros_like(design.t) if design.is_flat else design.t
        trend = np.concatenate([t[:, :, None], np.ones_like(t)[:, :, None], design.ramps(design.t)], axis=2)
        modes = np.array(design.layout.is_multiplicative, dtype=np.bool_)
        x = np.zeros((len(rows), trend.shape[2] + design.X.shape[2] + 1))
        x[:, :2] = start
        for first in range(0, len(rows), BLOCK):
            block = slice(first, first + BLOCK)
            which, y = calendar[block], self.y[rows[block]]
            problem = newton.Problem(y, trend[which], design.X[which], design.prior, modes, self.inverse_tau)
            newton.descend(problem, x[block])
        return np.concatenate([x[:, :2], x[:, trend.shape[2] : -1]], axis=1), x[:, 2 : trend.shape[2]].copy()

    def small_trend(self, rows: IntArray, slope: float, offset: float) -> tuple[FloatArray, FloatArray]:
        """A straight trend with its best-fitting effects: theta and delta."""
        design, calendar = self.stack.design, self.stack.calendar[rows]
        g = slope * design.t[calendar] + offset
        columns = design.X[calendar] * np.where(design.layout.is_multiplicative, g[:, :, None], 1.0)
        across = np.swapaxes(columns, 1, 2)
        matrix = across @ columns + NOISE * np.diag(design.prior[2:] ** -2.0)
        effects = np.linalg.solve(matrix, across @ (self.y[rows] - g)[:, :, None])[:, :, 0]
        start = np.broadcast_to([slope, offset], (len(rows), 2))
        return np.concatenate([start, effects], axis=1), np.zeros((len(rows), design.changepoints.shape[1]))

    def parts(self, rows: IntArray, theta: FloatArray, delta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Trend, multiplicative factor and additive effect of a subset of series."""
        design, shape = self.stack.design, (len(rows), self.y.shape[1])
        trend, factor, addend = np.empty(shape), np.empty(shape), np.empty(shape)
        modes = np.array(design.layout.is_multiplicative, dtype=np.bool_)
        t, calendar = design.t, self.stack.calendar[rows]
        evaluate(theta, delta, calendar, t, design.ramps(t), design.X, modes, trend, factor, addend)
        return trend, factor, addend

    def objective(self, rows: IntArray, theta: FloatArray, delta: FloatArray, variance: FloatArray) -> FloatArray:
        """Negative log posterior of a subset of series, nats."""
        trend, factor, addend = self.parts(rows, theta, delta)
        prior, mean = self.stack.design.prior, trend * factor + addend
        return negative_log_posterior(self.y[rows], mean, theta, delta, variance, prior, 1.0 / self.inverse_tau)


def restart(
    task: Task, start: FloatArray, theta: FloatArray, delta: FloatArray, variance: FloatArray, steps: IntArray
) -> None:
    """Try the other starts where signs change, and keep the best mode of each series in place.

    start: Prophet's slope and offset per series.
    """
    rows = np.flatnonzero(_may_have_other_modes(task, theta, delta))
    if len(rows) == 0:
        return
    best = task.objective(rows, theta[rows], delta[rows], variance[rows])
    for (start_theta, start_delta), variance_path in _starts(task, rows, start[rows]):
        trial = start_theta, start_delta, np.empty(len(rows)), np.zeros(len(rows), int)
        for min_variance in (*variance_path, VARIANCE_FLOOR):
            task.descend(rows, *trial, min_variance)
        value = task.objective(rows, *trial[:3])
        # A fit through every point is no model: a restart must not replace another fit by one.
        better = (value < best) & ((trial[2] > newton.COLLAPSED) | (variance[rows] <= newton.COLLAPSED))
        best[better] = value[better]
        for kept, trial_values in zip((theta, delta, variance, steps), trial, strict=True):
            kept[rows[better]] = trial_values[better]


def _starts(
    task: Task, rows: IntArray, start: FloatArray
) -> Iterator[tuple[tuple[FloatArray, FloatArray], tuple[float, ...]]]:
    """Starting parameters, theta and delta, and the minimum variances on the path."""
    design = task.stack.design
    columns, slopes = len(design.prior), design.changepoints.shape[1]
    for offset, slope, variance_path in STARTS:
        theta = np.zeros((len(rows), columns))
        theta[:, 0], theta[:, 1] = 0.0 if design.is_flat else slope, offset
        yield (theta, np.zeros((len(rows), slopes))), variance_path
    for crossing in CROSSINGS[: 1 if design.is_flat else None]:
        slope, offset = (0.0, SMALL) if crossing < 0 else (SMALL, -SMALL * crossing)
        yield task.small_trend(rows, slope, offset), ()
    yield task.end_of_newton_path(rows, start), ()


def _may_have_other_modes(task: Task, theta: FloatArray, delta: FloatArray) -> np.ndarray:
    trend, factor, _ = task.parts(np.arange(len(theta)), theta, delta)
    size = np.abs(trend).max(axis=1)
    crosses = (trend.min(axis=1) < NEAR_ZERO * size) & (trend.max(axis=1) > -NEAR_ZERO * size)
    return crosses | (factor.min(axis=1) < 0.0)
