"""Exports as people send them: each row is loaded with the value that stands in the file, or refused with a reason."""

import gzip
import io
import zipfile
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter
from ingest_world import DEALS, World, deals

from pipelines.errors import AlmanacError
from pipelines.ingest.proposals.preview import read_table

ROWS = [
    ("0010", "Kettle", "Prospecting", "1234.50", "2024-01-15"),
    ("0011", "Pumps", "Closed Won", "-88000", "2024-02-28"),
]
TRUTH = [("0010", "Kettle", 1234.5, date(2024, 1, 15)), ("0011", "Pumps", -88000.0, date(2024, 2, 28))]
HEADERS = ["ID", "Title", "Stage", "Amount", "Closed"]
LOADED = "select source_id, opportunity_name, amount::double, closed_on from raw.opportunities order by 1"


def loaded(folder: Path, content: str | bytes, name: str = "deals_20240131.csv", contract: str = DEALS) -> list[tuple]:
    world = World(folder).contract(contract.replace("deals_*.csv", "deals_*"))
    world.put(name, content)
    world.run()
    return world.rows(LOADED)


def refusals(world: World) -> list[tuple]:
    return world.rows("select record, column_name, reason_code from quality.quarantine order by record")


def with_cells(position: int, *cells: str) -> str:
    """The export with other cells in one column, quoted."""
    return deals(*[(*row[:position], f'"{cell}"', *row[position + 1 :]) for row, cell in zip(ROWS, cells, strict=True)])


def page(rows: list[tuple[str, ...]]) -> str:
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    head = "".join(f"<th>{header}</th>" for header in HEADERS)
    return f"<html><body><table><tr><td>Logo</td></tr></table><table><tr>{head}</tr>{lines}</table></body></html>"


def spreadsheet_2003(rows: list[tuple[str, ...]]) -> str:
    def cell(text: str) -> str:
        return f'<Cell><Data ss:Type="String">{text}</Data></Cell>'

    lines = "".join(f"<Row>{''.join(map(cell, row))}</Row>" for row in [tuple(HEADERS), *rows])
    name = 'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"'
    return (
        f'<?xml version="1.0"?>\n<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" {name}>'
        f'<Worksheet ss:Name="Deals"><Table>{lines}</Table></Worksheet></Workbook>'
    )


@pytest.mark.parametrize("write", [page, spreadsheet_2003])
def test_a_web_page_or_xml_saved_as_xls_is_read_as_the_table_it_holds(tmp_path: Path, write: object) -> None:
    assert loaded(tmp_path, write(ROWS), "deals_20240131.xls") == TRUTH  # type: ignore[operator]


def test_cells_of_xml_say_their_place_and_days_are_read_without_midnight(tmp_path: Path) -> None:
    text = spreadsheet_2003(ROWS[:1]).replace(
        '<Cell><Data ss:Type="String">1234.50</Data></Cell><Cell><Data ss:Type="String">2024-01-15</Data></Cell>',
        '<Cell ss:Index="5"><Data ss:Type="DateTime">2024-01-15T00:00:00.000</Data></Cell>',
    )
    assert loaded(tmp_path, text, "deals_20240131.xls") == [("0010", "Kettle", None, date(2024, 1, 15))]


@pytest.mark.parametrize(("kind", "amount"), [("Number", 1.5), ("String", None)])
def test_a_number_of_xml_has_a_decimal_point_and_a_text_is_asked_about(
    tmp_path: Path, kind: str, amount: float | None
) -> None:
    text = spreadsheet_2003([(*row[:3], "1.500", row[4]) for row in ROWS])
    text = text.replace('"String">1.500', f'"{kind}">1.500')
    rows = loaded(tmp_path, text, "deals_20240131.xls")
    assert [row[2] for row in rows] == ([amount] * 2 if amount else [])


def test_an_xml_spreadsheet_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.xls"
    path.write_text(spreadsheet_2003(ROWS)[:-60])
    with pytest.raises(AlmanacError, match="not a complete XML spreadsheet"):
        read_table(path)


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp950", ["資訊系統更新專案", "台灣積體電路製造股份有限公司"]),
        ("cp932", ["情報システム更新", "株式会社日立製作所とトヨタ"]),
        ("euc_jp", ["システム更新プロジェクト", "ソニーグループ株式会社"]),
        ("euc_kr", ["대한민국 서울특별시 강남구 테헤란로 반도체", "주식회사 장비 삼성전자 판매 계약 갱신유지협력보수"]),
        ("gb18030", ["北京神州数码有限公司", "上海电气集团股份有限公司信息系统更新"]),
        ("cp1252", ["Århus Maskinfabrik ÅS", "Société Générale “Élan”"]),
    ],
)  # fmt: skip
def test_names_come_out_of_the_encodings_that_desktops_write(tmp_path: Path, encoding: str, names: list[str]) -> None:
    rows = loaded(tmp_path, with_cells(1, *names).encode(encoding))
    assert [row[1] for row in rows] == names


def test_what_a_desktop_leaves_in_an_archive_is_no_second_file(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("deals.csv", "__MACOSX/._deals.csv", ".DS_Store", "Thumbs.db"):
            archive.writestr(name, deals(*ROWS) if name == "deals.csv" else b"\x00\x05")
    assert loaded(tmp_path, packed.getvalue(), "deals_20240131.zip") == TRUTH


@pytest.mark.parametrize("style", ['="{}"', "'{}"])
def test_what_keeps_a_spreadsheet_from_reading_a_number_is_no_part_of_it(tmp_path: Path, style: str) -> None:
    rows = [(style.format(row[0]), row[1], row[2], style.format(row[3]), style.format(row[4])) for row in ROWS]
    assert loaded(tmp_path, deals(*rows)) == TRUTH


def test_an_apostrophe_before_a_word_stays(tmp_path: Path) -> None:
    rows = loaded(tmp_path, with_cells(1, "'s-Hertogenbosch", "'t Hart 12"))
    assert [row[1] for row in rows] == ["'s-Hertogenbosch", "'t Hart 12"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("1\u202f234.50", "-88\u00a0000"), ("1’234.50", "-88’000"), ("1,234.50 USD", "USD -88,000.00"),
        ("$1,234.50", "($88,000.00)"), ("1.2345 Tsd.", "-0.088 Mio. US$"), ("0.0012345 MIO", "−88 tsd"),
        ("1'234.50", "-88'000.00"), ("1,234.50", "-0,88,000.00"),
    ],
)  # fmt: skip
def test_numbers_are_read_in_the_dress_of_their_country(tmp_path: Path, first: str, second: str) -> None:
    assert loaded(tmp_path, with_cells(3, first, second)) == TRUTH


def test_a_letter_behind_a_number_means_what_the_contract_says_and_is_refused_otherwise(tmp_path: Path) -> None:
    text = with_cells(3, "1.2345K", "-0.088m")
    magnitudes = DEALS.replace("Amount", "{from: Amount, number_format: {magnitudes: {K: 1000, M: 1000000}}}", 1)
    assert loaded(tmp_path / "magnitudes", text, contract=magnitudes) == TRUTH
    assert loaded(tmp_path / "untold", text) == []
    world = World(tmp_path / "untold")
    assert refusals(world) == [(1, "amount", "bad_number"), (2, "amount", "bad_number")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("15. Jän 2024", "28. Februar 2024"), ("15-janv-2024", "28 févr. 2024"),
        ("15-Jan-2024 10:30", "28-Feb-2024 00:00"), ("15.01.2024 10:30", "28.02.2024"),
        ("2024年一月15日", "2024年二月28日"), ("Jan 15, 2024 3:30 PM", "Feb 28, 2024"),
    ],
)  # fmt: skip
def test_dates_are_read_with_months_as_words_and_with_a_time_behind(tmp_path: Path, first: str, second: str) -> None:
    assert loaded(tmp_path, with_cells(4, first, second)) == TRUTH


def test_each_month_word_is_its_month(tmp_path: Path) -> None:
    german = ["Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"]
    chinese = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"]
    days = [f"3. {word} 2024" for word in german] + [f"2024年{word}月3日" for word in chinese]
    rows = [(f"{number:02d}", "x", "Prospecting", "1", day) for number, day in enumerate(days)]
    assert [row[3] for row in loaded(tmp_path, deals(*rows))] == [date(2024, n, 3) for n in range(1, 13)] * 2


def test_words_for_yes_and_no_are_read_in_several_languages(tmp_path: Path) -> None:
    words = ["Ja", "Oui", "Sí", "是", "Sim", "Nein", "Non", "Faux", "否", "Não"]
    rows = [(f"{n:02d}", "x", "Prospecting", word, "2024-01-01") for n, word in enumerate(words)]
    contract = DEALS.replace("amount: Amount", "is_deleted: Amount")
    world = World(tmp_path).contract(contract)
    world.put("deals_20240131.csv", deals(*rows))
    world.run()
    assert world.column("select is_deleted from raw.opportunities order by source_id") == [True] * 5 + [False] * 5


@pytest.mark.parametrize(
    "content",
    [
        deals(*ROWS).replace(",", "\t").encode("utf-16"),
        b"\xef\xbb\xbf" + deals(*ROWS).replace(",", ";").encode(),
        b"sep=,\r\n" + deals(*ROWS).encode(),
        deals(*ROWS).replace("\n", ",\n").encode(),
        deals(*ROWS).replace("Amount", '"Amount"').replace("\n", "\r").encode(),
        (deals(*ROWS) + "Total,,,-86765.50,\n").encode(),
        gzip.compress(deals(*ROWS).encode()),
    ],
)
def test_the_dress_of_a_file_changes_no_row(tmp_path: Path, content: bytes) -> None:
    assert loaded(tmp_path, content) == TRUTH


def test_errors_of_a_spreadsheet_are_empty_and_said(tmp_path: Path) -> None:
    world = World(tmp_path).contract(DEALS.replace(".csv", ".xlsx"))
    with xlsxwriter.Workbook(world.settings.inbox / "deals_20240131.xlsx") as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([HEADERS, *ROWS]):
            sheet.write_row(number, 0, row)
        sheet.write_formula(1, 3, "=1/0", None, "#DIV/0!")
    file = world.run().files[0]
    assert world.column("select amount::double from raw.opportunities order by source_id") == [None, -88000.0]
    assert "cells that hold an error (#DIV/0!) are read as empty" in file["warnings"]


def test_a_workbook_with_a_password_says_so(tmp_path: Path) -> None:
    """Office keeps an encrypted workbook as one stream of a compound file, whose directory names it."""
    path = tmp_path / "deals.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000) + "EncryptedPackage".encode("utf-16-le"))
    with pytest.raises(AlmanacError, match="protected by a password: save it without"):
        read_table(path)


def test_amounts_that_sap_stores_with_two_decimals_too_many_are_repaired_and_logged(tmp_path: Path) -> None:
    """JPY 100 stands as 1.00 in tables whose amounts have two decimals for every currency."""
    rule = (
        "{name: tcurx, set: {amount: amount * 100}, when: \"currency in ('JPY', 'KRW')\", because: two decimals kept}"
    )
    contract = DEALS.replace("{const: USD}", "Title") + f"    corrections: [{rule}]\n"
    world = World(tmp_path).contract(contract)
    (tmp_path / "config/seeds/currency_words.csv").write_text("word,currency\nJPY,JPY\nUSD,USD\n")
    world.put("deals_20240131.csv", with_cells(1, "JPY", "USD"))
    world.run()
    assert world.column("select amount::double from raw.opportunities order by source_id") == [123450.0, -88000.0]
    assert world.rows("select old_value::double, new_value::double, rule from control.corrections") == [
        (1234.5, 123450.0, "tcurx")
    ]
