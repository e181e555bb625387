"""The true teams, their heads by month, and how often people log in."""

from datetime import date

import numpy as np
import polars as pl

from pipelines.demo import ids
from pipelines.demo.company import kept, month_before, rates
from pipelines.demo.leads import SDR_TEAM, SDRS
from pipelines.demo.seasons import EPOCH, next_working_day, ordinal
from pipelines.demo.words import MANAGERS
from pipelines.demo.world import World

SPLIT_DAYS = 900  # days before the newest export on which the large teams were divided
MONTH_DAYS = 32  # enough to be in the next month
MANAGER_ROLE, SDR_ROLE = "Account Manager", "SDR"


def true_teams(world: World) -> pl.DataFrame:
    """One row per team and span: team_id, team_name, parent, manager, region, valid_from, valid_to (days), is_active.

    The large regions were one team each before they were divided.
    """
    teams = world.reps.group_by("team", maintain_order=True).agg(pl.col("region", "manager").first())
    rows: list[tuple[object, ...]] = []
    start, split = world.first - 2000, world.last - SPLIT_DAYS
    for position, (team, region, manager) in enumerate(teams.iter_rows(), 1):
        parent = "China" if region.endswith("China") else "International"
        begins = split if team != region else start
        if team == f"{region} 1":
            rows.append((f"T{position:02d}0", region, parent, manager, region, start, split - 1, False))
        rows.append((f"T{position:02d}", team, parent, manager, region, begins, None, True))
    rows.append(("T90", SDR_TEAM, "China", MANAGERS["East China"], None, start, None, True))
    names = ["team_id", "team_name", "parent", "manager", "region", "valid_from", "valid_to", "is_active"]
    return pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)


def months(start: int, last: int) -> list[int]:
    """First days of the months from start to the one that the last day is in."""
    ends, day = [], start
    while day <= last:
        first = ordinal((EPOCH.fromordinal(EPOCH.toordinal() + day)).replace(day=1))
        ends.append(first)
        day = first + MONTH_DAYS
    return ends


def true_headcount(world: World) -> pl.DataFrame:
    """One row per team, role and month: team, region, role, month (day), heads (employed on its first day), planned,
    cost (CNY cents)."""
    law, rng = rates("staff"), ids.rng_for(world.seed, "headcount")
    spans = world.reps.select("team", "region", "hired", "left", role=pl.lit(MANAGER_ROLE))
    people = len(set(SDRS.values()))
    inside = pl.DataFrame({"team": [SDR_TEAM] * people}).with_columns(
        region=pl.lit(None, dtype=pl.String),
        hired=pl.lit(world.first - 1),
        left=pl.lit(None, dtype=pl.Int64),
        role=pl.lit(SDR_ROLE),
    )
    spans = pl.concat([spans, inside.select(spans.columns)], how="vertical_relaxed")
    firsts = pl.DataFrame({"month": months(month_before(world, law["months"]), world.last)})
    rows = spans.join(firsts, how="cross").filter(pl.col("left").is_null() | (pl.col("left") >= pl.col("month")))
    rows = rows.group_by("team", "region", "role", "month").agg(heads=pl.len()).sort("month", "team")
    more = pl.Series(rng.random(len(rows)) < law["open_posts"]).cast(pl.Int64)
    return rows.with_columns(
        pl.col("heads").cast(pl.Int64), planned=pl.col("heads").cast(pl.Int64) + more,
        cost=pl.col("heads").cast(pl.Int64) * law["cost"] * 100,
    )  # fmt: skip


@kept
def true_usage(world: World) -> pl.DataFrame:
    """One row per rep and day with a log-in: rep, rep_id, rep_name, team, day, actions, created, edited."""
    law, rng = rates("staff"), ids.rng_for(world.seed, "usage")
    reps = world.reps.select("rep", "rep_id", "rep_name", "team", "left")
    low, high = law["logs_in"]
    reps = reps.with_columns(chance=pl.Series(rng.uniform(low, high, len(reps))))
    days = np.arange(world.last - law["usage_days"] + 1, world.last + 1)
    days = days[next_working_day(days, chinese=True) == days]
    rows = reps.join(pl.DataFrame({"day": days}), how="cross")
    count = len(rows)
    comes = pl.Series(rng.random(count) < rows["chance"].to_numpy())
    rows = rows.with_columns(
        actions=pl.Series(rng.poisson(28, count) + 1),
        created=pl.Series(rng.poisson(1.2, count)),
        edited=pl.Series(rng.poisson(4.5, count)),
    )
    here = pl.col("left").is_null() | (pl.col("day") <= pl.col("left"))
    return rows.filter(comes & here).drop("left", "chance").sort("day", "rep")


def first_of(day: int) -> date:
    """A day since the epoch as a date."""
    return EPOCH.fromordinal(EPOCH.toordinal() + day)
