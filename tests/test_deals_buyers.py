"""Who never bought: what the number of deals, beside that of customers as large, tells of one more."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from forecasts.deals.buyers import never_bought, usual_deals
from forecasts.deals.features import in_plain, raw_features
from forecasts.deals.history import History
from forecasts.deals.panel import panel
from forecasts.panel.frequency import Frequency

pytestmark = pytest.mark.fast


def listed(power: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Sixty customers of size 4 to 64 over four years, with size ** power deals each."""
    sizes = {f"c{n:02d}": 4 * 2 ** (n % 5) for n in range(60)}
    rows = [
        (name, date(2022, 1, 1) + timedelta(days=int(1460 * place / count)))
        for name, size in sizes.items()
        for count in [round(size**power)]
        for place in range(count + 1)
    ]
    size = pl.DataFrame({"customer_id": list(sizes), "size": np.log(list(sizes.values()))})
    return pl.DataFrame(rows, schema=["customer_id", "created_on"], orient="row"), size


@pytest.mark.parametrize("power", [0.0, 0.5])
def test_customers_of_its_size_say_how_many_deals_are_usual(power: float) -> None:
    deals, sizes = listed(power)
    rows = pl.DataFrame({"size": [np.log(4.0), np.log(64.0), float("nan")]})
    usual = usual_deals(deals, sizes, rows, np.full(3, 4.0))
    assert usual[1] / usual[0] == pytest.approx(16**power, rel=0.35)
    assert usual[0] < usual[2] < usual[1] or power == 0
    assert usual_deals(deals, sizes, rows, np.full(3, 2.0)) == pytest.approx(usual / 2)


def test_without_sizes_every_customer_has_as_many_as_the_mean() -> None:
    deals, sizes = listed(0.5)
    usual = usual_deals(deals, sizes.head(0), pl.DataFrame({"size": [float("nan")] * 2}), np.array([4.0, 1.0]))
    assert usual[0] == pytest.approx(len(deals) / 60, rel=0.01) and usual[1] == pytest.approx(usual[0] / 4)


def pairs(count: int, days: int = 1461) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Customers of size 1 with one deal and of size 4 with two in turn, over so many days."""
    first = date(2022, 1, 1)
    rows = [(f"c{n}", first + timedelta(days=days * place)) for n in range(count) for place in range(1 + n % 2)]
    size = pl.DataFrame(
        {"customer_id": [f"c{n}" for n in range(count)], "size": [np.log(1 + 3 * (n % 2)) for n in range(count)]}
    )
    return pl.DataFrame(rows, schema=["customer_id", "created_on"], orient="row"), size


@pytest.mark.parametrize(("count", "by_size"), [(30, True), (28, False)])
def test_deals_grow_with_the_root_of_the_size_where_they_do(count: int, by_size: bool) -> None:
    """One and a half deals each in four years: one of the small, two of the large; of an unknown size in between."""
    rows = pl.DataFrame({"size": [0.0, np.log(4), float("nan")]})
    usual = usual_deals(*pairs(count), rows, np.full(3, 4.0))
    np.testing.assert_allclose(usual, [1, 2, np.sqrt(2)] if by_size else [1.5] * 3, rtol=1e-6)
    deals, sizes = pairs(30, days=9)
    alike = usual_deals(deals, sizes.with_columns(size=pl.lit(2.0)), rows, np.ones(3))
    np.testing.assert_allclose(alike, [1.5 / 0.25] * 3, err_msg="a list of days counts as a quarter of a year")


def test_nobody_is_usual_without_deals() -> None:
    deals, sizes = pairs(30)
    nobody = usual_deals(
        deals.with_columns(customer_id=pl.lit(None, dtype=pl.String)), sizes, sizes.head(2), np.ones(2)
    )
    assert nobody.tolist() == [0, 0]


def test_more_than_fifteen_lost_or_twenty_five_deals_tell_nothing_new() -> None:
    columns = never_bought(np.array([90.0, 25]), np.zeros(2), np.array([80.0, 15]), np.array([70.0, 25]))
    assert columns.select(pl.nth(0, 1, 2)).rows() == [(15, 25, 25)] * 2


def test_the_columns_are_of_those_who_never_bought_alone() -> None:
    columns = never_bought(*(np.array(part, dtype=float) for part in ([9, 9, 90], [0, 1, 0], [8, 8, 80], [3, 3, 3])))
    assert columns.rows()[1] == (0.0, 0.0, 0.0, 0.0)
    assert columns.rows()[0] == (8.0, 9.0, 3.0, pytest.approx(np.log(10 / 3.5)))
    assert columns["never_bought_lost_deals"][2] == 15, "one more tells nothing new"


def world() -> History:
    """Two customers who never bought, of 20 and 2,000 employees, each with an open deal cut by a fifth."""
    opened = date(2025, 1, 10)
    deals = pl.DataFrame({"deal_id": ["a", "b"], "customer_id": ["small", "large"]}).with_columns(
        basis=pl.lit("exact_history"), created_on=pl.lit(opened), closed_on=pl.lit(None, pl.Date),
        outcome=pl.lit(None, pl.String), amount=pl.lit(80.0),
    )  # fmt: skip
    seen = [
        (deal, opened + timedelta(days=day), "open", "lead", amount, size)
        for deal, size in (("a", 20.0), ("b", 2000.0))
        for day, amount in ((0, 100.0), (20, 80.0))
    ]
    names = ["deal_id", "known_on", "status_code", "stage_code", "amount", "customer_size"]
    return History(date(2025, 3, 31), deals, pl.DataFrame(seen, schema=names, orient="row"))


def test_a_row_alone_is_as_in_a_batch_where_customers_have_a_size() -> None:
    history = world()
    rows = panel(history, Frequency("MS"), [history.as_of], 3).rows
    batch = raw_features(history, rows)
    for place in range(2):
        assert raw_features(history, rows[place : place + 1]).equals(batch[place : place + 1])
    assert batch["customer_size_and_never_bought"][0] < 0 < batch["customer_size_and_never_bought"][1]


def test_what_was_taken_off_the_amount_is_told_in_per_cent() -> None:
    history = world()
    raw = raw_features(history, panel(history, Frequency("MS"), [history.as_of], 3).rows)
    assert in_plain("amount_growth", raw["amount_growth"]).to_list() == ["-20 %", "-20 %"]
