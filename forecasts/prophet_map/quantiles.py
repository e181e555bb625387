"""Quantiles of Prophet's predictive distribution in closed form: no simulation, the same every time.

Prophet's future trend (forecaster.py: _make_trend_shift_matrix) is a walk: in every step the slope changes with
probability p by a Laplace(0, s) draw, half of it in the step itself. After h steps the deviation is the sum over
c = 1/2, 3/2 ... h - 1/2 of c * s * (Bernoulli x Laplace), plus Gaussian noise; its characteristic function is the
product of

    1 - p + p / (1 + (w s c)^2)     and     exp(-(w sigma)^2 / 2),

which one fast Fourier transform inverts (Gil-Pelaez 1951). Scaled to unit variance only h, p and the noise's share of
the variance are left, so quantiles come from a table: nodes in p, every h, nodes in the share, cubic in between.
"""

from functools import lru_cache

import numpy as np

from forecasts.prophet_map.panel import FloatArray, IntArray

POINTS = 4096  # of the transform, both halves
HALF_WIDTH = 32.0  # of the support, in standard deviations
SHARES = 33  # nodes of the square root of the noise's share of the variance, 0 to 1
SMALLEST_SHARE = 1e-4  # a pure trend walk has an atom at 0, which the transform cannot resolve
EVERY_STEP = 24  # steps ahead up to which nothing is interpolated
NODES_PER_E = 8.0  # nodes of log p per factor e


def unit_variance(p: float | FloatArray, horizon: int) -> FloatArray:
    """Variance of the walk after 1 .. horizon steps (last axis) for Laplace scale 1."""
    return 2.0 * np.asarray(p)[..., None] * np.cumsum((np.arange(horizon) + 0.5) ** 2)


@lru_cache(maxsize=256)
def node(index: int, horizon: int, probabilities: tuple[float, ...]) -> FloatArray:
    """Standardised quantiles at one node of p: horizon x SHARES x probabilities."""
    p = min(np.exp(index / NODES_PER_E), 1.0)
    step = 2 * HALF_WIDTH / POINTS
    frequency = (np.arange(POINTS // 2) + 0.5) * (np.pi / HALF_WIDTH)
    share = np.maximum((np.arange(SHARES) / (SHARES - 1)) ** 2, SMALLEST_SHARE)[:, None]
    noise = np.exp(-0.5 * share * frequency**2)
    computed = steps_computed(horizon)
    out = np.empty((len(computed), SHARES, len(probabilities)))
    for position, (h, variance) in enumerate(zip(computed, unit_variance(p, horizon)[computed - 1], strict=True)):
        squared = (1.0 - share) / variance * frequency**2
        walk = np.ones_like(noise)
        for c in np.arange(h) + 0.5:
            walk *= 1.0 - p + p / (1.0 + squared * c * c)
        out[position] = _invert(walk * noise, step, np.array(probabilities))
    return _every_step(computed, out, horizon)


def steps_computed(horizon: int) -> IntArray:
    """Every step up to EVERY_STEP, then fewer: far ahead the standardised quantiles hardly change."""
    far = EVERY_STEP * 1.15 ** np.arange(1, 60)
    steps = {*range(1, min(horizon, EVERY_STEP) + 1), *(int(h) for h in far if h < horizon), horizon}
    return np.array(sorted(steps))


def _every_step(computed: IntArray, values: FloatArray, horizon: int) -> FloatArray:
    """Interpolate along the logarithm of the step."""
    position = np.interp(np.log(np.arange(1, horizon + 1)), np.log(computed), np.arange(len(computed)))
    below = np.minimum(position.astype(int), max(len(computed) - 2, 0))
    above = np.minimum(below + 1, len(computed) - 1)
    weight = (position - below)[:, None, None]
    return (1.0 - weight) * values[below] + weight * values[above]


def _invert(characteristic: FloatArray, step: float, probabilities: FloatArray) -> FloatArray:
    """Quantiles above 1/2 of symmetric distributions given their characteristic functions on half-shifted nodes."""
    half = characteristic.shape[1]
    odd_terms = np.zeros(
        (len(characteristic), 4 * half)
    )  # sines of k + 1/2 are the odd ones of a transform of four times the size
    odd_terms[:, 1 : 2 * half : 2] = characteristic / (np.pi * (np.arange(half) + 0.5))
    cumulative = 0.5 - np.fft.rfft(odd_terms, axis=1).imag[:, : half + 1]
    cumulative = np.maximum.accumulate(cumulative, axis=1)
    x = np.arange(POINTS // 2 + 1) * step
    return np.stack([np.interp(probabilities, row, x) for row in cumulative])


def table(p: FloatArray, horizon: int, probabilities: tuple[float, ...]) -> FloatArray:
    """Quantile tables for the change probabilities p (calendars,): calendars x horizon x SHARES x probabilities."""
    position = np.log(np.clip(p, 1e-4, 1.0)) * NODES_PER_E
    base = np.minimum(np.floor(position).astype(int), -2)
    out = np.zeros((len(p), horizon, SHARES, len(probabilities)))
    for offset, weight in zip(range(-1, 3), cubic_weights(position - base), strict=True):
        nodes, which = np.unique(base + offset, return_inverse=True)
        values = np.stack([node(int(i), horizon, probabilities) for i in nodes])
        out += weight[:, None, None, None] * values[which]
    return out


def cubic_weights(u: FloatArray) -> tuple[FloatArray, ...]:
    """Lagrange weights of the nodes -1, 0, 1, 2 at u in 0 .. 2."""
    return (
        -u * (u - 1) * (u - 2) / 6,
        (u + 1) * (u - 1) * (u - 2) / 2,
        -(u + 1) * u * (u - 2) / 2,
        (u + 1) * u * (u - 1) / 6,
    )
