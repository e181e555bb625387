"""The forecast of what deals bring: wins of existing deals and of deals not yet created, by node and period.

One future after another is drawn (Settings.draws): every open deal ends in one window or in none, new deals come and
are won, and each win brings an amount. The same draws are added up at every level, so that members sum to their total.
Deals of one future share shocks (a good year, a bad month), whose size is measured on past origins; without them
intervals of a sum over many deals would be too narrow.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from forecasts.deals import schema
from forecasts.deals.amounts import has_amount
from forecasts.deals.history import History
from forecasts.deals.inflow import fit_inflow
from forecasts.deals.panel import IS_WON
from forecasts.deals.schema import WON
from forecasts.deals.scores import Scores
from forecasts.deals.settings import Settings
from forecasts.panel.frequency import Frequency

LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
TEMPLATE_DAYS = 730  # won deals whose amount and nodes new deals take: two years
PRIOR_SHOCK = 0.08  # of the log of all chances, where past origins are few
PRIOR_ORIGINS = 6.0
MOST = 0.99


@dataclass(frozen=True)
class Pipeline:
    """rows: schema FORECAST. draws: unique_id to draws x periods of booked + existing + new, for other periods."""

    rows: pl.DataFrame
    draws: dict[str, np.ndarray]


def forecast_pipeline(
    history: History, scores: Scores, levels: Mapping[str, str], settings: Settings | None = None
) -> Pipeline:
    """Forecast bookings and won deals in total and by level. levels: name of the level to the column of `deals`.

    Members are those of deals that are open or were won in the last two years; a null member belongs to the total only.
    """
    settings = settings or Settings()
    frequency = Frequency(settings.frequency)
    draw = _Draw(history, scores, frequency, settings)
    parts, kept = [], {}
    for level, column in {"total": None, **levels}.items():
        for member, places in draw.members(column).items():
            for metric in ("bookings", "won_deals"):
                rows, sums = draw.node(metric, level, member, *places)
                parts.append(rows)
                kept[rows["unique_id"][0]] = sums
    return Pipeline(schema.conform(pl.concat(parts), schema.FORECAST), kept)


class _Draw:
    """All futures: which open deal is won in which window, and which new deals are."""

    def __init__(self, history: History, scores: Scores, frequency: Frequency, settings: Settings) -> None:
        self.history, self.scores, self.frequency, self.settings = history, scores, frequency, settings
        self.rng = np.random.default_rng(settings.seed)
        first = int(frequency.index(np.array([scores.ahead.starts[0]]).astype("datetime64[D]"))[0])
        ends = scores.ahead.edges[1]
        self.left = float((ends - scores.ahead.edges[0]) / (ends - scores.ahead.starts[0] + 1))
        self.inflow = fit_inflow(history, frequency, first, self.left, settings)
        nodes = history.deals
        self.open_deals = scores.open_deals.rows.select("deal_id").join(
            nodes, on="deal_id", how="left", maintain_order="left"
        )
        self.templates = _templates(history)
        self.existing = self._existing()
        self.new = self._new()

    def members(self, column: str | None) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Member to the places of its open deals, its templates, and its deals booked in the period that has begun."""
        booked = self._booked()
        frames = (self.open_deals, self.templates, booked)
        if column is None:
            return {"": tuple(np.arange(len(frame)) for frame in frames)}  # type: ignore[dict-item]
        names = sorted({name for frame in frames for name in frame[column].drop_nulls().unique()})
        return {
            str(name): tuple(
                np.flatnonzero((frame[column] == name).fill_null(value=False).to_numpy()) for frame in frames
            )  # type: ignore[misc]
            for name in names
        }

    def node(
        self, metric: str, level: str, member: str, deals: np.ndarray, templates: np.ndarray, booked: np.ndarray
    ) -> tuple[pl.DataFrame, np.ndarray]:
        """Rows of one node and metric, and its draws."""
        is_money, periods = metric == "bookings", self.settings.periods
        chances = self.scores.chances.won[deals]
        amount = self.scores.ratios.expected(self.scores.open_deals.rows)[deals] if is_money else np.ones(len(deals))
        worth = self.templates["amount"].to_numpy()[templates] if is_money else np.ones(len(templates))
        share = worth.sum() / max(len(self.templates), 1)
        existing, new = chances.T @ amount, self.inflow.wins().sum(axis=0) * share
        so_far = np.zeros(periods)
        if len(booked):
            so_far[0] = self._booked()["amount"].to_numpy()[booked].sum() if is_money else len(booked)
        sums = self._sum(self.existing, deals, is_money) + self._sum(self.new, templates, is_money) + so_far
        low_95, low_80, median, high_80, high_95 = np.quantile(sums, LEVELS, axis=0)
        rows = pl.DataFrame(
            {
                "horizon": np.arange(1, periods + 1), "booked": so_far, "existing": existing, "new": new,
                "mean": so_far + existing + new, "yhat": median, "lo_95": low_95, "lo_80": low_80, "hi_80": high_80,
                "hi_95": high_95,
            }
        )  # fmt: skip
        freq, model = self.settings.frequency, self.scores.deals["model"]
        return rows.with_columns(
            unique_id=pl.lit(f"{metric}|{level}|{member}|{freq}"), metric=pl.lit(metric), level=pl.lit(level),
            member=pl.lit(member), freq=pl.lit(freq), as_of=pl.lit(self.history.as_of),
            period_start=pl.Series(self.scores.ahead.starts).cast(pl.Int32).cast(pl.Date),
            open_deal_count=pl.lit(len(deals)), n=pl.lit(len(templates)),
            model=pl.lit(model[0] if len(model) else "no_open_deals"),
        ), sums  # fmt: skip

    def _sum(self, wins: "_Wins", places: np.ndarray, is_money: bool) -> np.ndarray:
        """Draws x periods: the wins of these places added up."""
        draws, periods = self.settings.draws, self.settings.periods
        is_in = np.zeros(wins.size, dtype=bool)
        is_in[places] = True
        keep = is_in[wins.place]
        cell = wins.draw[keep].astype(np.int64) * periods + wins.window[keep]
        weights = wins.amount[keep] if is_money else None
        return np.bincount(cell, weights=weights, minlength=draws * periods).reshape(draws, periods)

    def _booked(self) -> pl.DataFrame:
        """Deals won in the period that has begun, up to as_of."""
        start = pl.lit(int(self.scores.ahead.starts[0])).cast(pl.Int32).cast(pl.Date)
        return self.history.deals.filter((pl.col("outcome") == WON) & (pl.col("closed_on") >= start))

    def _existing(self) -> "_Wins":
        rng, chances, draws = self.rng, self.scores.chances.won, self.settings.draws
        shared, single = shared_shocks(self.scores)
        parts = []
        for draw in range(draws):
            factor = np.exp(
                rng.normal(-(shared**2) / 2, shared) + rng.normal(-(single**2) / 2, single, chances.shape[1])
            )
            upto = np.cumsum(chances * factor, axis=1)
            upto *= np.minimum(1, MOST / np.maximum(upto[:, -1:], 1e-12))
            window = (rng.random(len(chances))[:, None] >= upto).sum(axis=1)
            deal = np.flatnonzero(window < chances.shape[1])
            parts.append((np.full(len(deal), draw), deal, window[deal]))
        draw_of, deal, window = (np.concatenate(column) for column in zip(*parts, strict=True))
        return _Wins(len(chances), draw_of, deal, window, self._amounts(deal))

    def _amounts(self, deal: np.ndarray) -> np.ndarray:
        """An amount for each win: entered x a ratio of a won deal of its stage, scaled to the stage's mean."""
        rows, ratios = self.scores.open_deals.rows, self.scores.ratios
        amount, place = ratios.expected(rows)[deal], ratios.places(rows)[deal]
        factor = np.ones(len(deal))
        known = has_amount(rows)[deal]
        for stage, pool in enumerate(ratios.draws):
            here = np.flatnonzero((place == stage) & known)
            if len(pool):
                factor[here] = self.rng.choice(pool / pool.mean(), len(here))
        return amount * factor

    def _new(self) -> "_Wins":
        rng, draws, inflow = self.rng, self.settings.draws, self.inflow
        periods = self.settings.periods
        level = np.exp(rng.normal(-(inflow.spread**2) / 2, inflow.spread, (draws, 1, 1)))
        shock = np.exp(rng.normal(-(inflow.shock**2) / 2, inflow.shock, (draws, periods, 1)))
        rate = 1 / np.sqrt(max(inflow.won_count, 1))
        curve = np.exp(rng.normal(-(rate**2) / 2, rate, (draws, 1, 1)))
        number = rng.poisson(inflow.wins() * level * shock * curve).sum(axis=1)  # draws x window of the win
        if len(self.templates) == 0:
            number = np.zeros_like(number)
        cell = np.repeat(np.arange(draws * periods), number.ravel())
        place = rng.integers(0, max(len(self.templates), 1), len(cell))
        amounts = self.templates["amount"].to_numpy()
        return _Wins(
            len(self.templates), cell // periods, place, cell % periods, amounts[place] if len(cell) else np.zeros(0)
        )


@dataclass(frozen=True)
class _Wins:
    """One entry per win in a future: draw, place (of `size` deals or templates), window from 0, amount."""

    size: int
    draw: np.ndarray
    place: np.ndarray
    window: np.ndarray
    amount: np.ndarray


def _templates(history: History) -> pl.DataFrame:
    """Deals won in the last two years, or all if there are none: what a new deal may look like."""
    won = history.deals.filter(
        (pl.col("outcome") == WON) & pl.col("amount").is_not_null() & pl.col("closed_on").is_not_null()
    )
    since = won.filter(pl.col("closed_on") > history.as_of - pl.duration(days=TEMPLATE_DAYS))
    return since if len(since) else won


def shared_shocks(scores: Scores) -> tuple[float, float]:
    """Sizes (sd of the log) of what all deals of a future share: in all its windows, and in one window.

    The variance of wins per origin around their expectation beyond chance alone, over past origins, mixed with a prior.
    """
    past = scores.history_panel
    is_over = past.seen >= 1
    if not is_over.any():
        return PRIOR_SHOCK, PRIOR_SHOCK
    won = (past.end == 1) & (past.outcome == IS_WON)
    rows = past.rows.select("origin", "stage_code").with_columns(won=pl.Series(won)).filter(pl.Series(is_over))
    rows = rows.with_columns(chance=pl.col("won").mean().over("stage_code"))
    sums = rows.group_by("origin").agg(
        pl.col("won").sum(), pl.col("chance").sum(), noise=(pl.col("chance") * (1 - pl.col("chance"))).sum()
    )
    excess = ((sums["won"] - sums["chance"]) ** 2 - sums["noise"]).sum()
    weight = len(sums)
    variance = float(excess) / max(float((sums["chance"] ** 2).mean() or 0), 1e-9)  # type: ignore[arg-type]
    mixed = (max(variance, 0.0) + PRIOR_ORIGINS * PRIOR_SHOCK**2) / (weight + PRIOR_ORIGINS)
    return PRIOR_SHOCK, float(np.sqrt(mixed))
