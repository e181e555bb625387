"""Bounds of small candidates by hand: which errors count, by which size, and what a constant series gets."""

import numpy as np
import pytest

from forecasts.backtesting.rolling_origin import Candidates, Origin
from forecasts.panel.batch import Batch
from forecasts.panel.frequency import Frequency
from forecasts.selection.fallback import NORMAL_QUANTILES
from forecasts.uncertainty import bounds
from forecasts.uncertainty.bounds import Errors, Residuals, all_bounds

pytestmark = pytest.mark.fast

NAN = np.nan
GROUPS = [("regular", "total"), ("regular", "region"), ("regular", "region"), ("regular", ""), ("short", "region")]


def batch(*series: list[float]) -> Batch:
    values = tuple(np.array(one, dtype=float) for one in series)
    return Batch(tuple("abcdefghi"[: len(series)]), values, np.full(len(series), 600), Frequency("QS"))


def test_residuals_of_periods_that_were_not_over_are_unknown() -> None:
    """Hold-outs of 1 and 3, steps 1 to 3: known at 1 are periods that ended one before the end of the history."""
    held_out = np.array([[1], [3]])
    residuals = Residuals(np.ones((2, 1, 3)), np.ones((2, 1), dtype=bool), held_out)
    assert (~np.isnan(residuals.known_at(1).values[:, 0])).tolist() == [[False] * 3, [True, True, False]]
    assert (~np.isnan(residuals.known_at(0).values[:, 0])).tolist() == [[True, False, False], [True] * 3]
    part = residuals.of(np.array([False]))
    assert part.values.shape == (2, 0, 3) and part.trusted.shape == part.held_out.shape == (2, 0)


def test_an_error_is_scaled_by_what_was_the_scale_then_unless_that_was_another() -> None:
    """Scales of 2 and .5 beside 4 now: four times as large is the same, eight times is not, nor is a constant."""
    scale = np.array([[1.0, 0.5, 2.0]])
    errors = Errors(np.full((1, 3, 1), 8.0), scale, np.array([[False, False, True]]), np.ones((1, 3)))
    found = errors.scaled(np.array([4.0, 4.0, 4.0]))
    assert found.values[0, :, 0].tolist() == [8, 2, 2] and found.trusted.tolist() == [[True, False, False]]
    assert np.isnan(errors.scaled(np.array([NAN] * 3)).values[0, 2, 0])
    two = Errors(np.ones((2, 1, 1)), np.ones((2, 1)), np.zeros((2, 1), dtype=bool), np.array([[1], [2]]))
    assert two.first(1).values.shape == (1, 1, 1) and two.first(1).held_out.tolist() == [[1]]


def test_other_levels_of_the_same_segment_are_borrowed_from() -> None:
    in_group, others = bounds._members(GROUPS, ("regular", "region"))
    assert in_group.tolist() == [False, True, True, False, False] and others.tolist() == [
        True,
        False,
        False,
        False,
        False,
    ]
    in_group, others = bounds._members(GROUPS, ("regular", ""))
    assert in_group.tolist() == [False, False, False, True, False] and not others.any()
    assert bounds._members(GROUPS, ("short", "region"))[1].tolist() == [False] * 5


def test_a_constant_series_has_its_naive_errors_around_forecast_and_naive_forecast() -> None:
    """Two equal values of 8: a spread of 8 / 4 a step; the last value is 8, the forecast 7. Without values: none."""
    low, high = bounds._naive_bounds(batch([8, 8], []), np.array([[7.0], [3.0]]), 80)
    width = NORMAL_QUANTILES[80] * 2
    np.testing.assert_allclose([low[:, 0], high[:, 0]], [[7 - width, 3], [8 + width, 3]])
    low, high = bounds._naive_bounds(batch([8, 8]), np.array([[9.0, 9.0]]), 95)
    np.testing.assert_allclose(high - 9, 9 - low - 1)
    np.testing.assert_allclose((9 - 1 - low)[0], NORMAL_QUANTILES[95] * 2 * np.sqrt([1, 2]))


def test_what_never_moved_is_constant() -> None:
    assert bounds._is_constant(batch([5, 5, 5], [0, 0], [1, 2], [3], [])).tolist() == [True, True, False, True, True]


def origin(rows: list[int], held_out: list[int], errors: list[list[float]], **models: float) -> Origin:
    """Forecasts of a number where the actual is that number and an error."""
    made = {name: np.full((len(rows), len(errors[0])), value) for name, value in models.items()}
    actual = np.array(errors) + next(iter(models.values()))
    return Origin(np.array(rows), np.array(held_out), actual, np.full(len(rows), 2.0), np.ones(len(rows)), made)


HISTORY = batch([1, 2, 4, 3, 5, 7], [5, 5, 5, 5, 5, 6])


def candidates(origins: tuple[Origin, ...], evaluation: tuple[Origin, ...] = ()) -> Candidates:
    return Candidates(HISTORY, 2, np.array([2.0, 4.0]), {"pool": np.array([[10.0, 10], [20, 20]])}, origins, evaluation)


def test_errors_are_told_by_cutoff_series_and_step() -> None:
    """The second series lacks the older cutoff, before which it had been constant; a newer hold-out counts once."""
    evaluated = origin([0, 1], [1, 1], [[3, NAN], [-4, NAN]], pool=10.0)
    same = origin([1, 0], [1, 3], [[9, NAN], [5, 6]], pool=10.0)
    given = candidates((same,), (evaluated,))
    found = bounds._errors(given, "pool", bounds._constant_at(given))
    np.testing.assert_array_equal(found.values, [[[3, NAN], [-4, NAN]], [[5, 6], [NAN, NAN]]])
    np.testing.assert_array_equal(found.scale, [[2, 2], [2, 2]])
    assert found.is_constant.tolist() == [[False, True], [False, True]]
    assert found.held_out.tolist() == [[1, 1], [3, 1]]
    alone = candidates((origin([0], [3], [[5, 6]], pool=10.0),))
    found = bounds._errors(alone, "pool", bounds._constant_at(alone))
    assert found.held_out.tolist() == [[3, 3]] and np.isnan(found.scale[0, 1])
    empty = bounds._errors(alone, "unknown", {})
    assert empty.values.shape == (1, 2, 1) and np.isnan(empty.values).all()


def test_a_residual_is_sized_by_other_periods_but_by_half_of_its_series_size_at_least() -> None:
    """Sizes 4 and 1; without its own periods the first had a size of 1, taken as 2."""
    values = np.array([[[6.0], [3.0]], [[8.0], [NAN]]])
    residuals = Residuals(values, np.ones((2, 2), dtype=bool), np.array([[1, 1], [2, 2]]))
    poolable = np.array([[True, True], [True, False]])
    elsewhere = np.array([[1.0, 3.0], [4.0, 1.0]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounds.conformal, "sizes_without_each", lambda *unused: elsewhere)
        sized = bounds._sized(residuals, poolable, np.array([4.0, 1.0]))
    assert sized[:, 0].tolist() == [3, 1, 2]


def test_where_no_series_is_comparable_all_are_pooled() -> None:
    """A series whose scale has changed is left out beside one that has not, and counts where there is no other."""
    group, none = np.ones(2, dtype=bool), np.zeros(2, dtype=bool)
    for trusted, count in (([True, False], 1), ([False, False], 2), ([True, True], 2)):
        residuals = Residuals(np.array([[[3.0], [6.0]]]), np.array([trusted]), np.ones((1, 2), dtype=int))
        own, borrowed, sizes = bounds._scores(residuals, group, none)
        assert len(own) == count and len(borrowed) == 0 and len(sizes) == 2


def three(scale: float = 2.0) -> tuple[Origin, ...]:
    """Twenty-one series err by -10 ... 10 at one cutoff, so that quantiles can be counted."""
    errors = np.arange(-10.0, 11)[:, None]
    ones = np.full(21, scale)
    return (Origin(np.arange(21), np.full(21, 1), errors, ones, ones, {"pool": np.zeros((21, 1))}),)


def many(floor: float = -np.inf, *, constant: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    values = [np.array([1.0, 3, 2, 4, 6]) if row != constant else np.full(5, 4.0) for row in range(21)]
    rows = Batch(tuple(map(str, range(21))), tuple(values), np.full(21, 600), Frequency("QS"))
    given = Candidates(rows, 1, np.full(21, 2.0), {"pool": np.full((21, 1), 1.0)}, three())
    segments, nodes = np.full(21, "regular", dtype=object), np.full(21, "", dtype=object)
    future, past = all_bounds(given, segments, np.full(21, floor), nodes)
    assert past == () and set(future["pool"]) == {80, 95}
    return future["pool"][80]


def test_bounds_are_quantiles_of_the_errors_of_a_segment() -> None:
    """(21 + 1) x .1 = 2.2: the second from either side, 9 over a scale of 2; back by the scale and the size."""
    low, high = many()
    size = bounds.conformal.sizes_of(
        three()[0].actual[None] / 2, np.ones((1, 21), dtype=bool), np.ones((1, 21), dtype=int)
    )
    np.testing.assert_allclose(high[:, 0], 1 + 9 * size)
    np.testing.assert_allclose(low[:, 0], 1 - 9 * size)


def test_no_lower_bound_lies_below_the_floor() -> None:
    low, high = many(0.0)
    assert (low == 0).all() and (high > 5).all()


def test_a_constant_among_others_has_bounds_of_its_own() -> None:
    """Five values of 4: a spread of 4 / 25 around the last value and the forecast."""
    low, high = many(constant=3)
    width = NORMAL_QUANTILES[80] * 4 / 25
    np.testing.assert_allclose([low[3, 0], high[3, 0]], [1 - width, 4 + width])
    assert high[4, 0] > 6


@pytest.mark.parametrize("scored", [True, False])
def test_past_bounds_are_those_of_pool_and_served_at_each_evaluation(scored: bool) -> None:
    ends = ((1, NAN), (2, 1.0))  # of one period held out the second is not known
    evaluation = tuple(origin([0], [held], [[1.0, last]], pool=10.0, served=10.0, naive=3.0) for held, last in ends)
    given = candidates((), evaluation)
    given.future["served"] = given.future["pool"]
    labels = np.array(["regular"] * 2, dtype=object), np.zeros(2), np.array([""] * 2, dtype=object)
    future, past = all_bounds(given, *labels, scored=scored)
    assert set(future) == {"pool", "served"} and len(past) == 2
    assert [set(one) for one in past] == [{"served", "pool"} if scored else set()] * 2
    if scored:
        low, high = past[0]["pool"][95]
        assert low.shape == (1, 2) and (low < 10).all() and (high > 10).all()
        assert (past[1]["pool"][80][1] >= past[1]["pool"][80][0]).all()
