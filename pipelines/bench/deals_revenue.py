"""Revenue from bookings on drawn worlds, total, beside its peers; bookings to come are the mean of the last year's.

The peer `without_bookings` is the same model that sees none: the difference is what bookings tell. Bounds are
those that a run would have had at each origin, of the total and of regions.
"""

from calendar import monthrange
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from forecasts.deal_revenue import BOOKINGS, MONTHLY, REVENUE, revenue_from_bookings
from forecasts.deals.invoicing import fit_invoicing
from forecasts.output import schemas
from pipelines.demo import AS_OF
from pipelines.demo.dirt import load_dirt
from pipelines.demo.rates import in_base
from pipelines.demo.world import World, build_world

LAGS = (1, 2, 3, 6)
CUSTOMERS, SYSTEMS, YEAR = 600, 8, 12


def measure_revenue(seeds: list[int], origins: int) -> dict[str, Any]:
    """WAPE by lag, pooled over worlds and origins, of the view from bookings and its peers; n of each.

    Also per level and lag how often its bounds held the actual, and how wide those of 80 % were over it.
    """
    rows, bounds = [], []
    for seed in seeds:
        members = _members(build_world(seed, CUSTOMERS, SYSTEMS, AS_OF, load_dirt()))
        rows += _world(*members["total", ""], origins)
        bounds.append(_bounded(members, origins))
    frame = pl.DataFrame(
        rows, schema={"lag": pl.Int64, "y": pl.Float64, "model": pl.String, "yhat": pl.Float64}, orient="row"
    )
    error = (pl.col("y") - pl.col("yhat")).abs().sum() / pl.col("y").sum()
    table = frame.group_by("lag", "model").agg(wape=error, n=pl.len()).sort("lag", "wape")
    out: dict[str, Any] = {"seeds": seeds, "origins": origins}
    for lag, model, wape, n in table.rows():
        out.setdefault(f"lag_{lag}", {"n": n})[model] = round(wape, 4)
    return out | {"bounds": _coverage(pl.concat(bounds))}


def _world(revenue: np.ndarray, bookings: np.ndarray, origins: int) -> list[tuple[int, float, str, float]]:
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


def _members(world: World) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """(level, member) to revenue and bookings of every month of the world, in base currency: total and regions."""
    won = world.deals.facts.filter(pl.col("outcome") == "won").drop("region")
    frames = ((world.sales.invoice_lines, "net", "invoiced"), (won, "amount", "closed"))
    regions = world.customers.select("customer", member=pl.col("region").cast(pl.String))
    sums = []
    for frame, cents, day in frames:
        days = frame.join(regions, on="customer", how="left", maintain_order="left")
        days = days.select("member", month=_month(day), e4=in_base(frame, world.rates, cents=cents, day=day))
        everywhere = days.with_columns(level=pl.lit("total"), member=pl.lit(""))
        both = pl.concat([everywhere, days.with_columns(level=pl.lit("region"))], how="diagonal")
        sums.append(both.group_by("level", "member", "month").agg(pl.col("e4").sum() / 1e4))
    months, nodes = sums[0].select(pl.col("month").unique().sort()), sums[0].select("level", "member").unique()
    grid = nodes.sort("level", "member").join(months, how="cross")
    for frame in sums:
        grid = grid.join(frame, on=["level", "member", "month"], how="left", suffix="_booked", maintain_order="left")
    grid = grid.fill_null(0.0)
    return {
        (level, member): (part["e4"].to_numpy(), part["e4_booked"].to_numpy())
        for (level, member), part in grid.group_by("level", "member", maintain_order=True)
    }


def _bounded(members: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]], origins: int) -> pl.DataFrame:
    """level, horizon, y, yhat and bounds at the last origins, as a run of each of them would have had them."""
    size = len(members["total", ""][0])
    place = AS_OF.year * 12 + AS_OF.month - 1
    ends = [date((m := place - back) // 12, m % 12 + 1, monthrange(m // 12, m % 12 + 1)[1]) for back in range(size)]
    starts = [end.replace(day=1) for end in reversed(ends)]
    frames = [
        pl.DataFrame({"ds": starts, "y": values}).with_columns(
            unique_id=pl.lit(f"{metric}|{level}|{member}|{MONTHLY}"), metric=pl.lit(metric), level=pl.lit(level),
            member=pl.lit(member), freq=pl.lit(MONTHLY),
        )
        for (level, member), both in members.items()
        for metric, values in zip((REVENUE, BOOKINGS), both, strict=True)
    ]  # fmt: skip
    history = pl.concat(frames)
    nothing = schemas.empty(schemas.PIPELINE), schemas.empty(schemas.BACKTEST)
    past = revenue_from_bookings(history, *nothing, ends[0], sorted(ends[1 : origins + 1]), YEAR)[1]
    actual = history.filter(metric=REVENUE).select("unique_id", "level", period_start="ds", y="y")
    return past.drop("y").join(actual, on=["unique_id", "period_start"])


def _coverage(rows: pl.DataFrame) -> dict[str, Any]:
    """Level and lag to n, coverage of both bounds, and the width of those of 80 % over the mean actual."""
    inside = {f"coverage_{p}": pl.col("y").is_between(f"lo_{p}", f"hi_{p}").mean().round(3) for p in (80, 95)}
    width = ((pl.col("hi_80") - pl.col("lo_80")).sum() / pl.col("y").sum()).round(3)
    table = rows.filter(pl.col("horizon").is_in((*LAGS, YEAR))).group_by("level", "horizon")
    out: dict[str, Any] = {}
    for row in (
        table.agg(n=pl.len(), **inside, width_80=width).sort("level", "horizon", descending=[True, False]).to_dicts()
    ):
        out.setdefault(row.pop("level"), {})[f"lag_{row.pop('horizon')}"] = row
    return out


def _month(day: str) -> pl.Expr:
    return pl.col(day).cast(pl.Int32).cast(pl.Date).dt.truncate("1mo")
