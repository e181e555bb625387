"""What people say they will book next month: reps of themselves, managers of their teams, operations of the company.

Everybody knows something of what is coming, and errs in a way of his own: an honest guess lies half way between what
came and what the year before promises. Reps hope, managers take some of it off again.
"""

from datetime import date, timedelta

import numpy as np
import polars as pl

from pipelines.demo import ids
from pipelines.demo.rates import in_base
from pipelines.demo.seasons import EPOCH, YEARLY_GROWTH, ordinal
from pipelines.demo.world import World

MONTHS = 12  # the last one begins after the newest export: nobody knows yet
STEP = 1000_00_00  # amounts are said in whole thousands; the world counts 1/10,000
BEFORE = {"rep": 5, "manager": 3, "approved": 1}  # days before the month
BIAS = {"rep": (0.08, 0.18), "manager": (-0.04, 0.06), "approved": (0.0, 0.02)}  # of an author: mean and spread
NOISE = {"rep": 0.30, "manager": 0.12, "approved": 0.06}  # of one number
EVERY_FIFTH = 5  # managers say it again when the month has begun
LATER = 6


def true_submissions(world: World) -> pl.DataFrame:
    """One row per number said: level, member, month (date), amount (1/10,000 CNY), role, author, said (day), reason."""
    months = _months(world.last)
    said = [_said(world, months, *audience) for audience in _audiences(world)]
    gone = world.reps.filter(pl.col("left").is_not_null()).select(author="rep_name", until="left")
    first = pl.concat(said).join(gone, on="author", how="left", maintain_order="left")
    first = first.filter(pl.col("until").is_null() | (pl.col("said") <= pl.col("until"))).drop("until")
    again = first.filter(pl.col("role") == "manager").gather_every(EVERY_FIFTH)
    again = again.with_columns(
        amount=pl.col("amount") * 9 // 10 // STEP * STEP,
        said=pl.col("month").cast(pl.Int32).cast(pl.Int64) + LATER,
        reason=pl.lit("two deals slip"),
    )
    return pl.concat([first, again]).filter(pl.col("said") <= world.last).sort("said", "level", "member")


def _months(last: int) -> list[date]:
    """First days of the months that are spoken of, the oldest first."""
    newest = (EPOCH + timedelta(days=last + 1)).replace(day=1)
    count = newest.year * 12 + newest.month - 1
    return [date(place // 12, place % 12 + 1, 1) for place in range(count - MONTHS + 1, count + 1)]


def _audiences(world: World) -> list[tuple[str, str, pl.DataFrame]]:
    """Level, role, and who speaks for which member of it (author, member)."""
    reps = world.reps.select(author="rep_name", member="rep_name")
    teams = world.reps.group_by("team", maintain_order=True).agg(author=pl.col("manager").first())
    company = pl.DataFrame({"author": ["Sales operations"], "member": [""]})
    return [
        ("rep", "rep", reps),
        ("team", "manager", teams.select("author", member="team")),
        ("total", "approved", company),
    ]


def _said(world: World, months: list[date], level: str, role: str, who: pl.DataFrame) -> pl.DataFrame:
    rng = ids.rng_for(world.seed, f"submissions {level}")
    bias = rng.normal(*BIAS[role], len(who))
    noise = np.exp(rng.normal(0, NOISE[role], (len(who), len(months))))
    guess = _guesses(world, level, who["member"].to_list(), months)
    amount = np.maximum(np.round(guess * noise * (1 + bias[:, None]) / STEP), 0).astype(np.int64) * STEP
    rows = who.join(pl.DataFrame({"month": months}), how="cross", maintain_order="left_right")
    return rows.select(
        "member",
        "author",
        "month",
        level=pl.lit(level),
        role=pl.lit(role),
        amount=pl.Series(amount.ravel()),
        said=pl.col("month").cast(pl.Int32).cast(pl.Int64) - BEFORE[role],
        reason=pl.lit(None, dtype=pl.String),
    )


def _guesses(world: World, level: str, members: list[str], months: list[date]) -> np.ndarray:
    """What an honest person would say, members x months: of a month that nobody has seen, a year ago and growth."""
    won = world.deals.facts.filter(pl.col("outcome") == "won")
    base = in_base(won, world.rates, cents="amount", day="closed")
    won = won.with_columns(base=base, month=pl.col("closed").cast(pl.Int32).cast(pl.Date).dt.truncate("1mo"))
    won = won.join(world.reps.select("rep", "rep_name", "team"), on="rep", how="left", maintain_order="left")
    column = {"rep": pl.col("rep_name"), "team": pl.col("team"), "total": pl.lit("")}[level]
    sums = {(m, d): float(v) for m, d, v in won.group_by(column.alias("m"), "month").agg(pl.col("base").sum()).rows()}
    out = np.zeros((len(members), len(months)))
    for row, member in enumerate(members):
        for place, month in enumerate(months):
            promised = sums.get((member, month.replace(year=month.year - 1)), 0.0) * (1 + YEARLY_GROWTH)
            known = ordinal(month) <= world.last
            out[row, place] = (promised + sums.get((member, month), 0.0)) / 2 if known else promised
    return out


def parts(world: World) -> list[tuple[int, int]]:
    """Which days each export of submissions covers: those since the export before it (after, up to)."""
    return list(world.log_days)
