"""A batch of series, what a model is, and the models that are found in the folder `models/`."""

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar

import numpy as np
import polars as pl

from forecasts.errors import ForecastError
from forecasts.panel.frequency import Frequency

ALWAYS = -np.iinfo(np.int64).max  # the day from which a calendar is known


@dataclass(frozen=True)
class Regressors:
    """Known numbers per period that every series of a batch may use: festivals, working days, market facts.

    first: period number of the first row. values: one row per period, history and future, one column per name.
    published: day number from which each value is known, or None if all are known for ever, as a calendar is.
    revisions: later values of the same shape and the days from which they are known, the earlier revision first.
    moved: what a scenario adds to the values as they are seen, where they have a day.
    """

    names: tuple[str, ...]
    first: int
    values: np.ndarray
    published: np.ndarray | None = None
    revisions: tuple[tuple[np.ndarray, np.ndarray], ...] = ()
    moved: np.ndarray | None = None

    def seen(self, day: int) -> "Regressors":
        """As they were known at the end of a day: as last revised by then; unpublished ones are carried forward.

        Figures from outside are in standard deviations from the mean of what had been published by that day, so that
        effects of a market size and of a price are of one kind. The first vintage sets the scale: a revision is
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
            _carried(_standardised(column, scale) if is_dated else column)
            for column, scale, is_dated in zip(values.T, first.T, dated, strict=True)
        ]
        known = np.column_stack(columns) + (0.0 if self.moved is None else self.moved)
        return Regressors(self.names, self.first, known)

    def rows(self, start: int, stop: int) -> np.ndarray:
        """The rows of periods start ... stop - 1."""
        return self.values[start - self.first : stop - self.first]


@dataclass(frozen=True)
class Batch:
    """Series of one frequency, without gaps: an unknown period inside a series is NaN.

    values[i] ends at period last[i]; the first and the last value of a series are known. An all-unknown series has
    no values, and its `last` is the last period that was named.
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
        """The series at these places, in this order."""
        ids = tuple(self.unique_ids[row] for row in rows)
        return replace(self, unique_ids=ids, values=tuple(self.values[row] for row in rows), last=self.last[rows])

    def without_last(self, held: np.ndarray) -> "Batch":
        """The same series as they were `held[i]` periods earlier."""
        values = tuple(series[: len(series) - out] for series, out in zip(self.values, held, strict=True))
        return replace(self, values=values, last=self.last - held)

    def future(self, horizon: int) -> np.ndarray:
        """Period numbers that are forecast: one row per series, one column per step."""
        return self.last[:, None] + np.arange(1, horizon + 1)[None, :]


def batch_of(history: pl.DataFrame, frequency: Frequency) -> Batch:
    """A batch from a long frame `unique_id, ds, y`; series come out sorted by id.

    Raises ForecastError if a series names a period twice.
    """
    frame = history.select("unique_id", pl.col("ds").cast(pl.Date), pl.col("y").cast(pl.Float64))
    frame = frame.sort("unique_id", "ds")
    index = frequency.index(frame["ds"].to_numpy())
    known = frame["y"].to_numpy().copy()
    known[~np.isfinite(known)] = np.nan
    runs = frame["unique_id"].rle().struct.unnest()
    stops = np.cumsum(runs["len"].to_numpy())
    starts = stops - runs["len"].to_numpy()
    ids = tuple(runs["value"].to_list())
    pieces = [_regular(ids[i], index[a:b], known[a:b]) for i, (a, b) in enumerate(zip(starts, stops, strict=True))]
    last = np.array([end for _, end in pieces], dtype=np.int64)
    return Batch(ids, tuple(values for values, _ in pieces), last, frequency)


def _regular(unique_id: str, index: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, int]:
    """One series with every period between its first and its last known value, and the number of the last."""
    if (np.diff(index) == 0).any():
        raise ForecastError(two_rows(unique_id))
    known = np.flatnonzero(~np.isnan(y))
    if len(known) == 0:
        return np.empty(0), int(index[-1])
    index, y = index[known[0] : known[-1] + 1], y[known[0] : known[-1] + 1]
    values = np.full(index[-1] - index[0] + 1, np.nan)
    values[index - index[0]] = y
    return values, int(index[-1])


def two_rows(unique_id: str) -> str:
    """What is said of a series that names a period twice."""
    return f"series {unique_id!r}: two rows fall into one period: sum them, or use a finer --freq"


def filled(values: np.ndarray) -> np.ndarray:
    """The series with unknown periods filled in a straight line between their neighbours."""
    gaps = np.isnan(values)
    if not gaps.any():
        return values
    places = np.arange(len(values))
    return np.interp(places, places[~gaps], values[~gaps])


def _standardised(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    known = first[~np.isnan(first)]
    spread = known.std() if len(known) and known.std() > 0 else 1.0
    return (values - known.mean()) / spread if len(known) else values


def _carried(column: np.ndarray) -> np.ndarray:
    """Unknown values replaced by the last known one before them, at the start by the first, 0 if none is known."""
    known = np.flatnonzero(~np.isnan(column))
    if len(known) == 0:
        return np.zeros(len(column))
    place = np.searchsorted(known, np.arange(len(column)), side="right") - 1
    return column[known[np.maximum(place, 0)]]


class Model(ABC):
    """One way to forecast. Adding one is one file in `models/` with one subclass.

    name: as it stands in every `model` column. engine: what computes it. tiers: which tiers try it.
    seasons_needed: a series with fewer known seasons is not given to it. learns_across_series: a series' forecast
    depends on the others of its partition.
    """

    name: ClassVar[str]
    engine: ClassVar[str] = "numpy"
    seasons_needed: ClassVar[float] = 0.0
    uses_regressors: ClassVar[bool] = False
    learns_across_series: ClassVar[bool] = False

    @abstractmethod
    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """Point forecasts: one row per series, one column per step; a NaN row where the model has no answer."""

    def predict_able(self, batch: Batch, horizon: int) -> np.ndarray:
        """`predict` on the series that are long enough; NaN rows for the others and for absurd answers."""
        out = np.full((len(batch), horizon), np.nan)
        needed = max(1, int(np.ceil(self.seasons_needed * batch.frequency.season)))
        able = np.flatnonzero(batch.lengths >= needed)
        if len(able):
            chosen = batch.take(able)
            out[able] = _sane(self._with_effects(chosen, horizon), chosen)
        return out

    def _with_effects(self, batch: Batch, horizon: int) -> np.ndarray:
        """The forecast; for a model that knows no regressors, of the series without their effects, put back after."""
        if batch.regressors is None or self.uses_regressors:
            return self.predict(batch, horizon)
        from forecasts.panel.festival_effects import effects_of

        effects = effects_of(batch, horizon)
        return effects.put_back(self.predict(effects.removed, horizon))


def _sane(forecasts: np.ndarray, batch: Batch) -> np.ndarray:
    """NaN rows where a forecast is not a number or leaves the history by a hundred times its range."""
    high = np.array([np.nanmax(np.abs(values)) for values in batch.values])
    bad = ~np.isfinite(forecasts).all(axis=1) | (np.abs(np.nan_to_num(forecasts)).max(axis=1) > 100 * high + 1e-9)
    out = forecasts.astype(float, copy=True)
    out[bad] = np.nan
    return out


@cache
def registry() -> dict[str, type[Model]]:
    """Every model by name: the classes with a name in the modules of `forecasts.models`."""
    package = importlib.import_module("forecasts.models")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"forecasts.models.{module.name}")
    return {kind.name: kind for kind in sorted(_subclasses(Model), key=lambda kind: kind.name)}


def _subclasses(parent: type) -> list[type[Model]]:
    found = [kind for child in parent.__subclasses__() for kind in (child, *_subclasses(child))]
    return [kind for kind in found if "name" in kind.__dict__]


def model(name: str) -> Model:
    """A model by its name; ForecastError if there is none of that name."""
    if name not in registry():
        raise ForecastError(f"model {name!r} is unknown: there are {', '.join(registry())}")
    return registry()[name]()
