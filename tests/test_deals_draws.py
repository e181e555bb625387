"""Futures that are drawn: what is added up where, which shocks they share, and that they keep to their means."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from forecasts.deals import draws as drawn
from forecasts.deals.amounts import Ratios
from forecasts.deals.draws import Block, Draws, shared_shocks
from forecasts.deals.inflow import Inflow
from forecasts.deals.panel import Panel, Windows
from forecasts.deals.scores import Scores
from forecasts.deals.settings import Settings
from forecasts.deals.table import Chances

pytestmark = pytest.mark.fast

NO_FRAME = pl.DataFrame()
RATIOS = Ratios({"talk": 0}, np.array([0.8, 1.0]), [np.array([0.4, 1.2]), np.array([1.0])], 50.0)


def panel_of(stages: list[str | None], amounts: list[float | None], **columns: list) -> Panel:
    frame = pl.DataFrame({"stage_code": stages, "amount": amounts} | columns,
                         schema_overrides={"stage_code": pl.String, "amount": pl.Float64})  # fmt: skip
    nothing = np.zeros(len(stages), int)
    return Panel(frame, nothing, nothing, nothing, {})


def scores(won: list[list[float]], open_deals: Panel, past: Panel | None = None) -> Scores:
    chances = Chances(np.array(won), np.zeros_like(won), np.ones(len(won)))
    ahead = Windows(0, np.array([0, 30, 60]), np.array([1, 31]))
    return Scores(NO_FRAME, NO_FRAME, NO_FRAME, NO_FRAME, NO_FRAME, open_deals, chances, RATIOS,
                  past or panel_of([], []), ahead)  # fmt: skip


def inflow(
    counts: list[float], curve: list[float], shock: float = 0.0, spread: float = 0.0, won: int = 10**9
) -> Inflow:
    return Inflow(np.array(counts), np.array(curve), spread, np.full(len(counts), shock), False, won)


def futures(of: Draws, level: tuple[np.ndarray, np.ndarray, int]) -> tuple[np.ndarray, np.ndarray]:
    return of.by_level({"one": level})["one"]


def test_wins_are_added_up_by_future_member_and_window_and_those_of_nobody_left_out() -> None:
    """Two futures: 5 and 7 of member 0 in window 0, 2 of nobody; then 3 of member 1 in window 1."""
    first = (np.array([0, 2, 0]), np.array([0, 0, 0]), np.array([5.0, 2.0, 7.0]))
    second = (np.array([1]), np.array([1]), np.array([3.0]))
    amounts, counts = Block.of([first, second]).added(np.array([0, 1, 2]), 2, 2)
    assert amounts.tolist() == [[[12, 0], [0, 0]], [[0, 0], [0, 3]]]
    assert counts.tolist() == [[[2, 0], [0, 0]], [[0, 0], [0, 1]]]


def test_every_future_is_kept_in_whole_blocks_and_in_the_last_that_is_not_full() -> None:
    """Of 250 futures each has the one deal that is sure, in some block of a hundred."""
    of = scores([[0.6, 0.6]], panel_of(["talk"], [10.0]))
    settings = Settings(draws=250, periods=2)
    amounts, counts = futures(
        Draws(of, inflow([0, 0], [0, 0]), np.array([1.0]), settings), (np.zeros(1, int),) * 2 + (1,)
    )
    assert counts.shape == (250, 1, 2) and 0.97 < counts.sum() / 250 <= 1
    assert set(counts.sum(axis=2).ravel()) == {0, 1} and counts[240:].any()
    ratio = amounts[counts > 0]
    assert set(ratio.round(9)) == {4.0, 12.0}, "8 is expected, times a half or one and a half"


def test_deals_are_won_as_often_and_when_their_chances_say() -> None:
    """A chance of .1 and .3; shocks move single futures and not their mean."""
    of = scores([[0.1, 0.3]] * 50, panel_of(["talk"] * 50, [None] * 50))
    settings = Settings(draws=600, periods=2)
    places = (np.zeros(50, int), np.zeros(0, int), 1)
    amounts, counts = futures(Draws(of, inflow([0, 0], [0, 0]), np.zeros(0), settings), places)
    np.testing.assert_allclose(counts.mean(axis=0)[0] / 50, [0.1, 0.3], atol=0.01)
    np.testing.assert_allclose(amounts, 50 * counts, err_msg="a deal without an amount brings what is typical")


def test_a_certain_deal_is_still_lost_once_in_a_hundred_times() -> None:
    of = scores([[1.0]] * 200, panel_of(["talk"] * 200, [1.0] * 200))
    places = (np.zeros(200, int), np.zeros(0, int), 1)
    _, counts = futures(Draws(of, inflow([0], [0]), np.zeros(0), Settings(draws=150, periods=1)), places)
    assert 0.9 < counts.mean() / 200 < 0.991 and counts.max() > 196


def test_new_deals_are_won_as_often_as_they_come_and_look_like_won_ones() -> None:
    """Ten come in each window, half of them are won at once and a fifth a window later: 5, then 7."""
    of = scores([[0.0, 0.0]], panel_of(["talk"], [1.0]))
    settings = Settings(draws=800, periods=2)
    made = Draws(of, inflow([10, 10], [0.5, 0.2]), np.array([20.0, 40.0]), settings)
    amounts, counts = futures(made, (np.zeros(1, int), np.array([0, 1]), 2))
    np.testing.assert_allclose(counts.mean(axis=0), [[2.5, 3.5], [2.5, 3.5]], rtol=0.06)
    np.testing.assert_allclose(counts.sum(axis=1).var(axis=0), [5, 7], rtol=0.2)
    np.testing.assert_allclose(amounts.mean(axis=0), [[50, 70], [100, 140]], rtol=0.08)


def test_what_is_not_known_of_the_inflow_widens_it_and_leaves_its_mean() -> None:
    of = scores([[0.0]], panel_of(["talk"], [1.0]))
    variances = []
    for told in (inflow([100], [1.0], shock=0.3), inflow([100], [1.0], spread=0.3), inflow([100], [1.0], won=11)):
        made = Draws(of, told, np.array([1.0]), Settings(draws=1500, periods=1))
        _, counts = futures(made, (np.zeros(1, int), np.zeros(1, int), 1))
        assert counts.mean() == pytest.approx(100, rel=0.03)
        variances.append(float(counts.var()))
    beyond = 100 + 100**2 * np.expm1(np.array([0.09, 0.09, 1 / 11]))
    np.testing.assert_allclose(variances, beyond, rtol=0.2)


def test_without_won_deals_to_look_like_no_new_ones_are_drawn() -> None:
    of = scores([[0.0]], panel_of(["talk"], [1.0]))
    made = Draws(of, inflow([100], [1.0], won=0), np.zeros(0), Settings(draws=5, periods=1))
    _, counts = futures(made, (np.zeros(1, int), np.zeros(0, int), 1))
    assert not counts.any()


def test_the_same_seed_draws_the_same_futures() -> None:
    def once(seed: int) -> np.ndarray:
        of = scores([[0.5]] * 20, panel_of(["talk"] * 20, [1.0] * 20))
        made = Draws(of, inflow([0], [0]), np.zeros(0), Settings(draws=20, periods=1, seed=seed))
        return futures(made, (np.zeros(20, int), np.zeros(0, int), 1))[1]

    assert (once(1) == once(1)).all() and (once(1) != once(2)).any()


def test_the_error_of_a_mean_is_told_in_shares_of_it() -> None:
    """1 and 3: standard deviation 1, over the root of 2, over the mean of 2."""
    assert drawn._mean_spread(np.array([1.0, 3.0])) == pytest.approx(1 / np.sqrt(2) / 2)
    assert drawn._mean_spread(np.zeros(0)) == drawn._mean_spread(np.zeros(3)) == 0
    assert drawn._mean_spread(np.array([0.2, 0.2, 0.5])) == pytest.approx(np.sqrt(0.02) / np.sqrt(3) / 0.3)


def test_an_amount_is_what_is_expected_times_a_ratio_of_the_stage() -> None:
    rows = panel_of(["talk", "else", None, "talk"], [10.0, 10.0, None, None])
    amounts = drawn._Amounts(scores([[0.0]] * 4, rows), np.random.default_rng(3))
    many = np.array([amounts.of(np.arange(4)) for _ in range(60)])
    assert [set(column.round(9)) for column in many.T] == [{4.0, 12.0}, {10.0}, {50.0}, {50.0}]
    empty = Ratios({"talk": 0}, np.array([1.0, 1.0]), [np.zeros(0), np.array([2.0, 6.0])], 50.0)
    alone = scores([[0.0]] * 4, rows)
    object.__setattr__(alone, "ratios", empty)
    without = drawn._Amounts(alone, np.random.default_rng(3))
    assert {without.of(np.array([0]))[0] for _ in range(9)} == {10.0}


def past(origins: list[int], won: list[int], seen: list[int]) -> Panel:
    rows = pl.DataFrame({"origin": [date(2025, month, 28) for month in origins], "stage_code": "talk"})
    return Panel(rows, np.array(won), np.array(won), np.array(seen), {})


def test_the_shock_of_a_window_is_what_past_wins_scattered_beyond_chance() -> None:
    """Four origins of 20 deals, 0, 20, 0 and 20 won: 10 were expected, by luck a variance of 5.
    Excess 4 x (100 - 5) / 100, mixed with six origins of .08 squared."""
    origins = [month for month in (1, 2, 3, 4) for _ in range(20)]
    won = [int(month % 2 == 0) for month in origins]
    of = scores([[0.0]], panel_of(["talk"], [1.0]), past(origins, won, [1] * 80))
    whole, single = shared_shocks(of)
    assert whole == 0.08 and single == pytest.approx(np.sqrt((3.8 + 6 * 0.08**2) / 10))


def test_wins_as_even_as_luck_leaves_them_shock_less_than_was_assumed() -> None:
    origins = [month for month in (1, 2) for _ in range(20)]
    even = past(origins, [index % 2 for index in range(40)], [1] * 40)
    assert shared_shocks(scores([[0.0]], panel_of(["talk"], [1.0]), even))[1] == pytest.approx(np.sqrt(6 / 8) * 0.08)


def test_windows_that_are_not_over_tell_nothing_of_shocks() -> None:
    origins = [month for month in (1, 2) for _ in range(20)]
    won = [int(month == 2) for month in origins]
    open_windows = past(origins, won, [0] * 40)
    assert shared_shocks(scores([[0.0]], panel_of(["talk"], [1.0]), open_windows)) == (0.08, 0.08)
    half = past(origins, won, [int(month == 1) for month in origins])
    assert shared_shocks(scores([[0.0]], panel_of(["talk"], [1.0]), half))[1] == pytest.approx(np.sqrt(6 / 7) * 0.08)
    second_window = Panel(half.rows, np.array(won) * 2, np.array(won), np.full(40, 2), {})
    assert shared_shocks(scores([[0.0]], panel_of(["talk"], [1.0]), second_window))[1] < 0.08
