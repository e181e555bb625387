"""The year in daily data: estimated, removed from the history, restored on the forecast.

The season of a day is the week, and no model of the default tier sees a second one. The profile of a year is the median
over years of the smoothed values over the level of their year. It is used as far as the profile of the other years
explains each year: a year that does not repeat, as in a random walk, has none.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from forecasts.panel.batch import Batch, filled

DAYS = 366
YEARS = 2  # whole years that a profile needs: one cannot repeat
SMOOTHED = 7  # values that a day of the profile is the median of, in each year
MOSTLY = 0.75  # share of values above 0 from which their medians say something
MIN_GAIN = 0.1  # share of the squared deviations from the level that the other years must explain


@dataclass(frozen=True)
class Year:
    """history, future: the factor of each period of one series, 1 where the year says nothing."""

    history: np.ndarray
    future: np.ndarray


def has_year(batch: Batch) -> bool:
    """Whether the batch is of days, some series of which is long enough."""
    return (
        batch.frequency.kind in ("D", "B") and bool(len(batch)) and bool(batch.lengths.max() >= _length(batch, YEARS))
    )


def year_of(batch: Batch, row: int, horizon: int) -> Year:
    """The factors of one series; all 1 where its years do not repeat or it can be negative."""
    values, last = batch.values[row], int(batch.last[row])
    index = np.arange(last - len(values) + 1, last + horizon + 1)
    positions = _positions(batch.frequency.starts(index))
    profile = _profile(
        filled(values).tobytes(), positions[: len(values)].tobytes(), _length(batch, 1), batch.frequency.season
    )
    factors = profile[positions]
    return Year(factors[: len(values)], factors[len(values) :])


def _length(batch: Batch, years: int) -> int:
    """Periods in so many years."""
    return int(np.ceil(years * (365.25 if batch.frequency.kind == "D" else 365.25 * 5 / 7)))


def _positions(days: np.ndarray) -> np.ndarray:
    """The day of the year from 0, in a leap year as in others: 1 March is always 60."""
    months = days.astype("datetime64[M]")
    in_month = (days - months.astype("datetime64[D]")).astype(np.int64)
    leap = (np.datetime64("2000-01") + months.astype(np.int64) % 12).astype("datetime64[D]")
    return (leap - np.datetime64("2000-01-01")).astype(np.int64) + in_month


@lru_cache(maxsize=4096)  # every model of a cutoff asks for the same one
def _profile(values: bytes, positions: bytes, year: int, week: int) -> np.ndarray:
    """The factor of each day of the year."""
    y, days = np.frombuffer(values), np.frombuffer(positions, dtype=np.int64)
    flat, count = np.ones(DAYS), len(y) // year
    if count < YEARS or y.min() < 0:
        return flat
    level = _level(y, year, count)
    if level.min() <= 0:
        return flat
    ratio = _smoothed(y / level, week)
    years = np.array([_by_day(ratio[start : start + year], days[start : start + year]) for start in _starts(y, year)])
    weight = _repeated(years)
    return flat if weight == 0 else _normed(1 + weight * (np.median(years, axis=0) - 1))


def _starts(y: np.ndarray, year: int) -> range:
    """Where each whole year begins, counted back from the end."""
    return range(len(y) % year, len(y) - year + 1, year)


def _level(y: np.ndarray, year: int, count: int) -> np.ndarray:
    """The mean of each year at its middle, straight in between, and as in the nearest year outside."""
    starts = np.array(_starts(y, year))
    means = np.array([y[start : start + year].mean() for start in starts])
    return np.interp(np.arange(len(y)), starts + year / 2, means)


def _smoothed(ratio: np.ndarray, week: int) -> np.ndarray:
    """Centred medians of SMOOTHED values without their week: a year's edges, as on 1 December, stay sharp.

    Where many values are 0, means: their median would be 0.
    """
    at = np.arange(len(ratio)) % week
    by_day = np.array([ratio[at == day].mean() for day in range(week)])
    if by_day.min() > 0:
        ratio = ratio / by_day[at]
    windows = sliding_window_view(np.pad(ratio, SMOOTHED // 2, mode="edge"), SMOOTHED)
    middle = np.median if (ratio > 0).mean() > MOSTLY else np.mean
    return np.asarray(middle(windows, axis=1))


def _by_day(ratio: np.ndarray, days: np.ndarray) -> np.ndarray:
    """The ratios of one year by day of the year, straight between those that it lacks (29 February, weekends)."""
    order = np.argsort(days, kind="stable")
    return np.interp(np.arange(DAYS), days[order], ratio[order])


def _repeated(years: np.ndarray) -> float:
    """How much of a profile repeats: the slope of each year on the others' median; 0 where it explains too little."""
    own, other = years - 1, []
    for number in range(len(years)):
        other.append(np.median(np.delete(years, number, axis=0), axis=0) - 1)
    others = np.array(other)
    size = float((others**2).sum())
    slope = float(np.clip((own * others).sum() / size, 0, 1)) if size > 0 else 0.0
    total = float((own**2).sum())
    explained = 1 - float(((own - slope * others) ** 2).sum()) / total if total > 0 else 0.0
    return slope if explained >= MIN_GAIN else 0.0


def _normed(profile: np.ndarray) -> np.ndarray:
    """Positive, with a mean of 1."""
    least = np.maximum(profile, 0.05)
    return np.asarray(least / least.mean())
