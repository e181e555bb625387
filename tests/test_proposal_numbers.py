"""Columns of plain numbers: how they are read, when two agree, and what rate one is of another."""

import polars as pl
import pytest
from proposal_table import columns_of, named, samples_of, table

from pipelines.ingest.proposals.guess import Guess
from pipelines.ingest.proposals.number_columns import (
    agree,
    is_filled,
    is_open,
    is_whole,
    plain_numbers,
    varies,
)
from pipelines.ingest.proposals.rates import _share_of_rates, with_rates

pytestmark = pytest.mark.fast


def test_columns_that_are_numbers_throughout_are_read_without_their_signs() -> None:
    frame = table(
        {
            "Net": ["1,234.50", "$ 2.00", "-3"],
            "Text": ["1", "2", "x"],
            "Empty": ["", "-", None],
            "Some": ["1", "", ""],
            "Most": ["", "2", "3"],
            "Mixed": ["1 EUR", "2", "3.25"],
        }
    )
    numbers = plain_numbers(frame, samples_of(frame))
    assert {name: values.to_list() for name, values in numbers.items()} == {
        "Net": [1234.5, 2.0, -3.0],
        "Most": [None, 2.0, 3.0],
        "Mixed": [None, 2.0, 3.25],
    }


def test_a_column_that_is_empty_in_half_of_its_rows_is_left_out() -> None:
    frame = table({"Half": ["1", "2", "", ""], "More": ["1", "2", "3", ""]})
    assert list(plain_numbers(frame, samples_of(frame))) == ["More"]


def test_decimal_commas_of_one_column_hold_for_all() -> None:
    frame = table({"Net": ["1.234,50", "2,5"], "Units": ["1.000", "12"]})
    numbers = plain_numbers(frame, samples_of(frame))
    assert {name: values.to_list() for name, values in numbers.items()} == {"Net": [1234.5, 2.5], "Units": [1000, 12]}


@pytest.mark.parametrize(
    ("left", "right", "is_equal"),
    [
        ([1.0] * 4, [1.0] * 4, False),
        ([1.0] * 5, [1.0] * 5, True),
        ([1.0] * 5 + [None], [1.0] * 4 + [None, 1.0], False),
        ([0.0] * 9, [0.0] * 9, False),
        ([0.0] * 8 + [1.0], [0.0] * 8 + [1.0], True),
        ([1.01] * 5, [1.0] * 5, True),
        ([1.012] * 5, [1.0] * 5, False),
        ([0.988] * 5, [1.0] * 5, False),
        ([1_000_001.0] * 5, [1_000_000.0] * 5, True),
        ([-1_000_001.0] * 5, [-1_000_000.0] * 5, True),
        ([1_000_001.1] * 5, [1_000_000.0] * 5, False),
        ([1.0] * 97 + [2.0] * 3, [1.0] * 100, True),
        ([1.0] * 96 + [2.0] * 4, [1.0] * 100, False),
    ],
)
def test_columns_agree_that_are_equal_to_the_cent_in_nearly_all_rows(
    left: list[float | None], right: list[float | None], is_equal: bool
) -> None:
    assert agree(pl.Series(left), pl.Series(right)) is is_equal


def test_what_is_only_asked_about_is_open() -> None:
    guesses = {"A": Guess("A", "cost", 0.79), "B": Guess("B", "cost", 0.8)}
    assert [is_open(header, guesses) for header in ("A", "B", "C")] == [True, False, True]


def test_a_column_is_filled_whole_or_varied_by_its_numbers() -> None:
    assert is_filled(pl.Series([1.0, 2.0, 0.0])) and not is_filled(pl.Series([1.0, 0.0]))
    assert not is_filled(pl.Series([1.0, None])) and not is_filled(pl.Series([], dtype=pl.Float64))
    assert is_whole(pl.Series([1.0, None, -2.0])) and not is_whole(pl.Series([1.0, 2.5])) and not is_whole(None)
    assert varies(pl.Series([1.0, 2.0])) and not varies(pl.Series([1.0, None, 1.0]))


@pytest.mark.parametrize(
    ("base", "tax", "share"),
    [
        ([100.0] * 5, [19.0] * 5, 1.0),
        ([100.0] * 4, [19.0] * 4, 0.0),
        ([100.0] * 4 + [19.99], [19.0] * 4 + [3.8], 0.0),
        ([100.0] * 4 + [20.0], [19.0] * 4 + [3.8], 1.0),
        ([100.0] * 10, [19.0] * 5 + [0.0] * 5, 1.0),
        ([100.0] * 10, [19.0] * 5 + [-19.0] * 5, 1.0),
        ([1000.0] * 6, [190.0] * 3 + [191.0] * 3, 0.5),
        ([1000.0] * 5, [2.5] * 5, 1.0),
        ([1000.0] * 5, [0.5] * 5, 0.0),
        ([1000.0] * 5, [82.51] * 5, 1.0),
        ([1000.0] * 5, [82.52] * 5, 0.0),
        ([1000.0] * 5, [500.0] * 5, 1.0),
        ([1000.0] * 5, [502.5] * 5, 0.0),
        ([1000.0] * 6, [190.0] * 5 + [None], 1.0),
    ],
)
def test_rates_are_whole_quarters_of_a_percent_up_to_a_half(
    base: list[float], tax: list[float | None], share: float
) -> None:
    assert _share_of_rates(pl.Series(tax), pl.Series(base)) == pytest.approx(share)


def side_of(amounts: list[float], taxes: list[float], side: str = "amount_net") -> str:
    guesses = named(**{side: "Sum", "amount_tax": "Tax"})
    return with_rates({"Sum": pl.Series(amounts), "Tax": pl.Series(taxes)}, guesses)["Sum"].column


@pytest.mark.parametrize("named_as", ["amount_net", "amount_gross"])
@pytest.mark.parametrize(
    ("amounts", "taxes", "side"),
    [
        ([100.0] * 100, [19.0] * 97 + [19.13] * 3, "amount_net"),
        ([100.0] * 100, [19.0] * 96 + [19.13] * 4, None),
        ([119.0] * 100, [19.0] * 97 + [18.87] * 3, "amount_gross"),
        ([119.0] * 100, [19.0] * 96 + [18.87] * 4, None),
        ([100.0] * 20, [20.0] * 20, None),
        ([100.0] * 20, [20.0] * 10 + [19.0] * 10, None),
        ([100.0] * 20, [20.0] * 9 + [19.0] * 11, "amount_net"),
        ([125.0] * 10 + [119.0] * 10, [25.0] * 10 + [19.0] * 10, None),
        ([125.0] * 9 + [119.0] * 11, [25.0] * 9 + [19.0] * 11, "amount_gross"),
    ],
)
def test_an_amount_is_of_the_side_that_alone_makes_common_rates(
    named_as: str, amounts: list[float], taxes: list[float], side: str | None
) -> None:
    assert side_of(amounts, taxes, named_as) == (side or named_as)


def test_two_amounts_or_none_beside_a_tax_stay_what_their_headers_say() -> None:
    numbers = {name: pl.Series([119.0] * 5) for name in ("Net", "Gross")} | {"Tax": pl.Series([19.0] * 5)}
    both = named(amount_net="Net", amount_gross="Gross", amount_tax="Tax")
    assert with_rates(numbers, both) == both
    for lone in (named(amount_net="Net"), named(amount_tax="Tax"), named(amount_net="Other", amount_tax="Tax")):
        assert with_rates(numbers, lone) == lone
    moved = with_rates(numbers, named(0.83, amount_net="Net", amount_tax="Tax"))
    assert columns_of(moved) == {"Net": "amount_gross", "Tax": "amount_tax"} and moved["Net"].confidence == 0.83
