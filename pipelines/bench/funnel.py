"""Conversion and days in stage from weekly, monthly and quarterly lists, against what the full histories give."""

from pathlib import Path

import numpy as np
import polars as pl

from pipelines.bench import funnel_table, funnel_worlds
from pipelines.funnel import conversions

CADENCES = ("weekly", "monthly", "quarterly")
BARS = {  # what docs/funnel.md promises: share of intervals with the truth, and bias of the mean over seeds
    "weekly": {"covered": 0.88, "mean_bias": 0.02, "worst_bias": 0.03, "mean_days": 0.03, "worst_days": 0.06},
    "monthly": {"covered": 0.88, "mean_bias": 0.02, "worst_bias": 0.03, "mean_days": 0.03, "worst_days": 0.06},
    "quarterly": {"covered": 0.88, "mean_bias": 0.02, "worst_bias": 0.06, "mean_days": 0.08, "worst_days": 0.08},
}


def run(seeds: str = "20", deals: str = "1000", calendar: str = "even,kept", docs: str = "") -> dict:
    """Figures per calendar and cadence over that many samples, each of about that many deals, drawn without files.

    calendar: even spreads what happens over the days, as the promise assumes; kept is the sample company's own, where
    most happens on the very days before the lists of a month or quarter are exported. docs: a page to write the figures
    into, between the two marks of `funnel_table`.
    """
    truth = funnel_worlds.truth(funnel_worlds.pool())
    figures: dict = {"truth": truth.to_dicts(), "seeds": int(seeds), "deals": int(deals)}
    for name in calendar.split(","):
        worlds = [world(name, seed, int(deals)) for seed in range(int(seeds))]
        figures[name] = {
            cadence: scores(pl.concat([estimates(one, cadence) for one in worlds]), truth) | {"bars": BARS[cadence]}
            for cadence in CADENCES
        }
    if docs:
        funnel_table.record(Path(docs), funnel_table.table(figures, tuple(calendar.split(",")), CADENCES))
    return figures


def world(calendar: str, seed: int, deals: int) -> funnel_worlds.Pool:
    """A sample of the large world with its lives spread evenly, or a world of its own with the calendar it has."""
    if calendar == "even":
        return funnel_worlds.with_even_calendar(funnel_worlds.sample(funnel_worlds.pool(), seed, deals), seed)
    return funnel_worlds.sample(funnel_worlds.pool(100 + seed, deals // 5), seed, deals)


def estimates(world: funnel_worlds.Pool, cadence: str) -> pl.DataFrame:
    """stage_code and the served figures of a world under lists of one cadence."""
    tables, as_of = funnel_worlds.listed(world, cadence)
    rows = conversions(tables, funnel_worlds.rules(), as_of)
    return rows.filter(pl.col("level") == "total", pl.col("period") == "all_time", pl.col("stage_order") > 0)


def scores(estimated: pl.DataFrame, truth: pl.DataFrame) -> dict:
    """Coverage and bias of conversion and, relative to the truth, of mean days; `without`: cells without a figure."""
    both = estimated.join(truth, on="stage_code", suffix="_true")
    with_figure = both.filter(pl.col("conversion_rate").is_not_null())
    if with_figure.is_empty():
        return {"cells": len(both), "without": len(both)}
    by_stage = with_figure.group_by("stage_code").agg(
        bias=(pl.col("conversion_rate") - pl.col("conversion_rate_true")).mean(),
        days_bias=(pl.col("mean_days") / pl.col("mean_days_true") - 1).mean(),
    )
    bias, days_bias = by_stage["bias"].abs(), by_stage["days_bias"].abs()
    width = with_figure["conversion_high_95"] - with_figure["conversion_low_95"]
    return {
        "cells": len(both),
        "without": len(both) - len(with_figure),
        "lost_deals_used": round(float(np.asarray(with_figure["lost_deals_used"]).mean()), 1),
        "deal_count": round(float(np.asarray(with_figure["deal_count"]).mean())),
        "conversion_covered": round(_covered(with_figure, "conversion_rate", "conversion"), 3),
        "conversion_mean_bias": round(float(np.asarray(bias).mean()), 4),
        "conversion_worst_bias": round(float(np.asarray(bias).max()), 4),
        "conversion_width": round(float(np.asarray(width).mean()), 3),
        "days_covered": round(_covered(with_figure, "mean_days", "mean_days"), 3),
        "days_mean_bias": round(float(np.asarray(days_bias).mean()), 4),
        "days_worst_bias": round(float(np.asarray(days_bias).max()), 4),
    }


def _covered(rows: pl.DataFrame, value: str, bound: str) -> float:
    inside = (rows[f"{bound}_low_95"] <= rows[f"{value}_true"]) & (rows[f"{value}_true"] <= rows[f"{bound}_high_95"])
    return float(np.asarray(inside).mean())
