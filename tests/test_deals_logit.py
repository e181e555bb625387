"""The three outcomes of a deal are fitted to the maximum of their penalised likelihood, sums and slopes alike."""

from itertools import product

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from forecasts.deals import competing_logit
from forecasts.deals.competing_logit import Cells, fit_logit

pytestmark = pytest.mark.fast

ROWS, WINDOWS = 60, 3


def cells(seed: int = 5) -> Cells:
    """Rows of two columns, each seen in every window; about a third of the cells ends in each way."""
    draws = np.random.default_rng(seed)
    row, place = np.array(list(product(range(ROWS), range(WINDOWS)))).T
    return Cells(draws.normal(0, 1, (ROWS, 2)), row, place, draws.integers(0, 3, len(row)), WINDOWS)


def penalised(of: Cells, precision: float, centre: np.ndarray, slopes: np.ndarray) -> float:
    """Minus the log-likelihood, one cell after the other, and what the priors take."""
    total = 0.0
    for row, window, outcome in zip(of.row, of.place, of.outcome, strict=True):
        odds = [1.0]
        for side in slopes.reshape(2, -1):
            later = side[2 + window] if window else 0.0
            odds.append(float(np.exp(of.columns[row] @ side[:2] + side[2] + later)))
        total -= np.log(odds[outcome] / sum(odds))
    away = slopes.reshape(2, -1) - np.hstack([centre, np.zeros((2, of.places))])
    return float(total + (np.array([precision, precision, 1e-4, 4, 4]) * away**2).sum() / 2)


def test_log_odds_add_up_columns_the_level_and_what_a_later_window_differs_by() -> None:
    two = Cells(np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([0, 0, 1]), np.array([0, 1, 2]), np.zeros(3, int), 3)
    slopes = np.array([[10.0, 1, 100, 0.5, 0.25], [-1, -2, -7, 3, 4]])
    np.testing.assert_allclose(two.log_odds(slopes), [[112, 112.5, 135.25], [-12.0, -9, -16]])


def test_weights_are_summed_by_row_over_its_windows_and_by_window_over_all_rows() -> None:
    three = Cells(np.zeros((3, 1)), np.array([0, 0, 2]), np.array([0, 1, 1]), np.zeros(3, int), 3)
    weight = np.array([1.0, 2, 4])
    np.testing.assert_array_equal(three.by_row(weight), [3, 0, 4])
    np.testing.assert_array_equal(three.levels(weight), [7, 6, 0])


def test_rows_without_windows_are_cells_of_one_window() -> None:
    flat = Cells.of_rows(np.zeros((3, 2)), np.array([0, 1, 2]))
    assert (flat.row.tolist(), flat.place.tolist(), flat.places) == ([0, 1, 2], [0, 0, 0], 1)


@pytest.mark.parametrize("far", [0.0, 6.0])
def test_the_fit_is_the_maximum_however_far_from_it_the_search_begins(far: float) -> None:
    """Penalties lean on the centre, where the search begins: from 6 away a whole step goes too far."""
    of, precision = cells(), 0.01 if far else 40.0
    centre = np.array([[0.3, -0.2], [0.1, 0.0]]) + np.array([[far, -far], [-far, far]])
    fitted = fit_logit(of, precision, centre)
    np.testing.assert_allclose(
        approx_fprime(fitted.ravel(), lambda x: penalised(of, precision, centre, x)), 0, atol=2e-3
    )


def test_shares_without_columns_are_the_counted_ones() -> None:
    outcome = np.repeat([0, 1, 2], [50, 30, 20])
    fitted = fit_logit(Cells.of_rows(np.zeros((100, 0)), outcome), 40.0, np.zeros((2, 0)))
    np.testing.assert_allclose(fitted[:, 0], np.log([30 / 50, 20 / 50]), atol=1e-4)


def test_loss_gradient_and_curvature_are_those_of_the_penalised_likelihood() -> None:
    of, centre = cells(7), np.zeros((2, 2))
    slopes = np.random.default_rng(1).normal(0, 0.5, (2, 5))
    prior, whole = np.array([40, 40, 1e-4, 4, 4]), np.zeros((2, 5))
    is_it = np.stack([of.outcome == 1, of.outcome == 2]).astype(float)

    def loss(x: np.ndarray) -> float:
        return competing_logit._loss(of, is_it, prior, x.reshape(2, 5), whole)

    def gradient(x: np.ndarray) -> np.ndarray:
        won, lost = competing_logit._chances(of.log_odds(x.reshape(2, 5)))
        rest = is_it - np.stack([won, lost])
        sums = np.stack([competing_logit._gradient(of, part) for part in rest])
        return (prior * x.reshape(2, 5) - sums).ravel()

    assert loss(slopes.ravel()) == pytest.approx(penalised(of, 40, centre, slopes))
    np.testing.assert_allclose(gradient(slopes.ravel()), approx_fprime(slopes.ravel(), loss), rtol=1e-4, atol=1e-4)
    won, lost = competing_logit._chances(of.log_odds(slopes))
    curvature = competing_logit._curvature(of, of.columns.astype(np.float32), won, lost, prior)
    np.testing.assert_allclose(curvature, approx_fprime(slopes.ravel(), gradient), rtol=1e-3, atol=1e-3)


def test_odds_too_large_to_be_written_are_still_chances() -> None:
    won, lost = competing_logit._chances(np.array([[1000.0, -1000.0, 0.0], [0.0, 0.0, 0.0]]))
    np.testing.assert_allclose(won, [1, np.exp(-30) / 2, 1 / 3], rtol=1e-9)
    np.testing.assert_allclose(lost, [np.exp(-30), 1 / 2, 1 / 3], rtol=1e-9)
