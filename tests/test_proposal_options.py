"""What a column's values ask of a contract: units, formats, normalisers, words that nobody mapped."""

from typing import Any

import pytest
from proposal_table import WORDS, sample

from pipelines.contracts import CanonicalColumn
from pipelines.ingest.proposals.options import SHOWN, column_options, is_continental, word_mappings

pytestmark = pytest.mark.fast


def options(
    cells: tuple[str, ...], name: str = "x", header: str = "X", titles: list[str] | None = None, **declared: str
) -> tuple[dict[str, object], list[str]]:
    column = CanonicalColumn.model_validate({"type": "text", "about": "A column.", **declared})
    return column_options(column, name, [header], [sample(*cells)], titles)


def test_a_unit_in_the_header_goes_before_one_in_a_title() -> None:
    title = ["单位：万元"]
    money: dict[str, Any] = {"type": "decimal", "unit": "currency"}
    assert options(("1",), **money) == ({}, [])
    assert options(("1",), header="Sum (in thousands)", titles=title, **money) == (
        {"unit": 1000},
        ["the header states the unit"],
    )
    assert options(("1",), titles=title, **money) == (
        {"unit": 10000},
        ["the title states '单位：万元': does it apply to this column?"],
    )
    assert options(("",), titles=title, **money) == ({}, [])
    assert options(("1",), titles=title, type="number", unit="pieces") == ({}, [])


def test_cells_that_are_no_numbers_are_named_up_to_three() -> None:
    hints = options(("1", "a", "a", "b", "c", "d"), type="number")[1]
    assert hints == ["no number: 'a', 'b', 'c': null_words, or errors"]
    assert options(("a", "1"), header="Sum (in thousands)", type="decimal")[1] == [
        "the header states the unit",
        "no number: 'a': null_words, or errors",
    ]


def test_letters_behind_numbers_are_asked_about_with_their_usual_meaning() -> None:
    found, hints = options(("1.5M", "20 k", "3B EUR", "x5kg", "4"), type="decimal")
    assert found == {"number_format": {"magnitudes": {"B": 1_000_000_000, "K": 1000, "M": 1_000_000}}}
    assert hints[0] == "letters after the numbers: is this their meaning?"
    assert options(("1,5M", "2"), type="decimal")[0] == {
        "number_format": {"thousands": ".", "decimal": ",", "magnitudes": {"M": 1_000_000}}
    }


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("0.5", "1"), {}),
        (("0.5", "1,5 %"), {"scale": "percent"}),
        (("x", "100％"), {"scale": "percent"}),
        (("x",), {}),
    ],
)
def test_shares_above_one_are_percent(cells: tuple[str, ...], expected: dict[str, str]) -> None:
    assert options(cells, type="share") == (expected, [])


def test_words_that_are_neither_yes_nor_no_are_asked_for_up_to_four() -> None:
    assert options(("Yes", "NO", "ja"), type="boolean") == ({}, [])
    assert options(("yes", "a", "b", "c", "d", "e"), type="boolean") == (
        {"on_error": "empty"},
        ["set `true_words`, of 'a', 'b', 'c', 'd'"],
    )


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (("1735689600000",) * 2, "epoch_ms"),
        (("1735689600",) * 2, "epoch_s"),
        (("45658", "45659.5"), "excel_serial"),
        (("2025年", "2025年", "x"), "%Y年"),
        (("05/Jan/25 10:00",), "%d/%b/%y %H:%M"),
        (("05/Jan/2025",), "%d/%b/%Y"),
        (("2025年1月",), "%Y年%m月"),
        (("2025-01", "2025-02", "x"), "%Y-%m"),
    ],
)
def test_a_format_that_must_be_named_is_that_of_most_cells(cells: tuple[str, ...], form: str) -> None:
    assert options(cells, type="date") == ({"formats": [form]}, [])
    assert options((*cells, *("x",) * len(cells)), type="timestamp") == ({}, [])


@pytest.mark.parametrize(
    ("cells", "is_open"),
    [
        (("01/02/2025", "12-12-2024"), True),
        (("01/02/2025", "13/02/2025"), False),
        (("01/02/2025", "02/13/2025"), False),
        (("13/02/2025", "02/13/2025"), True),
        (("2025-01-05",), False),
        (("",), False),
    ],
)
def test_the_order_of_day_and_month_is_asked_where_no_number_is_above_twelve(
    cells: tuple[str, ...], is_open: bool
) -> None:
    hint = "day or month first? The file leaves it open: name the format in `formats`"
    assert options(cells, type="date") == ({}, [hint] if is_open else [])


def test_a_zone_in_the_header_of_a_moment_is_proposed() -> None:
    zone = ({"timezone": "UTC"}, ["the header states the zone"])
    for header in ("Closed (UTC)", "Closed [GMT] ", "Closed UTC"):
        assert options(("2025-01-05",), header=header, type="timestamp") == zone
    assert options(("2025-01-05",), header="ClosedUTC", type="timestamp") == ({}, [])
    assert options(("2025-01",), header="Closed (UTC)", type="date")[0] == {"formats": ["%Y-%m"], "timezone": "UTC"}


SALESFORCE = ("0065g00000ABCDE", "0065g00000ABCDF", "0065g00000ABCDG", "0065g00000ABCDEAA2")


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("account_id", (*SALESFORCE, "x"), ({"normalise": "salesforce_id"}, [])),
        ("account_id", (*SALESFORCE[:3], "x", "y"), ({}, [])),
        ("account_name", SALESFORCE, ({}, [])),
        ("account_id", ("zcrm_12", "zcrm_13", "x"), ({"pattern": r"(?:zcrm_)?(\d+)"}, [])),
        ("account_id", ("zcrm_12", "x"), ({}, [])),
        ("account_id", ("12;13", "14"), ({"split": ";"}, ["the first of several"])),
        (
            "account_id",
            ("00001234",) * 5,
            ({}, ["padded with zeros: `normalise: strip_zeros` where other files write it without"]),
        ),
        ("account_id", ("00001234",) * 4 + ("1",), ({}, [])),
        ("account_id", ("",), ({}, [])),
        ("account_name", ("North : Ulm", "South"), ({"normalise": "last_segment"}, [])),
        ("account_name", ("North: Ulm", "12;13"), ({}, [])),
        ("subject", ("North : Ulm", "12;13"), ({}, [])),
    ],
)
def test_ids_and_names_of_systems_are_normalised(
    name: str, cells: tuple[str, ...], expected: tuple[dict[str, str], list[str]]
) -> None:
    assert options(cells, name) == expected
    assert options(cells, name, map="stages") == ({}, [])


@pytest.mark.parametrize(
    ("cells", "is_comma"),
    [
        (("1.234,50",), True),
        (("€ 12,5", "7"), True),
        (("1.234.567",), True),
        (("1,234.50",), False),
        (("12,5", "12.5"), False),
        (("12", "x,5"), False),
        (("1.234",), False),
        (("12,50 EUR",), True),
    ],
)
def test_a_decimal_comma_is_one_that_no_cell_contradicts(cells: tuple[str, ...], is_comma: bool) -> None:
    assert is_continental([sample("7"), sample(*cells)]) is is_comma


def test_each_word_of_a_list_is_shown_with_its_count_and_code() -> None:
    column = CanonicalColumn(type="text", about="Stage.", map="stages")
    lines = word_mappings(column, sample("Zq", "Won", "zq", "Zq", "offfer"), WORDS)
    assert lines == ["'Zq' (2) -> unmapped", "'Won' (1) -> won", "'zq' (1) -> unmapped", lines[3]]
    assert lines[3] == "'offfer' (1) -> unmapped, perhaps quoted (91% similar)"
    assert word_mappings(CanonicalColumn(type="text", about="Kind."), sample("Won"), WORDS) == []
    many = [f"w{n}" for n in range(SHOWN + 3)]
    assert SHOWN == 12 and len(word_mappings(column, sample(*many), WORDS)) == 12
