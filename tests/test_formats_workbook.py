"""Workbooks as text cells: sheets that are read and named, what is said about cells, and what is refused unread."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import duckdb
import openpyxl
import polars as pl
import pytest

from pipelines.contracts import Reader
from pipelines.ingest.formats import workbook
from pipelines.ingest.formats.sheets import read_sheets
from pipelines.ingest.formats.source import FileRefusedError, Source
from pipelines.ingest.formats.workbook import other_sheets, read_frame, read_workbook, sheet_names, table_sheet

pytestmark = pytest.mark.fast
Cells = list[tuple[object, ...]]
TABLE = [["ID", "Name"], ["1", "x"], ["2", "y"]]


def book(folder: Path, hidden: tuple[str, ...] = (), **sheets: Sequence[Sequence[object]]) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
        for row in rows:
            sheet.append(list(row))
    path = folder / "a.xlsx"
    made.save(path)
    return path


def sheet_xml(folder: Path, xml: str | bytes, *, pad: int = 0) -> Path:
    """A zip with the XML of one sheet, as far as it is scanned before it is read."""
    path = folder / "scanned.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", xml if isinstance(xml, bytes) else xml.encode())
        archive.writestr("xl/media/image1.png", bytes(pad))
    return path


def rows_of(connection: duckdb.DuckDBPyConnection, source: Source) -> Cells:
    return connection.execute(f"select * from {source.relation} order by _record").fetchall()


def frame_of(*rows: list[str | None]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema={f"c{n}": pl.String for n in range(len(rows[0]))}, orient="row")


def test_rows_above_the_header_and_empty_ones_are_counted(connection: duckdb.DuckDBPyConnection) -> None:
    frame = frame_of(["Deals", None], ["ID", "Name"], ["1", None], [None, None], ["2", "y"])
    source = read_frame(connection, frame, Reader())
    assert (source.headers, source.titles, source.control, source.has_header) == (["ID", "Name"], ["Deals"], 3, True)
    assert rows_of(connection, source) == [(1, "1", None), (3, "2", "y")]
    assert not source.has_unicode_blanks and source.encoding == "workbook"


@pytest.mark.parametrize(
    ("reader", "headers", "first", "control"),
    [
        (Reader(header_row="none"), ["column_1", "column_2"], "ID", 0),
        (Reader(header_row="none", headers=("a",)), ["a", "column_2"], "ID", 0),
        (Reader(header_row=2), ["1", "x"], "2", 2),
        (Reader(headers=("a", "A", "c")), ["a", "A (2)"], "1", 1),
    ],
)
def test_a_header_may_be_declared(
    connection: duckdb.DuckDBPyConnection, reader: Reader, headers: list[str], first: str, control: int
) -> None:
    source = read_frame(connection, frame_of(["ID", "Name"], ["1", "x"], ["2", "y"]), reader, "html")
    assert (source.headers, source.control, source.encoding) == (headers, control, "html")
    assert rows_of(connection, source)[0][:2] == (1, first)
    assert source.has_header is (control > 0)


@pytest.mark.parametrize("mark", ["\u00a0", "\u200b", "\t", "\n"])
def test_a_blank_other_than_the_space_is_noted(connection: duckdb.DuckDBPyConnection, mark: str) -> None:
    assert read_frame(connection, frame_of(["ID", "Name"], ["1", f"x{mark}"]), Reader()).has_unicode_blanks


def test_an_empty_sheet_is_refused(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for frame in (pl.DataFrame(), pl.DataFrame(schema={"a": pl.String})):
        with pytest.raises(FileRefusedError, match="the sheet is empty") as refusal:
            read_frame(connection, frame, Reader())
        assert refusal.value.code == "empty_file"
    with pytest.raises(FileRefusedError):
        read_workbook(connection, book(tmp_path, A=[]), Reader())


def test_the_sheet_that_is_read_is_said_where_others_hold_tables(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = book(tmp_path, ("Old",), A=TABLE, B=[*TABLE, ["3", "z"]], Note=[["see"], ["B"]], One=[["a", "b"]], Old=TABLE)
    assert sheet_names(path) == ["A", "B", "Note", "One", "Old"]
    assert other_sheets(path, "A") == ["B (4 rows)"] and other_sheets(path, "B") == ["A (3 rows)"]
    assert table_sheet(path) == "B"
    source = read_workbook(connection, path, Reader())
    assert source.warnings == ["sheet 'A' is read, and not B (4 rows): set `sheet` in the reader"]
    assert rows_of(connection, source) == [(1, "1", "x"), (2, "2", "y")]
    for reader, count in ((Reader(sheet=0), 2), (Reader(sheet="B"), 3), (Reader(sheet=1), 3)):
        connection.execute("drop table cells")
        chosen = read_workbook(connection, path, reader)
        assert chosen.warnings == [] and len(rows_of(connection, chosen)) == count
    with pytest.raises(FileRefusedError, match="no sheet 'X'; the workbook has: A, B, Note, One, Old") as refusal:
        read_workbook(connection, path, Reader(sheet="X"))
    assert refusal.value.code == "no_sheet"


def test_the_first_sheet_is_proposed_unless_another_is_larger(tmp_path: Path) -> None:
    assert table_sheet(book(tmp_path, A=TABLE, B=TABLE)) == ""
    assert table_sheet(book(tmp_path, A=TABLE)) == ""
    assert table_sheet(book(tmp_path, A=[["Cover"]], B=[["a", "b"]])) == "B"
    plain = tmp_path / "a.csv"
    plain.write_text("x")
    assert table_sheet(plain) == ""


def test_what_is_no_workbook_or_has_a_password_is_refused(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = tmp_path / "a.xlsx"
    for content, code in ((b"\xd0\xcf\x11\xe0", "broken_file"), ("EncryptedPackage".encode("utf-16-le"), "password")):
        path.write_bytes(content)
        with pytest.raises(FileRefusedError) as refusal:
            read_workbook(connection, path, Reader())
        assert refusal.value.code == code
    with pytest.raises(FileRefusedError, match="workbook not readable"):
        sheet_names(path)


FORMULA = '<c r="{}"{}><f>A1</f>{}</c>'


def test_errors_and_formulas_without_a_value_are_counted(tmp_path: Path) -> None:
    cells = [
        '<c r="A1" t="e"><v>#DIV/0!</v></c>',
        '<c r="A2" t="e"><f>1/0</f><v>#REF!</v></c>',
        FORMULA.format("B1", "", ""),
        FORMULA.format("B2", "", "<v></v>"),
        FORMULA.format("B3", "", "<v/>"),
        FORMULA.format("B4", "", "<v>5</v>"),
        FORMULA.format("B5", ' t="str"', ""),
    ]
    scan = workbook._refuse_bomb(sheet_xml(tmp_path, "".join(cells)))
    assert scan.errors == {b"#DIV/0!", b"#REF!"} and len(scan.formulas) == 3
    plain = tmp_path / "a.xls"
    plain.write_bytes(b"x")
    assert workbook._refuse_bomb(plain) == workbook.CellScan()


def test_cells_are_found_where_blocks_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "<row>" * 20 + '<c r="A2" t="e"><v>#REF!</v></c>' + "<row>" * 20
    for block_bytes in (64, 101, 117, 131):
        monkeypatch.setattr(workbook, "BLOCK_BYTES", block_bytes)
        assert workbook._refuse_bomb(sheet_xml(tmp_path, text)).errors == {b"#REF!"}


@pytest.mark.parametrize(
    ("xml", "is_refused"),
    [
        ('<c r="E1"/><c r="A9999999"/>', False),
        ('<c r="F1"/><c r="A9999999"/>', False),
        ('<c r="G1"/><c r="A9999999"/>', True),
        ('<c r="BE1"/><c r="A1048576"/>', False),  # all rows by 57 columns
        ('<c r="BF1"/><c r="A1048576"/>', True),
        ('<c r="XFD1048576"/>', True),
        ('<dimension ref="A1:BE1048576"/>', False),
        ('<dimension ref="A1:BF1048576"/>', True),
        ("", False),
    ],
)
def test_cells_span_at_most_sixty_million(tmp_path: Path, xml: str, is_refused: bool) -> None:
    path = sheet_xml(tmp_path, xml)
    if is_refused:
        with pytest.raises(FileRefusedError, match="clear what is far from the table") as refusal:
            workbook._refuse_bomb(path)
        assert refusal.value.code == "too_large"
    else:
        workbook._refuse_bomb(path)


def test_the_size_that_a_large_sheet_states_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    xml = '<dimension ref="A1:B2"/>' + '<c r="XFD1048576"/>'
    monkeypatch.setattr(workbook, "MAX_SCANNED_BYTES", len(xml) - 1)
    workbook._refuse_bomb(sheet_xml(tmp_path, xml))
    for scanned in (xml, xml.replace("dimension", "nothing")):
        monkeypatch.setattr(workbook, "MAX_SCANNED_BYTES", len(xml) - (scanned != xml))
        with pytest.raises(FileRefusedError, match="1,048,576 rows by 16,384 columns"):
            workbook._refuse_bomb(sheet_xml(tmp_path, scanned))


@pytest.mark.parametrize(("pad", "is_refused"), [(200_000_000, False), (200_000_001, True)])
def test_a_workbook_unpacks_to_two_hundred_times_its_size_or_that_of_a_megabyte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pad: int, is_refused: bool
) -> None:
    path = sheet_xml(tmp_path, b"", pad=1)
    real = zipfile.ZipFile.infolist

    def stated(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
        entries = real(archive)
        entries[1].file_size = pad
        return entries

    monkeypatch.setattr(zipfile.ZipFile, "infolist", stated)
    if is_refused:
        with pytest.raises(FileRefusedError, match="unpacks to 190 MB"):
            workbook._refuse_bomb(path)
    else:
        workbook._refuse_bomb(path)
    monkeypatch.setattr(workbook, "MAX_RATIO", 10**9)
    for size, code in ((2_147_483_648, ""), (2_147_483_649, "too_large")):
        pad = size
        try:
            workbook._refuse_bomb(path)
        except FileRefusedError as refusal:
            assert refusal.code == code
        else:
            assert code == ""


def test_sheets_are_one_table_in_the_order_of_the_workbook(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    first = [["May"], ["ID", "Amount", "Amount*"], ["1", "5", "6"], ["2", "7", "8"]]
    second = [["Amount", "id", "Extra"], ["9", "3", "e"]]
    path = book(tmp_path, m01=first, m02=second, m03=[], Notes=TABLE)
    source = read_sheets(connection, path, Reader(sheets=r"M\d\d"))
    assert source.headers == ["ID", "Amount", "Amount*", "Extra", "_sheet"]
    assert rows_of(connection, source) == [
        (1, "1", "5", "6", None, "m01"),
        (2, "2", "7", "8", None, "m01"),
        (3, "3", "9", None, "e", "m02"),
    ]
    assert (source.control, source.titles, source.added) == (3, ["May"], ("_sheet",))
    assert source.sheet_titles == {"m01": ["May"], "m02": []}
    assert list(source.sheets) == ["m01", "m02"] and source.sheets["m02"] == ("Amount", "ID", "Extra")
    assert source.warnings == ["sheet 'm03' is empty"]
    tables = connection.execute("select table_name from duckdb_tables()").fetchall()
    assert tables == [("cells",)]


def test_sheets_that_none_matches_or_that_are_empty_are_refused(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = book(tmp_path, A=TABLE, B=[])
    for pattern, code, said in (("x", "no_sheet", "the workbook has: A, B"), ("B", "empty_file", "every sheet")):
        with pytest.raises(FileRefusedError, match=said) as refusal:
            read_sheets(connection, path, Reader(sheets=pattern))
        assert refusal.value.code == code
