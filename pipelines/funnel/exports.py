"""What a system's exports show of its deals: the last look before a loss, and the days that each export stands for."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def days_stood_for(export_days: Ints) -> Floats:
    """Half the gap before each export and half the gap after it; at both ends there is one gap only."""
    gaps = np.diff(export_days)
    return (np.append(0, gaps) + np.append(gaps, 0)) / 2


def looks(deals: pl.DataFrame, sightings: pl.DataFrame, export_days: pl.DataFrame) -> pl.DataFrame:
    """deals with look_on, look_age, look_gap, look_order and birth; see `last_look.Sample`.

    deals: one row per deal of systems without a history: opportunity_id, source_system, created_on, closed_on,
    is_closing_day_known, outcome. sightings: opportunity_id, exported_on, stage_order of the deals that were open then.
    export_days: source_system, exported_on. look_order is -1 for a deal that was created after the export.
    """
    calendar = export_days.sort("exported_on")
    bounds = calendar.with_columns(next_on=pl.col("exported_on").shift(-1).over("source_system"))
    lost = _with_export_before(deals, bounds, "closed_on", "look_on", "next_look_on")
    lost = _with_export_before(lost, bounds, "created_on", "born_after", "born_by")
    seen = sightings.rename({"exported_on": "look_on", "stage_order": "seen_order"})
    lost = lost.join(seen, on=["opportunity_id", "look_on"], how="left")
    is_unborn = pl.col("created_on") > pl.col("look_on")
    order = pl.when(is_unborn.fill_null(False)).then(-1).otherwise(pl.col("seen_order"))
    is_used = (pl.col("outcome") == "lost") & pl.col("is_closing_day_known")
    return lost.with_columns(
        look_order=pl.when(is_used).then(order),
        look_age=_days(pl.col("closed_on") - pl.col("look_on")),
        look_gap=_days(pl.col("next_look_on") - pl.col("look_on")),
        birth=(_days(pl.col("created_on") - pl.col("born_after")) - 0.5)
        / _days(pl.col("born_by") - pl.col("born_after")),
    ).drop("seen_order", "next_look_on", "born_after", "born_by")


def _days(length: pl.Expr) -> pl.Expr:
    return length.dt.total_days().cast(pl.Float64)


def _with_export_before(
    deals: pl.DataFrame, bounds: pl.DataFrame, column: str, before: str, after: str
) -> pl.DataFrame:
    """The newest export before the day in a column, and the next one."""
    exports = bounds.rename({"exported_on": before, "next_on": after}).sort(before)
    dated, undated = deals.filter(pl.col(column).is_not_null()), deals.filter(pl.col(column).is_null())
    joined = dated.sort(column).join_asof(
        exports, left_on=column, right_on=before, by="source_system", allow_exact_matches=False, check_sortedness=False
    )
    return pl.concat([joined, undated], how="diagonal")
