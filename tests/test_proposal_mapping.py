"""Which column each header feeds: by name, by values that fit or deny it, by its parts and its rivals."""

from pathlib import Path

import pytest
from proposal_table import WORDS, Columns, columns_of, sample, samples_of, table

from pipelines.contracts import canonical_objects
from pipelines.home.settings import load_settings
from pipelines.ingest.proposals.doubts import (
    as_key,
    as_product,
    ends_as_key,
    holds_ids,
    is_money_for_share,
    is_name,
    is_no_id,
    is_other_amount,
    is_rate,
)
from pipelines.ingest.proposals.mapping import ProposalContext, _guesses, _score, best_object
from pipelines.ingest.proposals.number_columns import Guesses

pytestmark = pytest.mark.fast
OBJECTS = canonical_objects()
CONTEXT = ProposalContext(WORDS)
DAYS = ["2025-01-01", "2025-01-02", "2025-01-03"]


def guesses(of: str, columns: Columns, *, is_near: bool = False) -> Guesses:
    samples = samples_of(table(columns))
    return {guess.header: guess for guess in _guesses(samples, OBJECTS[of], CONTEXT, is_near=is_near)}


def read(of: str, columns: Columns, *, is_near: bool = False) -> dict[str, str]:
    return columns_of(guesses(of, columns, is_near=is_near))


@pytest.mark.parametrize(
    ("of", "columns", "expected"),
    [
        (
            "opportunities",
            {"zq_stage": ["1"], "sales_stage": ["1"], "sales_stage__r": ["won"]},
            {"sales_stage__r": "stage"},
        ),
        ("opportunities", {"sales_stage": ["won"], "sales_stage__r": ["lead"]}, {"sales_stage__r": "stage"}),
        ("opportunities", {"owner_id": ["a1"], "owner_id__r": ["a"]}, {"owner_id": "owner_id"}),
        ("opportunities", {"owner_id__r": ["a1"], "owner_id": ["b1"]}, {"owner_id": "owner_id"}),
        ("opportunities", {"Actual close day": [*DAYS * 3, "x"]}, {"Actual close day": "closed_on"}),
        ("opportunities", {"Actual close day": [*DAYS * 3, "x", "y"]}, {}),
        ("opportunities", {"Deal": [*map(str, range(20, 29)), "x y"]}, {}),
        ("opportunities", {"Amount %": ["1.5", "2"]}, {}),
        ("order_lines", {"Discount %": ["1.5", "2"]}, {"Discount %": "discount"}),
        ("reps", {"First Name": ["a"], "Last Name": ["b"]}, {"First Name": "rep_name", "Last Name": "rep_name"}),
        ("orders", {"First Name": ["a"], "Last Name": ["b"]}, {}),
        ("opportunities", {"Status Id": ["open", "won"]}, {"Status Id": "status"}),
        ("opportunities", {"Status Id": ["12", "13"]}, {}),
        ("opportunities", {"Status Id": ["12", "13", "14", "won", "won"]}, {"Status Id": "stage"}),
        ("opportunities", {"Owner Code": ["ann", "bob"]}, {}),
        ("opportunities", {"Actual close day": DAYS}, {"Actual close day": "closed_on"}),
        ("opportunities", {"Actual close day": ["soon", "late"]}, {}),
        ("opportunities", {"Actual close day": [""]}, {}),
        ("opportunities", {"Stage day": DAYS}, {}),
        (
            "contacts",
            {"First Name": ["a"], "Last Name": ["b"]},
            {"First Name": "contact_name", "Last Name": "contact_name"},
        ),
        ("contacts", {"First Name": ["a"], "Last Name": ["b"], "Full name": ["c"]}, {"Full name": "contact_name"}),
        ("contacts", {"First Name": ["a"]}, {}),
        ("stock", {"Plant": ["1"], "Storage location": ["2"]}, {"Plant": "warehouse", "Storage location": "warehouse"}),
        ("orders", {"Transaction ID": ["B1"], "Order Number": ["A1"]}, {"Order Number": "order_id"}),
        ("order_lines", {"Transaction ID": ["B1"], "Order Number": ["A1"]}, {"Order Number": "order_id"}),
        (
            "orders",
            {"Order Reference": ["a1"], "Order Date": ["2025-01-01"], "Order Total": ["1.50"]},
            {"Order Reference": "order_id", "Order Date": "ordered_on", "Order Total": "amount_gross"},
        ),
        ("opportunities", {"Deal": ["12", "13"]}, {"Deal": "opportunity_id"}),
        ("opportunities", {"Deal": ["a b", "c d"]}, {"Deal": "opportunity_name"}),
        ("opportunities", {"Owner": ["a@x.com", "b@x.com", "c@x.com"]}, {"Owner": "owner_name"}),
        ("opportunities", {"Account": ["a@x.com", "b@x.com", "c@x.com"]}, {}),
        ("order_lines", {"Discount EUR": ["0.1"]}, {}),
        ("order_lines", {"Discount": ["0.1"]}, {"Discount": "discount"}),
    ],
)
def test_a_header_feeds_the_column_that_its_words_and_values_name(
    of: str, columns: Columns, expected: dict[str, str]
) -> None:
    assert read(of, columns) == expected


def test_a_name_that_was_shortened_is_a_little_less_sure() -> None:
    sure = guesses("opportunities", {"Deal": ["12", "13"], "Status Id": ["open", "won"], "Actual close day": DAYS[:2]})
    assert sure["Deal"].confidence == 0.99
    assert sure["Status Id"].confidence == pytest.approx(0.98 - 0.001 - 0.03)
    assert sure["Actual close day"].confidence == pytest.approx(0.98 - 0.001 - 0.04)


def test_the_context_of_a_home_has_its_words_and_its_currency(tmp_path: Path) -> None:
    context = ProposalContext.of(load_settings(tmp_path))
    assert set(context.vocabularies) == {"stages", "statuses", "currencies"} and context.contracts == ()
    assert context.base_currency == load_settings(tmp_path).company.base_currency
    assert context.vocabularies["stages"].code("Closed Won") == "won"


@pytest.mark.parametrize(
    ("first", "second", "is_joined"),
    [
        (["2025-01-01", ""], ["", "2025-01-02"], True),
        (["2025-01-01", "2025-01-03"], ["", "2025-01-02"], False),
        (["2025-01-01", ""], ["", ""], False),
    ],
)
def test_headers_of_one_meaning_are_joined_where_never_both_are_filled(
    first: list[str], second: list[str], is_joined: bool
) -> None:
    joined = read("opportunities", {"Won time": first, "Lost time": second})
    assert joined == ({"Won time": "closed_on", "Lost time": "closed_on"} if is_joined else {"Won time": "closed_on"})


def test_the_free_text_of_the_option_other_is_joined_to_its_label() -> None:
    columns: Columns = {"lost_reason__r": ["price", "other"], "lost_reason__o": ["", "too late"]}
    assert read("opportunities", columns) == dict.fromkeys(columns, "loss_reason")


@pytest.mark.parametrize(
    ("closes", "stages", "column"),
    [
        (["2025-01-01", "", "2025-01-03"], ["won", "lead", "void"], "closed_on"),
        (["2025-01-01", "", ""], ["won", "lead", "lost"], "expected_close_on"),
        (["2025-01-01", "2025-01-02", ""], ["won", "lead", ""], "expected_close_on"),
        (["2025-01-01", "2025-01-02"], ["won", "lost"], "expected_close_on"),
        (["", ""], ["lead", "lead"], "expected_close_on"),
    ],
)
def test_a_close_date_of_closed_deals_only_is_the_day_they_were_closed(
    closes: list[str], stages: list[str], column: str
) -> None:
    assert read("opportunities", {"Close Date": closes, "Stage": stages})["Close Date"] == column
    by_status = read(
        "opportunities", {"Close Date": closes, "Deal status": [s.replace("lead", "open") for s in stages]}
    )
    assert by_status["Close Date"] == column or "void" in stages
    both = read("opportunities", {"Close Date": closes, "Stage": stages, "Won time": closes})
    assert both["Close Date"] == "expected_close_on" and both["Won time"] == "closed_on"
    assert read("opportunities", {"Close Date": closes}) == {"Close Date": "expected_close_on"}


def test_similar_words_are_read_only_where_asked_for_and_never_another_amount() -> None:
    for header, column in (("Amount of deal", "amount"), ("Freight amount", ""), ("Exchange rate", "")):
        assert read("opportunities", {header: ["1.50", "2"]}) == {}
        near = guesses("opportunities", {header: ["1.50", "2"]}, is_near=True)
        assert columns_of(near) == ({header: column} if column else {})
        assert all(0.6 <= guess.confidence <= 0.79 for guess in near.values())


def test_an_id_repeated_in_many_rows_is_less_likely_the_key() -> None:
    unique, repeated = (guesses("accounts", {"Zq": ["x"] * 10, "Account ID": cells}) for cells in
                        ([f"A{n}" for n in range(10)], [f"A{n % 6}" for n in range(10)]))  # fmt: skip
    assert repeated["Account ID"].confidence == pytest.approx(unique["Account ID"].confidence * 0.85, abs=0.012)


def test_the_score_counts_sure_columns_and_deducts_missing_ones() -> None:
    columns: Columns = {"Zq": ["x"], "Stage": ["won"]}
    samples = samples_of(table(columns))
    complete, taken = _score(samples, "opportunities", CONTEXT, "", is_near=False, is_part=False)
    assert complete == pytest.approx(sum(guess.confidence**4 for guess in taken)) and len(taken) == 1
    keyed, both = _score(
        samples_of(table({**columns, "Deal ID": ["1"]})), "opportunities", CONTEXT, "", is_near=False, is_part=False
    )
    assert keyed == pytest.approx(1 + sum(guess.confidence**4 for guess in both))
    empty = samples_of(table({"Zq": ["x"]}))
    missing = sum(column.required for column in OBJECTS["targets"].columns.values())
    assert _score(empty, "targets", CONTEXT, "", is_near=False, is_part=False) == (pytest.approx(-0.8 * missing), [])
    assert _score(empty, "targets", CONTEXT, "", is_near=False, is_part=True) == (0, [])
    assert _score(empty, "targets", CONTEXT, "targets", is_near=False, is_part=True)[0] == pytest.approx(4 + 7 / 20)


def test_the_best_object_is_chosen_among_those_wanted() -> None:
    frame = table({"Deal ID": ["1", "2"], "Stage": ["won", "lead"], "Amount": ["5", "6.50"], "Zq": ["x y", "z"]})
    name, found = best_object(frame, CONTEXT)
    assert name == "opportunities" and [guess.column for guess in found] == ["opportunity_id", "stage", "amount"]
    assert best_object(frame, CONTEXT, ["quotes", "contracts"])[0] in ("quotes", "contracts")
    near = table({"Deal ID": ["1", "2"], "Amount of deal": ["5", "6.50"]})
    assert [guess.column for guess in best_object(near, CONTEXT, ["opportunities"])[1]] == ["opportunity_id", "amount"]
    assert best_object(table({"Name": ["a b", "c d"]}), CONTEXT, None, "products")[0] == "products"
    assert best_object(table({"Name": ["a b", "c d"]}), CONTEXT, None, "teams")[0] == "teams"


def test_what_a_part_of_a_table_lacks_is_not_held_against_it() -> None:
    frame = table({"Region": ["a", "b"], "Amount": ["1", "2"], "Month": DAYS[:2]})
    assert best_object(frame, CONTEXT, ["targets", "budgets"])[0] == "budgets"
    assert best_object(frame, CONTEXT, ["targets", "budgets"], is_part=True)[0] == "targets"


@pytest.mark.parametrize(
    ("holds", "headers", "others"),
    [
        (holds_ids, ["Zq ID", "AccountId", "Zq uuid", "客户编号"], ["Paid", "Id of x"]),
        (ends_as_key, ["Zq Number", "Zq code ", "单号"], ["Number", "Numbers", "Zq"]),
        (is_rate, ["Zq %", "Amount per day", "税率"], ["Price per piece", "Zq"]),
        (is_name, ["account_name", "rep_name"], ["owner_name", "subject"]),
    ],
)
def test_words_say_what_a_header_holds(holds: object, headers: list[str], others: list[str]) -> None:
    assert callable(holds)
    assert [holds(header) for header in (*headers, *others)] == [True] * len(headers) + [False] * len(others)


def test_values_and_words_deny_a_column() -> None:
    lines, deals = OBJECTS["order_lines"], OBJECTS["opportunities"]
    assert is_other_amount("Freight", lines, "amount_net") and not is_other_amount("Total", lines, "amount_net")
    assert not is_other_amount("Freight", lines, "product_name")
    assert is_money_for_share("Off_EUR", "discount", lines) and not is_money_for_share("Off", "discount", lines)
    assert not is_money_for_share("Off_EUR", "amount_net", lines)
    free = ["opportunity_name", "deal_type"]
    assert [name for name in (*free, "stage", "amount", "account_id") if is_no_id(name, deals)] == free
    assert not is_no_id("line_number", lines) and not is_no_id("changed_by", OBJECTS["opportunity_history"])


@pytest.mark.parametrize(
    ("cells", "column", "of", "left"),
    [
        ([f"P{n}" for n in range(51)], "product_id", "order_lines", 0.7),
        ([f"P{n}" for n in range(50)], "product_id", "order_lines", 1.0),
        ([f"P{n % 50}" for n in range(51)], "product_id", "order_lines", 1.0),
        ([f"P{n}" for n in range(51)], "product_id", "stock", 1.0),
        ([f"P{n}" for n in range(51)], "product_name", "order_lines", 1.0),
    ],
)
def test_goods_that_are_each_sold_once_are_hardly_products(cells: list[str], column: str, of: str, left: float) -> None:
    assert as_product(sample(*cells), column, OBJECTS[of]) == left


@pytest.mark.parametrize(("distinct", "left"), [(7, 1.0), (6, 0.85)])
def test_a_key_repeats_in_less_than_a_third_of_its_rows(distinct: int, left: float) -> None:
    cells = sample(*(f"A{min(n, distinct - 1)}" for n in range(10)))
    assert as_key(cells, "account_id", OBJECTS["accounts"]) == left
    assert as_key(cells, "account_id", OBJECTS["orders"]) == 1.0
