"""Prophet over a batch of series: the better of its additive and its multiplicative form, taken apart.

Both forms have the same parameters and priors, so the lower objective (negative log posterior) is the better fit.
The batch engine fits every series in both forms in well under a millisecond on monthly series; on weekly ones both
together are a tenth of the default tier, so the models that share the components share the fit. A trend that changes
sign has no use for a multiplicative season: such fits are not started again for a better mode, which cost more than all
other models together.
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
class Parts:
    """Arrays of (series, steps): forecast = trend x (1 + factor) + addend. residuals: one array per series."""

    trend: np.ndarray
    factor: np.ndarray
    addend: np.ndarray
    residuals: tuple[np.ndarray, ...]

    @property
    def forecast(self) -> np.ndarray:
        """The point forecast."""
        return self.trend * (1 + self.factor) + self.addend


_newest: dict[str, Parts] = {}  # the parts of the batch that was fitted last


def best_of_menu(batch: Batch, horizon: int) -> Parts:
    """The better form of every series; asked again for the same batch, the same parts."""
    key = _key(batch, horizon)
    parts = _newest.get(key)
    if parts is None:
        parts = _best_of_menu(batch, horizon)
        _newest.clear()
        _newest[key] = parts
    return parts


def _key(batch: Batch, horizon: int) -> str:
    """A hash of all that decides the parts."""
    known = batch.regressors
    words = (batch.unique_ids, batch.frequency.code, horizon, known.names if known else (), known and known.first)
    digest = hashlib.sha256(repr(words).encode())
    for array in (batch.last, batch.lengths, *batch.values, *((known.values,) if known else ())):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _best_of_menu(batch: Batch, horizon: int) -> Parts:
    additive, cost = _fit(batch, horizon, "additive")
    multiplicative, other = _fit(batch, horizon, "multiplicative")
    pick = other < cost
    chosen = pick[:, None]
    residuals = [
        b if better else a for a, b, better in zip(additive.residuals, multiplicative.residuals, pick, strict=True)
    ]
    return Parts(
        np.where(chosen, multiplicative.trend, additive.trend),
        np.where(chosen, multiplicative.factor, additive.factor),
        np.where(chosen, multiplicative.addend, additive.addend),
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


def _fit(batch: Batch, horizon: int, mode: Mode) -> tuple[Parts, np.ndarray]:
    fitted = fit(long_frame(batch), specification(batch.frequency, batch.regressors, mode), every_mode=False)
    future = _future(batch, horizon) if batch.regressors else None
    frame = fitted.predict(horizon, pandas_code(batch.frequency), future=future, levels=(), components=True)
    inside = fitted.fitted()
    residuals = (inside["y"] - inside["fitted"]).to_numpy()
    counts = [int((~np.isnan(values)).sum()) for values in batch.values]
    shape = (len(batch), horizon)
    columns = ("trend", "multiplicative_terms", "additive_terms")
    trend, factor, addend = (frame[name].to_numpy().reshape(shape) for name in columns)
    parts = Parts(trend, factor, addend, tuple(np.split(residuals, np.cumsum(counts)[:-1])))
    return parts, fitted.parameters()["objective"].to_numpy()


def pandas_code(frequency: Frequency) -> str:
    """The frequency as Prophet is told it: periods are named by their first day, 4-4-5 months as if calendar ones."""
    return "MS" if frequency.kind in ("ME", "445") else frequency.code


def named(frequency: Frequency, index: np.ndarray) -> np.ndarray:
    """The dates that Prophet sees for periods."""
    return Frequency("MS").starts(index) if frequency.kind == "445" else frequency.starts(index)


def long_frame(batch: Batch) -> pl.DataFrame:
    """The batch as `unique_id, ds, y` and its regressors; periods without a value are left out."""
    index = np.concatenate([np.arange(end - n + 1, end + 1) for end, n in zip(batch.last, batch.lengths, strict=True)])
    frame = pl.DataFrame(
        {
            "unique_id": pl.Series(np.repeat(np.array(batch.unique_ids, dtype=object), batch.lengths), dtype=pl.String),
            "ds": named(batch.frequency, index),
            "y": np.concatenate(batch.values),
        }
    )
    return frame.with_columns(_columns(batch, index)).filter(pl.col("y").is_not_nan())


def _future(batch: Batch, horizon: int) -> pl.DataFrame:
    index = np.arange(batch.last.min() + 1, batch.last.max() + horizon + 1)
    return pl.DataFrame({"ds": named(batch.frequency, index)}).with_columns(_columns(batch, index))


def _columns(batch: Batch, index: np.ndarray) -> list[pl.Series]:
    if batch.regressors is None:
        return []
    rows = batch.regressors.values[index - batch.regressors.first]
    return [pl.Series(name, rows[:, column]) for column, name in enumerate(batch.regressors.names)]
