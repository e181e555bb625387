"""Estimates for systems that are known from dated exports: a sample per member and period, where there is enough."""

from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl

from pipelines.funnel import exports, last_look
from pipelines.funnel.cohorts import ENDED, SETTLED, windows_of
from pipelines.funnel.last_look import Estimate, Sample
from pipelines.funnel.memory import Memory
from pipelines.funnel.rules import Rules

KEYS = ["level", "member", "period", "period_start", "source_system", "cohort"]
FIGURES = {
    "reached_share": "reach",
    "conversion_rate": "conversion",
    "conversion_low_95": "conversion_low",
    "conversion_high_95": "conversion_high",
    "mean_days": "mean_days",
    "mean_days_low_95": "mean_days_low",
    "mean_days_high_95": "mean_days_high",
}


@dataclass(frozen=True)
class System:
    """One source system: its deals as `exports.looks` returns them, where its exports saw them, and its stages."""

    deals: pl.DataFrame
    sightings: pl.DataFrame
    exports: list[date]
    ladder: list[int]
    settling_days: int


def estimated(
    system: System, members: pl.DataFrame, periods: pl.DataFrame, rules: Rules, as_of: date, memory: Memory
) -> pl.DataFrame:
    """One row per member and period of ended deals and stage of the ladder, with why_not where there is no figure.

    members: level, member, opportunity_id. memory: estimates that need not be made again. Columns as in
    `combined.combine`, without basis.
    """
    windows = windows_of(system.exports, periods, system.settling_days, rules, as_of)
    system = replace(system, deals=system.deals.with_row_index("row"))
    of_members = system.deals.select("row", "opportunity_id").join(members, on="opportunity_id", maintain_order="left")
    of_members = of_members.drop("opportunity_id")
    ended = _in_windows(system.deals.filter(pl.col("outcome") != "open"), windows)
    groups = _counted(ended.join(of_members, on="row"), rules)
    stages = pl.DataFrame({"stage_order": system.ladder}, schema={"stage_order": pl.Int64})
    enough = groups.filter(pl.col("why_not").is_null())
    figures = [row for window in _grouped(enough) for row in _figures(system, window, of_members, rules, memory)]
    schema = {**{name: groups.schema[name] for name in KEYS}, "stage_order": pl.Int64(), **FIGURE_TYPES}
    found = pl.DataFrame(figures, schema=schema, orient="row").with_columns(
        export_gap_days=pl.lit(_median_gap(system.exports))
    )
    rows = groups.join(stages, how="cross").join(found, on=[*KEYS, "stage_order"], how="left", suffix="_found")
    for name in ("why_not", "look_days", "lost_deals_used"):
        rows = rows.with_columns(pl.coalesce(f"{name}_found", name).alias(name))
    return rows.select(pl.exclude("^.*_found$"))


FIGURE_TYPES = {
    "look_days": pl.Int64(),
    "lost_deals_used": pl.Int64(),
    "export_count": pl.Int64(),
    "why_not": pl.String(),
    **dict.fromkeys(FIGURES, pl.Float64()),
}


def _in_windows(deals: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """One row per deal and period whose window holds the day that its cohort goes by."""
    day = pl.when(pl.col("cohort") == SETTLED).then("created_on").otherwise("closed_on")
    is_inside = (day > pl.col("window_start")) & (day <= pl.col("window_end"))
    return deals.join(windows, how="cross").filter(is_inside.fill_null(False))


def _counted(ended: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per member, period and cohort: its deals, the losses that may be used, and why those are not enough."""
    is_used = pl.col("look_order").is_not_null() & (pl.col("look_age") <= rules.max_look_days)
    return (
        ended.group_by(*KEYS, "window_start", "window_end", "has_exports")
        .agg(deal_count=pl.len().cast(pl.Int64), lost_deals_used=is_used.sum().cast(pl.Int64))
        .with_columns(
            look_days=pl.when("has_exports").then(pl.lit(int(rules.max_look_days), pl.Int64)),
            why_not=pl.when(~pl.col("has_exports"))
            .then(pl.lit("too_few_exports"))
            .when(pl.col("lost_deals_used") < rules.min_lost_deals)
            .then(pl.lit("too_few_lost_deals")),
        )
        .drop("has_exports")
    )


def _grouped(enough: pl.DataFrame) -> list[pl.DataFrame]:
    return enough.partition_by("period", "period_start") if len(enough) else []


def _figures(
    system: System, groups: pl.DataFrame, of_members: pl.DataFrame, rules: Rules, memory: Memory
) -> list[dict]:
    """Rows of one period: KEYS, stage_order and FIGURE_TYPES for each member with enough lost deals.

    of_members: row of a deal, level and member, by row.
    """
    window = groups.row(0, named=True)
    days, used = _days_in_stages(system, window)
    ended = system.deals.filter(pl.col("outcome") != "open")
    cohort = _in_windows(ended, groups.select("cohort", "window_start", "window_end").unique())
    in_cohort = pl.col("opportunity_id").is_in(cohort["opportunity_id"].implode())
    # Those that ended in a time spent their days in it beside those that did not: days over deals is Little's law.
    is_sampled = in_cohort | pl.col("opportunity_id").is_in(days["opportunity_id"].implode())
    is_sampled = is_sampled if window["cohort"] == ENDED else in_cohort
    deals = system.deals.filter(is_sampled).with_columns(is_counted=in_cohort)
    whole, position_of = _sample(deals, days, system.ladder), np.full(len(system.deals), -1)
    position_of[deals["row"].to_numpy()] = np.arange(len(deals))
    sampled = of_members.filter(pl.Series(position_of >= 0).gather(of_members["row"]))
    sampled = sampled.join(groups.select("level", "member"), on=["level", "member"], maintain_order="left")
    rows: list[dict] = []
    for level, member, of_deals in sampled.group_by("level", "member", maintain_order=True).agg("row").iter_rows():
        key = {name: window[name] for name in KEYS} | {"level": level, "member": member, "export_count": used}
        found = memory.figures(whole.taken(position_of[of_deals]), rules, _found)
        rows += [{**key, "stage_order": order, **values} for order, values in zip(system.ladder, found, strict=True)]
    return [{name: row.get(name) for name in (*KEYS, "stage_order", *FIGURE_TYPES)} for row in rows]


def _found(sample: Sample, rules: Rules) -> list[dict]:
    look_days, used = last_look.look_window(sample, rules)
    facts = {"look_days": look_days, "lost_deals_used": used}
    stages = sample.days.shape[1]
    if last_look.closings_cluster(sample, rules):
        return [{**facts, "why_not": "closings_cluster"}] * stages
    found: Estimate = last_look.estimate(sample, look_days, rules)
    return [
        {**facts, **{name: float(getattr(found, field)[place]) for name, field in FIGURES.items()}}
        for place in range(stages)
    ]


def _median_gap(days: list[date]) -> float | None:
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]
    return float(np.median(gaps)) if gaps else None


def _days_in_stages(system: System, window: dict) -> tuple[pl.DataFrame, int]:
    """opportunity_id, stage_order and the days that its exports in the window stand for; and how many exports."""
    is_settled = window["cohort"] == SETTLED
    used = [
        day for day in system.exports if day >= window["window_start"] and (is_settled or day <= window["window_end"])
    ]
    numbers = np.array(used, dtype="datetime64[D]").astype(np.int64)
    weights = pl.DataFrame({"exported_on": used, "days": exports.days_stood_for(numbers)})
    seen = system.sightings.join(weights, on="exported_on")
    return seen.group_by("opportunity_id", "stage_order").agg(pl.col("days").sum()), len(used)


def _sample(deals: pl.DataFrame, days: pl.DataFrame, ladder: list[int]) -> Sample:
    """The sample of all deals of a window, in their order; those of one member are taken from it."""
    position = {order: number for number, order in enumerate(ladder)}
    spent = deals.select("opportunity_id").with_row_index("place").join(days, on="opportunity_id")
    spent = spent.filter(pl.col("stage_order").is_in(ladder))
    matrix = np.zeros((len(deals), len(ladder)))
    columns = [position[order] for order in spent["stage_order"]]
    matrix[spent["place"].to_numpy(), columns] = spent["days"].to_numpy()
    looked = deals["look_order"].replace_strict({-1: 0, **position}, default=None, return_dtype=pl.Int64).fill_null(-1)
    counted, outcome = deals["is_counted"].to_numpy(), deals["outcome"]
    is_lost = counted & (outcome == "lost").to_numpy()
    return Sample(
        is_lost=is_lost.astype(float),
        is_won=(counted & (outcome == "won").to_numpy()).astype(float),
        counted=counted.astype(float),
        # Of lost deals alone, as nobody asks others: one that ends later leaves samples of earlier windows as they are.
        look_stage=np.where(is_lost, looked.to_numpy(), -1),
        look_age=np.where(is_lost, deals["look_age"].fill_null(np.inf).to_numpy(), np.inf),
        look_gap=np.where(is_lost, deals["look_gap"].fill_null(np.nan).to_numpy(), np.nan),
        birth=deals["birth"].fill_null(np.nan).to_numpy(),
        days=matrix,
    )
