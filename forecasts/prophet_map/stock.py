"""Models the batch engine does not solve: one stock Prophet per series; the column `engine` says so.

Saturating growth (with the frame's `cap` and `floor`), MCMC and regressor models go here. Prophet draws its intervals
from NumPy's global generator; it is seeded per series by the series' id, and its state is restored.
"""

import copy
import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from forecasts.prophet_map.dates import future_dates
from forecasts.prophet_map.panel import as_dates, dates
from forecasts.prophet_map.specification import SpecificationError

if TYPE_CHECKING:
    import pandas as pd
    import prophet

COMPONENT_SUFFIXES = ("_lower", "_upper")


def stock_fit_predict(
    frame: pl.DataFrame,
    model: "prophet.Prophet",
    horizon: int,
    freq: str,
    future: pl.DataFrame | None,
    levels: tuple[int, ...],
    components: bool,
) -> pl.DataFrame:
    """Same columns as fit_predict, engine `prophet`; series without two dates as in the batch engine.

    SpecificationError if the frame or `future` lacks what the model needs, or a level is no percentage.
    """
    _check(frame, model, future, levels)
    date_type = frame.schema["ds"]
    frame = frame.with_columns(dates("ds", frame.schema["ds"]), pl.col("y").cast(pl.Float64).fill_nan(None))
    parts = [
        _forecast_series(key, group.sort("ds"), model, horizon, freq, future, levels, components)
        for (key,), group in frame.group_by(["unique_id"], maintain_order=True)
    ]
    table = pl.concat(parts, how="diagonal")
    return table.with_columns(as_dates(table["ds"].to_physical().to_numpy(), date_type).alias("ds"))


def _check(frame: pl.DataFrame, model: "prophet.Prophet", future: pl.DataFrame | None, levels: tuple[int, ...]) -> None:
    if invalid := [level for level in levels if not 0 < level < 100]:
        raise SpecificationError(f"levels are percentages between 0 and 100, not {invalid[0]}")
    _has_columns("the frame", frame, ["unique_id", "ds", "y", *_needed(model)])
    if frame.is_empty():
        raise SpecificationError("the frame has no rows: there is nothing to forecast")
    if future is not None:
        _has_columns("`future`", future, ["ds", *_needed(model)])
        if model.growth == "logistic" and ("floor" in frame.columns) != ("floor" in future.columns):
            raise SpecificationError(
                "a floor of saturating growth must be in both the frame and `future`, or in neither"
            )
    rows = frame.filter(pl.col("y").is_not_null())
    for name in _needed(model):
        if _unknown(rows[name]):
            raise SpecificationError(f"the frame lacks a value of {name!r}: every row needs one")


def _has_columns(what: str, table: pl.DataFrame, names: list[str]) -> None:
    if missing := [name for name in names if name not in table.columns]:
        raise SpecificationError(f"{what} has no column {missing[0]!r}; it has {', '.join(table.columns)}")


def _needed(model: "prophet.Prophet") -> list[str]:
    """Columns that the model's history and future must have, besides the date."""
    conditions = [p["condition_name"] for p in model.seasonalities.values() if p["condition_name"] is not None]
    needed = [name for name, p in model.extra_regressors.items() if p.get("predictor_spec") is None] + conditions
    return needed + (["cap"] if model.growth == "logistic" else [])


def _unknown(values: pl.Series) -> bool:
    return bool(values.null_count() or (values.dtype.is_float() and values.is_nan().any()))


def _forecast_series(
    key: Any,
    group: pl.DataFrame,
    model: "prophet.Prophet",
    horizon: int,
    freq: str,
    future: pl.DataFrame | None,
    levels: tuple[int, ...],
    components: bool,
) -> pl.DataFrame:
    last = group["ds"].to_physical().to_numpy()[-1:]
    ahead = pl.DataFrame({"ds": pl.Series(future_dates(last, horizon, freq)[0]).cast(pl.Datetime("us"))})
    with_values = group.drop_nulls("y")
    if with_values["ds"].n_unique() < 2:
        value = with_values["y"][-1] if with_values.height else None
        return _as_table(key, ahead, value, levels, "last_value" if with_values.height else "none")
    ahead = _with_future(key, model, ahead, future)
    fitted = copy.deepcopy(model)
    with seeded(key), quiet():
        fitted.fit(group.drop("unique_id").to_pandas())
        forecast = fitted.predict(ahead.to_pandas())
        draws = fitted.predictive_samples(ahead.to_pandas())["yhat"]
        if fitted.stan_backend is not None:
            fitted.stan_backend.cleanup()  # Stan leaves its CSV files in the temporary folder
    table = _as_table(key, ahead.select("ds"), None, levels, "prophet")
    columns = {"yhat": forecast["yhat"].to_numpy()}
    for level in levels:
        columns[f"lo_{level}"] = np.percentile(draws, 50 - level / 2, axis=1)
        columns[f"hi_{level}"] = np.percentile(draws, 50 + level / 2, axis=1)
    if components:
        columns |= _components(forecast)
    return table.with_columns(**{name: pl.Series(values) for name, values in columns.items()})


def _with_future(key: Any, model: Any, ahead: pl.DataFrame, future: pl.DataFrame | None) -> pl.DataFrame:
    needed = _needed(model)
    if not needed and future is None:
        return ahead
    if future is None:
        raise SpecificationError(f"the model uses {', '.join(needed)}: give their future values in `future`")
    future = future.with_columns(dates("ds", future.schema["ds"]))
    if "unique_id" in future.columns:
        future = future.filter(pl.col("unique_id") == key).drop("unique_id")
    joined = ahead.join(future.unique("ds", keep="last"), on="ds", how="left", maintain_order="left")
    for name in [*needed, *(["floor"] if "floor" in joined.columns else [])]:
        if _unknown(joined[name]):
            raise SpecificationError(f"`future` lacks a value of {name!r} for series {key!r}")
    return joined


def _as_table(key: Any, ahead: pl.DataFrame, value: float | None, levels: tuple[int, ...], engine: str) -> pl.DataFrame:
    bounds = [pl.lit(None, pl.Float64).alias(f"{side}_{level}") for level in levels for side in ("lo", "hi")]
    return ahead.select(
        pl.lit(key).alias("unique_id"),
        "ds",
        pl.lit(value, pl.Float64).alias("yhat"),
        *bounds,
        pl.lit(engine).alias("engine"),
    )


def _components(forecast: "pd.DataFrame") -> dict[str, np.ndarray]:
    names = [name for name in forecast.columns if not name.endswith(COMPONENT_SUFFIXES)]
    return {name: forecast[name].to_numpy() for name in names if name not in ("ds", "yhat", "cap", "floor")}


@contextmanager
def seeded(key: Any) -> Iterator[None]:
    """NumPy's global generator seeded by the series' id, its state restored afterwards."""
    before = np.random.get_state()
    np.random.seed(int.from_bytes(hashlib.sha256(str(key).encode()).digest()[:4], "big"))
    try:
        yield
    finally:
        np.random.set_state(before)


@contextmanager
def quiet() -> Iterator[None]:
    """Stan's and Prophet's log lines off: there are two per series."""
    loggers = [logging.getLogger(name) for name in ("cmdstanpy", "prophet")]
    before = [(logger.level, logger.disabled) for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, (level, disabled) in zip(loggers, before, strict=True):
            logger.level, logger.disabled = level, disabled
