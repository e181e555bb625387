"""What a point or comma before three digits is: settled by the other numbers of the file, or asked."""

import duckdb
import pytest

from pipelines.ingest.casting.currency_marks import MARK, is_known, meanings, shared_currency
from pipelines.ingest.casting.number_marks import headers_with, refuse_three_digits
from pipelines.ingest.formats.source import FileRefusedError, Source

pytestmark = pytest.mark.fast


def asked(
    cells: list[str], *, delimiter: str = ";", encoding: str = "utf-8", header: str = "Price", typed: bool = False
) -> str:
    """The question about a column of these cells, or empty."""
    with duckdb.connect() as connection:
        connection.execute(f'create table cells as select unnest(?) as "{header}", \'1.500\' as "Other"', [cells])
        source = Source([header, "Other"], "cells", encoding=encoding, delimiter=delimiter, has_typed_numbers=typed)
        try:
            refuse_three_digits(connection, source, [header])
        except FileRefusedError as refusal:
            assert refusal.code == "undecidable_number_format"
            return refusal.reason.partition(", or does")[0]
    return ""


POINT, COMMA = "is the point in '{}' a decimal mark", "is the comma in '{}' a decimal mark"


@pytest.mark.parametrize(
    ("cells", "question"),
    [
        (["1.500"], POINT.format("1.500")),
        (["2.500", "1.500"], POINT.format("1.500")),
        (["x 1.500 EUR"], POINT.format("x 1.500 EUR")),
        (["(1.500)"], POINT.format("(1.500)")),
        ([" 1.500 "], POINT.format("1.500")),
        (["-1,500"], COMMA.format("-1,500")),
        (["€1.500"], POINT.format("€1.500")),
        (["0.500"], ""),  # no group begins with a zero
        (["1500.250"], ""),
        (["1.50"], ""),
        (["1.500", "12000"], ""),  # no group where thousands have none
        (["1,500", "12000"], COMMA.format("1,500")),
        (["1.500", "1,234.5"], ""),
        (["1.500", "0.25"], ""),
        (["1.500", "2,5"], POINT.format("1.500")),  # commas begin decimals, so points group
        (["1,500", "2,5"], COMMA.format("1,500")),
        (["1,500", "2.5"], ""),
        (["1,500", "1,234,567"], ""),
        (["1.500", "1.234.567"], POINT.format("1.500")),
        (["1.500", "1.500,-"], POINT.format("1.500")),
        (["1.500", "1,500.-"], ""),
    ],
)
def test_a_mark_before_three_digits_is_settled_by_the_numbers_of_the_file(cells: list[str], question: str) -> None:
    assert asked(cells) == (f"'Price': {question}" if question else "")


def test_the_delimiter_and_the_script_settle_a_comma() -> None:
    assert asked(["1,500"], delimiter=",") == ""
    assert asked(["1.500"], delimiter=",")
    for cells, header in ((["1,500"], "单价"), (["¥1,500"], "Price")):
        assert asked(cells, header=header) == ""
        assert asked([*cells, "12000"], header=header)  # groups are not written here


def test_a_number_cell_of_a_workbook_says_nothing() -> None:
    for encoding in ("workbook", "xml"):
        assert asked(["1.125"], encoding=encoding) == ""
        assert asked(["1.500"], encoding=encoding)  # a text, as no number ends in a zero
        assert asked(["1.500", "12000"], encoding=encoding)
    assert asked(["1.125"])
    assert asked(["1.500"], typed=True) == ""


def test_a_column_is_asked_about_only_where_it_has_such_a_cell() -> None:
    with duckdb.connect() as connection:
        connection.execute("create table cells as select * from (values ('1', 'x'), ('2', null)) as t(a, b)")
        source = Source(["a", "b"], "cells")
        assert headers_with(connection, source, ["a", "b"], lambda cell: f"{cell} >= '2'") == ["a", "b"]
        assert headers_with(connection, source, ["a", "b"], lambda cell: f"{cell} = '2'") == ["a"]
        assert headers_with(connection, source, [], lambda cell: "x") == []


def test_every_mark_of_a_column_can_stand_for_one_currency() -> None:
    assert shared_currency(["$", "USD"]) == {"USD"}
    assert shared_currency(["¥", "元"]) == {"CNY"}
    assert shared_currency(["€", "$"]) == shared_currency([]) == frozenset()
    assert meanings("kr") == {"SEK", "NOK", "DKK", "ISK"} and meanings("RMB") == {"CNY"} and meanings("CHF") == {"CHF"}
    assert is_known("zł") and is_known("PLN") and not is_known("MIL")


def test_the_longer_mark_is_the_one_that_is_read() -> None:
    sql = f"select regexp_extract(unnest(?), '{MARK}')"
    marks = ["US$", "$", "kr.", "kr", "CNY", "RMB", "R$", "XYZ"]
    assert duckdb.execute(sql, [marks]).fetchall() == [(mark if mark != "XYZ" else "",) for mark in marks]
