"""Segments: the series that share one pool of models."""

import numpy as np

from forecasts.config import Tier
from forecasts.panel.batch import Batch

MANY_ZEROS = 0.25  # an average gap of 1.33 periods between demands (Syntetos, Boylan & Croston 2005 cut at 1.32)
MEDIAN_GAP = 1.3  # periods: gaps are whole, so that half of them must be of two or more
PEERS = ("seasonal_naive", "naive", "season_mean")  # what a model must beat to be served
# Of intermittent demand last values say little: simple smoothing, nearly a long mean, is a peer as well.
PEERS_OF_INTERMITTENT = (*PEERS, "ses")


def segments_of(batch: Batch, min_history: int) -> np.ndarray:
    """empty, short, intermittent or regular, per series. min_history: fewest periods with which the models are used."""
    kinds = [_kind(values, min_history) for values in batch.values]
    return np.array(kinds, dtype=object)


def _kind(values: np.ndarray, min_history: int) -> str:
    if len(values) == 0:
        return "empty"
    if len(values) < min_history:
        return "short"
    return "intermittent" if is_intermittent(values) else "regular"


def is_intermittent(values: np.ndarray) -> bool:
    """Whether demand is intermittent: many zeros, or long gaps between demands."""
    known = values[~np.isnan(values)]
    demands = np.flatnonzero(known != 0)
    if len(demands) < 2:
        return len(demands) < len(known)
    return bool(np.mean(known == 0) > MANY_ZEROS or np.median(np.diff(demands)) > MEDIAN_GAP)


def models_of(segment: str, tier: Tier) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The candidate models of a segment, and its guardrail; none for segments that get the naive forecast."""
    if segment == "intermittent" and tier.intermittent:
        return tier.intermittent, tier.intermittent
    if segment in ("regular", "intermittent"):
        return tier.models, tier.guardrail
    return (), ()


def peers_of(segment: str) -> tuple[str, ...]:
    """The simple forecasts that the pool of a segment must beat."""
    return PEERS_OF_INTERMITTENT if segment == "intermittent" else PEERS


def model_masks(segments: np.ndarray, tier: Tier) -> dict[str, np.ndarray]:
    """For every model of the tier, and every peer, a mask of the series it forecasts."""
    masks: dict[str, np.ndarray] = {}
    for segment in sorted(set(segments)):
        names = models_of(segment, tier)[0]
        for name in dict.fromkeys((*names, *peers_of(segment))) if names else ():
            masks[name] = masks.get(name, np.zeros(len(segments), dtype=bool)) | (segments == segment)
    return masks
