"""Regressors and conditions after the history: looked up by date, or by series and date."""

import numpy as np
import polars as pl

from forecasts.prophet_map.panel import FloatArray, IntArray, Panel, dates
from forecasts.prophet_map.specification import Specification, SpecificationError


def future_values(spec: Specification, panel: Panel, ds: IntArray, future: pl.DataFrame | None) -> FloatArray:
    """Frame columns at the forecast dates: series x horizon x columns. SpecificationError names the first gap."""
    names = spec.frame_columns
    if not names:
        return np.empty((*ds.shape, 0))
    if future is None:
        raise SpecificationError(f"the model uses {', '.join(names)}: give their future values in `future`")
    missing = [name for name in ("ds", *names) if name not in future.columns]
    if missing:
        raise SpecificationError(f"`future` has no column {missing[0]!r}; it has {', '.join(future.columns)}")
    keys = ["unique_id", "ds"] if "unique_id" in future.columns else ["ds"]
    values = future.select(
        *keys[:-1], dates("ds", future.schema["ds"]), *(pl.col(name).cast(pl.Float64) for name in names)
    ).unique(keys, keep="last")
    requested = pl.DataFrame(
        {
            "unique_id": panel.ids.gather(np.repeat(np.arange(len(ds)), ds.shape[1])),
            "ds": pl.Series(ds.reshape(-1)).cast(pl.Datetime("us")),
        }
    )
    matched = requested.join(values, on=keys, how="left", maintain_order="left")
    gap = matched.filter(pl.any_horizontal(pl.col(*names).is_null() | pl.col(*names).is_nan()))
    if gap.height:
        row = f"series {gap['unique_id'][0]!r} on {gap['ds'][0]:%Y-%m-%d}"
        raise SpecificationError(f"`future` lacks a value of {', '.join(names)} for {row}")
    return matched.select(names).to_numpy().reshape(*ds.shape, len(names))
