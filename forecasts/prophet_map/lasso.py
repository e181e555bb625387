"""The changepoint slopes: an exact active-set solver for a small lasso.

    minimise over d:  1/2 d'Sd - c'd + penalty * |d|_1        S positive semi-definite, at most some dozens of columns

Only the columns of S that enter the active set are ever formed: `add_column` asks for one. A column is
`Q0[j] + W' diag(w) W[:, j]`: the Schur complement of the Gaussian block (see design.py for W and Q0).
Method: Lee, Battle, Raina, Ng, "Efficient sparse coding algorithms" (2006): feature-sign search, here with the signs
kept by walking to the first sign change.
"""

import math

from forecasts.prophet_map.compiled import part

# Pivots below this share of the diagonal are rounding, not information: such a slope is a copy of others.
DEPENDENT = 1e-13


@part
def solve_cholesky(matrix, right, size):
    """Solve matrix[:size, :size] x = right[:size] in place (lower triangle given); dependent unknowns become 0."""
    for i in range(size):
        diagonal = matrix[i, i]
        for j in range(i + 1):
            value = matrix[i, j]
            for k in range(j):
                value -= matrix[i, k] * matrix[j, k]
            if i == j:
                matrix[i, i] = math.sqrt(value) if value > DEPENDENT * diagonal else 1e100
            else:
                matrix[i, j] = value / matrix[j, j]
    for i in range(size):
        value = right[i]
        for k in range(i):
            value -= matrix[i, k] * right[k]
        right[i] = value / matrix[i, i]
    for i in range(size - 1, -1, -1):
        value = right[i]
        for k in range(i + 1, size):
            value -= matrix[k, i] * right[k]
        right[i] = value / matrix[i, i]


@part
def add_column(j, column, shrink, W, Q0):
    """Write column j of the Schur complement into `column`."""
    for i in range(column.shape[0]):
        column[i] = Q0[j, i]
    for p in range(shrink.shape[0]):
        factor = shrink[p] * W[p, j]
        for i in range(column.shape[0]):
            column[i] += factor * W[p, i]


@part
def refit(c, penalty, delta, active, signs, columns, count, matrix, step):
    """Solve on the active set; slopes that would change sign leave it. Returns the new size of the set."""
    while count > 0:
        for a in range(count):
            step[a] = c[active[a]] - penalty * signs[active[a]]
            for b in range(a + 1):
                matrix[a, b] = columns[a, active[b]]
        solve_cholesky(matrix, step, count)
        length, leaving = 1.0, -1
        for a in range(count):
            old = delta[active[a]]
            if step[a] * signs[active[a]] <= 0.0:
                reach = old / (old - step[a]) if old != step[a] else 0.0
                if reach < length:
                    length, leaving = reach, a
        for a in range(count):
            delta[active[a]] += length * (step[a] - delta[active[a]])
        if leaving < 0:
            break
        count -= 1
        delta[active[leaving]] = 0.0
        signs[active[leaving]] = 0.0
        active[leaving] = active[count]
        for i in range(columns.shape[1]):
            columns[leaving, i] = columns[count, i]
    return count


@part
def steepest(c, penalty, delta, active, signs, columns, count, gradient):
    """The zero slope whose gradient breaks the penalty most: its number, or -1 at the optimum. Fills `gradient`."""
    for i in range(c.shape[0]):
        gradient[i] = c[i]
    for a in range(count):
        value = delta[active[a]]
        for i in range(c.shape[0]):
            gradient[i] -= value * columns[a, i]
    best, chosen = penalty * (1.0 + 1e-10) + 1e-15, -1
    for i in range(c.shape[0]):
        if signs[i] == 0.0 and abs(gradient[i]) > best:
            best, chosen = abs(gradient[i]), i
    return chosen


@part
def solve_lasso(c, penalty, shrink, W, Q0, delta, active, signs, count, columns, matrix, step, gradient):
    """Minimise from a warm start: delta, active[:count] and signs hold one and receive the solution; returns count."""
    fresh = 0
    for _ in range(20 * c.shape[0] + 20):
        for a in range(fresh, count):
            add_column(active[a], columns[a], shrink, W, Q0)
        count = refit(c, penalty, delta, active, signs, columns, count, matrix, step)
        chosen = steepest(c, penalty, delta, active, signs, columns, count, gradient)
        if chosen < 0:
            break
        signs[chosen] = 1.0 if gradient[chosen] > 0.0 else -1.0
        active[count] = chosen
        fresh = count
        count += 1
    return count
