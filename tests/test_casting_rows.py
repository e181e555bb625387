"""Which rows are loaded: control rows, keys and duplicates, rules, ids that a spreadsheet damaged, unknown words."""

from collections import Counter

import pytest
from casting_table import LINES, VOCABULARIES, cells, contract_of, read, read_column

from pipelines.contracts import canonical_objects
from pipelines.ingest.casting.cast import fill_down
from pipelines.ingest.casting.damaged_cells import error_warnings
from pipelines.ingest.casting.validate import CORRECTIONS, refuse_unknown_words
from pipelines.ingest.formats.source import FileRefusedError

pytestmark = pytest.mark.fast
ACCOUNTS = LINES.replace("order_lines", "accounts").replace("line_id: ID, order_id: ID", "account_id: ID")
ACCOUNTS = ACCOUNTS.replace("line_id", "account_id")
NAMED = "product_name: X, quantity: Q"


def declared(columns: str, more: str = "") -> str:
    return LINES % columns + "".join(f"    {line}\n" for line in more.split("\n") if line)


def is_control(contract: str, *rows: str) -> list[bool]:
    return [row["_is_control"] for row in read(contract, *rows).rows]


@pytest.mark.parametrize(
    ("row", "is_record"),
    [
        ("1|x|5", True),
        ("Total||5", False),
        ("Grand Total:||5", False),
        ("合计（3）||5", False),
        ("Total 3||5", False),
        ("||", False),
        (" |~|", False),
        ("|Total|5", False),
        ("|Total|five", True),  # another word stands beside it
        ("Totals of May||5", True),
        ("9|Total|5", True),  # a record with a key of its own
        ("ID|X|Q", False),
        (" ID | X | Q ", False),
        ("ID|X|5", True),
        ("Exported by Ann||", False),
        ("Exported by Ann||5", True),
        ("Page 3 of 7||", False),
    ],
)
def test_totals_blank_lines_footers_and_repeated_headers_are_no_records(row: str, is_record: bool) -> None:
    assert is_control(declared(NAMED), "ID|X|Q", row, "8|y|6") == [not is_record, False]


def test_a_condition_excludes_rows_but_for_those_where_it_is_open() -> None:
    contract = declared(NAMED, """where: '"Q" <> ''0'''""")
    assert is_control(contract, "ID|X|Q", "1|x|0", "2|x|5", "3|x|~") == [True, False, False]
    with pytest.raises(FileRefusedError, match="where"):
        read(declared(NAMED, """where: '"Nope" > 1'"""), "ID|X|Q", "1|x|0")


def test_a_row_without_what_it_needs_is_refused_once() -> None:
    contract = declared(NAMED).replace("order_id: ID", "order_id: Order")
    found = read(contract, "ID|Order|X|Q", "1|7|x|5", "2||x|5", "|7|x|5", "4||x|bad", "Total|||")
    assert found.faults == [
        (2, "order_id", "missing_value"),
        (3, "line_id", "missing_key"),
        (4, "order_id", "missing_value"),
        (4, "quantity", "bad_number"),
    ]


def test_of_equal_rows_the_first_is_kept_and_of_different_ones_none_or_the_latest() -> None:
    rows = ("1|x|5", "2|y|5", "1|x|5", "3|a|1", "3|b|2", "4|z|bad", "4|z|7", "5|n|")
    found = read(declared(NAMED), "ID|X|Q", *rows)
    doubtful = [(3, None, "duplicate_row"), (4, None, "duplicate_key"), (5, None, "duplicate_key")]
    assert [fault for fault in found.faults if fault[2].startswith("dup")] == doubtful
    latest = declared(NAMED, "on_duplicate_key: latest(quantity)")
    found = read(latest, "ID|X|Q", *rows, "5|m|1", "3|c|2")
    doubtful = [(record, None, "duplicate_key") for record in (4, 5, 8)]
    assert [fault for fault in found.faults if fault[2].startswith("dup")] == [(3, None, "duplicate_row"), *doubtful]
    without_key = declared(NAMED).replace("key: [line_id]", "key: none").replace("line_id: ID, ", "")
    found = read(without_key, "ID|X|Q", "1|x|5", "1|x|5")
    assert found.faults == [] and found.rows[1]["source_id"] == "2025-01-31/a.csv#2"


@pytest.mark.parametrize(
    ("net", "tax", "gross", "agree"),
    [
        ("100", "19", "119", True),
        ("10", "1.9", "11.95", True),  # five cents
        ("10", "1.9", "11.96", False),
        ("100", "19", "119.119", True),  # a thousandth
        ("100", "19", "119.13", False),
        ("-100", "-19", "-119.11", True),
        ("100", "", "150", True),
    ],
)
def test_net_and_tax_are_gross_but_for_rounding(net: str, tax: str, gross: str, agree: bool) -> None:
    contract = declared("amount_net: N, amount_tax: T, amount_gross: G, quantity: N")
    found = read(contract, "ID|N|T|G", f"1|{net}|{tax}|{gross}")
    assert found.faults == ([] if agree else [(1, "amount_gross", "amounts_disagree")])
    assert read(declared("amount_net: N, amount_gross: G"), "ID|N|G", f"1|{net}|{gross}").faults == []


def test_corrections_come_before_checks_and_are_logged() -> None:
    contract = declared(
        NAMED,
        "corrections: [{name: negative, when: quantity < 0, set: {quantity: '-quantity'}, because: slips}]\n"
        "checks: [{name: small, expect: quantity < 10, because: 'no line has more'}]",
    )
    found = read(contract, "ID|X|Q", "1|x|-5", "2|x|5", "3|x|-50", "4|x|")
    assert [change[:4] for change in found.corrections] == [
        (1, "quantity", "-5.0000", "5.0000"),
        (3, "quantity", "-50.0000", "50.0000"),
    ]
    assert found.faults == [(3, "", "small")]
    assert [row["quantity"] for row in found.rows] == [5, 5, 50, None]


def test_words_become_codes_and_unknown_ones_refuse_the_file_with_a_guess() -> None:
    contract = declared("currency: C")
    found = read(contract, "ID|C", "1|Euro", "2|USD", "3|", "4| us  dollar ")
    assert [(row["currency"], row["currency_source"]) for row in found.rows] == [
        *(("EUR", "Euro"), ("USD", "USD"), (None, None), ("USD", "us  dollar")),
    ]
    rows = ("1|Euros", "2|Euros", "3|Doubloon", "4|EUR")
    with pytest.raises(FileRefusedError) as refusal:
        read(contract, "ID|C", *rows)
    assert refusal.value.code == "unmapped_currency"
    said = "unknown currency 'Euros' (2 rows), perhaps EUR; currency 'Doubloon' (1 rows): add a row per word to "
    assert refusal.value.reason == said + "seeds/currency_words.csv"
    unknown = Counter[tuple[str, str]]()
    read(contract, "ID|C", *rows, "4|EUR", unknown=unknown)
    assert unknown == {("currency", "Euros"): 2, ("currency", "Doubloon"): 1}


def test_of_many_unknown_words_the_fifty_commonest_are_named() -> None:
    words = Counter({("stage", f"w{n:02}"): n for n in range(1, 61)}) + Counter({("account_id", "x"): 9})
    with pytest.raises(FileRefusedError) as refusal:
        refuse_unknown_words(words, canonical_objects()["opportunities"], VOCABULARIES)
    assert refusal.value.code == "unmapped_word"
    assert refusal.value.reason.startswith("unknown stage 'w60' (60 rows); stage 'w59'")
    assert "'w11'" in refusal.value.reason and "'w10'" not in refusal.value.reason
    refuse_unknown_words(Counter(), canonical_objects()["opportunities"], VOCABULARIES)


LONG = [f"{n}23456789012345" for n in (1, 2)]  # fifteen digits


@pytest.mark.parametrize(
    ("ids", "damaged"),
    [
        ([LONG[0] + "00", LONG[1] + "00"], [0, 1]),  # all long ids end in zeros
        ([LONG[0] + "000", "5"], [0]),  # three zeros of one
        ([LONG[0] + "00", "5"], []),
        ([LONG[0] + "000", LONG[1] + "001"], []),
        ([LONG[0], "5"], []),
        (["2024-03-05", "A1", "A2"], [0]),
        (["05.03.2024", "5/3/2024", "A1", "A2"], [0, 1]),  # half of them
        (["05.03.2024", "6/3/2024", "A1"], []),  # more than half
        (["2024-03-05 00:00:00", "A1"], [0]),
        (["5-mars", "A1"], [0]),
        (["5-mars", "10-kit", "A1"], []),  # spelled like another
        (["Mar-05", "A1"], [0]),
        (["Mar-05", "Kit-05"], []),
        (["5-mars"], []),  # nothing else beside it
        (["1.23E+17", "A1"], [0]),
        (["5-Mar", "A1"], [0]),
        (["#REF!", "A1"], [0]),
        (["#N/A!", "####", "=SUM(A1)", "Err:502", "A1"], [0, 1, 2, 3]),
        (["#12", "A#REF!", "=", "A1"], []),
    ],
)
def test_ids_that_a_spreadsheet_damaged_are_refused(ids: list[str], damaged: list[int]) -> None:
    found = read_column("product_id: X", *ids)
    assert [position for position, value in enumerate(found) if value == "damaged_id"] == damaged


def test_errors_of_a_spreadsheet_are_no_texts() -> None:
    contract = ACCOUNTS % "account_name: X, phone: P"
    found = read(contract, "ID|X|P", "1|#REF!|#NAME?", "2|#1 Ltd|=A1", "3|Err:502|030")
    assert [row["account_name"] for row in found.rows] == [None, "#1 Ltd", None]
    assert [row["phone"] for row in found.rows] == [None, None, "030"]
    assert [change[1:] for change in sorted(found.corrections)] == [
        ("account_name", "#REF!", None, "spreadsheet_error_emptied"),
        ("phone", "#NAME?", None, "spreadsheet_error_emptied"),
        ("phone", "=A1", None, "spreadsheet_error_emptied"),
        ("account_name", "Err:502", None, "spreadsheet_error_emptied"),
    ]


def test_errors_are_counted_with_three_examples() -> None:
    import polars as pl

    rows = [(n, "", "", word, None, "spreadsheet_error_emptied", "") for n, word in enumerate(["#A!", "#B!", "#A!"])]
    frame = pl.DataFrame([*rows, (9, "", "", "x", None, "other", "")], schema=CORRECTIONS, orient="row")
    assert error_warnings(frame) == ["3 cells hold an error of a spreadsheet (#A!, #B!) and are read as empty"]
    assert error_warnings(frame.tail(1)) == []


def test_a_row_may_hold_keys_of_other_systems() -> None:
    contract = ACCOUNTS % "account_name: X" + (
        "    key_namespace:\n"
        "    - {name: sap, column: SAP, normalise: digits}\n"
        "    - {name: vat, column: VAT, pattern: 'DE(.+)', normalise: upper}\n"
        "    - {name: old, column: account_id, normalise: strip_zeros}\n"
    )
    found = read(contract, "ID|X|SAP|VAT", "007|x| S-0012 |DE1a", "000|y|none|AT1")
    keys = [[item["namespace_key"] for item in row["_namespaces"]] for row in found.rows]
    assert keys == [["12", "1A", "7"], [None, None, None]]
    assert [item["namespace"] for item in found.rows[0]["_namespaces"]] == ["sap", "vat", "old"]


FILLED = "reader: {fill_down: [X, Q]}"


def filled(
    contract: str, *rows: str, carried: dict[str, str] | None = None, **about: object
) -> list[tuple[object, ...]]:
    item = contract_of(contract).objects[0]
    with cells(*rows, **about) as (connection, source):
        table = fill_down(connection, source, item, carried)
        return connection.execute(f"select * exclude (_record) from {table.relation} order by _record").fetchall()


def test_blank_cells_are_filled_from_above_and_totals_stay_what_they_are() -> None:
    rows = ("ID|X|Q", "1|a|5", "2| |", "Total||9", "3|~|6")
    control = [("1", "a", "5", False), ("2", "a", "5", False), ("Total", "a", "9", True), ("3", "a", "6", False)]
    assert filled(declared(NAMED, FILLED), *rows) == control
    assert filled(declared(NAMED), *rows)[1] == ("2", " ", "")  # nothing to be filled


def test_what_a_chunk_ends_with_is_carried_into_the_next() -> None:
    carried = {"X": "z"}
    assert filled(declared(NAMED, FILLED), "ID|X|Q", "1||5", "2|b|", carried=carried) == [
        *(("1", "z", "5", False), ("2", "b", "5", False)),
    ]
    assert carried == {"X": "b", "Q": "5"}


def test_cells_are_filled_within_their_document_and_sheet_alone() -> None:
    contract = declared(NAMED, "reader: {fill_down: [Doc, X], fill_down_within: Doc}")
    carried = {"Doc": "D0", "X": "z", "~document": "D0"}
    rows = ("Doc|ID|X|Q", "|1||5", "D1|2||5", "|3|a|5", "|4||5", "D2|5||5")
    found = filled(contract, *rows, carried=carried)
    assert [row[:3] for row in found] == [
        *(("D0", "1", "z"), ("D1", "2", None), ("D1", "3", "a"), ("D1", "4", "a"), ("D2", "5", None)),
    ]
    assert carried == {"Doc": "D2", "~document": "D2"}
    sheets = ("ID|X|Q|_sheet", "1|a|5|May", "2||5|May", "3||5|June")
    found = filled(declared(NAMED, FILLED), *sheets, sheets={"May": ("ID",), "June": ("ID",)}, added=("_sheet",))
    assert [row[1] for row in found] == ["a", "a", None]


def test_an_amount_that_would_be_repeated_on_lines_without_one_is_refused() -> None:
    contract = declared("product_name: X, amount_net: A", "reader: {fill_down: [X, A]}")
    with pytest.raises(FileRefusedError, match=r"'A' \(amount_net\) would be repeated on 2 lines") as refusal:
        filled(contract, "ID|X|A", "1|a|5", "2||", "3||", "Total||")
    assert refusal.value.code == "repeated_amount"
    assert len(filled(contract, "ID|X|A", "1|a|5", "2||6", "Total||")) == 3
