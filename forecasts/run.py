"""From the history of many series to the forecast rows that are published: the whole engine on one page."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from forecasts.backtesting.partitions import Place, Task, candidates_of
from forecasts.backtesting.rolling_origin import Progress, common_step
from forecasts.config import Config, SeriesSet
from forecasts.group import serve
from forecasts.output import schemas
from forecasts.output.frames import GroupFrames, frames_of
from forecasts.output.importance import importance_of
from forecasts.panel.batch import Batch, batch_of
from forecasts.panel.calendar import regressors_of
from forecasts.panel.frequency import Frequency
from forecasts.panel.regressors import with_external
from forecasts.selection import pool
from forecasts.selection.segments import segments_of, wanted_by


@dataclass(frozen=True)
class Forecasts:
    """Everything one run of the engine has to say; columns in `schemas.py`, words in `tables.yml`.

    values: one row per series, scenario, model and future period. backtest: one per series, model, cutoff and period.
    series: one per series. accuracy: one per series and model. choices: one per decision and candidate.
    importance: one per metric and factor; empty unless the configuration asks for it.
    """

    values: pl.DataFrame
    backtest: pl.DataFrame
    series: pl.DataFrame
    accuracy: pl.DataFrame
    choices: pl.DataFrame
    importance: pl.DataFrame


def forecast(
    history: pl.DataFrame,
    config: Config,
    *,
    as_of: date,
    engine: str = "process",
    progress: Progress | None = None,
    remember: Path | None = None,
    regressors: pl.DataFrame | None = None,
    last_choices: pl.DataFrame | None = None,
) -> Forecasts:
    """Forecast what the configuration names.

    history: rows of `marts.series_history` (unique_id, metric, level, member, freq, ds, y); periods that end after
    `as_of` are left out, so a partial period is never learnt from. progress(done, total) is called as work finishes.
    engine: see `execution.map_partitions`. remember: a folder in which finished partitions are kept for a rerun.
    regressors: figures from outside with their days of publication, see `external`. last_choices: the choices of the
    last live run; its pools stay champions until a challenger clearly beats them (`pool.promote`).
    """
    place = Place(engine, progress, remember)
    champions = partial(pool.champions_of, schemas.empty(schemas.CHOICES) if last_choices is None else last_choices)
    parts = []
    for wanted in _groups(config):
        rows = _select(history, wanted, as_of)
        if not rows.is_empty():
            batch = _with_regressors(batch_of(rows, Frequency(wanted[0].freq)), wanted, config, regressors, as_of)
            parts.append(_group(rows, batch, wanted, config, place, champions(batch.frequency.code)))
    return _joined(parts)


def _groups(config: Config) -> list[list[SeriesSet]]:
    """Series sets of one frequency and horizon are forecast together."""
    keys = dict.fromkeys((entry.freq, entry.horizon) for entry in config.series)
    return [[entry for entry in config.series if (entry.freq, entry.horizon) == key] for key in keys]


def _select(history: pl.DataFrame, wanted: Sequence[SeriesSet], as_of: date) -> pl.DataFrame:
    frequency = Frequency(wanted[0].freq)
    named = [(pl.col("metric") == entry.metric) & pl.col("level").is_in(list(entry.levels)) for entry in wanted]
    rows = history.filter((pl.col("freq") == frequency.code) & pl.any_horizontal(named))
    ends = frequency.ends(frequency.index(rows["ds"].cast(pl.Date).to_numpy()))
    return rows.filter(pl.Series(ends <= np.datetime64(as_of, "D"), dtype=pl.Boolean))


def _with_regressors(
    batch: Batch, wanted: Sequence[SeriesSet], config: Config, facts: pl.DataFrame | None, as_of: date
) -> Batch:
    horizon = wanted[0].horizon
    known = regressors_of(config.calendar, batch, horizon)
    return replace(batch, regressors=with_external(known, facts, batch, horizon, as_of))


def _group(
    rows: pl.DataFrame,
    batch: Batch,
    wanted: Sequence[SeriesSet],
    config: Config,
    place: Place,
    champions: dict[str, tuple[str, ...]],
) -> GroupFrames:
    names = rows.select("unique_id", "metric", "level", "member", "freq").unique("unique_id").sort("unique_id")
    shortest = shortest_history(batch, config)
    segments = segments_of(batch, shortest)
    task = _task(batch, wanted[0].horizon, shortest, config)
    candidates = candidates_of(wanted_by(segments, config.models), batch, task, place)
    served = serve(candidates, names, wanted, config, segments, shortest, champions)
    weights = importance_of(batch, names["metric"].to_list(), segments) if config.importance else None
    return frames_of(served, names, weights)


def _task(batch: Batch, horizon: int, shortest: int, config: Config) -> Task:
    origins = config.backtest.origins
    widest = common_step(batch.lengths, horizon, shortest, origins)
    return Task(batch.frequency.code, horizon, shortest, origins, widest, batch.regressors)


def shortest_history(batch: Batch, config: Config) -> int:
    """Fewest periods that the models are trusted with, at this frequency."""
    seasons = int(np.ceil(config.history.min_seasons * batch.frequency.season))
    return max(config.history.min_periods, seasons)


def _joined(parts: Sequence[GroupFrames]) -> Forecasts:
    frames = {}
    for entry in fields(Forecasts):
        schema = getattr(schemas, entry.name.upper())
        found = [getattr(part, entry.name) for part in parts]
        frames[entry.name] = pl.concat([schemas.empty(schema), *found])
    return Forecasts(**frames)
