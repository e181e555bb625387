"""Deals x origins: which deals were open at each past period end, what was known of them then, and how they ended.

A row stands for one spell (history.py) that is open at the end of an origin. Window k of an origin is its k-th period
ahead; it counts only where all of it lies at or before as_of, so a deal that is still open is censored, not lost.
"""

import zlib
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from forecasts.deals.history import NEVER, History, day_numbers
from forecasts.deals.schema import EXPORTS, WON
from forecasts.panel.frequency import Frequency

EPOCH = date(1970, 1, 1)
FRESH_DAYS = 7  # that an export may be old and still show where deals stand: weekly lists are never older
OLD = "_before"  # added to the basis of a deal that only an older export shows
STILL_OPEN, IS_WON, IS_LOST = 0, 1, 2


@dataclass(frozen=True)
class Windows:
    """The periods ahead of one origin: `edges` has the origin's day and then the last day of each period."""

    origin: int
    edges: np.ndarray
    starts: np.ndarray  # first day of each period, that names it; of one that has begun it lies before the origin

    @property
    def left(self) -> float:
        """The share of the first period that is still ahead."""
        return float((self.edges[1] - self.edges[0]) / (self.edges[1] - self.starts[0] + 1))


def windows(frequency: Frequency, origin: date, periods: int) -> Windows:
    """The windows of an origin: the first one ends with the period that the next day belongs to."""
    first = int(frequency.index(np.array([origin + timedelta(days=1)]))[0])
    index = np.arange(first, first + periods)
    day = (origin - EPOCH).days
    ends = frequency.ends(index).astype(np.int64)
    return Windows(day, np.concatenate([[day], ends]), frequency.starts(index).astype(np.int64))


def past_origins(frequency: Frequency, as_of: date, count: int) -> list[date]:
    """Earlier days that stand in their period as as_of stands in its own, newest first.

    For the last day of a period these are the last days of the ones before; else as many days before the end.
    """
    index = int(frequency.index(np.array([as_of + timedelta(days=1)]))[0])
    begins = frequency.starts(np.array([index]))[0].item()
    back = index - np.arange(1, count + 1)
    if begins == as_of + timedelta(days=1):
        return [day.item() for day in frequency.starts(back) - np.timedelta64(1, "D")]
    left = frequency.ends(np.array([index]))[0].item() - as_of
    days = zip(frequency.starts(back), frequency.ends(back), strict=True)
    return [max(end.item() - left, start.item()) for start, end in days]


@dataclass(frozen=True)
class Panel:
    """One row per origin and open spell with an observation; arrays run in the order of `rows`.

    rows: deal_id, spell, origin (date), opened_on, basis, exported_on (the origin, where a history tells every day),
    customer_id and every column of the observation (as known at the origin), amount_won (of the deal, null unless it is
    won by as_of).
    end: the window in which the spell ended, 0 if in none that is over; outcome: STILL_OPEN, IS_WON, IS_LOST;
    seen: how many windows are over. not_exported: open deals per origin of which nothing was known.
    """

    rows: pl.DataFrame
    end: np.ndarray
    outcome: np.ndarray
    seen: np.ndarray
    not_exported: dict[date, int]

    def take(self, mask: np.ndarray) -> "Panel":
        """The rows of the mask."""
        parts = (self.end[mask], self.outcome[mask], self.seen[mask])
        return Panel(self.rows.filter(pl.Series(mask)), *parts, self.not_exported)

    def sample(self, most: int) -> "Panel":
        """At most about so many rows: all rows of some deals, the same ones in every run."""
        if len(self.rows) <= most:
            return self
        drawn = {deal: zlib.crc32(deal.encode()) for deal in self.rows["deal_id"].unique()}
        number = self.rows["deal_id"].replace_strict(drawn, return_dtype=pl.Int64).to_numpy()
        return self.take(number < most / len(self.rows) * 2**32)


def panel(history: History, frequency: Frequency, origins: list[date], periods: int) -> Panel:
    """The panel of these origins; for as_of itself no window is over and every row is open."""
    spells = history.spells.with_row_index("place")
    opened, ended = day_numbers(spells["opened_on"]), day_numbers(spells["ended_on"])
    parts, ends, seen = [], [], []
    last = (history.as_of - EPOCH).days
    for origin in sorted(origins):
        ahead = windows(frequency, origin, periods)
        here = np.flatnonzero((opened <= ahead.origin) & (ended > ahead.origin))
        over = int((ahead.edges[1:] <= last).sum())
        window = np.searchsorted(ahead.edges, ended[here], side="left")
        parts.append(spells[here].with_columns(origin=pl.lit(origin)))
        ends.append(np.where((ended[here] < NEVER) & (window <= over), window, 0))
        seen.append(np.full(len(here), over))
    rows = pl.concat(parts).with_columns(_end=pl.Series(np.concatenate(ends)), _seen=pl.Series(np.concatenate(seen)))
    return _observed(history, rows)


def _observed(history: History, rows: pl.DataFrame) -> Panel:
    """The rows with the last observation at or before their origin; those without one are only counted."""
    # Observations stand in order within each deal, which is all that the join asks for.
    known = history.observations.drop("status_code").rename({"known_on": "origin"}).with_columns(known_on="origin")
    spells = rows.rename({"amount": "final_amount", "outcome": "result"}).sort("origin", maintain_order=True)
    joined = spells.join_asof(known, on="origin", by="deal_id", strategy="backward", check_sortedness=False)
    facts = history.deals.select("deal_id", "basis", "customer_id")
    joined = _dated(joined.join(facts, on="deal_id", how="left", maintain_order="left"))
    missing = joined.filter(pl.col("known_on").is_null()).group_by("origin").len()
    last = rows["origin"].max()
    keeps = pl.col("known_on").is_not_null() | ((pl.col("origin") == last) & (last == history.as_of))
    joined = joined.filter(keeps).sort("origin", "place")
    end = joined["_end"].to_numpy()
    outcome = np.where(
        end == 0, STILL_OPEN, np.where((joined["result"] == WON).fill_null(value=False), IS_WON, IS_LOST)
    )
    won_amount = pl.when((pl.col("result") == WON) & (pl.col("_end") > 0)).then("final_amount").alias("amount_won")
    kept = joined.with_columns(won_amount).drop("place", "_end", "ended_on", "result", "final_amount", "_seen")
    return Panel(kept, end, outcome, joined["_seen"].to_numpy(), dict(missing.iter_rows()))


def _dated(rows: pl.DataFrame) -> pl.DataFrame:
    """With exported_on, and a basis that tells old exports from fresh ones.

    A deal has moved on since an old export: more of those that it shows in a stage win soon than of those that a fresh
    one shows there. Mixed, they would promise too much of a fresh list.
    """
    of_exports = pl.col("basis") == EXPORTS
    exported_on = pl.when(of_exports).then("known_on").otherwise("origin")
    is_old = of_exports & ((pl.col("origin") - pl.col("known_on")).dt.total_days() > FRESH_DAYS)
    basis = pl.when(is_old).then(pl.col("basis") + OLD).otherwise("basis")
    return rows.with_columns(exported_on=exported_on, basis=basis)
