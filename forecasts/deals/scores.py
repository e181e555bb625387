"""The chance, the day and the amount of every open deal: by the win model, else the table by stage, else the seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from forecasts.deals import schema
from forecasts.deals.amounts import Ratios, fit_ratios
from forecasts.deals.choice import Choice, choose
from forecasts.deals.contributions import contributions, in_words, reason_rows
from forecasts.deals.history import History
from forecasts.deals.panel import EPOCH, Panel, Windows, panel, past_origins, windows
from forecasts.deals.schema import WON
from forecasts.deals.settings import Settings
from forecasts.deals.table import Chances
from forecasts.panel.frequency import Frequency


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
    history: History,
    settings: Settings | None = None,
    seed_probabilities: Mapping[str, float] | None = None,
    *,
    explained: bool = True,
) -> Scores:
    """Score every deal that is open at as_of. seed_probabilities: stage_code to the chance that the company assumes.

    explained: whether reasons and drivers are wanted; the forecast needs none.
    """
    settings = settings or Settings()
    frequency = Frequency(settings.frequency)
    past = panel(history, frequency, past_origins(frequency, history.as_of, settings.origins), settings.periods)
    now = panel(history, frequency, [history.as_of], settings.periods)
    ahead = windows(frequency, history.as_of, settings.periods)
    won_amounts = history.deals.filter(pl.col("outcome") == WON)["amount"].drop_nulls().to_numpy()
    ratios = fit_ratios(past, won_amounts)
    choice = choose(history, past.sample(settings.most_rows), now, settings, seed_probabilities or {})
    reasons, drivers = _explained(history, now, choice) if explained else _unexplained()
    deals = _deal_rows(history, now, ratios, ahead, choice).drop("reasons")
    deals = deals.join(in_words(reasons), on="deal_id", how="left", maintain_order="left")
    return Scores(
        schema.conform(deals, schema.SCORES), _period_rows(history, now, choice.chances, ahead), reasons, drivers,
        choice.registry, now, choice.chances, ratios, past, ahead,
    )  # fmt: skip


def _explained(history: History, now: Panel, choice: Choice) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Reasons and drivers; the table by stage and the seed have none but the stage, which stands in the score."""
    if choice.model is None or len(now.rows) == 0:
        return _unexplained()
    features, parts, typical = contributions(choice.model, choice.columns, choice.season)
    reasons = reason_rows(history.as_of, now.rows["deal_id"], choice.raw, features, parts, typical)
    strength = pl.DataFrame({"feature": features, "mean_absolute_contribution": np.abs(parts).mean(axis=0)})
    drivers = strength.with_columns(model=pl.lit(choice.name), n=pl.lit(len(parts)))
    drivers = drivers.sort("mean_absolute_contribution", "feature", descending=[True, False])
    return reasons, schema.conform(drivers, schema.DRIVERS)


def _unexplained() -> tuple[pl.DataFrame, pl.DataFrame]:
    return pl.DataFrame(schema=schema.REASONS), pl.DataFrame(schema=schema.DRIVERS)


def _deal_rows(history: History, now: Panel, ratios: Ratios, ahead: Windows, choice: Choice) -> pl.DataFrame:
    chances = choice.chances
    won, lost = chances.won.sum(axis=1), chances.lost.sum(axis=1)
    amount = ratios.expected(now.rows)
    frame = now.rows.select("deal_id", "stage_code", "amount").with_columns(
        as_of=pl.lit(history.as_of), won_probability=pl.Series(won), lost_probability=pl.Series(lost),
        open_probability=pl.Series(np.maximum(1 - won - lost, 0)), median_close_on=_median_day(chances, ahead),
        expected_amount=pl.Series(amount), expected_booking_amount=pl.Series(won * amount), model=pl.lit(choice.name),
        model_version=pl.lit(choice.version), n=pl.Series(chances.n),
        fallback_reason=pl.lit(choice.why, dtype=pl.String), reasons=pl.lit(None, dtype=pl.String),
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
