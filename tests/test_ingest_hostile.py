"""Files made to break a reader, and workbooks as people keep them: read rightly, or refused in bounded memory."""

import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from ingest_world import DEALS, HEADER, World, deals

from pipelines.contracts import ObjectContract, Reader
from pipelines.errors import AlmanacError
from pipelines.ingest.proposals.preview import read_table

BOOKS = DEALS.replace("deals_*.csv", "deals_*.xlsx")
ROW = ["1", "a", "Prospecting", "1", "2024-01-05"]
TRICK = "x'; drop table --"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path).contract()


def workbook(path: Path, *sheets: tuple[str, list[list[str]]]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


def test_merged_cells_are_filled_down_where_the_contract_says_so(world: World) -> None:
    world.contract(BOOKS.replace("    key:", "    reader: {fill_down: [Stage, Closed]}\n    key:"))
    with xlsxwriter.Workbook(world.settings.inbox / "deals_20240131.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER.strip().split(","))
        for row, amount in enumerate(("1,000.50", "2", "3"), start=1):
            sheet.write_row(row, 0, [str(row), "a", None, amount, None])
        sheet.merge_range(1, 2, 3, 2, "Closed Won")
        sheet.merge_range(1, 4, 2, 4, "2024年1月5日")
        sheet.write(3, 4, "2024年1月6日")
    world.run()
    rows = world.rows("select opportunity_id, stage, amount, day(closed_on) from raw.opportunities order by 1")
    assert rows == [("1", "won", 1000.5, 5), ("2", "won", 2, 5), ("3", "won", 3, 6)]


def test_a_sheet_is_chosen_by_name_whatever_its_name_is(world: World) -> None:
    header = HEADER.strip().split(",")
    pages = (("Notes", [["nothing"]]), (TRICK, [list(header), list(ROW)]))
    workbook(world.settings.inbox / "deals_20240131.xlsx", *pages)
    world.contract(BOOKS.replace("    key:", f'    reader: {{sheet: "{TRICK}"}}\n    key:'))
    world.run()
    assert world.column("select opportunity_id from raw.opportunities") == ["1"]
    world.contract(BOOKS.replace("    key:", "    reader: {sheet: March}\n    key:"))
    reason = world.run().files[0]["reason"]
    assert "'March'" in reason and TRICK in reason


@pytest.mark.parametrize("is_stated", [True, False])
def test_cells_in_opposite_corners_of_a_sheet_are_refused_before_they_are_read(world: World, is_stated: bool) -> None:
    world.contract(BOOKS)
    path = world.settings.inbox / "deals_20240131.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER.strip().split(","))
        sheet.write(1_048_575, 16_383, "far away")
    if not is_stated:
        _replace_in_sheet(path, b"A1:XFD1048576", b"A1:E2")
    row = world.run().files[0]
    assert (row["status"], row["reason_code"]) == ("rejected", "too_large")


def _replace_in_sheet(path: Path, old: bytes, new: bytes) -> None:
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(old, new)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            book.writestr(name, content)


def test_a_zero_byte_costs_its_record_and_no_other(world: World) -> None:
    good = deals(("1", "a", "Prospecting", "1", ""), ("2", "b", "Prospecting", "2", ""))
    world.put("deals_20240131.csv", good.encode() + b"3,c\x00c,Prospecting,3,\n4,d,Prospecting,4,\n")
    world.run()
    assert world.column("select opportunity_id from raw.opportunities order by 1") == ["1", "2", "4"]
    assert world.rows("select record, byte_offset, reason_code from quality.quarantine") == [
        (3, len(good.encode()), "null_byte")
    ]


def test_a_line_of_a_hundred_megabytes_is_refused_without_reading_it_as_one(world: World) -> None:
    world.put("deals_20240131.csv", HEADER.encode() + b"1,a," + b"x" * (100 << 20))
    assert world.run().files[0]["reason_code"] == "line_too_long"


@pytest.mark.parametrize("suffix", ["xlsx", "parquet", "csv.zst", "csv.zip"])
def test_a_file_that_was_cut_off_says_so(world: World, suffix: str) -> None:
    import polars as pl
    import zstandard

    world.contract(DEALS.replace("deals_*.csv", "deals_*.*"))
    path = world.settings.inbox / f"deals_20240131.{suffix}"
    text = deals(*([str(number), "a", "Prospecting", "1", ""] for number in range(2000)))
    if suffix == "xlsx":
        workbook(path, ("Sheet1", [list(row.split(",")) for row in text.splitlines()]))
    elif suffix == "parquet":
        pl.read_csv(io.StringIO(text), infer_schema=False).write_parquet(path)
    elif suffix == "csv.zst":
        path.write_bytes(zstandard.compress(text.encode()))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("deals.csv", text)
    path.write_bytes(path.read_bytes()[:-100])
    row = world.run().files[0]
    assert (row["status"], row["reason_code"]) == ("rejected", "broken_file"), row["reason"]


def test_a_file_without_a_header_loses_no_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("28/01/2018,$74.69,Boots\n29/01/2018,$29.81,Jacket\n30/01/2018,$80.08,Shoes\n", encoding="utf-8")
    frame, about = read_table(path)
    assert (frame.columns, frame.height, about["has_header"]) == (["column_1", "column_2", "column_3"], 3, False)
    pivot = tmp_path / "pivot.csv"
    pivot.write_text("Rep,2024-01-31,2024-02-29\nAnn,10.5,12.0\nBob,9.5,11.0\n", encoding="utf-8")
    assert read_table(pivot)[0].columns == ["Rep", "2024-01-31", "2024-02-29"]


@pytest.mark.real
@pytest.mark.parametrize("suffix", ["xls", "xlsb", "ods"])
def test_old_and_other_workbooks_give_the_cells_of_the_xlsx(datasets: Path, suffix: str) -> None:
    def cells(kind: str) -> list[tuple[object, ...]]:
        wanted = ObjectContract.model_construct(reader=Reader(sheet="issue2", header_row="none"))
        return read_table(datasets / f"messy/spreadsheets/calamine/issues.{kind}", wanted)[0].rows()

    assert cells(suffix) == cells("xlsx") and len(cells(suffix)) >= 3


def test_a_workbook_with_a_password_is_refused_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 2000)
    with pytest.raises(AlmanacError, match="workbook not readable"):
        read_table(path)
