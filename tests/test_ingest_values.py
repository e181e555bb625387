"""Values as people write them become the same typed values, or their row is quarantined. Expected values by hand."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from ingest_world import World

CONTRACT = """
system: erp
title: ERP
timezone: Asia/Shanghai
objects:
  - object: order_lines
    files: "*.csv"
    exported_at: {{on: 2024-01-31}}
    key: [line_id]
    reader: {{delimiter: "~"}}
    columns:
      line_id: ID
      order_id: ID
      {column}
"""


def read(tmp_path: Path, column: str, *cells: str, contract: str = CONTRACT) -> list[object]:
    """The typed value per cell, or the reason code where the cell's row is quarantined."""
    name = column.partition(":")[0]
    world = World(tmp_path).contract(contract.format(column=column))
    lines = [f"{n}~{cell}\n" for n, cell in enumerate(cells, start=1)]
    world.put("a.csv", "".join(["ID~X\n", "always loaded~\n", *lines]))
    row = world.run().files[0]
    assert row["status"] == "loaded", row["reason"]
    values = dict(world.rows(f"select line_id, {name} from raw.order_lines"))
    codes = dict(world.rows("select source_id, reason_code from quality.quarantine"))
    return [values.get(str(n), codes.get(str(n))) for n in range(1, len(cells) + 1)]


MONEY = {
    "12": "12", "-3.5": "-3.5", "1,234.50": "1234.5", "$1,234,567": "1234567", "￥1,234.5": "1234.5", "¥ 12": "12",
    "(1,234)": "-1234", "($12.50)": "-12.5", "1,234.50-": "-1234.5", "1.2万": "12000", "3亿": "300000000",
    "１２３．５": "123.5", "（１２）": "-12", "USD 12.30": "12.3", "12.30 EUR": "12.3", "12元": "12",
    "1 234.5": "1234.5",
    "12,34,567.89": "1234567.89", "+7": "7", "-$5": "-5", "$-5": "-5", "1e3": "1000", ".5": "0.5", " 8 ": "8",
    "95,570.69": "95570.69", "9'999.5": "9999.5",
}  # fmt: skip


def test_money_in_every_dress(tmp_path: Path) -> None:
    # The currency is a column of its own: without one, a column of $, ￥ and EUR is refused.
    column = "amount_net: X\n      currency: {from: Currency, optional: true}"
    assert read(tmp_path, column, *MONEY) == [Decimal(value) for value in MONEY.values()]


def test_what_is_not_one_number_is_quarantined(tmp_path: Path) -> None:
    cells = ("12x", "1,23", "1.234.5", "1_000", "12 13", "$", "--5", "0x10", "12元5", "1,2345", "inf")
    assert read(tmp_path, "amount_net: X", *cells) == ["bad_number"] * len(cells)


def test_numbers_of_the_other_world(tmp_path: Path) -> None:
    column = "amount_net: {from: X, number_format: {thousands: '.', decimal: ','}}"
    cells = ("1.234,50-", "1.234", "12,5", "1234", "1,234.50", "€ 7,25")
    assert read(tmp_path, column, *cells) == [
        *map(Decimal, ("-1234.5", "1234", "12.5", "1234")),
        "bad_number",
        Decimal("7.25"),
    ]


def test_units_tax_and_percent_by_contract(tmp_path: Path) -> None:
    wan = read(tmp_path / "a", "amount_net: {from: X, unit: 10000}", "1.23456", "￥2", "")
    assert wan == [Decimal("12345.6"), Decimal(20000), None]
    net = read(tmp_path / "b", "amount_net: {from: X, tax: included, tax_rate: 0.13}", "113", "1,130.00")
    assert net == [Decimal(100), Decimal(1000)]
    share = read(tmp_path / "c", "discount: {from: X, scale: percent}", "45", "45%", "100", "0.5%", "101", "４５％")
    assert share == [
        pytest.approx(v) if isinstance(v, float) else v for v in (0.45, 0.45, 1.0, 0.005, "bad_share", 0.45)
    ]
    assert read(tmp_path / "d", "discount: X", "0.45", "45%", "45") == [0.45, 0.45, "bad_share"]


def test_null_words_are_nothing_and_not_faults(tmp_path: Path) -> None:
    words = ("-", "N/A", "待定", "TBD", "NULL", "", "  ", "　")
    assert read(tmp_path / "a", "amount_net: X", *words) == [None] * len(words)
    assert read(tmp_path / "b", "ordered_on: X", *words, "0000-00-00") == [None] * (len(words) + 1)
    assert read(tmp_path / "c", "region: {from: X, null_words: [none yet]}", "none yet", "华东") == [None, "华东"]


def test_a_null_word_that_could_be_a_value_is_nothing_all_the_same(tmp_path: Path) -> None:
    column = "ordered_on: {from: X, null_words: ['9999-12-31']}"
    assert read(tmp_path / "d", column, "9999-12-31", "2024-03-05") == [None, date(2024, 3, 5)]
    assert read(tmp_path / "n", "quantity: {from: X, null_words: ['-1']}", "-1", "7") == [None, Decimal(7)]


def test_a_condition_on_an_empty_cell_excludes_nothing(tmp_path: Path) -> None:
    contract = CONTRACT.format(column="quantity: X").rstrip() + "\n    where: \"X <> 'sum'\"\n"
    world = World(tmp_path).contract(contract)
    world.put("a.csv", "ID~X\n1~7\n2~\n3~sum\n")
    assert world.run().files[0]["rows_loaded"] == 2
    assert dict(world.rows("select line_id, quantity from raw.order_lines")) == {"1": 7, "2": None}


def test_a_damaged_id_that_may_be_emptied_is_emptied(tmp_path: Path) -> None:
    column = "product_id: {from: X, on_error: empty}"
    assert read(tmp_path, column, "1.23E+17", "A-1") == [None, "A-1"]


@pytest.mark.parametrize("header", ["cell", "value", "text", "words", "first"])
def test_a_header_may_be_any_word(tmp_path: Path, header: str) -> None:
    world = World(tmp_path).contract(CONTRACT.format(column=f"quantity: {header}"))
    world.put("a.csv", f"ID~{header}\n1~7\n2~（1,234）\n3~seven\n")
    assert world.run().files[0]["status"] == "loaded"
    assert dict(world.rows("select line_id, quantity from raw.order_lines")) == {"1": 7, "2": -1234}
    assert world.rows("select source_id, reason_code from quality.quarantine") == [("3", "bad_number")]


def test_unambiguous_dates_need_no_format(tmp_path: Path) -> None:
    cells = (
        "2024-03-05", "2024/3/5", "2024年3月5日", "20240305", "05.03.2024", "5-Mar-24", "Mar 5, 2024",
        "2024-03-05 10:00:00", "2024-03-05T23:30:00+08:00", "2024-03-05T10:00:00Z",
    )  # fmt: skip
    assert read(tmp_path, "ordered_on: X", *cells) == [date(2024, 3, 5)] * len(cells)


def test_an_instant_is_dated_where_the_contract_lives(tmp_path: Path) -> None:
    assert read(tmp_path, "ordered_on: X", "2024-03-05T20:00:00Z") == [date(2024, 3, 6)]


def test_day_and_month_are_told_apart_by_the_whole_column(tmp_path: Path) -> None:
    assert read(tmp_path / "a", "ordered_on: X", "1/2/2024", "13/2/2024") == [date(2024, 2, 1), date(2024, 2, 13)]
    assert read(tmp_path / "b", "ordered_on: X", "1/2/2024", "2/13/24") == [date(2024, 1, 2), date(2024, 2, 13)]
    both = "ordered_on: {from: X, formats: ['%m/%d/%Y', '%d/%m/%Y']}"
    assert read(tmp_path / "c", both, "1/2/2024", "13/2/2024") == [date(2024, 2, 1), date(2024, 2, 13)]
    month_first = "ordered_on: {from: X, formats: ['%m/%d/%Y']}"
    assert read(tmp_path / "d", month_first, "1/2/2024", "13/2/2024", "2024-01-05") == [
        date(2024, 1, 2),
        "bad_date",
        date(2024, 1, 5),
    ]


def test_serial_days_and_epochs_by_contract(tmp_path: Path) -> None:
    assert read(tmp_path / "a", "ordered_on: {from: X, formats: [excel_serial]}", "45292", "59", "61", "x") == [
        date(2024, 1, 1), date(1900, 2, 28), date(1900, 3, 1), "bad_date",
    ]  # fmt: skip
    assert read(tmp_path / "b", "ordered_on: {from: X, formats: [excel_serial_1904]}", "43830") == [date(2024, 1, 1)]
    # 1704067200 is 2024-01-01T00:00:00Z, eight in the morning in Shanghai.
    assert read(tmp_path / "c", "ordered_on: {from: X, formats: [epoch_ms]}", "1704067200000") == [date(2024, 1, 1)]
    assert read(tmp_path / "d", "ordered_on: {from: X, formats: [epoch_s]}", "1704067200") == [date(2024, 1, 1)]


def test_impossible_dates_are_quarantined_or_emptied_by_contract(tmp_path: Path) -> None:
    assert read(tmp_path / "a", "ordered_on: X", "2024-02-30", "tomorrow", "2024-01-05 x") == ["bad_date"] * 3
    assert read(tmp_path / "b", "ordered_on: {from: X, on_error: empty}", "2024-02-30", "2024-02-01") == [
        None,
        date(2024, 2, 1),
    ]


def test_naive_timestamps_are_of_the_contracts_zone(tmp_path: Path) -> None:
    contract = (
        CONTRACT.replace("order_lines", "opportunity_history")
        .replace("order_id: ID", "opportunity_id: ID")
        .replace("line_id", "history_id")
    )
    world = World(tmp_path).contract(contract.format(column="changed_at: X"))
    world.put("a.csv", "ID~X\n1~2024-03-05 10:00:00\n2~2024-03-05T10:00:00Z\n")
    world.run()
    assert world.column("select changed_at from raw.opportunity_history order by history_id") == [
        datetime(2024, 3, 5, 2), datetime(2024, 3, 5, 10),
    ]  # fmt: skip


def test_ids_stay_text_and_damaged_ones_are_quarantined(tmp_path: Path) -> None:
    assert read(tmp_path, "product_id: X", "00123", "1.23E+17", "12E5", "SO-1.2E+1x") == [
        "00123",
        "damaged_id",
        "12E5",
        "SO-1.2E+1x",
    ]


def test_ids_are_brought_to_one_form_by_contract(tmp_path: Path) -> None:
    # 18-character forms published by Salesforce's own documentation for these 15-character ids.
    assert (
        read(tmp_path / "a", "account_id: {from: X, normalise: salesforce_id}", "001A0000006Vm9r", "001A0000006Vm9rIAC")
        == ["001A0000006Vm9rIAC"] * 2
    )
    assert read(tmp_path / "b", "product_id: {from: X, normalise: strip_zeros}", "000012", "0") == ["12", "0"]
    assert read(tmp_path / "c", "account_name: {from: X, normalise: last_segment}", "Acme : Acme East") == ["Acme East"]
    assert read(tmp_path / "d", "account_id: {from: X, pattern: '^([0-9]+)'}", "17850.0", "x") == ["17850", None]
    assert read(tmp_path / "e", "region: {from: X, split: ';'}", "North;South") == ["North"]


def test_booleans_by_standard_and_own_words(tmp_path: Path) -> None:
    assert read(tmp_path / "a", "is_cancelled: X", "true", "0", "是", "NO", "maybe") == [
        True,
        False,
        True,
        False,
        "bad_boolean",
    ]
    assert read(tmp_path / "b", "is_cancelled: {from: X, true_words: [已取消]}", "已取消", "正常", "") == [
        True,
        False,
        None,
    ]


def test_whole_numbers_must_be_whole(tmp_path: Path) -> None:
    contract = (
        CONTRACT.replace("order_lines", "accounts")
        .replace("order_id: ID", "account_name: ID")
        .replace("line_id", "account_id")
    )
    world = World(tmp_path).contract(contract.format(column="employees: X"))
    world.put("a.csv", "ID~X\n1~1,200\n2~12.5\n3~12.0\n")
    world.run()
    assert world.rows("select account_id, employees from raw.accounts order by 1") == [("1", 1200), ("3", 12)]
    assert world.column("select reason_code from quality.quarantine") == ["bad_integer"]
