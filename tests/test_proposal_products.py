"""Quantity, price and amount of a line, known by the equation between them."""

import pytest
from proposal_table import columns_of, named, numbers_of

from pipelines.contracts import canonical_objects
from pipelines.ingest.proposals.guess import Guess
from pipelines.ingest.proposals.products import with_product

pytestmark = pytest.mark.fast
LINES, PRODUCTS = (canonical_objects()[name] for name in ("order_lines", "products"))


def times(left: list[float], right: list[float]) -> list[float]:
    return [round(a * b, 2) for a, b in zip(left, right, strict=True)]


QUANTITY, PRICE = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2.5, 1.25, 2.0, 0.5, 9.99, 3.0]
WHOLE = [7.0, 5.0, 8.0, 2.0, 9.0, 3.0]
TOTAL = times(QUANTITY, PRICE)
TRIPLE = {"Q": "quantity", "P": "unit_price", "T": "amount_net"}


@pytest.mark.parametrize(
    ("columns", "known", "expected"),
    [
        ({"P": PRICE, "Q": QUANTITY, "T": TOTAL}, {}, TRIPLE),
        ({"P": PRICE, "Q": QUANTITY, "T": TOTAL}, {"unit_price": "P"}, TRIPLE),
        ({"P": PRICE, "Q": QUANTITY, "T": TOTAL}, {"amount_net": "T"}, TRIPLE),
        ({"P": PRICE, "Q": QUANTITY, "T": TOTAL}, {"amount_net": "P"}, {"P": "amount_net"}),
        ({"P": PRICE, "Q": QUANTITY, "T": TOTAL, "Z": TOTAL}, {}, {}),
        ({"P": WHOLE, "Q": QUANTITY, "T": times(QUANTITY, WHOLE)}, {}, {}),
        ({"P": WHOLE, "Q": QUANTITY, "T": times(QUANTITY, WHOLE)}, {"quantity": "Q"}, TRIPLE),
        ({"P": WHOLE, "Q": QUANTITY, "T": times(QUANTITY, WHOLE)}, {"unit_price": "P"}, TRIPLE),
        ({"P": PRICE, "Q": [2.0] * 6, "T": times([2.0] * 6, PRICE)}, {}, {}),
        ({"P": PRICE, "Q": QUANTITY, "T": [n + 1 for n in TOTAL]}, {}, {}),
        ({"P": PRICE, "Q": PRICE[::-1], "T": times(PRICE, PRICE[::-1])}, {}, {}),
        ({"P": PRICE, "T": TOTAL}, {"quantity": "Gone"}, {"Gone": "quantity"}),
    ],
)
def test_quantity_and_price_that_make_the_amount_are_known_by_it(
    columns: dict[str, list[float]], known: dict[str, str], expected: dict[str, str]
) -> None:
    numbers = numbers_of(**columns)
    assert columns_of(with_product(numbers, LINES, named(**known))) == expected
    assert columns_of(with_product(numbers, PRODUCTS, named(**known))) == columns_of(named(**known))


def test_an_asked_about_column_gives_way_to_the_one_that_the_equation_names() -> None:
    numbers = numbers_of(P=PRICE, Q=QUANTITY, T=TOTAL)
    guesses = named(quantity="Q") | {"X": Guess("X", "unit_price", 0.7), "Y": Guess("Y", "status", 0.7)}
    found = with_product(numbers, LINES, guesses)
    assert columns_of(found) == {"Q": "quantity", "Y": "status", "P": "unit_price", "T": "amount_net"}
    assert (found["Q"].confidence, found["P"].confidence) == (0.95, 0.9)


@pytest.mark.parametrize(
    ("extra", "moved"),
    [
        ({"Sent": QUANTITY}, {"Sent": "quantity", "P": "unit_price", "T": "amount_net"}),
        ({"Sent": QUANTITY, "Again": QUANTITY}, TRIPLE),
        ({"Sent": WHOLE}, TRIPLE),
        ({}, TRIPLE),
    ],
)
def test_the_quantity_that_makes_the_amount_replaces_the_one_that_is_named_so(
    extra: dict[str, list[float]], moved: dict[str, str]
) -> None:
    guesses = named(quantity="Q", unit_price="P", amount_net="T")
    numbers = numbers_of(Q=[n + 1 for n in QUANTITY], P=PRICE, T=TOTAL, **extra)
    assert columns_of(with_product(numbers, LINES, guesses)) == moved
    del numbers["T"]
    assert columns_of(with_product(numbers, LINES, guesses)) == TRIPLE


def test_the_price_that_makes_the_amount_replaces_the_one_that_is_named_so() -> None:
    guesses = named(quantity="Q", unit_price="P", amount_net="T")
    numbers = numbers_of(Q=QUANTITY, P=[n + 1 for n in PRICE], T=TOTAL, Paid=PRICE)
    found = with_product(numbers, LINES, guesses)
    assert columns_of(found) == {"Q": "quantity", "Paid": "unit_price", "T": "amount_net"}
    assert found["Paid"].confidence == 0.9
    right = numbers_of(Q=QUANTITY, P=PRICE, T=TOTAL, Paid=PRICE)
    assert columns_of(with_product(right, LINES, guesses)) == TRIPLE
