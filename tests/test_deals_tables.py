"""Chances by stage and window, counted; and figures that judge them, worked out by hand."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from forecasts.deals import judging, table
from forecasts.deals.calendar_effects import Effects, poisson_ridge
from forecasts.deals.judging import auc, cut_back, gain, judged, log_likelihood, places_back, slope
from forecasts.deals.panel import Panel
from forecasts.deals.settings import Settings
from forecasts.deals.table import Chances, StageTable, chained, fit_table
from forecasts.panel.frequency import Frequency

pytestmark = pytest.mark.fast

MONTHS = Frequency("MS")
ORIGIN = date(2025, 1, 31)


def panel(stages: list[str | None], end: list[int], outcome: list[int], seen: list[int], **columns: list) -> Panel:
    count = len(stages)
    frame = {"deal_id": [f"d{n}" for n in range(count)], "stage_code": stages, "basis": ["exact_history"] * count,
             "origin": [ORIGIN] * count} | columns  # fmt: skip
    rows = pl.DataFrame(frame, schema_overrides={"stage_code": pl.String})
    return Panel(rows, np.array(end), np.array(outcome), np.array(seen), {})


def test_hazards_are_counts_among_those_still_open_that_lean_on_the_window_before() -> None:
    """Of 9 at risk in window 1 three won and one lost, each with one more at a tenth; in window 2 of the three left
    that were seen one lost, with one more at the hazard before."""
    rows = panel(["talk"] * 9, [1, 1, 1, 1, 2, 0, 0, 0, 0], [1, 1, 1, 2, 2, 0, 0, 0, 0], [2, 2, 2, 2, 2, 2, 2, 1, 1])
    found = table._hazards(rows, np.zeros(9, int), 1, 2, None)
    won, lost = 3.1 / 10, 1.1 / 10
    np.testing.assert_allclose(found[:, 0, 0], [won, lost])
    np.testing.assert_allclose(found[:, 0, 1], [won / 4, (1 + lost) / 4])


def test_the_hazards_of_a_cell_lean_on_twenty_rows_of_its_parent() -> None:
    rows = panel(["talk"] * 4, [1, 1, 0, 0], [1, 2, 0, 0], [1, 1, 1, 0])
    parent = np.array([[[0.1, 0.5], [0.2, 0.6]], [[0.3, 0.7], [0.4, 0.8]]])
    found = table._hazards(rows, np.array([0, 1, 1, 1]), 2, 2, parent)
    np.testing.assert_allclose(found[:, :, 0], [[(1 + 2) / 21, 4 / 22], [6 / 21, (1 + 8) / 22]])
    np.testing.assert_allclose(found[:, :, 1], parent[:, :, 1], err_msg="no second window is over")


def test_a_cell_that_nobody_saw_counts_as_its_stage_and_an_unknown_stage_as_any_deal() -> None:
    rows = panel(["talk"] * 30 + ["offer"] * 10 + [None] * 2, [1] * 12 + [0] * 18 + [1] * 8 + [0] * 4,
                 [1] * 12 + [0] * 18 + [2] * 8 + [0] * 4, [1] * 42)  # fmt: skip
    made = fit_table(rows, MONTHS, Settings(periods=1, festivals=()))
    asked = panel(["talk", "talk", "new", None], [0] * 4, [0] * 4, [0] * 4,
                  basis=["exact_history", "dated_exports", "exact_history", "exact_history"])  # fmt: skip
    chances = made.predict(asked.rows)
    top_won, top_lost = 12.1 / 43, 8.1 / 43
    talk = (12 + 20 * top_won) / 50
    own = (12 + 20 * talk) / 50
    unknown = 20 / 22 * (20 / 22 * top_won)
    factor = chances.won[0, 0] / own
    np.testing.assert_allclose(chances.won[:, 0] / factor, [own, talk, top_won, unknown])
    np.testing.assert_allclose(chances.lost[2, 0], top_lost)
    assert chances.n.tolist() == [12, 12, 20, 0]
    assert factor == pytest.approx(1, abs=0.02)


def test_a_deal_of_many_origins_is_one_closed_deal_of_its_cell() -> None:
    rows = panel(["talk"] * 4, [1, 2, 1, 0], [1, 1, 2, 0], [2] * 4, deal_id=["a", "a", "b", "c"])
    assert table._closed(rows, np.array([0, 0, 0, 0]), 2).tolist() == [2, 0]
    assert table._closed(rows, np.array([0, 1, 1, 1]), 2).tolist() == [1, 2]


def test_hazards_above_one_together_are_cut_and_others_left() -> None:
    made = chained(np.array([[0.5, 0.5], [0.6, 0.1]]), np.array([[0.48, 0.5], [0.6, 0.1]]), np.zeros(2))
    np.testing.assert_allclose(made.won, [[0.5, 0.02 * 0.49], [0.49, 0.002]])
    np.testing.assert_allclose(made.lost, [[0.48, 0.02 * 0.49], [0.49, 0.002]])
    assert made.take(np.array([1])).won.tolist() == made.won[1:].tolist()
    assert made.take(np.array([1])).lost.shape == (1, 2) and made.take(np.array([1])).n.tolist() == [0]


def test_each_row_has_the_factors_of_the_windows_ahead_of_its_origin() -> None:
    """Ends of quarters .3 busier: from January's end February, March, April; from February's March, April, May."""
    ends = Effects(MONTHS, (), False, np.array([0.3]), np.zeros((1, 1)))
    rows = pl.DataFrame({"origin": [date(2025, 2, 28), ORIGIN]})
    factors = table.window_factors(ends, rows, 3)
    np.testing.assert_allclose(np.log(factors), [[0.2, -0.1, -0.1], [-0.1, 0.2, -0.1]])
    assert table.first_windows(MONTHS, rows).tolist() == [662, 661]
    made = StageTable({}, {}, np.array([[0.9, 0.1]]), np.array([[0.0, 0.1]]), np.array([3]), ends)
    chance = made.predict(rows.with_columns(stage_code=pl.lit("x"), basis=pl.lit("y")))
    np.testing.assert_allclose(chance.won[:, 0], [0.98, 0.9 * np.exp(-0.1)])


def test_a_calendar_is_learnt_from_first_windows_that_are_over() -> None:
    """Of forty deals twenty are won in a month that ends a quarter, ten in others: 40 / 3 are expected of each."""
    first_days = [date(2019 + month // 12, month % 12 + 1, 1) for month in range(72)]
    wins = np.array([20.0 if day.month % 3 == 0 else 10.0 for day in first_days])
    origins = [day - timedelta(days=1) for day in first_days for _ in range(40)]
    won = [int(place < count) for count in wins for place in range(40)]
    rows = panel(["talk"] * len(won), won, won, [1] * len(won), origin=origins)
    made = fit_table(rows, MONTHS, Settings(periods=1, festivals=())).effects
    ends = np.where(wins == 20, 2 / 3, -1 / 3)[:, None]
    slopes, _ = poisson_ridge(ends, wins, np.full(72, 40 / 3), np.array([0.15]))
    np.testing.assert_allclose(made.slopes, slopes, rtol=1e-3)
    assert made.slopes[0] > 0.5 and not made.by_month
    later = panel(["talk"] * len(won), [2 * one for one in won], won, [2] * len(won), origin=origins)
    assert fit_table(later, MONTHS, Settings(periods=2, festivals=())).effects.slopes[0] < 0.1
    unseen = panel(["talk"] * len(won), won, won, [0] * len(won), origin=origins)
    assert np.abs(fit_table(unseen, MONTHS, Settings(periods=1, festivals=())).effects.slopes).max() < 1e-9


def test_origins_are_numbered_back_from_the_newest() -> None:
    days = [date(2025, 1, 31), date(2025, 3, 31), date(2025, 2, 28), date(2025, 1, 31)]
    assert places_back(panel([None] * 4, [0] * 4, [0] * 4, [0] * 4, origin=days)).tolist() == [3, 1, 2, 3]


def test_an_origin_that_was_not_over_saw_nothing() -> None:
    days = [date(2025, month, 28) for month in (1, 2, 3)]
    before, kept = cut_back(panel([None] * 3, [1, 2, 1], [2, 1, 1], [3, 2, 1], origin=days), 2)
    assert kept.tolist() == [True, False, False]
    assert (before.end.tolist(), before.outcome.tolist(), before.seen.tolist()) == ([1], [2], [1])


def half_year(won: int, lost: int, seen: int = 6, end: int = 6) -> tuple[Chances, Panel]:
    """Won deals had a chance of .1 in each of seven windows, others of .05."""
    outcome = [1] * won + [2] * lost
    chances = np.repeat([0.1 if one == 1 else 0.05 for one in outcome], 7).reshape(-1, 7)
    ended = panel([None] * len(outcome), [end] * len(outcome), outcome, [seen] * len(outcome))
    return Chances(chances, np.full_like(chances, 0.02), np.ones(len(outcome))), ended


def test_chances_are_judged_by_what_was_won_within_half_a_year() -> None:
    verdict = judged(*half_year(10, 30))
    assert verdict.rows == 40 and verdict.auc == 1
    assert verdict.brier == pytest.approx((10 * 0.4**2 + 30 * 0.3**2) / 40)
    late = judged(*half_year(10, 30, seen=7, end=7))
    assert late.brier is None and late.log_loss == pytest.approx(-(10 * np.log(0.1) + 30 * np.log(0.02)) / 40)


@pytest.mark.parametrize(
    ("won", "lost", "seen", "is_judged"),
    [(10, 20, 6, True), (10, 19, 6, False), (10, 30, 5, False), (30, 0, 6, False), (0, 30, 6, False)],
)
def test_thirty_deals_of_both_kinds_whose_half_year_is_over_are_needed(
    won: int, lost: int, seen: int, is_judged: bool
) -> None:
    verdict = judged(*half_year(won, lost, seen, min(seen, 6)))
    assert [figure is not None for figure in (verdict.auc, verdict.brier, verdict.slope)] == [is_judged] * 3
    assert verdict.rows == won + lost and verdict.log_loss is not None


def test_no_rows_have_no_figures() -> None:
    verdict = judged(*half_year(0, 0))
    assert verdict == judging.Verdict(0, None, None, None, None)


def test_an_outcome_that_had_no_chance_costs_what_one_in_a_million_does() -> None:
    none = Chances(np.zeros((2, 1)), np.array([[0.0], [1.0]]), np.ones(2))
    rows = panel([None] * 2, [1, 0], [1, 0], [1, 1])
    np.testing.assert_allclose(log_likelihood(none, rows), np.log(1e-6))


def test_auc_counts_pairs_in_the_right_order_and_ties_half() -> None:
    """Won .9 and .5, lost .5, .2 and .1: of six pairs five in order and one tied."""
    chance, won = np.array([0.9, 0.5, 0.5, 0.2, 0.1]), np.array([True, True, False, False, False])
    assert auc(chance, won) == pytest.approx(5.5 / 6)


def test_a_slope_of_one_is_right_and_of_bold_chances_is_below_one() -> None:
    """Chances .2 and .8 of ten each: two and eight won are as promised; four and six are a slope of ln 1.5 / ln 4."""
    chance = np.repeat([0.2, 0.8], 10)
    for won, expected in ((2, 1.0), (4, np.log(1.5) / np.log(4)), (1, np.log(9) / np.log(4))):
        happened = np.concatenate([np.arange(10) < won, np.arange(10) < 10 - won])
        assert slope(chance, happened) == pytest.approx(expected, abs=1e-6)
    certain = np.repeat([0.0, 1.0], 10)
    happened = np.concatenate([np.arange(10) < 1, np.arange(10) < 9])
    assert slope(certain, happened) == pytest.approx(np.log(9) / np.log(1e6), rel=1e-4)


def test_a_gain_is_a_mean_over_deals_and_its_error_that_of_a_mean() -> None:
    """Deal a gained 1 and 3, b 4, c 9: means 2, 4 and 9, of which the mean is 5 and the variance 13."""
    better, worse = np.array([2.0, 4.0, 4.0, 9.0]), np.array([1.0, 1.0, 0.0, 0.0])
    mean, error = gain(better, worse, pl.Series(["a", "a", "b", "c"]))
    assert (mean, error) == (pytest.approx(5), pytest.approx(np.sqrt(13 / 3)))
    assert gain(better, worse, pl.Series(["a"] * 4)) == (0, float("inf"))
    assert gain(better[:2], worse[:2], pl.Series(["a", "b"]))[1] == pytest.approx(np.sqrt(2 / 2))
