"""The pool of every segment: of the future, of the cutoffs that it is chosen on, and of those that choose nothing.

A pool at a cutoff is chosen on what was known at that cutoff, so its errors are those of forecasts that were not
selected on them.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from forecasts.backtesting.rolling_origin import Candidates, Origin
from forecasts.config import Tier
from forecasts.selection import pool
from forecasts.selection.segments import models_of, peers_of

Members = dict[str, tuple[str, ...]]  # of the pool, per segment
NOTHING_KNOWN = 2**31  # a hold-out longer than any history
WORTH_CHOOSING = 1.1  # times the series and cutoffs of the choice before: a choice costs more the more there are
Evaluate = Callable[[dict[str, np.ndarray]], tuple[Origin, ...]]


def with_pools(
    candidates: Candidates, segments: np.ndarray, tier: Tier, champions: Members
) -> tuple[Candidates, Members, list[dict[str, object]]]:
    """The candidates with a model `pool`, its members per segment, and the evidence.

    At the cutoffs that the pool is chosen on, each cutoff's pool is chosen on the other cutoffs.
    """
    future = np.full((len(candidates.batch), candidates.horizon), np.nan)
    backtest = [np.full(origin.actual.shape, np.nan) for origin in candidates.origins]
    members: Members = {}
    choices: list[dict[str, object]] = []
    for segment in _with_models(segments):
        rows = segments == segment
        panel = _panel(candidates.origins, rows, segment)
        chosen = pool.choose(panel, *models_of(segment, tier))
        if segment in champions:
            chosen = pool.promote(panel, champions[segment], chosen)
        members[segment] = chosen.members
        future[rows] = pool.combine(candidates.future, chosen.members)[rows]
        for index, origin in enumerate(candidates.origins):
            held_out_choice = pool.choose(panel.without(index), *models_of(segment, tier))
            mask = panel.masks[index]
            backtest[index][mask] = pool.combine(origin.forecasts, held_out_choice.members)[mask]
        choices += [{"segment": segment, "decision": "pool"} | row for row in chosen.evidence]
    candidates = replace(candidates, future={**candidates.future, "pool": future})
    return replace(candidates, origins=_with_model(candidates.origins, "pool", backtest)), members, choices


def with_evaluation(candidates: Candidates, segments: np.ndarray, tier: Tier, evaluate: Evaluate) -> Candidates:
    """The candidates with the cutoffs that choose nothing: the pool as it would have been chosen then, and its peers.

    evaluate: model masks -> forecasts at those cutoffs; only models that some pool needs are computed.
    """
    choices_by_segment = {
        segment: _known_choices(candidates, segments, segment, tier) for segment in _with_models(segments)
    }
    peers = {name for segment in choices_by_segment for name in peers_of(segment)}
    masks: dict[str, np.ndarray] = {}
    for segment, choices in choices_by_segment.items():
        for name in {*peers_of(segment), *(name for members in choices.values() for name in members)}:
            masks[name] = masks.get(name, np.zeros(len(segments), dtype=bool)) | (segments == segment)
    evaluated = []
    for origin in evaluate({name: masks[name] for name in sorted(masks)}):
        point = np.full(origin.actual.shape, np.nan)
        for segment, choices in choices_by_segment.items():
            rows = segments[origin.rows] == segment
            if rows.any():
                members = choices[min(held_out for held_out in choices if held_out >= origin.held_out[rows].max())]
                point[rows] = pool.combine(origin.forecasts, members)[rows]
        kept = {name: forecast for name, forecast in origin.forecasts.items() if name in peers}
        evaluated.append(replace(origin, forecasts={**kept, "pool": point}))
    return replace(candidates, evaluation=tuple(evaluated))


def known_rows(origins: Sequence[Origin], horizon: int, held_out: int) -> tuple[np.ndarray, ...]:
    """Of each cutoff, which series had all of its horizon behind them, `held_out` periods before the end."""
    return tuple(origin.held_out - horizon >= held_out for origin in origins)


def _known_choices(
    candidates: Candidates, segments: np.ndarray, segment: str, tier: Tier
) -> dict[int, tuple[str, ...]]:
    """Members by the hold-out up to which they hold: the fewer periods are held out, the more is known.

    A choice is made anew once a tenth more is known; until then the one before it holds, which was known all the more.
    """
    panel = _panel(candidates.origins, segments == segment, segment)
    names, guardrail = models_of(segment, tier)
    choices, count = {NOTHING_KNOWN: tuple(guardrail)}, 0
    for held_out in range(max((int(o.held_out.max(initial=0)) for o in candidates.origins), default=0), 0, -1):
        known = panel.narrowed(known_rows(candidates.origins, candidates.horizon, held_out))
        rows = sum(int(mask.sum()) for mask in known.masks)
        if rows > WORTH_CHOOSING * count:
            choices[held_out], count = pool.choose(known, names, guardrail).members, rows
    return choices


def _panel(origins: tuple[Origin, ...], rows: np.ndarray, segment: str) -> pool.Panel:
    masks = tuple(rows[origin.rows] for origin in origins)
    return pool.Panel(origins, masks, "rmsse" if segment == "intermittent" else "mase")


def _with_models(segments: np.ndarray) -> list[str]:
    return sorted(set(segments) - {"empty", "short"})


def _with_model(origins: Sequence[Origin], name: str, past: Sequence[np.ndarray]) -> tuple[Origin, ...]:
    pairs = zip(origins, past, strict=True)
    return tuple(replace(origin, forecasts={**origin.forecasts, name: values}) for origin, values in pairs)
