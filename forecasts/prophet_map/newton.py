"""Newton's path from Prophet's starting point: the mode that stock Prophet reaches on a short series.

    minimise over x = (k, m, delta, b, u): T u + SSE/2e^{2u} + 2e^{2u} + |(k, m, b)/prior|^2/2 + |delta|_1/tau

Where the posterior has several modes, the one that is reached depends on the path. Stan's Newton reverses every
direction of negative curvature (x - V |L|^-1 V'g for the Hessian V L V') and halves the step, from a million times its
length, until the objective falls; its Hessian is a finite difference of gradients, which smooths the corner of |delta|
over two thousandths. The same rule is used here, iterate by iterate, for all series of a stack at once, with the
Hessian in closed form. Its result is a start, not the optimum: `restarts` refines it.
Rule: Stan Reference Manual, chapter "Optimization"; Nocedal & Wright (2006), chapter 3.4.
"""

from dataclasses import dataclass

import numpy as np

from forecasts.prophet_map.panel import FloatArray

STEPS = 400  # the longest path observed to a variance above zero had 300
COLLAPSED = 1e-7  # a smaller variance fits every point: the objective then falls without bound
LONGEST = 1e6  # times the step, tried first: leaving a flat valley may take a long step
HALVINGS = 120
TOLERANCE = 1e-8  # nats gained by a step
CORNER = 1e-3  # distance of the finite differences ...
STENCIL = ((-2, 1 / 12), (-1, -2 / 3), (1, 2 / 3), (2, -1 / 12))  # ... and their weights: fourth order


@dataclass(frozen=True)
class Problem:
    """Scaled series (n, T) with their calendars' columns: trend (n, T, 2 + slopes), effects X (n, T, columns)."""

    y: FloatArray
    trend: FloatArray
    X: FloatArray
    prior: FloatArray
    is_multiplicative: np.ndarray
    inverse_tau: float

    def of(self, rows: np.ndarray) -> "Problem":
        """The problem of a subset of the series."""
        return Problem(
            self.y[rows], self.trend[rows], self.X[rows], self.prior, self.is_multiplicative, self.inverse_tau
        )

    def parts(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Trend, multiplicative factor and residual at the parameters x (n, unknowns)."""
        first = self.trend.shape[2]
        g = (self.trend @ x[:, :first, None])[:, :, 0]
        times = (self.X @ np.where(self.is_multiplicative, x[:, first:-1], 0.0)[:, :, None])[:, :, 0]
        plus = (self.X @ np.where(self.is_multiplicative, 0.0, x[:, first:-1])[:, :, None])[:, :, 0]
        return g, 1.0 + times, self.y - g * (1.0 + times) - plus

    def value(self, x: FloatArray) -> FloatArray:
        """The objective per series, nats."""
        first, residual = self.trend.shape[2], self.parts(x)[2]
        gauss = np.concatenate([x[:, :2], x[:, first:-1]], axis=1) / self.prior
        prior = (gauss**2).sum(axis=1) / 2 + np.abs(x[:, 2:first]).sum(axis=1) * self.inverse_tau
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):  # from a step that is far too long
            v = np.exp(2.0 * x[:, -1])
            return self.y.shape[1] * x[:, -1] + (residual**2).sum(axis=1) / (2.0 * v) + 2.0 * v + prior

    def direction(self, x: FloatArray) -> FloatArray:
        """The step from x, with every direction of negative curvature reversed."""
        gradient, hessian = self.slopes(x)
        size, axes = np.linalg.eigh(hessian)
        along = (np.swapaxes(axes, 1, 2) @ gradient[:, :, None])[:, :, 0] / np.maximum(np.abs(size), 1e-300)
        return -(axes @ along[:, :, None])[:, :, 0]

    def slopes(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Gradient (n, unknowns) and Hessian (n, unknowns, unknowns)."""
        first, points = self.trend.shape[2], self.y.shape[1]
        g, s, residual = self.parts(x)
        v = np.exp(2.0 * x[:, -1])[:, None]
        effects = self.X * np.where(self.is_multiplicative, g[:, :, None], 1.0)
        jacobian = np.concatenate([self.trend * s[:, :, None], effects], axis=2)
        across = np.swapaxes(jacobian, 1, 2)
        pull = (across @ residual[:, :, None])[:, :, 0] / v
        slope, curvature = self._prior(x)
        sse = (residual**2).sum(axis=1)[:, None]
        gradient = np.concatenate([slope - pull, points - sse / v + 4.0 * v], axis=1)
        hessian = np.empty((*x.shape, x.shape[1]))
        hessian[:, :-1, :-1] = across @ jacobian / v[:, :, None]
        crossing = np.swapaxes(self.trend * residual[:, :, None], 1, 2) @ (self.X * self.is_multiplicative)
        hessian[:, :first, first:-1] -= crossing / v[:, :, None]
        hessian[:, first:-1, :first] -= np.swapaxes(crossing, 1, 2) / v[:, :, None]
        hessian[:, -1, :-1] = hessian[:, :-1, -1] = 2.0 * pull
        hessian[:, -1, -1] = (2.0 * sse / v + 8.0 * v)[:, 0]
        inner = np.arange(x.shape[1] - 1)
        hessian[:, inner, inner] += curvature
        return gradient, hessian

    def _prior(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """First and second derivative of the priors by every parameter but the noise."""
        first, precision = self.trend.shape[2], self.prior**-2.0
        gauss = np.concatenate([x[:, :2], x[:, first:-1]], axis=1) * precision
        delta = x[:, 2:first]
        bend = sum(weight * np.sign(delta + offset * CORNER) for offset, weight in STENCIL) / CORNER
        slope = np.concatenate([gauss[:, :2], np.sign(delta) * self.inverse_tau, gauss[:, 2:]], axis=1)
        spread = np.broadcast_to(precision, gauss.shape)
        return slope, np.concatenate([spread[:, :2], bend * self.inverse_tau, spread[:, 2:]], axis=1)


def descend(problem: Problem, x: FloatArray) -> None:
    """Newton's method from every row of x, in place, until a step gains less than `TOLERANCE` nats.

    A series whose variance has collapsed is left where it is: its objective has no minimum.
    """
    moving, value = np.arange(len(x)), problem.value(x)
    for _ in range(STEPS):
        part = problem.of(moving)
        step = part.direction(x[moving])
        length = np.full(len(moving), LONGEST)
        trial = part.value(x[moving] + LONGEST * step)
        for _ in range(HALVINGS):
            worse = np.flatnonzero(~(trial <= value[moving]))
            if len(worse) == 0:
                break
            length[worse] /= 2.0
            trial[worse] = part.of(worse).value(x[moving[worse]] + length[worse, None] * step[worse])
        better = trial <= value[moving]
        gain = np.where(better, value[moving] - trial, 0.0)
        x[moving[better]] += length[better, None] * step[better]
        value[moving[better]] = trial[better]
        moving = moving[(gain > TOLERANCE) & (np.exp(2.0 * x[moving, -1]) > COLLAPSED)]
        if len(moving) == 0:
            return
