"""Which model serves: the win model only where it beat the table on origins that neither had seen.

Both are fitted on what was known TEST_ORIGINS periods ago (a purge: no window that ends later is in their training)
and asked for what came since. A deal's log-likelihood is that of the window and the way in which it ended, or of its
being open still; the difference is averaged over deals, because the rows of one deal are no independent witnesses.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from forecasts.deals.panel import Panel
from forecasts.deals.table import Chances

TEST_WINDOWS = 6  # windows of the AUC and the Brier score: half a year
TINY = 1e-6


@dataclass(frozen=True)
class Verdict:
    """Out of time: rows and deals asked; auc, brier of "won within six periods"; log_loss per row; slope."""

    rows: int
    auc: float | None
    brier: float | None
    log_loss: float | None
    slope: float | None


def places_back(rows: Panel) -> np.ndarray:
    """How many origins back each row's is, from 1."""
    days = rows.rows["origin"].cast(pl.Int32).to_numpy()
    unique = np.unique(days)
    return len(unique) - np.searchsorted(unique, days)


def cut_back(rows: Panel, back: int) -> tuple[Panel, np.ndarray]:
    """The panel as it was `back` origins ago, and which rows are in it: later windows are not over yet."""
    number = places_back(rows)
    kept = number > back
    seen = np.minimum(rows.seen, number - back)[kept]
    end = np.where(rows.end[kept] <= seen, rows.end[kept], 0)
    outcome = np.where(end > 0, rows.outcome[kept], 0)
    return Panel(rows.rows.filter(pl.Series(kept)), end, outcome, seen, rows.not_exported), kept


def log_likelihood(chances: Chances, rows: Panel) -> np.ndarray:
    """Of each row: how it ended, or that it is still open after the windows that are over."""
    place = np.arange(len(rows.end))
    window = np.maximum(rows.end - 1, 0)
    ended = np.where(rows.outcome == 1, chances.won[place, window], chances.lost[place, window])
    upto = np.cumsum(chances.won + chances.lost, axis=1)
    still = 1 - upto[place, np.maximum(rows.seen - 1, 0)]
    return np.log(np.maximum(np.where(rows.end > 0, ended, np.where(rows.seen > 0, still, 1.0)), TINY))


def judged(chances: Chances, rows: Panel) -> Verdict:
    """The figures of a model on rows that it has not seen."""
    if len(rows.end) == 0:
        return Verdict(0, None, None, None, None)
    windows = min(TEST_WINDOWS, chances.won.shape[1])
    full = rows.seen >= windows
    won = (rows.outcome == 1) & (rows.end > 0) & (rows.end <= windows)
    chance = chances.won[:, :windows].sum(axis=1)
    loss = float(-log_likelihood(chances, rows).mean())
    if full.sum() < 30 or won[full].all() or not won[full].any():
        return Verdict(len(rows.end), None, None, loss, None)
    brier = float(np.mean((chance[full] - won[full]) ** 2))
    return Verdict(len(rows.end), auc(chance[full], won[full]), brier, loss, slope(chance[full], won[full]))


def auc(chance: np.ndarray, won: np.ndarray) -> float:
    """Share of (won, not won) pairs in which the won one had the higher chance; ties count half."""
    order = pl.Series(chance).rank("average").to_numpy()
    positives, negatives = int(won.sum()), int((~won).sum())
    return float((order[won].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def slope(chance: np.ndarray, won: np.ndarray) -> float:
    """Slope of the outcome on the log-odds in a logistic regression: 1 is right, below 1 too bold (Cox 1958)."""
    log_odds = np.log(np.clip(chance, TINY, 1 - TINY) / np.clip(1 - chance, TINY, 1))
    columns = np.column_stack([np.ones_like(log_odds), log_odds])
    parts = np.array([0.0, 1.0])
    for _ in range(50):
        mean = 1 / (1 + np.exp(-columns @ parts))
        weight = np.maximum(mean * (1 - mean), 1e-9)
        step = np.linalg.solve(columns.T @ (weight[:, None] * columns) + 1e-9 * np.eye(2), columns.T @ (won - mean))
        parts = parts + np.clip(step, -1, 1)
    return float(parts[1])


def gain(better: np.ndarray, worse: np.ndarray, deals: pl.Series) -> tuple[float, float]:
    """Mean difference of the log-likelihoods per deal, and its standard error over deals."""
    frame = pl.DataFrame({"deal": deals, "gain": better - worse}).group_by("deal").agg(pl.col("gain").mean())
    if len(frame) < 2:
        return 0.0, float("inf")
    values = frame["gain"].to_numpy()
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))
