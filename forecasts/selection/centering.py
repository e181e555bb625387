"""The pool made a median: its measured bias, learned at cutoffs that chose nothing, is taken off.

A model that lags a growing company is too low at every cutoff. The median error of a metric and level, per step, over
all cutoffs known by then, is added to the forecast, but only where that would have lowered the error at cutoffs whose
own errors it did not use.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecasts.backtesting.metrics import nan_mean
from forecasts.backtesting.rolling_origin import Candidates, Origin

WINDOW = 2  # steps on each side whose errors are pooled, as for intervals
PRIOR_WEIGHT = 10  # cutoffs and steps without bias that are counted with the measured ones; on four years of monthly
# sales the correction then lowers the absolute error most, while few cutoffs in one mood move little


@dataclass(frozen=True)
class Errors:
    """Scaled errors of the pool at the evaluation cutoffs: (cutoffs, series, steps), NaN where unknown."""

    values: np.ndarray
    held_out: np.ndarray

    def known_at(self, held_out: int) -> np.ndarray:
        """The errors whose period had ended `held_out` periods before the end of the history."""
        steps = np.arange(1, self.values.shape[2] + 1)
        return np.where(self.held_out[:, :, None] - steps >= held_out, self.values, np.nan)


def centered(candidates: Candidates, groups: np.ndarray) -> tuple[Candidates, list[dict[str, object]]]:
    """The candidates with a corrected pool, and a row of evidence per group; groups: one name per series, or empty."""
    errors = errors_of(candidates, candidates.evaluation, "pool")
    evidence: list[dict[str, object]] = []
    for group in sorted(set(groups) - {""}):
        rows = groups == group
        own = Errors(errors.values[:, rows], errors.held_out[:, rows])
        shifts = [shift_of(own.known_at(int(o.held_out.max(initial=0)))) for o in candidates.evaluation]
        after = own.values - np.array(shifts).reshape(len(shifts), 1, -1)
        is_better, row = _judged(own.values, after)
        evidence.append({"segment": group, "decision": "bias"} | row)
        if is_better:
            candidates = _shifted(candidates, rows, shifts, shift_of(own.values))
    return candidates, evidence


def errors_of(candidates: Candidates, origins: Sequence[Origin], name: str) -> Errors:
    """The scaled errors of one model at these cutoffs."""
    shape = (len(origins), len(candidates.batch))
    values, held_out = np.full((*shape, candidates.horizon), np.nan), np.zeros(shape, dtype=np.int64)
    for index, origin in enumerate(origins):
        if name in origin.forecasts:
            values[index, origin.rows] = (origin.actual - origin.forecasts[name]) / origin.scale[:, None]
        held_out[index, origin.rows] = origin.held_out
    return Errors(values, held_out)


def shift_of(errors: np.ndarray) -> np.ndarray:
    """What is added at every step, in scales: the median error near the step, shrunk by PRIOR_WEIGHT."""
    steps = errors.shape[2]
    shift = np.zeros(steps)
    for step in range(steps):
        near = errors[:, :, max(0, step - WINDOW) : step + WINDOW + 1]
        count = int((~np.isnan(near)).any(axis=1).sum())  # series of one month share its mood: they count once
        if count:
            shift[step] = np.nanmedian(near) * count / (count + PRIOR_WEIGHT)
    return shift


def _judged(before: np.ndarray, after: np.ndarray) -> tuple[bool, dict[str, object]]:
    if np.isnan(before).all():
        row = {"candidate": "corrected", "is_chosen": False, "measure": "mase", "error": None}
        return False, row | {"reason": "no forecast at a past cutoff has an actual yet: nothing is corrected"}
    error_before, error_after = float(nan_mean(np.abs(before).ravel())), float(nan_mean(np.abs(after).ravel()))
    is_better = error_after < error_before
    above_before, above_after = _share_above(before), _share_above(after)
    reason = (
        f"actuals above the forecast {above_before:.0%} before, {above_after:.0%} after a correction by the bias known "
        f"at each of {len(before)} cutoffs; mean error {error_before:.4f} before, {error_after:.4f} after"
    )
    row = {"candidate": "corrected", "is_chosen": is_better, "measure": "mase", "reason": reason}
    return is_better, row | {"error": None if np.isnan(error_after) else error_after}


def _share_above(errors: np.ndarray) -> float:
    return float(nan_mean(np.where(np.isnan(errors), np.nan, errors > 0).ravel()))


def _shifted(candidates: Candidates, rows: np.ndarray, shifts: Sequence[np.ndarray], last: np.ndarray) -> Candidates:
    future = candidates.future["pool"].copy()
    future[rows] += last * candidates.scale[rows, None]
    evaluation = []
    for origin, shift in zip(candidates.evaluation, shifts, strict=True):
        point, mask = origin.forecasts["pool"].copy(), rows[origin.rows]
        point[mask] += shift * origin.scale[mask, None]
        evaluation.append(replace(origin, forecasts={**origin.forecasts, "pool": point}))
    return replace(candidates, future={**candidates.future, "pool": future}, evaluation=tuple(evaluation))
