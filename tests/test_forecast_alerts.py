"""Deviation alerts: outside the 95 % interval of its own series, and worded as that."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from forecasts import config
from forecasts.config import SeriesSet, Tier
from forecasts.run import forecast

pytestmark = pytest.mark.fast

MONTHS = pl.date_range(date(2020, 1, 1), date(2024, 12, 1), "1mo", eager=True)
SERIES, AHEAD, WORLDS = 30, 1, 4


def world(seed: int) -> np.ndarray:
    """(series, months): a level, a yearly wave, noise of 8 to 20 %."""
    random = np.random.default_rng(seed)
    months = np.arange(len(MONTHS) + AHEAD)
    wave = 1 + random.uniform(0, 0.3, (SERIES, 1)) * np.sin(2 * np.pi * months / 12)
    noise = random.normal(0, 1, (SERIES, len(months))) * random.uniform(0.08, 0.2, (SERIES, 1))
    return np.asarray(1000 * wave * np.exp(noise))


def next_month(values: np.ndarray) -> pl.DataFrame:
    """The served forecast of the first month after the history, in the order of the series."""
    ids = [f"revenue|region|{row:02d}|MS" for row in range(SERIES)]
    frames = [
        pl.DataFrame({"ds": MONTHS, "y": row[: len(MONTHS)]}).with_columns(
            unique_id=pl.lit(name),
            metric=pl.lit("revenue"),
            level=pl.lit("region"),
            member=pl.lit(name),
            freq=pl.lit("MS"),
        )
        for name, row in zip(ids, values, strict=True)
    ]
    tier = Tier(("ets_batch", "seasonal_naive"), ("ets_batch",))
    plan = replace(config.load(), series=(SeriesSet("revenue", ("region",), "MS", 3),), tiers={"default": tier})
    issued = forecast(pl.concat(frames), plan, as_of=date(2024, 12, 31)).values
    return issued.filter(pl.col("is_served") & (pl.col("horizon") == AHEAD)).sort("unique_id")


def test_alerts_catch_planted_misses_and_are_silent_without_one() -> None:
    """A planted miss halves the month. Silent: the same months as they were."""
    caught, silent = [], []
    for seed in range(WORLDS):
        values = world(seed)
        served = next_month(values)
        low, high = served["lo_95"].to_numpy(), served["hi_95"].to_numpy()
        actual = values[:, -1]
        silent.append((actual >= low) & (actual <= high))
        caught.append(0.5 * actual < low)
    assert np.mean(caught) >= 0.6, np.mean(caught)
    assert np.mean(silent) >= 0.95 - 2 * np.sqrt(0.05 * 0.95 / (SERIES * WORLDS)), np.mean(silent)
