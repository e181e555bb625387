"""Compile the kernels into the cache: `python -m forecasts.prophet_map` after installing saves seconds later."""

from datetime import date

import polars as pl

from forecasts.prophet_map.compiled import CACHE_FOLDER
from forecasts.prophet_map.engine import fit_predict
from forecasts.prophet_map.specification import Specification


def warm() -> None:
    """Run every kernel once on the argument types that all later calls use."""
    days = pl.date_range(date(2020, 1, 1), date(2023, 12, 1), "1mo", eager=True)
    frame = pl.DataFrame({"unique_id": "warm", "ds": days, "y": [float(i * i % 17) for i in range(len(days))]})
    for mode in ("additive", "multiplicative"):
        fit_predict(frame, Specification(seasonality_mode=mode), 2, "MS")


if __name__ == "__main__":
    warm()
    print(f"kernels of the batch Prophet engine are ready in {CACHE_FOLDER}")
