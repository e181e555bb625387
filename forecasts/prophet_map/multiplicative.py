"""Posterior mode with multiplicative or mixed effects: damped Gauss-Newton around the same lasso.

    mean = g * (1 + X_m b) + X_a b,      g = k t + m + R delta

Each step linearises the mean in all parameters, eliminates the Gaussian block (slope, offset, coefficients scaled by
their prior standard deviations) by a Cholesky factor, solves the lasso for delta exactly at the current noise variance,
and halves the step until the objective, profiled over the variance, falls.
Gauss-Newton: Nocedal & Wright, Numerical Optimization (2006), chapter 10.
"""

import math

import numpy as np

from forecasts.prophet_map.additive import stationary_variance
from forecasts.prophet_map.compiled import kernel, part
from forecasts.prophet_map.lasso import solve_lasso

STEPS = 300  # at most: a bound for a series that creeps; the tolerance ends the others
HALVINGS = 30  # of a step: 1e-9 of it, below which rounding decides
TOLERANCE = 1e-10  # nats gained by a step; steps shrink geometrically, so what is left is of the same order


@part
def mean_parts(z, delta, t, R, X, prior, is_multiplicative, g, s, residual, y):
    """Fill trend g, factor s and the residual at parameters z (in prior units) and delta; returns the squared error."""
    total = 0.0
    for i in range(y.shape[0]):
        trend = prior[0] * z[0] * t[i] + prior[1] * z[1]
        for j in range(delta.shape[0]):
            trend += R[i, j] * delta[j]
        times, plus = 1.0, 0.0
        for j in range(X.shape[1]):
            effect = X[i, j] * prior[j + 2] * z[j + 2]
            if is_multiplicative[j]:
                times += effect
            else:
                plus += effect
        g[i], s[i] = trend, times
        residual[i] = y[i] - trend * times - plus
        total += residual[i] ** 2
    return total


@part
def profile(sse, points, z, delta, inverse_tau, min_variance):
    """The objective at the best variance of at least `min_variance` for this squared error: (objective, variance)."""
    v = max(stationary_variance(sse, points), min_variance)
    value = 0.5 * points * math.log(v) + sse / (2.0 * v) + 2.0 * v
    for j in range(z.shape[0]):
        value += 0.5 * z[j] * z[j]
    for j in range(delta.shape[0]):
        value += abs(delta[j]) * inverse_tau
    return value, v


@part
def linearise(z, delta, t, R, X, prior, is_multiplicative, g, s, residual, v, N, C, Q, q, c, row, ramp):
    """Normal equations of the linearised model: N + v I and q of the Gaussian block, Q and c of delta, C between them.

    Only lower triangles of N and Q are filled.
    """
    P, S = z.shape[0], delta.shape[0]
    for j in range(P):
        q[j] = 0.0
        for k in range(P):
            N[j, k] = 0.0
        for k in range(S):
            C[j, k] = 0.0
    for j in range(S):
        c[j] = 0.0
        for k in range(S):
            Q[j, k] = 0.0
    for i in range(t.shape[0]):
        row[0], row[1] = prior[0] * t[i] * s[i], prior[1] * s[i]
        for j in range(X.shape[1]):
            row[j + 2] = X[i, j] * prior[j + 2] * (g[i] if is_multiplicative[j] else 1.0)
        target = residual[i]
        for j in range(S):
            ramp[j] = R[i, j] * s[i]
            target += ramp[j] * delta[j]
        for j in range(P):
            target += row[j] * z[j]
        for j in range(P):
            q[j] += row[j] * target
            for k in range(j + 1):
                N[j, k] += row[j] * row[k]
            for k in range(S):
                C[j, k] += row[j] * ramp[k]
        for j in range(S):
            c[j] += ramp[j] * target
            for k in range(j + 1):
                Q[j, k] += ramp[j] * ramp[k]
    for j in range(P):
        N[j, j] += v


@part
def eliminate(N, C, Q, q, c):
    """Factor N = LL' in place, C <- L^-1 C, q <- L^-1 q, and leave the Schur complement in Q (full) and c."""
    P, S = C.shape
    for i in range(P):
        diagonal = N[i, i]
        for j in range(i):
            value = N[i, j]
            for k in range(j):
                value -= N[i, k] * N[j, k]
            N[i, j] = value / N[j, j]
        value = N[i, i]
        for k in range(i):
            value -= N[i, k] * N[i, k]
        N[i, i] = math.sqrt(value) if value > 1e-14 * diagonal else 1e100
        for k in range(i):
            q[i] -= N[i, k] * q[k]
            for j in range(S):
                C[i, j] -= N[i, k] * C[k, j]
        q[i] /= N[i, i]
        for j in range(S):
            C[i, j] /= N[i, i]
    for p in range(P):
        for i in range(S):
            c[i] -= C[p, i] * q[p]
            for j in range(i + 1):
                Q[i, j] -= C[p, i] * C[p, j]
    for i in range(S):
        for j in range(i):
            Q[j, i] = Q[i, j]


@part
def back_substitute(N, C, q, delta, z):
    """z = L'^-1 (q - C delta) for the factor and the transformed right sides left by `eliminate`."""
    P, S = C.shape
    for p in range(P - 1, -1, -1):
        value = q[p]
        for j in range(S):
            value -= C[p, j] * delta[j]
        for k in range(p + 1, P):
            value -= N[k, p] * z[k]
        z[p] = value / N[p, p]


@part
def descend(y, t, R, X, prior, is_multiplicative, inverse_tau, min_variance, z, delta, work):
    """Gauss-Newton from the point (z, delta), which receives the optimum; returns (variance, objective, steps)."""
    N, C, Q, q, c, z_new, d_new, z_try, d_try, g, s, residual, row, ramp, lasso_work = work
    none, no_block = np.empty(0), np.empty((0, delta.shape[0]))
    signs, active, columns, matrix, step, gradient = lasso_work
    points = y.shape[0]
    sse = mean_parts(z, delta, t, R, X, prior, is_multiplicative, g, s, residual, y)
    best, v = profile(sse, points, z, delta, inverse_tau, min_variance)
    for steps in range(STEPS):
        linearise(z, delta, t, R, X, prior, is_multiplicative, g, s, residual, v, N, C, Q, q, c, row, ramp)
        eliminate(N, C, Q, q, c)
        count = np.int64(0)
        for j in range(delta.shape[0]):
            d_new[j], signs[j] = delta[j], 0.0
            if delta[j] != 0.0:
                signs[j] = 1.0 if delta[j] > 0.0 else -1.0
                active[count] = j
                count += 1
        solve_lasso(c, v * inverse_tau, none, no_block, Q, d_new, active, signs, count, columns, matrix, step, gradient)
        back_substitute(N, C, q, d_new, z_new)
        length, gain = 1.0, 0.0
        for _ in range(HALVINGS):
            for j in range(z.shape[0]):
                z_try[j] = z[j] + length * (z_new[j] - z[j])
            for j in range(delta.shape[0]):
                d_try[j] = d_new[j] if length == 1.0 else delta[j] + length * (d_new[j] - delta[j])
            sse = mean_parts(z_try, d_try, t, R, X, prior, is_multiplicative, g, s, residual, y)
            value, v_try = profile(sse, points, z_try, d_try, inverse_tau, min_variance)
            gain = best - value
            if gain > 0.0:
                break
            length *= 0.5
        if gain <= 0.0:
            return v, best, steps
        for j in range(z.shape[0]):
            z[j] = z_try[j]
        for j in range(delta.shape[0]):
            delta[j] = d_try[j]
        best, v = value, v_try
        if gain < TOLERANCE:
            return v, best, steps
    return v, best, STEPS


@kernel
def fit_batch(Y, calendar, t, R, X, prior, is_multiplicative, inverse_tau, min_variance, theta, delta, variance, steps):
    """Fit scaled series Y[n] on calendar[n]; theta holds Prophet's starting slope and offset and receives the mode.

    t: calendars x points (zeros for flat growth), R: calendars x points x slopes, X: calendars x points x columns.
    min_variance: lower bound of the variance; larger ones smooth the objective (see restarts.py).
    """
    points, P, S = Y.shape[1], theta.shape[1], delta.shape[1]
    lasso_work = (
        np.empty(S),
        np.empty(S + 1, np.int64),
        np.empty((S + 1, S)),
        np.empty((S + 1, S + 1)),
        np.empty(S + 1),
        np.empty(S),
    )
    work = (
        np.empty((P, P)),
        np.empty((P, S)),
        np.empty((S, S)),
        np.empty(P),
        np.empty(S),
        np.empty(P),
        np.empty(S),
        np.empty(P),
        np.empty(S),
        np.empty(points),
        np.empty(points),
        np.empty(points),
        np.empty(P),
        np.empty(S),
        lasso_work,
    )
    z = np.empty(P)
    for n in range(Y.shape[0]):
        k = calendar[n]
        for j in range(P):
            z[j] = theta[n, j] / prior[j]
        variance[n], _, steps[n] = descend(
            Y[n], t[k], R[k], X[k], prior, is_multiplicative, inverse_tau, min_variance, z, delta[n], work
        )
        for j in range(P):
            theta[n, j] = z[j] * prior[j]
