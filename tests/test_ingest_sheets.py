"""Workbooks as people keep them: several sheets, merged cells, a total per sheet, whatever the program wrote them."""

import zipfile
from pathlib import Path

import openpyxl
import pytest
from ingest_world import World

from pipelines.contracts import Reader
from pipelines.ingest.proposals.preview import read_table

pytestmark = pytest.mark.fast

SHEETS = """
system: crm
title: CRM
timezone: UTC
objects:
  - object: opportunities
    files: "deals.*"
    exported_at: {on: 2024-01-31}
    reader: {sheets: '20\\d\\d-\\d\\d', fill_down: [Customer]}
    key: [opportunity_id]
    columns:
      opportunity_id: ID
      account_name: Customer
      stage: Stage
      amount: {from: Amount, optional: true}
      next_step: _sheet
"""


def workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    first = book.active
    first.title = "2024-01"
    for row in (["Deals of January"], ["Customer", "ID", "Stage", "Amount"], ["Acme", 1, "Prospecting", 5],
                [None, 2, "Prospecting", 6], ["Total", None, None, 11]):  # fmt: skip
        first.append(row)
    first.merge_cells("A1:D1")
    first.merge_cells("A3:A4")
    second = book.create_sheet("2024-02")
    for row in (
        ["ID", "Customer", "Stage"],
        [3, "Globex", "Closed Won"],
        ["ID", "Customer", "Stage"],
        [4, "Init", "x"],
    ):
        second.append(row)
    book.create_sheet("Notes").append(["not for reading"])
    book.create_sheet("2024-03")
    book.save(path)


def test_sheets_are_one_table_and_each_row_knows_its_own(tmp_path: Path) -> None:
    world = World(tmp_path).contract(SHEETS)
    (tmp_path / "config/seeds/stage_words.csv").write_text(
        "word,source_system,canonical\nClosed Won,*,won\nProspecting,*,lead\nx,*,lead\n", encoding="utf-8"
    )
    workbook(world.settings.inbox / "deals.xlsx")
    file = world.run().files[0]
    assert (file["rows_in"], file["rows_loaded"], file["rows_control"]) == (9, 4, 5), file["reason"]
    assert "sheet '2024-03' is empty" in file["warnings"]
    assert world.rows("select opportunity_id, account_name, next_step, _record from raw.opportunities order by 1") == [
        ("1", "Acme", "2024-01", 1),
        ("2", "Acme", "2024-01", 2),
        ("3", "Globex", "2024-02", 4),
        ("4", "Init", "2024-02", 6),
    ]


def test_a_workbook_without_such_a_sheet_is_refused_with_those_it_has(tmp_path: Path) -> None:
    world = World(tmp_path).contract(SHEETS.replace("20\\d\\d-\\d\\d", "Q\\d"))
    workbook(world.settings.inbox / "deals.xlsx")
    assert "the workbook has: 2024-01, 2024-02, Notes, 2024-03" in world.run().files[0]["reason"]


def test_an_open_document_sheet_is_read_like_any_other(tmp_path: Path) -> None:
    cells = [["Customer", "ID", "Stage"], ["Acme", "1", "Prospecting"], ["北京", "2", "赢单"]]
    texts = [[f"<text:p>{text}</text:p>" for text in row] for row in cells]
    filled = [
        [f'<table:table-cell office:value-type="string">{text}</table:table-cell>' for text in row] for row in texts
    ]
    rows = "".join(f"<table:table-row>{''.join(row)}</table:table-row>" for row in filled)
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    table = f'<table:table table:name="Deals">{rows}</table:table>'
    body = f"<office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
    content = f"<office:document-content{spaces}>{body}</office:document-content>"
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    path = tmp_path / "deals.ods"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("META-INF/manifest.xml", manifest)
        book.writestr("content.xml", content)
    frame, _ = read_table(path)
    assert [frame.columns, *map(list, frame.iter_rows())] == cells


@pytest.mark.real
@pytest.mark.parametrize("kind", ["xls", "xlsb", "ods", "xlsx"])
def test_every_kind_of_workbook_gives_its_sheets(datasets: Path, kind: str) -> None:
    path = datasets / f"messy/spreadsheets/calamine/any_sheets.{kind}"
    frame, _ = read_table(path, reader=Reader(sheets="Visible", header_row="none"))
    assert frame.columns[-1] == "_sheet" and set(frame["_sheet"]) == {"Visible"}
