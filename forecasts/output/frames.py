"""The results as long frames: one row per series, model and period."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from forecasts.backtesting import metrics
from forecasts.backtesting.rolling_origin import Origin
from forecasts.base import registry
from forecasts.group import Served
from forecasts.output import schemas
from forecasts.output.blocks import blocks_of
from forecasts.reconciliation.coherence import SERVED
from forecasts.reconciliation.scenarios import moved_bounds
from forecasts.selection.segments import PEERS
from forecasts.uncertainty.bounds import Bounds
from forecasts.uncertainty.conformal import LEVELS

Past = dict[str, Bounds] | None  # bounds at a cutoff that chose nothing, by model
BASE = "base"  # the scenario in which nothing is changed
POOL = "pool"
NAIVE = "seasonal_naive"  # what errors of served forecasts are compared with
BLOCK = 2000  # series whose rows are made at a time


@dataclass(frozen=True)
class GroupFrames:
    """The seven frames of one frequency and horizon; columns as in `schemas.py`."""

    values: pl.DataFrame
    backtest: pl.DataFrame
    series: pl.DataFrame
    accuracy: pl.DataFrame
    choices: pl.DataFrame
    importance: pl.DataFrame
    skill: pl.DataFrame


def frames_of(
    served: Served,
    names: pl.DataFrame,
    importance: pl.DataFrame | None = None,
    *,
    scored: bool = True,
    kept_whole: int = 5000,
    weighed: Collection[str] = (),
) -> GroupFrames:
    """All frames of a group. names: one row per series, sorted by id: unique_id, metric, level, member, freq.

    scored: whether accuracy is wanted, and what models forecast at the cutoffs that chose them. kept_whole: see
    `config.Backtest`. weighed: metrics that deals are weighed into later, by how pool and peers erred. Frames are made
    of BLOCK series at a time: what is held besides does not grow with their number.
    """
    freq = served.candidates.batch.frequency.code
    rows = [{"freq": freq, **row} for row in served.choices]
    choices = pl.DataFrame(rows, infer_schema_length=None) if rows else schemas.empty(schemas.CHOICES)
    read = None if len(names) <= kept_whole else _is_read(names, weighed)
    parts = [_of_block(block, names[rows], scored, read) for rows, block in blocks_of(served, BLOCK)]
    return GroupFrames(
        values=_stacked((part["values"] for part in parts), schemas.VALUES),
        backtest=_stacked((part["backtest"] for part in parts), schemas.BACKTEST),
        series=_stacked((part["series"] for part in parts), schemas.SERIES),
        accuracy=_stacked((part["accuracy"] for part in parts), schemas.ACCURACY),
        choices=schemas.conform(choices, schemas.CHOICES),
        importance=schemas.empty(schemas.IMPORTANCE) if importance is None else importance,
        skill=_skill(served, freq),
    )


def _is_read(names: pl.DataFrame, weighed: Collection[str]) -> pl.Expr:
    """Which rows of the backtest are read later: what was served, last season's value, what deals are judged beside."""
    ids = names.filter(pl.col("metric").is_in(list(weighed)))["unique_id"]
    is_beside = pl.col("unique_id").is_in(ids.implode()) & pl.col("model").is_in([POOL, *PEERS])
    return pl.col("is_served") | (pl.col("model") == NAIVE) | is_beside


def _of_block(served: Served, names: pl.DataFrame, scored: bool, read: pl.Expr | None) -> dict[str, pl.DataFrame]:
    """The frames with rows of series, of some of them. read: rows of the backtest that are kept; None for every row."""
    cutoffs = [(origin, past) for origin, past in _origins(served) if past is not None or (scored and read is None)]
    tested = _stacked((_backtest(served, *entry) for entry in cutoffs), schemas.BACKTEST)
    return {
        "values": _values(served),
        "backtest": tested if read is None else tested.filter(read),
        "series": _series(served, names),
        "accuracy": _accuracy(served) if scored else schemas.empty(schemas.ACCURACY),
    }


def _skill(served: Served, freq: str) -> pl.DataFrame:
    rows = [asdict(verdict) for verdict in served.verdicts]
    names = {"first_step": "first_horizon", "last_step": "last_horizon"}
    frame = pl.DataFrame(rows, infer_schema_length=None).rename(names) if rows else schemas.empty(schemas.SKILL)
    if rows:
        parts = pl.col("group").str.splitn("|", 3).struct
        metric, level, segment = (parts.field(f"field_{part}") for part in range(3))
        frame = frame.with_columns(freq=pl.lit(freq), metric=metric, level=level, segment=segment.fill_null("regular"))
    return schemas.without_infinities(schemas.conform(frame, schemas.SKILL))


def _values(served: Served) -> pl.DataFrame:
    candidates = served.candidates
    ids, horizon = np.array(candidates.batch.unique_ids, dtype=object), candidates.horizon
    periods = candidates.batch.frequency.dates(candidates.batch.future(horizon))
    parts = []
    for name, point in candidates.future.items():
        if name == SERVED:
            continue
        point, bounds = _with_served(
            point, served.bounds[name], served.served == name, candidates.future, served.bounds
        )
        rows = np.flatnonzero(~np.isnan(point).any(axis=1))
        bounds = {level: (low[rows], high[rows]) for level, (low, high) in bounds.items()}
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


def _with_served(
    point: np.ndarray,
    bounds: Bounds,
    is_served: np.ndarray,
    forecasts: dict[str, np.ndarray],
    all_of: dict[str, Bounds],
) -> tuple[np.ndarray, Bounds]:
    """A model's forecast and bounds, those that were served (reconciled) in their place."""
    mixed = {
        level: tuple(np.where(is_served, all_of[SERVED][level][side], bounds[level][side]) for side in (0, 1))
        for level in bounds
    }
    return np.where(is_served, forecasts[SERVED], point), {level: (low, high) for level, (low, high) in mixed.items()}


def _marks(served: Served, name: str, rows: np.ndarray) -> pl.DataFrame:
    """is_served, skill and fallback_reason of one model's rows, one row per step."""
    is_served = (served.served[rows] == name).ravel()
    marks = {
        key: [value if flag else None for value, flag in zip(values[rows].ravel(), is_served, strict=True)]
        for key, values in (("skill", served.skill), ("fallback_reason", served.reasons))
    }
    types = {"is_served": pl.Boolean(), "skill": pl.String(), "fallback_reason": pl.String()}
    return pl.DataFrame({"is_served": is_served, **marks}, schema=types)


def engine_of(name: str) -> str:
    """The library that computed a model's rows; pools are combined with numpy."""
    return registry()[name].engine if name in registry() else "numpy"


def _backtest(served: Served, origin: Origin, past: Past) -> pl.DataFrame:
    """Every model's rows at one cutoff; bounds only where the cutoff chose nothing, of the pool and what is served."""
    batch = served.candidates.batch.take(origin.rows).without_last(origin.held_out)
    ids, horizon = np.array(batch.unique_ids, dtype=object), served.candidates.horizon
    periods = batch.frequency.dates(batch.future(horizon))
    cutoff = np.repeat(batch.frequency.ends(batch.last), horizon)
    parts = []
    for name, point, bounds in _models_at(served, origin, past):
        frame = _long(ids, periods, point, bounds)
        frame = frame.with_columns(
            model=pl.lit(name),
            purpose=pl.lit(_purpose(past)),
            cutoff=pl.Series(cutoff),
            y=pl.Series(origin.actual.ravel(), nan_to_null=True),
            is_served=pl.Series((served.served[origin.rows] == name).ravel()),
        )
        frame = frame.filter(pl.col("y").is_not_null() & pl.col("yhat").is_not_null())
        parts.append(schemas.conform(frame, schemas.BACKTEST))
    return _stacked(parts, schemas.BACKTEST)


def _models_at(served: Served, origin: Origin, past: Past) -> Iterator[tuple[str, np.ndarray, Bounds]]:
    """Name, forecast and bounds of every model at a cutoff, what would have been served as it would have been."""
    unknown: Bounds = {level: (np.full(origin.actual.shape, np.nan),) * 2 for level in LEVELS}
    ours = past or {}
    for name, point in origin.forecasts.items():
        if name != SERVED:
            is_served = served.served[origin.rows] == name
            bounds = ours.get(name, unknown)
            yield name, *_with_served(point, bounds, is_served, origin.forecasts, {SERVED: ours.get(SERVED, unknown)})


def _purpose(past: Past) -> str:
    return "selection" if past is None else "evaluation"


def _long(ids: np.ndarray, periods: np.ndarray, point: np.ndarray, bounds: Bounds) -> pl.DataFrame:
    horizon = point.shape[1]
    columns = {"yhat": point} | {f"lo_{k}": low for k, (low, _) in bounds.items()}
    columns |= {f"hi_{k}": high for k, (_, high) in bounds.items()}
    frame = pl.DataFrame(
        {
            "unique_id": pl.Series(ids, dtype=pl.String).gather(np.repeat(np.arange(len(ids)), horizon)),
            "period_start": pl.Series(periods.ravel(), dtype=pl.Date),
            "horizon": np.tile(np.arange(1, horizon + 1), len(ids)),
        }
    )
    return frame.with_columns(pl.Series(name, values.ravel(), nan_to_null=True) for name, values in columns.items())


def _series(served: Served, names: pl.DataFrame) -> pl.DataFrame:
    batch = served.candidates.batch
    has_values = batch.lengths > 0
    model = [
        _most_served(names) if has_value else None for names, has_value in zip(served.served, has_values, strict=True)
    ]
    reasons = [next(filter(None, by_step), None) for by_step in served.reasons]
    first = batch.frequency.dates(batch.last - batch.lengths + 1)
    last = batch.frequency.dates(batch.last)
    frame = names.with_columns(
        first_period=pl.when(pl.Series(has_values)).then(pl.Series(first)),
        last_period=pl.when(pl.Series(has_values)).then(pl.Series(last)),
        n_periods=pl.Series(batch.lengths),
        segment=pl.Series(served.segments, dtype=pl.String),
        served_model=pl.Series(model, dtype=pl.String),
        fallback_reason=pl.Series(reasons, dtype=pl.String),
    )
    return schemas.conform(frame, schemas.SERIES)


def _most_served(names: np.ndarray) -> str:
    """The model that most steps of a series are served from; of two, that of the nearer one."""
    return max(dict.fromkeys(names), key=lambda name: int((names == name).sum()))


def _accuracy(served: Served) -> pl.DataFrame:
    """Per series and model: at the cutoffs that chose nothing, or, without those, at the ones it was tried at."""
    parts = [
        _scores(served, origin, past, *model)
        for origin, past in _origins(served)
        if len(origin.rows)  # a history one period longer than two seasons has cutoffs of no series
        for model in _scored(served, origin, past)
    ]
    if not parts:
        return schemas.empty(schemas.ACCURACY)
    labels = ("unique_id", "model", "purpose", "n_origins", "n_values")
    mean = [pl.col(name).filter(pl.col(name).is_not_nan()).mean() for name in schemas.ACCURACY if name not in labels]
    per_series = pl.concat(parts).filter(pl.col("n_values") > 0)
    newest = pl.col("purpose") == pl.col("purpose").min().over("unique_id", "model")  # evaluation before selection
    groups = per_series.filter(newest).group_by("unique_id", "model", "purpose")
    frame = groups.agg(pl.len().alias("n_origins"), pl.col("n_values").sum(), *mean).sort("unique_id", "model")
    return schemas.conform(frame, schemas.ACCURACY)


def _scored(served: Served, origin: Origin, past: Past) -> Iterator[tuple[str, np.ndarray, Bounds]]:
    """Every model, and `served`: what would have been served, step by step from the pool or a peer."""
    yield from _models_at(served, origin, past)
    if past is not None:
        yield SERVED, origin.forecasts[SERVED], past[SERVED]


def _scores(served: Served, origin: Origin, past: Past, name: str, point: np.ndarray, bounds: Bounds) -> pl.DataFrame:
    (low80, high80), (low95, high95) = bounds[80], bounds[95]
    actual = np.where(np.isnan(point), np.nan, origin.actual)
    above = np.where(np.isnan(actual), np.nan, actual > point)
    return pl.DataFrame(
        {
            "unique_id": [served.candidates.batch.unique_ids[row] for row in origin.rows],
            "model": [name] * len(origin.rows),
            "purpose": _purpose(past),
            "n_values": (~np.isnan(actual)).sum(axis=1),
            "smape": metrics.smape(actual, point),
            "mase": metrics.mase(actual, point, origin.scale),
            "rmsse": metrics.rmsse(actual, point, origin.squared_scale),
            "wape_by_cutoff": metrics.wape(actual, point),
            "bias": metrics.bias(actual, point),
            "accuracy": metrics.nan_mean(metrics.accuracy(actual, point)),
            "above_share": metrics.nan_mean(above),
            "coverage_80": metrics.coverage(actual, low80, high80),
            "coverage_95": metrics.coverage(actual, low95, high95),
            "msis_95": metrics.msis(actual, low95, high95, origin.scale),
        }
    )


def _origins(served: Served) -> list[tuple[Origin, Past]]:
    """Every cutoff, with the bounds of pool and served forecast where it chose nothing."""
    chosen_on: list[tuple[Origin, Past]] = [(origin, None) for origin in served.candidates.origins]
    return [*chosen_on, *zip(served.candidates.evaluation, served.past, strict=True)]


def _stacked(parts: Iterable[pl.DataFrame], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return pl.concat([schemas.empty(schema), *parts])
