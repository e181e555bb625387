"""One equal-weight pool of models per segment, built greedily on rolling origins (Caruana et al. 2004).

A champion per series is not offered: on M3 and Tourism it was worse than most single models, since three cutoffs of
one series are too few to choose on. A fixed combination, the guardrail, is kept unless the pool is clearly better.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasts.backtest import Origin

WORST = 10.0  # a series' error counts at most this often its scale: one exploding series must not choose for all
GAIN = 0.002  # a member must lower the error by this share to be let in: less is noise
MARGIN = 0.005  # the pool replaces the guardrail from this gain on


@dataclass(frozen=True)
class Choice:
    """The pool of one segment and how it came about.

    members: names of the models that are averaged. evidence: one row per candidate that was weighed.
    """

    members: tuple[str, ...]
    error: float
    evidence: tuple[dict[str, object], ...]


def combine(forecasts: dict[str, np.ndarray], members: Sequence[str]) -> np.ndarray:
    """The mean of the members, of those that have an answer; NaN where none has."""
    stack = np.stack([forecasts[name] for name in members])
    known = ~np.isnan(stack)
    total = np.where(known, stack, 0).sum(axis=0)
    count = known.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def error_of(origins: Sequence[Origin], masks: Sequence[np.ndarray], members: Sequence[str]) -> float:
    """Mean over series and cutoffs of the pool's MASE, each capped; infinite where nothing can be compared."""
    errors = [_errors(origin, mask, members) for origin, mask in zip(origins, masks, strict=True)]
    every = np.concatenate(errors) if errors else np.empty(0)
    every = every[~np.isnan(every)]
    return float(every.mean()) if len(every) else float("inf")


def _errors(origin: Origin, mask: np.ndarray, members: Sequence[str]) -> np.ndarray:
    chosen = {name: origin.forecasts[name][mask] for name in members}
    absolute = np.abs(combine(chosen, members) - origin.actual[mask])
    known = ~np.isnan(absolute)
    mean = np.where(known, absolute, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(known.any(axis=1), np.minimum(mean / origin.scale[mask], WORST), np.nan)


def choose(
    origins: Sequence[Origin], masks: Sequence[np.ndarray], names: Sequence[str], guardrail: Sequence[str]
) -> Choice:
    """The pool of a segment. masks: which rows of each origin belong to it. guardrail: the fixed combination."""
    safe = error_of(origins, masks, guardrail)
    if not np.isfinite(safe):
        return Choice(tuple(guardrail), safe, (_row(0, guardrail, True, safe, "nothing to compare: guardrail"),))
    members, error, evidence = _greedy(origins, masks, names)
    better = error < safe * (1 - MARGIN)
    reason = f"beats the guardrail by {1 - error / safe:.1%}" if better else "not clearly better than the guardrail"
    evidence.append(_row(len(members), members, better, error, f"pool {reason}"))
    evidence.append(_row(len(members), guardrail, not better, safe, "guardrail"))
    return Choice(tuple(members) if better else tuple(guardrail), error if better else safe, tuple(evidence))


def _greedy(
    origins: Sequence[Origin], masks: Sequence[np.ndarray], names: Sequence[str]
) -> tuple[list[str], float, list[dict[str, object]]]:
    members: list[str] = []
    error = float("inf")
    evidence = []
    while len(members) < len(names):
        left = [name for name in names if name not in members]
        tried = {name: error_of(origins, masks, [*members, name]) for name in left}
        best = min(tried, key=lambda name: (tried[name], name))
        accepted = tried[best] < error * (1 - GAIN) if members else True
        step = len(members) + 1
        evidence += [_row(step, [*members, name], accepted and name == best, tried[name], "weighed") for name in left]
        if not accepted:
            break
        members, error = [*members, best], tried[best]
    return members, error, evidence


def _row(step: int, members: Sequence[str], chosen: bool, error: float, reason: str) -> dict[str, object]:
    value = error if np.isfinite(error) else None
    return {"step": step, "candidate": " + ".join(members), "is_chosen": chosen, "mase": value, "reason": reason}
