"""What is known of a deal at a day: its own values, what changed of late, how those of customer and rep ended."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from deal_histories import deal_rows

from forecasts.deals import features
from forecasts.deals.features import raw_features
from forecasts.deals.history import History

pytestmark = pytest.mark.fast

TODAY = date(2025, 6, 30)


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def row(**known: object) -> pl.DataFrame:
    """One row of a panel: deal d0, open for 99 days, of a customer and an amount that nobody knows."""
    usual = {"deal_id": "d0", "origin": TODAY, "opened_on": days_ago(99), "customer_id": None, "amount": None}
    schema = {"customer_id": pl.String, "amount": pl.Float64}
    return pl.DataFrame([usual | known], schema_overrides=schema)


def deals(*rows: dict[str, object]) -> pl.DataFrame:
    return deal_rows(*rows, created_on=days_ago(99))


def history(known: pl.DataFrame, *seen: dict[str, object]) -> History:
    usual = {"deal_id": "d0", "status_code": "open", "stage_code": "talk", "known_on": days_ago(99), "amount": None}
    return History(TODAY, known, pl.DataFrame([usual | one for one in seen], schema_overrides={"amount": pl.Float64}))


def test_dates_are_told_in_days_and_numbers_by_their_kind() -> None:
    told = raw_features(
        history(deals({}), {}),
        row(stage_since=days_ago(9), expected_close_on=days_ago(-19), has_budget=True, typed_probability=0.8,
            customer_size=99.0, score=2.5, channel="fair", known_on=days_ago(3), stage_order=3, amount=9.0, note=[1]),
    )  # fmt: skip
    assert told.drop("amount_growth").row(0, named=True) == pytest.approx(
        {"age_days": np.log(100), "amount": np.log(10), "stage_since": -np.log(10), "expected_close_on": np.log(20),
         "has_budget": 1.0, "typed_probability": np.log(4), "customer_size": np.log(100), "score": 2.5,
         "channel": "fair"}
    )  # fmt: skip


@pytest.mark.parametrize(("typed", "held"), [(0.0, 0.02), (1.0, 0.98), (0.5, 0.5), (0.02, 0.02), (0.97, 0.97)])
def test_a_chance_entered_by_hand_is_never_taken_as_certain(typed: float, held: float) -> None:
    told = raw_features(history(deals({}), {}), row(typed_probability=typed))["typed_probability"][0]
    assert told == pytest.approx(np.log(held / (1 - held)), abs=1e-9)


def test_an_amount_below_nothing_is_nothing_and_one_that_is_no_number_is_unknown() -> None:
    for amount, told in ((-5.0, 0.0), (float("nan"), None), (None, None)):
        assert raw_features(history(deals({}), {}), row(amount=amount))["amount"][0] == told


def test_growth_of_the_amount_is_from_the_first_one_above_nothing() -> None:
    known = history(deals({}), {"amount": 0.0}, {"amount": 4.0, "known_on": days_ago(50)},
                    {"amount": 8.0, "known_on": days_ago(20)})  # fmt: skip
    for amount, told in ((8.0, np.log(2)), (1.0, -np.log(4)), (0.0, None), (None, None)):
        grown = raw_features(known, row(amount=amount))["amount_growth"][0]
        assert grown == (None if told is None else pytest.approx(told))


def test_what_rose_in_the_last_thirty_days_counts_from_what_was_known_before() -> None:
    later = [{"push_count": count, "known_on": days_ago(days)} for count, days in ((3, 31), (4, 30), (9, 29))]
    known = history(deals({}), {"push_count": 1}, *later)
    told = raw_features(known, row(push_count=9))
    assert told["push_count_30d"][0] == pytest.approx(np.log(1 + 5)), "from 4, known 30 days ago"
    younger = raw_features(known, row(push_count=3, origin=days_ago(75)))
    assert younger["push_count_30d"][0] == pytest.approx(np.log(1 + 3)), "nothing was known of it then"
    fallen = raw_features(known, row(push_count=2))
    assert fallen["push_count_30d"][0] == 0 and fallen["push_count"][0] == pytest.approx(np.log(3))


def test_rows_keep_their_order_whatever_their_days() -> None:
    known = history(deals({}, {}), {"push_count": 0}, {"deal_id": "d1", "push_count": 0})
    rows = pl.concat([row(push_count=3), row(deal_id="d1", push_count=1, origin=days_ago(5)), row(push_count=2)])
    assert np.expm1(raw_features(known, rows)["push_count_30d"].to_numpy()).round(9).tolist() == [3, 1, 2]
    assert "push_count_30d" not in raw_features(known, row()).columns


def customer_deals() -> pl.DataFrame:
    """Of customer c one deal won, two lost, one open, and one lost before the four years; of d one lost."""
    past = {"customer_id": "c", "created_on": days_ago(700)}
    ended = [(400, "won"), (300, "lost"), (0, "lost")]
    rows = [past | {"closed_on": days_ago(ago), "outcome": outcome} for ago, outcome in ended]
    oldest = {"customer_id": "c", "created_on": days_ago(1500), "closed_on": days_ago(1461), "outcome": "lost"}
    return deals(*rows, past, oldest, past | {"customer_id": "d", "closed_on": days_ago(9), "outcome": "lost"})


def test_a_customer_is_known_by_what_it_bought_in_four_years_to_the_day() -> None:
    """Lost on the day itself counts, four years to the day ago no longer: 1 won of 3, mixed with 3 at .35."""
    told = raw_features(history(customer_deals(), {}), row(customer_id="c")).row(0, named=True)
    share = (1 + 3 * 0.35) / 6
    assert told["customer_won_share"] == pytest.approx(np.log(share / (1 - share)))
    assert told["customer_deals_a_year"] == pytest.approx(np.log(4.5 / 4), rel=1e-3)
    assert told["customer_never_bought"] == told["customer_lost_and_never_bought"] == 0
    assert told["never_bought_lost_deals"] == told["customer_deals_a_year_and_never_bought"] == 0
    assert "rep_won_share" not in told and "customer_size_and_never_bought" not in told


def test_a_customer_who_has_never_bought_is_told_apart() -> None:
    told = raw_features(history(customer_deals(), {}), row(customer_id="d", customer_size=1000.0)).row(0, named=True)
    share = 3 * 0.35 / 4
    assert told["customer_won_share"] == pytest.approx(np.log(share / (1 - share)))
    assert told["customer_never_bought"] == told["never_bought_lost_deals"] == told["never_bought_deals"] == 1
    assert told["customer_lost_and_never_bought"] == pytest.approx(np.log(2))
    assert told["customer_deals_a_year_and_never_bought"] == pytest.approx(np.log(1.5 / 4), rel=1e-3)
    assert told["customer_size_and_never_bought"] == pytest.approx(np.log(1000) - 4.6)


def test_a_customer_that_nobody_names_has_no_deals() -> None:
    both = pl.concat([row(customer_id="c"), row(), row(customer_id="new")])
    told = raw_features(history(customer_deals(), {}), both)
    np.testing.assert_allclose(told["customer_never_bought"], [0, 1, 1])
    np.testing.assert_allclose(told["never_bought_deals"], [0, 0, 0])
    assert "customer_never_bought" not in raw_features(history(customer_deals(), {}), row()).columns


@pytest.mark.parametrize(("listed", "years"), [(30, 90), (90, 90), (91, 91), (1461, 1461), (1470, 1461)])
def test_deals_a_year_are_of_the_years_that_the_list_tells_of(listed: int, years: int) -> None:
    known = history(deals({"customer_id": "c", "created_on": days_ago(listed)}), {"known_on": days_ago(listed)})
    told = raw_features(known, row(customer_id="new"))["customer_deals_a_year"][0]
    assert told == pytest.approx(np.log(0.5 / (years / 365.25)))


def test_a_rep_is_known_by_ten_deals_at_the_usual_share_and_its_own() -> None:
    closed = [{"rep": "Ann", "closed_on": days_ago(9), "outcome": "won"}] * 4
    known = history(deals(*closed, {"rep": "Ann", "closed_on": days_ago(9), "outcome": "lost"}, {"rep": "Bo"}), {})
    told = raw_features(known, pl.concat([row(rep=name) for name in ("Ann", "Bo")]))["rep_won_share"]
    chances = np.array([(4 + 3.5) / 15, 0.35])
    np.testing.assert_allclose(told, np.log(chances / (1 - chances)))
    assert "rep_won_share" not in raw_features(history(deals({}), {}), row(rep="Ann")).columns


def test_a_customer_s_size_is_the_newest_that_any_of_its_deals_told() -> None:
    known = history(
        deals({"customer_id": "c"}, {"customer_id": "c"}, {}),
        {"customer_size": 10.0}, {"customer_size": 50.0, "known_on": days_ago(2)},
        {"deal_id": "d1", "customer_size": 20.0, "known_on": days_ago(5)},
        {"deal_id": "d1", "customer_size": None, "known_on": days_ago(1)}, {"deal_id": "d2", "customer_size": 7.0},
    )  # fmt: skip
    assert features._sizes(known).rows() == [("c", pytest.approx(np.log(50)))]
    assert features._sizes(history(deals({}), {})).schema == {"customer_id": pl.String, "size": pl.Float64}
    sizes = features._size(pl.DataFrame({"customer_size": [None, 0.5, 1.0, 7.0]}))
    np.testing.assert_allclose(sizes, [np.nan, 0, 0, np.log(7)])
