"""A batch of series in equal steps, and the regressors of their periods."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from forecasts.errors import ForecastError
from forecasts.panel.frequency import Frequency

ALWAYS = -np.iinfo(np.int64).max  # the day from which a calendar is known


@dataclass(frozen=True)
class Regressors:
    """Known numbers per period that every series of a batch may use: festivals, working days, market facts.

    first: period number of the first row. values: one row per period, history and future, one column per name.
    published: day number from which each value is known, or None if all are always known, as a calendar is.
    revisions: later values of the same shape and the days from which they are known, the earlier revision first.
    shift: what a scenario adds to the values as published, where they have a publication day.
    """

    names: tuple[str, ...]
    first: int
    values: np.ndarray
    published: np.ndarray | None = None
    revisions: tuple[tuple[np.ndarray, np.ndarray], ...] = ()
    shift: np.ndarray | None = None

    def as_of(self, day: int) -> "Regressors":
        """The values known at the end of a day: as last revised by then; unpublished ones are carried forward.

        External figures are standardised by the mean and standard deviation of what had been published by that day, so
        that effects of a market size and of a price are comparable. The first vintage sets the scale: a revision is
        measured in its units.
        """
        if self.published is None:
            return self
        first = np.where(self.published <= day, self.values, np.nan)
        values = first
        for revised, since in self.revisions:
            values = np.where(since <= day, revised, values)
        dated = np.asarray((self.published > ALWAYS).any(axis=0))
        columns = [
            _forward_filled(_standardised(column, scale) if is_dated else column)
            for column, scale, is_dated in zip(values.T, first.T, dated, strict=True)
        ]
        shift = 0.0 if self.shift is None else self.shift
        return Regressors(self.names, self.first, np.column_stack(columns) + shift)

    def rows(self, start: int, stop: int) -> np.ndarray:
        """The rows of periods start ... stop - 1."""
        return self.values[start - self.first : stop - self.first]


@dataclass(frozen=True)
class Batch:
    """Series of one frequency, without gaps: an unknown period inside a series is NaN.

    values[i] ends at period last[i]; the first and the last value of a series are known. An all-unknown series has
    no values, and its `last` is its last period in the table.
    """

    unique_ids: tuple[str, ...]
    values: tuple[np.ndarray, ...]
    last: np.ndarray
    frequency: Frequency
    regressors: Regressors | None = None

    def __len__(self) -> int:
        """Number of series."""
        return len(self.unique_ids)

    @property
    def lengths(self) -> np.ndarray:
        """Periods per series."""
        return np.array([len(series) for series in self.values], dtype=np.int64)

    def take(self, rows: Sequence[int] | np.ndarray) -> "Batch":
        """The series of these rows, in this order."""
        ids = tuple(self.unique_ids[row] for row in rows)
        return replace(self, unique_ids=ids, values=tuple(self.values[row] for row in rows), last=self.last[rows])

    def without_last(self, held_out: np.ndarray) -> "Batch":
        """The same series as they were `held[i]` periods earlier."""
        values = tuple(series[: len(series) - held] for series, held in zip(self.values, held_out, strict=True))
        return replace(self, values=values, last=self.last - held_out)

    def future(self, horizon: int) -> np.ndarray:
        """Period numbers of the forecast: one row per series, one column per step."""
        return self.last[:, None] + np.arange(1, horizon + 1)[None, :]


def batch_of(history: pl.DataFrame, frequency: Frequency) -> Batch:
    """A batch from a long frame `unique_id, ds, y`; series come out sorted by id.

    Raises ForecastError if a series has two rows in one period.
    """
    frame = history.select("unique_id", pl.col("ds").cast(pl.Date), pl.col("y").cast(pl.Float64))
    frame = frame.sort("unique_id", "ds")
    index = frequency.index(frame["ds"].to_numpy())
    values = frame["y"].to_numpy().copy()
    values[~np.isfinite(values)] = np.nan
    runs = frame["unique_id"].rle().struct.unnest()
    stops = np.cumsum(runs["len"].to_numpy())
    starts = stops - runs["len"].to_numpy()
    ids = tuple(runs["value"].to_list())
    pieces = [
        _regular_series(ids[i], index[a:b], values[a:b]) for i, (a, b) in enumerate(zip(starts, stops, strict=True))
    ]
    last = np.array([end for _, end in pieces], dtype=np.int64)
    return Batch(ids, tuple(series for series, _ in pieces), last, frequency)


def _regular_series(unique_id: str, index: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, int]:
    """One series with every period between its first and its last known value, and the number of the last."""
    if (np.diff(index) == 0).any():
        raise ForecastError(duplicate_period_message(unique_id))
    known = np.flatnonzero(~np.isnan(y))
    if len(known) == 0:
        return np.empty(0), int(index[-1])
    index, y = index[known[0] : known[-1] + 1], y[known[0] : known[-1] + 1]
    values = np.full(index[-1] - index[0] + 1, np.nan)
    values[index - index[0]] = y
    return values, int(index[-1])


def duplicate_period_message(unique_id: str) -> str:
    """The error message for a series with two rows in one period."""
    return f"series {unique_id!r}: two rows fall into one period: sum them, or use a finer --freq"


def filled(values: np.ndarray) -> np.ndarray:
    """The series with unknown periods filled in a straight line between their neighbours."""
    gaps = np.isnan(values)
    if not gaps.any():
        return values
    positions = np.arange(len(values))
    return np.interp(positions, positions[~gaps], values[~gaps])


def _standardised(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    known = first[~np.isnan(first)]
    spread = known.std() if len(known) and known.std() > 0 else 1.0
    return (values - known.mean()) / spread if len(known) else values


def _forward_filled(column: np.ndarray) -> np.ndarray:
    """Unknown values replaced by the last known one before them, at the start by the first; 0 if none is known."""
    known = np.flatnonzero(~np.isnan(column))
    if len(known) == 0:
        return np.zeros(len(column))
    position = np.searchsorted(known, np.arange(len(column)), side="right") - 1
    return column[known[np.maximum(position, 0)]]
