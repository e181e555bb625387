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
from forecasts.deals.draws import Draws
from forecasts.deals.history import History
from forecasts.deals.inflow import fit_inflow
from forecasts.deals.schema import WON
from forecasts.deals.scores import Scores
from forecasts.deals.settings import Settings
from forecasts.panel.frequency import Frequency

QUANTILES = (0.025, 0.1, 0.5, 0.9, 0.975)
TEMPLATE_DAYS = 730  # won deals whose amount and nodes new deals take: two years
METRICS = ("bookings", "won_deals")


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
    sources = _sources(history, scores)
    columns: dict[str, str | None] = {"total": None, **levels}
    members = {level: _members(sources, column) for level, column in columns.items()}
    places = {level: [_places(frame, columns[level], names) for frame in sources] for level, names in members.items()}
    frequency = Frequency(settings.frequency)
    first = int(frequency.index(np.array([scores.ahead.starts[0]]).astype("datetime64[D]"))[0])
    inflow = fit_inflow(history, frequency, first, scores.ahead.left, settings)
    draws = Draws(scores, inflow, sources[1]["amount"].to_numpy(), settings)
    sums = draws.by_level({level: (places[level][0], places[level][1], len(names)) for level, names in members.items()})
    parts = []
    kept: dict[str, np.ndarray] = {}
    for level, names in members.items():
        nodes = _Nodes(scores, inflow.wins().sum(axis=0), sources, places[level], names)
        for metric, futures in zip(METRICS, sums[level], strict=True):
            rows, totals = nodes.rows(metric, futures)
            parts.append(_named(rows, history, scores, metric, level, settings))
            kept |= {f"{metric}|{level}|{name}|{settings.frequency}": totals[:, n] for n, name in enumerate(names)}
    return Pipeline(schema.conform(pl.concat(parts), schema.FORECAST), kept)


def _sources(history: History, scores: Scores) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Open deals in the order of the scores; templates of new ones; deals won in the period that has begun."""
    open_deals = scores.open_deals.rows.select("deal_id")
    open_deals = open_deals.join(history.deals, on="deal_id", how="left", maintain_order="left")
    start = pl.lit(int(scores.ahead.starts[0])).cast(pl.Int32).cast(pl.Date)
    booked = history.deals.filter((pl.col("outcome") == WON) & (pl.col("closed_on") >= start))
    return open_deals, _templates(history), booked


def _templates(history: History) -> pl.DataFrame:
    """Deals won in the last two years, or all if there are none: what a new deal may look like."""
    known = pl.col("amount").is_not_null() & pl.col("closed_on").is_not_null()
    won = history.deals.filter((pl.col("outcome") == WON) & known)
    since = won.filter(pl.col("closed_on") > history.as_of - pl.duration(days=TEMPLATE_DAYS))
    return since if len(since) else won


def _members(sources: tuple[pl.DataFrame, ...], column: str | None) -> list[str]:
    if column is None:
        return [""]
    return sorted({str(name) for frame in sources for name in frame[column].drop_nulls().unique()})


def _places(frame: pl.DataFrame, column: str | None, names: list[str]) -> np.ndarray:
    """The member's place of each row; the place after the last is that of no member."""
    if column is None:
        return np.zeros(len(frame), dtype=np.int64)
    codes = {name: place for place, name in enumerate(names)}
    words = frame[column].cast(pl.String)
    return words.replace_strict(codes, default=len(names), return_dtype=pl.Int64).fill_null(len(names)).to_numpy()


class _Nodes:
    """The members of one level: means of the parts, what is booked, and the bounds of their futures."""

    def __init__(
        self,
        scores: Scores,
        wins: np.ndarray,
        sources: tuple[pl.DataFrame, ...],
        places: list[np.ndarray],
        names: list[str],
    ) -> None:
        self.scores, self.wins, self.sources, self.places, self.names = scores, wins, sources, places, names

    def rows(self, metric: str, futures: np.ndarray) -> tuple[pl.DataFrame, np.ndarray]:
        """One row per member and period, and the futures with what is booked, draws x members x periods."""
        is_money, size, periods = metric == "bookings", len(self.names), futures.shape[2]
        open_deals, templates, booked = self.places
        worth = self.scores.ratios.expected(self.scores.open_deals.rows) if is_money else np.ones(len(open_deals))
        existing = np.zeros((size + 1, periods))
        np.add.at(existing, open_deals, self.scores.chances.won * worth[:, None])
        share = self._added(templates, self.sources[1], is_money) / max(len(templates), 1)
        so_far = np.zeros((size, periods))
        so_far[:, 0] = self._added(booked, self.sources[2], is_money)
        new = share[:, None] * self.wins
        totals = futures + so_far
        low_95, low_80, median, high_80, high_95 = np.quantile(totals, QUANTILES, axis=0)
        columns = {"booked": so_far, "existing": existing[:size], "new": new, "mean": so_far + existing[:size] + new}
        columns |= {"yhat": median, "lo_95": low_95, "lo_80": low_80, "hi_80": high_80, "hi_95": high_95}
        count, n = (np.bincount(place, minlength=size + 1)[:size] for place in (open_deals, templates))
        frame = pl.DataFrame({name: values.ravel() for name, values in columns.items()})
        return frame.with_columns(
            member=pl.Series(self.names, dtype=pl.String).gather(np.repeat(np.arange(size), periods)),
            horizon=pl.Series(np.tile(np.arange(1, periods + 1), size)),
            open_deal_count=pl.Series(np.repeat(count, periods)), n=pl.Series(np.repeat(n, periods)),
        ), totals  # fmt: skip

    def _added(self, places: np.ndarray, frame: pl.DataFrame, is_money: bool) -> np.ndarray:
        weights = frame["amount"].fill_null(0).to_numpy() if is_money else None
        return np.bincount(places, weights=weights, minlength=len(self.names) + 1)[: len(self.names)].astype(float)


def _named(
    rows: pl.DataFrame, history: History, scores: Scores, metric: str, level: str, settings: Settings
) -> pl.DataFrame:
    starts = pl.Series(scores.ahead.starts).cast(pl.Int32).cast(pl.Date)
    model = scores.deals["model"][0] if len(scores.deals) else "no_open_deals"
    return rows.with_columns(
        unique_id=pl.format("{}|{}|{}|{}", pl.lit(metric), pl.lit(level), "member", pl.lit(settings.frequency)),
        metric=pl.lit(metric), level=pl.lit(level), freq=pl.lit(settings.frequency), as_of=pl.lit(history.as_of),
        period_start=starts.gather(rows["horizon"] - 1), model=pl.lit(model),
    )  # fmt: skip
