"""What the lines of a document share: its number, its day, its customer, its totals, and what is none of these."""

import polars as pl
import pytest
from proposal_table import Columns, columns_of, named, numbers_of, samples_of, table

from pipelines.contracts import canonical_objects
from pipelines.ingest.proposals.documents import document_of, with_first_event, with_name_of_document
from pipelines.ingest.proposals.guess import Guess
from pipelines.ingest.proposals.number_columns import Guesses
from pipelines.ingest.proposals.repeats import (
    document_totals,
    doubted,
    is_shared,
    with_price_of_many,
    without_totals_of,
)

pytestmark = pytest.mark.fast
OBJECTS = canonical_objects()
LINES, INVOICE_LINES, ORDERS = (OBJECTS[name] for name in ("order_lines", "invoice_lines", "orders"))
NUMBERS = [f"D{n // 2}" for n in range(12)]
EARLY = [f"2025-01-{n // 2 + 13:02d}" for n in range(12)]
LATE = [f"2025-02-{n + 13:02d}" for n in range(12)]
NAMES = [f"Shop {n // 2}" for n in range(12)]


def test_a_row_belongs_to_the_document_of_its_own_kind_first() -> None:
    both = named(order_id="Order", invoice_id="Bill")
    assert (document_of(LINES, both), document_of(INVOICE_LINES, both)) == ("Order", "Bill")
    assert document_of(INVOICE_LINES, named(order_id="Order")) == "Order"
    assert document_of(OBJECTS["accounts"], both) == ""
    assert document_of(LINES, named(0.8, order_id="Order"), 0.8) == "Order"
    assert document_of(LINES, named(0.79, order_id="Order"), 0.8) == ""


def event(columns: Columns, guesses: Guesses, of: str = "orders") -> dict[str, str]:
    frame = table(columns)
    return columns_of(with_first_event(frame, samples_of(frame), OBJECTS[of], guesses))


def test_the_first_of_a_documents_days_is_its_day() -> None:
    assert event({"Sent": LATE, "Made": EARLY}, {}) == {"Made": "ordered_on"}
    assert event({"Sent": LATE, "Made": EARLY}, {}, "invoices") == {"Made": "invoiced_on"}
    assert event({"Sent": LATE, "Made": EARLY}, {}, "products") == {}
    assert event({"Sent": LATE, "Made": EARLY}, named(ordered_on="Sent")) == {"Sent": "ordered_on"}
    assert event({"Sent": LATE, "Made": EARLY}, named(0.7, ordered_on="Sent")) == {"Made": "ordered_on"}
    assert event({"Sent": LATE, "Made": EARLY}, named(due_on="Made")) == {"Made": "due_on"}
    assert event({"Sent": LATE, "Delivered on": EARLY}, {}) == {}
    mixed = [*EARLY[:11], "2025-03-20"]
    assert event({"Sent": LATE, "Made": mixed}, {}) == {}


def test_the_first_day_is_first_on_nearly_every_row() -> None:
    for wrong, found in ((3, {"Made": "ordered_on"}), (4, {})):
        made = ["2025-01-13"] * (100 - wrong) + ["2025-03-14"] * wrong
        assert event({"Sent": ["2025-02-15"] * 100, "Made": made}, {}) == found


@pytest.mark.parametrize(
    ("columns", "confidence"),
    [
        ({"Made": EARLY}, 0.75),
        ({"Sent": LATE, "Made": EARLY}, 0.8),
        ({"Made": EARLY, "No": NUMBERS}, 0.8),
        ({"Made": EARLY, "Open": ["01/02/2025"] * 12}, None),
        ({"Made": EARLY, "Open": ["01/02/2025"] * 12, "No": NUMBERS}, 0.8),
        ({"Sent": [EARLY[0]] * 12, "Made": EARLY, "No": NUMBERS}, 0.8),
    ],
)
def test_a_lone_day_is_asked_about_unless_the_lines_of_a_document_share_it(
    columns: Columns, confidence: float | None
) -> None:
    frame = table(columns)
    known = named(order_id="No") if "No" in columns else {}
    found = with_first_event(frame, samples_of(frame), ORDERS, known)
    assert found.get("Made") == (None if confidence is None else Guess("Made", "ordered_on", confidence))


@pytest.mark.parametrize(
    ("days", "is_read"),
    [
        (["2025-01-13"] * 6, True),
        (["2025-01-13"] * 5, False),
        (["2025-01-13 10:00"] * 6, True),
        (["13/01/2025"] * 6, True),
        (["01/02/2025"] * 6, False),
        (["01.02.2025", " 02.02.2025 ", "", *["03.02.2025"] * 4], True),
        (["2025-01-13"] * 5 + ["45000"], False),
    ],
)
def test_days_are_read_that_one_format_alone_reads(days: list[str], is_read: bool) -> None:
    assert event({"Made": days}, {}) == ({"Made": "ordered_on"} if is_read else {})


def name_of(columns: Columns, guesses: Guesses, of: str = "order_lines") -> dict[str, str]:
    frame = table({"No": NUMBERS, **columns})
    return columns_of(with_name_of_document(frame, samples_of(frame), OBJECTS[of], guesses))


def test_a_name_that_all_lines_of_a_document_share_is_its_customers() -> None:
    known = named(order_id="No")
    customer = {"No": "order_id", "Name": "account_name"}
    assert name_of({"Name": NAMES}, known) == customer
    assert name_of({"Name": NAMES}, known | named(0.7, product_name="Name", account_name="X")) == customer
    assert name_of({"Name": NAMES}, {}) == {}
    assert name_of({"Name": NAMES}, named(0.79, order_id="No")) == {"No": "order_id"}
    assert name_of({"Name": NAMES}, known | named(product_name="Name")) == {"No": "order_id", "Name": "product_name"}
    assert name_of({"Name": NAMES}, known | named(account_name="X")) == {"No": "order_id", "X": "account_name"}
    for columns in ({"Name": NAMES, "name ": NAMES}, {"Title": NAMES}, {"Name": LATE}, {"Name": NUMBERS}):
        assert name_of(columns, known) == {"No": "order_id"}
    assert name_of({"Name": NAMES}, known, "stock") == {"No": "order_id"}


@pytest.mark.parametrize(
    ("documents", "cells", "holds"),
    [
        (5, [n // 2 for n in range(10)], True),
        (4, [n // 2 for n in range(8)], False),
        (5, [0] * 10, False),
        (5, [n // 2 % 4 for n in range(10)], False),
        (5, list(range(10)), False),
        (100, [n // 2 if n > 5 else n * 1000 for n in range(200)], True),
        (100, [n // 2 if n > 7 else n * 1000 for n in range(200)], False),
    ],
)
def test_a_column_is_shared_where_documents_of_several_rows_have_one_cell_each(
    documents: int, cells: list[int], holds: bool
) -> None:
    frame = table({"No": [n // 2 for n in range(2 * documents)] + ["lone"], "X": [*cells, "lone"]})
    assert is_shared(frame, "No", "X") is holds


@pytest.mark.parametrize(
    ("documents", "cells", "holds"),
    [
        (6, [n // 2 for n in range(12)], True),
        (5, [n // 2 for n in range(10)], False),
        (4, [n // 2 for n in range(8)], False),
        (6, [0] * 12, False),
        (6, list(range(12)), False),
        (100, [n // 2 if n > 5 else n * 1000 for n in range(200)], True),
        (100, [n // 2 if n > 7 else n * 1000 for n in range(200)], False),
    ],
)
def test_numbers_that_all_lines_of_a_document_share_are_its_totals(
    documents: int, cells: list[int], holds: bool
) -> None:
    frame = table({"No": [n // 2 for n in range(2 * documents)]})
    numbers = numbers_of(X=[float(cell) for cell in cells])
    assert document_totals(frame, "No", numbers) == ({"X"} if holds else set())


def test_totals_are_no_amounts_of_lines() -> None:
    guesses = named(amount_net="A", amount_tax="B", cost="C", unit_price="D", quantity="E")
    assert columns_of(without_totals_of(guesses, {"A", "C", "D", "E"})) == {"B": "amount_tax", "E": "quantity"}


def test_an_amount_that_never_changes_is_asked_about() -> None:
    numbers = numbers_of(A=[5.0] * 3, B=[5.0, 6.0, 7.0], Q=[1.0] * 3)
    guesses = named(amount_net="A", amount_tax="B", quantity="Q", amount_gross="Gone")
    found = doubted(table({"No": ["a", "a", "b"]}), "No", numbers, guesses)
    assert {header: guess.confidence for header, guess in found.items()} == {
        "A": 0.79,
        "B": 0.95,
        "Q": 0.95,
        "Gone": 0.95,
    }
    assert doubted(table({"No": ["a", "b", "c"]}), "No", numbers, guesses) == guesses
    low = {"A": Guess("A", "amount_net", 0.6)}
    assert doubted(table({"No": ["a", "a", "b"]}), "No", numbers, low) == low


def priced(products: int, price: float = 2.37, same: int = 0, **others: str) -> dict[str, str]:
    """Each product in one piece and in three: the price is that of the line, of `same` products that of a piece."""
    items = [f"P{n // 2}" for n in range(2 * products)]
    quantity = [1.0 + 2 * (n % 2) for n in range(2 * products)]
    cost = [price * (1 if n // 2 < same else q) for n, q in enumerate(quantity)]
    frame = pl.DataFrame({"Item": items})
    guesses = named(**({"product_id": "Item", "quantity": "Q", "unit_price": "P"} | others))
    return columns_of(with_price_of_many(frame, numbers_of(Q=quantity, P=cost), LINES, guesses))


def test_a_price_that_grows_with_the_quantity_is_an_amount() -> None:
    unmoved = {"Item": "product_id", "Q": "quantity", "P": "unit_price"}
    moved = {**unmoved, "P": "amount_net"}
    assert priced(5) == moved and priced(4) == unmoved
    assert priced(100, same=3) == moved and priced(100, same=4) == unmoved
    assert priced(5, same=5) == unmoved and priced(5, price=0.0) == unmoved
    assert priced(5, amount_net="X") == unmoved | {"X": "amount_net"}
    assert "amount_net" not in (*priced(5, quantity="Gone").values(), *priced(5, unit_price="Gone").values())
    named_item = named(product_name="Item", quantity="Q", unit_price="P")
    frame, numbers = pl.DataFrame({"Item": ["a"]}), numbers_of(Q=[1.0], P=[1.0])
    assert with_price_of_many(frame, numbers, LINES, named_item) == named_item
    assert with_price_of_many(frame, numbers, OBJECTS["stock"], named_item) == named_item


def test_rows_without_a_quantity_do_not_tell_a_price() -> None:
    items = [f"P{n // 3}" for n in range(15)]
    quantity, cost = [1.0, 3.0, 0.0] * 5, [2.0, 6.0, 9.0] * 5
    guesses = named(product_name="Item", quantity="Q", unit_price="P")
    found = with_price_of_many(pl.DataFrame({"Item": items}), numbers_of(Q=quantity, P=cost), LINES, guesses)
    assert columns_of(found) == {"Item": "product_name", "Q": "quantity", "P": "amount_net"}
    assert found["P"].confidence == 0.9
