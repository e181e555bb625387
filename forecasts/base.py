"""The base class of models, and the registry of the models in the folder `models/`."""

import importlib
import pkgutil
from abc import ABC, abstractmethod
from dataclasses import replace
from functools import cache
from typing import ClassVar

import numpy as np

from forecasts.errors import ForecastError
from forecasts.panel.batch import Batch
from forecasts.panel.festival_effects import effects_of
from forecasts.panel.yearly_effects import has_year, year_of


class Model(ABC):
    """One way to forecast. Adding one is one file in `models/` with one subclass.

    name: as in every `model` column. engine: the library that computes it. seasons_needed: fewest seasons of history
    that a series must have. learns_across_series: a series' forecast depends on the others of its partition.
    """

    name: ClassVar[str]
    engine: ClassVar[str] = "numpy"
    seasons_needed: ClassVar[float] = 0.0
    uses_regressors: ClassVar[bool] = False
    learns_across_series: ClassVar[bool] = False

    @abstractmethod
    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """Point forecasts: one row per series, one column per step; a NaN row where the model has no forecast."""

    def predict_eligible(self, batch: Batch, horizon: int) -> np.ndarray:
        """`predict` on the series that are long enough; NaN rows for the others and for implausible forecasts."""
        out = np.full((len(batch), horizon), np.nan)
        needed = max(1, int(np.ceil(self.seasons_needed * batch.frequency.season)))
        eligible = np.flatnonzero(batch.lengths >= needed)
        if len(eligible):
            chosen = batch.take(eligible)
            out[eligible] = _without_implausible(self._with_effects(chosen, horizon), chosen)
        return out

    def _with_effects(self, batch: Batch, horizon: int) -> np.ndarray:
        """The forecast without the year of daily data and effects that a model cannot see, which are restored after."""
        if has_year(batch):
            years = [year_of(batch, row, horizon) for row in range(len(batch))]
            level = tuple(values / year.history for values, year in zip(batch.values, years, strict=True))
            return self._with_festivals(replace(batch, values=level), horizon) * np.array([y.future for y in years])
        return self._with_festivals(batch, horizon)

    def _with_festivals(self, batch: Batch, horizon: int) -> np.ndarray:
        if batch.regressors is None or self.uses_regressors:
            return self.predict(batch, horizon)
        effects = effects_of(batch, horizon)
        return effects.restore(self.predict(effects.adjusted, horizon))


def _without_implausible(forecasts: np.ndarray, batch: Batch) -> np.ndarray:
    """NaN rows where a forecast is not finite or exceeds a hundred times the history's largest value."""
    largest = np.array([np.nanmax(np.abs(values)) for values in batch.values])
    implausible = ~np.isfinite(forecasts).all(axis=1) | (
        np.abs(np.nan_to_num(forecasts)).max(axis=1) > 100 * largest + 1e-9
    )
    out = forecasts.astype(float, copy=True)
    out[implausible] = np.nan
    return out


@cache
def registry() -> dict[str, type[Model]]:
    """Every model by name: the classes with a name in the modules of `forecasts.models`."""
    package = importlib.import_module("forecasts.models")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"forecasts.models.{module.name}")
    return {kind.name: kind for kind in sorted(_subclasses(Model), key=lambda kind: kind.name)}


def _subclasses(parent: type) -> list[type[Model]]:
    classes = [kind for child in parent.__subclasses__() for kind in (child, *_subclasses(child))]
    return [kind for kind in classes if "name" in kind.__dict__]


def model(name: str) -> Model:
    """A model by its name; ForecastError if there is none of that name."""
    if name not in registry():
        raise ForecastError(f"model {name!r} is unknown: there are {', '.join(registry())}")
    return registry()[name]()
