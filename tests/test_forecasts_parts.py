"""The parts of the forecast engine against truths that can be worked out by hand."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from forecasts.backtesting import metrics
from forecasts.backtesting.rolling_origin import Origin, cutoffs
from forecasts.errors import ForecastError
from forecasts.panel.batch import batch_of
from forecasts.panel.frequency import Frequency
from forecasts.reconciliation.hierarchy import solve_constraints
from forecasts.selection import pool
from forecasts.selection.segments import is_intermittent

pytestmark = pytest.mark.fast


def days(*words: str) -> np.ndarray:
    return np.array(words, dtype="datetime64[D]")


@pytest.mark.parametrize(
    "code", ["MS", "ME", "QS", "QS-FEB", "YS", "YS-APR", "D", "W-MON", "W-SUN", "445-JAN", "445-OCT"]
)
def test_periods_follow_each_other_without_gap_or_overlap(code: str) -> None:
    frequency = Frequency(code)
    index = frequency.index(days("2024-02-29"))[0] + np.arange(60)
    assert (frequency.starts(index[1:]) == frequency.ends(index[:-1]) + np.timedelta64(1, "D")).all()
    assert (frequency.index(frequency.dates(index)) == index).all()
    assert (frequency.index(frequency.starts(index)) == index).all()


def test_unknown_frequency_is_refused_with_what_there_is() -> None:
    with pytest.raises(ForecastError, match="'2W' is unknown: use MS, ME"):
        Frequency("2W")


def test_a_period_named_twice_is_refused_with_its_series() -> None:
    frame = pl.DataFrame({"unique_id": ["a", "a"], "ds": [date(2024, 1, 1), date(2024, 1, 9)], "y": [1.0, 2.0]})
    with pytest.raises(ForecastError, match="series 'a': two rows fall into one period"):
        batch_of(frame, Frequency("MS"))


def test_gaps_become_unknown_periods() -> None:
    frame = pl.DataFrame({"unique_id": ["a"] * 2, "ds": [date(2024, 1, 1), date(2024, 4, 1)], "y": [1.0, 2.0]})
    np.testing.assert_array_equal(batch_of(frame, Frequency("MS")).values[0], [1.0, np.nan, np.nan, 2.0])


def test_accuracy_is_defined_where_nothing_was_sold() -> None:
    actual, forecast = np.array([100.0, 100.0, 0.0, 0.0]), np.array([90.0, 300.0, 0.0, 5.0])
    np.testing.assert_allclose(metrics.accuracy(actual, forecast), [0.9, 0.0, 1.0, 0.0])


def test_metrics_agree_with_their_formulas() -> None:
    actual, forecast = np.array([[10.0, 20.0]]), np.array([[12.0, 16.0]])
    np.testing.assert_allclose(metrics.wape(actual, forecast), 6 / 30)
    np.testing.assert_allclose(metrics.bias(actual, forecast), -2 / 30)
    np.testing.assert_allclose(metrics.mase(actual, forecast, 2.0), 1.5)
    np.testing.assert_allclose(metrics.rmsse(actual, forecast, 4.0), np.sqrt(10 / 4))
    np.testing.assert_allclose(metrics.smape(actual, forecast), 100 * (4 / 22 + 8 / 36) / 2)
    low, high = np.array([[11.0, 15.0]]), np.array([[13.0, 21.0]])
    np.testing.assert_allclose(metrics.coverage(actual, low, high), 0.5)
    np.testing.assert_allclose(metrics.msis(actual, low, high, 2.0), (2 + 6 + 40 * 1) / 2 / 2)


def test_scale_is_the_mean_seasonal_step() -> None:
    assert metrics.scale_of(np.array([1.0, 2.0, 4.0, 8.0]), 2) == 4.5
    assert metrics.scale_of(np.array([3.0, 3.0, 3.0]), 2) == 3.0
    assert metrics.scale_of(np.zeros(5), 2) == 1.0


def test_cutoffs_leave_enough_to_learn_from_and_do_not_overlap_when_they_need_not() -> None:
    assert cutoffs(100, 12, 24, 3) == [12, 24, 36]
    assert cutoffs(48, 12, 24, 3) == [12, 18, 24]
    assert cutoffs(26, 12, 24, 3) == []
    assert max(cutoffs(27, 12, 24, 3)) == 3


def origin(**errors: float) -> Origin:
    forecasts = {name: np.full((40, 3), error) for name, error in errors.items()}
    scale = np.linspace(0.9, 1.1, 40)
    return Origin(np.arange(40), np.full(40, 3), np.zeros((40, 3)), scale, scale, forecasts)


def test_pool_keeps_the_guardrail_unless_it_is_clearly_beaten() -> None:
    names = ("good", "fair", "poor", "bad")
    masks = (np.ones(40, dtype=bool),) * 3
    same = pool.Panel(tuple(origin(good=1.0, fair=1.0, poor=1.0, bad=1.0) for _ in range(3)), masks)
    assert pool.choose(same, names, ("fair",)).members == ("fair",)
    better = pool.Panel(tuple(origin(good=0.1, fair=-0.1, poor=0.05, bad=5.0) for _ in range(3)), masks)
    chosen = pool.choose(better, names, ("bad",))
    assert chosen.members != ("bad",) and len(chosen.members) >= 3
    assert chosen.evidence[-1]["reason"] == "guardrail" and not chosen.evidence[-1]["is_chosen"]


def test_challenger_is_promoted_only_when_it_clearly_beats_the_champion() -> None:
    masks = (np.ones(40, dtype=bool),) * 3
    panel = pool.Panel(tuple(origin(old=1.0, same=1.0, better=0.2) for _ in range(3)), masks)
    kept = pool.promote(panel, ("old",), pool.Choice(("same",), ()))
    assert kept.members == ("old",) and "champion of the last run" in str(kept.evidence)
    assert pool.promote(panel, ("old",), pool.Choice(("better",), ())).members == ("better",)
    assert pool.promote(panel, ("gone",), pool.Choice(("same",), ())).members == ("same",)


def test_where_errors_cannot_be_compared_the_promotion_says_so_in_words() -> None:
    masks = (np.ones(40, dtype=bool),) * 3
    panel = pool.Panel(tuple(origin(mute=np.nan, old=1.0, new=0.2) for _ in range(3)), masks)
    for champion in ("gone", "mute"):
        told = pool.promote(panel, (champion,), pool.Choice(("new",), ()))
        assert told.members == ("new",)
        assert told.evidence[0]["reason"] == (
            "promotion: the champion has no error to compare with, the challenger is promoted"
        )
    single = np.arange(40) < 1
    lonely = pool.promote(pool.Panel(panel.origins, (single,) * 3), ("old",), pool.Choice(("new",), ()))
    assert lonely.members == ("old",)
    assert lonely.evidence[0]["reason"] == "promotion: fewer than two series to compare errors of, the champion stays"


def test_intermittent_demand_is_not_judged_by_absolute_error() -> None:
    """Forecasting nothing wins on absolute error; the squared one prefers the mean demand."""
    actual = np.where(np.arange(40)[:, None] % 4 == np.arange(3)[None, :], 4.0, 0.0)
    forecasts = {"nothing": np.zeros((40, 3)), "mean": np.full((40, 3), 1.0)}
    base = Origin(np.arange(40), np.full(40, 3), actual, np.ones(40), np.ones(40), forecasts)
    masks = (np.ones(40, dtype=bool),)
    mase, rmsse = (pool.Panel((base,), masks, loss) for loss in ("mase", "rmsse"))
    assert mase.errors(["nothing"]).mean() < mase.errors(["mean"]).mean()
    assert rmsse.errors(["mean"]).mean() < rmsse.errors(["nothing"]).mean()


def test_series_of_many_zeros_are_intermittent() -> None:
    assert is_intermittent(np.array([0, 0, 3, 0, 0, 1, 0, 2.0]))
    assert not is_intermittent(np.array([3, 1, 2, 0, 5, 1, 4, 2.0]))
    assert is_intermittent(np.zeros(5))


def test_solved_constraints_reproduce_every_sum() -> None:
    """total = a + b and total = x + y + z: three nodes too many, four free ones."""
    constraints = np.array([[1, -1, -1, 0, 0, 0], [1, 0, 0, -1, -1, -1]], dtype=float)
    free, summing = solve_constraints(constraints)
    everything = summing @ np.random.default_rng(0).random((len(free), 5))
    assert len(free) == 4
    np.testing.assert_allclose(constraints @ everything, 0, atol=1e-12)
