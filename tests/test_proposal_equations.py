"""Which columns are amounts by what they make together: net and tax, a discount, a fee."""

import pytest
from proposal_table import columns_of, named, numbers_of

from pipelines.contracts import canonical_objects
from pipelines.ingest.proposals.guess import Guess
from pipelines.ingest.proposals.number_columns import Guesses, Numbers
from pipelines.ingest.proposals.sums import is_paid_out, with_amounts

pytestmark = pytest.mark.fast
LINES, ORDERS, PRODUCTS = (canonical_objects()[name] for name in ("order_lines", "orders", "products"))
NET = [100.0, 210.0, 320.0, 431.0, 542.0, 650.0]
# Taxes of no common rate: nothing but the sum tells what they are.
TAX = [7.1, 30.3, 11.7, 45.9, 13.3, 99.1]


def plus(left: list[float], right: list[float]) -> list[float]:
    return [a + b for a, b in zip(left, right, strict=True)]


def orders(numbers: Numbers, guesses: Guesses | None = None) -> dict[str, str]:
    return columns_of(with_amounts(numbers, ORDERS, guesses or {}))


def test_two_columns_that_a_tax_makes_are_net_and_gross() -> None:
    numbers = numbers_of(A=plus(NET, TAX), B=NET, Tax=TAX)
    assert orders(numbers) == {"B": "amount_net", "A": "amount_gross", "Tax": "amount_tax"}
    wrong = named(amount_net="A", amount_gross="B")
    wrong = {header: Guess(header, guess.column, 0.7) for header, guess in wrong.items()}
    assert orders(numbers, wrong) == {"B": "amount_net", "A": "amount_gross", "Tax": "amount_tax"}
    assert with_amounts(numbers, ORDERS, {})["B"].confidence == 0.9
    assert columns_of(with_amounts(numbers, PRODUCTS, {})) == {}
    assert orders(numbers_of(A=plus(NET, TAX), B=NET, Toll=TAX)) == {}


def test_a_column_that_is_sure_to_be_something_else_is_no_amount() -> None:
    numbers = numbers_of(A=plus(NET, TAX), B=NET, Tax=TAX)
    assert orders(numbers, named(due_on="B")) == {"B": "due_on"}
    kept = orders(numbers, named(status="X", amount_net="C"))
    assert kept == {"X": "status", "B": "amount_net", "A": "amount_gross", "Tax": "amount_tax"}


def test_amounts_without_a_tax_or_mostly_zero_say_nothing() -> None:
    zeros = [0.0] * 6
    assert orders(numbers_of(A=NET, B=NET, Tax=zeros)) == {}
    assert orders(numbers_of(A=plus(zeros[:3] + NET[3:], TAX), B=zeros[:3] + NET[3:], Tax=TAX)) == {}


@pytest.mark.parametrize(("count", "is_told"), [(2, True), (4, True), (5, False)])
def test_of_several_taxes_none_is_the_tax_and_more_than_four_are_no_document(count: int, is_told: bool) -> None:
    taxes = {f"Tax_{n}": [cell * n for cell in TAX] for n in (1, 3, 5, 7, 11)[:count]}
    gross = NET
    for tax in taxes.values():
        gross = plus(gross, tax)
    expected = {"N": "amount_net", "G": "amount_gross"} if is_told else {}
    assert orders(numbers_of(N=NET, G=gross, **taxes)) == expected


def test_headers_that_name_net_and_gross_stand_unless_another_column_makes_the_gross_amount() -> None:
    named_both = named(amount_net="Net", amount_gross="Gross", amount_tax="Tax")
    right = numbers_of(Net=NET, Gross=plus(NET, TAX), Tax=TAX, More=NET)
    assert orders(right, named_both) == columns_of(named_both)
    before = numbers_of(Net=plus(NET, NET), Gross=plus(NET, TAX), Tax=TAX, Taxable=NET)
    assert orders(before, named_both) == {"Taxable": "amount_net", "Gross": "amount_gross", "Tax": "amount_tax"}
    nothing = numbers_of(Net=plus(NET, NET), Gross=plus(NET, TAX), Tax=TAX)
    assert orders(nothing, named_both) == columns_of(named_both)
    no_tax = numbers_of(Net=plus(NET, NET), Gross=plus(NET, TAX), Vat=TAX, Taxable=NET)
    assert orders(no_tax, named(amount_net="Net", amount_gross="Gross")) == {
        "Net": "amount_net",
        "Gross": "amount_gross",
    }


def test_what_is_left_after_a_discount_is_the_net_amount() -> None:
    discount = [0.0, 10.0, 20.0, 1.0, 2.0, 5.0]
    before, less = plus(NET, discount), [-d for d in discount]
    for reduction in (discount, less):
        numbers = numbers_of(Before=before, After=NET, Rabatt=reduction)
        found = with_amounts(numbers, ORDERS, named(amount_net="Before", status="X"))
        assert columns_of(found) == {"X": "status", "After": "amount_net"} and found["After"].confidence == 0.9
        assert orders(numbers, named(0.7, amount_gross="Before", discount="Rabatt")) == {"After": "amount_net"}
    lines = named(amount_net="Other", discount="Off")
    numbers = numbers_of(Before=before, After=NET, Off=discount)
    assert columns_of(with_amounts(numbers, LINES, lines)) == {"Other": "amount_net"}
    assert columns_of(with_amounts(numbers, PRODUCTS, named(discount="Off"))) == {"Off": "discount"}


@pytest.mark.parametrize(
    "columns",
    [
        {"Before": plus(NET, TAX), "After": NET, "Share": TAX},
        {"Before": plus(NET, TAX), "After": NET, "Freight_Rabatt": TAX},
        {"Before": NET, "After": NET, "Rabatt": [0.0] * 6},
        {"Before": plus(NET, NET), "After": NET, "Rabatt": TAX},
    ],
)
def test_a_column_that_takes_nothing_off_is_no_discount(columns: dict[str, list[float]]) -> None:
    assert orders(numbers_of(**columns), named(amount_net="Before")) == {"Before": "amount_net"}


def test_two_discounts_are_taken_off_together() -> None:
    numbers = numbers_of(Before=plus(plus(NET, TAX), TAX), After=NET, Rabatt_1=TAX, Rabatt_2=TAX)
    assert orders(numbers, named(amount_net="Before")) == {"After": "amount_net"}


def test_payments_are_paid_out_less_their_fee() -> None:
    assert is_paid_out(numbers_of(Paid=NET, Fee=TAX, Left=[n - t for n, t in zip(NET, TAX, strict=True)]))
    assert is_paid_out(numbers_of(Fee=[-t for t in TAX], Left=NET, Paid=plus(NET, TAX)))
    assert not is_paid_out(numbers_of(Paid=NET, Toll=TAX, Left=[n - t for n, t in zip(NET, TAX, strict=True)]))
    assert not is_paid_out(numbers_of(Paid=NET, Fee=[0.0] * 6, Left=NET))
    assert not is_paid_out(numbers_of(Paid=NET, Fee=TAX, Left=plus(NET, NET)))
    mostly_free = [0.001] * 6
    assert not is_paid_out(numbers_of(Paid=NET, Fee=mostly_free, Left=NET))
