"""How demand moves: growth, the seasons of a year, and the quiet weeks around 春节."""

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

# first day of the lunar year: public almanac dates
_FESTIVALS = """
    2016-02-08 2017-01-28 2018-02-16 2019-02-05 2020-01-25 2021-02-12 2022-02-01 2023-01-22
    2024-02-10 2025-01-29 2026-02-17 2027-02-06 2028-01-26 2029-02-13 2030-02-03
"""
SPRING_FESTIVALS = tuple(date.fromisoformat(day) for day in _FESTIVALS.split())
MONTH_FACTORS = np.array([0.92, 0.90, 1.10, 0.98, 1.00, 1.14, 0.90, 0.94, 1.10, 0.95, 1.05, 1.24])
YEARLY_GROWTH = 0.13
WEEKDAY_FACTORS = np.array([1.0, 1.05, 1.05, 1.0, 0.95, 0.12, 0.06])  # Monday first
EPOCH = date(1970, 1, 1)


def ordinal(day: date) -> int:
    """Days since 1970-01-01, the unit in which the world keeps its dates."""
    return (day - EPOCH).days


def festival_days() -> list[date]:
    """The days on which China does not work: eve to sixth day of 春节, May 1-3, October 1-7."""
    days = [first + timedelta(days=shift) for first in SPRING_FESTIVALS for shift in range(-1, 7)]
    for year in range(2016, 2031):
        days += [date(year, 5, day) for day in (1, 2, 3)] + [date(year, 10, day) for day in range(1, 8)]
    return sorted(days)


def day_weights(first: int, last: int, *, chinese: bool) -> NDArray[np.float64]:
    """Relative demand of each day from first to last, both days since the epoch; a sum is never taken as money."""
    days = np.arange(first, last + 1)
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]").astype(int) % 12
    weekdays = (days + 3) % 7
    growth = (1 + YEARLY_GROWTH) ** ((days - first) / 365.25)
    weights = MONTH_FACTORS[months] * WEEKDAY_FACTORS[weekdays] * growth
    if chinese:
        weights *= np.where(np.isin(days, [ordinal(day) for day in festival_days()]), 0.02, 1.0)
        for festival in SPRING_FESTIVALS:
            quiet = np.abs(days - ordinal(festival)) <= 14
            weights *= np.where(quiet, 0.55, 1.0)
    return weights


def next_working_day(days: NDArray[np.int64], *, chinese: bool) -> NDArray[np.int64]:
    """Move each day forward past weekends and, for Chinese business, public holidays."""
    closed = np.array(sorted(ordinal(day) for day in festival_days())) if chinese else np.array([], dtype=np.int64)
    moved = days.copy()
    for _ in range(12):
        shut = ((moved + 3) % 7 >= 5) | np.isin(moved, closed)
        if not shut.any():
            break
        moved = moved + shut
    return moved
