"""Regressors from outside: market facts, promotions, prices, with the day on which each figure was published.

What was not yet published at a cutoff is not seen there: the last figure known by then is carried forward, in the
backtest as in the forecast. Planned figures (a promotion calendar) carry the day on which they were planned.
"""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl

from forecasts.base import Batch, Regressors
from forecasts.errors import ForecastError

COLUMNS = ("name", "ds", "value", "published_on")
NEVER = np.iinfo(np.int64).max


def with_external(
    known: Regressors | None, facts: pl.DataFrame | None, batch: Batch, horizon: int, as_of: date
) -> Regressors | None:
    """The batch's regressors with one column per name of `facts` (COLUMNS; ds any day of its period, mean taken).

    Figures published after `as_of` are left out. A fact of a calendar without another regressor keeps its own scale.
    """
    if facts is None or facts.is_empty() or not len(batch):
        return known
    missing = [name for name in COLUMNS if name not in facts.columns]
    if missing:
        raise ForecastError(f"regressors: column {missing[0]} is missing: expected {', '.join(COLUMNS)}")
    first = int((batch.last - batch.lengths).min())
    size = int(batch.last.max()) + horizon + 1 - first
    # As first published: what a model learns from must be what it would have had, and a revision comes later.
    visible = facts.filter(pl.col("published_on") <= as_of).sort("name", "ds", "published_on")
    visible = visible.unique(["name", "ds"], keep="first", maintain_order=True)
    names = tuple(visible["name"].unique().sort().to_list())
    columns = [_column(visible.filter(pl.col("name") == name), batch, first, size) for name in names]
    if not columns:
        return known
    values = np.column_stack([_standardised(value) for value, _ in columns])
    published = np.column_stack([day for _, day in columns])
    return _beside(known, Regressors(names, first, values, published))


def _column(facts: pl.DataFrame, batch: Batch, first: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Value and day of publication per period; NaN and NEVER where there is no figure."""
    place = batch.frequency.index(facts["ds"].cast(pl.Date).to_numpy()) - first
    days = facts["published_on"].cast(pl.Date).to_numpy().astype("datetime64[D]").astype(np.int64)
    amounts = facts["value"].cast(pl.Float64).to_numpy()
    values, published = np.full(size, np.nan), np.full(size, NEVER)
    for period in np.unique(place[(place >= 0) & (place < size)]):
        inside = place == period
        values[period], published[period] = amounts[inside].mean(), days[inside].max()
    return values, published


def _standardised(values: np.ndarray) -> np.ndarray:
    """In standard deviations from the mean: effects of a market size and of a price are then of one kind."""
    known = values[~np.isnan(values)]
    spread = known.std() if len(known) and known.std() > 0 else 1.0
    return (values - known.mean()) / spread if len(known) else values


def _beside(known: Regressors | None, found: Regressors) -> Regressors:
    if known is None:
        return found
    nothing = np.full(known.values.shape, -NEVER)  # a calendar is known for ever
    return replace(
        known,
        names=(*known.names, *found.names),
        values=np.column_stack([known.values, found.values]),
        published=np.column_stack([nothing, found.published]) if found.published is not None else None,
    )


def scenario_future(known: Regressors, changes: dict[str, float], from_period: int) -> Regressors:
    """The regressors with some of them moved from a period on, in their own standard deviations."""
    unknown = sorted(set(changes) - set(known.names))
    if unknown:
        raise ForecastError(f"scenario: regressor {unknown[0]!r} is unknown: there are {', '.join(known.names)}")
    values = known.values.copy()
    for name, amount in changes.items():
        values[from_period - known.first :, known.names.index(name)] += amount
    return replace(known, values=values)
