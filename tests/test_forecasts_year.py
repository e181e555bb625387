"""The time of the year in daily data: which series have it, how it is smoothed, and how far it repeats."""

import numpy as np
import pytest
from test_forecasts_batch import days

from forecasts.panel import yearly_effects
from forecasts.panel.batch import Batch
from forecasts.panel.frequency import Frequency
from forecasts.panel.yearly_effects import has_year, year_of

pytestmark = pytest.mark.fast

DAYS = Frequency("D")


@pytest.mark.parametrize(
    ("code", "length", "is_long"),
    [("D", 731, True), ("D", 730, False), ("B", 522, True), ("B", 521, False), ("W-MON", 900, False), ("D", 0, False)],
)
def test_two_years_of_days_have_a_year(code: str, length: int, is_long: bool) -> None:
    lengths = (np.ones(length), np.ones(3)) if length else ()
    ends = np.full(len(lengths), 20000)
    assert has_year(Batch(("a", "b")[: len(lengths)], lengths, ends, Frequency(code))) == is_long


def test_the_first_of_march_is_the_same_day_in_every_year() -> None:
    found = yearly_effects._positions(
        days("2023-01-01", "2023-02-28", "2023-03-01", "2024-02-29", "2024-03-01", "2023-12-31")
    )
    assert found.tolist() == [0, 58, 60, 59, 60, 365]


def test_whole_years_are_counted_back_from_the_end() -> None:
    y = np.array([100.0, 1, 3, 5, 7])
    assert list(yearly_effects._starts(y, 2)) == [1, 3]
    np.testing.assert_allclose(yearly_effects._level(y, 2, 2), [2, 2, 2, 4, 6])  # 2 in the middle of the first, at 2


def test_a_smoothed_year_has_no_week_and_keeps_its_edges() -> None:
    """A week of one and three on a year that doubles at day 14: medians of seven change where it does."""
    week = np.array([1.0, 3, 1, 3, 1, 3, 2])
    step = np.where(np.arange(28) < 14, 1.0, 2.0)
    found = yearly_effects._smoothed(np.tile(week, 4) * step, 7)
    np.testing.assert_allclose(found / found[0], step)


@pytest.mark.parametrize(("zeros", "is_mean"), [(7, True), (6, False)])
def test_where_a_quarter_sells_nothing_means_are_taken(zeros: int, is_mean: bool) -> None:
    ratio = np.ones(28)
    ratio[: 4 * zeros : 4] = 0
    ratio[9:11] = 5
    by_day = np.array([ratio[day::7].mean() for day in range(7)])
    plain = ratio / by_day[np.arange(28) % 7]
    padded = np.concatenate([[plain[0]] * 3, plain, [plain[-1]] * 3])
    windows = np.array([padded[start : start + 7] for start in range(28)])
    expected = windows.mean(axis=1) if is_mean else np.median(windows, axis=1)
    np.testing.assert_allclose(yearly_effects._smoothed(ratio, 7), expected)


def test_a_day_of_the_week_without_any_sales_leaves_the_week_in() -> None:
    ratio = np.tile([2.0, 1, 1, 1, 1, 1, 0], 4)
    np.testing.assert_allclose(yearly_effects._smoothed(ratio, 7), [2, *[1] * 26, 0])


def test_days_that_a_year_lacks_lie_between_their_neighbours() -> None:
    found = yearly_effects._by_day(np.array([4.0, 1.0, 3.0]), np.array([100, 0, 2]))
    np.testing.assert_allclose(found[[0, 1, 2, 51, 100, 365]], [1, 2, 3, 3.5, 4, 4])
    assert len(found) == 366


def test_a_profile_counts_as_far_as_the_other_years_show_it() -> None:
    """Years alike repeat whole; half as strong years give the slope; opposite or tiny likeness gives nothing."""
    wave = 1 + 0.5 * np.sin(np.arange(366) / 58)
    assert yearly_effects._repeated(np.array([wave, wave, wave])) == pytest.approx(1)
    assert yearly_effects._repeated(np.array([wave, 2 - wave])) == 0
    assert yearly_effects._repeated(np.ones((3, 366))) == 0
    half = 1 + (wave - 1) / 2
    assert yearly_effects._repeated(np.array([wave, half])) == pytest.approx(0.8)  # 2 x .5 / (1 + .25)
    unlike = np.random.default_rng(3).normal(0, 1, (2, 366))
    for share, is_enough in ((0.5, True), (0.15, False)):
        years = 1 + np.sqrt(share) * (wave - 1) / (wave - 1).std() + np.sqrt(1 - share) * unlike
        assert (yearly_effects._repeated(years) > 0) == is_enough, share


def test_factors_are_positive_and_one_on_average() -> None:
    np.testing.assert_allclose(yearly_effects._normed(np.array([-1.0, 0.95, 2.0])), np.array([0.05, 0.95, 2]))


def two_years(y: np.ndarray) -> np.ndarray:
    last = DAYS.index(days("2023-12-31"))
    found = year_of(Batch(("a",), (y,), last, DAYS), 0, 366)
    return np.concatenate([found.history, found.future])


def test_a_year_that_repeats_is_carried_into_the_next() -> None:
    """Summers sell twice as much: 1.5 of 1, three years long and in the leap year ahead, by the day of the year."""
    index = np.arange(days("2021-01-01")[0].astype(int), days("2023-12-31")[0].astype(int) + 367)
    months = index.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12
    truth = np.where((months >= 4) & (months < 10), 200.0, 100.0)
    found = two_years(truth[: 3 * 365])
    assert len(found) == 3 * 365 + 366
    np.testing.assert_allclose(found / found[0], truth / 100, rtol=0.02)
    assert found[365:730].mean() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("change", ["short", "negative", "nothing in a year"])
def test_without_two_years_of_sales_the_year_says_nothing(change: str) -> None:
    truth = np.tile(100 + 50 * np.sin(np.arange(366) / 58), 2)
    truth = {
        "short": truth[1:],
        "negative": truth - np.where(np.arange(732) == 9, 300, 0),
        "nothing in a year": truth * (np.arange(732) >= 366),
    }[change]
    assert (two_years(truth) == 1).all()
    assert (two_years(np.tile(100 + 50 * np.sin(np.arange(366) / 58), 2)) != 1).any()
