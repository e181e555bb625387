"""Chances of a win and a loss by stage and period ahead, counted from the panel: the model without features.

h(k | cell) = wins in window k / deals of the cell that are open when it begins and whose window k is over
(cause-specific hazard in discrete time; Kalbfleisch & Prentice, The Statistical Analysis of Failure Time Data, ch. 8);
P(won in window k) = h(k) x product over j < k of (1 - h(j) - l(j)). It is direct: a deal's later moves are inside the
counts, nothing is carried forward with the stage frozen. Cells lean on their parents where they are thin:
all deals <- stage <- stage within one basis of observation.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from forecasts.deals.calendar_effects import Effects, fit_effects
from forecasts.deals.panel import IS_LOST, IS_WON, Panel
from forecasts.deals.settings import Settings
from forecasts.panel.frequency import Frequency

LEANS = 20.0  # rows of the parent that a cell's own rows are mixed with
MOST = 0.98  # of the deals of a cell that may end in one window


@dataclass(frozen=True)
class Chances:
    """won, lost: rows x windows, the chance that the deal ends so in the window. n: closed deals behind each row."""

    won: np.ndarray
    lost: np.ndarray
    n: np.ndarray

    def take(self, where: np.ndarray) -> "Chances":
        """Those rows."""
        return Chances(self.won[where], self.lost[where], self.n[where])


@dataclass(frozen=True)
class StageTable:
    """won, lost: hazards, cell x window. cells: text of stage and basis to its place; n: closed deals of each cell."""

    cells: dict[str, int]
    stages: dict[str, int]
    won: np.ndarray
    lost: np.ndarray
    n: np.ndarray
    effects: Effects

    def predict(self, rows: pl.DataFrame) -> Chances:
        """The chances of the panel's rows, with the calendar of the windows ahead of each."""
        place = _places(rows, self.cells, self.stages)
        factors = window_factors(self.effects, rows, self.won.shape[1])
        return chained(np.minimum(self.won[place] * factors, MOST), self.lost[place], self.n[place])


def chained(won: np.ndarray, lost: np.ndarray, n: np.ndarray) -> Chances:
    """Hazards to chances: still open so far x the hazard."""
    total = won + lost
    scale = np.where(total > MOST, MOST / np.maximum(total, 1e-12), 1.0)
    won, lost = won * scale, lost * scale
    still = np.cumprod(1 - won - lost, axis=1)
    before = np.concatenate([np.ones((len(won), 1)), still[:, :-1]], axis=1)
    return Chances(won * before, lost * before, n)


def window_factors(effects: Effects, rows: pl.DataFrame, periods: int) -> np.ndarray:
    """Factor of each row's windows: rows x windows."""
    first = first_windows(effects.frequency, rows)
    index = np.arange(first.min(initial=0), first.max(initial=0) + periods)
    factors = effects.factors(index)
    return factors[(first - index[0])[:, None] + np.arange(periods)]


def first_windows(frequency: Frequency, rows: pl.DataFrame) -> np.ndarray:
    """The period number of each row's first window."""
    return frequency.index(rows["origin"].cast(pl.Date).to_numpy().astype("datetime64[D]") + np.timedelta64(1, "D"))


def fit_table(panel: Panel, frequency: Frequency, settings: Settings) -> StageTable:
    """Count the panel's rows whose windows are over."""
    stage = panel.rows["stage_code"].fill_null("unknown")
    own = stage + "|" + panel.rows["basis"]
    stages = {name: place for place, name in enumerate(stage.unique().sort())}
    cells = {name: place for place, name in enumerate(own.unique().sort())}
    everything = np.zeros(len(stage), dtype=np.int64)
    by_stage, by_cell = (
        names.replace_strict(known, return_dtype=pl.Int64).to_numpy()
        for names, known in ((stage, stages), (own, cells))
    )
    top = _hazards(panel, everything, 1, settings.periods, None)
    middle = _hazards(panel, by_stage, len(stages), settings.periods, np.repeat(top, len(stages), axis=1))
    parents = np.array([stages[name.split("|")[0]] for name in cells], dtype=np.int64)
    low = _hazards(panel, by_cell, len(cells), settings.periods, middle[:, parents])
    # the places after the cells are those of stages in no cell, the last one of all deals
    hazards = np.concatenate([low, middle, top], axis=1)
    closed = [
        _closed(panel, places, size)
        for places, size in ((by_cell, len(cells)), (by_stage, len(stages)), (everything, 1))
    ]
    n = np.concatenate(closed)
    bare = StageTable(cells, stages, hazards[0], hazards[1], n, Effects.none(frequency))
    return StageTable(cells, stages, hazards[0], hazards[1], n, _effects(panel, bare, settings))


def _places(rows: pl.DataFrame, cells: dict[str, int], stages: dict[str, int]) -> np.ndarray:
    """The cell of each row; a stage never seen in its basis counts as the stage, one never seen at all as any deal."""
    stage = rows["stage_code"].fill_null("unknown")
    own = (stage + "|" + rows["basis"]).replace_strict(cells, default=-1, return_dtype=pl.Int64).to_numpy()
    parent = stage.replace_strict(stages, default=len(stages), return_dtype=pl.Int64).to_numpy()
    return np.where(own >= 0, own, len(cells) + parent)


def _hazards(panel: Panel, cell: np.ndarray, size: int, periods: int, parent: np.ndarray | None) -> np.ndarray:
    """(won, lost) x cell x window; the parent's hazards mixed in."""
    out = np.zeros((2, size, periods))
    for k in range(1, periods + 1):
        at_risk = (panel.seen >= k) & ((panel.end == 0) | (panel.end >= k))
        here = at_risk & (panel.end == k)
        risk = np.bincount(cell[at_risk], minlength=size)
        for side, outcome in enumerate((IS_WON, IS_LOST)):
            count = np.bincount(cell[here & (panel.outcome == outcome)], minlength=size)
            before = (
                parent[side, :, k - 1] if parent is not None else np.full(size, out[side, 0, k - 2] if k > 1 else 0.1)
            )
            leans = LEANS if parent is not None else 1.0
            out[side, :, k - 1] = (count + leans * before) / (risk + leans)
    return out


def _closed(panel: Panel, cell: np.ndarray, size: int) -> np.ndarray:
    ended = panel.rows.select("deal_id", cell=pl.Series(cell)).filter(pl.Series(panel.end > 0)).unique()
    return np.bincount(ended["cell"].to_numpy(), minlength=size)


def _effects(panel: Panel, bare: StageTable, settings: Settings) -> Effects:
    """Wins of the first windows against what the bare table expects, period by period."""
    frequency, is_over = bare.effects.frequency, panel.seen >= 1
    first = first_windows(frequency, panel.rows)[is_over]
    expected = bare.predict(panel.rows).won[is_over, 0]
    won = (panel.end[is_over] == 1) & (panel.outcome[is_over] == IS_WON)
    index, place = np.unique(first, return_inverse=True)
    counts, means = np.bincount(place, weights=won), np.bincount(place, weights=expected)
    return fit_effects(frequency, index, counts, means, settings.festivals)
