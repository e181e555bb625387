"""The world's clock: a month has four steps (to the 7th, 14th, 21st and its end), and what happens has a day in one."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from pipelines.demo.seasons import EPOCH, SPRING_FESTIVALS, WEEKDAY_FACTORS, festival_days, ordinal

STARTS = (1, 8, 15, 22)  # days of the month
PER_MONTH = len(STARTS)
LAST_DAYS = 3  # of a month: when a push at its end is booked
MONTH_END, QUARTER_END, FESTIVAL = 1.25, 1.4, 0.45  # how much more or less is moved in such a step

Days = NDArray[np.int64]


@dataclass(frozen=True)
class Clock:
    """Steps from the month of one day to that of another; the first begins on the first of its month.

    low, high: first and last day of each step. pace: how much is moved in it, by side (0 overseas, 1 China).
    weights: how likely each day of a step is, step x side x day of the step.
    """

    low: Days
    high: Days
    pace: NDArray[np.float64]
    weights: NDArray[np.float64]

    def step_of(self, days: Days) -> Days:
        """The number of the step in which each day lies."""
        return np.searchsorted(self.low, days, side="right") - 1

    def month_ends(self, last: int) -> list[int]:
        """The steps that end a month which is over by the last day."""
        return [step for step in range(PER_MONTH - 1, len(self.high), PER_MONTH) if self.high[step] <= last]

    def days(self, step: int, china: NDArray[np.bool_], draw: NDArray[np.float64], late: NDArray[np.bool_]) -> Days:
        """A day in the step for each draw between 0 and 1; late ones fall on the last days of the month."""
        shares = self.weights[step, china.astype(np.int64)].copy()
        size = self.high[step] - self.low[step] + 1
        shares[late, : size - LAST_DAYS] = 0
        sums = np.cumsum(shares, axis=1)
        place = (sums < (draw * sums[:, -1])[:, None]).sum(axis=1)
        return np.asarray(self.low[step] + np.minimum(place, size - 1))


def clock(first: int, last: int, *, further_months: int = 0) -> Clock:
    """The steps of the months from that of the first day to that of the last one, and of further ones if asked."""
    start, end = (EPOCH + timedelta(days=day) for day in (first, last))
    places = range(start.year * 12 + start.month - 1, end.year * 12 + end.month + further_months)
    months = [date(place // 12, place % 12 + 1, 1) for place in places]
    low = np.array([ordinal(month.replace(day=day)) for month in months for day in STARTS])
    after = date((places[-1] + 1) // 12, (places[-1] + 1) % 12 + 1, 1)
    high = np.append(low[1:], ordinal(after)) - 1
    return Clock(low, high, _pace(months, low, high), _weights(low, high))


def _pace(months: list[date], low: Days, high: Days) -> NDArray[np.float64]:
    pace = np.ones((len(low), 2))
    for place, month in enumerate(months):
        pace[place * PER_MONTH + PER_MONTH - 1] = QUARTER_END if month.month % 3 == 0 else MONTH_END
    for festival in SPRING_FESTIVALS:
        pace[(low <= ordinal(festival) + 3) & (ordinal(festival) <= high), 1] *= FESTIVAL
    return pace


def _weights(low: Days, high: Days) -> NDArray[np.float64]:
    place = np.arange(int((high - low).max()) + 1)
    days = low[:, None] + place
    plain = WEEKDAY_FACTORS[(days + 3) % 7] * (days <= high[:, None])
    shut = np.isin(days, [ordinal(day) for day in festival_days()])
    return np.stack([plain, plain * np.where(shut, 0.02, 1.0)], axis=1)
