"""Busier and quieter periods: which columns a kind of period has, and slopes at the most likely place."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from forecasts.deals import calendar_effects
from forecasts.deals.calendar_effects import Effects, fit_effects, poisson_ridge
from forecasts.panel.calendar import festival_share
from forecasts.panel.frequency import Frequency

pytestmark = pytest.mark.fast

YEAR = np.arange(600, 612)  # January to December 2020


@pytest.mark.parametrize(
    ("code", "by_month", "festivals", "width"),
    [
        ("YS", True, 1, 0),
        ("D", True, 1, 0),
        ("B", True, 1, 0),
        ("QS", True, 1, 1),
        ("QS", True, 0, 0),
        ("W-MON", True, 1, 2),
        ("W-MON", True, 0, 1),
        ("MS", False, 0, 1),
        ("MS", True, 0, 13),
        ("ME", True, 2, 15),
    ],
)
def test_each_kind_of_period_has_the_columns_that_can_vary_in_it(
    code: str, by_month: bool, festivals: int, width: int
) -> None:
    names = ("spring_festival", "mid_autumn")[:festivals]
    columns = calendar_effects._columns(Frequency(code), names, by_month, np.arange(50, 70))
    assert columns.shape == (20, width)


def test_months_are_told_apart_by_their_place_in_the_year_and_by_ends_of_quarters() -> None:
    columns = calendar_effects._columns(Frequency("MS"), (), True, YEAR)
    np.testing.assert_allclose(columns[:, 0], np.tile([-1 / 3, -1 / 3, 2 / 3], 4))
    np.testing.assert_allclose(columns[:, 1:], np.eye(12) - 1 / 12)


def test_a_week_ends_a_quarter_if_the_next_one_begins_in_another() -> None:
    weeks = Frequency("W-MON")
    around = weeks.index(np.array(["2020-03-16", "2020-03-23", "2020-03-30", "2020-04-06"], dtype="datetime64[D]"))
    np.testing.assert_allclose(calendar_effects._ends_quarter(weeks, around), [-1 / 3, -1 / 3, 2 / 3, -1 / 3])


def test_a_factor_is_the_exponential_of_its_columns_and_slopes() -> None:
    months = Frequency("MS")
    made = Effects(months, ("spring_festival",), False, np.array([0.5, 0.3]), np.diag([0.04, 0.09]))
    share = festival_share("spring_festival", months, YEAR)
    ends = np.tile([-1 / 3, -1 / 3, 2 / 3], 4)
    np.testing.assert_allclose(np.log(made.factors(YEAR)), 0.5 * share + 0.3 * ends)
    np.testing.assert_allclose(made.variances(YEAR), 0.04 * share**2 + 0.09 * ends**2)
    nothing = Effects.none(months)
    assert nothing.factors(YEAR).tolist() == [1] * 12 and nothing.variances(YEAR).tolist() == [0] * 12
    assert not nothing.by_month


def test_slopes_are_the_most_likely_ones_under_their_priors() -> None:
    draws = np.random.default_rng(4)
    columns, expected = draws.normal(0, 0.5, (40, 2)), draws.uniform(5, 20, 40)
    counts, prior_sd = draws.poisson(expected * np.exp(columns @ [0.4, -0.9])), np.array([0.15, 0.6])

    def minus_log(slopes: np.ndarray) -> float:
        log_mean = np.log(expected) + columns @ slopes
        return float((np.exp(log_mean) - counts * log_mean).sum() + ((slopes / prior_sd) ** 2).sum() / 2)

    slopes, covariance = poisson_ridge(columns, counts, expected, prior_sd)
    np.testing.assert_allclose(approx_fprime(slopes, minus_log), 0, atol=2e-3)
    curvature = approx_fprime(slopes, lambda x: approx_fprime(x, minus_log, 1e-5), 1e-4)
    np.testing.assert_allclose(covariance, np.linalg.inv(curvature), rtol=0.02)


def test_counts_far_from_what_was_expected_take_many_small_steps_and_stay_within_bounds() -> None:
    """A column of ones, a wide prior: the slope is the log of counts over expected, at most 5 either way."""
    ones = np.ones((5, 1))
    for ratio, slope in ((50.0, np.log(50)), (0.02, np.log(0.02))):
        found, _ = poisson_ridge(ones, np.full(5, 1000 * ratio), np.full(5, 1000.0), np.array([100.0]))
        assert found[0] == pytest.approx(slope, abs=1e-3)
    steep, variance = poisson_ridge(ones, np.full(5, 1e6), np.full(5, 1.0), np.array([1e3]))
    assert steep[0] > 5 and variance[0, 0] == pytest.approx(1 / (5 * np.exp(5) + 1e-6), rel=1e-6)


def test_months_move_as_far_as_their_counts_insist_and_no_further() -> None:
    """Thirty years of double Decembers: the log of 2 nearly; of one year the prior of .15 holds it back."""
    shape = np.where(np.arange(12) == 11, 200.0, 100.0)
    long = np.arange(360, 720)
    many = fit_effects(Frequency("MS"), long, np.tile(shape, 30), np.full(360, 108.0), (), by_month=True)
    one = fit_effects(Frequency("MS"), YEAR, shape / 10, np.full(12, 10.8), (), by_month=True)
    steps = [np.log(made.factors(YEAR)[11] / made.factors(YEAR)[8]) for made in (many, one)]
    assert steps[0] == pytest.approx(np.log(2), abs=0.02) and 0.1 < steps[1] < 0.35
    assert many.by_month and not fit_effects(Frequency("MS"), YEAR, shape, shape, ()).by_month
