"""Marks before three digits, dashes for no cents, half a bracket: numbers as files write them. Values by hand."""

from decimal import Decimal
from pathlib import Path

import pytest
from cells import CONTRACT, read
from ingest_world import World

pytestmark = pytest.mark.fast
CONTINENTAL = "amount_net: {from: X, number_format: {thousands: '.', decimal: ','}}"


@pytest.mark.parametrize(
    "cells",
    [
        ("1.500 €", "12.000 €"), ("R$ 1.500",), ("kr 1.500", "kr 900"), ("1.500-", "12.000-"), ("(1.500)",),
        ("+1.500",), ("1.500 Tsd.", "3 Tsd."), ("1.500", "1.500,-"), ("1.500", "1.500:-", "12000"),
        ("1.500", "2.500,50"), ("1.500", "0,25"), ("1,500", "12,000"), ("1,500", "2,5"), ("1.500", "2.000.000"),
    ],
)  # fmt: skip
def test_a_mark_before_three_digits_is_asked_about_in_any_dress(tmp_path: Path, cells: tuple[str, ...]) -> None:
    assert read(tmp_path, "amount_net: X", *cells) == ["undecidable_number_format"]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (("1,500", "12.5"), [1500, "12.5"]), (("1,500", "2,000,000"), [1500, 2_000_000]), (("¥1,500",), [1500]),
        (("1.500", "0.250"), ["1.5", "0.25"]), (("1 500", "1'500"), [1500, 1500]),
    ],
)  # fmt: skip
def test_what_else_the_file_holds_settles_the_mark(tmp_path: Path, cells: tuple[str, ...], values: list[str]) -> None:
    assert read(tmp_path, "amount_net: X", *cells) == [Decimal(value) for value in values]


def test_a_comma_between_the_cells_is_no_decimal_mark(tmp_path: Path) -> None:
    world = World(tmp_path).contract(f"{CONTRACT}      amount_net: X\n")
    world.put("a.csv", 'ID,X\n1,"1,500"\n2,1200\n3,800\n')
    assert world.run().files[0]["status"] == "loaded"
    assert world.column("select amount_net from raw.order_lines order by line_id") == [1500, 1200, 800]


def test_a_dash_for_no_cents_is_no_minus(tmp_path: Path) -> None:
    assert read(tmp_path / "a", "amount_net: X", "CHF 5.-", "7:-", "8.--", "5.00-") == [5, 7, 8, -5]
    assert read(tmp_path / "b", CONTINENTAL, "1.500,-", "5,-- €", "1.500,50-") == [1500, 5, Decimal("-1500.5")]


def test_a_dash_for_no_cents_tells_that_the_mark_before_groups(tmp_path: Path) -> None:
    cells = ("1.234,-", "1.234:-", "kr. 1.234.567,--", "(1'234.-)", "-1,234.-", "12000", "12,34,567.-", "1.234.-")
    values = [1234, 1234, 1_234_567, -1234, -1234, 12000, 1_234_567, 1234]
    assert read(tmp_path / "a", "amount_net: X", *cells) == values
    assert read(tmp_path / "b", CONTINENTAL, *cells) == values


def test_a_dash_between_numbers_is_no_amount(tmp_path: Path) -> None:
    cells = ("5.-6", "5, -3", "12:-30", "100.-300", "5.5,-", "0.125,-", ".5.-")
    assert read(tmp_path, "amount_net: X", *cells) == ["bad_number"] * 7


def test_an_amount_with_half_a_bracket_is_none(tmp_path: Path) -> None:
    assert read(tmp_path, "amount_net: X", "(€5", "5)", "(5)") == ["bad_number", "bad_number", -5]


def test_traditional_and_japanese_units_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, "amount_net: X", "3億", "5萬", "2千万", "12億円") == [
        300_000_000, 50_000, 20_000_000, 1_200_000_000,
    ]  # fmt: skip
