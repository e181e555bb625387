"""Revenue from bookings: weights, level and season as the sums say, written out month by month."""

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from forecasts.deals import invoicing
from forecasts.deals.invoicing import Invoicing, fit_invoicing

pytestmark = pytest.mark.fast

USUAL = [share / 8.9 for share in (1, 2, 2, 1.5, 1, 0.7, 0.4, 0.3)]  # of a booking, invoiced in each month after it
MONTHS = 60


def series(seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(seed)
    booked = draws.uniform(50, 1500, MONTHS)
    return booked, np.convolve(booked, [0.2, 0.5, 0.3])[:MONTHS] + 400 + draws.normal(0, 60, MONTHS)


def fitted(booked: np.ndarray, revenue: np.ndarray) -> Invoicing:
    return fit_invoicing(booked, revenue, np.arange(len(revenue)) % 12, 12)


def by_loop(booked: np.ndarray, revenue: np.ndarray) -> np.ndarray:
    """Weights: errors of the last four years, and as much again for leaving the usual course."""
    rows = range(max(7, len(revenue) - 48), len(revenue))
    actual, spread = revenue[rows], np.std([booked[t] for t in rows])
    mean_of_lags = np.mean([sum(booked[t - lag] for t in rows) for lag in range(8)])
    share = max(sum(actual), 0) / mean_of_lags
    lines = [[*(booked[t - lag] for lag in range(8)), max(abs(np.mean(actual)), 1)] for t in rows]
    strength = spread * np.sqrt(len(actual))
    lines += [[strength * (lag == column) for column in range(8)] + [0] for lag in range(8)]
    target = [*actual, *(strength * share * one for one in USUAL)]
    return lsq_linear(np.array(lines), np.array(target), (0, np.inf), tol=1e-14).x[:8]


@pytest.mark.parametrize("size", [40, MONTHS])
def test_weights_are_those_of_least_error_and_the_usual_course(size: int) -> None:
    booked, revenue = (values[:size] for values in series())
    model = fitted(booked, revenue)
    np.testing.assert_allclose(model.weights, by_loop(booked, revenue), atol=1e-5)


def test_the_rest_has_the_level_of_its_newest_months_without_their_season() -> None:
    """Each month counts half as much as the one two months after it."""
    booked, revenue = series()
    model = fitted(booked, revenue)
    rest = np.array([revenue[t] - sum(model.weights[lag] * booked[t - lag] for lag in range(8)) for t in range(12, 60)])
    season = invoicing._season(rest, np.arange(12, 60) % 12, 12)
    counts = np.array([0.5 ** ((59 - t) / 2) for t in range(12, 60)])
    level = ((rest - season[np.arange(12, 60) % 12]) * counts).sum() / counts.sum()
    np.testing.assert_allclose(model.season, season, atol=1e-9)
    assert model.level == pytest.approx(level)


@pytest.mark.parametrize(("back", "matters"), [(48, True), (49, False)])
def test_four_years_of_revenue_are_learnt_from(back: int, matters: bool) -> None:
    booked, revenue = series()
    changed = revenue.copy()
    changed[-back] += 900
    assert (fitted(booked, changed).weights != fitted(booked, revenue).weights).any() == matters


def test_a_company_that_booked_or_earned_nothing_has_no_course() -> None:
    nothing = fitted(np.zeros(30), np.full(30, 5.0))
    assert not nothing.weights.any() and nothing.level == pytest.approx(5)
    paid_back = fitted(series()[0], np.full(MONTHS, -100.0))
    np.testing.assert_allclose(paid_back.weights, 0, atol=1e-9)
    assert paid_back.level == pytest.approx(-100)
    pennies = fitted(np.full(30, 1e-9), np.full(30, 1e-3))
    assert pennies.level + pennies.weights.sum() * 1e-9 == pytest.approx(1e-3)


def test_a_season_is_what_months_deviate_from_a_year_around_them_mixed_with_none() -> None:
    """By a loop: months before the first and after the last six count as the mean of those six."""
    rest = np.random.default_rng(3).normal(100, 20, 30)
    places = np.arange(5, 35) % 12
    around = [*[rest[:6].mean()] * 6, *rest, *[rest[-6:].mean()] * 6]
    away = [rest[t] - np.mean(around[t : t + 13]) for t in range(30)]
    expected = [
        sum(away[t] for t in range(30) if places[t] == place) / (1 + (places == place).sum()) for place in range(12)
    ]
    np.testing.assert_allclose(invoicing._season(rest, places, 12), expected)


def test_months_ahead_are_what_was_booked_up_to_seven_months_before_and_level_and_season() -> None:
    """Half of a booking in its own month, a fifth seven months on; the first month ahead is the second of four."""
    weights = np.array([0.5, 0, 0, 0, 0, 0, 0, 0.2])
    model = Invoicing(weights, 100.0, np.array([1.0, 2, 3, 4]))
    bookings = np.arange(10.0, 21.0)
    np.testing.assert_allclose(
        model.ahead(bookings, 1, 3), [0.5 * 18 + 0.2 * 11 + 102, 0.5 * 19 + 0.2 * 12 + 103, 0.5 * 20 + 0.2 * 13 + 104]
    )
    np.testing.assert_allclose(model.ahead(bookings, 3, 2) - 100, [0.5 * 19 + 0.2 * 12 + 4, 0.5 * 20 + 0.2 * 13 + 1])
