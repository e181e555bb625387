"""What spreadsheets make of ids, and their error words. Values by hand."""

from pathlib import Path

import pytest
from cells import CONTRACT, read
from ingest_world import World

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    "cells",
    [
        ("12345678901234500000", "98765432109876500000", "A-1"),  # fifteen digits and zeros
        ("5-mars", "5-Mar", "7"),
        ("2025-03-05 00:00:00", "3-14", "2-40"), ("05/03/2025", "3-14", "2-40"), ("4.87688E18", "7"), ("#REF!", "7"),
        ("=VLOOKUP(A2,B:C,2)", "7"), ("05. Mrz", "7"), ("5-mars", "7"), ("3월 5일", "7"), ("05-Mar-25", "7"),
    ],
)  # fmt: skip
def test_an_id_that_a_spreadsheet_changed_is_quarantined(tmp_path: Path, cells: tuple[str, ...]) -> None:
    damaged = [cell for cell in cells if len(cell) > 4]
    values = read(tmp_path, "product_id: X", *cells)
    assert values == ["damaged_id" if cell in damaged else cell for cell in cells]


@pytest.mark.parametrize(
    "cells",
    [
        ("4876876000000311001", "4876876000000311000"),
        ("1850380230456246272", "1850380230456250368"),  # of a clock and a worker: exact doubles, and ids
        ("2025-03-05", "2025-03-06"), ("12-SET", "MAR1"),
        ("1234567890123450", "1234567890123456"), ("#12", "=A"),
        ("set-12", "lip-01", "gen-10", "A1"), ("mag-10", "may-01", "out 12", "A1"), ("2-gen", "3-gen"),
        ("2-gen", "10-kit", "A1"), ("May-01", "May-02"), ("Mar-05", "Fin-03", "A1"),
    ],
)  # fmt: skip
def test_an_id_that_only_looks_like_a_damaged_one_is_loaded(tmp_path: Path, cells: tuple[str, ...]) -> None:
    assert read(tmp_path, "product_id: X", *cells) == list(cells)


def test_a_text_that_is_an_error_of_a_spreadsheet_is_emptied_and_said(tmp_path: Path) -> None:
    cells = ("#REF!", "#WERT!", "#¡VALOR!", "#ИМЯ?", "######", "Err:502", "=SUM(A1:A3)", "#1 seller", "#Yolo!")
    assert read(tmp_path / "a", "product_name: X", *cells) == [*[None] * 7, "#1 seller", "#Yolo!"]
    world = World(tmp_path / "b").contract(f"{CONTRACT}      product_name: X\n")
    world.put("a.csv", "ID;X\n1;#REF!\n2;Desk\n")
    assert "1 cells hold an error of a spreadsheet (#REF!) and are read as empty" in str(
        world.run().files[0]["warnings"]
    )
    assert world.rows("select column_name, old_value from control.corrections") == [("product_name", "#REF!")]


def test_marks_without_width_inside_a_text_are_no_part_of_it(tmp_path: Path) -> None:
    assert (
        read(tmp_path / "a", "product_id: X", "C\u200b-1", "C\u00ad-1", "\u2066C-1\u2069", "C\u200d-1") == ["C-1"] * 4
    )
    names = ("Exam\u00adple", "Ex\u200bample", "می\u200cخواهم")  # the last joins its letters
    assert read(tmp_path / "b", "product_name: X", *names) == ["Example", "Example", "می\u200cخواهم"]
