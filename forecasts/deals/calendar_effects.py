"""Which periods are busier than others: factors by festival, quarter end and month, kept near 1.

Counts per period are Poisson with mean (expected count) x exp(columns x slopes); the slopes have normal priors around 0
(ridge), so that a factor leaves 1 only as far as the counts insist.
"""

from dataclasses import dataclass

import numpy as np

from forecasts.panel.calendar import festival_share
from forecasts.panel.frequency import Frequency

PRIOR_SD = 0.15  # of a log factor: months of most companies lie within +- 30 %
ITERATIONS = 30  # Newton steps at most: the problem is concave, the tolerance below ends it


@dataclass(frozen=True)
class Effects:
    """slopes: log factors of the columns; covariance: of the slopes, for their uncertainty."""

    frequency: Frequency
    festivals: tuple[str, ...]
    by_month: bool
    slopes: np.ndarray
    covariance: np.ndarray

    def factors(self, index: np.ndarray) -> np.ndarray:
        """The factor of each period, 1 on average of the columns' zero."""
        if len(self.slopes) == 0:
            return np.ones(len(index))
        return np.exp(_columns(self.frequency, self.festivals, self.by_month, index) @ self.slopes)

    def variances(self, index: np.ndarray) -> np.ndarray:
        """Of the log of each period's factor: how little the counts told of its season."""
        if len(self.slopes) == 0:
            return np.zeros(len(index))
        columns = _columns(self.frequency, self.festivals, self.by_month, index)
        return np.asarray(((columns @ self.covariance) * columns).sum(axis=1))

    @classmethod
    def none(cls, frequency: Frequency) -> "Effects":
        """No period is busier than another."""
        return cls(frequency, (), False, np.zeros(0), np.zeros((0, 0)))


def fit_effects(
    frequency: Frequency,
    index: np.ndarray,
    counts: np.ndarray,
    expected: np.ndarray,
    festivals: tuple[str, ...],
    *,
    by_month: bool = False,
) -> Effects:
    """Effects of the periods `index` in which `counts` came where `expected` were expected."""
    columns = _columns(frequency, festivals, by_month, index)
    slopes, covariance = poisson_ridge(columns, counts, expected, np.full(columns.shape[1], PRIOR_SD))
    return Effects(frequency, festivals, by_month, slopes, covariance)


def _columns(frequency: Frequency, festivals: tuple[str, ...], by_month: bool, index: np.ndarray) -> np.ndarray:
    if frequency.kind in ("YS", "D", "B"):
        return np.zeros((len(index), 0))
    parts = [festival_share(name, frequency, index) for name in festivals]
    if frequency.kind != "QS":
        parts.append(_ends_quarter(frequency, index))
    if by_month and frequency.kind in ("MS", "ME"):
        month = frequency.starts(index).astype("datetime64[M]").astype(np.int64) % 12
        parts += list((month[:, None] == np.arange(12)).T.astype(float) - 1 / 12)
    return np.column_stack(parts) if parts else np.zeros((len(index), 0))


def _ends_quarter(frequency: Frequency, index: np.ndarray) -> np.ndarray:
    """Whether the last day of a quarter lies in the period, less the mean of months."""
    before, after = (
        frequency.starts(place).astype("datetime64[M]").astype(np.int64) // 3 for place in (index, index + 1)
    )
    return (before != after).astype(float) - 1 / 3


def poisson_ridge(
    columns: np.ndarray, counts: np.ndarray, expected: np.ndarray, prior_sd: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Slopes of a Poisson regression with offset log(expected) and normal priors around 0, by Newton; covariance."""
    slopes, precision = np.zeros(columns.shape[1]), np.diag(1 / prior_sd**2)
    for _ in range(ITERATIONS):
        mean = expected * np.exp(np.clip(columns @ slopes, -5, 5))
        step = np.linalg.solve(
            columns.T @ (mean[:, None] * columns) + precision, columns.T @ (counts - mean) - precision @ slopes
        )
        slopes = slopes + np.clip(step, -1, 1)
        if np.abs(step).max(initial=0) < 1e-8:
            break
    mean = expected * np.exp(np.clip(columns @ slopes, -5, 5))
    return slopes, np.linalg.inv(columns.T @ (mean[:, None] * columns) + precision)
