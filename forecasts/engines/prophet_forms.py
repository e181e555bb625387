"""Prophet over a batch of series: the better of its additive and its multiplicative form, as components.

Both forms have the same parameters and priors, so the lower objective (negative log posterior) is the better fit.
The batch engine fits every series in both forms in well under a millisecond on monthly series; on weekly ones both
together are a tenth of the default tier, so the models that use the components share one fit. A trend that changes sign
has no use for a multiplicative season: such fits are not restarted for a better mode, which cost more than all other
models combined.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import polars as pl

from forecasts.panel.batch import Batch, Regressors
from forecasts.panel.frequency import Frequency
from forecasts.prophet_map import Regressor, Specification, fit
from forecasts.prophet_map.specification import Mode, Switch


@dataclass(frozen=True)
class Components:
    """Arrays of (series, steps): forecast = trend x (1 + factor) + addend. residuals: one array per series."""

    trend: np.ndarray
    factor: np.ndarray
    addend: np.ndarray
    residuals: tuple[np.ndarray, ...]

    @property
    def forecast(self) -> np.ndarray:
        """The point forecast."""
        return self.trend * (1 + self.factor) + self.addend


_last_fit: dict[str, Components] = {}  # the components of the batch that was fitted last


def fit_better_form(batch: Batch, horizon: int) -> Components:
    """The components of every series' better form; the last batch's are kept, as two models ask for the same ones."""
    key = _key(batch, horizon)
    components = _last_fit.get(key)
    if components is None:
        components = _fit_both_forms(batch, horizon)
        _last_fit.clear()
        _last_fit[key] = components
    return components


def _key(batch: Batch, horizon: int) -> str:
    """A hash of everything that decides the components."""
    regressors = batch.regressors
    settings = (
        batch.unique_ids,
        batch.frequency.code,
        horizon,
        regressors.names if regressors else (),
        regressors and regressors.first,
    )
    digest = hashlib.sha256(repr(settings).encode())
    for array in (batch.last, batch.lengths, *batch.values, *((regressors.values,) if regressors else ())):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _fit_both_forms(batch: Batch, horizon: int) -> Components:
    additive, additive_cost = _fit(batch, horizon, "additive")
    multiplicative, multiplicative_cost = _fit(batch, horizon, "multiplicative")
    is_multiplicative = multiplicative_cost < additive_cost
    column = is_multiplicative[:, None]
    residuals = [
        b if better else a
        for a, b, better in zip(additive.residuals, multiplicative.residuals, is_multiplicative, strict=True)
    ]
    return Components(
        np.where(column, multiplicative.trend, additive.trend),
        np.where(column, multiplicative.factor, additive.factor),
        np.where(column, multiplicative.addend, additive.addend),
        tuple(residuals),
    )


def specification(
    frequency: Frequency, regressors: Regressors | None, mode: Mode, *, is_seasonal: bool = True
) -> Specification:
    """Stock settings, with the yearly pattern no finer than the periods can show; or without any pattern."""
    yearly: Switch = {"YS": False, "QS": 2, "D": "auto", "B": "auto"}.get(frequency.kind, True)  # type: ignore[assignment]
    names = regressors.names if regressors else ()
    return Specification(
        yearly_seasonality=yearly if is_seasonal else False,
        weekly_seasonality=is_seasonal and frequency.kind in ("D", "B"),
        daily_seasonality=False,
        seasonality_mode=mode,
        regressors=tuple(Regressor(name, standardize=False, mode=mode) for name in names),
    )


def _fit(batch: Batch, horizon: int, mode: Mode) -> tuple[Components, np.ndarray]:
    fitted = fit(long_frame(batch), specification(batch.frequency, batch.regressors, mode), every_mode=False)
    future = _future(batch, horizon) if batch.regressors else None
    frame = fitted.predict(horizon, pandas_freq(batch.frequency), future=future, levels=(), components=True)
    in_sample = fitted.fitted()
    residuals = (in_sample["y"] - in_sample["fitted"]).to_numpy()
    counts = [int((~np.isnan(values)).sum()) for values in batch.values]
    shape = (len(batch), horizon)
    names = ("trend", "multiplicative_terms", "additive_terms")
    trend, factor, addend = (frame[name].to_numpy().reshape(shape) for name in names)
    components = Components(trend, factor, addend, tuple(np.split(residuals, np.cumsum(counts)[:-1])))
    return components, fitted.parameters()["objective"].to_numpy()


def pandas_freq(frequency: Frequency) -> str:
    """The pandas frequency given to Prophet: periods by their first day, 4-4-5 months as calendar months."""
    return "MS" if frequency.kind in ("ME", "445") else frequency.code


def prophet_dates(frequency: Frequency, index: np.ndarray) -> np.ndarray:
    """The dates given to Prophet for periods."""
    return Frequency("MS").starts(index) if frequency.kind == "445" else frequency.starts(index)


def long_frame(batch: Batch) -> pl.DataFrame:
    """The batch as `unique_id, ds, y` and its regressors; periods without a value are left out."""
    index = np.concatenate([np.arange(end - n + 1, end + 1) for end, n in zip(batch.last, batch.lengths, strict=True)])
    frame = pl.DataFrame(
        {
            "unique_id": pl.Series(np.repeat(np.array(batch.unique_ids, dtype=object), batch.lengths), dtype=pl.String),
            "ds": prophet_dates(batch.frequency, index),
            "y": np.concatenate(batch.values),
        }
    )
    return frame.with_columns(_columns(batch, index)).filter(pl.col("y").is_not_nan())


def _future(batch: Batch, horizon: int) -> pl.DataFrame:
    index = np.arange(batch.last.min() + 1, batch.last.max() + horizon + 1)
    return pl.DataFrame({"ds": prophet_dates(batch.frequency, index)}).with_columns(_columns(batch, index))


def _columns(batch: Batch, index: np.ndarray) -> list[pl.Series]:
    if batch.regressors is None:
        return []
    rows = batch.regressors.values[index - batch.regressors.first]
    return [pl.Series(name, rows[:, column]) for column, name in enumerate(batch.regressors.names)]
