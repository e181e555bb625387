"""The results as long frames: one row per series, model and period."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from forecasts.backtesting import metrics
from forecasts.backtesting.rolling_origin import Origin
from forecasts.base import registry
from forecasts.group import Served
from forecasts.output import schemas
from forecasts.reconciliation.scenarios import moved_bounds
from forecasts.uncertainty.bounds import Bounds

BASE = "base"  # the scenario in which nothing is changed


@dataclass(frozen=True)
class GroupFrames:
    """The six frames of one frequency and horizon; columns as in `schemas.py`."""

    values: pl.DataFrame
    backtest: pl.DataFrame
    series: pl.DataFrame
    accuracy: pl.DataFrame
    choices: pl.DataFrame
    importance: pl.DataFrame


def frames_of(served: Served, names: pl.DataFrame, importance: pl.DataFrame | None = None) -> GroupFrames:
    """All frames of a group. names: one row per series, sorted by id: unique_id, metric, level, member, freq."""
    freq = served.candidates.batch.frequency.code
    rows = [{"freq": freq, **row} for row in served.choices]
    choices = pl.DataFrame(rows, infer_schema_length=None) if rows else schemas.empty(schemas.CHOICES)
    return GroupFrames(
        values=_values(served),
        backtest=_stacked((_backtest(served, *pair) for pair in _origins(served)), schemas.BACKTEST),
        series=_series(served, names),
        accuracy=_accuracy(served),
        choices=schemas.conform(choices, schemas.CHOICES),
        importance=schemas.empty(schemas.IMPORTANCE) if importance is None else importance,
    )


def _values(served: Served) -> pl.DataFrame:
    candidates = served.candidates
    ids, horizon = np.array(candidates.batch.unique_ids, dtype=object), candidates.horizon
    periods = candidates.batch.frequency.dates(candidates.batch.future(horizon))
    parts = []
    for name, point in candidates.future.items():
        rows = np.flatnonzero(~np.isnan(point).any(axis=1))
        bounds = {level: (low[rows], high[rows]) for level, (low, high) in served.bounds[name].items()}
        frame = _long(ids[rows], periods[rows], point[rows], bounds).hstack(_marks(served, name, rows))
        frame = frame.with_columns(scenario=pl.lit(BASE), model=pl.lit(name), engine=pl.lit(engine_of(name)))
        parts.append(schemas.conform(frame, schemas.VALUES))
    base = _stacked(parts, schemas.VALUES)
    served_rows = base.filter("is_served").sort("unique_id", "horizon")
    return pl.concat([base, *(_scenario(served, name, served_rows) for name in served.scenarios)])


def _scenario(served: Served, name: str, base: pl.DataFrame) -> pl.DataFrame:
    """The served rows under a scenario, their bounds at the same distance in proportion."""
    with_values = [row for row, length in enumerate(served.candidates.batch.lengths) if length > 0]
    point, before = served.scenarios[name][with_values].ravel(), base["yhat"].to_numpy()
    bounds_of = [moved_bounds(point, before, base[bound].to_numpy()) for bound in schemas.BOUNDS]
    bounds = [pl.Series(bound, values) for bound, values in zip(schemas.BOUNDS, bounds_of, strict=True)]
    return base.with_columns(pl.Series("yhat", point), pl.lit(name).alias("scenario"), *bounds)


def _marks(served: Served, name: str, rows: np.ndarray) -> pl.DataFrame:
    """is_served and fallback_reason of one model's rows, one row per step."""
    is_served = [served.served[row] == name for row in rows]
    reasons = [served.reasons[row] if flag else None for row, flag in zip(rows, is_served, strict=True)]
    marks = pl.DataFrame(
        {"is_served": is_served, "fallback_reason": reasons},
        schema={"is_served": pl.Boolean(), "fallback_reason": pl.String()},
    )
    return marks.select(pl.all().repeat_by(served.candidates.horizon).explode())


def engine_of(name: str) -> str:
    """The library that computed a model's rows; pools are combined with numpy."""
    return registry()[name].engine if name in registry() else "numpy"


def _backtest(served: Served, origin: Origin, past: dict[str, Bounds]) -> pl.DataFrame:
    batch = served.candidates.batch.take(origin.rows).without_last(origin.held_out)
    ids, horizon = np.array(batch.unique_ids, dtype=object), served.candidates.horizon
    periods = batch.frequency.dates(batch.future(horizon))
    cutoff = np.repeat(batch.frequency.ends(batch.last), horizon)
    actual = origin.actual.ravel()
    parts = []
    for name, point in origin.forecasts.items():
        frame = _long(ids, periods, point, past[name])
        frame = frame.with_columns(model=pl.lit(name), cutoff=pl.Series(cutoff), y=pl.Series(actual, nan_to_null=True))
        frame = frame.filter(pl.col("y").is_not_null() & pl.col("yhat").is_not_null())
        parts.append(schemas.conform(frame, schemas.BACKTEST))
    return _stacked(parts, schemas.BACKTEST)


def _long(ids: np.ndarray, periods: np.ndarray, point: np.ndarray, bounds: Bounds) -> pl.DataFrame:
    horizon = point.shape[1]
    columns = {"yhat": point} | {f"lo_{k}": low for k, (low, _) in bounds.items()}
    columns |= {f"hi_{k}": high for k, (_, high) in bounds.items()}
    frame = pl.DataFrame(
        {
            "unique_id": pl.Series(np.repeat(ids, horizon), dtype=pl.String),
            "period_start": pl.Series(periods.ravel(), dtype=pl.Date),
            "horizon": np.tile(np.arange(1, horizon + 1), len(ids)),
        }
    )
    return frame.with_columns(pl.Series(name, values.ravel(), nan_to_null=True) for name, values in columns.items())


def _series(served: Served, names: pl.DataFrame) -> pl.DataFrame:
    batch = served.candidates.batch
    has_values = batch.lengths > 0
    model = [name if has_value else None for name, has_value in zip(served.served, has_values, strict=True)]
    first = batch.frequency.dates(batch.last - batch.lengths + 1)
    last = batch.frequency.dates(batch.last)
    frame = names.with_columns(
        first_period=pl.when(pl.Series(has_values)).then(pl.Series(first)),
        last_period=pl.when(pl.Series(has_values)).then(pl.Series(last)),
        n_periods=pl.Series(batch.lengths),
        segment=pl.Series(served.segments, dtype=pl.String),
        served_model=pl.Series(model, dtype=pl.String),
        fallback_reason=pl.Series(served.reasons, dtype=pl.String),
    )
    return schemas.conform(frame, schemas.SERIES)


def _accuracy(served: Served) -> pl.DataFrame:
    parts = [_scores(served, origin, past, name) for origin, past in _origins(served) for name in origin.forecasts]
    if not parts:
        return schemas.empty(schemas.ACCURACY)
    measures = [name for name in schemas.ACCURACY if name not in ("unique_id", "model", "n_origins", "n_values")]
    mean = [pl.col(name).filter(pl.col(name).is_not_nan()).mean() for name in measures]
    per_series = pl.concat(parts).filter(pl.col("n_values") > 0).group_by("unique_id", "model")
    frame = per_series.agg(pl.len().alias("n_origins"), pl.col("n_values").sum(), *mean).sort("unique_id", "model")
    return schemas.conform(frame, schemas.ACCURACY)


def _scores(served: Served, origin: Origin, past: dict[str, Bounds], name: str) -> pl.DataFrame:
    point, (low80, high80), (low95, high95) = origin.forecasts[name], past[name][80], past[name][95]
    actual = np.where(np.isnan(point), np.nan, origin.actual)
    return pl.DataFrame(
        {
            "unique_id": [served.candidates.batch.unique_ids[row] for row in origin.rows],
            "model": [name] * len(origin.rows),
            "n_values": (~np.isnan(actual)).sum(axis=1),
            "smape": metrics.smape(actual, point),
            "mase": metrics.mase(actual, point, origin.scale),
            "rmsse": metrics.rmsse(actual, point, origin.squared_scale),
            "wape": metrics.wape(actual, point),
            "bias": metrics.bias(actual, point),
            "accuracy": metrics.nan_mean(metrics.accuracy(actual, point)),
            "coverage_80": metrics.coverage(actual, low80, high80),
            "coverage_95": metrics.coverage(actual, low95, high95),
            "msis_95": metrics.msis(actual, low95, high95, origin.scale),
        }
    )


def _origins(served: Served) -> list[tuple[Origin, dict[str, Bounds]]]:
    return list(zip(served.candidates.origins, served.past, strict=True))


def _stacked(parts: Iterable[pl.DataFrame], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return pl.concat([schemas.empty(schema), *parts])
