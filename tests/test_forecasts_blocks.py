"""Many series in bounded memory: rows do not depend on how many are worked on at a time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from forecasts import config
from forecasts.backtesting import memory, partitions
from forecasts.config import Config, SeriesSet
from forecasts.engines.statsforecast import forecast_each
from forecasts.models.imapa import Imapa
from forecasts.models.ses import Ses
from forecasts.output import frames
from forecasts.panel.batch import Batch
from forecasts.panel.frequency import Frequency
from forecasts.run import Forecasts, forecast

AS_OF, WEEKS, HORIZON = date(2026, 11, 1), 130, 4
FRAMES = ("values", "backtest", "series", "accuracy", "choices", "skill")
KEYS = ["unique_id", "model", "scenario", "purpose", "cutoff", "period_start"]


@pytest.fixture(scope="module")
def history() -> pl.DataFrame:
    """Fourteen weekly series, most of them intermittent, two that began late and one too short for a model."""
    rng = np.random.default_rng(5)
    weeks = [date(2026, 10, 26) - timedelta(days=7 * number) for number in range(WEEKS)]
    parts = [
        pl.DataFrame(
            {"unique_id": f"quantity|sku|{row:02d}|W-MON", "member": f"{row:02d}", "ds": weeks[: 9 * row + 20]}
        )
        for row in range(14)
    ]
    rows = pl.concat(parts)
    pieces = rng.poisson(6, rows.height) * (rng.random(rows.height) < 0.5)
    labels = [pl.lit(text).alias(name) for name, text in (("metric", "quantity"), ("level", "sku"), ("freq", "W-MON"))]
    return rows.with_columns(*labels, y=pl.Series(pieces.astype(float)))


@pytest.fixture
def plan() -> Config:
    shipped = config.load()
    backtest = replace(shipped.backtest, evaluation=3, min_origins=2)
    wanted = (SeriesSet("quantity", ("sku",), "W-MON", HORIZON),)
    return replace(shipped, series=wanted, hierarchy=(), importance=False, backtest=backtest, scenarios=())


@pytest.fixture(scope="module")
def whole(history: pl.DataFrame) -> Forecasts:
    shipped = config.load()
    backtest = replace(shipped.backtest, evaluation=3, min_origins=2)
    wanted = (SeriesSet("quantity", ("sku",), "W-MON", HORIZON),)
    plan = replace(shipped, series=wanted, hierarchy=(), importance=False, backtest=backtest, scenarios=())
    return forecast(history, plan, as_of=AS_OF)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(frames, "BLOCK", 4)
    monkeypatch.setattr(partitions, "SIZE", 5)
    yield


def sorted_rows(frame: pl.DataFrame) -> pl.DataFrame:
    keys = [name for name in KEYS if name in frame.columns]
    return frame.sort(keys, maintain_order=True) if keys else frame


@pytest.mark.usefixtures("small_blocks")
def test_rows_are_the_same_whatever_number_of_series_is_worked_on_at_a_time(
    history: pl.DataFrame, plan: Config, whole: Forecasts
) -> None:
    parts = forecast(history, plan, as_of=AS_OF)
    assert whole.backtest["cutoff"].n_unique() > 3 and whole.series["segment"].n_unique() > 1
    for name in FRAMES:
        assert_frame_equal(sorted_rows(getattr(parts, name)), sorted_rows(getattr(whole, name)), check_exact=True)


@pytest.mark.usefixtures("small_blocks")
def test_of_many_series_the_backtest_keeps_what_was_served_and_the_naive_forecast(
    history: pl.DataFrame, plan: Config, whole: Forecasts
) -> None:
    few = forecast(history, replace(plan, backtest=replace(plan.backtest, kept_whole=13)), as_of=AS_OF)
    is_read = pl.col("is_served") | (pl.col("model") == "seasonal_naive")
    read = whole.backtest.filter(is_read, purpose="evaluation")
    assert 0 < read.height < whole.backtest.height
    assert_frame_equal(sorted_rows(few.backtest), sorted_rows(read), check_exact=True)
    for name in ("values", "series", "accuracy", "choices", "skill"):
        assert_frame_equal(sorted_rows(getattr(few, name)), sorted_rows(getattr(whole, name)), check_exact=True)


def test_memory_of_forecasts_has_an_end(
    history: pl.DataFrame, plan: Config, whole: Forecasts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "MOST_KEPT", 30)
    with memory.remembering():
        again = forecast(history, plan, as_of=AS_OF)
        assert memory._memory is not None and 30 <= len(memory._memory.steps) < 30 + whole.series.height
    assert_frame_equal(again.values, whole.values, check_exact=True)


def test_compiled_smoothing_gives_the_numbers_of_statsforecast() -> None:
    """To the last digit, on intermittent, trended, tiny and huge series, of two values and more."""
    rng = np.random.default_rng(3)
    lengths = rng.integers(2, 170, 80)
    values = [
        rng.poisson(5, n) * (rng.random(n) < rng.beta(1.2, 2.5)) * size
        for n, size in zip(lengths, [1.0, 0.37, 1e-5, 3e8] * 20, strict=True)
    ]
    values += [np.abs(rng.normal(100, 5, 60)).cumsum(), np.array([0.0, 0.0, 5.0]), np.array([5.0, 0.0])]
    batch = Batch(
        tuple(map(str, range(83))), tuple(v.astype(float) for v in values), np.full(83, 200), Frequency("W-MON")
    )
    theirs = forecast_each(batch, 3, lambda models, *_: models.SimpleExponentialSmoothingOptimized())
    np.testing.assert_array_equal(Ses().predict(batch, 3), theirs)
    np.testing.assert_array_equal(Imapa().predict(batch, 3), forecast_each(batch, 3, lambda models, *_: models.IMAPA()))
