"""External regressors: market facts, promotions, prices, with the day on which each figure was published.

A figure that was not yet published at a cutoff is not used there: the last figure known by then is carried forward,
in the backtest as in the forecast. A revised figure is used as it stood on that day: every vintage is kept. Planned
figures (a promotion calendar) carry the day on which they were planned.
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
    calendar: Regressors | None, facts: pl.DataFrame | None, batch: Batch, horizon: int, as_of: date
) -> Regressors | None:
    """The calendar's regressors with one column per name of `facts` (COLUMNS; ds any day of its period, mean taken).

    Figures published after `as_of` are left out; the others stay in their own units (`Regressors.as_of` scales them).
    """
    if facts is None or facts.is_empty() or not len(batch):
        return calendar
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
        return calendar
    depth = max(len(days) for _, days in columns)
    layers = [_vintage(columns, number) for number in range(depth)]
    return _combined(calendar, Regressors(names, first, *layers[0], tuple(layers[1:])))


def _vintages(facts: pl.DataFrame, batch: Batch, first: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Values and days of publication, (vintages, periods): as first published, first revision, ...

    NaN and NEVER where there is none.
    """
    periods = pl.Series(batch.frequency.index(facts["ds"].cast(pl.Date).to_numpy()) - first)
    dated = facts.with_columns(period=periods, day=pl.col("published_on").cast(pl.Date).cast(pl.Int32))
    dated = dated.filter(pl.col("period").is_between(0, size - 1))
    by_period = {int(period): _vintages_of_period(rows) for (period,), rows in dated.group_by("period")}
    depth = max(map(len, by_period.values()), default=1)
    values, days = np.full((depth, size), np.nan), np.full((depth, size), NEVER)
    for period, vintages in by_period.items():
        for number, (day, value) in enumerate(vintages):
            values[number, period], days[number, period] = value, day
    return values, days


def _vintages_of_period(rows: pl.DataFrame) -> list[tuple[int, float]]:
    """The vintages of one period, (day, value), from the day on which all its figures were published."""
    complete = rows.group_by("ds").agg(pl.col("day").min())["day"].max()
    days = rows.filter(pl.col("day") >= complete)["day"].unique().sort().to_list()
    tables = (rows.filter(pl.col("day") <= day).sort("day").group_by("ds").agg(pl.col("value").last()) for day in days)
    return [(day, float(np.mean(table["value"].to_list()))) for day, table in zip(days, tables, strict=True)]


def _vintage(columns: list[tuple[np.ndarray, np.ndarray]], number: int) -> tuple[np.ndarray, np.ndarray]:
    """One vintage of all names, (periods, names): values and publication days."""
    size = columns[0][0].shape[1]
    unpublished = np.full(size, np.nan), np.full(size, NEVER)
    picked = [(v[number], d[number]) if number < len(d) else unpublished for v, d in columns]
    return np.column_stack([value for value, _ in picked]), np.column_stack([day for _, day in picked])


def _combined(calendar: Regressors | None, external: Regressors) -> Regressors:
    if calendar is None:
        return external
    always = np.full(calendar.values.shape, ALWAYS)
    return replace(
        calendar,
        names=(*calendar.names, *external.names),
        values=np.column_stack([calendar.values, external.values]),
        published=np.column_stack([always, external.published]) if external.published is not None else None,
        revisions=tuple(
            (np.column_stack([calendar.values, values]), np.column_stack([np.full(always.shape, NEVER), since]))
            for values, since in external.revisions
        ),
    )


def scenario_future(regressors: Regressors, changes: dict[str, float], from_period: int) -> Regressors:
    """The regressors with some of them shifted from a period on, in standard deviations."""
    unknown = sorted(set(changes) - set(regressors.names))
    if unknown:
        raise ForecastError(f"scenario: regressor {unknown[0]!r} is unknown: there are {', '.join(regressors.names)}")
    shift = np.zeros(regressors.values.shape)
    for name, amount in changes.items():
        shift[from_period - regressors.first :, regressors.names.index(name)] += amount
    return (
        replace(regressors, shift=shift)
        if regressors.published is not None
        else replace(regressors, values=regressors.values + shift)
    )
