"""The check of cadences: weekly, monthly and quarterly lists of one world say the same of conversion and durations."""

from pathlib import Path
from typing import Any

import polars as pl

from pipelines.bench.metamorphic_changes import thinned
from pipelines.bench.metamorphic_homes import built
from pipelines.bench.metamorphic_laws import only
from pipelines.bench.metamorphic_lists import CADENCES, weekly_company
from pipelines.bench.metamorphic_tables import Tables, cells, differences, served_tables
from pipelines.home.settings import load_settings

# Days of creation and closing are in every list, so that these must not move at all.
UNMOVED = ("marts.win_rate", "marts.sales_cycle", "marts.series_history", "marts.rep_performance")
FIGURES = {"conversion_rate": "conversion", "mean_days": "mean_days"}
PAIRS = (("weekly", "monthly"), ("monthly", "quarterly"), ("weekly", "quarterly"))
INSIDE = 0.9  # of pairs that differ by less than the root of their summed squared half-widths: docs/funnel.md


def compare(folder: Path, customers: int) -> dict[str, Any]:
    """The row of the check: estimates of two cadences that exclude each other, and unmoved tables that moved."""
    weekly = weekly_company(load_settings(folder / "none"), customers)
    served: dict[str, Tables] = {}
    for name, days in CADENCES.items():
        like = folder / "weekly" if served else None
        served[name] = served_tables(built(thinned(weekly, days), folder / name, like=like))
    moved = [
        difference
        for name in ("monthly", "quarterly")
        for difference in differences(only(served["weekly"], UNMOVED), only(served[name], UNMOVED), _is_excluded)
    ]
    pairs = [pair for first, second in PAIRS for pair in compared(_stages(served[first]), _stages(served[second]))]
    outside = [pair for pair in pairs if not pair[1]]
    share = 1 - len(outside) / len(pairs) if pairs else 0.0
    return {
        "check": "export cadence",
        "change": "the list of deals comes every week, every four weeks or every 13 weeks",
        "follows": f"no figure of wins, cycles and series; {len(pairs) - len(outside)} of {len(pairs)} estimates of "
        "conversion and days of two cadences lie within each other's intervals (nine of ten must)",
        "but": "days between two lists, which only lists can date; chances of stages, which are learnt from them",
        "tables": len(UNMOVED) + 1,
        "compared": 2 * cells(only(served["weekly"], UNMOVED), _is_excluded) + len(pairs),
        "apart": len(moved) + (share < INSIDE),
        "examples": [f"{one.table}.{one.column}: {one.rows} of {one.of}, {one.example}" for one in moved]
        + [name for name, _ in outside],
    }


def _is_excluded(table: str, column: str) -> bool:
    """What a rep has open is told by the newest list alone; since when in which stage, and its chance there, is not."""
    return any(word in column for word in ("stage", "push", "stall", "weighted"))


def _stages(tables: Tables) -> pl.DataFrame:
    funnel = tables["marts.funnel"].rows
    return funnel.filter(pl.col("level") == "total", pl.col("period") == "all_time")


def compared(first: pl.DataFrame, second: pl.DataFrame) -> list[tuple[str, bool]]:
    """Per stage and figure that both have: its name, and whether the two estimates allow each other."""
    both = first.join(second, on=["stage_code", "stages_covered"], suffix="_second")
    return [
        (
            f"{stage['stage_code']} {figure}: {stage[figure]} and {stage[f'{figure}_second']}",
            _agree(stage, figure, bound),
        )
        for stage in both.iter_rows(named=True)
        for figure, bound in FIGURES.items()
        if stage[figure] is not None and stage[f"{figure}_second"] is not None
    ]


def _agree(stage: dict[str, Any], figure: str, bound: str) -> bool:
    halves = [(stage[f"{bound}_high_95{end}"] - stage[f"{bound}_low_95{end}"]) / 2 for end in ("", "_second")]
    return bool(abs(stage[figure] - stage[f"{figure}_second"]) <= (halves[0] ** 2 + halves[1] ** 2) ** 0.5)
