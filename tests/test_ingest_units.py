"""Currencies and units in cells, headers and titles: read, or asked about. Values by hand."""

from decimal import Decimal
from pathlib import Path

import pytest
from cells import CONTRACT, read
from ingest_world import World

from pipelines.ingest.casting.unit_words import stated_unit, unit_of

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(("cell", "currency"), [("$900", "EUR"), ("900 CHF", "SEK"), ("£12", "$")])
def test_a_cells_currency_that_is_not_its_rows_is_refused(tmp_path: Path, cell: str, currency: str) -> None:
    columns = "amount_net: X\n      currency: C"
    assert read(tmp_path, columns, f"{cell};{currency}", header="X;C") == ["other_currency"]


def test_a_cells_currency_that_is_its_rows_is_loaded(tmp_path: Path) -> None:
    columns = "amount_net: X\n      currency: C"
    assert read(tmp_path, columns, "$900;USD", "5 kr;SEK", "¥7;CNY", header="X;C") == [900, 5, 7]


def test_a_header_of_another_currency_than_the_contracts_is_refused(tmp_path: Path) -> None:
    column = 'amount_net: "Amount (%s)"\n      currency: {const: EUR}'
    assert read(tmp_path / "a", column % "USD", "5", header="Amount (USD)") == ["other_currency"]
    assert read(tmp_path / "b", column % "EUR", "5", header="Amount (EUR)") == [5]


@pytest.mark.parametrize(
    "header",
    ["Amount (₹ Cr)", "Umsatz (TEUR)", "Importe (k€)", "金额（万元）", "Sales in thousands", "売上 (百万円)"],
)
def test_a_unit_of_the_header_that_the_contract_does_not_state_is_asked_about(tmp_path: Path, header: str) -> None:
    column = f'amount_net: {{from: "{header}"%s}}'
    assert read(tmp_path / "a", column % "", "12.5", header=header) == ["unread_unit"]
    assert read(tmp_path / "b", column % ", unit: 1", "12.5", header=header) == [Decimal("12.5")]


def test_a_unit_in_a_title_is_asked_about_unless_a_column_states_one(tmp_path: Path) -> None:
    for folder, unit, status in (("a", "", "rejected"), ("b", ", unit: 1000", "loaded")):
        world = World(tmp_path / folder).contract(f"{CONTRACT}      amount_net: {{from: X{unit}}}\n")
        world.put("a.csv", "Amounts in thousands EUR;\nID;X\n1;5\n2;6\n")
        assert world.run().files[0]["status"] == status


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("Amount Cr", None), ("Credit (Cr)", None), ("Price per 1 000", None), ("Cost per thousand", None),
        ("金额（元/万件）", None), ("万能险金额", None), ("万科金额", None), ("金额（元）", None),
        ("金额（万元）", 10_000), ("金额(万)", 10_000), ("金额万", 10_000), ("金额 万美元", 10_000),
        ("营收（亿元）", 100_000_000),
        ("金额（单位：万）", 10_000), ("金额（千万元）", 10_000_000),
        ("売上 (百万円)", 1_000_000), ("Rs. Cr", 10_000_000),
        ("Amount (INR Cr)", 10_000_000), ("Amount in Cr", 10_000_000), ("Amount 000", 1000), ("EUR '000", 1000),
    ],
)  # fmt: skip
def test_a_header_states_a_unit_only_where_its_words_mean_money(header: str, unit: float | None) -> None:
    assert unit_of(header) == unit


@pytest.mark.parametrize(
    ("title", "unit"),
    [
        ("编制单位：万科企业", None), ("填报单位：上海万达商业", None), ("使用单位：亿联网络", None),
        ("单位：万元科技", None),
        ("单位：元", None), ("单位：万元", 10_000), ("2025年 单位:人民币万元", 10_000), ("（单位：亿元）", 100_000_000),
        ("金额单位：万元", 10_000), ("单位：千元 币种：人民币", 1000), ("单位：百万美元", 1_000_000),
    ],
)  # fmt: skip
def test_a_title_states_a_unit_only_as_an_amount_of_money(title: str, unit: float | None) -> None:
    stated = stated_unit([title])
    assert (stated[0] if stated else None) == unit


@pytest.mark.parametrize(
    ("wanted", "other", "status"),
    [
        ("Amount", "Amount (万元)", "rejected"), ("Amount (USD)", "Amount (EUR)", "rejected"),
        ("Amount (Net)", "Amount (Foreign Currency)", "loaded"), ("名称(英文)", "名称(中文)", "loaded"),
        ("Amount (Net)", "Amount", "loaded"),
    ],
)  # fmt: skip
def test_only_a_unit_or_a_currency_in_brackets_makes_two_headers_one(
    tmp_path: Path, wanted: str, other: str, status: str
) -> None:
    world = World(tmp_path).contract(f'{CONTRACT}      amount_net: "{wanted}"\n')
    world.put("a.csv", f"ID;{other}\n1;5\n2;6\n")
    assert world.run().files[0]["status"] == status


def test_a_header_without_brackets_that_another_column_reads_is_not_the_one_that_is_missing(tmp_path: Path) -> None:
    columns = '      amount_net: "Amount (USD)"\n      amount_gross: Amount\n'
    world = World(tmp_path).contract(CONTRACT + columns)
    world.put("a.csv", "ID;Amount;Amount (EUR)\n1;5;6\n")
    assert world.run().files[0]["status"] == "loaded"
    assert world.rows("select amount_net, amount_gross from raw.order_lines") == [(None, 5)]
