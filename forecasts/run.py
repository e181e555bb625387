"""The engine on one page: from the history of many series to the tables `forecast.*`."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from forecasts.backtesting.partitions import Execution, Task, candidates_of
from forecasts.backtesting.rolling_origin import Origin, Progress, common_step
from forecasts.checks import check_history, left_out
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
from forecasts.selection.segments import model_masks, segments_of


@dataclass(frozen=True)
class Forecasts:
    """Everything one run of the engine returns; columns in `output/schemas.py`, their descriptions in `tables.yml`.

    values: one row per series, scenario, model and future period. backtest: one per series, model, cutoff and period.
    series: one per series. accuracy: one per series and model. choices: one per decision and candidate.
    importance: one per metric and factor; empty unless the configuration asks for it. skill: one per metric, level and
    band of horizons.
    """

    values: pl.DataFrame
    backtest: pl.DataFrame
    series: pl.DataFrame
    accuracy: pl.DataFrame
    choices: pl.DataFrame
    importance: pl.DataFrame
    skill: pl.DataFrame


def forecast(
    history: pl.DataFrame,
    config: Config,
    *,
    as_of: date,
    engine: str = "process",
    progress: Progress | None = None,
    checkpoint_folder: Path | None = None,
    regressors: pl.DataFrame | None = None,
    last_choices: pl.DataFrame | None = None,
    scored: bool = True,
) -> Forecasts:
    """Forecast what the configuration names.

    history: rows of `marts.series_history` (unique_id, metric, level, member, freq, ds, y); periods that end after
    `as_of` are left out, so no model learns from a partial period. progress(done, total) is called as work finishes.
    engine: see `execution.finished_partitions`. checkpoint_folder: where finished partitions are kept for a rerun.
    regressors: external figures with their publication days, see `panel.regressors`. last_choices: the choices of the
    last live run; its pools stay champions until a challenger clearly beats them (`selection.pool.promote`). scored:
    whether accuracy, and intervals at past cutoffs, are wanted.
    """
    check_history(config, history)
    execution = Execution(engine, progress, checkpoint_folder)
    champions = partial(pool.champions_of, schemas.empty(schemas.CHOICES) if last_choices is None else last_choices)
    parts = []
    for series_sets in _groups(config):
        rows = _select(history, series_sets, as_of)
        if not rows.is_empty():
            batch = batch_of(rows, Frequency(series_sets[0].freq))
            batch = _with_regressors(batch, series_sets, config, regressors, as_of)
            name = series_sets[0].pool
            old = champions(batch.frequency.code, name)
            part = _group(rows, batch, series_sets, config, execution, old, scored=scored)
            parts.append(replace(part, choices=pool.named(part.choices, name)))
    issued = _joined(parts)
    return replace(issued, choices=pl.concat([issued.choices, _left_out(config, history)]))


def _left_out(config: Config, history: pl.DataFrame) -> pl.DataFrame:
    """Rows of `choices` for what is configured and has no series."""
    rows = [
        {"freq": freq, "segment": name, "decision": "left_out", "candidate": name, "is_chosen": False, "reason": why}
        for freq, name, why in left_out(config, history)
    ]
    return schemas.conform(pl.DataFrame(rows), schemas.CHOICES) if rows else schemas.empty(schemas.CHOICES)


def _groups(config: Config) -> list[list[SeriesSet]]:
    """Series sets of one frequency, horizon and pool are forecast together."""
    groups: dict[tuple[str, int, str], list[SeriesSet]] = {}
    for entry in config.series:
        groups.setdefault((entry.freq, entry.horizon, entry.pool), []).append(entry)
    return [*groups.values()]


def _select(history: pl.DataFrame, series_sets: Sequence[SeriesSet], as_of: date) -> pl.DataFrame:
    frequency = Frequency(series_sets[0].freq)
    matches = [(pl.col("metric") == entry.metric) & pl.col("level").is_in(list(entry.levels)) for entry in series_sets]
    rows = history.filter((pl.col("freq") == frequency.code) & pl.any_horizontal(matches))
    ends = frequency.ends(frequency.index(rows["ds"].cast(pl.Date).to_numpy()))
    return rows.filter(pl.Series(ends <= np.datetime64(as_of, "D"), dtype=pl.Boolean))


def _with_regressors(
    batch: Batch, series_sets: Sequence[SeriesSet], config: Config, facts: pl.DataFrame | None, as_of: date
) -> Batch:
    horizon = series_sets[0].horizon
    calendar = regressors_of(config.calendar, batch, horizon)
    return replace(batch, regressors=with_external(calendar, facts, batch, horizon, as_of))


def _group(
    rows: pl.DataFrame,
    batch: Batch,
    series_sets: Sequence[SeriesSet],
    config: Config,
    execution: Execution,
    champions: dict[str, tuple[str, ...]],
    *,
    scored: bool,
) -> GroupFrames:
    names = rows.select("unique_id", "metric", "level", "member", "freq").unique("unique_id").sort("unique_id")
    min_history = min_history_of(batch, config)
    segments = segments_of(batch, min_history)
    task = _task(batch, series_sets[0].horizon, min_history, config)
    candidates = candidates_of(model_masks(segments, config.models), batch, task, execution)
    evaluation = replace(task, n_cutoffs=config.backtest.evaluation, is_evaluation=True)

    def evaluate(masks: dict[str, np.ndarray]) -> tuple[Origin, ...]:
        return candidates_of(masks, batch, evaluation, execution).origins

    served = serve(candidates, names, series_sets, config, segments, min_history, evaluate, champions, scored=scored)
    weights = importance_of(batch, names["metric"].to_list(), segments) if config.importance else None
    kept_whole, weighed = config.backtest.kept_whole, config.weighed
    return frames_of(served, names, weights, scored=scored, kept_whole=kept_whole, weighed=weighed)


def _task(batch: Batch, horizon: int, min_history: int, config: Config) -> Task:
    origins = config.backtest.origins
    max_step = common_step(batch.lengths, horizon, min_history, origins)
    return Task(batch.frequency.code, horizon, min_history, origins, max_step, batch.regressors)


def min_history_of(batch: Batch, config: Config) -> int:
    """Fewest periods of history with which the models are used, at this frequency."""
    seasons = int(np.ceil(config.history.min_seasons * batch.frequency.season))
    return max(config.history.min_periods, seasons)


def _joined(parts: Sequence[GroupFrames]) -> Forecasts:
    frames = {}
    for entry in fields(Forecasts):
        schema = getattr(schemas, entry.name.upper())
        frames_of_parts = [getattr(part, entry.name) for part in parts]
        frames[entry.name] = pl.concat([schemas.empty(schema), *frames_of_parts])
    return Forecasts(**frames)
