"""The workbook: numbers of the tables as numbers, in every language, and nothing that a spreadsheet would execute."""

import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from conftest import found
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from report_world import published, status_file
from xlsxwriter import Workbook as Made

from pipelines.report import cells, read_pack, write_workbooks
from pipelines.report.cells import NUMBER_FORMATS
from pipelines.report.words import NUMERIC, load_words

pytestmark = pytest.mark.fast

QUEUE = """
create table outlook.review_queue as select md5('same_customer|crm|1|erp|2') as review_id, 'same_customer' as kind,
    'crm|1|erp|2' as subject, 'Are "=1+1" and "@b" one customer?' as question, 'open' as status, null::varchar as owner,
    5000.0 as priority, '{}' as evidence;
"""


@pytest.fixture
def books(tmp_path: Path) -> Path:
    pack = read_pack(published(tmp_path, QUEUE), status_file(tmp_path))
    write_workbooks(tmp_path / "books", pack, {"stages": ["lead", "won"]})
    return tmp_path / "books"


def sheet_of(book: Workbook, title: str) -> Worksheet:
    return next(sheet for sheet in book.worksheets if sheet["A1"].value == title)


def test_numbers_are_numbers_days_are_days_and_heads_are_frozen(books: Path) -> None:
    sheet = sheet_of(load_workbook(books / "almanac_en.xlsx"), "Expected against target")
    assert [cell.value for cell in sheet[5]][:5] == ["Metric", "Period", "From", "Target", "Closed"]
    values = [cell.value for cell in sheet[6]]
    assert values[:6] == ["Bookings", "month", datetime(2026, 4, 1), 2600, 0, 1300]
    assert [cell.number_format for cell in sheet[6]][2:5] == ["yyyy-mm", "#,##0", "#,##0"]
    assert sheet["I6"].value == 0.5 and sheet["I6"].number_format == "0.0%"
    assert sheet.freeze_panes == "B6" and sheet.auto_filter.ref == "A5:L6"


def test_the_same_numbers_stand_in_the_chinese_workbook(books: Path) -> None:
    sheet = sheet_of(load_workbook(books / "almanac_zh.xlsx"), "预计完成与目标")
    assert [cell.value for cell in sheet[5]][:5] == ["指标", "期间", "起始", "目标", "已完成"]
    assert [cell.value for cell in sheet[6]][2:6] == [datetime(2026, 4, 1), 2600, 0, 1300]


def test_charts_are_the_spreadsheets_own_and_refer_to_cells(books: Path) -> None:
    with zipfile.ZipFile(books / "almanac_en.xlsx") as parts:
        charts = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/charts/chart")]
    history = next(chart for chart in charts if "history, forecast and target" in chart)
    assert "<c:lineChart>" in history and "$C$" in history and "yyyy-mm" in history


def test_a_chart_without_a_number_is_left_out_and_its_sheet_stays(tmp_path: Path) -> None:
    nothing = "update marts.series_history set y = null; update forecast.latest set yhat = null, lo_80 = null,"
    nothing += " hi_80 = null, lo_95 = null, hi_95 = null; update marts.targets set amount_base = null"
    pack = read_pack(published(tmp_path, nothing))
    paths = write_workbooks(tmp_path / "books", pack, {})
    assert any("history, forecast" in str(sheet["A1"].value) for sheet in load_workbook(paths[0]).worksheets)


def test_no_cell_is_a_formula_and_no_text_becomes_one(books: Path) -> None:
    for path in found(books.glob("*.xlsx")):
        with zipfile.ZipFile(path) as parts:
            for name in parts.namelist():
                if name.startswith("xl/worksheets/sheet"):
                    assert b"<f>" not in parts.read(name), f"{path.name} {name}"
    texts = [cell.value for row in load_workbook(books / "reviews_en.xlsx")["Reviews"] for cell in row]
    assert 'Are "=1+1" and "@b" one customer?' in texts


def test_the_contents_lead_to_every_sheet_and_name_what_is_left_out(books: Path) -> None:
    book = load_workbook(books / "almanac_en.xlsx")
    contents = book["Contents"]
    links = {cell.hyperlink.location.split("!")[0].strip("'") for row in contents for cell in row if cell.hyperlink}
    assert links == set(book.sheetnames) - {"Contents"}
    told = [cell.value for row in contents for cell in row]
    assert "outlook.open_deals" in " ".join(map(str, told)) and "run-two" in str(contents["A2"].value)


def test_a_workbook_made_twice_has_the_same_bytes(books: Path, tmp_path: Path) -> None:
    pack = read_pack(tmp_path / "almanac.duckdb", tmp_path / "status.duckdb")
    for path in write_workbooks(tmp_path / "again", pack, {"stages": ["lead", "won"]}):
        assert path.read_bytes() == (books / path.name).read_bytes()


def test_every_numeric_form_has_a_number_format() -> None:
    assert set(NUMBER_FORMATS) >= NUMERIC


@pytest.mark.parametrize(
    ("language", "sheet", "same"), [("en", "Reviews", "same customer"), ("zh", "待审核", "同一客户")]
)
def test_answers_are_offered_and_the_rest_is_locked(books: Path, language: str, sheet: str, same: str) -> None:
    book = load_workbook(books / f"reviews_{language}.xlsx")
    reviews = book[sheet]
    rules = {str(rule.sqref): rule.formula1 for rule in reviews.data_validations.dataValidation}
    assert rules["H2"] == "list_same_customer" and reviews.protection.sheet
    place = book.defined_names["list_same_customer"].attr_text
    first = place.split("!")[1].split(":")[0].replace("$", "")
    assert book["_lists"][first].value == same and book["_lists"].sheet_state == "hidden"
    assert not reviews["H2"].protection.locked and reviews["A2"].protection.locked


def test_a_share_that_is_neither_none_nor_all_reads_as_neither(tmp_path: Path) -> None:
    """A chance of .9996 read 100.0%; the cell keeps the number."""
    with Made(str(tmp_path / "shares.xlsx")) as book:
        styles, sheet = cells.Styles(book), book.add_worksheet()
        for row, share in enumerate((0.0, 0.0004, 0.5, 0.9996, 1.0, None)):
            style = styles.of(cells.form_of(share, "share"))
            cells.write_cell(sheet, row, 0, share, "share", load_words("en"), style)
    [written] = load_workbook(tmp_path / "shares.xlsx").worksheets
    formats = [cell.number_format for (cell,) in written.iter_rows()]
    assert formats == ["0.0%", '"< 0.1%"', "0.0%", '"> 99.9%"', "0.0%", "0.0%"]
    assert written["A4"].value == 0.9996
