"""Posterior mode of the additive model: a one-dimensional search over the noise variance, a lasso at each step.

With v = sigma^2, Gaussian block B = U diag(sv) V' (columns scaled by their prior standard deviations) and slopes R:

    f(v) = T/2 log v + SSE/(2v) + |z|^2/2 + |delta|_1/tau + 2v,      df/dv = 0  <=>  4v^2 + Tv - SSE(v) = 0

z is eliminated (shrinkage v/(lam + v) in the singular basis), which leaves a lasso in delta whose penalty is v/tau.
The search starts at the noise of the Gaussian block alone and walks in log v with safeguarded secant steps.
"""

import math

import numpy as np

from forecasts.prophet_map.compiled import kernel, part
from forecasts.prophet_map.design import Blocks
from forecasts.prophet_map.lasso import solve_lasso
from forecasts.prophet_map.panel import FloatArray, IntArray

TOLERANCE = 1e-9  # of log v; f is stationary there, so its error is of the order of the square
VARIANCE_FLOOR = 1e-14  # below it the lasso's penalty v/tau is of the size of rounding errors in its right side


@part
def stationary_variance(sse, points):
    """The positive root of 4v^2 + Tv = SSE, in the form that keeps its digits when SSE is small."""
    root = 2.0 * sse / (points + math.sqrt(points * points + 16.0 * sse))
    return root if root > VARIANCE_FLOOR else VARIANCE_FLOOR


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
def squared_error(total, W, Q0, a, r, shrink, delta, active, count, e):
    """SSE at the lasso's solution; leaves e = a - W delta for the caller."""
    sse = total
    for i in range(count):
        s = active[i]
        sse -= 2.0 * delta[s] * r[s]
        for j in range(count):
            sse += delta[s] * Q0[s, active[j]] * delta[active[j]]
    for p in range(shrink.shape[0]):
        value = a[p]
        for i in range(count):
            value -= W[p, active[i]] * delta[active[i]]
        e[p] = value
        left = shrink[p] * value
        sse += left * left
    return sse if sse > 0.0 else 0.0


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
    slope = 0.2 if slope < 0.2 else 1.0 if slope > 1.0 else slope  # h' < 1, as SSE grows with v; no stride beyond 5 h
    return x - h / slope


@kernel
def search(
    Y,
    calendar,
    U,
    R,
    lam,
    W,
    Q0,
    G,
    inverse_tau,
    theta,
    delta,
    variance,
    steps,
    a,
    e,
    rest,
    r,
    c,
    shrink,
    signs,
    active,
    columns,
    matrix,
    step,
    gradient,
):
    """`fit_batch` with its work arrays. One function for all series: each call between kernels is compiled again.

    e receives the coordinates of the Gaussian block, from which theta follows.
    """
    floor = math.log(VARIANCE_FLOOR)
    points = Y.shape[1]
    for n in range(Y.shape[0]):
        k = calendar[n]
        total = project(Y[n], U[k], R[k], a, rest, r)
        for s in range(signs.shape[0]):
            signs[s] = 0.0
        x = math.log(stationary_variance(total, points))
        low, high, x_old, h_old = -1e10, 1e10, x, 0.0
        count = np.int64(0)
        v = math.exp(x)
        for _ in range(100):
            v = math.exp(x)
            steps[n] += 1
            correlate(v, lam[k], W[k], a, r, shrink, c)
            count = solve_lasso(
                c, v * inverse_tau, shrink, W[k], Q0[k], delta[n], active, signs, count, columns, matrix, step, gradient
            )
            sse = squared_error(total, W[k], Q0[k], a, r, shrink, delta[n], active, count, e)
            h = x - math.log(stationary_variance(sse, points))
            if h > 0.0:
                high = x
            else:
                low = x
            if abs(h) < TOLERANCE or high - low < 1e-14 or (h > 0.0 and x <= floor):
                break
            following = next_point(x, h, x_old, h_old, low, high)
            x, x_old, h_old = following if following > floor else floor, x, h
        variance[n] = v
        for p in range(lam.shape[1]):
            z = e[p] / (lam[k, p] + v)
            for j in range(theta.shape[1]):
                theta[n, j] += z * G[k, p, j]


def fit_batch(
    Y: FloatArray,
    calendar: IntArray,
    blocks: Blocks,
    inverse_tau: float,
    theta: FloatArray,
    delta: FloatArray,
    variance: FloatArray,
    steps: IntArray,
) -> None:
    """Fit scaled series Y[n] on calendar[n] of stacked blocks.

    theta and delta come in as zeros; they, variance and steps are filled, one row per series.
    """
    points, directions, slopes = blocks.U.shape[1], blocks.U.shape[2], blocks.R.shape[2]
    sizes = (directions, directions, points, slopes, slopes, directions, slopes)
    active = np.empty(slopes + 1, np.int64)
    shapes = ((slopes + 1, slopes), (slopes + 1, slopes + 1), (slopes + 1,), (slopes,))
    room = (*(np.empty(size) for size in sizes), active, *(np.empty(shape) for shape in shapes))
    search(Y, calendar, *blocks, inverse_tau, theta, delta, variance, steps, *room)
