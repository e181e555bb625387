"""Widths of intervals by quantiles, sizes and shares that can be counted on paper."""

import numpy as np
import pytest

from forecasts.uncertainty import conformal

pytestmark = pytest.mark.fast

NONE = np.empty(0)
NAN = np.nan


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)[:, None]


@pytest.mark.parametrize(
    ("count", "tail", "low", "high"),
    [
        (19, 0.1, 2, 18),  # (19 + 1) x .1: the second on either side
        (20, 0.1, 2, 19),  # 2.1: still the second
        (29, 0.1, 3, 27),
        (9, 0.1, 1, 9),  # just enough: the first and the last
        (8, 0.1, 1 / 0.9, 8 / 0.9),  # too few: as much wider as they are too few
        (39, 0.025, 1, 39),
        (38, 0.025, 1 / 0.975, 38 / 0.975),
        (9, 0.025, 1 / 0.5, 9 / 0.5),  # .25 counts as a half
    ],
)
def test_of_so_many_residuals_the_quantile_is_the_nth(count: int, tail: float, low: float, high: float) -> None:
    values = np.arange(1.0, count + 1)
    assert conformal._quantiles(values, np.ones(count), tail) == pytest.approx((low, high))


def test_weights_are_summed_up_to_the_rank() -> None:
    """Of 1 + .5 + 1 + 1 + .5 = 4 and one more a fifth is 1, two fifths are 2: passed by the third."""
    values, weights = np.array([1.0, 2, 3, 4, 5]), np.array([1, 0.5, 1, 1, 0.5])
    assert conformal._quantiles(values, weights, 0.2) == (1, 5)
    assert conformal._quantiles(values, weights, 0.4) == (2, 4)
    assert conformal._quantiles(values, weights, 0.5) == (3, 3)


@pytest.mark.parametrize(("step", "near"), [(0, [1, 2, 3]), (1, [1, 2, 3, 4]), (3, [2, 3, 4, 5, 6]), (5, [4, 5, 6])])
def test_two_steps_on_either_side_are_pooled(step: int, near: list[int]) -> None:
    window = conformal._window(np.array([[1.0, 2, 3, 4, 5, 6], [NAN] * 6]), step)
    assert window.tolist() == near and len(conformal._window(None, step)) == 0


def test_borrowed_residuals_are_rescaled_to_the_own_spread() -> None:
    """Own mean square 9 of four, borrowed 4: (36 + 2 x 4) / 6 is the spread, and six for four make it wider."""
    own, borrowed = np.array([3.0, -3, 3, -3]), np.array([2.0, -2, 2])
    np.testing.assert_allclose(conformal._rescaled(borrowed, own), borrowed * np.sqrt((44 / 6) / 4) * 6 / 4)
    assert conformal._rescaled(borrowed, NONE) is borrowed
    assert conformal._rescaled(np.zeros(2), own).tolist() == [0, 0]
    assert len(conformal._rescaled(NONE, own)) == 0


@pytest.mark.parametrize(("count", "weight"), [(30, 0.5), (16, 15 / 16), (15, 1.0), (3, 1.0)])
def test_all_borrowed_residuals_count_for_fifteen_own_ones_and_none_for_more_than_one(
    count: int, weight: float
) -> None:
    own, borrowed = np.array([0.5, -3.0]), np.linspace(1, 2, count)
    values, weights = conformal._sorted_with_weights(own, borrowed)
    assert (np.diff(values) > 0).all()
    assert weights.tolist() == [1, 1, *[weight] * count]
    assert conformal._sorted_with_weights(np.array([2.0, 1]), NONE)[0].tolist() == [1, 2]


def test_bounds_are_the_forecast_and_scaled_quantiles() -> None:
    """Residuals -9 ... 9: of 19 the second on either side, -8 and 8, times a scale of 2 and of 10."""
    residuals = np.broadcast_to(np.arange(-9.0, 10)[:, None], (19, 1))
    low, high = conformal.bounds(np.array([[100.0], [50.0]]), np.array([2.0, 10]), residuals, 80)
    assert low.tolist() == [[84], [-30]] and high.tolist() == [[116], [130]]


def test_widths_never_shrink_with_the_horizon() -> None:
    """The last of eight steps errs a tenth of the others: windows of the first six have large errors still."""
    size = np.array([1.0, 1, 2, 2, 0.1, 0.1, 0.1, 0.1])
    residuals = np.linspace(-1, 1, 39)[:, None] * size
    low, high = conformal.widths(residuals, None, 8, (80, 95))[80]
    assert (np.diff(high) >= 0).all() and (np.diff(low) <= 0).all()
    assert high[0] < high[2] == high[7] and low[0] > low[2] == low[7]


def test_a_biased_forecast_keeps_its_bounds_at_a_distance_on_both_sides() -> None:
    """Errors 11 ... 29, median 20: quantiles 12 and 28, around the median -8 and 8; the widest of both, and of 0."""
    low, high = conformal.widths(column(*range(11, 30)), None, 1, (80,))[80]
    assert (low[0], high[0]) == (-8, 28)
    low, high = conformal.widths(-column(*range(11, 30)), None, 1, (80,))[80]
    assert (low[0], high[0]) == (-28, 8)


def test_the_sign_of_few_residuals_is_not_trusted() -> None:
    """Nine errors of 1 ... 9 count on both sides: 18, of which the first is -9; ten have a side."""
    low, high = conformal.widths(column(*range(1, 10)), None, 1, (90,))[90]
    assert (low[0], high[0]) == (pytest.approx(-9 / 0.95), pytest.approx(9 / 0.95))
    low, high = conformal.widths(column(*range(1, 11)), None, 1, (80,))[80]
    assert (low[0], high[0]) == (-4.5, 10)  # around the median of 5.5 the first is -4.5


def test_borrowed_residuals_stand_in_where_there_are_no_own_ones() -> None:
    borrowed = column(*range(-9, 10))
    for own in (np.empty((0, 1)), column(NAN, NAN)):
        assert [width.tolist() for width in conformal.widths(own, borrowed, 1, (80,))[80]] == [[-8], [8]]
    nothing = conformal.widths(np.empty((0, 2)), np.empty((0, 2)), 2, (80, 95))
    assert all(not width.any() for pair in nothing.values() for width in pair)
    shifted = conformal.widths(np.empty((0, 1)), borrowed + 20, 1, (80,))[80]
    assert [width.tolist() for width in shifted] == [[-8], [28]]


def test_own_and_borrowed_residuals_together_decide_whether_signs_count() -> None:
    own, borrowed = column(*[1.0] * 5), column(*[1.0] * 5)
    enough, few = (conformal.widths(own, part, 1, (80,))[80] for part in (borrowed, borrowed[:4]))
    assert enough[0][0] == 0 and few[0][0] < -0.9


def test_a_series_size_is_its_error_and_two_horizons_of_pooled_ones() -> None:
    """Two cutoffs of one step, squares 1 and 16: pooled 8.5, own sums 2 and 32 of two, two more weigh 8.5 each."""
    residuals = np.array([[[1.0], [4.0]], [[-1.0], [-4.0]]])
    expected = [np.sqrt((2 + 17) / 4 / 8.5), np.sqrt((32 + 17) / 4 / 8.5)]
    np.testing.assert_allclose(conformal.sizes_of(residuals), expected)


def test_of_two_cutoffs_that_forecast_the_same_period_the_mean_square_counts() -> None:
    """Hold-outs of 1 and 2, two steps: the last period is forecast by both, 2 and 4; the one before by the older, 6."""
    residuals = np.array([[[2.0, NAN]], [[6.0, 4.0]]])
    squares, known = conformal._by_period(residuals, np.array([[1], [2]]))
    assert squares.tolist() == [[10, 36]] and known.tolist() == [[1, 1]]
    assert conformal._by_period(np.full((1, 2, 3), NAN), None)[1].tolist() == [[0], [0]]
    squares, known = conformal._by_period(residuals, None)  # a horizon apart
    assert squares.tolist() == [[0, 4, 16, 36]] and known.tolist() == [[0, 1, 1, 1]]


def test_sizes_count_only_what_may_be_pooled() -> None:
    residuals = np.array([[[1.0], [3.0]], [[1.0], [30.0]]])
    poolable = np.array([[True, True], [True, False]])
    pooled = (1 + 9 + 1) / 3
    sizes = conformal.sizes_of(residuals, poolable)
    np.testing.assert_allclose(sizes[0], np.sqrt((2 + 2 * pooled) / 4 / pooled))
    np.testing.assert_allclose(sizes[1], np.sqrt(909 / 2 / pooled))  # five times the pooled error: not shrunk


@pytest.mark.parametrize(("error", "is_shrunk"), [(5.0, True), (5.1, False)])
def test_a_series_five_times_as_far_off_is_still_shrunk_to_the_others(error: float, is_shrunk: bool) -> None:
    size = conformal._sizes(np.array([error**2]), np.array([1]), np.array(1.0), 3)
    assert size == pytest.approx(np.sqrt((error**2 + 6) / 7) if is_shrunk else error)


def test_sizes_are_one_where_nothing_erred_or_nothing_is_known() -> None:
    assert conformal.sizes_of(np.zeros((2, 2, 1))).tolist() == [1, 1]
    assert conformal.sizes_of(np.full((2, 2, 1), NAN)).tolist() == [1, 1]
    assert conformal._sizes(np.zeros(1), np.zeros(1), np.array(4.0), 2).tolist() == [1]


def test_the_size_beside_a_cutoff_leaves_out_the_periods_that_it_forecast() -> None:
    """Five periods, the last first; two steps after hold-outs 1, 3 and 5: without the 1st, the 2nd and 3rd, ..."""
    values = np.array([[1.0, 2, 4, 8, 16]])
    left = conformal._without_each(values, np.array([[1], [3], [5], [9]]), 2)
    assert left[:, 0].tolist() == [30, 25, 7, 31]


def test_only_series_of_the_usual_size_are_pooled() -> None:
    """Mean squares 1, 25 and 26 beside a median of 1; what is not trusted is not pooled either."""
    residuals = np.sqrt(np.array([[[1.0], [25.0], [26.0]], [[1.0], [25.0], [26.0]]]))
    trusted = np.array([[True, True, True], [False, True, True]])
    assert conformal.poolable(residuals, trusted, 1.0).tolist() == [[True, True, False], [False, True, False]]


@pytest.mark.parametrize(
    ("errors", "median"), [([1, 2, 3], 4), ([1, 2, 3, 4], 4), ([0, 0, 0, 5], 25), ([0, 0], np.inf), ([NAN, 3], 9)]
)
def test_the_median_series_is_one_of_those_that_err(errors: list[float], median: float) -> None:
    assert conformal.median_square_of(np.array(errors)[None, :, None]) == pytest.approx(median)


def test_a_mean_square_is_of_the_known_residuals() -> None:
    residuals = np.array([[[3.0, NAN], [NAN, NAN]], [[1.0, NAN], [NAN, NAN]]])
    assert conformal._mean_squares(residuals).tolist() == [5, 0]
