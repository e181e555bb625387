"""What a proposal decides about one file: what a row is, which labels are data, what is asked and what is said."""

import json
from pathlib import Path

import polars as pl
import pytest
from proposal_table import WORDS, Columns, columns_of, named, table

from pipelines.contracts import canonical_objects
from pipelines.errors import AlmanacError
from pipelines.home.settings import load_settings
from pipelines.ingest.arrival import FileOutcome
from pipelines.ingest.files.store import REFUSED
from pipelines.ingest.proposals.guess import Guess
from pipelines.ingest.proposals.mapping import ProposalContext
from pipelines.ingest.proposals.number_columns import Guesses
from pipelines.ingest.proposals.preview import Preview
from pipelines.ingest.proposals.propose import (
    _are_labels,
    _is_list,
    _labels,
    _records,
    _repeats,
    _system,
    drafted,
    interpret,
    is_open,
    outcome_line,
    settled,
    warning_of,
)

pytestmark = pytest.mark.fast
CONTEXT = ProposalContext(WORDS)


def listed(guesses: Guesses) -> list[Guess]:
    return list(guesses.values())


@pytest.mark.parametrize(
    ("headers", "sure", "stem", "asks"),
    [
        (["Zq", "Zr", "Zs", "Zt"], 2, "x", False),
        (["Zq", "Zr", "Zs", "Zt"], 1, "x", True),
        (["Zq", "Zr", "Zs", "Zt"], 1, "tickets", True),
        (["Status", "Menge", "Zs", "Zt"], 1, "tickets", False),
        (["Status", "Menge", "Zs", "Zt"], 1, "x", True),
        (["Status", "Zr", "Zs", "Zt"], 1, "tickets", True),
        ([f"Z{n}q" for n in range(20)], 4, "x", False),
        ([f"Z{n}q" for n in range(20)], 3, "x", True),
        (["tickets_zq", "tickets_zr", "tickets_zs", "x"], 1, "x", False),
    ],
)
def test_what_a_row_is_is_asked_where_hardly_a_word_is_known(
    headers: list[str], sure: int, stem: str, asks: bool
) -> None:
    frame = table({header: ["a"] for header in headers})
    guesses = [Guess(header, "x", 0.9 if place < sure else 0.89) for place, header in enumerate(headers)]
    assert is_open(frame, guesses, "tickets", stem) is asks


def test_unsure_columns_become_at_most_two_questions_the_likeliest_first() -> None:
    item = canonical_objects()["opportunities"]
    guesses = [
        Guess("a", "amount", 0.8), Guess("b", "region", 0.7), Guess("c", "team", 0.61), Guess("d", "channel", 0.75),
        Guess("e", "stage", 0.6), Guess("f", "has_budget", 0.6), Guess("g", "opportunity_id", 0.6),
    ]  # fmt: skip
    sure, questions = settled(guesses, item)
    assert [guess.header for guess in sure] == ["a", "e", "f", "g"]
    assert [guess.header for guess in questions] == ["d", "b"]


LINES: Columns = {
    "Order Number": [f"A{n // 2}" for n in range(12)], "Order Date": ["2025-01-01"] * 12,
    "SKU": [f"P{n % 5}" for n in range(12)], "Qty": [n % 4 + 1 for n in range(12)],
}  # fmt: skip


def test_rows_that_share_their_documents_number_are_its_lines_and_others_are_documents() -> None:
    name, guesses, wide = interpret(table(LINES), CONTEXT, None, "orders", [])
    assert (name, wide) == ("order_lines", None)
    assert {guess.column for guess in guesses} >= {"order_id", "ordered_on", "product_id", "quantity"}
    each: Columns = {"Order Number": [f"A{n}" for n in range(12)], "Order Date": ["2025-01-01"] * 12, "Zq": ["x"] * 12}
    assert interpret(table(each), CONTEXT, None, "order lines", [])[0] == "orders"
    assert interpret(table(LINES), CONTEXT, "orders", "orders", [])[0] == "orders"
    assert interpret(table(each), CONTEXT, "order_lines", "", [])[0] == "order_lines"


@pytest.mark.parametrize(
    ("numbers", "columns", "guessed", "holds"),
    [
        ([1, 2, 3], {}, {}, True),
        ([1, 2, 2], {}, {}, False),
        ([1, 2, 3], {}, {"unit_price": "P"}, False),
        ([1, 2, 3], {}, {"quantity": "Q"}, False),
        ([1, 2, 3], {"Order status": ["a"] * 3}, {"quantity": "Q"}, True),
        ([1, 2, 3], {"Order status": ["a"] * 3}, {"quantity": "Q", "unit_price": "P"}, False),
        ([1, 2, 3], {"Statuses": ["a"] * 3}, {"quantity": "Q"}, False),
    ],
)
def test_documents_have_a_number_of_their_own_and_no_goods(
    numbers: list[int], columns: Columns, guessed: dict[str, str], holds: bool
) -> None:
    frame = table({"No": numbers, **columns})
    assert _is_list(frame, listed(named(order_id="No", **guessed))) is holds
    assert not _is_list(frame, listed(named(**guessed)))


@pytest.mark.parametrize(
    ("numbers", "others", "holds"),
    [
        ([n // 2 for n in range(10)], range(10), True),
        ([min(n, 8) for n in range(10)], range(10), False),
        ([min(n, 7) for n in range(10)], range(10), True),
        (["a", "", "", "b", " ", ""], range(6), True),
        ([1, 1, 2, 2], [1, 1, 2, 2], False),
    ],
)
def test_rows_repeat_a_number_that_nine_in_ten_of_them_have_not(
    numbers: list[object], others: list[int], holds: bool
) -> None:
    frame = table({"No": numbers, "Other": list(others)})
    assert _repeats(frame, listed(named(order_id="No")), "order_id") is holds
    assert not _repeats(frame, listed(named(account_id="No")), "order_id")


def test_the_total_of_a_head_is_no_amount_of_its_lines() -> None:
    head: Columns = {
        **LINES, "Order Total": [f"{n}.50" if n % 2 == 0 else "" for n in range(12)],
        "Customer": [f"Firm {n}" if n % 2 == 0 else "" for n in range(12)],
    }  # fmt: skip
    guesses = {guess.header: guess.column for guess in interpret(table(head), CONTEXT, None, "order lines", [])[1]}
    assert "Order Total" not in guesses and guesses["Customer"] == "account_name"


def test_periods_are_read_with_the_measure_that_the_object_has() -> None:
    months: Columns = {month: ["1", "2"] for month in ("2025-01", "2025-02", "2025-03")}
    frame = table({"KPI": ["revenue"] * 2, "Total": ["3", "6"], **months})
    name, guesses, wide = interpret(frame, CONTEXT, None, "targets", [])
    assert name == "targets" and wide is not None and wide.measures == ["Value"]
    assert columns_of({guess.header: guess for guess in guesses}) == {
        "KPI": "metric", "Month": "period_start", "Value": "amount",
    }  # fmt: skip
    assert [guess.confidence for guess in guesses if guess.header == "Month"] == [0.95]
    assert interpret(frame, CONTEXT, None, "x", ["budget"])[0] == "budgets"
    assert interpret(frame, CONTEXT, None, "x", ["owner: budget"])[0] != "budgets"
    assert interpret(frame, CONTEXT, "accounts", "x", [])[2] is None
    assert interpret(frame, CONTEXT, "budgets", "x", [])[0] == "budgets"


@pytest.mark.parametrize(
    ("stem", "system", "expected"),
    [
        ("Shop_orders_2025-01-31", "", "shop"),
        ("My Shop (new)", "", "my_shop_new"),
        ("2025", "", "new_system"),
        ("订单", "", "new_system"),
        ("x", "crm", "crm"),
        ("x", "My CRM", "new_system"),
    ],
)
def test_a_system_is_named_after_the_file_in_small_letters(stem: str, system: str, expected: str) -> None:
    assert _system(Path(f"{stem}.csv"), system) == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"a": ["Net", "1", "2", "3"], "b": ["Tax", "4", "5", "6"]}, ("a", ["Net"])),
        ({"a": ["Net", "Sum", "2", "3"], "b": ["Tax", "Sum", "5", "6"]}, ("a", ["Net", "Sum"])),
        ({"a": ["Net", "Sum", "2"], "b": [None, "Kind", "5"], "c": ["Tax", "Each", "7"]}, ("a", ["Net", "Sum"])),
        ({"a": [None, "Sum", "2"], "b": ["Net", "Kind", "5"], "c": ["Tax", "Each", "7"]}, ("b", ["Net", "Kind"])),
        ({"a": ["Net", "1"], "b": ["x", "y"]}, ("", [])),
        ({"a": ["Net", "1"], "b": ["2025-01-01", "4"]}, ("", [])),
        ({"a": ["Net"], "b": ["Tax"]}, ("", [])),
        ({"a": ["Net", "1"], "b": ["Tax", "4"]}, ("a", ["Net"])),
        ({"a": ["Net", "1", "2", "3", "x", "y"], "b": ["Tax", "4", "5", "6", "x", "y"]}, ("", [])),
        ({"a": ["Net", "1", "2"], "b": ["Tax", "2025-01-01", "2025-01-02"]}, ("a", ["Net"])),
        ({"a": ["Net", "", ""], "b": ["Tax", "5", "6"]}, ("", [])),
    ],
)
def test_first_rows_that_repeat_the_labels_are_known_by_what_follows(
    columns: Columns, expected: tuple[str, list[str]]
) -> None:
    assert _labels(table(columns)) == expected


@pytest.mark.parametrize(
    ("cells", "holds"),
    [
        (["Net", "Tax"], True),
        (["Net", " "], False),
        (["Net", "Tax", ""], True),
        (["Net", "5"], False),
        (["Net", "2025-01-01"], False),
        (["Net", "4,87688E+18"], False),
        (["Net", "A1"], False),
        (["Net", "AB1"], True),
        (["Net", "--"], True),
    ],
)
def test_labels_are_several_words_and_no_values(cells: list[str], holds: bool) -> None:
    assert _are_labels(cells) is holds


@pytest.mark.parametrize(
    ("document", "path_to"),
    [
        ({"data": {"list": [{"a": 1}, {"a": 2}], "other": [{"b": 1}]}}, "data.list"),
        ({"data": [1, 2, 3], "rows": [{"a": 1}]}, "rows"),
        ({"data": [], "kind": "x"}, ""),
        ([{"a": 1}], ""),
    ],
)
def test_records_of_a_json_document_are_its_longest_list_of_objects(
    tmp_path: Path, document: object, path_to: str
) -> None:
    (tmp_path / "a.json").write_text(json.dumps(document), encoding="utf-16")
    assert _records(tmp_path / "a.json", "utf-16") == path_to
    assert _records(tmp_path / "a.json", "no such") == ""
    (tmp_path / "a.json").write_text(json.dumps(document), encoding="utf-8")
    assert _records(tmp_path / "a.json", "") == path_to
    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    assert _records(tmp_path / "a.json", "") == ""


@pytest.mark.parametrize(
    ("rows_in", "control", "refused", "status", "warning"),
    [
        (101, 1, 1, "loaded", ""),
        (101, 1, 2, "loaded", "It would refuse 2 of 100 rows (2%): why?"),
        (2000, 0, 1500, "loaded", "It would refuse 1,500 of 2,000 rows (75%): why?"),
        (101, 1, 50, "rejected", ""),
        (1, 1, 1, "loaded", "It would refuse 1 of 1 rows (100%): why?"),
    ],
)
def test_a_proposal_that_refuses_more_than_a_hundredth_of_the_rows_says_so(
    rows_in: int, control: int, refused: int, status: str, warning: str
) -> None:
    outcome = FileOutcome(status=status, rows_in=rows_in, rows_control=control, rows_quarantined=refused)
    assert warning_of(outcome) == warning


def test_the_outcome_of_a_trial_is_one_line_with_the_first_three_refusals() -> None:
    names = list(REFUSED)
    row = dict.fromkeys(names) | {names[8]: "no  number"}
    refused = pl.DataFrame([row | {names[3]: n} for n in range(4)], schema=REFUSED, orient="row")
    outcome = FileOutcome(rows_in=9, rows_loaded=4, rows_quarantined=4, rows_control=1)
    line = "Tried on the file: 9 rows in = 4 loaded + 4 quarantined + 1 control; record 0: no number; "
    line += "record 1: no number; record 2: no number. Check every line, then `almanac sources check`."
    assert outcome_line(Preview("a/b", outcome, pl.DataFrame(), refused)) == line
    rejected = FileOutcome(status="rejected", reason="no\n  table")
    assert (
        outcome_line(Preview("a/b", rejected, pl.DataFrame(), refused)) == "Tried on the file, it is rejected: no table"
    )


def test_a_file_without_rows_or_of_no_known_object_is_refused(tmp_path: Path) -> None:
    settings, path = load_settings(tmp_path), tmp_path / "a.csv"
    path.write_text("Deal ID,Stage\n", encoding="utf-8")
    with pytest.raises(AlmanacError, match="has no rows to propose from"):
        drafted(settings, CONTEXT, path, "crm")
    with pytest.raises(AlmanacError, match="'deals' is not canonical; known: accounts, "):
        drafted(settings, CONTEXT, path, "crm", "deals")
    path.write_text("Deal ID,Stage\n1,won\n2,lead\n", encoding="utf-8")
    draft, about = drafted(settings, CONTEXT, path, "crm")
    assert (draft.canonical.name, draft.system, draft.frame.height, about["rows"]) == ("opportunities", "crm", 2, 2)
    assert draft.reader == {} and draft.questions == () and draft.stage_dates is None
