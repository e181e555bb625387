"""What a row is: by the words of the file's name, by goods, fees, numbers of documents and whom rows name."""

import pytest
from proposal_table import Columns, named, sample, samples_of, table

from pipelines.contracts import canonical_objects
from pipelines.ingest.proposals.guess import Guess
from pipelines.ingest.proposals.object_choice import (
    file_name_weight,
    is_named_after,
    of_headers,
    penalty,
    possible,
)

pytestmark = pytest.mark.fast
OBJECTS = canonical_objects()


@pytest.mark.parametrize(
    ("stem", "weight"),
    [
        ("Deals_2025", 4 + 5 / 20),
        ("deals", 4.25),
        ("ideals", 0.0),
        ("sales_orders of deals", 4 + 12 / 20),
        ("Störung", 4 + 8 / 20),
        ("stoerung", 4 + 8 / 20),
        ("商机列表", 4 + 6 / 20),
        ("", 0.0),
    ],
)
def test_a_file_name_weighs_as_much_as_four_columns_and_more_by_its_length(stem: str, weight: float) -> None:
    words = frozenset({"deal", "deals", "sales orders", "störung", "商机"})
    assert file_name_weight(stem, words) == pytest.approx(weight)


def test_a_file_is_named_after_one_object_and_not_another() -> None:
    assert is_named_after("tickets_2025", "tickets") and not is_named_after("tickets_2025", "orders")


def explained(**counts: tuple[float, int]) -> dict[str, tuple[float, list[Guess]]]:
    return {
        name: (score, [Guess(str(n), "x", 0.9) for n in range(count)] + [Guess("y", "y", 0.89)] * 9)
        for name, (score, count) in counts.items()
    }


@pytest.mark.parametrize(
    ("own", "rival", "is_kept"),
    [(2, 5, True), (2, 6, False), (4, 8, False), (5, 9, True), (5, 10, False), (0, 4, False), (0, 3, True)],
)
def test_a_rival_must_explain_twice_as_many_headers_and_four_more(own: int, rival: int, is_kept: bool) -> None:
    scored = explained(teams=(9.0, own), orders=(1.0, rival), quotes=(0.5, rival))
    assert of_headers(scored, "teams") == ("teams" if is_kept else "orders")


def left(columns: Columns, *names: str) -> list[str]:
    frame = table(columns)
    return possible(list(names), frame, samples_of(frame))


ROWS = range(1, 9)
FEES: Columns = {
    "Paid": [f"{n * 10}.00" for n in ROWS], "Fee": [f"{n * 0.3:.2f}" for n in ROWS],
    "Left": [f"{n * 9.7:.2f}" for n in ROWS],
}  # fmt: skip


def test_rows_with_a_documents_number_are_no_people() -> None:
    assert left({"Order Number": ["1"]}, "accounts", "orders", "leads") == ["orders"]
    assert left({"Invoice Number": ["1"]}, "contacts", "orders") == ["orders"]
    assert left({"Order Number": ["1"]}, "accounts", "leads") == ["accounts", "leads"]
    assert left({"Number": ["1"]}, "accounts", "orders") == ["accounts", "orders"]


def test_rows_that_each_pay_a_fee_are_payments_unless_they_name_goods_or_an_order() -> None:
    names = ("orders", "receipts", "quotes", "invoices")
    assert left(FEES, *names) == ["receipts", "quotes"]
    assert left({**FEES, "Fee": ["0.00"] * 8}, *names) == list(names)
    assert left(FEES, "orders", "quotes") == ["orders", "quotes"]
    assert left({**FEES, "Qty": [1] * 8, "SKU": ["a"] * 8}, *names) == list(names)
    assert left({**FEES, "Zq order": ["a b"] * 8}, *names) == list(names)
    assert left({**FEES, "Zq ordering": ["a b"] * 8}, *names) == ["receipts", "quotes"]


@pytest.mark.parametrize(
    ("of", "headers", "stem", "deducted"),
    [
        ("orders", ["Order Number", "Zq"], "", 0),
        ("orders", ["Invoice Number"], "", 4),
        ("orders", ["Invoice Date"], "", 4),
        ("orders", ["Order Date", "Invoice Date"], "", 0),
        ("orders", ["Date", "Number"], "", 0),
        ("order_lines", ["Invoice Number"], "", 4),
        ("order_lines", ["Invoice Number"], "invoices", 4),
        ("invoices", ["Order Number"], "", 4),
        ("invoices", ["Order Number"], "my invoices", 0),
        ("invoice_lines", ["Order Number"], "", 4),
        ("quotes", ["Order Number"], "", 0),
        ("receipts", ["Qty", "SKU"], "", 8),
        ("receipts", ["Qty", "Zq"], "", 0),
        ("receipts", ["SKU", "Unit Price"], "", 0),
        ("accounts", ["Units", "Unit Price"], "", 8),
        ("order_lines", ["Qty", "SKU"], "", 0),
        ("purchase_orders", ["Customer"], "", 4),
        ("purchase_orders", ["Customer", "Supplier"], "", 0),
        ("purchase_orders", ["SKU"], "", 0),
        ("quotes", ["Customer"], "", 0),
    ],
)
def test_an_object_that_rows_can_hardly_be_is_marked_down(
    of: str, headers: list[str], stem: str, deducted: int
) -> None:
    samples = {header: sample("1", "2") for header in headers}
    assert penalty(samples, OBJECTS[of], [], stem) == deducted


def test_rows_with_an_id_of_their_own_beside_the_objects_key_refer_to_it() -> None:
    samples = {header: sample("1", "2") for header in ("id", "account_id")}
    own, referred = (list(named(account_id=header).values()) for header in ("account_id", "id"))
    assert penalty(samples, OBJECTS["accounts"], own, "") == 0
    assert penalty(samples, OBJECTS["accounts"], referred, "") == 4
    assert penalty({"id": sample("1")}, OBJECTS["accounts"], referred, "") == 0
    assert penalty(samples, OBJECTS["accounts"], [], "") == 0
