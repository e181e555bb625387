"""Cut a panel into stacks: series whose calendars have the same length and the same columns, solved together."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forecasts.prophet_map.design import Design, design
from forecasts.prophet_map.holidays import years_of
from forecasts.prophet_map.panel import FloatArray, IntArray, Panel, distinct_rows
from forecasts.prophet_map.seasons import features, has_auto_seasonality, layout_of
from forecasts.prophet_map.specification import Specification

DATES_PER_STACK = 8_192  # some 600 bytes of algebra per calendar and date: as much as stays near the processor


@dataclass(frozen=True)
class Stack:
    """Series `members` (numbers in the panel), the calendar each follows, their values, and the shared design."""

    members: IntArray
    calendar: IntArray
    y: FloatArray  # series x points, in the series' own units
    design: Design
    dates: IntArray  # calendars x points, microseconds
    means: FloatArray  # calendars x frame columns: what was subtracted from regressors
    deviations: FloatArray  # calendars x frame columns: what they were divided by


def stacks(spec: Specification, panel: Panel) -> Iterator[Stack]:
    """All stacks of a panel; series with fewer than two distinct dates are in none."""
    counts = panel.counts
    for points in np.unique(counts[counts >= 2]):
        members = np.flatnonzero(counts == points)
        members = members[panel.ds[panel.offsets[members]] < panel.ds[panel.offsets[members] + points - 1]]
        if len(members):
            yield from _stacks_of_length(spec, panel, members, int(points))


def _stacks_of_length(spec: Specification, panel: Panel, members: IntArray, points: int) -> Iterator[Stack]:
    rows = panel.offsets[members][:, None] + np.arange(points)
    dates, extra = panel.ds[rows], panel.extra[rows]
    keys = np.concatenate([dates, extra.reshape(len(rows), -1).view(np.int64)], axis=1)
    first, calendar = distinct_rows(np.ascontiguousarray(keys))
    for calendars in _same_columns(spec, dates[first]):
        size = max(DATES_PER_STACK // points, 1)
        for start in range(0, len(calendars), size):
            chosen = calendars[start : start + size]
            position = np.full(len(first), -1)
            position[chosen] = np.arange(len(chosen))
            selected = np.flatnonzero(position[calendar] >= 0)
            selected = selected[np.argsort(position[calendar[selected]], kind="stable")]
            yield _stack(
                spec,
                members[selected],
                position[calendar[selected]],
                panel.y[rows[selected]],
                dates[first[chosen]],
                extra[first[chosen]],
            )


def _same_columns(spec: Specification, dates: IntArray) -> list[IntArray]:
    """Calendars grouped by the columns they get: built-in seasonalities and, for national holidays, years."""
    columns = has_auto_seasonality(dates).astype(np.int64)
    if spec.country:
        present = years_of(dates)[:, :, None] == np.unique(years_of(dates))
        columns = np.concatenate([columns, present.any(axis=1)], axis=1)
    first, group = distinct_rows(columns)
    return [np.flatnonzero(group == number) for number in range(len(first))]


def _stack(
    spec: Specification, members: IntArray, calendar: IntArray, y: FloatArray, dates: IntArray, extra: FloatArray
) -> Stack:
    layout = layout_of(spec, dates[0])
    means, deviations = standardisation(spec, extra)
    X = features(spec, layout, dates, (extra - means[:, None]) / deviations[:, None])
    return Stack(members, calendar, y, design(spec, layout, dates, X), dates, means, deviations)


def standardisation(spec: Specification, extra: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation per calendar and frame column; 0 and 1 where a column is taken as it is.

    Prophet's rule (initialize_scales): 'auto' leaves columns of zeros and ones alone, and a constant is never scaled.
    """
    means, deviations = np.zeros((len(extra), extra.shape[2])), np.ones((len(extra), extra.shape[2]))
    for j, regressor in enumerate(spec.regressors):
        values = extra[:, :, j]
        varies = values.min(axis=1) < values.max(axis=1)
        binary = ((values == 0) | (values == 1)).all(axis=1)
        scaled = varies & (~binary if regressor.standardize == "auto" else bool(regressor.standardize))
        means[scaled, j] = values[scaled].mean(axis=1)
        deviations[scaled, j] = values[scaled].std(axis=1, ddof=1)
    return means, deviations
