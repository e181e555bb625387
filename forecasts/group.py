"""From every model's forecasts to the served ones: pools, skill, fallbacks, reconciliation, intervals, scenarios."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from forecasts.backtesting.rolling_origin import Candidates, Origin
from forecasts.config import Config, SeriesSet
from forecasts.reconciliation.coherence import SERVED, make_coherent
from forecasts.reconciliation.hierarchy import hierarchies_of, nodes_of
from forecasts.reconciliation.scenarios import Base, scenario_forecasts
from forecasts.selection import fallback
from forecasts.selection.centering import centered
from forecasts.selection.pools import Evaluate, Members, with_evaluation, with_pools
from forecasts.selection.skill import Verdict, groups_of, verdicts_of
from forecasts.uncertainty.bounds import Bounds, all_bounds


@dataclass(frozen=True)
class Served:
    """The candidates with the pool and the served forecast among them, every bound, and what each step is served from.

    bounds: per model, per level, (series, steps). past: of pool and served forecast, per evaluation cutoff.
    served: model, reasons: why it is not the pool, skill: (series, steps). segments: one entry per series; choices:
    evidence rows. scenarios: per name, (series, steps) of the served forecast under it.
    """

    candidates: Candidates
    bounds: dict[str, Bounds]
    past: tuple[dict[str, Bounds], ...]
    served: np.ndarray
    reasons: np.ndarray
    skill: np.ndarray
    segments: tuple[str, ...]
    choices: tuple[dict[str, object], ...]
    verdicts: tuple[Verdict, ...]
    scenarios: dict[str, np.ndarray]


def serve(
    candidates: Candidates,
    names: pl.DataFrame,
    series_sets: Sequence[SeriesSet],
    config: Config,
    segments: np.ndarray,
    min_history: int,
    evaluate: Evaluate,
    champions: Members | None = None,
    *,
    scored: bool = True,
) -> Served:
    """Choose a pool per segment, judge it, serve it or its peer, reconcile, and compute intervals.

    evaluate: model masks -> forecasts at the cutoffs that choose nothing. scored: whether intervals are wanted at them.
    """
    candidates, members, choices = with_pools(candidates, segments, config.models, champions or {})
    candidates = with_evaluation(candidates, segments, config.models, evaluate)
    groups = (names["metric"] + "|" + names["level"]).to_numpy()
    candidates, biases = centered(candidates, np.where(segments == "regular", groups, ""))
    floor = np.where(_non_negative(names, series_sets, candidates), 0.0, -np.inf)
    candidates = clipped(candidates, floor)
    judged = groups_of(groups, segments)
    verdicts = verdicts_of(candidates, judged, config.backtest)
    candidates, served, reasons, skill = with_served(candidates, segments, judged, verdicts, min_history)
    hierarchies, rejected = hierarchies_of(names, candidates.batch, config.hierarchy)
    candidates, reconciled = make_coherent(candidates, hierarchies, floor)
    bounds, past = all_bounds(candidates, segments, floor, nodes_of(names, hierarchies), scored=scored)
    base = Base(names, _periods(candidates), candidates.future[SERVED], hierarchies)
    scenarios = scenario_forecasts(base, config.scenarios, candidates.batch, segments, members)
    choices += [*biases, *rejected, *reconciled]
    return Served(
        candidates, bounds, past, served, reasons, skill, tuple(segments), tuple(choices), tuple(verdicts), scenarios
    )


def _periods(candidates: Candidates) -> np.ndarray:
    return candidates.batch.frequency.starts(candidates.batch.future(candidates.horizon))


def with_served(
    candidates: Candidates, segments: np.ndarray, groups: np.ndarray, verdicts: Sequence[Verdict], min_history: int
) -> tuple[Candidates, np.ndarray, np.ndarray, np.ndarray]:
    """The candidates with the forecast `served`; and its model, why it is not the pool, and skill: (series, steps).

    Short series lose their models and get the naive forecast; steps without skill get the best peer.
    """
    shape = (len(candidates.batch), candidates.horizon)
    served, reasons, skill = np.full(shape, "pool", object), np.full(shape, None, object), np.full(shape, None, object)
    for verdict in verdicts:
        rows, steps = np.flatnonzero(groups == verdict.group), slice(verdict.first_step - 1, verdict.last_step)
        skill[rows, steps], reasons[rows, steps] = verdict.skill, verdict.reason
        served[rows, steps] = verdict.peer if verdict.is_peer_served else "pool"
    candidates = _with_fallbacks(candidates, segments, served, reasons, min_history)
    future = {**candidates.future, SERVED: picked(candidates.future, served)}
    origins, evaluation = (
        tuple(_with_pick(origin, served) for origin in origins)
        for origins in (candidates.origins, candidates.evaluation)
    )
    return replace(candidates, future=future, origins=origins, evaluation=evaluation), served, reasons, skill


def _with_fallbacks(
    candidates: Candidates, segments: np.ndarray, served: np.ndarray, reasons: np.ndarray, min_history: int
) -> Candidates:
    """Writes the naive forecast, and why, into the rows of series without a pool."""
    batch, horizon = candidates.batch, candidates.horizon
    future = {name: values.copy() for name, values in candidates.future.items()}
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
        future.setdefault(served[row, 0], np.full((len(batch), horizon), np.nan))[row] = steps
    return replace(candidates, future=future)


def picked(forecasts: dict[str, np.ndarray], served: np.ndarray) -> np.ndarray:
    """(series, steps) of the forecast of the model named for each of them; NaN where it has none."""
    out = np.full(served.shape, np.nan)
    for name in set(served.ravel()) & set(forecasts):
        out = np.where(served == name, forecasts[name], out)
    return out


def _with_pick(origin: Origin, served: np.ndarray) -> Origin:
    return replace(origin, forecasts={**origin.forecasts, SERVED: picked(origin.forecasts, served[origin.rows])})


def clipped(candidates: Candidates, floor: np.ndarray) -> Candidates:
    """All forecasts at or above the floor of their series: sales cannot be negative."""
    future = {name: np.maximum(values, floor[:, None]) for name, values in candidates.future.items()}
    origins, evaluation = (
        tuple(
            replace(
                origin,
                forecasts={name: np.maximum(v, floor[origin.rows][:, None]) for name, v in origin.forecasts.items()},
            )
            for origin in origins
        )
        for origins in (candidates.origins, candidates.evaluation)
    )
    return replace(candidates, future=future, origins=origins, evaluation=evaluation)


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
