"""The chance, the day and the amount of every open deal: by the win model, else the table by stage, else the seed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from forecasts.deals import schema
from forecasts.deals.amounts import Ratios, fit_ratios
from forecasts.deals.history import History
from forecasts.deals.panel import EPOCH, Panel, Windows, panel, past_origins, windows
from forecasts.deals.schema import WON
from forecasts.deals.settings import Settings
from forecasts.deals.table import Chances, StageTable, chained, fit_table
from forecasts.panel.frequency import Frequency

SEED_HAZARD = 0.25  # of the deals end in a period where nothing is known: a mean of four periods
WIN_MODEL, STAGE_TABLE, SEED = "win_model", "stage_table", "seed"


@dataclass(frozen=True)
class Scores:
    """deals, periods, reasons, drivers, registry: frames of schema.py. The rest is what the pipeline forecast needs.

    open_deals: panel of as_of; chances of its rows; history_panel: of the past origins; ahead: windows of as_of.
    not_exported: open deals of past origins of which nothing was known then, per origin.
    """

    deals: pl.DataFrame
    periods: pl.DataFrame
    reasons: pl.DataFrame
    drivers: pl.DataFrame
    registry: pl.DataFrame
    open_deals: Panel
    chances: Chances
    ratios: Ratios
    history_panel: Panel
    ahead: Windows

    @property
    def not_exported(self) -> dict:
        """Origin to the number of deals that were open and of which no observation told yet."""
        return self.history_panel.not_exported


def score_deals(
    history: History, settings: Settings | None = None, seed_probabilities: Mapping[str, float] | None = None
) -> Scores:
    """Score every deal that is open at as_of. seed_probabilities: stage_code to the chance that the company assumes."""
    settings = settings or Settings()
    frequency = Frequency(settings.frequency)
    past = panel(history, frequency, past_origins(frequency, history.as_of, settings.origins), settings.periods)
    now = panel(history, frequency, [history.as_of], settings.periods)
    ahead = windows(frequency, history.as_of, settings.periods)
    won_amounts = history.deals.filter(pl.col("outcome") == WON)["amount"].drop_nulls().to_numpy()
    ratios = fit_ratios(past, won_amounts)
    table = fit_table(past, frequency, settings) if len(past.rows) else None
    chances, chosen, why = _choose(history, now, table, settings, seed_probabilities or {})
    version = _version(history, chosen)
    deals = _deal_rows(history, now, chances, ratios, ahead, chosen, why, version)
    registry = _registry(history, past, chosen, why, version)
    empty = {
        name: pl.DataFrame(schema=columns)
        for name, columns in (("reasons", schema.REASONS), ("drivers", schema.DRIVERS))
    }
    return Scores(
        deals,
        _period_rows(history, now, chances, ahead),
        empty["reasons"],
        empty["drivers"],
        registry,
        now,
        chances,
        ratios,
        past,
        ahead,
    )


def _choose(
    history: History, now: Panel, table: StageTable | None, settings: Settings, seeds: Mapping[str, float]
) -> tuple[Chances, str, str | None]:
    closed = history.closed_deal_count
    if table is None or closed < settings.fewest_closed:
        why = f"{closed} closed deals, {settings.fewest_closed} are needed: the probabilities assumed by stage serve"
        return _seeded(now.rows, settings, seeds), SEED, why
    return table.predict(now.rows), STAGE_TABLE, "the table by stage serves"


def _seeded(rows: pl.DataFrame, settings: Settings, seeds: Mapping[str, float]) -> Chances:
    """The assumed chance of each stage, spread over the periods in which deals end."""
    stage = rows["stage_code"].fill_null("unknown")
    chance = stage.replace_strict(dict(seeds), default=settings.seed_probability, return_dtype=pl.Float64).to_numpy()
    hazards = np.full((len(rows), settings.periods), SEED_HAZARD)
    return chained(chance[:, None] * hazards, (1 - chance)[:, None] * hazards, np.zeros(len(rows), dtype=np.int64))


def _deal_rows(
    history: History,
    now: Panel,
    chances: Chances,
    ratios: Ratios,
    ahead: Windows,
    model: str,
    why: str | None,
    version: str,
) -> pl.DataFrame:
    won, lost = chances.won.sum(axis=1), chances.lost.sum(axis=1)
    amount = ratios.expected(now.rows)
    frame = now.rows.select("deal_id", "stage_code", "amount").with_columns(
        as_of=pl.lit(history.as_of), won_probability=pl.Series(won), lost_probability=pl.Series(lost),
        open_probability=pl.Series(np.maximum(1 - won - lost, 0)), median_close_on=_median_day(chances, ahead),
        expected_amount=pl.Series(amount), expected_booking_amount=pl.Series(won * amount), model=pl.lit(model),
        model_version=pl.lit(version), n=pl.Series(chances.n), fallback_reason=pl.lit(why, dtype=pl.String),
        reasons=pl.lit(None, dtype=pl.String),
    )  # fmt: skip
    return schema.conform(frame, schema.SCORES)


def _median_day(chances: Chances, ahead: Windows) -> pl.Series:
    """The day on which the chance to have ended passes one half, on a line through each window; null if never."""
    ended = np.cumsum(chances.won + chances.lost, axis=1)
    window = (ended < 0.5).sum(axis=1)
    inside = window < ended.shape[1]
    place = np.minimum(window, ended.shape[1] - 1)
    before = np.where(place > 0, ended[np.arange(len(place)), np.maximum(place - 1, 0)], 0)
    part = (0.5 - before) / np.maximum(ended[np.arange(len(place)), place] - before, 1e-12)
    low, high = ahead.edges[place], ahead.edges[place + 1]
    days = low + np.ceil(np.clip(part, 0, 1) * (high - low)).astype(np.int64)
    dates = [EPOCH + timedelta(days=int(day)) if is_in else None for day, is_in in zip(days, inside, strict=True)]
    return pl.Series("median_close_on", dates, dtype=pl.Date)


def _period_rows(history: History, now: Panel, chances: Chances, ahead: Windows) -> pl.DataFrame:
    periods = chances.won.shape[1]
    deal = np.repeat(now.rows["deal_id"].to_numpy(), periods)
    starts = pl.Series(np.tile(ahead.starts, len(now.rows))).cast(pl.Int32).cast(pl.Date)
    frame = pl.DataFrame({"deal_id": deal}, schema={"deal_id": pl.String}).with_columns(
        as_of=pl.lit(history.as_of), period_start=starts,
        horizon=pl.Series(np.tile(np.arange(1, periods + 1), len(now.rows)), dtype=pl.Int64),
        won_probability=pl.Series(chances.won.ravel()), lost_probability=pl.Series(chances.lost.ravel()),
    )  # fmt: skip
    return schema.conform(frame, schema.PERIODS)


def _version(history: History, model: str) -> str:
    digest = hashlib.sha256(f"{model}|{history.as_of}|{len(history.deals)}|{len(history.observations)}".encode())
    return f"{model}-{history.as_of}-{digest.hexdigest()[:8]}"


def _registry(history: History, past: Panel, model: str, why: str | None, version: str) -> pl.DataFrame:
    origins = past.rows["origin"]
    row = {
        "as_of": history.as_of, "model": model, "model_version": version, "is_served": True,
        "trained_from": origins.min(), "trained_to": origins.max(), "features_hash": None,
        "closed_deal_count": history.closed_deal_count, "won_deal_count": history.won_deal_count,
        "row_count": len(past.rows), "tested_row_count": 0, "auc": None, "brier": None, "log_loss": None,
        "calibration_slope": None, "null_share": None, "reason": why,
    }  # fmt: skip
    return pl.DataFrame([row], schema=schema.REGISTRY)
