"""What rows say about columns that no header names: keys, references, line numbers, documents, lone prices."""

import pytest
from proposal_table import WORDS, Columns, columns_of, named, samples_of, table

from pipelines.contracts import canonical_objects
from pipelines.ingest.proposals.evidence import head_columns, with_evidence
from pipelines.ingest.proposals.guess import Guess
from pipelines.ingest.proposals.number_columns import Guesses
from pipelines.ingest.proposals.shapes import with_shapes

pytestmark = pytest.mark.fast
NUMBERS = [f"D{n // 3}" for n in range(12)]
ITEMS = [f"P{n % 4} x" for n in range(12)]


def evidence(
    of: str, columns: Columns, guesses: Guesses | None = None, keys: dict[str, frozenset[str]] | None = None
) -> Guesses:
    frame = table(columns)
    return with_evidence(frame, samples_of(frame), canonical_objects()[of], guesses or {}, keys or {})


def found(of: str, columns: Columns, guesses: Guesses | None = None) -> dict[str, str]:
    return columns_of(evidence(of, columns, guesses))


CUSTOMERS = frozenset(f"C{n}" for n in range(40))
REPS = frozenset(f"R{n}" for n in range(40))


@pytest.mark.parametrize(
    ("cells", "guesses", "column"),
    [
        ([f"C{n}" for n in range(5)], {}, "account_id"),
        ([f"C{n}" for n in range(4)], {}, ""),
        ([f"R{n}" for n in range(5)], {}, "owner_id"),
        ([f"C{n}" for n in range(33)] + ["X1"], {}, "account_id"),
        ([f"C{n}" for n in range(32)] + ["X1"], {}, ""),
        (["C1 a", "C2 a", "C3 a", "C4 a", "C5 a"], {}, ""),
        ([f"C{n}" for n in range(5)], {"X": Guess("X", "status", 0.9)}, "status"),
        ([f"C{n}" for n in range(5)], {"X": Guess("X", "status", 0.89)}, "account_id"),
        ([f"C{n}" for n in range(5)], {"Y": Guess("Y", "account_id", 0.9)}, ""),
        ([f"C{n}" for n in range(5)], {"Y": Guess("Y", "account_id", 0.89)}, "account_id"),
        ([f"P{n}" for n in range(5)], {}, ""),
    ],
)
def test_ids_that_are_all_keys_of_one_kind_of_record_refer_to_it(
    cells: list[str], guesses: Guesses, column: str
) -> None:
    keys = {
        "account_id": CUSTOMERS | {"P0", "P1", "P2", "P3", "P4"},
        "owner_id": REPS | {"P0", "P1", "P2", "P3", "P4"},
        "order_id": frozenset({"D1"}),
        "warehouse_id": frozenset({"W1"}),
    }
    key = {"Key": Guess("Key", "order_id", 0.95)}
    joined = evidence("orders", {"X": cells, "Y": ["v w"] * len(cells)}, guesses | key, keys)
    assert (joined["X"].column if "X" in joined else "") == column
    assert ("Y" in joined) is (joined.get("Y", Guess("", "", 0)).confidence == 0.9)


def test_a_reference_to_the_rows_own_kind_is_not_made_of_a_foreign_key() -> None:
    columns = {"Key": [f"K{n}" for n in range(9)], "X": [f"C{n}" for n in range(9)]}
    guesses = named(account_id="Key")
    assert columns_of(evidence("accounts", columns, guesses, {"account_id": CUSTOMERS})) == {"Key": "account_id"}


@pytest.mark.parametrize(
    ("columns", "guesses", "document"),
    [
        ({"X": NUMBERS}, {}, "X"),
        ({"X": ["D0", "", "", "D1", "", "", "D2", "", ""]}, {}, "X"),
        ({"X": [f"D{n % 3}" for n in range(12)]}, {}, ""),
        ({"X": [f"D{n}" for n in range(12)]}, {}, ""),
        ({"X": ["D1"] * 12}, {}, ""),
        ({"X": [f"D {n // 3}" for n in range(12)]}, {}, ""),
        ({"X": [f"2025-01-{n // 3 + 10}" for n in range(12)]}, {}, ""),
        ({"X": NUMBERS}, named(product_name="X"), "X"),
        ({"X": NUMBERS}, named(account_name="X"), "X"),
        ({"X": NUMBERS}, named(product_id="X"), ""),
        ({"X": NUMBERS, "Y": ITEMS}, named(order_id="Y"), ""),
        ({"X": [*NUMBERS, "D0"]}, {}, "X"),
        ({"X": [*NUMBERS, "D0", "D1"]}, {}, ""),
    ],
)
def test_codes_that_neighbouring_rows_share_are_the_number_of_their_document(
    columns: Columns, guesses: Guesses, document: str
) -> None:
    lines = evidence("order_lines", columns, guesses)
    assert ("X" if lines.get("X") == Guess("X", "order_id", 0.8) else "") == document
    assert "order_id" not in found("products", columns).values()


@pytest.mark.parametrize(("rows", "is_shared"), [(9, True), (10, False)])
def test_some_documents_have_more_than_one_row(rows: int, is_shared: bool) -> None:
    numbers = [f"D{min(n, rows - 2)}" for n in range(rows)]
    assert ("order_id" in found("order_lines", {"X": numbers}).values()) is is_shared


def test_columns_of_a_documents_head_are_filled_on_its_first_row_only() -> None:
    columns: Columns = {
        "No": NUMBERS,
        "Day": [f"2025-01-0{n // 3 + 1}" if n % 3 == 0 else "" for n in range(12)],
        "Once": ["x", *[" "] * 11],
        "Item": ITEMS,
        "Later": ["x" if n % 3 == 1 else "" for n in range(12)],
        "Never": [""] * 12,
    }
    assert head_columns(table(columns), "No") == ["Day", "Once"]
    assert head_columns(table({**columns, "No": [*NUMBERS[:11], ""]}), "No") == []
    assert head_columns(table({**columns, "No": list(range(12))}), "No") == []


def test_an_amount_on_the_first_line_of_a_document_is_no_lines_amount() -> None:
    columns: Columns = {"No": NUMBERS, "Sum": [f"{n}.50" if n % 3 == 0 else "" for n in range(12)], "Item": ITEMS}
    guesses = named(order_id="No", amount_net="Sum", product_name="Item")
    assert found("order_lines", columns, guesses) == {"No": "order_id", "Item": "product_name"}
    share = named(order_id="No", discount="Sum", product_name="Item")
    assert "Sum" not in found("order_lines", columns, share)
    assert found("order_lines", columns, named(order_id="No", region="Sum"))["Sum"] == "region"
    assert "Sum" in found("orders", columns, named(order_id="No", amount_net="Sum"))


@pytest.mark.parametrize(
    ("cells", "guesses", "is_number"),
    [
        ([n % 3 + 1 for n in range(12)], {}, True),
        ([(n % 3 + 1) * 10 for n in range(12)], {}, True),
        ([n % 3 for n in range(12)], {}, False),
        ([n + 1 for n in range(12)], {}, False),
        ([-(n % 3 + 1) for n in range(12)], {}, False),
        ([n % 3 + 1 for n in range(12)], named(quantity="X"), False),
        ([n % 3 + 1 for n in range(12)], named(0.89, quantity="X"), True),
        ([n % 3 + 1 for n in range(12)], named(product_id="X"), True),
        ([n % 3 + 1 for n in range(12)], named(product_name="X"), True),
        ([n % 3 + 1 for n in range(12)], named(line_number="Y"), False),
        ([n % 3 + 1 for n in range(12)], named(0.79, line_number="Y"), True),
    ],
)
def test_numbers_that_count_the_rows_of_each_document_are_line_numbers(
    cells: list[int], guesses: Guesses, is_number: bool
) -> None:
    columns: Columns = {"No": NUMBERS, "X": cells, "Y": ITEMS}
    counted = evidence("order_lines", columns, guesses | named(order_id="No"))
    assert (counted.get("X") == Guess("X", "line_number", 0.9)) is is_number
    assert [guess.column for guess in counted.values()].count("line_number") <= 1
    assert "line_number" not in found("opportunity_lines", columns).values()
    open_document = evidence("order_lines", columns, guesses | {"No": Guess("No", "order_id", 0.79)})
    assert open_document.get("X") != Guess("X", "line_number", 0.9)


@pytest.mark.parametrize(("wrong", "is_number"), [(3, True), (4, False)])
def test_line_numbers_may_be_wrong_in_three_of_a_hundred_rows(wrong: int, is_number: bool) -> None:
    cells = [n % 2 + 1 if n >= wrong else 7 for n in range(100)]
    columns: Columns = {"No": [f"D{n // 2}" for n in range(100)], "X": cells}
    assert ("line_number" in found("order_lines", columns, named(order_id="No")).values()) is is_number


@pytest.mark.parametrize(("repeated", "is_number"), [(1, True), (0, False)])
def test_documents_of_one_row_each_have_no_line_numbers(repeated: int, is_number: bool) -> None:
    numbers = [f"D{max(n, repeated)}" for n in range(10)]
    columns: Columns = {"No": numbers, "X": [2 if n == repeated == 1 else 1 for n in range(10)]}
    assert ("line_number" in found("order_lines", columns, named(order_id="No")).values()) is is_number


PRICES = [f"{n}.25" for n in range(1, 13)]


@pytest.mark.parametrize(
    ("columns", "guesses", "priced"),
    [
        ({"Zq Price": PRICES}, {}, "Zq Price"),
        ({"Zq Price": PRICES, "Zw Price": PRICES}, {}, ""),
        ({"Zq Price": PRICES, "Shipping Price": PRICES}, {}, "Zq Price"),
        ({"Zq Worth": PRICES}, {}, ""),
        ({"Zq Price": ["a", *PRICES[1:]]}, {}, ""),
        ({"Zq Price": [""] * 12}, {}, ""),
        ({"Zq Price": PRICES}, named(cost="Zq Price"), ""),
        ({"Zq Price": PRICES}, named(0.89, cost="Zq Price"), "Zq Price"),
        ({"Zq Price": PRICES, "W": PRICES}, named(unit_price="W"), "W"),
        ({"Zq Price": PRICES, "W": PRICES}, named(0.89, unit_price="W"), "Zq Price"),
    ],
)
def test_the_only_price_beside_a_quantity_is_that_of_one_piece(columns: Columns, guesses: Guesses, priced: str) -> None:
    beside: Columns = {"Q": list(range(1, 13)), **columns}
    read = found("order_lines", beside, guesses | named(quantity="Q"))
    assert [header for header, column in read.items() if column == "unit_price"] == ([priced] if priced else [])
    unsure = found("order_lines", beside, guesses | named(0.89, quantity="Q"))
    assert ("Zq Price" in unsure) is ("Zq Price" in guesses)
    assert "unit_price" not in found("stock", beside, named(quantity="Q")).values()


IDS = [f"K{n * n}" for n in range(12)]


@pytest.mark.parametrize(
    ("of", "columns", "guesses", "key"),
    [
        ("accounts", {"Zq": IDS, "Y": ITEMS}, {}, "Zq"),
        ("accounts", {"Y": ITEMS, "Zq": IDS}, {}, ""),
        ("accounts", {"Y": ITEMS, "Zq Key": IDS}, {}, "Zq Key"),
        ("accounts", {"Zq": [*IDS[:11], "K0"]}, {}, ""),
        ("accounts", {"Zq": [f"K {n}" for n in range(12)]}, {}, ""),
        ("accounts", {"Zq": list(range(1, 13))}, {}, ""),
        ("accounts", {"Zq": list(range(2, 14))}, {}, "Zq"),
        ("accounts", {"Zq": [f"{n}." for n in range(1, 13)]}, {}, ""),
        ("accounts", {"Zq": [f"2025-01-{n + 10}" for n in range(12)]}, {}, ""),
        ("accounts", {"Zq": IDS}, named(account_name="Zq"), ""),
        ("accounts", {"Zq": IDS}, named(0.89, parent_account_id="Zq"), "Zq"),
        ("accounts", {"Zq": IDS}, named(0.9, parent_account_id="Zq"), ""),
        ("accounts", {"Zq": IDS, "Y": ITEMS}, named(account_id="Y"), ""),
        ("order_lines", {"Zq": IDS}, {}, ""),
        ("order_lines", {"Zq Key": IDS}, {}, "Zq Key"),
        ("order_lines", {"Order No": IDS}, {}, ""),
        ("order_lines", {"Zq Key": IDS, "No": IDS[::-1]}, named(order_id="No"), ""),
        ("order_lines", {"Zq Key": IDS, "No": NUMBERS}, named(order_id="No"), "Zq Key"),
    ],
)
def test_the_key_is_the_first_column_of_ids_that_name_no_other_record(
    of: str, columns: Columns, guesses: Guesses, key: str
) -> None:
    item = canonical_objects()[of]
    keyed = evidence(of, columns, guesses)
    added = [h for h, guess in keyed.items() if guess == Guess(h, item.key_column, 0.8)]
    assert added == ([key] if key else [])


@pytest.mark.parametrize(
    ("header", "distinct", "is_name"),
    [("Description", 8, True), (" description ", 8, True), ("Description", 7, False), ("Descriptions", 8, False)],
)
def test_a_description_of_nearly_each_row_is_its_name(header: str, distinct: int, is_name: bool) -> None:
    cells = [f"a text {min(n, distinct - 1)}" for n in range(10)]
    assert found("products", {header: cells}) == ({header: "product_name"} if is_name else {})
    assert found("products", {header: cells, "N": ITEMS[:10]}, named(product_name="N")) == {"N": "product_name"}
    assert found("products", {header: [""] * 10}) == {} == found("orders", {header: cells})


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        (["EUR", "USD"], "currency"),
        (["EUR"] * 19 + ["eur"], "currency"),
        (["EUR"] * 18 + ["eur"], ""),
        (["EUR", "EUX"], ""),
        (["dollar", "dollar"], ""),
        (["a@x.com", "b@x.com", "c@x.com"], ""),
        (["open", "won"], "status"),
        (["lead", "offer"], "stage"),
        (["lead"] * 3, ""),
        (["lead"] * 18 + ["offer", "x"], "stage"),
        (["lead"] * 17 + ["offer", "x"], ""),
        ([""], ""),
    ],
)
def test_some_values_have_one_reading_under_any_header(cells: list[str], column: str) -> None:
    samples, item = samples_of(table({"X": cells})), canonical_objects()["opportunities"]
    assert columns_of(with_shapes(samples, item, {}, WORDS)) == ({"X": column} if column else {})
    sure = named(region="X")
    assert with_shapes(samples, item, sure, WORDS) == sure
    assert columns_of(with_shapes(samples, item, named(0.79, region="X"), WORDS)) == {"X": column or "region"}


def test_values_of_two_columns_or_of_one_that_is_named_decide_nothing() -> None:
    item, mails = canonical_objects()["contacts"], [f"{n}@x.com" for n in range(3)]
    one, two = samples_of(table({"X": mails, "Y": ITEMS[:3]})), samples_of(table({"X": mails, "Y": mails}))
    assert columns_of(with_shapes(one, item, {}, WORDS)) == {"X": "email"}
    assert with_shapes(one, item, {}, WORDS)["X"].confidence == 0.8
    assert columns_of(with_shapes(one, item, named(email="Y"), WORDS)) == {"Y": "email"}
    assert columns_of(with_shapes(one, item, named(0.7, email="Y"), WORDS)) == {"X": "email"}
    assert with_shapes(two, item, {}, WORDS) == {} == with_shapes(one, canonical_objects()["stock"], {}, WORDS)


@pytest.mark.parametrize(("count", "is_list"), [(15, True), (16, False)])
def test_a_list_of_stages_has_at_most_fifteen_words(count: int, is_list: bool) -> None:
    samples = samples_of(table({"X": [f"{n}. lead" for n in range(count)]}))
    found_stage = with_shapes(samples, canonical_objects()["opportunities"], {}, WORDS)
    assert columns_of(found_stage) == ({"X": "stage"} if is_list else {})
