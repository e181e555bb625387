"""From every model's forecasts to the served ones: segments, pools, sums that hold, intervals."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from forecasts.backtesting.rolling_origin import Candidates
from forecasts.config import Config, SeriesSet, Tier
from forecasts.reconciliation.coherence import add_up
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
    wanted: Sequence[SeriesSet],
    config: Config,
    segments: np.ndarray,
    shortest: int,
    champions: dict[str, tuple[str, ...]] | None = None,
) -> Served:
    """Choose a pool per segment, put it beside the models, and give everything its intervals."""
    candidates, members, choices = with_pools(candidates, segments, config.models, champions or {})
    candidates, served, reasons = with_fallbacks(candidates, segments, shortest)
    floor = np.where(_non_negative(names, wanted, candidates), 0.0, -np.inf)
    candidates = clipped(candidates, floor)
    hierarchies, refused = hierarchies_of(names, candidates.batch, config.hierarchy)
    candidates, reconciled = add_up(candidates, served, hierarchies, floor)
    choices += [*refused, *reconciled]
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

    In the backtest each cutoff's pool is chosen on the other cutoffs.

    So the residuals that intervals are made from belong to forecasts that were not selected on them.
    """
    future = np.full((len(candidates.batch), candidates.horizon), np.nan)
    past = [np.full(origin.actual.shape, np.nan) for origin in candidates.origins]
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
        for place, origin in enumerate(candidates.origins):
            blind = pool.choose(panel.without(place), *models_of(segment, tier))
            past[place][masks[place]] = pool.combine(origin.forecasts, blind.members)[masks[place]]
        choices += [{"segment": segment, "decision": "pool"} | row for row in chosen.evidence]
    return _with_model(candidates, "pool", future, past), members, choices


def with_fallbacks(
    candidates: Candidates, segments: np.ndarray, shortest: int
) -> tuple[Candidates, tuple[str, ...], tuple[str | None, ...]]:
    """Short series lose their models and get the naive forecast; the served model and the reason per series."""
    batch, horizon = candidates.batch, candidates.horizon
    future = {name: values.copy() for name, values in candidates.future.items()}
    served: list[str] = ["pool"] * len(batch)
    reasons: list[str | None] = [None] * len(batch)
    for row, segment in enumerate(segments):
        unanswered = bool(np.isnan(future["pool"][row]).any())
        if segment in ("regular", "intermittent") and not unanswered:
            continue
        reasons[row] = _reason(batch.lengths[row], segment, shortest, batch.frequency.season)
        if segment == "empty":
            continue
        for values in future.values():
            values[row] = np.nan  # a model without a backtest on this series has no place beside its naive forecast
        served[row], steps = fallback.naive_forecast(batch, row, horizon)
        future.setdefault(served[row], np.full((len(batch), horizon), np.nan))[row] = steps
    return replace(candidates, future=future), tuple(served), tuple(reasons)


def clipped(candidates: Candidates, floor: np.ndarray) -> Candidates:
    """Nothing below the floor of its series: what is sold cannot be negative."""
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


def _non_negative(names: pl.DataFrame, wanted: Sequence[SeriesSet], candidates: Candidates) -> np.ndarray:
    """Series whose metric cannot be negative and whose history never was (a month of returns may be)."""
    rules = {entry.metric: entry.non_negative for entry in wanted}
    lowest = [np.nanmin(values) if len(values) else 0.0 for values in candidates.batch.values]
    return np.array([rules[metric] for metric in names["metric"].to_list()]) & (np.array(lowest) >= 0)


def _reason(length: int, segment: str, shortest: int, season: int) -> str:
    if segment == "empty":
        return "no known value: nothing to forecast from"
    if segment == "short":
        return fallback.reason_for(int(length), shortest, season)
    return "no model of the pool had an answer for this series"
