"""Compile what forecasts compile, into the caches: `python -m forecasts` after installing saves half a minute later."""

from datetime import date

import polars as pl

from forecasts import config
from forecasts.prophet_map.__main__ import warm
from forecasts.prophet_map.compiled import CACHE_FOLDER
from forecasts.run import forecast


def history() -> pl.DataFrame:
    """A regular and an intermittent series of revenue: with both, every model runs."""
    days = pl.date_range(date(2018, 1, 1), date(2023, 12, 1), "1mo", eager=True)
    values = {"regular": [100.0 + i * i % 17 for i in range(len(days))],
              "intermittent": [float(i % 5 == 0) for i in range(len(days))]}  # fmt: skip
    return pl.concat(
        pl.DataFrame({"unique_id": member, "metric": "revenue", "level": "region", "member": member, "freq": "MS",
                      "ds": days, "y": ys})
        for member, ys in values.items()
    )  # fmt: skip


if __name__ == "__main__":
    warm()
    forecast(history(), config.load(), as_of=date(2023, 12, 31))
    print(f"models are compiled, the batch Prophet engine in {CACHE_FOLDER}")
