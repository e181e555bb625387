"""Intervals cover what they promise, with own and with borrowed residuals."""

import numpy as np
import pytest

from forecasts.backtesting import metrics
from forecasts.backtesting.rolling_origin import Candidates, Origin
from forecasts.panel.batch import Batch
from forecasts.panel.frequency import Frequency
from forecasts.uncertainty.bounds import all_bounds
from forecasts.uncertainty.conformal import bounds

pytestmark = pytest.mark.fast


def test_conformal_bounds_cover_what_they_promise() -> None:
    random = np.random.default_rng(0)
    residuals, actual = random.standard_t(5, (300, 6)), random.standard_t(5, (4000, 6))
    for level in (80, 95):
        low, high = bounds(np.zeros((4000, 6)), np.ones(4000), residuals, level)
        assert abs(metrics.coverage(actual, low, high).mean() - level / 100) < 0.02


def rows_of(values: list[float] | np.ndarray) -> np.ndarray:
    return np.asarray(values, dtype=float)[:, None]


def test_borrowed_residuals_do_not_draw_bounds_inside_the_own_quantile() -> None:
    own, borrowed = rows_of(np.linspace(-1, 1, 12)), rows_of([-1.05, 0, 1.05])
    low, high = bounds(np.zeros((1, 1)), np.ones(1), own, 80, borrowed)
    assert low[0, 0] <= -1 and high[0, 0] >= 1


def test_the_80_percent_interval_lies_within_the_95_percent_one() -> None:
    random = np.random.default_rng(2)
    for _ in range(500):
        own, borrowed = (
            rows_of(random.normal(random.normal(), 10 ** random.uniform(-2, 2), random.integers(least, 40)))
            for least in (1, 0)
        )
        low_80, high_80 = bounds(np.zeros((1, 1)), np.ones(1), own, 80, borrowed)
        low_95, high_95 = bounds(np.zeros((1, 1)), np.ones(1), own, 95, borrowed)
        assert low_95 <= low_80 <= 0 <= high_80 <= high_95


def test_a_node_with_three_times_the_error_of_the_borrowed_residuals_is_covered() -> None:
    """Fifteen own residuals of spread 3, 200 borrowed of spread 1, which unscaled covered .62 instead of .80."""
    random = np.random.default_rng(3)
    covered: dict[int, list[float]] = {80: [], 95: []}
    for _ in range(300):
        own, borrowed = rows_of(3 * random.standard_normal(15)), rows_of(random.standard_normal(200))
        actual = 3 * random.standard_normal((1, 100))
        for level, shares in covered.items():
            low, high = bounds(np.zeros((1, 1)), np.ones(1), own, level, borrowed)
            shares.append(float(metrics.coverage(actual, low, high).mean()))
    assert np.mean(covered[80]) > 0.77 and np.mean(covered[95]) > 0.91


def test_a_level_of_a_hierarchy_gets_the_width_of_its_own_errors() -> None:
    """The total errs by 2, its 50 members by at most 1: a quantile of all together would be too narrow for it."""
    random = np.random.default_rng(1)
    errors = [np.vstack([np.full((1, 3), 2.0 * sign), random.uniform(-1, 1, (50, 3))]) for sign in (1, -1, 1)]
    origins = tuple(
        Origin(np.arange(51), np.full(51, held_out), error, np.ones(51), np.ones(51), {"pool": np.zeros((51, 3))})
        for held_out, error in zip((3, 6, 9), errors, strict=True)
    )
    batch = Batch(tuple(map(str, range(51))), (np.arange(40.0),) * 51, np.full(51, 600), Frequency("MS"))
    candidates = Candidates(batch, 3, np.ones(51), {"pool": np.zeros((51, 3))}, origins)
    segments, floor = np.full(51, "regular", dtype=object), np.full(51, -np.inf)
    tied = np.array(["total", *["region"] * 50], dtype=object)
    low, high = all_bounds(candidates, segments, floor, tied)[0]["pool"][80]
    assert (high[0] >= 2).all() and (low[0] <= -2).all()
    assert (high[1:] < 1.05).all() and (low[1:] > -1.05).all()
    alone = all_bounds(candidates, segments, floor, np.full(51, "", dtype=object))[0]["pool"][80][1]
    assert (alone[0] > alone[1:]).all(), "without a hierarchy too, larger errors widen the interval"


def test_a_series_that_errs_less_than_its_scale_says_gets_a_narrower_interval() -> None:
    """Half of the series err a third of what the others do on the same scale: one width for all suits neither."""
    random = np.random.default_rng(4)
    spread = np.where(np.arange(200) < 100, 0.33, 1.0)[:, None]
    errors = [spread * random.standard_normal((200, 6)) for _ in range(4)]
    origins = tuple(
        Origin(np.arange(200), np.full(200, held_out), error, *np.ones((2, 200)), {"pool": np.zeros((200, 6))})
        for held_out, error in zip((6, 12, 18), errors, strict=False)
    )
    batch = Batch(tuple(map(str, range(200))), (np.arange(40.0),) * 200, np.full(200, 600), Frequency("MS"))
    candidates = Candidates(batch, 6, np.ones(200), {"pool": np.zeros((200, 6))}, origins)
    segments, floor = np.full(200, "regular", dtype=object), np.full(200, -np.inf)
    own = all_bounds(candidates, segments, floor, np.full(200, "", dtype=object))[0]["pool"][80]
    same = bounds(np.zeros((200, 6)), np.ones(200), np.concatenate(errors[:3]), 80)
    covered, before = metrics.coverage(errors[3], *own), metrics.coverage(errors[3], *same)
    assert (own[1] - own[0])[:100].mean() * 1.4 < (own[1] - own[0])[100:].mean()
    assert abs(covered.mean() - 0.8) < 0.05
    assert before[100:].mean() + 0.03 < covered[100:].mean() < 0.8 < covered[:100].mean() < before[:100].mean() - 0.03


def evaluated(errors: np.ndarray, steps: int) -> tuple[Origin, ...]:
    """Cutoffs a period apart that forecast 0. errors: (series, periods), the last period first."""
    series, ones = len(errors), np.ones(len(errors))
    made = {name: np.zeros((series, steps)) for name in ("pool", "served")}
    origins = []
    for held_out in range(1, errors.shape[1] + 1):
        actual = np.full((series, steps), np.nan)
        for step in range(min(steps, held_out)):
            actual[:, step] = errors[:, held_out - 1 - step]
        origins.append(Origin(np.arange(series), np.full(series, held_out), actual, ones, ones, made))
    return tuple(origins)


def test_cutoffs_a_period_apart_promise_no_more_than_they_show() -> None:
    """Series of different sizes, twelve known periods: with errors sized by cutoffs that forecast the same periods
    95 % intervals held .93."""
    covered, count, steps = [], 200, 6
    for seed in range(6):
        random = np.random.default_rng(seed)
        sizes = np.exp(0.4 * random.standard_normal(count))[:, None]
        errors = sizes * random.standard_t(5, (count, 12 + steps))
        batch = Batch(tuple(map(str, range(count))), (np.arange(40.0),) * count, np.full(count, 600), Frequency("MS"))
        future, ones = {"pool": np.zeros((count, steps))}, np.ones(count)
        known = Candidates(batch, steps, ones, future, (), evaluated(errors[:, :12], steps))
        segments, nodes = np.full(count, "regular", dtype=object), np.full(count, "", dtype=object)
        found = all_bounds(known, segments, np.full(count, -np.inf), nodes, scored=False)[0]["pool"]
        covered.append([float(metrics.coverage(errors[:, 12:], *found[level]).mean()) for level in (80, 95)])
    at_80, at_95 = np.mean(covered, axis=0)
    assert 0.79 < at_80 < 0.82 and 0.94 < at_95 < 0.96
