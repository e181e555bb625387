"""The served forecasts of a group, made coherent: of the future, and of every cutoff that all members share."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forecasts.backtesting.metrics import scale_of
from forecasts.backtesting.rolling_origin import Candidates, Origin
from forecasts.reconciliation import reconcile
from forecasts.reconciliation.hierarchy import Hierarchy
from forecasts.selection import fallback


def make_coherent(
    candidates: Candidates, served: Sequence[str], hierarchies: Sequence[Hierarchy], floor: np.ndarray
) -> tuple[Candidates, list[dict[str, object]]]:
    """The candidates with coherent served forecasts, and why each method was chosen."""
    evidence: list[dict[str, object]] = []
    for hierarchy in hierarchies:
        cutoffs = {
            index: nodes for index in range(len(candidates.origins)) if (nodes := cutoff(candidates, hierarchy, index))
        }
        limits = floor[hierarchy.rows]
        method = reconcile.choose(hierarchy, list(cutoffs.values()), limits)
        evidence += method.evidence
        origins = list(candidates.origins)
        for index, base in cutoffs.items():
            others = [cutoffs[key] for key in cutoffs if key != index]
            adjusted = reconcile.coherent(hierarchy, base.forecast, others, method.name, limits)
            origins[index] = _with_past(origins[index], hierarchy, adjusted)
        future = _future(candidates, served, hierarchy, list(cutoffs.values()), method.name, limits)
        candidates = replace(candidates, future=future, origins=tuple(origins))
    return candidates, evidence


def cutoff(candidates: Candidates, hierarchy: Hierarchy, index: int) -> reconcile.Cutoff | None:
    """Forecasts and actuals of every node after one cutoff; None if no node has it.

    A node without a backtest at this cutoff has its naive forecast; before its first value it is zero.
    """
    origin = candidates.origins[index]
    positions = {int(row): position for position, row in enumerate(origin.rows)}
    held_out = [int(origin.held_out[positions[row]]) for row in hierarchy.rows.tolist() if row in positions]
    if not held_out:
        return None
    common = max(set(held_out), key=held_out.count)
    parts = [_node(candidates, origin, positions.get(row), row, common) for row in hierarchy.rows.tolist()]
    forecast, actual = (np.vstack([part[column] for part in parts]) for column in (0, 1))
    return reconcile.Cutoff(forecast, actual, np.array([part[2] for part in parts]))


def _node(
    candidates: Candidates, origin: Origin, index: int | None, row: int, held_out: int
) -> tuple[np.ndarray, np.ndarray, float]:
    if index is not None and int(origin.held_out[index]) == held_out:
        forecast = origin.forecasts["pool"][index]
        if not np.isnan(forecast).any():
            return forecast, origin.actual[index], float(origin.scale[index])
    return _naive_node(candidates, row, held_out)


def _naive_node(candidates: Candidates, row: int, held_out: int) -> tuple[np.ndarray, np.ndarray, float]:
    batch, horizon = candidates.batch, candidates.horizon
    values = batch.values[row]
    before = values[: max(0, len(values) - held_out)]
    actual = np.full(horizon, np.nan)
    observed = np.concatenate([np.zeros(max(0, held_out - len(values))), values[len(before) :]])[:horizon]
    actual[: len(observed)] = observed
    if len(before) == 0 or np.isnan(before).all():
        return np.zeros(horizon), actual, scale_of(values, batch.frequency.season)
    past = batch.take([row]).without_last(np.array([held_out]))
    return fallback.naive_forecast(past, 0, horizon)[1], actual, scale_of(before, batch.frequency.season)


def _with_past(origin: Origin, hierarchy: Hierarchy, adjusted: np.ndarray) -> Origin:
    """The origin with coherent pool forecasts at the nodes that have this cutoff."""
    pool = origin.forecasts["pool"].copy()
    positions = {int(row): position for position, row in enumerate(origin.rows)}
    held_out = [int(origin.held_out[positions[row]]) for row in hierarchy.rows.tolist() if row in positions]
    common = max(set(held_out), key=held_out.count)
    for node, row in enumerate(hierarchy.rows.tolist()):
        if row in positions and int(origin.held_out[positions[row]]) == common:
            pool[positions[row]] = adjusted[node]
    return replace(origin, forecasts={**origin.forecasts, "pool": pool})


def _future(
    candidates: Candidates,
    served: Sequence[str],
    hierarchy: Hierarchy,
    cutoffs: Sequence[reconcile.Cutoff],
    method: str,
    floor: np.ndarray,
) -> dict[str, np.ndarray]:
    base = np.vstack([candidates.future[served[row]][row] for row in hierarchy.rows.tolist()])
    adjusted = reconcile.coherent(hierarchy, base, cutoffs, method, floor)
    future = {name: values.copy() for name, values in candidates.future.items()}
    for node, row in enumerate(hierarchy.rows.tolist()):
        future[served[row]][row] = adjusted[node]
    return future
