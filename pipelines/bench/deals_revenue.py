"""Revenue from bookings on drawn worlds, total, beside its peers; bookings to come are the mean of the last year's.

The peer `without_bookings` is the same model that sees none: the difference is what bookings tell.
"""

from typing import Any

import numpy as np
import polars as pl

from forecasts.deals.invoicing import fit_invoicing
from pipelines.demo import AS_OF
from pipelines.demo.dirt import load_dirt
from pipelines.demo.rates import in_base
from pipelines.demo.world import World, build_world

LAGS = (1, 2, 3, 6)
CUSTOMERS, SYSTEMS, YEAR = 600, 8, 12


def measure_revenue(seeds: list[int], origins: int) -> dict[str, Any]:
    """WAPE by lag, pooled over worlds and origins, of the view from bookings and its peers; n of each."""
    rows = [row for seed in seeds for row in _world(seed, origins)]
    frame = pl.DataFrame(
        rows, schema={"lag": pl.Int64, "y": pl.Float64, "model": pl.String, "yhat": pl.Float64}, orient="row"
    )
    error = (pl.col("y") - pl.col("yhat")).abs().sum() / pl.col("y").sum()
    table = frame.group_by("lag", "model").agg(wape=error, n=pl.len()).sort("lag", "wape")
    out: dict[str, Any] = {"seeds": seeds, "origins": origins}
    for lag, model, wape, n in table.rows():
        out.setdefault(f"lag_{lag}", {"n": n})[model] = round(wape, 4)
    return out


def _world(seed: int, origins: int) -> list[tuple[int, float, str, float]]:
    revenue, bookings = _months(build_world(seed, CUSTOMERS, SYSTEMS, AS_OF, load_dirt()))
    size, steps, rows = len(revenue), max(LAGS), []
    for known in range(size - origins - steps + 1, size - steps + 1):
        views = _views(revenue[:known], bookings[:known], steps)
        for lag in LAGS:
            actual = float(revenue[known + lag - 1])
            rows += [(lag, actual, name, float(view[lag - 1])) for name, view in views.items()]
    return rows


def _views(revenue: np.ndarray, bookings: np.ndarray, steps: int) -> dict[str, np.ndarray]:
    """The forecasts of every model from what is known, for the next steps."""
    places, known = np.arange(len(revenue)) % YEAR, len(revenue)
    booked = np.concatenate([bookings, np.full(steps, bookings[-YEAR:].mean())])
    with_them, blind = (
        fit_invoicing(part[:known], revenue, places, YEAR).ahead(part, known % YEAR, steps)
        for part in (booked, np.zeros_like(booked))
    )
    return {
        "from_bookings": with_them,
        "without_bookings": blind,
        "mean_of_12": np.full(steps, revenue[-YEAR:].mean()),
        "last_value": np.full(steps, revenue[-1]),
        "seasonal_naive": revenue[-YEAR : steps - YEAR],
    }


def _months(world: World) -> tuple[np.ndarray, np.ndarray]:
    """Revenue and bookings of every month of the world, in base currency."""
    won = world.deals.facts.filter(pl.col("outcome") == "won")
    lines = world.sales.invoice_lines
    sums = [
        frame.select(month=_month(day), e4=in_base(frame, world.rates, cents=cents, day=day))
        .group_by("month")
        .agg(pl.col("e4").sum())
        for frame, cents, day in ((lines, "net", "invoiced"), (won, "amount", "closed"))
    ]
    both = sums[0].join(sums[1], on="month", how="left", suffix="_booked").sort("month").fill_null(0)
    return both["e4"].to_numpy() / 1e4, both["e4_booked"].to_numpy() / 1e4


def _month(day: str) -> pl.Expr:
    return pl.col(day).cast(pl.Int32).cast(pl.Date).dt.truncate("1mo")
