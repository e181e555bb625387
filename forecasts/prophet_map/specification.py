"""What to fit, in Prophet's own terms, without importing Prophet.

`Specification()` is Prophet's default model. `from_prophet` reads an unfitted `prophet.Prophet` by its attributes, so
that Prophet's import (5 s) is only needed to make such an object. `unsupported` says why a model needs stock Prophet.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np

from forecasts.errors import ForecastError

Mode = Literal["additive", "multiplicative"]
Switch = Literal["auto"] | bool | int


class SpecificationError(ForecastError):
    """The specification or the frame cannot be forecast; the message says what, where and what to do."""


@dataclass(frozen=True)
class Seasonality:
    """A Fourier series: period in days, order in pairs of columns, the prior's standard deviation."""

    name: str
    period: float
    order: int
    prior_scale: float = 10.0
    mode: Mode = "additive"
    condition: str | None = None


@dataclass(frozen=True)
class Regressor:
    """A column of the frame that enters the model, standardised unless it is binary or constant."""

    name: str
    prior_scale: float = 10.0
    standardize: Literal["auto"] | bool = "auto"
    mode: Mode = "additive"


@dataclass(frozen=True)
class Holiday:
    """One occurrence of a holiday and the days around it that carry their own effect."""

    name: str
    day: date
    lower_window: int = 0
    upper_window: int = 0
    prior_scale: float | None = None


@dataclass(frozen=True)
class Specification:
    """A Prophet model for the batch engine; fields mean what Prophet's arguments of the same name mean."""

    growth: Literal["linear", "flat"] = "linear"
    changepoints: tuple[np.datetime64, ...] | None = None
    n_changepoints: int = 25
    changepoint_range: float = 0.8
    yearly_seasonality: Switch = "auto"
    weekly_seasonality: Switch = "auto"
    daily_seasonality: Switch = "auto"
    seasonality_mode: Mode = "additive"
    holidays_mode: Mode = "additive"
    seasonality_prior_scale: float = 10.0
    holidays_prior_scale: float = 10.0
    changepoint_prior_scale: float = 0.05
    scaling: Literal["absmax", "minmax"] = "absmax"
    seasonalities: tuple[Seasonality, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    country: str | None = None
    regressors: tuple[Regressor, ...] = ()

    def __post_init__(self) -> None:
        """Refuse values that would fail inside the solver."""
        if self.growth not in ("linear", "flat"):
            raise SpecificationError(f"growth {self.growth!r}: the batch engine fits linear and flat growth")
        if self.changepoint_prior_scale <= 0:
            raise SpecificationError(
                "changepoint_prior_scale must be above 0; use n_changepoints=0 for a straight trend"
            )

    @property
    def frame_columns(self) -> tuple[str, ...]:
        """Columns that the frame must have besides unique_id, ds and y: regressors, then conditions."""
        conditions = (s.condition for s in self.seasonalities if s.condition is not None)
        return tuple(dict.fromkeys([*(r.name for r in self.regressors), *conditions]))


def unsupported(model: Any) -> str | None:
    """Why a prophet.Prophet object must go to stock Prophet; None if the batch engine fits it."""
    if model.growth not in ("linear", "flat"):
        return f"growth={model.growth}"
    if model.mcmc_samples > 0:
        return "mcmc_samples"
    if any(properties.get("predictor_spec") is not None for properties in model.extra_regressors.values()):
        return "regressor_predictor"
    return None


def from_prophet(model: Any) -> Specification:
    """Read an unfitted prophet.Prophet object. SpecificationError if it was fitted already."""
    if model.history is not None:
        raise SpecificationError("the Prophet object was fitted already; give an unfitted one as the specification")
    changepoints = None
    if model.specified_changepoints:
        changepoints = tuple(np.asarray(model.changepoints, dtype="datetime64[us]"))
    return Specification(
        growth=model.growth,
        changepoints=changepoints,
        n_changepoints=model.n_changepoints,
        changepoint_range=model.changepoint_range,
        yearly_seasonality=model.yearly_seasonality,
        weekly_seasonality=model.weekly_seasonality,
        daily_seasonality=model.daily_seasonality,
        seasonality_mode=model.seasonality_mode,
        holidays_mode=model.holidays_mode,
        seasonality_prior_scale=model.seasonality_prior_scale,
        holidays_prior_scale=model.holidays_prior_scale,
        changepoint_prior_scale=model.changepoint_prior_scale,
        scaling=model.scaling,
        seasonalities=tuple(_seasonality(name, p) for name, p in model.seasonalities.items()),
        holidays=() if model.holidays is None else tuple(_holiday(row) for row in model.holidays.itertuples()),
        country=model.country_holidays,
        regressors=tuple(
            Regressor(name, p["prior_scale"], p["standardize"], p["mode"]) for name, p in model.extra_regressors.items()
        ),
    )


def _seasonality(name: str, p: dict[str, Any]) -> Seasonality:
    return Seasonality(name, p["period"], p["fourier_order"], p["prior_scale"], p["mode"], p["condition_name"])


def _holiday(row: Any) -> Holiday:
    lower, upper = getattr(row, "lower_window", 0), getattr(row, "upper_window", 0)
    windowless = lower != lower or upper != upper  # NaN: Prophet then takes the day alone
    scale = float(getattr(row, "prior_scale", np.nan))
    return Holiday(
        row.holiday,
        row.ds.date(),
        0 if windowless else int(lower),
        0 if windowless else int(upper),
        None if np.isnan(scale) else scale,
    )
