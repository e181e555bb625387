"""Posterior mode of the additive model: a one-dimensional search over the noise variance, a lasso at each step.

With v = sigma^2, Gaussian block B = U diag(sv) V' (columns scaled by their prior standard deviations) and slopes R:

    f(v) = T/2 log v + SSE/(2v) + |z|^2/2 + |delta|_1/tau + 2v,      df/dv = 0  <=>  4v^2 + Tv - SSE(v) = 0

z is eliminated (shrinkage v/(lam + v) in the singular basis), which leaves a lasso in delta whose penalty is v/tau.
The search starts at the noise of the Gaussian block alone and walks in log v with safeguarded secant steps.
"""

import math

import numpy as np

from forecasts.prophet_map.compiled import kernel, part
from forecasts.prophet_map.lasso import solve_lasso

TOLERANCE = 1e-9  # of log v; f is stationary there, so its error is of the order of the square
VARIANCE_FLOOR = 1e-14  # below it the lasso's penalty v/tau is of the size of rounding errors in its right side


@part
def stationary_variance(sse, points):
    """The positive root of 4v^2 + Tv = SSE, in the form that keeps its digits when SSE is small."""
    root = 2.0 * sse / (points + math.sqrt(points * points + 16.0 * sse))
    return max(root, VARIANCE_FLOOR)


@part
def project(y, U, R, a, rest, r):
    """a = U'y, rest = y - Ua, r = R'rest; returns |rest|^2 (from the residual itself: no cancellation)."""
    for p in range(a.shape[0]):
        a[p] = 0.0
    for s in range(r.shape[0]):
        r[s] = 0.0
    for i in range(y.shape[0]):
        for p in range(a.shape[0]):
            a[p] += y[i] * U[i, p]
    total = 0.0
    for i in range(y.shape[0]):
        value = y[i]
        for p in range(a.shape[0]):
            value -= U[i, p] * a[p]
        rest[i] = value
        total += value * value
        for s in range(r.shape[0]):
            r[s] += value * R[i, s]
    return total


@part
def squared_error(total, lam, W, Q0, a, r, shrink, delta, active, count, e):
    """SSE at the lasso's solution; leaves e = a - W delta for the caller."""
    sse = total
    for i in range(count):
        s = active[i]
        sse -= 2.0 * delta[s] * r[s]
        for j in range(count):
            sse += delta[s] * Q0[s, active[j]] * delta[active[j]]
    for p in range(lam.shape[0]):
        value = a[p]
        for i in range(count):
            value -= W[p, active[i]] * delta[active[i]]
        e[p] = value
        sse += (shrink[p] * value) ** 2
    return max(sse, 0.0)


@part
def correlate(v, lam, W, a, r, shrink, c):
    """Shrinkage of each direction at v, and the lasso's right side c = r + W' diag(shrink) a."""
    for s in range(c.shape[0]):
        c[s] = r[s]
    for p in range(lam.shape[0]):
        shrink[p] = v / (lam[p] + v)
        factor = shrink[p] * a[p]
        for s in range(c.shape[0]):
            c[s] += factor * W[p, s]


@part
def next_point(x, h, x_old, h_old, low, high):
    """Secant step from the last two points, kept inside the bracket (low, high); infinities are open ends."""
    slope = (h - h_old) / (x - x_old) if x != x_old else 1.0
    bracketed = low > -1e9 and high < 1e9
    if bracketed:
        candidate = x - h / slope if slope > 0.0 else 0.5 * (low + high)
        return candidate if low < candidate < high else 0.5 * (low + high)
    slope = min(max(slope, 0.2), 1.0)  # h' is below 1, as SSE grows with v; 0.2 keeps the strides short of 5 h
    return x - h / slope


@part
def fit_series(y, U, R, lam, W, Q0, inverse_tau, delta, work):
    """Fit one scaled series. Fills delta (slopes) and work's e (block coordinates left to the block); (v, steps)."""
    a, e, rest, r, c, shrink, signs, active, columns, matrix, step, gradient = work
    points = y.shape[0]
    total = project(y, U, R, a, rest, r)
    for s in range(signs.shape[0]):
        signs[s] = 0.0
    x = math.log(stationary_variance(total, points))
    floor = math.log(VARIANCE_FLOOR)
    low, high, x_old, h_old, steps = -1e10, 1e10, x, 0.0, 0
    count = np.int64(0)
    v = math.exp(x)
    for _ in range(100):
        v = math.exp(x)
        steps += 1
        correlate(v, lam, W, a, r, shrink, c)
        count = solve_lasso(
            c, v * inverse_tau, shrink, W, Q0, delta, active, signs, count, columns, matrix, step, gradient
        )
        sse = squared_error(total, lam, W, Q0, a, r, shrink, delta, active, count, e)
        h = x - math.log(stationary_variance(sse, points))
        if h > 0.0:
            high = x
        else:
            low = x
        if abs(h) < TOLERANCE or high - low < 1e-14 or (h > 0.0 and x <= floor):
            break
        x, x_old, h_old = max(next_point(x, h, x_old, h_old, low, high), floor), x, h
    return v, steps


@kernel
def fit_batch(Y, calendar, U, R, lam, W, Q0, G, inverse_tau, theta, delta, variance, steps):
    """Fit scaled series Y[n] on calendar[n] of stacked blocks (design.Blocks).

    theta and delta come in as zeros; they, variance and steps are filled, one row per series.
    """
    points, directions, slopes = U.shape[1], U.shape[2], R.shape[2]
    work = (
        np.empty(directions),
        np.empty(directions),
        np.empty(points),
        np.empty(slopes),
        np.empty(slopes),
        np.empty(directions),
        np.empty(slopes),
        np.empty(slopes + 1, np.int64),
        np.empty((slopes + 1, slopes)),
        np.empty((slopes + 1, slopes + 1)),
        np.empty(slopes + 1),
        np.empty(slopes),
    )
    for n in range(Y.shape[0]):
        k = calendar[n]
        v, steps[n] = fit_series(Y[n], U[k], R[k], lam[k], W[k], Q0[k], inverse_tau, delta[n], work)
        variance[n] = v
        for p in range(directions):
            z = work[1][p] / (lam[k, p] + v)
            for j in range(theta.shape[1]):
                theta[n, j] += z * G[k, p, j]
