"""Feature importance of a random forest: the share of each lag, season and regressor, per metric."""

import numpy as np
import polars as pl

from forecasts.output import schemas
from forecasts.panel.batch import Batch

MAX_SERIES = 40  # series of a metric, evenly sampled: shares are stable with fewer, and a tree gets some thousand rows


def importance_of(batch: Batch, metrics: list[str], segments: np.ndarray) -> pl.DataFrame:
    """One row per metric and factor, for metrics with a regular series. metrics: of each series of the batch.

    Describes the history, not the served forecast: the forest need not be a member of the pool.
    """
    from forecasts.models.forest import importance

    rows: list[dict[str, object]] = []
    for metric in sorted(set(metrics)):
        regular = [row for row, name in enumerate(metrics) if name == metric and segments[row] == "regular"]
        if not regular:
            continue
        chosen = regular[:: max(1, len(regular) // MAX_SERIES)][:MAX_SERIES]
        shares = importance(batch.take(chosen))
        labels = {"freq": batch.frequency.code, "metric": metric, "n_series": len(chosen)}
        rows += [{**labels, "factor": factor, "share": round(share, 6)} for factor, share in shares.items()]
    return schemas.conform(pl.DataFrame(rows), schemas.IMPORTANCE) if rows else schemas.empty(schemas.IMPORTANCE)
