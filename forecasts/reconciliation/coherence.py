"""The served forecasts of a group, made coherent: of the future, and of every cutoff that all members share."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forecasts.backtesting.metrics import scale_of
from forecasts.backtesting.rolling_origin import Candidates, Origin
from forecasts.reconciliation import reconcile
from forecasts.reconciliation.hierarchy import Hierarchy
from forecasts.selection import fallback

SERVED = "served"  # the forecast that is served, per step from the pool or from a peer


def make_coherent(
    candidates: Candidates, hierarchies: Sequence[Hierarchy], floor: np.ndarray
) -> tuple[Candidates, list[dict[str, object]]]:
    """The candidates with coherent served forecasts, and why each method was chosen."""
    evidence: list[dict[str, object]] = []
    for hierarchy in hierarchies:
        cutoffs = {
            index: nodes
            for index, origin in enumerate(candidates.origins)
            if (nodes := cutoff(candidates, hierarchy, origin))
        }
        limits = floor[hierarchy.rows]
        method = reconcile.choose(hierarchy, list(cutoffs.values()), limits)
        evidence += method.evidence
        origins = list(candidates.origins)
        for index, base in cutoffs.items():
            others = [cutoffs[key] for key in cutoffs if key != index]
            adjusted = reconcile.coherent(hierarchy, base.forecast, others, method.name, limits)
            origins[index] = _with_past(origins[index], hierarchy, adjusted)
        evaluation = _evaluated(candidates, hierarchy, cutoffs, limits)
        future = candidates.future[SERVED].copy()
        base_future = future[hierarchy.rows]
        future[hierarchy.rows] = reconcile.coherent(hierarchy, base_future, list(cutoffs.values()), method.name, limits)
        candidates = replace(
            candidates, future={**candidates.future, SERVED: future}, origins=tuple(origins), evaluation=evaluation
        )
    return candidates, evidence


def _evaluated(
    candidates: Candidates, hierarchy: Hierarchy, cutoffs: dict[int, reconcile.Cutoff], floor: np.ndarray
) -> tuple[Origin, ...]:
    """The evaluation cutoffs, reconciled by the method and the weights that were known at each of them."""
    methods: dict[tuple[int, ...], str] = {}
    evaluation = []
    for origin in candidates.evaluation:
        base = cutoff(candidates, hierarchy, origin)
        if base is not None:
            over = _held_out(origin, hierarchy) + candidates.horizon
            known = tuple(index for index in cutoffs if _held_out(candidates.origins[index], hierarchy) >= over)
            others = [cutoffs[index] for index in known]
            if known not in methods:
                methods[known] = reconcile.choose(hierarchy, others, floor).name
            adjusted = reconcile.coherent(hierarchy, base.forecast, others, methods[known], floor)
            origin = _with_past(origin, hierarchy, adjusted)
        evaluation.append(origin)
    return tuple(evaluation)


def cutoff(candidates: Candidates, hierarchy: Hierarchy, origin: Origin) -> reconcile.Cutoff | None:
    """Forecasts and actuals of every node after one cutoff; None if no node has it.

    A node without a backtest at this cutoff has its naive forecast; before its first value it is zero.
    """
    positions = {int(row): position for position, row in enumerate(origin.rows)}
    if not (common := _held_out(origin, hierarchy)):
        return None
    parts = [_node(candidates, origin, positions.get(row), row, common) for row in hierarchy.rows.tolist()]
    forecast, actual = (np.vstack([part[column] for part in parts]) for column in (0, 1))
    return reconcile.Cutoff(forecast, actual, np.array([part[2] for part in parts]))


def _held_out(origin: Origin, hierarchy: Hierarchy) -> int:
    """The periods after a cutoff of most nodes that have it; 0 if none has."""
    held_out = origin.held_out[np.isin(origin.rows, hierarchy.rows)].tolist()
    return max(set(held_out), key=held_out.count) if held_out else 0


def _node(
    candidates: Candidates, origin: Origin, index: int | None, row: int, held_out: int
) -> tuple[np.ndarray, np.ndarray, float]:
    if index is not None and int(origin.held_out[index]) == held_out:
        forecast = origin.forecasts[SERVED][index]
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
    """The origin with coherent served forecasts at the nodes that have this cutoff."""
    served = origin.forecasts[SERVED].copy()
    positions = {int(row): position for position, row in enumerate(origin.rows)}
    common = _held_out(origin, hierarchy)
    for node, row in enumerate(hierarchy.rows.tolist()):
        if row in positions and int(origin.held_out[positions[row]]) == common:
            served[positions[row]] = adjusted[node]
    return replace(origin, forecasts={**origin.forecasts, SERVED: served})
