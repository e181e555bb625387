"""The interval of one series does not depend on outliers among the other series of the file."""

from collections.abc import Sequence

import numpy as np
import pytest

from forecasts.backtesting.rolling_origin import Candidates, roll
from forecasts.panel.batch import Batch
from forecasts.panel.frequency import Frequency
from forecasts.uncertainty import conformal
from forecasts.uncertainty.bounds import all_bounds

pytestmark = pytest.mark.fast

MONTHS, STEPS = 48, 6


def slow_movers(count: int = 40) -> list[np.ndarray]:
    """None to five pieces a month."""
    random = np.random.default_rng(3)
    return [np.where(random.random(MONTHS) < 0.4, random.integers(1, 6, MONTHS), 0).astype(float) for _ in range(count)]


def launches(count: int = 6) -> list[np.ndarray]:
    """Nothing for 40 months, then some 5000."""
    random = np.random.default_rng(4)
    return [np.where(np.arange(MONTHS) < 40, 0.0, 5000 + random.normal(0, 300, MONTHS)) for _ in range(count)]


def rolled(series: Sequence[np.ndarray]) -> Candidates:
    """The last value of every series, in the backtest as in the future."""
    ids = tuple(f"{number:03d}" for number in range(len(series)))
    batch = Batch(ids, tuple(series), np.full(len(series), 600), Frequency("MS"))
    return roll({"naive": np.ones(len(series), dtype=bool)}, batch, STEPS, 24, 3)


def bounds_95(candidates: Candidates, nodes: Sequence[str] = ()) -> tuple[np.ndarray, np.ndarray]:
    size = len(candidates.batch)
    levels = np.array(nodes or [""] * size, dtype=object)
    future, _ = all_bounds(candidates, np.full(size, "intermittent", dtype=object), np.zeros(size), levels)
    return future["naive"][95]


def test_products_that_were_just_launched_do_not_widen_the_intervals_of_slow_movers() -> None:
    alone, with_launches = (bounds_95(rolled(slow_movers() + new)) for new in ([], launches()))
    np.testing.assert_allclose(with_launches[1][:40], alone[1], rtol=0.15)
    actual = np.array(slow_movers())
    assert with_launches[1][:40].max() < 4 * actual.max()
    assert (with_launches[1][40:] > 5500).all(), "a launch itself is anything but certain"


def test_nothing_is_promised_to_what_was_never_sold_because_others_sell() -> None:
    low, high = bounds_95(rolled([*slow_movers(), *launches(), np.zeros(MONTHS)]))
    assert not low[-1].any() and not high[-1].any()


def test_a_constant_series_keeps_to_itself_beside_noisy_ones() -> None:
    random = np.random.default_rng(5)
    noisy = [100 + np.arange(MONTHS) + random.normal(0, 15, MONTHS) for _ in range(10)]
    rent = np.full(MONTHS, 2500.0)
    low, high = bounds_95(rolled([*noisy, rent]))
    assert (low[-1] < 2500).all() and (high[-1] > 2500).all(), "a constant may change"
    assert (high[-1] - low[-1] < 0.01 * 2500).all()
    np.testing.assert_allclose(bounds_95(rolled([rent])), [low[-1:], high[-1:]])
    assert (high[:-1] - low[:-1] > 40).all(), "the noisy ones keep their intervals"


def test_a_member_of_a_hierarchy_is_not_given_the_errors_of_a_new_one() -> None:
    old, new = slow_movers(1)[0], launches(1)[0]
    _, high = bounds_95(rolled([old + new, old, new]), ["total", "region", "region"])
    assert high[1].max() < 4 * old.max()
    assert high[2].min() > 5500


def test_a_short_constant_series_has_its_value_inside_its_interval() -> None:
    """Its forecast may have been moved a little, so that the sums hold."""
    candidates = rolled([np.full(10, 70.0)])
    candidates.future["naive"][:] = 69.5
    low, high = bounds_95(candidates)
    assert (low < 69.5).all() and (high > 70).all()
    assert (high - low < 10).all()


def test_the_fewer_values_a_constant_history_has_the_less_certain_it_is() -> None:
    widths = [np.diff(bounds_95(rolled([np.full(count, 70.0)])), axis=0).max() for count in (1, 2, 10, 48)]
    assert widths[0] > 70 and widths == sorted(widths, reverse=True) and widths[-1] > 0


def test_the_size_of_a_series_without_a_cutoff_is_that_of_the_others_alone() -> None:
    random = np.random.default_rng(6)
    residuals = random.normal(0, [[[1.0], [2.0], [30.0], [0.0]]], (5, 4, STEPS))
    residuals[random.random(residuals.shape) < 0.3] = np.nan
    poolable = random.random((5, 4)) < 0.8
    found = conformal.sizes_without_each(residuals, poolable)
    for cutoff in range(5):
        rest = [np.delete(part, cutoff, axis=0) for part in (residuals, poolable)]
        np.testing.assert_allclose(found[cutoff], conformal.sizes_of(*rest))
    assert conformal.sizes_without_each(residuals[:1], poolable[:1]).tolist() == [[1.0] * 4], "no others: 1"


def test_a_period_counts_once_in_a_series_size_however_many_cutoffs_forecast_it() -> None:
    """Twelve cutoffs a period apart err alike in a period: they say as much as two cutoffs a horizon apart."""
    by_period = np.random.default_rng(7).normal(0, [[1.0], [3.0]], (2, 12))  # the last period first
    held_out = np.broadcast_to(np.arange(1, 13)[:, None], (12, 2))
    places = held_out[:, :, None] - 1 - np.arange(STEPS)
    often = np.where(places >= 0, by_period[np.arange(2)[:, None], np.maximum(places, 0)], np.nan)
    once = np.stack([by_period[:, end - STEPS : end][:, ::-1] for end in (STEPS, 2 * STEPS)])
    np.testing.assert_allclose(conformal.sizes_of(often, None, held_out), conformal.sizes_of(once))


def test_an_error_is_no_part_of_the_size_that_it_is_divided_by() -> None:
    """Cutoffs a period apart: what the neighbours forecast of the same periods is no other evidence."""
    held_out = np.broadcast_to(np.arange(1, 13)[:, None], (12, 3))
    residuals = np.random.default_rng(8).normal(0, 1, (12, 3, STEPS))
    residuals[held_out[:, :, None] <= np.arange(STEPS)] = np.nan  # after the end of the history
    changed = residuals.copy()
    period = held_out[:, :, None] - 1 - np.arange(STEPS)
    changed[(period < 7) & (period >= 7 - STEPS)] *= 100  # what the seventh cutoff forecast, by whichever cutoff
    every = np.ones((12, 3), dtype=bool)
    before, after = (conformal.sizes_without_each(part, every, held_out) for part in (residuals, changed))
    np.testing.assert_array_equal(before[6], after[6])
    assert (before[11] != after[11]).any()
