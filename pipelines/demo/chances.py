"""The true chances of deals: that they are won, and in which of the next twelve months, on every month end.

Two of them. `p_won` is what the best forecaster in the world could say who has seen every contact, date and typed-in
chance of the whole company and knows its laws: the hidden level and mood are integrated out (see beliefs).
`p_won_hidden` is the chance given the hidden state itself. Both follow from the laws by multiplying step by step;
nothing is drawn.
"""

from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.demo import laws as law
from pipelines.demo.beliefs import Beliefs, Customers
from pipelines.demo.cast import Tables
from pipelines.demo.deals import BUYER_WEIGHT, Hidden, deal_weights
from pipelines.demo.laws import BACK, FORWARD, LEVELS, LOSE, MOODS, NEEDS, OPEN_STATES, RETURNS, STAY, WIN, Laws
from pipelines.demo.seasons import EPOCH
from pipelines.demo.steps import PER_MONTH, Clock, clock

Floats = NDArray[np.float64]

MONTHS = 12
FURTHER = 30  # months beyond which no deal of today is open any more
STATES = OPEN_STATES + RETURNS


def deal_chances(
    hidden: Hidden, customers: pl.DataFrame, first: int, last: int, *, knows_before: bool = True
) -> pl.DataFrame:
    """One row per deal open on a month end: month_end, deal, stage, p_won, p_won_1 .. p_won_12, and all with `_hidden`.

    Deals are numbered as the world numbers them; month ends before its first day are left out. knows_before: whether
    deals that were over before the first day, which no system keeps, tell of their customers.
    """
    ahead = clock(int(hidden.clock.low[0]), last, further_months=FURTHER)
    tables = Tables(hidden.rules)
    beliefs = Beliefs(
        hidden.cast, hidden.traits, tables, ahead, _customers(hidden, customers, None if knows_before else first)
    )
    future = Future(hidden.rules, tables, ahead)
    number = np.full(len(hidden.cast.created), -1)
    number[hidden.kept] = np.arange(len(hidden.kept))
    frames = []
    for step in hidden.life.shown:
        beliefs.tell(step)
        if step.number not in hidden.life.moods or ahead.high[step.number] < first:
            continue
        deal, stage, mood = hidden.life.moods[step.number]
        by_state = future.after(step.number)[hidden.cast.china[deal].astype(np.int64)]
        places = stage[:, None] * MOODS + np.arange(MOODS)
        here = by_state[np.arange(len(deal))[:, None, None], np.arange(LEVELS)[:, None], places[:, None, :]]
        known = np.einsum("dlm,dlmk->dk", beliefs.now[deal], here)
        told = here[np.arange(len(deal)), hidden.cast.level[deal], mood]
        frames.append(_rows(ahead, step.number, number[deal], stage, known, told))
    return pl.concat(frames)


def _rows(ahead: Clock, step: int, deal: NDArray, stage: NDArray, known: Floats, told: Floats) -> pl.DataFrame:
    names = ["p_won", *(f"p_won_{month}" for month in range(1, MONTHS + 1))]
    columns = {name: known[:, place] for place, name in enumerate(names)}
    columns |= {f"{name}_hidden": told[:, place] for place, name in enumerate(names)}
    frame = pl.DataFrame({"deal": deal, "stage": np.array(law.STAGES)[stage], **columns})
    day = EPOCH.fromordinal(EPOCH.toordinal() + int(ahead.high[step]))
    return frame.select(pl.lit(day).alias("month_end"), pl.all())


def _customers(hidden: Hidden, customers: pl.DataFrame, first: int | None) -> Customers:
    """The deals a customer of its size would have had by the birth of each deal, if it never buys.

    first: the day from which on they are counted; None for the beginning.
    """
    created, china, customer = hidden.cast.created, hidden.cast.china, hidden.traits.customer
    buys = customers["is_buyer"].to_numpy()
    weight = deal_weights(customers)
    base = np.where(buys, weight / BUYER_WEIGHT, weight) / weight.sum()
    seen = np.empty(len(created))
    for side in (False, True):
        here = np.flatnonzero(china == side)
        before = 0 if first is None else int((created[here] < first).sum())
        seen[here] = np.maximum(np.arange(len(here)) + 1 - before, 0) / max(len(here), 1)
    is_counted, is_told = np.ones((2, len(created)), dtype=bool)
    if first is not None:
        is_counted, is_told = created >= first, np.isin(np.arange(len(created)), hidden.kept)
    return Customers(float(buys.mean()), base[customer] * len(created) * seen, BUYER_WEIGHT, is_counted, is_told)


class Future:
    """What the laws make of a state from the end of a step on: the chance of a win at all, and in each month."""

    def __init__(self, rules: Laws, tables: Tables, ahead: Clock) -> None:
        """Work backwards from the last step of the clock, after which nothing is won."""
        self.rules, self.tables, self.ahead = rules, tables, ahead
        self.known: dict[tuple[float, ...], tuple[Floats, Floats]] = {}
        ever = np.zeros((2, LEVELS, STATES))
        self.ever: dict[int, Floats] = {}
        for step in range(len(ahead.low) - 1, -1, -1):
            self.ever[step] = ever  # from the end of the step on
            move, won = self.kernel(step)
            ever = won + np.einsum("slij,slj->sli", move, ever)

    def after(self, step: int) -> Floats:
        """Side x level x state x (won at all, won in month 1 .. 12)."""
        won_by, at = [np.zeros((2, LEVELS, STATES))], np.broadcast_to(np.eye(STATES), (2, LEVELS, STATES, STATES))
        total = won_by[0]
        for later in range(step + 1, step + 1 + MONTHS * PER_MONTH):
            move, won = self.kernel(later)
            total = total + np.einsum("slij,slj->sli", at, won)
            at = at @ move
            if (later - step) % PER_MONTH == 0:
                won_by.append(total)
        months = [late - early for early, late in pairwise(won_by)]
        return np.stack([self.ever[step], *months], axis=-1)

    def kernel(self, step: int) -> tuple[Floats, Floats]:
        """Side x level x state x state in a step, and the chance of a win in it."""
        pace = tuple(self.ahead.pace[step])
        if pace not in self.known:
            table = self.tables.at(self.ahead, step)
            self.known[pace] = _kernel(self.rules, table)
        return self.known[pace]


def _kernel(rules: Laws, table: Floats) -> tuple[Floats, Floats]:
    stages = len(law.STAGES)
    move = np.zeros((2, LEVELS, STATES, STATES))
    won = np.zeros((2, LEVELS, STATES))
    again, over = rules.reopened
    for stage in range(stages):
        rows = slice(stage * MOODS, (stage + 1) * MOODS)
        chances = table[:, stage]  # side x level x mood x move
        lands = np.zeros((*chances.shape[:3], stages))
        lands[..., stage] += chances[..., STAY]
        lands += chances[..., FORWARD, None] * rules.landing[stage]
        if stage:
            lands[..., stage - 1] += chances[..., BACK]
        to = np.einsum("slmt,lmk->slmtk", lands, rules.moods)
        move[:, :, rows, :OPEN_STATES] = to.reshape(*chances.shape[:3], OPEN_STATES)
        move[:, :, rows, OPEN_STATES + min(stage, NEEDS)] = chances[..., LOSE]
        won[:, :, rows] = chances[..., WIN]
    for back in range(RETURNS):
        move[:, :, OPEN_STATES + back, OPEN_STATES + back] = 1 - again - over
        move[:, :, OPEN_STATES + back, back * MOODS : (back + 1) * MOODS] = again * law.FIRST_MOOD
    return move, won
