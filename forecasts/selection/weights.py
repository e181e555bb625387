"""How much the pipeline counts beside the pool of series: from past errors, at each cutoff from those known by then.

The weight is the one with the least absolute error on past cutoffs, mixed with one half by how few they are. Bounds are
averaged with the same weights (quantile averaging, Lichtendahl et al. 2013).
"""

import numpy as np
import polars as pl

from forecasts.output.schemas import BOUNDS

GRID = np.linspace(0, 1, 11)  # finer weights cannot be told apart on a year of cutoffs
PRIOR_CUTOFFS = 6.0  # as many cutoffs as one half counts for: with six of them the measured weight has as much say
NUMBERS = ("yhat", *BOUNDS)
STEP = ["metric", "freq", "level", "horizon"]


def weight_of(actual: np.ndarray, own: np.ndarray, pipeline: np.ndarray, cutoff_count: int) -> float:
    """The weight of the pipeline from past errors; one half where there are none."""
    if cutoff_count == 0 or not len(actual):
        return 0.5
    losses = [float(np.abs(actual - (w * pipeline + (1 - w) * own)).sum()) for w in GRID]
    best = float(GRID[int(np.argmin(losses))])
    return (cutoff_count * best + PRIOR_CUTOFFS * 0.5) / (cutoff_count + PRIOR_CUTOFFS)


def weights_of(pairs: pl.DataFrame) -> pl.DataFrame:
    """One row per metric, freq, level and step: the weight, and on how many cutoffs.

    pairs: one row per series, cutoff and period with both views: y, NUMBERS, and NUMBERS with the suffix _pipeline.
    """
    rows = []
    for (metric, freq, level), part in pairs.group_by("metric", "freq", "level", maintain_order=True):
        horizon, cutoffs = part["horizon"].to_numpy(), part["cutoff"].to_numpy()
        actual, own, view = (part[name].to_numpy() for name in ("y", "yhat", "yhat_pipeline"))
        for step in range(1, int(horizon.max()) + 1):
            near = np.abs(horizon - step) <= 1
            count = len(np.unique(cutoffs[near]))
            rows.append((metric, freq, level, step, weight_of(actual[near], own[near], view[near], count), count))
    shape = {"metric": pl.String, "freq": pl.String, "level": pl.String, "horizon": pl.Int64}
    return pl.DataFrame(rows, schema={**shape, "weight": pl.Float64, "n_cutoffs": pl.Int64}, orient="row")


def with_untested(weights: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """A weight for every step that is forecast: where no cutoff could test it the two views count alike."""
    steps = now.select(STEP).unique(maintain_order=True).join(weights, on=STEP, how="left", maintain_order="left")
    return steps.with_columns(pl.col("weight").fill_null(0.5), pl.col("n_cutoffs").fill_null(0))


def mixed(frame: pl.DataFrame, weights: pl.DataFrame) -> pl.DataFrame:
    """The two views of each row averaged by the weight of its step."""
    frame = frame.join(weights.select(*STEP, "weight"), on=STEP, how="left", maintain_order="left")
    weight = pl.col("weight").fill_null(0.5)
    return frame.with_columns(
        (weight * pl.col(f"{name}_pipeline") + (1 - weight) * pl.col(name)).alias(name) for name in NUMBERS
    )


def coherent(frame: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Members scaled to the total of the same metric and period; a level whose members are all 0 stays as it is."""
    key = ["metric", "freq", *by]
    totals = frame.filter(pl.col("level") == "total").select(*key, pl.col("yhat").alias("_total"))
    sums = pl.col("yhat").sum().over([*key, "level"])
    frame = frame.join(totals, on=key, how="left", maintain_order="left")
    factor = pl.when((sums > 0) & pl.col("_total").is_not_null()).then(pl.col("_total") / sums).otherwise(1.0)
    return (
        frame.with_columns(_factor=factor).with_columns(pl.col(NUMBERS) * pl.col("_factor")).drop("_total", "_factor")
    )


def tested(pairs: pl.DataFrame) -> pl.DataFrame:
    """The combination at past cutoffs, each with the weight that earlier cutoffs gave by then."""
    if pairs.is_empty():
        return pairs
    parts = []
    for (cutoff,), part in pairs.group_by("cutoff", maintain_order=True):
        earlier = pairs.filter((pl.col("cutoff") < cutoff) & (pl.col("period_start") <= cutoff))
        parts.append(coherent(mixed(part, weights_of(earlier)), ["cutoff", "period_start"]))
    return pl.concat(parts)
