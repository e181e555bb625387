"""Reconciliation: the served forecasts of a hierarchy, made coherent by the method with the least backtest error.

The algebra is hierarchicalforecast's (MinT: Wickramasuriya et al. 2019). Series that cannot be negative are
clipped after reconciling, and the sums are then restored exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasts.backtesting.metrics import mase, nan_mean
from forecasts.reconciliation.hierarchy import Hierarchy

METHODS = ("ols", "wls_var", "mint_shrink")


@dataclass(frozen=True)
class Cutoff:
    """Base forecasts and actuals of all nodes of a hierarchy after one cutoff, (nodes, steps), and their scale."""

    forecast: np.ndarray
    actual: np.ndarray
    scale: np.ndarray


@dataclass(frozen=True)
class Method:
    """The chosen method of one hierarchy. evidence: one row per method that was tried."""

    name: str
    evidence: tuple[dict[str, object], ...]


def choose(hierarchy: Hierarchy, cutoffs: Sequence[Cutoff], floor: np.ndarray) -> Method:
    """The method with the smallest error, each cutoff reconciled with weights from the other cutoffs."""
    base = _mean([_error(cutoff.forecast, cutoff) for cutoff in cutoffs])
    errors = {}
    for name in METHODS if len(cutoffs) > 1 else METHODS[:1]:
        cutoff_errors = []
        for index, cutoff in enumerate(cutoffs):
            other_cutoffs = [*cutoffs[:index], *cutoffs[index + 1 :]]
            cutoff_errors.append(_error(coherent(hierarchy, cutoff.forecast, other_cutoffs, name, floor), cutoff))
        errors[name] = _mean(cutoff_errors)
    best = min(errors, key=lambda name: (errors[name], METHODS.index(name))) if cutoffs else METHODS[0]
    rows = [_row(hierarchy, name, name == best, error, "compared by backtest") for name, error in errors.items()]
    rows.append(_row(hierarchy, "none", False, base, "incoherent, for comparison only"))
    return Method(best, tuple(rows))


def coherent(
    hierarchy: Hierarchy, forecast: np.ndarray, cutoffs: Sequence[Cutoff], method: str, floor: np.ndarray
) -> np.ndarray:
    """The coherent forecast of all nodes, (nodes, steps).

    cutoffs: their errors give the covariance (unused by ols). floor: lowest value per node, 0 or minus infinity.
    """
    mapping = _mapping(hierarchy, cutoffs, method)
    adjusted = mapping @ forecast
    if np.isneginf(floor).any():
        return adjusted
    return _from_top(hierarchy, adjusted) if hierarchy.is_tree else _from_bottom(hierarchy, adjusted)


def _mapping(hierarchy: Hierarchy, cutoffs: Sequence[Cutoff], method: str) -> np.ndarray:
    """The (nodes, nodes) matrix that makes a forecast coherent; least squares where the covariance is degenerate."""
    from hierarchicalforecast.methods import MinTrace

    nodes = len(hierarchy.rows)
    order = np.concatenate([np.setdiff1d(np.arange(nodes), hierarchy.free), hierarchy.free])
    summing = hierarchy.summing[order]
    method = method if cutoffs else "ols"
    actual, forecast = (_stacked(cutoffs, name)[order] if cutoffs else None for name in ("actual", "forecast"))
    zeros = np.zeros((nodes, 1))
    try:
        fitted = MinTrace(method).fit(summing, zeros, y_insample=actual, y_hat_insample=forecast)
    except Exception:  # the library raises bare Exception when it cannot invert
        fitted = MinTrace("ols").fit(summing, zeros)
    mapping = np.empty((nodes, nodes))
    mapping[np.ix_(order, order)] = summing @ fitted.P
    return mapping


def _stacked(cutoffs: Sequence[Cutoff], name: str) -> np.ndarray:
    is_known = [~np.isnan(cutoff.actual).any(axis=0) for cutoff in cutoffs]
    return np.hstack([getattr(cutoff, name)[:, keep] for cutoff, keep in zip(cutoffs, is_known, strict=True)])


def _from_top(hierarchy: Hierarchy, adjusted: np.ndarray) -> np.ndarray:
    """Nothing below zero, parents before children: members are clipped and scaled to their parent's value."""
    out = np.maximum(adjusted, 0)
    for parent, children in hierarchy.sums:
        members = out[list(children)]
        total = members.sum(axis=0)
        equal = np.full_like(members, 1 / len(children))
        shares = np.divide(members, total, out=equal, where=total > 0)
        out[list(children)] = shares * out[parent]
    return out


def _from_bottom(hierarchy: Hierarchy, adjusted: np.ndarray) -> np.ndarray:
    """Nothing below zero where levels cross: the lowest nodes are clipped, and the rest is their sum."""
    return hierarchy.summing @ np.maximum(adjusted[hierarchy.free], 0)


def _error(forecast: np.ndarray, cutoff: Cutoff) -> float:
    return float(nan_mean(mase(cutoff.actual, forecast, cutoff.scale)))


def _mean(errors: Sequence[float]) -> float:
    return float(np.mean(errors)) if len(errors) else float("nan")


def _row(hierarchy: Hierarchy, name: str, chosen: bool, error: float, reason: str) -> dict[str, object]:
    return {
        "segment": hierarchy.metric,
        "decision": "reconciliation",
        "candidate": name,
        "is_chosen": chosen,
        "measure": "mase",
        "error": None if np.isnan(error) else error,
        "reason": reason,
    }
