"""Exchange rates into CNY: a slow seeded walk, one row per working day."""

import numpy as np
import polars as pl

from pipelines.demo import ids

LEVELS = {"USD": 7.05, "EUR": 7.72}
RATE_SCALE = 10_000


def true_rates(seed: int, first: int, last: int) -> pl.DataFrame:
    """One row per currency and weekday from ten days before the first: currency, day (since 1970), rate_e4."""
    days = np.arange(first - 10, last + 1)
    days = days[(days + 3) % 7 < 5]
    frames = []
    for currency, level in LEVELS.items():
        rng = ids.rng_for(seed, f"rate {currency}")
        walk = np.cumsum(rng.normal(0, 0.0022, len(days)))
        walk -= np.linspace(0, walk[-1], len(days)) * 0.7  # held near its level, as managed rates are
        rate = np.round(level * np.exp(walk) * RATE_SCALE).astype(np.int64)
        frames.append(pl.DataFrame({"currency": currency, "day": days, "rate_e4": rate}))
    return pl.concat(frames)


def in_base(frame: pl.DataFrame, rates: pl.DataFrame, *, cents: str, day: str) -> pl.Series:
    """Amounts in CNY, integers of 1/10,000 yuan: cents times the newest rate up to the day, halves away from zero."""
    order = frame.with_row_index("_row").select(
        "_row", "currency", pl.col(cents).alias("_cents"), pl.col(day).alias("day")
    )
    joined = order.sort("day").join_asof(
        rates.sort("day"), on="day", by="currency", strategy="backward", check_sortedness=False
    )
    rate = pl.when(pl.col("currency") == "CNY").then(RATE_SCALE).otherwise(pl.col("rate_e4"))
    product = pl.col("_cents") * rate  # units of 1e-6
    rounded = ((product.abs() + 50) // 100) * product.sign()
    return joined.with_columns(rounded.alias("base_e4")).sort("_row")["base_e4"]
