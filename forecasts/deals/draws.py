"""Futures drawn: which open deals are won in which window, which new deals are, and what they bring, by level."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import polars as pl

from forecasts.deals.amounts import has_amount
from forecasts.deals.inflow import Inflow
from forecasts.deals.panel import IS_WON
from forecasts.deals.scores import Scores
from forecasts.deals.settings import Settings

PRIOR_SHOCK = 0.08  # of the log of all chances, where past origins are few
PRIOR_ORIGINS = 6.0  # past origins that the prior counts as: half a year of months
MOST = 0.99  # chance of a win that a shock may lift a deal to
BLOCK = 100  # futures added up at a time: one at a time costs more calls, all at once more memory

Places = tuple[np.ndarray, np.ndarray, int]  # member of each open deal, of each template, and how many members
Wins = tuple[np.ndarray, np.ndarray, np.ndarray]  # of one future: the place, window and amount of each win


class Block(NamedTuple):
    """Wins of some futures, one after the other: put together once, added up by the members of every level."""

    futures: int
    future: np.ndarray  # of each win, numbered from 0
    place: np.ndarray
    window: np.ndarray
    amount: np.ndarray

    @classmethod
    def of(cls, wins: Sequence[Wins]) -> "Block":
        """The futures in their order, numbered from 0."""
        future = np.repeat(np.arange(len(wins)), [len(window) for _, window, _ in wins])
        return cls(len(wins), future, *(np.concatenate(parts) for parts in zip(*wins, strict=True)))

    def added(self, member: np.ndarray, size: int, periods: int) -> Iterator[np.ndarray]:
        """Amounts, then counts: futures x members x periods. member: of each place, `size` for none."""
        cell = (self.future * (size + 1) + member[self.place]) * periods + self.window
        for weights in (self.amount, None):
            sums = np.bincount(cell, weights=weights, minlength=self.futures * (size + 1) * periods)
            yield sums.reshape(self.futures, size + 1, periods)[:, :size]


class Draws:
    """All futures of a forecast; the same seed gives the same ones."""

    def __init__(self, scores: Scores, inflow: Inflow, template_amounts: np.ndarray, settings: Settings) -> None:
        """template_amounts: of the won deals that new deals take their amount and members from."""
        self.scores, self.inflow, self.settings = scores, inflow, settings
        self.templates, self.rng = template_amounts, np.random.default_rng(settings.seed)

    def by_level(self, levels: Mapping[str, Places]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """(amounts, counts) of each level, draws x members x periods; no future is kept longer than its block."""
        draws, periods = self.settings.draws, self.settings.periods
        out = {
            level: tuple(np.zeros((draws, size, periods)) for _ in range(2)) for level, (_, _, size) in levels.items()
        }
        for part, wins in ((0, self._existing()), (1, self._new())):
            for first in range(0, draws, BLOCK):
                block = Block.of(list(islice(wins, BLOCK)))
                for level, (open_deals, templates, size) in levels.items():
                    sums = block.added((open_deals, templates)[part], size, periods)
                    for futures, added in zip(out[level], sums, strict=True):
                        futures[first : first + block.futures] += added
        return out  # type: ignore[return-value]

    def _existing(self) -> Iterator[Wins]:
        """Of each future the won deals, the windows in which they are, and their amounts."""
        rng, chances = self.rng, self.scores.chances.won.astype(np.float32)
        shared, single = shared_shocks(self.scores)
        amounts = _Amounts(self.scores, rng)
        for _ in range(self.settings.draws):
            shock = rng.normal(-(shared**2) / 2, shared) + rng.normal(-(single**2) / 2, single, chances.shape[1])
            factor = np.exp(shock).astype(np.float32)
            total, draw = chances @ factor, rng.random(len(chances), dtype=np.float32)
            deal = np.flatnonzero(draw < np.minimum(total, MOST))
            upto = np.cumsum(chances[deal] * factor, axis=1)
            upto *= (np.minimum(total[deal], MOST) / upto[:, -1])[:, None]
            window = np.minimum((draw[deal, None] >= upto).sum(axis=1), chances.shape[1] - 1)
            yield deal, window, amounts.of(deal)

    def _new(self) -> Iterator[Wins]:
        """Of each future the templates of the new deals that are won, the windows and the amounts."""
        rng, inflow, periods = self.rng, self.inflow, self.settings.periods
        wins, rate = inflow.wins(), 1 / np.sqrt(max(inflow.won_count, 1))
        worth = _mean_spread(self.templates)
        for _ in range(self.settings.draws):
            level = np.exp(rng.normal(-(inflow.spread**2) / 2, inflow.spread) + rng.normal(-(rate**2) / 2, rate))
            shock = np.exp(rng.normal(-(inflow.shock**2) / 2, inflow.shock)[:, None])
            number = rng.poisson(wins * level * shock).sum(axis=0) * (len(self.templates) > 0)
            window = np.repeat(np.arange(periods), number)
            place = rng.integers(0, max(len(self.templates), 1), len(window))
            mean = np.exp(rng.normal(-(worth**2) / 2, worth))
            yield place, window, self.templates[place] * mean if len(window) else np.zeros(0)


def _mean_spread(amounts: np.ndarray) -> float:
    """Standard error of the mean amount, over it: a few large deals decide it, and the next ones are others."""
    mean = float(amounts.mean()) if len(amounts) else 0.0
    return float(amounts.std() / np.sqrt(len(amounts)) / mean) if mean > 0 else 0.0


class _Amounts:
    """Amounts of won deals: entered x a ratio of a won deal of the stage, scaled to the stage's mean."""

    def __init__(self, scores: Scores, rng: np.random.Generator) -> None:
        rows, ratios = scores.open_deals.rows, scores.ratios
        self.rng, self.expected = rng, ratios.expected(rows)
        pools = [pool / pool.mean() if len(pool) else np.ones(1) for pool in [*ratios.draws, np.ones(1)]]
        self.pool, sizes = np.concatenate(pools), np.array([len(pool) for pool in pools])
        stage = np.where(has_amount(rows), ratios.places(rows), len(pools) - 1)  # without an amount: no ratio
        self.start, self.size = (np.cumsum(sizes) - sizes)[stage], sizes[stage]

    def of(self, deal: np.ndarray) -> np.ndarray:
        """One amount for each of these deals."""
        draw = (self.rng.random(len(deal)) * self.size[deal]).astype(np.int64)
        return self.expected[deal] * self.pool[self.start[deal] + draw]


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
    noise = (pl.col("chance") * (1 - pl.col("chance"))).sum()
    sums = rows.group_by("origin").agg(pl.col("won").sum(), pl.col("chance").sum(), noise=noise)
    count, chance, by_luck = (sums[name].to_numpy().astype(float) for name in ("won", "chance", "noise"))
    excess = ((count - chance) ** 2 - by_luck).sum() / max((chance**2).mean(), 1e-9)
    mixed = (max(float(excess), 0.0) + PRIOR_ORIGINS * PRIOR_SHOCK**2) / (len(sums) + PRIOR_ORIGINS)
    return PRIOR_SHOCK, float(np.sqrt(mixed))
