"""Whether a model has skill: per metric, level and band of horizons, against the best simple peer.

The peers are last year's value, the last value and the mean of the last season; of intermittent demand simple smoothing
as well, and errors there are squared: of absolute ones a forecast of zero has the least. The pool, and of bookings what
deals bring as well (combination_skill.py), are served in a band only if their mean error, at cutoffs that chose
nothing, is below that of the best peer by more than one standard error of the paired difference. Otherwise the peer is
served, under its own name.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasts.backtesting.metrics import nan_mean
from forecasts.backtesting.rolling_origin import Candidates
from forecasts.config import Backtest
from forecasts.selection.centering import errors_of
from forecasts.selection.segments import PEERS_OF_INTERMITTENT, peers_of

INTERMITTENT = "intermittent"


@dataclass(frozen=True)
class Verdict:
    """The comparison in one band: first_step ... last_step; errors are mean absolute scaled errors, or squared ones.

    skill: `model`, `none` (the peer is served), or `unknown`: fewer cutoffs than a verdict needs, and the
    peer is served if it erred no more at those that there are.
    """

    model: str
    group: str
    first_step: int
    last_step: int
    peer: str
    n_origins: int
    n_values: int
    model_error: float
    peer_error: float
    gain: float
    standard_error: float
    skill: str

    @property
    def is_peer_served(self) -> bool:
        """Whether the peer is served."""
        return self.skill == "none" or (self.skill == "unknown" and self.gain <= 0)

    @property
    def reason(self) -> str | None:
        """Why a peer is served, in a sentence; None where the model is."""
        if not self.is_peer_served:
            return None
        verdict = "no skill" if self.skill == "none" else "too few cutoffs for a verdict, and no smaller error"
        return (
            f"{verdict} beside {self.peer} {self.first_step} to {self.last_step} periods ahead: mean error "
            f"{self.model_error:.3f} against {self.peer_error:.3f} at {self.n_origins} cutoffs, a gain of "
            f"{self.gain:.3f}, {self.error_words}"
        )

    @property
    def error_words(self) -> str:
        """The standard error of the gain, in words."""
        known = np.isfinite(self.standard_error)
        return f"standard error {self.standard_error:.3f}" if known else "too few for a standard error"


def verdicts_of(candidates: Candidates, groups: np.ndarray, backtest: Backtest) -> list[Verdict]:
    """One verdict per group and band. groups: see `groups_of`."""
    errors = {
        name: errors_of(candidates, candidates.evaluation, name).values for name in ("pool", *PEERS_OF_INTERMITTENT)
    }
    return [
        verdict_of(_sized(errors, groups == group, group), "pool", group, band, backtest)
        for group in sorted(set(groups) - {""})
        for band in bands(backtest.bands, candidates.horizon)
    ]


def groups_of(metric_levels: np.ndarray, segments: np.ndarray) -> np.ndarray:
    """The series that share a verdict: of one metric, level and segment; empty for one without models."""
    marked = np.where(segments == INTERMITTENT, metric_levels + f"|{INTERMITTENT}", metric_levels)
    return np.where(np.isin(segments, ("regular", INTERMITTENT)), marked, "")


def _sized(errors: dict[str, np.ndarray], rows: np.ndarray, group: str) -> dict[str, np.ndarray]:
    """The errors of a group and its peers as they are compared: absolute, of intermittent demand squared."""
    is_intermittent = group.endswith(INTERMITTENT)
    names = ("pool", *peers_of(INTERMITTENT if is_intermittent else "regular"))
    return {name: errors[name][:, rows] ** 2 if is_intermittent else np.abs(errors[name][:, rows]) for name in names}


def bands(last_steps: Sequence[int], horizon: int) -> list[tuple[int, int]]:
    """First and last step of every band up to the horizon."""
    ends = [*(step for step in last_steps if step < horizon), horizon]
    return list(zip([1, *(end + 1 for end in ends[:-1])], ends, strict=True))


def verdict_of(
    errors: dict[str, np.ndarray], model: str, group: str, band: tuple[int, int], backtest: Backtest
) -> Verdict:
    """The verdict on a model in a band. errors: (cutoffs, series, steps) of it and of its peers, scaled, not negative.

    Only values that all of them forecast are compared.
    """
    first, last = band
    peers = [name for name in errors if name in PEERS_OF_INTERMITTENT]
    errors = {name: errors[name][:, :, first - 1 : last] for name in (model, *peers)}
    shared = ~np.isnan(np.stack(list(errors.values()))).any(axis=0)
    means = {
        name: nan_mean(np.where(shared, values, np.nan).reshape(len(values), -1)) for name, values in errors.items()
    }
    is_known = ~np.isnan(means[model])
    overall = {name: float(nan_mean(values)) for name, values in means.items()}
    peer = min(peers, key=lambda name: (np.nan_to_num(overall[name], nan=np.inf), name))
    gains = (means[peer] - means[model])[is_known]
    gain, error = float(nan_mean(gains)), standard_error(gains, last - 1)
    skill = "unknown"
    if len(gains) >= backtest.min_origins:
        skill = "model" if gain > error else "none"
    return Verdict(
        model,
        group,
        first,
        last,
        peer,
        len(gains),
        int(shared.sum()),
        overall[model],
        overall[peer],
        gain,
        error,
        skill,
    )


def standard_error(gains: np.ndarray, overlap: int) -> float:
    """Of the mean of paired differences at consecutive cutoffs; infinite for fewer than two.

    Forecasts of k periods from neighbouring cutoffs share k - 1 of them: the covariances up to that lag are added with
    falling weights (Newey & West 1987), and never make the error smaller than that of independent differences.
    """
    count = len(gains)
    if count < 2:
        return float("inf")
    centred = gains - gains.mean()
    variance = float((centred**2).sum()) / (count - 1)
    lags = range(1, min(overlap, count - 1) + 1)
    extra = sum(2 * (1 - lag / (overlap + 1)) * float((centred[lag:] * centred[:-lag]).mean()) for lag in lags)
    return float(np.sqrt(max(variance, variance + extra) / count))
