"""The oracle of a world: what its true laws make of the pipeline, given only what was observable at an origin.

Existing deals: the true chances with hidden level and mood integrated out (demo/chances.py); of customers it knows what
the company's own list tells, not the deals that were over before the list begins. New deals: the true rate of births,
carried through the laws step by step. Lost deals that may still be opened again are part of `new`.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.bench.deals_worlds import DealWorld
from pipelines.demo import laws as law
from pipelines.demo.cast import Tables
from pipelines.demo.chances import FURTHER, MONTHS, STATES, Future, deal_chances
from pipelines.demo.deals import WARM_UP_DAYS
from pipelines.demo.laws import LEVELS, MOODS, NEEDS, OPEN_STATES
from pipelines.demo.seasons import day_weights, ordinal
from pipelines.demo.steps import PER_MONTH, clock

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Oracle:
    """deals: true chances per month end and deal_id (p_won, p_won_1 .. p_won_12 and the amount to expect).

    bookings, won_deals: month end to the expected value of each of the next months, existing and new together.
    """

    deals: pl.DataFrame
    bookings: dict[date, Floats]
    won_deals: dict[date, Floats]


def true_oracle(world: DealWorld, origins: list[date], months: int) -> Oracle:
    """The oracle at these month ends."""
    deals = _known_amounts(world, origins)
    amount = _mean_amount(world)
    bookings, counts = {}, {}
    for origin in origins:
        here = deals.filter(pl.col("month_end") == origin)
        chances = here.select(f"p_won_{month}" for month in range(1, months + 1)).to_numpy()
        new = _new_wins(world, origin, months)
        bookings[origin] = chances.T @ here["true_amount"].to_numpy() + new.sum(axis=1) * amount
        counts[origin] = chances.sum(axis=0) + new.sum(axis=1)
    return Oracle(deals, bookings, counts)


def _known_amounts(world: DealWorld, origins: list[date]) -> pl.DataFrame:
    chances = deal_chances(world.true.hidden, world.customers, world.first, world.last, knows_before=False)
    chances = chances.filter(pl.col("month_end").is_in(origins))
    facts = world.true.facts.select("deal", "proposed", "first_amount", "amount")
    growth = _winners_growth(world)
    rows = chances.join(facts, on="deal", how="left", maintain_order="left")
    day = pl.col("month_end").cast(pl.Int32).cast(pl.Int64)
    cents = pl.when(pl.col("proposed") <= day).then("amount").otherwise(pl.col("first_amount") * growth)
    base = world.deals.select("deal_id", "amount").with_row_index("deal").with_columns(pl.col("deal").cast(pl.Int64))
    rows = rows.join(base.rename({"amount": "base"}), on="deal", how="left", maintain_order="left")
    return rows.with_columns(true_amount=cents * pl.col("base") / pl.col("amount"))


def _winners_growth(world: DealWorld) -> float:
    won = world.true.facts.filter(pl.col("outcome") == "won")
    return float(won["amount"].sum()) / float(won["first_amount"].sum())


def _mean_amount(world: DealWorld) -> float:
    """Mean booking: it depends on nothing that decides a deal, so the mean of first amounts x growth is the law's."""
    facts = world.true.facts.with_columns(world.deals["amount"].alias("base"))
    first = facts["base"] * facts["first_amount"] / facts["amount"]
    return float(first.mean() or 0) * _winners_growth(world)  # type: ignore[arg-type]


def _new_wins(world: DealWorld, origin: date, months: int) -> Floats:
    """Expected wins of deals born or opened again after the origin, month x side."""
    hidden = world.true.hidden
    ahead = clock(int(hidden.clock.low[0]), world.last, further_months=FURTHER)
    future = _future(world, ahead)
    start = int(ahead.step_of(np.array([ordinal(origin)]))[0])
    mass = _lost_mass(world, ordinal(origin))
    births = _births(world)
    levels = np.stack([_levels(hidden.traits.level[hidden.cast.china == bool(side)]) for side in (0, 1)])
    won = np.zeros((months, 2))
    for step in range(start + 1, start + 1 + months * PER_MONTH):
        move, wins = future.kernel(step)
        won[(step - start - 1) // PER_MONTH] += (mass * wins).sum(axis=(1, 2))
        mass = np.einsum("sli,slij->slj", mass, move)
        for side in (0, 1):
            days = births[side]
            count = sum(days.get(day, 0.0) for day in range(int(ahead.low[step]), int(ahead.high[step]) + 1))
            mass[side, :, :MOODS] += count * levels[side][:, None] * law.FIRST_MOOD
    return won


def _levels(level: NDArray[np.int64]) -> Floats:
    return np.bincount(level, minlength=LEVELS) / max(len(level), 1)


_FUTURES: dict[int, Future] = {}


def _future(world: DealWorld, ahead: object) -> Future:
    if world.seed not in _FUTURES:
        _FUTURES.clear()
        rules = world.true.hidden.rules
        _FUTURES[world.seed] = Future(rules, Tables(rules), ahead)  # type: ignore[arg-type]
    return _FUTURES[world.seed]


def _births(world: DealWorld) -> list[dict[int, float]]:
    """Expected births per day, by side."""
    hidden, early = world.true.hidden, world.first - WARM_UP_DAYS
    out = []
    for side in (False, True):
        weights = day_weights(early, world.last, chinese=side)
        count = float((hidden.cast.china == side).sum())
        out.append(dict(zip(range(early, world.last + 1), count * weights / weights.sum(), strict=True)))
    return out


def _lost_mass(world: DealWorld, day: int) -> Floats:
    """Lost deals that may still be opened again, side x level x state: what waits, given that it has not come back."""
    hidden = world.true.hidden
    again, over = hidden.rules.reopened
    path = world.true.path.filter(pl.col("entered") <= day)
    ends = path.group_by("deal", maintain_order=True).agg(
        pl.col("stage", "entered").last(), pl.col("stage").alias("all")
    )
    lost = ends.filter(pl.col("stage") == "lost").with_columns(before=pl.col("all").list.get(-2))
    mass = np.zeros((2, LEVELS, STATES))
    cast_place = hidden.kept[lost["deal"].to_numpy()]
    levels = _levels(hidden.traits.level[cast_place])
    steps = np.maximum((day - lost["entered"].to_numpy()) / (365.25 / 12 / PER_MONTH), 0)
    waits = (1 - again - over) ** steps
    waits = waits / (waits + over * (1 - waits) / (again + over))
    stage = (
        lost["before"].replace_strict({name: i for i, name in enumerate(law.STAGES)}, return_dtype=pl.Int64).to_numpy()
    )
    side = hidden.cast.china[cast_place].astype(np.int64)
    for one in (0, 1):
        for back in range(NEEDS + 1):
            here = (side == one) & (np.minimum(stage, NEEDS) == back)
            mass[one, :, OPEN_STATES + back] = waits[here].sum() * levels
    return mass


__all__ = ["MONTHS", "Oracle", "true_oracle"]
