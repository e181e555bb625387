"""The choice of models: one pool per segment, built greedily on rolling origins (Caruana et al. 2004).

The median of a pool is served. No model is chosen per series: on M3 and Tourism that was worse than most single models,
since three cutoffs of one series are too few to choose on. A fixed combination, the guardrail, is kept unless the pool
is better by more than the noise of the comparison, at cutoffs that it was not chosen on: errors that all series share
at one time do not average out over series.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from forecasts.backtesting.metrics import mase, nan_mean, rmsse
from forecasts.backtesting.rolling_origin import Origin

ERROR_CAP = 10.0  # in units of its scale, of a series' error: one diverging series must not decide for all
MIN_GAIN = 0.002  # a member must lower the error by this share to be added: less is noise
MIN_MEMBERS = 3  # of a pool: one or two may win on a small panel by luck
MIN_T_VALUE = 2.0  # gain over its standard error, at which a pool replaces the guardrail or a challenger the champion


@dataclass(frozen=True)
class Panel:
    """The cutoffs of one segment: masks say which rows of each origin belong to it.

    loss: mase; or rmsse for intermittent demand, where a forecast of zero has the smallest absolute error.
    """

    origins: tuple[Origin, ...]
    masks: tuple[np.ndarray, ...]
    loss: str = "mase"

    def without(self, index: int) -> "Panel":
        """The panel with one cutoff left out."""
        origins = self.origins[:index] + self.origins[index + 1 :]
        return Panel(origins, self.masks[:index] + self.masks[index + 1 :], self.loss)

    def narrowed(self, masks: Sequence[np.ndarray]) -> "Panel":
        """The panel of some of its rows, and of the cutoffs that have any of them."""
        both = [(origin, mine & mask) for origin, mine, mask in zip(self.origins, self.masks, masks, strict=True)]
        left = [(origin, mask) for origin, mask in both if mask.any()]
        return Panel(tuple(origin for origin, _ in left), tuple(mask for _, mask in left), self.loss)

    def errors(self, members: Sequence[str]) -> np.ndarray:
        """The combination's error per series: capped at each cutoff, averaged over the cutoffs."""
        return self.errors_of_each([members] * len(self.origins))

    def errors_of_each(self, members: Sequence[Sequence[str]]) -> np.ndarray:
        """The same with a different combination at every cutoff."""
        rows = np.concatenate([origin.rows[mask] for origin, mask in zip(self.origins, self.masks, strict=True)])
        errors = [self._errors(index, members[index]) for index in range(len(self.origins))]
        by_series = np.full((len(self.origins), int(rows.max(initial=-1)) + 1), np.nan)
        for index, values in enumerate(errors):
            by_series[index, self.origins[index].rows[self.masks[index]]] = values
        return nan_mean(by_series.T)[np.unique(rows)]

    def _errors(self, index: int, members: Sequence[str]) -> np.ndarray:
        origin, mask = self.origins[index], self.masks[index]
        forecast = combine({name: origin.forecasts[name][mask] for name in members}, members)
        if self.loss == "rmsse":
            return np.minimum(rmsse(origin.actual[mask], forecast, origin.squared_scale[mask]), ERROR_CAP)
        return np.minimum(mase(origin.actual[mask], forecast, origin.scale[mask]), ERROR_CAP)


@dataclass(frozen=True)
class Choice:
    """The pool of one segment and the evidence for it.

    members: names of the models that are combined. evidence: one row per candidate combination.
    """

    members: tuple[str, ...]
    evidence: tuple[dict[str, object], ...]


def combine(forecasts: dict[str, np.ndarray], members: Sequence[str]) -> np.ndarray:
    """The median of the members that have a forecast (of two: their mean); NaN where none has.

    The median, not the mean: one member that diverges does not move it.
    """
    stack = np.sort(np.stack([forecasts[name] for name in members]), axis=0)  # NaN last; faster than nanmedian
    count = (~np.isnan(stack)).sum(axis=0, keepdims=True)
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, len(members) - 1)
    middle = (np.take_along_axis(stack, low, axis=0) + np.take_along_axis(stack, high, axis=0)) / 2
    return np.where(count > 0, middle, np.nan)[0]


def choose(panel: Panel, names: Sequence[str], guardrail: Sequence[str]) -> Choice:
    """The pool of a segment. names: the candidates. guardrail: the fixed combination it has to beat."""
    guardrail_errors = panel.errors(guardrail)
    if np.isnan(guardrail_errors).all():
        return Choice(
            tuple(guardrail), (_row(panel, 0, guardrail, True, guardrail_errors, "no errors to compare: guardrail"),)
        )
    candidates = [name for name in names if not np.isnan(panel.errors([name])).all()]
    members, evidence = _greedy(panel, candidates)
    gain, standard_error = gain_of(_held_out_errors(panel, candidates, members), guardrail_errors)
    better = gain > MIN_T_VALUE * standard_error
    reason = (
        f"lowers the guardrail's error on held-out cutoffs by {gain:.4f}, standard error {standard_error:.4f}: "
        f"{'chosen' if better else 'not chosen'}"
    )
    evidence.append(_row(panel, len(members), members, better, panel.errors(members), reason))
    evidence.append(_row(panel, len(guardrail), guardrail, not better, guardrail_errors, "guardrail"))
    return Choice(tuple(members) if better else tuple(guardrail), tuple(evidence))


def promote(panel: Panel, champion: Sequence[str], challenger: Choice) -> Choice:
    """The challenger if it beats the served pool of the last run by more than the noise, otherwise that pool again.

    champion: its members; if one is no longer tried, or has no forecast, the challenger wins.
    """
    if tuple(champion) == challenger.members:
        return challenger
    is_tried = all(name in origin.forecasts for name in champion for origin in panel.origins)
    before = panel.errors(champion) if is_tried and champion else np.array([np.nan])
    after = panel.errors(challenger.members)
    if np.isnan(before).all():
        wins, reason = True, "promotion: the champion has no error to compare with, the challenger is promoted"
    else:
        gain, standard_error = gain_of(after, before)
        wins = bool(gain > MIN_T_VALUE * standard_error)
        reason = (
            f"promotion: lowers the champion's error by {gain:.4f}, standard error {standard_error:.4f}, "
            f"{MIN_T_VALUE:.0f} of them required"
            if np.count_nonzero(~np.isnan(before - after)) > 1
            else "promotion: fewer than two series to compare errors of, the champion stays"
        )
    rows = [
        {**_row(panel, len(challenger.members), challenger.members, wins, after, reason), "decision": "promotion"},
        {**_row(panel, len(champion), champion, not wins, before, "champion of the last run"), "decision": "promotion"},
    ]
    members = challenger.members if wins else tuple(champion)
    return Choice(members, (*challenger.evidence, *rows))


def named(choices: pl.DataFrame, name: str) -> pl.DataFrame:
    """The choices of a pool that has a name: their segments begin with it."""
    return choices.with_columns(segment=pl.lit(_prefix(name)) + pl.col("segment"))


def _prefix(name: str) -> str:
    return f"{name}: " if name else ""


def champions_of(choices: pl.DataFrame, freq: str, name: str = "") -> dict[str, tuple[str, ...]]:
    """The served pool per segment in the choices of an earlier run. name: of the pool, as the configuration has it."""
    segment, prefix = pl.col("segment"), _prefix(name)
    is_own = segment.str.starts_with(prefix) if name else ~segment.str.contains(": ", literal=True)
    choices = choices.filter(is_own).with_columns(segment=segment.str.strip_prefix(prefix))
    last: dict[str, tuple[str, ...]] = {}
    for kind in ("pool", "promotion"):
        rows = choices.filter((pl.col("freq") == freq) & (pl.col("decision") == kind) & pl.col("is_chosen"))
        rows = rows.filter(pl.col("reason") != "weighed")
        last |= {row["segment"]: tuple(row["candidate"].split(" + ")) for row in rows.iter_rows(named=True)}
    return last


def gain_of(errors: np.ndarray, safe: np.ndarray) -> tuple[float, float]:
    """Mean reduction of the error per series, and the standard error of that mean."""
    gains = (safe - errors)[~np.isnan(safe - errors)]
    if len(gains) < 2:
        return 0.0, 0.0
    return float(gains.mean()), float(gains.std(ddof=1) / np.sqrt(len(gains)))


def _held_out_errors(panel: Panel, names: Sequence[str], members: Sequence[str]) -> np.ndarray:
    """The errors of pools built in the same way, each at the one cutoff that was held out when it was built.

    members: the pool that is used where there is only one cutoff.
    """
    if len(panel.origins) < 2:
        return panel.errors(members)
    return panel.errors_of_each([_greedy(panel.without(index), names)[0] for index in range(len(panel.origins))])


def _greedy(panel: Panel, names: Sequence[str]) -> tuple[list[str], list[dict[str, object]]]:
    members: list[str] = []
    error = float("inf")
    evidence: list[dict[str, object]] = []
    while len(members) < len(names):
        trials = {name: panel.errors([*members, name]) for name in names if name not in members}
        best = min(trials, key=lambda name: (_mean(trials[name]), name))
        accepted = len(members) < MIN_MEMBERS or _mean(trials[best]) < error * (1 - MIN_GAIN)
        evidence += [
            _row(panel, len(members) + 1, [*members, name], accepted and name == best, errors, "weighed")
            for name, errors in trials.items()
        ]
        if not accepted:
            break
        members, error = [*members, best], _mean(trials[best])
    return members, evidence


def _mean(errors: np.ndarray) -> float:
    value = float(nan_mean(errors))
    return float("inf") if np.isnan(value) else value


def _row(
    panel: Panel, step: int, members: Sequence[str], chosen: bool, errors: np.ndarray, reason: str
) -> dict[str, object]:
    mean = _mean(errors)
    return {
        "step": step,
        "candidate": " + ".join(members),
        "is_chosen": chosen,
        "measure": panel.loss,
        "error": mean if np.isfinite(mean) else None,
        "reason": reason,
    }
