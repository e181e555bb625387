"""Which model gives the chances of the open deals: win model, table by stage, or the seed; and the registry's rows."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from forecasts.deals import schema
from forecasts.deals.features import null_share, raw_features
from forecasts.deals.history import History
from forecasts.deals.judging import Verdict, cut_back, gain, judged, log_likelihood, places_back
from forecasts.deals.panel import Panel
from forecasts.deals.settings import Settings
from forecasts.deals.table import Chances, StageTable, chained, fit_table, window_factors
from forecasts.deals.win_model import TEST_ORIGINS, WinModel, calibration, fit_win_model, prepared
from forecasts.panel.frequency import Frequency

SEED_HAZARD = 0.25  # of the deals end in a period where nothing is known: a mean of four periods
Entries = dict[str, tuple[Verdict | None, str | None, str | None, float]]  # figures, reason, features, null share
WIN_MODEL, STAGE_TABLE, SEED = "win_model", "stage_table", "seed"


@dataclass(frozen=True)
class Choice:
    """name: of the model that serves; why: it and no better one serves, null for the win model.

    raw, columns, season: of the open deals, where the win model serves. registry: schema REGISTRY.
    """

    name: str
    why: str | None
    chances: Chances
    registry: pl.DataFrame
    version: str
    model: WinModel | None = None
    raw: pl.DataFrame = field(default_factory=pl.DataFrame)
    columns: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    season: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))


def choose(history: History, past: Panel, now: Panel, settings: Settings, seeds: Mapping[str, float]) -> Choice:
    """Fit what the closed deals allow, judge it out of time, and take what may serve."""
    closed = history.closed_deal_count
    if len(past.rows) == 0 or closed < settings.fewest_closed:
        why = f"{closed} closed deals, {settings.fewest_closed} are needed: the probabilities assumed by stage serve"
        registry = _registry(history, past, {SEED: (None, why, None, 0.0)}, SEED)
        return Choice(SEED, why, _seeded(now.rows, settings, seeds), registry, _version(history, SEED))
    table = fit_table(past, Frequency(settings.frequency), settings)
    trial = _trial(history, past, table, settings)
    name = STAGE_TABLE if trial.refused else WIN_MODEL
    entries: Entries = {STAGE_TABLE: (trial.table, trial.refused or "the win model is better", None, 0.0)}
    model = trial.model
    if model is not None:
        reason = trial.refused or "better than the table out of time"
        entries[WIN_MODEL] = (trial.win_model, reason, model.features_hash, trial.null_share)
    registry = _registry(history, past, entries, name)
    if model is None or trial.refused:
        return Choice(name, trial.refused, table.predict(now.rows), registry, _version(history, name))
    raw = raw_features(history, now.rows)
    columns, season = model.recipe.matrix(raw), np.log(window_factors(table.effects, now.rows, settings.periods))
    chances = model.predict(columns, season)
    return Choice(name, None, chances, registry, _version(history, name), model, raw, columns, season)


@dataclass(frozen=True)
class _Trial:
    """refused: why the win model does not serve, null if it does; the verdicts on both; the model, calibrated."""

    refused: str | None
    win_model: Verdict | None = None
    table: Verdict | None = None
    model: WinModel | None = None
    null_share: float = 0.0


def _trial(history: History, past: Panel, table: StageTable, settings: Settings) -> _Trial:
    won = history.won_deal_count
    if won < settings.fewest_won:
        return _Trial(f"{won} won deals, {settings.fewest_won} are needed for the win model")
    if places_back(past).max() <= 2 * TEST_ORIGINS:
        return _Trial(f"the win model needs {2 * TEST_ORIGINS + 1} past periods: to learn from, and to be judged on")
    raw, recipe = prepared(history, past)
    before, kept = cut_back(past, TEST_ORIGINS)
    test, is_new = past.take(~kept), ~kept
    old_recipe, old_table = prepared(history, before)[1], fit_table(before, Frequency(settings.frequency), settings)
    columns = old_recipe.matrix(raw)
    season = np.log(window_factors(old_table.effects, test.rows, settings.periods))
    old = fit_win_model(columns[kept], old_recipe, before, settings.periods)
    ours, theirs = old.predict(columns[is_new], season), old_table.predict(test.rows)
    mean, error = gain(log_likelihood(ours, test), log_likelihood(theirs, test), test.rows["deal_id"])
    model = fit_win_model(recipe.matrix(raw), recipe, past, settings.periods)
    unseen = old.log_odds(columns[is_new], season)
    served_season = np.log(window_factors(table.effects, test.rows, settings.periods))
    model = model.moved(calibration(unseen, model.log_odds(recipe.matrix(raw)[is_new], served_season), test))
    periods = f"the last {TEST_ORIGINS} periods"
    refused = f"the win model gained {mean:.3f} +- {error:.3f} nats a deal on the table over {periods}: no proof"
    better = mean > error
    return _Trial(None if better else refused, judged(ours, test), judged(theirs, test), model, null_share(raw))


def _seeded(rows: pl.DataFrame, settings: Settings, seeds: Mapping[str, float]) -> Chances:
    """The assumed chance of each stage, spread over the periods in which deals end."""
    stage = rows["stage_code"].fill_null("unknown")
    chance = stage.replace_strict(dict(seeds), default=settings.seed_probability, return_dtype=pl.Float64).to_numpy()
    spread = np.full((len(rows), settings.periods), SEED_HAZARD)
    return chained(chance[:, None] * spread, (1 - chance)[:, None] * spread, np.zeros(len(rows), dtype=np.int64))


def _version(history: History, model: str) -> str:
    digest = hashlib.sha256(f"{model}|{history.as_of}|{len(history.deals)}|{len(history.observations)}".encode())
    return f"{model}-{history.as_of}-{digest.hexdigest()[:8]}"


def _registry(history: History, past: Panel, entries: Entries, served: str) -> pl.DataFrame:
    origins, rows = past.rows["origin"], []
    for name, (verdict, reason, features, share) in entries.items():
        figures = verdict or Verdict(0, None, None, None, None)
        rows.append({
            "as_of": history.as_of, "model": name, "model_version": _version(history, name),
            "is_served": name == served, "trained_from": origins.min(), "trained_to": origins.max(),
            "features_hash": features,
            "closed_deal_count": history.closed_deal_count, "won_deal_count": history.won_deal_count,
            "row_count": len(past.rows), "tested_row_count": figures.rows, "auc": figures.auc, "brier": figures.brier,
            "log_loss": figures.log_loss, "calibration_slope": figures.slope, "null_share": share, "reason": reason,
        })  # fmt: skip
    return pl.DataFrame(rows, schema=schema.REGISTRY)
