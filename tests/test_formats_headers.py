"""Which row is the header, which rows above it are titles, and where two rows make one header."""

import pytest

from pipelines.contracts import Reader
from pipelines.ingest.formats.dialect import find_header, header_index, header_names, title_texts
from pipelines.ingest.formats.two_row_header import two_row_header

pytestmark = pytest.mark.fast
Rows = list[list[str]]


def table(text: str) -> Rows:
    """Rows from lines, cells from bars."""
    return [line.split("|") for line in text.split("/")]


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("a|b/1|2", 0),
        ("a/1/2", 0),  # a table of one column
        ("Report/a|b/1|2", 1),
        ("Report/of/May/a|b/1|2", 3),
        ("Report|/a|b/1|2", 1),  # as wide as the table, and not filled
        ("a|b|c||/1|2|3|4|5", 0),  # three of five
        ("a|b|||/1|2|3|4|5", None),
        ("1|2/a|b/3|4", 1),
        ("1|2/3|4", None),
        ("a|5%/b|(1,200)", None),
        ("|/|", None),
        ("a|b|c/1|2/3|4/x|y|z", 0),  # wider than usual is wide enough
        ("Product|2024|2025/x|1|2", 0),
        ("Product|2024-01|2024-02/x|1|2", 0),
        ("Product|2024.1|2024-02|2024.03/x|1|2|3", 0),
        ("Product|2024-01-01 00:00:00|2024-02-01 00:00:00/x|1|2", 0),
        ("Product|2024|2024/x|1|2", None),  # not ascending
        ("Product|2025|2024/x|1|2", None),
        ("Product|2024-10|2024-9/x|1|2", None),  # by number, not by text
        ("Product|2024-9|2024-10/x|1|2", 0),
        ("Report/Product|2024-01|2024-02/x|1|2", 1),
        ("Product|2024/x|1", None),  # one year is a value
        ("2024|2025/1|2", None),  # years alone are values
        ("Product|2024|12.5/x|1|2", None),
        ("Product|2024-12|2024-13/x|1|2", None),
        ("Product|2024-01|2024-02/x|2024-01|7", None),  # a row below has them as values
        ("Product|2024|2025/x|2024|7", 0),  # a count may be as large as a year
    ],
)
def test_the_header_is_the_first_row_as_wide_as_the_table_whose_cells_are_words(text: str, index: int | None) -> None:
    assert find_header(table(text)) == index


def test_no_rows_have_no_header() -> None:
    assert find_header([]) is None


@pytest.mark.parametrize(
    ("text", "header_row", "index"),
    [
        ("a|b/1|2", "none", None),
        ("a|b/1|2", 1, 0),
        ("a|b/1|2", 2, 1),
        ("x/a|b/1|2", "auto", 1),
        ("2024-01-05|7/2024-02-06|8/2024-03-06|9/x|9", "auto", None),  # more than half below are such dates
        ("2024-01-05|7/2024-02-06|8/x|9", "auto", 0),
        ("x|12.50/y|3.75", "auto", None),
        ("12.50|3/3.75|4", "auto", None),
        ("2023|2024/1|2", "auto", 0),  # whole numbers occur in headers too
        ("2024-01-05|7", "auto", 0),  # nothing below
        ("|/2023|2024/1|2", "auto", 1),
        ("|/2024-01-05|1/2024-01-06|2/2024-01-07|2", "auto", None),
        ("2024-01-05|7/x/2024-02-06|8", "auto", 0),
        ("7|2024-01-05/8/9|2024-02-06", "auto", None),  # a short row has no such cell
    ],
)
def test_a_first_row_that_looks_like_the_rows_below_is_data(
    text: str, header_row: str | int, index: int | None
) -> None:
    assert header_index(table(text), Reader.model_validate({"header_row": header_row})) == index


JOINED = "Region|2024||2025|/|Q1|Q2|Q1|Q2/north|1|2|3|4"
NAMES = ["Region", "2024 Q1", "2024 Q2", "2025 Q1", "2025 Q2"]


@pytest.mark.parametrize(
    ("text", "index", "expected"),
    [
        (JOINED, 0, (1, NAMES)),
        (JOINED, 1, (1, NAMES)),  # the lower row was taken for the header
        (f"x||||/{JOINED}", 1, (2, NAMES)),
        (JOINED, None, None),
        (JOINED.rsplit("/", 1)[0], 0, None),  # no row below
        (JOINED, 2, None),
        ("Region|2024||2025|/Area|Q1|Q2|Q1|Q2/n|1|2|3|4", 0, (1, ["Region Area", *NAMES[1:]])),
        ("|2024||2025|/Area|Q1|Q2|Q1|Q2/n|1|2|3|4", 0, (1, ["Area", *NAMES[1:]])),
        ("A|B|2024||2025/||Q1|Q2|Q1/1|2|3|4|5", 0, None),  # only one upper label spans several
        ("2024||2025|/Q1|Q2|Q3|Q4/1|2|3|4", 0, None),  # no label repeats
        ("2024||2025|/Q1|Q2|Q1|Q3/1|2|3|4", 0, None),  # one label repeats
        ("2024||2025||2026|/Q1|Q2|Q1|Q2|Q3|Q4/1|2|3|4|5|6", 0, None),  # the third span repeats none
        ("2024||2025|/Q1|7|Q1|7/1|2|3|4", 0, None),  # a value among the labels
        ("2024||2024|/Q1|Q2|Q1|Q2/1|2|3|4", 0, None),  # the joined names repeat
        ("2024||||2025||/Q1|Q2||note|Q1|Q2|/1|2|3|4|5|6|7", 0, (1, [*NAMES[1:3], "", "note", *NAMES[3:], ""])),
        ("2024||2025/Q1|Q2|Q1|Q2/1|2|3|4", 0, (1, NAMES[1:])),  # the upper row is shorter
        (" 2024 || 2025|/ Q1|Q2 |Q1|Q2/1|2|3|4", 0, (1, NAMES[1:])),
        (
            "2024|||2025||/a|b|c|a|b|c/1|2|3|4|5|6",
            0,
            (1, [f"{year} {word}" for year in (2024, 2025) for word in "abc"]),
        ),
        ("2024||/Q1|Q2|Q1/1|2|3", 0, None),  # one upper label
    ],
)
def test_two_rows_are_joined_where_lower_labels_repeat_under_others(
    text: str, index: int | None, expected: tuple[int, list[str]] | None
) -> None:
    assert two_row_header(table(text), index) == expected


def test_a_header_that_is_declared_is_not_joined() -> None:
    rows = table(JOINED)
    assert header_names(rows, 1, Reader()) == (0, 1, NAMES)
    assert header_names(rows, 1, Reader(header_row=2)) == (1, 1, rows[1])
    assert header_names(rows, 0, Reader(headers=("a", "b"))) == (0, 0, ["a", "b"])


def test_titles_are_the_texts_of_rows_that_have_some() -> None:
    assert title_texts([[" Report ", "", "May"], ["", " "], ["2024"]]) == ["Report May", "2024"]
