"""The win model's windows, bands and calibration, against sums and searches written another way."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.optimize import approx_fprime

from forecasts.deals import win_model
from forecasts.deals.competing_logit import Cells, fit_logit
from forecasts.deals.features import Recipe
from forecasts.deals.panel import Panel
from forecasts.deals.win_model import WinModel, bands, calibration, fit_win_model, hazards

pytestmark = pytest.mark.fast

NOTHING = Recipe({}, {}, (), {})


def model(recipe: Recipe = NOTHING) -> WinModel:
    """One column, two windows."""
    return WinModel(recipe, np.array([[1.0], [2.0]]), np.array([[0.5], [0]]), np.array([-1.0, -2]), np.zeros(2), 7)


def drawn(rows: int, periods: int, seed: int, share: float = 0.2) -> tuple[np.ndarray, Panel]:
    """Columns and the end of each row: a fifth of those still open is won in each window, a fifth lost."""
    draws = np.random.default_rng(seed)
    end, outcome = np.zeros(rows, int), np.zeros(rows, int)
    for window in range(1, periods + 1):
        draw, is_open = draws.random(rows), end == 0
        for which, low in ((1, 0.0), (2, share)):
            here = is_open & (draw >= low) & (draw < low + share)
            end[here], outcome[here] = window, which
    seen = draws.integers(0, periods + 1, rows)
    is_over = end <= seen
    frame = pl.DataFrame({"deal_id": [f"d{number // 2}" for number in range(rows)], "origin": date(2025, 1, 31)})
    return draws.normal(0, 1, (rows, 2)), Panel(
        frame, np.where(is_over, end, 0), np.where(is_over, outcome, 0), seen, {}
    )


def cells_by_loop(columns: np.ndarray, rows: Panel, first: int, last: int) -> Cells:
    told = []
    for row in np.flatnonzero((rows.end == 0) | (rows.end >= first)):
        for window in range(first, min(last, int(rows.seen[row])) + 1):
            ends_here = rows.end[row] == window
            told.append((row, window - first, rows.outcome[row] if ends_here else 0))
            if ends_here:
                break
    row, place, outcome = np.array(told).T
    return Cells(columns, row, place, outcome, last - first + 1)


@pytest.mark.parametrize(
    ("periods", "firsts"), [(1, [1]), (3, [1, 2, 3]), (4, [1, 2, 3, 4]), (6, [1, 2, 3, 4]), (12, [1, 2, 3, 4, 7])]
)
def test_near_windows_stand_alone_and_far_ones_share_their_slopes(periods: int, firsts: list[int]) -> None:
    made = bands(periods)
    assert [band.start for band in made] == firsts
    assert [window for band in made for window in band] == list(range(1, periods + 1))


def test_chances_are_those_of_what_is_still_open() -> None:
    """Second row, first window: odds 1 and e to 1 that it stays open, and the season's factor 2 on a win."""
    columns, season = np.array([[0.0], [1.0]]), np.array([[0.0, 0.0], [np.log(2), 0.0]])
    made = model().predict(columns, season)
    first_won, first_lost = 2 / (3 + np.exp(0.5)), np.exp(0.5) / (3 + np.exp(0.5))
    assert (made.won[1, 0], made.lost[1, 0]) == (pytest.approx(first_won), pytest.approx(first_lost))
    still = 1 - first_won - first_lost
    assert (made.won[1, 1], made.lost[1, 1]) == (pytest.approx(still / 3), pytest.approx(still / 3))
    assert made.won[0, 0] == pytest.approx(np.exp(-1) / (2 + np.exp(-1)))
    assert made.n.tolist() == [7, 7]


def test_log_odds_beyond_thirty_are_taken_as_thirty() -> None:
    won, lost = hazards(np.array([-99.0, 99.0, 99.0]), np.array([0.0, -99.0, 99.0]))
    np.testing.assert_allclose(won, [np.exp(-30) / 2, 1, 0.5], rtol=1e-9)
    np.testing.assert_allclose(lost, [0.5, np.exp(-60), 0.5], rtol=1e-9)


def test_a_calibrated_model_has_its_log_odds_turned_and_shifted_window_by_window() -> None:
    columns, season = np.array([[0.0], [3.0]]), np.zeros((2, 2))
    won, lost = model().log_odds(columns, season)
    moved = model().moved(np.array([[0.1, 0.9, 0.2, 0.8], [0.3, 1.1, 0.4, 1.2]])).log_odds(columns, season)
    np.testing.assert_allclose(moved[0], won * [0.9, 1.1] + [0.1, 0.3])
    np.testing.assert_allclose(moved[1], lost * [0.8, 1.2] + [0.2, 0.4])


def test_models_that_read_the_same_columns_carry_the_same_mark() -> None:
    one, other = (Recipe({name: (0.0, 1.0)}, {}, (), {}) for name in ("amount", "age_days"))
    assert model(one).features_hash == replace(model(one), closed_deals=8).features_hash != model(other).features_hash
    assert len(model(one).features_hash) == 16


def test_every_band_leans_on_what_the_first_four_windows_show_together() -> None:
    """Windows 5 and 6 are of the band that begins with 4; its slopes lean on those of windows 1 to 4."""
    columns, rows = drawn(900, 6, 3)
    fitted = fit_win_model(columns, NOTHING, rows, 6)
    shared = fit_logit(cells_by_loop(columns, rows, 1, 4), 40.0, np.zeros((2, 2)))[:, :2]
    third = fit_logit(cells_by_loop(columns, rows, 3, 3), 40.0, shared)
    far = fit_logit(cells_by_loop(columns, rows, 4, 6), 40.0, shared)
    np.testing.assert_allclose([fitted.won[2], fitted.lost[2]], third[:, :2], atol=1e-4)
    for window, later in ((3, [0, 0]), (4, far[:, 3]), (5, far[:, 4])):
        np.testing.assert_allclose([fitted.won[window], fitted.lost[window]], far[:, :2], atol=1e-4)
        levels = [fitted.level_won[window], fitted.level_lost[window]]
        np.testing.assert_allclose(levels, far[:, 2] + later, atol=1e-4)
    assert fitted.closed_deals == len({deal for deal, end in zip(rows.rows["deal_id"], rows.end, strict=True) if end})


@pytest.mark.parametrize(("wins", "is_learnt"), [(9, False), (10, True)])
def test_fewer_than_ten_ends_of_a_kind_teach_no_slopes(wins: int, is_learnt: bool) -> None:
    outcome = np.repeat([1, 2, 0], [wins, 30, 30])
    rows = Panel(pl.DataFrame({"deal_id": [f"d{n}" for n in range(len(outcome))]}), (outcome > 0) * 1, outcome,
                 np.ones(len(outcome), int), {})  # fmt: skip
    fitted = fit_win_model((outcome == 1)[:, None] * 1.0, NOTHING, rows, 1)
    assert (fitted.won[0, 0] > 0) == is_learnt
    assert ((fitted.level_won[0], fitted.level_lost[0]) == (-3.0, -3.0)) != is_learnt


def test_what_calibration_minimises_is_the_likelihood_with_its_priors() -> None:
    """By hand: shifts .1 and -.2 of sd .25, slopes 1.05 and .9 of sd .05, turned around the means -1 and 0."""
    odds, outcome = (np.array([-2.0, 0.0, -1.0]), np.array([1.0, -1.0, 0.0])), np.array([1, 2, 0])
    parts = np.array([0.1, 1.05, -0.2, 0.9])
    won, lost = -0.9 + 1.05 * np.array([-1.0, 1, 0]), -0.2 + 0.9 * np.array([1.0, -1, 0])
    likelihood = won[0] + lost[1] - np.log(1 + np.exp(won) + np.exp(lost)).sum()
    prior = ((0.1 / 0.25) ** 2 + (0.05 / 0.05) ** 2 + (0.2 / 0.25) ** 2 + (0.1 / 0.05) ** 2) / 2
    loss, gradient = win_model._loss(parts, odds, outcome)
    assert loss == pytest.approx(prior - likelihood)
    slope = approx_fprime(parts, lambda x: win_model._loss(x, odds, outcome)[0])
    np.testing.assert_allclose(gradient, slope, rtol=1e-4)


def test_calibration_takes_slopes_from_the_older_model_and_levels_from_the_new_one() -> None:
    """Of both windows of a band no other slope fits the unseen log-odds better, no other shift the learnt ones."""
    _, rows = drawn(400, 5, 8)
    draws = np.random.default_rng(9)
    unseen, learnt = ((draws.normal(level, 1, (400, 5)), draws.normal(level, 1, (400, 5))) for level in (-0.5, -2.0))
    found = calibration(unseen, learnt, rows)
    assert found.shape == (5, 4) and (found[3] == found[4]).all() and (found[2] != found[3]).any()
    cells = [(row, window) for window in (4, 5) for row in range(400)
             if rows.seen[row] >= window and (rows.end[row] == 0 or rows.end[row] >= window)]  # fmt: skip
    outcome = np.array([rows.outcome[row] if rows.end[row] == window else 0 for row, window in cells])
    of_unseen, of_learnt = (
        [np.array([side[row, window - 1] for row, window in cells]) for side in odds] for odds in (unseen, learnt)
    )
    shift_won, slope_won, shift_lost, slope_lost = found[3]
    from_mean = [shift_won + (slope_won - 1) * of_learnt[0].mean(), shift_lost + (slope_lost - 1) * of_learnt[1].mean()]
    best = np.array([from_mean[0], slope_won, from_mean[1], slope_lost])
    gradient = win_model._loss(best, (of_learnt[0], of_learnt[1]), outcome)[1]
    np.testing.assert_allclose(gradient[[0, 2]], 0, atol=1e-3)
    slopes = [win_model.minimize(win_model._loss, win_model.RIGHT, ((of_unseen[0], of_unseen[1]), outcome), jac=True).x]
    np.testing.assert_allclose(best[[1, 3]], slopes[0][[1, 3]], atol=1e-3)


def test_without_rows_a_model_is_right_as_it_is() -> None:
    _, rows = drawn(10, 2, 1)
    unseen = replace(rows, seen=np.zeros(10, int), end=np.zeros(10, int))
    odds = (np.zeros((10, 2)), np.zeros((10, 2)))
    assert calibration(odds, odds, unseen).tolist() == [[0, 1, 0, 1]] * 2
