"""From the tables that dbt hands over to one row per member, period and stage."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl
from threadpoolctl import threadpool_limits

from pipelines.funnel import cohorts, combined, dated, exports, history
from pipelines.funnel.memory import Memory
from pipelines.funnel.rules import Rules


@dataclass(frozen=True)
class Tables:
    """What the method reads.

    deals: opportunity_id, source_system, basis, created_on, closed_on, is_closing_day_known, outcome (won, lost, open).
    stays: opportunity_id, stage_order, days, of deals with a history. sightings: opportunity_id, exported_on,
    stage_order, of the others: the stage in which an export has an open deal. export_days: source_system, exported_on.
    ladders: source_system, stage_order, stage_code, stages_covered: the open stages that a system uses.
    members: level, member, opportunity_id. periods: period, period_start, period_end.
    """

    deals: pl.DataFrame
    stays: pl.DataFrame
    sightings: pl.DataFrame
    export_days: pl.DataFrame
    ladders: pl.DataFrame
    members: pl.DataFrame
    periods: pl.DataFrame


def conversions(tables: Tables, rules: Rules, as_of: date, memory: Memory | None = None) -> pl.DataFrame:
    """One row per level, member, period, stage and the stages its word covers; see the dbt model for the columns.

    memory: estimates that need not be made again, and those that are made.
    """
    members = cohorts.members_of(tables.deals, tables.members)
    settling = cohorts.settling_days(tables.deals, rules)
    grouped = cohorts.counted_deals(tables.deals, tables.periods, settling, as_of).join(members, on="opportunity_id")
    parts = system_parts(tables, grouped, members, settling, rules, as_of, memory or Memory())
    covered = tables.ladders.select("source_system", "stage_order", "stages_covered")
    usual = history.usual_days(grouped, tables.stays, covered, rules)
    stages = tables.ladders.select("stage_order", "stages_covered", "stage_code").unique()
    rows = combined.combine(parts).join(stages, on=["stage_order", "stages_covered"], how="left")
    rows = pl.concat([rows, history.whole_way(grouped, tables.deals)], how="diagonal_relaxed")
    rows = combined.compare_with_peers(combined.judge(rows, rules), rules)
    return rows.join(usual, on=combined.ROW, how="left").sort(combined.ROW)


def system_parts(
    tables: Tables,
    grouped: pl.DataFrame,
    members: pl.DataFrame,
    settling: pl.DataFrame,
    rules: Rules,
    as_of: date,
    memory: Memory,
) -> pl.DataFrame:
    """One row per member, period, source system, basis and stage: what `conversions` combines."""
    is_exact = pl.col("basis") == combined.EXACT
    own, without = tables.deals.filter(is_exact), tables.deals.filter(~is_exact)
    first = pl.col("stage_order") == pl.col("stage_order").min().over("source_system")
    ladders = tables.ladders.select("source_system", "stage_order", "stages_covered", is_first=first)
    counted = history.counted(
        grouped, history.furthest(own, tables.stays).drop("basis"), tables.stays, ladders
    ).with_columns(basis=pl.lit(combined.EXACT))
    # In an order of their own: each deal has its weight in every bootstrap sample, wherever its row stood.
    looked = exports.looks(without, tables.sightings, tables.export_days).sort("opportunity_id")
    with threadpool_limits(1):  # many small products: two threads wait for each other longer than they work
        estimated = [
            dated.estimated(system, members, tables.periods, rules, as_of, memory)
            for system in _systems(looked, tables, settling)
        ]
    covered = ladders.select("source_system", "stage_order", "stages_covered")
    parts = pl.concat(
        [pl.DataFrame(schema=combined.PART), counted, *map(_with_counts, estimated)], how="diagonal_relaxed"
    )
    return parts.join(covered, on=["source_system", "stage_order"])


def _with_counts(estimated: pl.DataFrame) -> pl.DataFrame:
    reached = (pl.col("reached_share") * pl.col("deal_count")).round().cast(pl.Int64)
    return estimated.with_columns(basis=pl.lit(combined.DATED), reached_count=reached)


def _systems(looked: pl.DataFrame, tables: Tables, settling: pl.DataFrame) -> Iterator[dated.System]:
    settled_after = dict(settling.rows())
    for (name,), deals in looked.group_by("source_system", maintain_order=True):
        of_system = pl.col("source_system") == name
        days = tables.export_days.filter(of_system)["exported_on"].unique().sort().to_list()
        ladder = tables.ladders.filter(of_system)["stage_order"].sort().to_list()
        seen = tables.sightings.join(deals.select("opportunity_id"), on="opportunity_id")
        if ladder:
            yield dated.System(deals, seen, days, ladder, settled_after.get(name, 0))
