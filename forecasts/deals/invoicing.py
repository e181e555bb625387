"""Revenue from bookings: what was booked is invoiced over the next months, the rest goes on at its level and season.

    revenue(t) = sum over k of weight(k) x bookings(t - k) + level + season(t)
The weights are not negative and lean on a usual course of invoicing (non-negative least squares; Lawson & Hanson 1974),
scaled so that they explain the revenue: months are too few to tell eight of them. The rest is smoothed exponentially.
Bookings tell something of the next two months and little beyond, where it is those to come that decide.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

LAGS = 8  # periods after which a booking has been invoiced
COURSE = np.array([1.0, 2.0, 2.0, 1.5, 1.0, 0.7, 0.4, 0.3]) / 8.9  # of invoicing: the weights' prior mean, in shares
LEANS = 1.0  # of the weights on that course, which counts as much as the history: 2 and more did a little better on
# those companies, whose course it is, and would leave another company's unlearnt
HALF_LIFE = 2.0  # periods, of the rest's level: 1 to 2 had the least error, 4 and more lagged
SEASON_LEANS = 1.0  # years at no season that a month's own deviation is mixed with
SPAN = 48  # periods that are learnt from
LEAST = 24  # periods of both before there is a forecast: two of each month
NEAR = 6  # periods on each side of a centred mean of a year


@dataclass(frozen=True)
class Invoicing:
    """weights: revenue per booked unit by lag. level, season: of the rest, by place in the year."""

    weights: np.ndarray
    level: float
    season: np.ndarray

    def ahead(self, bookings: np.ndarray, next_place: int, steps: int) -> np.ndarray:
        """Revenue of the next periods. bookings: of the past and of these; next_place: of the first in its year."""
        first = len(bookings) - steps
        lagged = np.array([self.weights @ bookings[first + step - np.arange(LAGS)] for step in range(steps)])
        places = (next_place + np.arange(steps)) % len(self.season)
        return np.asarray(lagged + self.level + self.season[places])


def fit_invoicing(bookings: np.ndarray, revenue: np.ndarray, places: np.ndarray, year: int) -> Invoicing:
    """Learn it from the past of both, the newest last. places: of each period in its year of `year` periods."""
    rows = np.arange(max(LAGS - 1, len(revenue) - SPAN), len(revenue))
    lagged = np.stack([bookings[rows - lag] for lag in range(LAGS)], axis=1)
    actual, scale = revenue[rows], LEANS * bookings[rows].std() * np.sqrt(len(rows))
    booked = float(lagged.sum(axis=0).mean())
    course = COURSE * max(actual.sum(), 0.0) / booked if booked > 0 else np.zeros(LAGS)
    columns = np.column_stack([lagged, np.full(len(rows), max(abs(actual.mean()), 1.0))])
    prior = np.column_stack([np.eye(LAGS) * scale, np.zeros(LAGS)])
    weights = nnls(np.vstack([columns, prior]), np.concatenate([actual, course * scale]))[0][:LAGS]
    rest = actual - lagged @ weights
    season = _season(rest, places[rows], year)
    age = np.arange(len(rest))[::-1]
    level = np.average(rest - season[places[rows]], weights=0.5 ** (age / HALF_LIFE))
    return Invoicing(weights, float(level), season)


def _season(rest: np.ndarray, places: np.ndarray, year: int) -> np.ndarray:
    """Mean deviation of each place from a centred mean of a year, mixed with none."""
    padded = np.concatenate([np.full(NEAR, rest[:NEAR].mean()), rest, np.full(NEAR, rest[-NEAR:].mean())])
    away = rest - np.convolve(padded, np.ones(2 * NEAR + 1) / (2 * NEAR + 1), "valid")
    sums, counts = np.bincount(places, away, year), np.bincount(places, minlength=year)
    return np.asarray(sums / (counts + SEASON_LEANS))
