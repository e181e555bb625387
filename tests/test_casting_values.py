"""Cells of one column to its type by its contract: what is read, emptied or refused. Values by hand."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from casting_table import LINES, read, read_column

from pipelines.ingest.casting.cast import PHONES

pytestmark = pytest.mark.fast
ACCOUNTS = LINES.replace("order_lines", "accounts").replace("line_id: ID, order_id: ID", "account_id: ID")
ACCOUNTS = ACCOUNTS.replace("line_id", "account_id")


@pytest.mark.parametrize(
    ("column", "texts", "values"),
    [
        ("quantity: X", ["5", "1,234.50", "-3", " 7 ", "x"], [5, 1234.5, -3, 7, "bad_number"]),
        ("quantity: X", ["", "~", "N/A", " - ", "TBD", "0"], [None, None, None, None, None, 0]),
        ("quantity: X", ["1.5", "2", "3.25"], [1.5, 2, 3.25]),
        ("amount_net: {from: X, unit: 10000}", ["1.5", "8万", "2"], [15000, "bad_number", 20000]),
        ("amount_net: {from: X, unit: 10000}", ["(1.5)", "x"], [-15000, "bad_number"]),
        ("amount_net: {from: X, unit: 0.001}", ["1500", "2"], [1.5, 0.002]),
        ("amount_net: {from: X, unit: 1000}", ["99999999999999999"], ["bad_number"]),
        ("amount_net: {from: X, tax: included, tax_rate: 0.25}", ["125", "-5"], [100, -4]),
        ("discount: X", ["0.25", "25%", "２５％", "1", "0"], [0.25, 0.25, 0.25, 1, 0]),
        ("discount: X", ["1.5", "-0.1", "x", "101%"], ["bad_share"] * 4),
        ("discount: {from: X, scale: percent}", ["25", "25%", "100", "0.5"], [0.25, 0.25, 1, 0.005]),
        ("discount: {from: X, scale: percent}", ["101", "-1"], ["bad_share"] * 2),
        ("discount: X", ["0.35000000000000003"], [0.35]),
        ("is_cancelled: X", ["Yes", "JA", "x", "是", "1", "√"], [True] * 6),
        ("is_cancelled: X", ["no", "Nein", "0", "否", "off"], [False] * 5),
        ("is_cancelled: X", ["maybe", "", "2"], ["bad_boolean", None, "bad_boolean"]),
        ("is_cancelled: {from: X, true_words: [Storno]}", ["storno", "anything", ""], [True, False, None]),
        ("is_cancelled: {from: X, true_words: [A], false_words: [B]}", ["a", "b", "yes"], [True, False, "bad_boolean"]),
        ("is_cancelled: {from: X, false_words: [B]}", ["yes", "b", "no"], [True, False, "bad_boolean"]),
        ("product_name: {from: X, normalise: upper}", ["ab", ""], ["AB", None]),
        ("product_name: {from: X, normalise: strip_zeros}", ["0010", "000", "1", ""], ["10", "0", "1", None]),
        ("product_name: {from: X, normalise: last_segment}", ["a : b : c", "d"], ["c", "d"]),
        ("product_name: {from: X, split: ','}", ["a , b", "c"], ["a", "c"]),
        ("product_name: {from: X, pattern: 'P-(\\d+)'}", ["xP-12", "none"], ["12", None]),
        ("product_name: {from: X, null_words: [keine]}", ["keine", "Keine", "-"], [None, "Keine", None]),
        ("quantity: {from: X, null_words: ['0', '9999']}", ["0", "9999", "5", "1,000"], [None, None, 5, 1000]),
        ("ordered_on: X", ["2024-03-05", "5 March 2024", "31.12.9999", "00/00/0000", "2024-13-01"],
         [date(2024, 3, 5), date(2024, 3, 5), None, None, "bad_date"]),
        ("ordered_on: X", ["13/01/2024", "02/03/2024"], [date(2024, 1, 13), date(2024, 3, 2)]),
        ("ordered_on: X", ["01/13/2024", "02/03/2024"], [date(2024, 1, 13), date(2024, 2, 3)]),
        ("ordered_on: {from: X, formats: ['%d/%m/%Y']}", ["02/03/2024", "2024-03-05", "x"],
         [date(2024, 3, 2), date(2024, 3, 5), "bad_date"]),
        ("ordered_on: {from: X, formats: [excel_serial]}", ["45356", "x"], [date(2024, 3, 5), "bad_date"]),
        ("ordered_on: {from: X, null_words: ['2024-01-01']}", ["2024-01-01", "2024-01-02"], [None, date(2024, 1, 2)]),
        ("ordered_on: {from: X, on_error: empty}", ["x", "2024-01-02"], [None, date(2024, 1, 2)]),
    ],
)  # fmt: skip
def test_a_cell_is_read_by_the_contract_of_its_column(column: str, texts: list[str], values: list[object]) -> None:
    found = read_column(column, *texts)
    exact = [Decimal(str(value)) if isinstance(value, int | float) and column[0] in "qa" else value for value in values]
    assert found == exact


@pytest.mark.parametrize(
    ("column", "texts", "values"),
    [
        ("employees: X", ["5", "1,200", "5.0", "5.5", "x", ""], [5, 1200, 5, "bad_integer", "bad_integer", None]),
        ("employees: {from: X, on_error: empty}", ["5.5", "7"], [None, 7]),
        ("updated_at: X", ["2024-03-05 10:30", "2024-03-05T10:30:00Z", "2024-03-05"],
         [datetime(2024, 3, 5, 9, 30), datetime(2024, 3, 5, 10, 30), datetime(2024, 3, 4, 23)]),
        ("updated_at: {from: X, timezone: Asia/Shanghai}", ["2024-03-05 10:30"], [datetime(2024, 3, 5, 2, 30)]),
        ("updated_at: X", ["2024-03-05 10:30+01", "2024-03-05 10:30-02:00", "bad"],
         [datetime(2024, 3, 5, 9, 30), datetime(2024, 3, 5, 12, 30), "bad_date"]),
        ("phone: X", ["+49 30 123", "8.61E+12"], ["+49 30 123", None]),
    ],
)  # fmt: skip
def test_instants_and_whole_numbers_of_accounts(column: str, texts: list[str], values: list[object]) -> None:
    assert read_column(column, *texts, object_text=ACCOUNTS) == values


def test_an_instant_is_dated_by_the_zone_of_the_company_or_of_the_source() -> None:
    texts = ["2024-03-05T20:00:00Z", "2024-03-05 00:00", "2024-03-05"]
    fifth, sixth = date(2024, 3, 5), date(2024, 3, 6)
    assert read_column("ordered_on: X", *texts, day_zone="Asia/Shanghai") == [sixth, fifth, fifth]
    assert read_column("ordered_on: {from: X, day_of: source}", *texts, day_zone="Asia/Shanghai") == [fifth] * 3
    assert read_column("ordered_on: {from: X, timezone: Asia/Tokyo}", *texts) == [fifth] * 3
    assert read_column("ordered_on: {from: X, timezone: Asia/Tokyo, day_of: source}", *texts) == [sixth, fifth, fifth]


def test_what_is_emptied_is_logged_with_the_text_it_had() -> None:
    found = read(LINES % "quantity: {from: X, on_error: empty}", "ID|X", "1| x ", "2|5")
    assert found.corrections == [(1, "quantity", "x", None, "unreadable_value_emptied")]
    assert found.faults == []
    for phone in PHONES[:1]:
        found = read(ACCOUNTS % f"{phone}: X", "ID|X", "1|8.61E+12", "2|030 1")
        assert found.corrections == [(1, phone, "8.61E+12", None, "unreadable_value_emptied")]


def test_a_rate_of_tax_may_stand_in_another_column() -> None:
    text = LINES % "amount_net: {from: X, tax: included, tax_rate: Rate}"
    found = read(text, "ID|X|Rate", "1|125|25%", "2|125|25", "3|125|0.25", "4|101|1", "5|125| 25 % ", "6|125|")
    assert found.values("amount_net") == [100, 100, 100, 100, 100, "bad_number"]


def test_parts_are_joined_and_a_whole_wins() -> None:
    text = LINES % "product_name: {join: [A, B], separator: ' - '}, ordered_on: {join: [Y, M], separator: '-'}"
    found = read(text, "ID|A|B|Y|M", "1|x|y|2024-03|05", "2| x ||2024|", "3||||")
    assert found.values("product_name") == ["x - y", "x", None]
    assert found.values("ordered_on") == [date(2024, 3, 5), "bad_date", None]
    text = LINES % "product_name: {from: Name, join: [A, B]}"
    assert read(text, "ID|A|B|Name", "1|x|y|z").values("product_name") == ["z"]
    assert read(text, "ID|A|B", "1|x|y").values("product_name") == ["x y"]
    assert read(text, "ID|B", "1|y").values("product_name") == ["y"]


def test_constants_are_values_of_their_columns_type() -> None:
    text = LINES % (
        "quantity: {const: 5}, amount_net: {const: 2, unit: 1000}, discount: {const: 50, scale: percent}, "
        "ordered_on: {const: 2024-03-05}, is_cancelled: {const: 'no'}, region: {const: North}, currency: {const: euro}"
    )
    row = read(text, "ID", "1").rows[0]
    assert (row["quantity"], row["amount_net"], row["discount"]) == (5, 2000, 0.5)
    assert (row["ordered_on"], row["is_cancelled"], row["region"]) == (date(2024, 3, 5), False, "North")
    assert (row["currency"], row["currency_source"]) == ("EUR", "euro")


def test_expressions_read_cells_and_columns_before_them() -> None:
    text = LINES % (
        "quantity: Qty, unit_price: Price, cost: {from: Cost, optional: true}, "
        """amount_net: {expression: 'quantity * unit_price * cast("Factor" as int) + coalesce(cost, 1)'}"""
    )
    found = read(text, "ID|Qty|Price|Factor|Extra", "1|2|3| 10 |x", "2||3|10|~")
    assert found.values("amount_net") == [61, None] and found.mapping.extra == ("Extra",)
    assert [row["_extra"] for row in found.rows] == ['{"Extra":"x"}', '{"Extra":null}']


def test_marks_that_nobody_sees_and_guards_of_a_spreadsheet_are_no_part_of_a_value() -> None:
    text = LINES % "product_name: X, quantity: Q"
    found = read(text, "ID|X|Q", '="001"|a\u200bb\u200dc|="5"', "'002|'x|'6", '3|="a""b"|7', has_excel_guards=True)
    assert [row["line_id"] for row in found.rows] == ["001", "002", "3"]
    assert found.values("product_name") == ["ab\u200dc", "'x", 'a"b']
    assert found.values("quantity") == [5, 6, 7]
    found = read(text, "ID|X|Q", "'1|'x|5", "a\u200db\u200b|\u3000y\u00a0|6")
    assert [row["line_id"] for row in found.rows] == ["'1", "ab"] and found.values("product_name") == ["'x", "y"]
    plain = read(text, "ID|X|Q", "1| x|5", "2|y |6", "3| z |7", has_unicode_blanks=False)
    assert plain.values("product_name") == ["x", "y", "z"]


def test_a_salesforce_id_is_the_same_in_both_lengths() -> None:
    texts = ["001A000000abcDE", "001000000000000", "001A000000abcDEIA4", "001A00", ""]
    column = "product_id: {from: X, normalise: salesforce_id}"
    # The bits of `001A0`, `00000`, `abcDE` are 8, 0 and 24: letters I, A and Y of A-Z0-5.
    assert read_column(column, *texts) == ["001A000000abcDEIAY", "001000000000000AAA", *texts[2:4], None]
