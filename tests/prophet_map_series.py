"""Seeded sales-like series: trend with a bend, a yearly pattern, noise."""

from datetime import date

import numpy as np
import polars as pl


def sales(
    points: int, *, freq: str = "1mo", seed: int = 0, start: date = date(2015, 1, 1), key: str = "s"
) -> pl.DataFrame:
    """One series of `points` positive values."""
    rng = np.random.default_rng(seed)
    days = pl.date_range(start, date(2060, 1, 1), freq, eager=True)[:points]
    turn = days.cast(pl.Int32).to_numpy() / 365.25 * 2 * np.pi
    t = np.arange(points)
    level = 100 + rng.normal(0, 1) * t + rng.normal(0, 2) * np.maximum(t - points // 2, 0)
    y = level + 20 * np.sin(turn + rng.uniform(0, 6)) + 8 * np.cos(2 * turn) + rng.normal(0, 6, points)
    return pl.DataFrame({"unique_id": key, "ds": days, "y": y})


def panel(series: int, points: int = 60, *, freq: str = "1mo", seed: int = 0) -> pl.DataFrame:
    """Many series, a third of which start later."""
    parts = [
        sales(points, freq=freq, seed=seed + i, key=f"s{i:03d}")[5 * (i % 3 == 0) * (i % 7) :] for i in range(series)
    ]
    return pl.concat(parts)
