"""Parts of the deal forecast on a handful of deals, with the figures as they are counted by hand."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from forecasts.deals.calendar_effects import Effects
from forecasts.deals.features import in_plain, raw_features
from forecasts.deals.history import History
from forecasts.deals.inflow import fit_inflow
from forecasts.deals.judging import cut_back, judged, log_likelihood
from forecasts.deals.panel import Panel
from forecasts.deals.settings import Settings
from forecasts.deals.table import Chances, chained
from forecasts.panel.frequency import Frequency

pytestmark = pytest.mark.fast

MONTHS = Frequency("MS")
ORIGINS = [date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 31)]


def panel(origins: list[date], end: list[int], outcome: list[int], seen: list[int]) -> Panel:
    rows = pl.DataFrame({"deal_id": [f"d{number}" for number in range(len(end))], "origin": origins})
    return Panel(rows, np.array(end), np.array(outcome), np.array(seen), {})


def chances(won: list[list[float]], lost: list[list[float]]) -> Chances:
    return Chances(np.array(won), np.array(lost), np.zeros(len(won)))


def test_a_deal_is_as_likely_as_how_it_ended_or_that_it_is_still_open() -> None:
    """Won .2 and .1, lost .3 and .1 in two windows: open after one 1 - .5, after both 1 - .7, before any surely."""
    same = chances([[0.2, 0.1]] * 5, [[0.3, 0.1]] * 5)
    rows = panel(ORIGINS[:1] * 5, [2, 1, 0, 0, 0], [1, 2, 0, 0, 0], [2, 2, 1, 2, 0])
    np.testing.assert_allclose(np.exp(log_likelihood(same, rows)), [0.1, 0.3, 0.5, 0.3, 1.0])


def test_the_brier_score_is_the_squared_distance_of_chance_and_outcome() -> None:
    """Ten won at .8 and thirty lost at .1: .04 and .01, which is .0175 on average."""
    won = np.arange(40) < 10
    chance = [[0.8] if is_won else [0.1] for is_won in won]
    rows = panel(ORIGINS[:1] * 40, [1] * 40, [1 if is_won else 2 for is_won in won], [1] * 40)
    verdict = judged(chances(chance, [[0.2] if is_won else [0.9] for is_won in won]), rows)
    assert verdict.brier == pytest.approx(0.0175) and verdict.auc == 1.0 and verdict.rows == 40
    assert verdict.log_loss == pytest.approx(-(np.log(0.8) + 3 * np.log(0.9)) / 4)


def test_an_origin_ago_what_ended_since_was_still_open() -> None:
    """January's deals saw two windows: one won in the third is open, February's lost in the first is known."""
    rows = panel([ORIGINS[0], ORIGINS[0], ORIGINS[1], ORIGINS[2]], [3, 2, 1, 1], [1, 1, 2, 1], [3, 3, 2, 1])
    before, kept = cut_back(rows, 1)
    assert kept.tolist() == [True, True, True, False]
    assert (before.end.tolist(), before.outcome.tolist()) == ([0, 2, 1], [0, 1, 2])
    assert before.seen.tolist() == [2, 2, 1]


def test_chances_of_a_deal_never_sum_to_more_than_one() -> None:
    """Hazards of .9 and .3 are cut to .98 together; of the .02 still open the next window takes .5 and .3."""
    made = chained(np.array([[0.9, 0.5]]), np.array([[0.3, 0.3]]), np.zeros(1))
    np.testing.assert_allclose(made.won, [[0.735, 0.01]])
    np.testing.assert_allclose(made.lost, [[0.245, 0.006]])


def history(opened: list[date], closed: list[date | None], outcome: list[str | None], rep: str = "Ann") -> History:
    ids = [f"d{number}" for number in range(len(opened))]
    shared = {"deal_id": ids, "amount": [5.0] * len(ids)}
    deals = pl.DataFrame(
        shared | {"basis": "exact_history", "customer_id": None, "created_on": opened, "closed_on": closed}
        | {"outcome": outcome, "rep": rep},
        schema_overrides={"customer_id": pl.String, "closed_on": pl.Date, "outcome": pl.String},
    )  # fmt: skip
    seen = pl.DataFrame(shared | {"known_on": opened, "status_code": "open", "stage_code": "talk", "rep": rep})
    return History(ORIGINS[-1], deals, seen)


def test_a_company_none_of_whose_deals_has_closed_still_gets_new_ones() -> None:
    """Two a month for six months: two a month are expected, and no curve tells yet when they will be won."""
    opened = [date(2024, month, day) for month in range(10, 13) for day in (3, 20)]
    opened += [date(2025, month, day) for month in range(1, 4) for day in (3, 20)]
    young = history(opened, [None] * 12, [None] * 12)
    first = int(MONTHS.index(np.array(["2025-04-01"], dtype="datetime64[D]"))[0])
    inflow = fit_inflow(young, MONTHS, first, 0.5, Settings(festivals=()))
    np.testing.assert_allclose(inflow.counts, [1.0] + [2.0] * 11)
    assert inflow.won_count == 0 and not inflow.curve.any() and not inflow.has_trend


def test_a_seller_s_share_of_wins_leans_on_that_of_all_and_is_told_in_log_odds() -> None:
    """Five won and two lost, mixed with ten deals of which .35 are won: 8.5 of 17, which is even odds."""
    outcome: list[str | None] = [*["won"] * 5, *["lost"] * 2]
    known = history([date(2024, 6, 1)] * 7, [date(2024, 9, 1)] * 7, outcome)
    asked = known.observations.head(2).with_columns(
        origin=ORIGINS[0], opened_on=date(2025, 1, 1), customer_id=pl.lit(None, dtype=pl.String)
    )
    asked = asked.with_columns(rep=pl.Series(["Ann", "Bob"]))
    share = raw_features(known, asked)["rep_won_share"].to_list()
    np.testing.assert_allclose(share, [0.0, np.log(0.35 / 0.65)], atol=1e-12)


def test_how_little_is_known_of_a_season_is_nothing_where_none_is_looked_for() -> None:
    quarter = np.arange(660, 663)  # January to March 2025; the last one ends a quarter, 2 / 3 above the mean of months
    assert Effects.none(MONTHS).variances(quarter).tolist() == [0, 0, 0]
    ends = Effects(MONTHS, (), False, np.array([0.3]), np.array([[0.09]]))
    np.testing.assert_allclose(ends.variances(quarter), [0.01, 0.01, 0.04])
    np.testing.assert_allclose(np.log(ends.factors(quarter)), [-0.1, -0.1, 0.2])


def test_a_number_without_a_unit_is_told_to_two_digits() -> None:
    assert in_plain("score", pl.Series([1.0, 0.126, None])).to_list() == ["1.0", "0.13", "unknown"]
