"""Of bookings there are two views: the pool of series models, and what deals bring. One rule judges them all.

The combination (`pool`) weighs the pipeline and the series' pool (weights.py). Like every model it is served in a
band of horizons only if it beats the best simple peer there (combination_skill.py), at past cutoffs that neither gave
its weights nor chose it. Without skill the series' own verdict stands, which more cutoffs decide: its pool or the peer.
Who has no history long enough for models is served from the pipeline alone.
"""

from dataclasses import dataclass

import polars as pl

from forecasts.config import Backtest
from forecasts.output import schemas
from forecasts.selection.combination_skill import (
    KEY,
    PAST,
    PIPELINE,
    POOL,
    as_series_pool,
    judged,
    served_steps,
    with_skill,
)
from forecasts.selection.weights import NUMBERS, STEP, coherent, mixed, tested, weights_of, with_untested

IS_EVALUATION = pl.col("purpose") == "evaluation"
TOO_SHORT = "too little history for models: the forecast from deals is served"


@dataclass(frozen=True)
class Issued:
    """The frames of a run that deals change; columns as in `output.schemas`."""

    values: pl.DataFrame
    backtest: pl.DataFrame
    series: pl.DataFrame
    choices: pl.DataFrame
    skill: pl.DataFrame


@dataclass(frozen=True)
class _Views:
    """now, past: of the pipeline. pooled, alone: ids of series with a pool, and of those too short for one.

    names: metric, level and freq of every series.
    """

    now: pl.DataFrame
    past: pl.DataFrame
    names: pl.DataFrame
    pooled: pl.Expr
    alone: pl.Expr


def combine(issued: Issued, now: pl.DataFrame, past: pl.DataFrame, history: pl.DataFrame, rules: Backtest) -> Issued:
    """The frames with the pipeline weighed in and judged.

    now: schemas.PIPELINE; past: schemas.BACKTEST of the model `pipeline`, without actuals. history: unique_id, ds, y of
    `marts.series_history`, whose steps scale the errors.
    """
    series = pl.concat([issued.series, _unseen(issued.series, now)])
    views = _views(issued, series, now, past)
    pairs = _pairs(issued.backtest.filter(views.pooled), views)
    weights = with_untested(weights_of(pairs), now.filter(views.pooled))
    combined = tested(pairs)
    peers = issued.backtest.filter(IS_EVALUATION & views.pooled)
    steps = views.now.filter(views.pooled).group_by("metric", "freq", "level", maintain_order=True)
    verdicts = judged(combined, peers, steps.agg(pl.col("horizon").max()), history, rules)
    served = served_steps(verdicts)
    values = _values(issued.values, views, weights, served)
    return Issued(
        values,
        _backtest(issued.backtest, views, combined, served),
        _series(series, values, views),
        pl.concat([issued.choices, _choices(weights)]),
        with_skill(issued.skill, verdicts),
    )


def _unseen(series: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Series that have deals and no history at all: nothing was ever won there."""
    new = now.unique("unique_id", maintain_order=True).join(series, on="unique_id", how="anti")
    facts = new.select("unique_id", "metric", "level", "member", "freq", n_periods=0, segment=pl.lit("empty"))
    return schemas.conform(facts, schemas.SERIES)


def _views(issued: Issued, series: pl.DataFrame, now: pl.DataFrame, past: pl.DataFrame) -> _Views:
    ids = now["unique_id"].unique()
    measured = issued.values.filter(pl.col("model") == POOL)["unique_id"].unique()
    pooled = ids.filter(ids.is_in(measured.implode()))
    alone = ids.filter(~ids.is_in(measured.implode()))
    actuals = issued.backtest.filter(pl.col("y").is_not_null()).unique(KEY).select(*KEY, "y")
    past = schemas.conform(past.drop("y").join(actuals, on=KEY, how="inner"), schemas.BACKTEST)
    is_in = [pl.col("unique_id").is_in(part.implode()) for part in (pooled, alone)]
    return _Views(now, past, series.select("unique_id", "metric", "level", "freq"), *is_in)


def _pairs(backtest: pl.DataFrame, views: _Views) -> pl.DataFrame:
    """One row per series, cutoff and period of which both the pool of series and the pipeline have a forecast."""
    own = backtest.filter(IS_EVALUATION & (pl.col("model") == POOL)).drop("model").join(views.names, on="unique_id")
    return own.join(views.past.select(*PAST, pl.col(NUMBERS).name.suffix("_pipeline")), on=PAST).sort(PAST)


def _values(values: pl.DataFrame, views: _Views, weights: pl.DataFrame, served: pl.DataFrame) -> pl.DataFrame:
    is_base = pl.col("scenario") == "base"
    own = values.filter(views.pooled & is_base).join(views.names, on="unique_id", maintain_order="left")
    view = views.now.select(*KEY, pl.col(NUMBERS).name.suffix("_pipeline"))
    own = own.join(served, on=STEP, how="left", maintain_order="left")
    # A period that waits for an export has no view of deals, whose forecast begins after `as_of`: it keeps its own.
    own = own.join(view.select(*KEY, _is_seen=pl.lit(value=True)), on=KEY, how="left", maintain_order="left")
    is_combined = pl.col("is_combined").fill_null(value=False) & pl.col("_is_seen").fill_null(value=False)
    own = own.with_columns(is_combined=is_combined).drop("_is_seen")
    both = own.filter(pl.col("model") == POOL).join(view, on=KEY, maintain_order="left")
    both = coherent(mixed(both, weights), ["period_start"])
    pool = both.with_columns(is_served="is_combined", skill="_skill", fallback_reason=pl.lit(None, dtype=pl.String))
    is_own = pl.col("is_served") & ~pl.col("is_combined")
    # A verdict is that of the row that is served; the series' own stands in `forecast.skill` where it is not.
    reason, skill = (pl.when(is_own).then(value) for value in (_sentence(), "skill"))
    own = own.with_columns(as_series_pool(), is_served=is_own, fallback_reason=reason, skill=skill)
    columns = [*schemas.VALUES, "metric", "freq", "level"]
    rows = _with_coherent(pl.concat([own.select(columns), pool.select(columns)]), ["period_start"])
    scenarios = _scenarios(values.filter(views.pooled & pl.col("is_served")), rows.filter("is_served"))
    # Of other scenarios the rows that are not served would keep the names of the base rows: they are left out.
    kept = values.filter(~views.pooled).with_columns(is_served=pl.col("is_served") & ~views.alone)
    parts = (kept, rows, scenarios, _pipeline_values(views))
    return pl.concat([schemas.conform(part, schemas.VALUES) for part in parts])


def _sentence() -> pl.Expr:
    """Why the row is served, and not the combination; `_reason` says what that gained."""
    alone = pl.when(pl.col("model") == POOL).then(pl.lit("the pool of series alone"))
    return pl.concat_str(alone.otherwise(pl.col("fallback_reason").fill_null("")), pl.lit("; "), "_reason")


def _with_coherent(rows: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """What is served adds up, from whichever model each level has it; the other rows stay as they are."""
    return pl.concat([rows.filter(~pl.col("is_served")), coherent(rows.filter("is_served"), by)])


def _pipeline_values(views: _Views) -> pl.DataFrame:
    return views.now.filter(views.pooled | views.alone).drop("model").with_columns(
        scenario=pl.lit("base"), model=pl.lit(PIPELINE), is_served=views.alone, engine=pl.lit("numpy"),
        fallback_reason=pl.when(views.alone).then(pl.lit(TOO_SHORT)),
    )  # fmt: skip


def _scenarios(own: pl.DataFrame, served: pl.DataFrame) -> pl.DataFrame:
    """Scenarios move what is served by as much, in proportion, as they move the series' own; members add up."""
    base = own.filter(pl.col("scenario") == "base").select(*KEY, pl.col("yhat").alias("_before"))
    marks = pl.col("model", "skill", "fallback_reason")
    groups = pl.col("metric", "freq", "level")
    now = served.select(*KEY, pl.col(NUMBERS).name.prefix("_"), marks.name.prefix("_"), groups)
    rows = own.filter(pl.col("scenario") != "base").join(base, on=KEY).join(now, on=KEY)
    factor = pl.when(pl.col("_before") != 0).then(pl.col("yhat") / pl.col("_before")).otherwise(1.0)
    rows = rows.with_columns((pl.col(f"_{name}") * factor).alias(name) for name in NUMBERS)
    rows = rows.with_columns(pl.col(f"_{name}").alias(name) for name in ("model", "skill", "fallback_reason"))
    return coherent(rows, ["scenario", "period_start"])


def _backtest(backtest: pl.DataFrame, views: _Views, combined: pl.DataFrame, served: pl.DataFrame) -> pl.DataFrame:
    own = backtest.filter(views.pooled)
    combination = combined if len(combined) else schemas.empty(schemas.BACKTEST)
    pools = schemas.conform(combination, schemas.BACKTEST)
    # Where the pipeline was not known at a cutoff, the combination of that cutoff is what the series alone would serve.
    rest = own.filter(pl.col("is_served") & IS_EVALUATION).join(pools, on=PAST[:3], how="anti")
    pools = pl.concat([pools, rest]).with_columns(model=pl.lit(POOL))
    rows = pl.concat([own.with_columns(as_series_pool(), _is_pool=False), pools.with_columns(_is_pool=True)])
    rows = rows.join(views.names, on="unique_id", maintain_order="left")
    rows = rows.join(served, on=STEP, how="left", maintain_order="left")
    is_combined = pl.col("is_combined").fill_null(value=False)
    is_served = pl.when("_is_pool").then(is_combined).otherwise(pl.col("is_served") & ~is_combined)
    rows = _with_coherent(rows.with_columns(is_served=is_served), ["cutoff", "purpose", "period_start"])
    view = views.past.filter(pl.col("unique_id").is_in(backtest["unique_id"].unique().implode()))
    view = view.with_columns(purpose=pl.lit("evaluation"), is_served=pl.lit(value=False))
    parts = (backtest.filter(~views.pooled), rows, view)
    return pl.concat([schemas.conform(part, schemas.BACKTEST) for part in parts])


def _series(series: pl.DataFrame, values: pl.DataFrame, views: _Views) -> pl.DataFrame:
    """With the model that most steps are served from (of two, that of the nearer one), and why not the combination."""
    served = values.filter(views.pooled & pl.col("is_served") & (pl.col("scenario") == "base")).sort(KEY)
    most = (
        served.group_by("unique_id", "model", maintain_order=True)
        .len()
        .sort("len", descending=True, maintain_order=True)
    )
    most = most.unique("unique_id", keep="first", maintain_order=True).select("unique_id", _model="model")
    reasons = served.group_by("unique_id").agg(_reason=pl.col("fallback_reason").drop_nulls().first())
    series = series.join(most, on="unique_id", how="left", maintain_order="left")
    series = series.join(reasons, on="unique_id", how="left", maintain_order="left")
    return schemas.conform(series.with_columns(
        served_model=pl.when(views.alone).then(pl.lit(PIPELINE)).otherwise(pl.coalesce("_model", "served_model")),
        fallback_reason=pl.when(views.alone).then(pl.lit(TOO_SHORT)).when(views.pooled).then("_reason")
        .otherwise("fallback_reason"),
    ), schemas.SERIES)  # fmt: skip


def _choices(weights: pl.DataFrame) -> pl.DataFrame:
    rows = weights.with_columns(
        segment=pl.concat_str("metric", pl.lit(" "), "level"), decision=pl.lit("combination"), step="horizon",
        candidate=pl.lit(PIPELINE), is_chosen=pl.lit(value=True), measure=pl.lit("weight"), error=pl.col("weight"),
        reason=pl.concat_str(
            pl.lit("weight of the pipeline beside the series' pool, from "), "n_cutoffs", pl.lit(" cutoffs")
        ),
    )  # fmt: skip
    return schemas.conform(rows, schemas.CHOICES)
