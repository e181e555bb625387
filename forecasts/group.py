"""From every model's forecasts to the served ones: pools, fallbacks, reconciliation, intervals, scenarios."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from forecasts.backtesting.rolling_origin import Candidates
from forecasts.config import Config, SeriesSet, Tier
from forecasts.reconciliation.coherence import make_coherent
from forecasts.reconciliation.hierarchy import hierarchies_of, nodes_of
from forecasts.reconciliation.scenarios import Base, scenario_forecasts
from forecasts.selection import fallback, pool
from forecasts.selection.segments import models_of
from forecasts.uncertainty.bounds import Bounds, all_bounds


@dataclass(frozen=True)
class Served:
    """The candidates with the pool among them, every bound, and which model each series is served from.

    bounds: per model, per level, (series, steps). past: the same per origin, with that origin's rows.
    served, reasons, segments: one entry per series; choices: evidence rows. scenarios: per name, (series, steps) of
    the served forecast under it.
    """

    candidates: Candidates
    bounds: dict[str, Bounds]
    past: tuple[dict[str, Bounds], ...]
    served: tuple[str, ...]
    reasons: tuple[str | None, ...]
    segments: tuple[str, ...]
    choices: tuple[dict[str, object], ...]
    scenarios: dict[str, np.ndarray]


def serve(
    candidates: Candidates,
    names: pl.DataFrame,
    series_sets: Sequence[SeriesSet],
    config: Config,
    segments: np.ndarray,
    min_history: int,
    champions: dict[str, tuple[str, ...]] | None = None,
) -> Served:
    """Choose a pool per segment, add it to the models, reconcile, and compute the intervals of every model."""
    candidates, members, choices = with_pools(candidates, segments, config.models, champions or {})
    candidates, served, reasons = with_fallbacks(candidates, segments, min_history)
    floor = np.where(_non_negative(names, series_sets, candidates), 0.0, -np.inf)
    candidates = clipped(candidates, floor)
    hierarchies, rejected = hierarchies_of(names, candidates.batch, config.hierarchy)
    candidates, reconciled = make_coherent(candidates, served, hierarchies, floor)
    choices += [*rejected, *reconciled]
    bounds, past = all_bounds(candidates, segments, floor, nodes_of(names, hierarchies))
    base = Base(names, _periods(candidates), _served_values(candidates, served), hierarchies)
    scenarios = scenario_forecasts(base, config.scenarios, candidates.batch, segments, members)
    return Served(candidates, bounds, past, served, reasons, tuple(segments), tuple(choices), scenarios)


def _periods(candidates: Candidates) -> np.ndarray:
    return candidates.batch.frequency.starts(candidates.batch.future(candidates.horizon))


def _served_values(candidates: Candidates, served: Sequence[str]) -> np.ndarray:
    return np.vstack([candidates.future[name][row] for row, name in enumerate(served)])


def with_pools(
    candidates: Candidates, segments: np.ndarray, tier: Tier, champions: dict[str, tuple[str, ...]]
) -> tuple[Candidates, dict[str, tuple[str, ...]], list[dict[str, object]]]:
    """The candidates with a model `pool`, its members per segment, and the evidence.

    In the backtest each cutoff's pool is chosen on the other cutoffs, so the residuals behind the intervals belong to
    forecasts that were not selected on them.
    """
    future = np.full((len(candidates.batch), candidates.horizon), np.nan)
    backtest = [np.full(origin.actual.shape, np.nan) for origin in candidates.origins]
    members: dict[str, tuple[str, ...]] = {}
    choices: list[dict[str, object]] = []
    for segment in sorted(set(segments) - {"empty", "short"}):
        rows = segments == segment
        masks = tuple(rows[origin.rows] for origin in candidates.origins)
        panel = pool.Panel(candidates.origins, masks, "rmsse" if segment == "intermittent" else "mase")
        chosen = pool.choose(panel, *models_of(segment, tier))
        if segment in champions:
            chosen = pool.promote(panel, champions[segment], chosen)
        members[segment] = chosen.members
        future[rows] = pool.combine(candidates.future, chosen.members)[rows]
        for index, origin in enumerate(candidates.origins):
            held_out_choice = pool.choose(panel.without(index), *models_of(segment, tier))
            backtest[index][masks[index]] = pool.combine(origin.forecasts, held_out_choice.members)[masks[index]]
        choices += [{"segment": segment, "decision": "pool"} | row for row in chosen.evidence]
    return _with_model(candidates, "pool", future, backtest), members, choices


def with_fallbacks(
    candidates: Candidates, segments: np.ndarray, min_history: int
) -> tuple[Candidates, tuple[str, ...], tuple[str | None, ...]]:
    """Short series lose their models and get the naive forecast; the served model and the reason per series."""
    batch, horizon = candidates.batch, candidates.horizon
    future = {name: values.copy() for name, values in candidates.future.items()}
    served: list[str] = ["pool"] * len(batch)
    reasons: list[str | None] = [None] * len(batch)
    for row, segment in enumerate(segments):
        has_no_forecast = bool(np.isnan(future["pool"][row]).any())
        if segment in ("regular", "intermittent") and not has_no_forecast:
            continue
        reasons[row] = _reason(batch.lengths[row], segment, min_history, batch.frequency.season)
        if segment == "empty":
            continue
        for values in future.values():
            values[row] = np.nan  # only the naive forecast is reported: no other model was backtested on this series
        served[row], steps = fallback.naive_forecast(batch, row, horizon)
        future.setdefault(served[row], np.full((len(batch), horizon), np.nan))[row] = steps
    return replace(candidates, future=future), tuple(served), tuple(reasons)


def clipped(candidates: Candidates, floor: np.ndarray) -> Candidates:
    """All forecasts at or above the floor of their series: sales cannot be negative."""
    future = {name: np.maximum(values, floor[:, None]) for name, values in candidates.future.items()}
    origins = [
        replace(
            origin,
            forecasts={name: np.maximum(v, floor[origin.rows][:, None]) for name, v in origin.forecasts.items()},
        )
        for origin in candidates.origins
    ]
    return replace(candidates, future=future, origins=tuple(origins))


def _with_model(candidates: Candidates, name: str, future: np.ndarray, past: Sequence[np.ndarray]) -> Candidates:
    origins = [
        replace(origin, forecasts={**origin.forecasts, name: values})
        for origin, values in zip(candidates.origins, past, strict=True)
    ]
    return replace(candidates, future={**candidates.future, name: future}, origins=tuple(origins))


def _non_negative(names: pl.DataFrame, series_sets: Sequence[SeriesSet], candidates: Candidates) -> np.ndarray:
    """Series whose metric cannot be negative and whose history never was (a month of returns may be)."""
    rules = {entry.metric: entry.non_negative for entry in series_sets}
    lowest = [np.nanmin(values) if len(values) else 0.0 for values in candidates.batch.values]
    return np.array([rules[metric] for metric in names["metric"].to_list()]) & (np.array(lowest) >= 0)


def _reason(length: int, segment: str, min_history: int, season: int) -> str:
    if segment == "empty":
        return "no known value: nothing to forecast from"
    if segment == "short":
        return fallback.reason_for(int(length), min_history, season)
    return "no model of the pool returned a forecast for this series"
