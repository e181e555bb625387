"""Kernels that turn parameters into forecasts: trend, seasonal effect, quantiles; and the objective."""

import math

import numpy as np

from forecasts.prophet_map.compiled import kernel


@kernel
def evaluate(theta, delta, calendar, t, ramps, X, is_multiplicative, trend, factor, addend):
    """Trend g, multiplicative factor 1 + X_m b and additive effect X_a b at the dates of each series' calendar.

    theta holds slope, offset and coefficients; outputs are series x dates in scaled units.
    """
    for n in range(theta.shape[0]):
        k = calendar[n]
        for i in range(t.shape[1]):
            g = theta[n, 0] * t[k, i] + theta[n, 1]
            for s in range(delta.shape[1]):
                g += delta[n, s] * ramps[k, i, s]
            times, plus = 1.0, 0.0
            for j in range(X.shape[2]):
                effect = theta[n, j + 2] * X[k, i, j]
                if is_multiplicative[j]:
                    times += effect
                else:
                    plus += effect
            trend[n, i] = g
            factor[n, i] = times
            addend[n, i] = plus


@kernel
def spread(calendar, laplace, sigma, factor, variance, tables, out):
    """Distance of each upper quantile from the point forecast, in scaled units: series x dates x probabilities.

    laplace: scale of a slope change times the length of a step; variance: of the walk with unit scale, per calendar and
    date; tables: calendars x dates x shares x probabilities, standardised.
    """
    last = tables.shape[2] - 1
    for n in range(out.shape[0]):
        k = calendar[n]
        noise = sigma[n] * sigma[n]
        for i in range(out.shape[1]):
            walk = laplace[n] * abs(factor[n, i])
            total = walk * walk * variance[k, i] + noise
            position = math.sqrt(noise / total) * last if total > 0.0 else 0.0
            base = int(position)
            base = 1 if base < 1 else last - 2 if base > last - 2 else base
            u = position - base
            w0 = -u * (u - 1.0) * (u - 2.0) / 6.0
            w1 = (u + 1.0) * (u - 1.0) * (u - 2.0) / 2.0
            w2 = -(u + 1.0) * u * (u - 2.0) / 2.0
            w3 = (u + 1.0) * u * (u - 1.0) / 6.0
            deviation = math.sqrt(total)
            for q in range(out.shape[2]):
                value = w0 * tables[k, i, base - 1, q] + w1 * tables[k, i, base, q]
                value += w2 * tables[k, i, base + 1, q] + w3 * tables[k, i, base + 2, q]
                out[n, i, q] = value * deviation if value > 0.0 else 0.0


def negative_log_posterior(
    y: np.ndarray,
    mean: np.ndarray,
    theta: np.ndarray,
    delta: np.ndarray,
    variance: np.ndarray,
    prior: np.ndarray,
    tau: float,
) -> np.ndarray:
    """Prophet's objective per series in nats, constants dropped (as Stan's lp__ with the sign turned); y scaled."""
    points = y.shape[1]
    sse = ((y - mean) ** 2).sum(axis=1)
    gauss = ((theta / prior) ** 2).sum(axis=1) / 2
    return points * np.log(variance) / 2 + sse / (2 * variance) + gauss + np.abs(delta).sum(axis=1) / tau + 2 * variance
