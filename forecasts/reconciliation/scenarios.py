"""Scenarios: named shocks to series, or other future values of the regressors, carried through the hierarchy.

A scenario starts from the served forecast. A shock changes the series it names; parents move by as much as their
members, the other members of a moved parent keep their shares of the rest. Bounds keep their relative distance.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from forecasts.backtesting.rolling_origin import with_regressors_at_cutoff
from forecasts.base import model
from forecasts.config import Scenario, Shock
from forecasts.errors import ForecastError
from forecasts.panel.batch import Batch
from forecasts.panel.regressors import scenario_future
from forecasts.reconciliation.hierarchy import Hierarchy
from forecasts.selection.pool import combine


@dataclass(frozen=True)
class Base:
    """The served forecast that scenarios start from: (series, steps) values and their period starts."""

    names: pl.DataFrame
    periods: np.ndarray
    yhat: np.ndarray
    hierarchies: Sequence[Hierarchy]


def scenario_forecasts(
    base: Base, scenarios: Sequence[Scenario], batch: Batch, segments: np.ndarray, members: dict[str, tuple[str, ...]]
) -> dict[str, np.ndarray]:
    """The served forecast under every scenario, (series, steps) by name."""
    return {
        scenario.name: scenario_forecast(base, scenario, _ratios(scenario, batch, base, segments, members))
        for scenario in scenarios
    }


def _ratios(
    scenario: Scenario, batch: Batch, base: Base, segments: np.ndarray, members: dict[str, tuple[str, ...]]
) -> np.ndarray | None:
    """Ratio of each pool's forecast with the scenario's regressors to that without; None if it changes none."""
    if not scenario.regressors:
        return None
    if batch.regressors is None:
        raise ForecastError(f"scenario {scenario.name}: there are no regressors to change")
    horizon = base.yhat.shape[1]
    changed_batch = replace(
        batch, regressors=scenario_future(batch.regressors, scenario.regressors, int(batch.last.min()) + 1)
    )
    ratios = np.ones_like(base.yhat)
    for segment, names in members.items():
        rows = np.flatnonzero(segments == segment)
        changed, base_pool = (_pool(kind.take(rows), names, horizon) for kind in (changed_batch, batch))
        changed = _within_seen(changed, base_pool, batch.take(rows))
        ratios[rows] = np.divide(changed, base_pool, out=np.ones_like(base_pool), where=base_pool != 0)
    return np.nan_to_num(ratios, nan=1.0)


def _within_seen(changed: np.ndarray, base: np.ndarray, batch: Batch) -> np.ndarray:
    """Forecasts no further out than the series ever was, or than its forecast without the change is."""
    low, high = (np.array([[pick(values)] for values in batch.values]) for pick in (np.nanmin, np.nanmax))
    return np.clip(changed, np.fmin(low, base), np.fmax(high, base))


def _pool(batch: Batch, names: Sequence[str], horizon: int) -> np.ndarray:
    return combine(
        {name: model(name).predict_eligible(with_regressors_at_cutoff(batch), horizon) for name in names}, names
    )


def scenario_forecast(base: Base, scenario: Scenario, ratios: np.ndarray | None = None) -> np.ndarray:
    """The served forecast under a scenario, coherent where the base is.

    ratios: effect of the scenario's regressors on each series, (series, steps); applied to the series without children.
    """
    changed = base.yhat.copy()
    fixed = np.zeros(len(base.names), dtype=bool)
    if ratios is not None:
        leaves = _leaves(base)
        changed[leaves] *= ratios[leaves]
        fixed[leaves] = np.abs(ratios[leaves] - 1).max(axis=1) > 0
    for shock in scenario.shocks:
        rows, steps = _shocked(base, shock)
        changed[rows] = np.where(steps[rows], changed[rows] * shock.multiply + shock.add, changed[rows])
        fixed[rows] = True
    for hierarchy in base.hierarchies:
        rows = hierarchy.rows
        changed[rows] = _propagated(hierarchy, base.yhat[rows], changed[rows], fixed[rows])
    return np.where(base.yhat >= 0, np.maximum(changed, 0), changed)


def _shocked(base: Base, shock: Shock) -> tuple[np.ndarray, np.ndarray]:
    """Which series a shock names (none of a frequency without its level), and which of their steps it changes."""
    matches = (pl.col("metric") == shock.metric) & (pl.col("level") == shock.level)
    matches &= (pl.col("member") == shock.member) if shock.member else pl.lit(True)
    rows = np.flatnonzero(base.names.select(matches).to_series().to_numpy())
    steps = np.ones(base.periods.shape, dtype=bool)
    if shock.first_period:
        steps &= base.periods >= np.datetime64(shock.first_period)
    if shock.last_period:
        steps &= base.periods <= np.datetime64(shock.last_period)
    ahead = np.arange(1, base.periods.shape[1] + 1)
    return rows, steps & (ahead >= shock.from_step) & (ahead <= (shock.to_step or len(ahead)))


def _leaves(base: Base) -> np.ndarray:
    parents = {int(hierarchy.rows[parent]) for hierarchy in base.hierarchies for parent, _ in hierarchy.sums}
    return np.array([row for row in range(len(base.names)) if row not in parents], dtype=np.int64)


def _propagated(hierarchy: Hierarchy, before: np.ndarray, after: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    if not hierarchy.is_tree:
        return _propagated_below(hierarchy, before, after, fixed)
    is_moved = fixed.copy()
    for parent, children in reversed(hierarchy.sums):
        if not is_moved[parent] and is_moved[list(children)].any():
            after[parent] = before[parent] + (after[list(children)] - before[list(children)]).sum(axis=0)
            is_moved[parent] = True
    for parent, children in hierarchy.sums:
        members = np.array(children)
        free = members[~is_moved[members]] if (~is_moved[members]).any() else members
        rest = after[parent] - after[np.setdiff1d(members, free)].sum(axis=0)
        total = after[free].sum(axis=0)
        after[free] = np.where(total > 0, after[free] * rest / np.where(total > 0, total, 1), rest / len(free))
        is_moved[members] = is_moved[parent]
    return after


def _propagated_below(hierarchy: Hierarchy, before: np.ndarray, after: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """Where levels cross: a shocked node moves every node below it, and the others are the sums of theirs."""
    lowest = before[hierarchy.free].copy()
    for node in np.flatnonzero(fixed):
        below = hierarchy.summing[node] > 0
        ratio = np.divide(after[node], before[node], out=np.ones_like(after[node]), where=before[node] != 0)
        lowest[below] *= ratio
    return hierarchy.summing @ lowest


def moved_bounds(point: np.ndarray, before: np.ndarray, bound: np.ndarray) -> np.ndarray:
    """A bound at the same relative distance: scaled with its forecast, or shifted where that was zero."""
    ratio = np.divide(point, before, out=np.ones_like(point), where=before != 0)
    return np.where(before != 0, bound * ratio, bound + point)
