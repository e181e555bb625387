"""Regressors from outside: market facts, promotions, prices, with the day on which each figure was published.

What was not yet published at a cutoff is not seen there: the last figure known by then is carried forward, in the
backtest as in the forecast. A revised figure is seen as it stood on that day: every vintage is kept. Planned figures
(a promotion calendar) carry the day on which they were planned.
"""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl

from forecasts.errors import ForecastError
from forecasts.panel.batch import ALWAYS, Batch, Regressors

COLUMNS = ("name", "ds", "value", "published_on")
NEVER = np.iinfo(np.int64).max


def with_external(
    known: Regressors | None, facts: pl.DataFrame | None, batch: Batch, horizon: int, as_of: date
) -> Regressors | None:
    """The batch's regressors with one column per name of `facts` (COLUMNS; ds any day of its period, mean taken).

    Figures published after `as_of` are left out; the others stay in their own units until a day looks at them.
    """
    if facts is None or facts.is_empty() or not len(batch):
        return known
    missing = [name for name in COLUMNS if name not in facts.columns]
    if missing:
        raise ForecastError(f"regressors: column {missing[0]} is missing: expected {', '.join(COLUMNS)}")
    first = int((batch.last - batch.lengths).min())
    size = int(batch.last.max()) + horizon + 1 - first
    visible = facts.filter(pl.col("published_on") <= as_of).sort("name", "ds", "published_on", "value")
    visible = visible.unique(["name", "ds", "published_on"], keep="last", maintain_order=True)
    names = tuple(visible["name"].unique().sort().to_list())
    columns = [_vintages(visible.filter(pl.col("name") == name), batch, first, size) for name in names]
    if not columns:
        return known
    depth = max(len(days) for _, days in columns)
    layers = [_layer(columns, place) for place in range(depth)]
    return _beside(known, Regressors(names, first, *layers[0], tuple(layers[1:])))


def _vintages(facts: pl.DataFrame, batch: Batch, first: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Values and days of publication, (vintages, periods): as first published, first revision, ...

    NaN and NEVER where there is none.
    """
    periods = pl.Series(batch.frequency.index(facts["ds"].cast(pl.Date).to_numpy()) - first)
    dated = facts.with_columns(period=periods, day=pl.col("published_on").cast(pl.Date).cast(pl.Int32))
    dated = dated.filter(pl.col("period").is_between(0, size - 1))
    stories = {int(period): _story(rows) for (period,), rows in dated.group_by("period")}
    depth = max(map(len, stories.values()), default=1)
    values, days = np.full((depth, size), np.nan), np.full((depth, size), NEVER)
    for period, story in stories.items():
        for place, (day, value) in enumerate(story):
            values[place, period], days[place, period] = value, day
    return values, days


def _story(rows: pl.DataFrame) -> list[tuple[int, float]]:
    """What was known of one period, and from which day: from the day on which all its figures were out."""
    complete = rows.group_by("ds").agg(pl.col("day").min())["day"].max()
    days = rows.filter(pl.col("day") >= complete)["day"].unique().sort().to_list()
    known = (rows.filter(pl.col("day") <= day).sort("day").group_by("ds").agg(pl.col("value").last()) for day in days)
    return [(day, float(np.mean(table["value"].to_list()))) for day, table in zip(days, known, strict=True)]


def _layer(columns: list[tuple[np.ndarray, np.ndarray]], place: int) -> tuple[np.ndarray, np.ndarray]:
    """One vintage of all names, (periods, names): values and days."""
    size = columns[0][0].shape[1]
    nothing = np.full(size, np.nan), np.full(size, NEVER)
    picked = [(v[place], d[place]) if place < len(d) else nothing for v, d in columns]
    return np.column_stack([value for value, _ in picked]), np.column_stack([day for _, day in picked])


def _beside(known: Regressors | None, found: Regressors) -> Regressors:
    if known is None:
        return found
    nothing = np.full(known.values.shape, ALWAYS)
    return replace(
        known,
        names=(*known.names, *found.names),
        values=np.column_stack([known.values, found.values]),
        published=np.column_stack([nothing, found.published]) if found.published is not None else None,
        revisions=tuple(
            (np.column_stack([known.values, values]), np.column_stack([np.full(nothing.shape, NEVER), since]))
            for values, since in found.revisions
        ),
    )


def scenario_future(known: Regressors, changes: dict[str, float], from_period: int) -> Regressors:
    """The regressors with some of them moved from a period on, in their own standard deviations."""
    unknown = sorted(set(changes) - set(known.names))
    if unknown:
        raise ForecastError(f"scenario: regressor {unknown[0]!r} is unknown: there are {', '.join(known.names)}")
    shift = np.zeros(known.values.shape)
    for name, amount in changes.items():
        shift[from_period - known.first :, known.names.index(name)] += amount
    return replace(known, shift=shift) if known.published is not None else replace(known, values=known.values + shift)
