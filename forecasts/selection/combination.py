"""One forecast of two views, by level and step: what the series would serve (pool or peer), and what deals bring.

The weight of the pipeline is the one with the least absolute error on past cutoffs, mixed with one half by how few they
are; in the backtest a cutoff uses only what had been known by it. Members are scaled to the total, so that every level
adds up to it. Bounds are averaged with the same weights (quantile averaging, Lichtendahl et al. 2013).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from forecasts.output import schemas
from forecasts.output.schemas import BOUNDS

SERIES_POOL, PIPELINE, POOL = "series_pool", "pipeline", "pool"
GRID = np.linspace(0, 1, 11)  # finer weights cannot be told apart on a year of cutoffs
PRIOR_CUTOFFS = 6.0  # as many cutoffs as one half counts for: with six of them the measured weight has as much say
NUMBERS = ("yhat", *BOUNDS)
KEY = ["unique_id", "period_start"]
CHOSE_NOTHING = pl.col("is_served") & (pl.col("purpose") == "evaluation")  # what would have been served at a cutoff
TOO_SHORT = "too little history for models: the forecast from deals is served"


@dataclass(frozen=True)
class Combined:
    """values, backtest: with the models series_pool, pipeline and pool. series: with those that have deals and no
    history. choices: the weights as evidence."""

    values: pl.DataFrame
    backtest: pl.DataFrame
    series: pl.DataFrame
    choices: pl.DataFrame


def combine(
    values: pl.DataFrame, backtest: pl.DataFrame, series: pl.DataFrame, now: pl.DataFrame, past: pl.DataFrame
) -> Combined:
    """Weigh the pipeline into the served pool of every series that has one.

    values, backtest, series: frames of the engine (`output.schemas`). now: schemas.PIPELINE; past: schemas.BACKTEST of
    the model `pipeline`, without actuals. A series that is too short for models is served from the pipeline alone.
    """
    series = pl.concat([series, _unseen(series, now)])
    names = series.select("unique_id", "metric", "level", "freq")
    both = series.filter(pl.col("unique_id").is_in(now["unique_id"].unique().implode()))
    measured = values.filter(pl.col("model") == POOL)["unique_id"].unique().implode()
    pooled = both.filter(pl.col("unique_id").is_in(measured))["unique_id"]
    alone = both.filter(~pl.col("unique_id").is_in(measured))["unique_id"]
    past = _with_actuals(past, backtest)
    pairs = _pairs(backtest.filter(pl.col("unique_id").is_in(pooled.implode())), past, names)
    weights = _with_untested(_weights(pairs), now.filter(pl.col("unique_id").is_in(pooled.implode())))
    served = _served(values, now, pooled, weights, names)
    tested = _tested(pairs)
    return Combined(
        _values(values, now, served, pooled, alone),
        _backtest(backtest, past, tested, pooled),
        _series(series, pooled, alone),
        _choices(weights),
    )


def _unseen(series: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Series that have deals and no history at all: nothing was ever won there."""
    new = now.unique("unique_id", maintain_order=True).join(series, on="unique_id", how="anti")
    facts = new.select("unique_id", "metric", "level", "member", "freq", n_periods=0, segment=pl.lit("empty"))
    return schemas.conform(facts, schemas.SERIES)


def _with_actuals(past: pl.DataFrame, backtest: pl.DataFrame) -> pl.DataFrame:
    actuals = backtest.filter(pl.col("y").is_not_null()).unique(KEY).select(*KEY, "y")
    return schemas.conform(past.drop("y").join(actuals, on=KEY, how="inner"), schemas.BACKTEST)


def _pairs(backtest: pl.DataFrame, past: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """One row per series, cutoff and period of which both views have a forecast."""
    on = ["unique_id", "cutoff", "period_start", "horizon"]
    own = backtest.filter(CHOSE_NOTHING).drop("model").join(names, on="unique_id")
    return own.join(past.select(*on, pl.col(NUMBERS).name.suffix("_pipeline")), on=on).sort(on)


def weight_of(actual: np.ndarray, own: np.ndarray, pipeline: np.ndarray, cutoff_count: int) -> float:
    """The weight of the pipeline from past errors; one half where there are none."""
    if cutoff_count == 0 or not len(actual):
        return 0.5
    losses = [float(np.abs(actual - (w * pipeline + (1 - w) * own)).sum()) for w in GRID]
    best = float(GRID[int(np.argmin(losses))])
    return (cutoff_count * best + PRIOR_CUTOFFS * 0.5) / (cutoff_count + PRIOR_CUTOFFS)


def _weights(pairs: pl.DataFrame) -> pl.DataFrame:
    """One row per metric, freq, level and step: the weight, and on how many cutoffs."""
    rows = []
    for (metric, freq, level), part in pairs.group_by("metric", "freq", "level", maintain_order=True):
        for step in range(1, int(part["horizon"].to_numpy().max()) + 1):
            near = part.filter((pl.col("horizon") - step).abs() <= 1)
            count = near["cutoff"].n_unique()
            actual, own, view = (near[name].to_numpy() for name in ("y", "yhat", "yhat_pipeline"))
            rows.append((metric, freq, level, step, weight_of(actual, own, view, count), count))
    shape = {"metric": pl.String, "freq": pl.String, "level": pl.String, "horizon": pl.Int64}
    return pl.DataFrame(rows, schema={**shape, "weight": pl.Float64, "n_cutoffs": pl.Int64}, orient="row")


def _with_untested(weights: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """A weight for every step that is forecast: where no cutoff could test it the two views count alike."""
    by = ["metric", "freq", "level", "horizon"]
    steps = now.select(by).unique(maintain_order=True).join(weights, on=by, how="left", maintain_order="left")
    return steps.with_columns(pl.col("weight").fill_null(0.5), pl.col("n_cutoffs").fill_null(0))


def _mixed(frame: pl.DataFrame) -> pl.DataFrame:
    """The two views of each row averaged by `weight`."""
    return frame.with_columns(
        (pl.col("weight") * pl.col(f"{name}_pipeline") + (1 - pl.col("weight")) * pl.col(name)).alias(name)
        for name in NUMBERS
    )


def _coherent(frame: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Members scaled to the total of the same metric and period; a level whose members are all 0 stays as it is."""
    key = ["metric", "freq", *by]
    totals = frame.filter(pl.col("level") == "total").select(*key, pl.col("yhat").alias("_total"))
    sums = pl.col("yhat").sum().over([*key, "level"])
    frame = frame.join(totals, on=key, how="left", maintain_order="left")
    factor = pl.when((sums > 0) & pl.col("_total").is_not_null()).then(pl.col("_total") / sums).otherwise(1.0)
    return (
        frame.with_columns(_factor=factor).with_columns(pl.col(NUMBERS) * pl.col("_factor")).drop("_total", "_factor")
    )


def _served(
    values: pl.DataFrame, now: pl.DataFrame, pooled: pl.Series, weights: pl.DataFrame, names: pl.DataFrame
) -> pl.DataFrame:
    own = values.filter(pl.col("is_served") & pl.col("unique_id").is_in(pooled.implode()))
    own = own.filter(pl.col("scenario") == "base").join(names, on="unique_id", maintain_order="left")
    own = _unjudged(own).with_columns(model=pl.lit(POOL))
    view = now.select(*KEY, pl.col(NUMBERS).name.suffix("_pipeline"))
    both = own.join(view, on=KEY, how="left", maintain_order="left")
    both = both.join(
        weights.drop("n_cutoffs"), on=["metric", "freq", "level", "horizon"], how="left", maintain_order="left"
    )
    # A period that the pipeline does not reach is the series' own.
    is_known = pl.col("yhat_pipeline").is_not_null()
    both = both.with_columns(weight=pl.when(is_known).then(pl.col("weight").fill_null(0.5)).otherwise(0.0))
    both = both.with_columns(pl.col(f"{name}_pipeline").fill_null(pl.col(name)) for name in NUMBERS)
    return _coherent(_mixed(both), ["scenario", "period_start"])


def _unjudged(own: pl.DataFrame) -> pl.DataFrame:
    """Rows whose series part is a peer: its verdict is not the combination's, which has not faced the skill rule."""
    is_peer = pl.col("model") != POOL
    sentence = pl.concat_str(
        pl.lit("what deals bring is weighed with "), "model", pl.lit(", not yet judged together; of the series: "),
        pl.col("fallback_reason").fill_null(""),
    )  # fmt: skip
    return own.with_columns(
        skill=pl.when(is_peer).then(pl.lit("unknown")).otherwise("skill"),
        fallback_reason=pl.when(is_peer).then(sentence).otherwise("fallback_reason"),
    )


def _tested(pairs: pl.DataFrame) -> pl.DataFrame:
    """The combination at past cutoffs, each with the weight that earlier cutoffs gave by then."""
    if pairs.is_empty():
        return pairs
    ended = pl.col("period_start")
    parts = []
    for (cutoff,), part in pairs.group_by("cutoff", maintain_order=True):
        earlier = pairs.filter((pl.col("cutoff") < cutoff) & (ended <= cutoff))
        by = ["metric", "freq", "level", "horizon"]
        weights = _weights(earlier).drop("n_cutoffs")
        part = part.join(weights, on=by, how="left", maintain_order="left")
        parts.append(_coherent(_mixed(part.with_columns(pl.col("weight").fill_null(0.5))), ["cutoff", "period_start"]))
    return pl.concat(parts)


def _values(
    values: pl.DataFrame, now: pl.DataFrame, served: pl.DataFrame, pooled: pl.Series, alone: pl.Series
) -> pl.DataFrame:
    is_pooled, is_alone = (pl.col("unique_id").is_in(ids.implode()) for ids in (pooled, alone))
    is_base = pl.col("scenario") == "base"
    own = values.filter(is_pooled & is_base).with_columns(_as_series_pool(), is_served=pl.lit(False))
    scenarios = _scenarios(values.filter(is_pooled & pl.col("is_served")), served)
    # Of other scenarios the rows that are not served would keep the names of the base rows: they are left out.
    kept = values.filter(~is_pooled).with_columns(is_served=pl.col("is_served") & ~is_alone)
    view = now.filter(is_pooled | is_alone).drop("model").with_columns(
        scenario=pl.lit("base"), model=pl.lit(PIPELINE), is_served=is_alone, engine=pl.lit("numpy"),
        fallback_reason=pl.when(is_alone).then(pl.lit(TOO_SHORT)),
    )  # fmt: skip
    parts = (kept, own, served, scenarios, view)
    return pl.concat([schemas.conform(part, schemas.VALUES) for part in parts])


def _as_series_pool() -> pl.Expr:
    return pl.when(pl.col("model") == POOL).then(pl.lit(SERIES_POOL)).otherwise("model").alias("model")


def _scenarios(own: pl.DataFrame, served: pl.DataFrame) -> pl.DataFrame:
    """Scenarios move the combination by as much, in proportion, as they move the series' own forecast."""
    base = own.filter(pl.col("scenario") == "base").select(*KEY, pl.col("yhat").alias("_before"))
    now = served.select(*KEY, pl.col(NUMBERS).name.prefix("_"))
    rows = own.filter(pl.col("scenario") != "base").join(base, on=KEY).join(now, on=KEY)
    factor = pl.when(pl.col("_before") != 0).then(pl.col("yhat") / pl.col("_before")).otherwise(1.0)
    rows = rows.with_columns((pl.col(f"_{name}") * factor).alias(name) for name in NUMBERS)
    return rows.with_columns(model=pl.lit(POOL))


def _backtest(backtest: pl.DataFrame, past: pl.DataFrame, tested: pl.DataFrame, pooled: pl.Series) -> pl.DataFrame:
    is_own = pl.col("unique_id").is_in(pooled.implode())
    own = backtest.filter(is_own).with_columns(_as_series_pool(), is_served=pl.lit(False))
    view = past.filter(pl.col("unique_id").is_in(backtest["unique_id"].implode()))
    view = view.with_columns(purpose=pl.lit("evaluation"), is_served=pl.lit(False))
    parts = [backtest.filter(~is_own), own, view]
    key = ["unique_id", "cutoff", "period_start"]
    combined = tested.with_columns(model=pl.lit(POOL)) if len(tested) else schemas.empty(schemas.BACKTEST)
    # Where the pipeline was not known at a cutoff, the pool of that cutoff is what the series would have served.
    rest = backtest.filter(is_own & CHOSE_NOTHING).with_columns(model=pl.lit(POOL))
    parts += [combined, rest.join(combined, on=key, how="anti") if len(tested) else rest]
    return pl.concat([schemas.conform(part, schemas.BACKTEST) for part in parts])


def _series(series: pl.DataFrame, pooled: pl.Series, alone: pl.Series) -> pl.DataFrame:
    is_pooled, is_alone = (pl.col("unique_id").is_in(ids.implode()) for ids in (pooled, alone))
    return series.with_columns(
        served_model=pl.when(is_alone)
        .then(pl.lit(PIPELINE))
        .when(is_pooled)
        .then(pl.lit(POOL))
        .otherwise("served_model"),
        fallback_reason=pl.when(is_alone).then(pl.lit(TOO_SHORT)).otherwise("fallback_reason"),
    )


def _choices(weights: pl.DataFrame) -> pl.DataFrame:
    rows = weights.with_columns(
        segment=pl.concat_str("metric", pl.lit(" "), "level"), decision=pl.lit("combination"), step="horizon",
        candidate=pl.lit(PIPELINE), is_chosen=pl.lit(True), measure=pl.lit("weight"), error=pl.col("weight"),
        reason=pl.concat_str(
            pl.lit("weight of the pipeline beside the series' pool, from "), "n_cutoffs", pl.lit(" cutoffs")
        ),
    )  # fmt: skip
    return schemas.conform(rows, schemas.CHOICES)
