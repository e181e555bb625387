"""Multinomial logit of three outcomes with ridge penalties, by Newton's method: exact, and seconds for many columns.

log(P(won)/P(stays)) and log(P(lost)/P(stays)) are lines in the columns plus a level per window. Penalised likelihood is
concave, so Newton with halved steps ends at its one maximum. scikit-learn's solvers fit the same model; with a hundred
columns and ten thousand rows they took five to ten times as long, and a fit cannot start from the one of the band
before. A deal counts once for every window that it was seen in, with the same columns: sums over windows are made
before columns are multiplied, which does the same work on a quarter of the rows.
"""

from dataclasses import dataclass

import numpy as np

ITERATIONS, TOLERANCE = 40, 1e-7
LEVEL_PRECISION = 1e-4  # of the first window's level: next to free
WINDOW_PRECISION = 4.0  # of a later window's level around the first: far windows have a handful of deals


@dataclass(frozen=True)
class Cells:
    """One cell per row of `columns` and window in which its deal was still open.

    row, place: of the columns and of the window in its band, from 0. outcome: 0 stays, 1 won, 2 lost.
    places: windows of the band.
    """

    columns: np.ndarray
    row: np.ndarray
    place: np.ndarray
    outcome: np.ndarray
    places: int

    @classmethod
    def of_rows(cls, columns: np.ndarray, outcome: np.ndarray) -> "Cells":
        """One window: every row is a cell."""
        row = np.arange(len(columns))
        return cls(columns, row, np.zeros_like(row), outcome, 1)

    def log_odds(self, slopes: np.ndarray) -> np.ndarray:
        """2 x cells; slopes: 2 x (columns, level, difference of each later window's level)."""
        size = self.columns.shape[1]
        levels = slopes[:, size:].copy()
        levels[:, 1:] += slopes[:, size : size + 1]
        return (slopes[:, :size] @ self.columns.T)[:, self.row] + levels[:, self.place]

    def by_row(self, weight: np.ndarray) -> np.ndarray:
        """Sums of a weight of cells over windows, per row of columns."""
        return np.bincount(self.row, weight, len(self.columns))

    def levels(self, weight: np.ndarray) -> np.ndarray:
        """Sums of a weight of cells: over all, then of each later window."""
        sums = np.bincount(self.place, weight, self.places)
        return np.concatenate([[sums.sum()], sums[1:]])


def fit_logit(cells: Cells, precision: float, centre: np.ndarray) -> np.ndarray:
    """Slopes, 2 x (columns, level, later levels), of won and lost.

    precision: of the columns' normal prior; centre: its mean, 2 x columns; the search begins there.
    """
    size, places = cells.columns.shape[1], cells.places
    prior = np.concatenate([np.full(size, precision), [LEVEL_PRECISION], np.full(places - 1, WINDOW_PRECISION)])
    centre = np.hstack([centre, np.zeros((2, places))])
    slopes = centre.copy()
    single = cells.columns.astype(np.float32)  # for the curvature alone: the gradient, and so the maximum, is exact
    is_it = np.stack([cells.outcome == 1, cells.outcome == 2]).astype(float)
    value = _loss(cells, is_it, prior, slopes, centre)
    for _ in range(ITERATIONS):
        won, lost = _chances(cells.log_odds(slopes))
        rest = is_it - np.stack([won, lost])
        gradient = np.stack([_gradient(cells, part) for part in rest]) - prior * (slopes - centre)
        step = np.linalg.solve(_curvature(cells, single, won, lost, prior), gradient.ravel()).reshape(slopes.shape)
        for halving in range(12):
            tried = slopes + step / 2**halving
            loss = _loss(cells, is_it, prior, tried, centre)
            if loss <= value:
                break
        gained, slopes, value = value - loss, tried, loss
        if gained < TOLERANCE * max(abs(value), 1.0):
            break
    return slopes


def _chances(log_odds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    odds = np.exp(np.clip(log_odds, -30, 30))
    total = 1 + odds.sum(axis=0)
    return odds[0] / total, odds[1] / total


def _gradient(cells: Cells, rest: np.ndarray) -> np.ndarray:
    return np.concatenate([cells.by_row(rest) @ cells.columns, cells.levels(rest)])


def _loss(cells: Cells, is_it: np.ndarray, prior: np.ndarray, slopes: np.ndarray, centre: np.ndarray) -> float:
    log_odds = cells.log_odds(slopes)
    log_total = np.logaddexp(0, np.logaddexp(log_odds[0], log_odds[1]))
    return float(log_total.sum() - (is_it * log_odds).sum() + (prior * (slopes - centre) ** 2).sum() / 2)


def _curvature(cells: Cells, single: np.ndarray, won: np.ndarray, lost: np.ndarray, prior: np.ndarray) -> np.ndarray:
    first, second, both = (_weighed(cells, single, w) for w in (won * (1 - won), lost * (1 - lost), won * lost))
    diagonal = np.diag(prior)
    return np.block([[first + diagonal, -both], [-both, second + diagonal]])


def _weighed(cells: Cells, single: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Sum over cells of weight x (columns, levels) x (columns, levels)."""
    root = single * np.sqrt(cells.by_row(weight)).astype(np.float32)[:, None]
    later = [cells.by_row(np.where(cells.place == place, weight, 0)) for place in range(1, cells.places)]
    cross = np.stack([cells.by_row(weight), *later]) @ single
    sums = cells.levels(weight)
    corner = np.diag(sums)
    corner[0, :] = corner[:, 0] = sums
    return np.block([[(root.T @ root).astype(float), cross.T], [cross, corner]])
