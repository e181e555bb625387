"""Accuracy of models that come to a backtest from outside the batch of series: the same measures, from long frames."""

import numpy as np
import polars as pl

from forecasts.backtesting import metrics
from forecasts.output import schemas
from forecasts.panel.frequency import Frequency

NOT_MEASURES = ("unique_id", "model", "purpose", "n_origins", "n_values")


def accuracy_of(backtest: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """One row of schemas.ACCURACY per series and model of a backtest (schemas.BACKTEST, y known).

    history: unique_id, freq, ds, y of `marts.series_history`; what lies up to a cutoff scales the errors after it.
    """
    scored = backtest.filter(pl.col("y").is_not_null() & (pl.col("purpose") == "evaluation"))
    if scored.is_empty():
        return schemas.empty(schemas.ACCURACY)
    own = history.filter(pl.col("unique_id").is_in(scored["unique_id"].unique().implode())).sort("unique_id", "ds")
    values = {name: rows for (name,), rows in own.group_by("unique_id")}
    parts = [
        _scores(part.sort("horizon"), values[str(name)])
        for (name, _, _), part in scored.group_by("unique_id", "model", "cutoff", maintain_order=True)
    ]
    measures = [name for name in schemas.ACCURACY if name not in NOT_MEASURES]
    mean = [pl.col(name).filter(pl.col(name).is_not_nan()).mean() for name in measures]
    per_series = pl.concat(parts).group_by("unique_id", "model")
    frame = per_series.agg(pl.len().alias("n_origins"), pl.col("n_values").sum(), *mean).sort("unique_id", "model")
    frame = frame.with_columns(purpose=pl.lit("evaluation"))
    return schemas.conform(frame, schemas.ACCURACY)


def _scores(part: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """The measures of one series, model and cutoff."""
    frequency = Frequency(history["freq"][0])
    cutoff = part["cutoff"][0]
    past = history.filter(pl.Series(frequency.ends(frequency.index(history["ds"].to_numpy())) <= np.datetime64(cutoff)))
    before = past["y"].to_numpy()
    scale = metrics.scale_of(before, frequency.season)
    actual, point = part["y"].to_numpy()[None], part["yhat"].to_numpy()[None]  # one row, as metrics expect
    low_95, low_80, high_80, high_95 = (part[name].to_numpy()[None] for name in schemas.BOUNDS)
    return pl.DataFrame(
        {
            "unique_id": part["unique_id"][:1],
            "model": part["model"][:1],
            "n_values": [len(part)],
            "smape": metrics.smape(actual, point),
            "mase": metrics.mase(actual, point, scale),
            "rmsse": metrics.rmsse(actual, point, metrics.squared_scale_of(before)),
            "wape_by_cutoff": metrics.wape(actual, point),
            "above_share": [float((actual > point).mean())],
            "bias": metrics.bias(actual, point),
            "accuracy": metrics.nan_mean(metrics.accuracy(actual, point)),
            "coverage_80": metrics.coverage(actual, low_80, high_80),
            "coverage_95": metrics.coverage(actual, low_95, high_95),
            "msis_95": metrics.msis(actual, low_95, high_95, scale),
        }
    )
