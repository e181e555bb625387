"""What a file leaves open is asked or refused, and what it says is read as it is meant. Expected values by hand."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter
from cells import CONTRACT, proposed, read
from ingest_world import World

from pipelines.ingest.formats.single_byte_encoding import single_byte_encoding
from pipelines.ingest.formats.source import FileRefusedError

pytestmark = pytest.mark.fast


def test_two_digit_years_are_of_this_century(tmp_path: Path) -> None:
    assert read(tmp_path, "ordered_on: X", "05.03.24", "17.03.24", "31.12.2024") == [
        date(2024, 3, 5), date(2024, 3, 17), date(2024, 12, 31),
    ]  # fmt: skip


def test_a_stated_four_digit_year_is_not_read_from_two_digits(tmp_path: Path) -> None:
    assert read(tmp_path, "ordered_on: {from: X, formats: ['%d.%m.%Y']}", "05.03.24", "05.03.2024") == [
        "bad_date", date(2024, 3, 5),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (("24/11/30", "24/12/15"), [date(2024, 11, 30), date(2024, 12, 15)]),  # the first numbers lie together: years
        (("05/03/24", "31/12/24"), [date(2024, 3, 5), date(2024, 12, 31)]),
        (("24/11/30",), ["undecidable_date_order"]),
    ],
)
def test_a_two_digit_year_stands_where_the_numbers_lie_together(
    tmp_path: Path, cells: tuple[str, ...], values: list[object]
) -> None:
    assert read(tmp_path, "ordered_on: X", *cells) == values


def test_a_day_that_means_none_is_empty_and_another_calendar_is_refused(tmp_path: Path) -> None:
    nothing = ("0001-01-01", "1753-01-01 00:00:00", "30.12.1899", "1/1/1900", "9999-12-31T23:59:59", "31.12.9999")
    assert read(tmp_path, "ordered_on: X", *nothing, "2568-01-05", "1970-01-01", "2024-02-29") == [
        *[None] * len(nothing), "bad_date", date(1970, 1, 1), date(2024, 2, 29),
    ]  # fmt: skip


def test_an_offset_is_read_however_it_is_spelled(tmp_path: Path) -> None:
    cells = ("2025-01-05 20:30:00 -0500", "2025-01-06 02:30+01", "2025-01-06T01:30Z", "2025-01-06 01:30:00 UTC")
    contract = CONTRACT.replace("order_lines", "opportunity_history").replace("line_id", "history_id")
    contract = contract.replace("order_id: ID", "opportunity_id: ID\n      stage: {const: Prospecting}")
    world = World(tmp_path).contract(contract + "      changed_at: X\n")
    world.put("a.csv", "".join(["ID;X\n", *(f"{n};{cell}\n" for n, cell in enumerate(cells))]))
    assert world.run().files[0]["status"] == "loaded"
    assert world.rows("select distinct changed_at from raw.opportunity_history") == [(datetime(2025, 1, 6, 1, 30),)]


def test_brackets_around_a_signed_amount_are_one_minus(tmp_path: Path) -> None:
    assert read(tmp_path, "amount_net: X", "($-450.00)", "(-1000)", "($5)", "-$7") == [
        Decimal(-450), Decimal(-1000), Decimal(-5), Decimal(-7),
    ]  # fmt: skip


def test_three_capitals_are_a_currency_only_where_iso_knows_them(tmp_path: Path) -> None:
    cells = ("350 MIL", "12 LAC", "250 THS", "80 GBP")
    assert read(tmp_path, "amount_net: X", *cells) == ["bad_number", "bad_number", "bad_number", Decimal(80)]


def test_two_currencies_in_one_column_are_refused(tmp_path: Path) -> None:
    assert read(tmp_path, "amount_net: X", "¥50,000", "€900") == ["mixed_currencies"]


def test_a_mark_that_contradicts_the_contract_is_refused(tmp_path: Path) -> None:
    column = "amount_net: X\n      currency: {const: EUR}"
    assert read(tmp_path / "a", column, "€900", "12") == [Decimal(900), Decimal(12)]
    assert read(tmp_path / "b", column, "£900", "12") == ["other_currency"]


def test_hundreds_of_yi_do_not_overflow(tmp_path: Path) -> None:
    assert read(tmp_path, "amount_net: X", "120亿", "12 Mrd.") == [Decimal(12_000_000_000)] * 2


def test_a_point_before_three_digits_is_a_question(tmp_path: Path) -> None:
    assert read(tmp_path / "a", "amount_net: X", "1.500", "12.000", "750") == ["undecidable_number_format"]
    column = "amount_net: {from: X, number_format: {thousands: '.', decimal: ','}}"
    assert read(tmp_path / "b", column, "1.500", "750") == [Decimal(1500), Decimal(750)]


@pytest.mark.parametrize("evidence", ["0.125", "2.5", "12000"])
def test_another_number_tells_what_the_point_is(tmp_path: Path, evidence: str) -> None:
    assert read(tmp_path, "amount_net: X", "1.500", evidence) == [Decimal("1.5"), Decimal(evidence)]


def test_ids_that_a_spreadsheet_damaged_are_quarantined(tmp_path: Path) -> None:
    damaged = ("1,23E+17", "4.87688E+18", "5-Mar", "10月8日", "Mar-05")
    assert read(tmp_path, "product_id: X", *damaged, "3-14", "A-Mar") == [
        *["damaged_id"] * len(damaged), "3-14", "A-Mar",
    ]  # fmt: skip


def test_marks_that_nobody_sees_are_no_part_of_an_id(tmp_path: Path) -> None:
    assert read(tmp_path, "product_id: X", "C-1\u200b", "\u200eC-1", "C-1\u2060") == ["C-1"] * 3


def test_a_rounded_telephone_is_emptied_and_its_account_kept(tmp_path: Path) -> None:
    text = "Account ID,Account Name,Phone\nA1,Example Ltd,8.61381E+12\nA2,Sample Ltd,+44 20 7946 0000\n"
    _, rows = proposed(tmp_path, "accounts_2025-01-31.csv", text)
    assert [row["phone"] for row in rows] == [None, "+44 20 7946 0000"]


def test_a_company_called_total_is_an_account(tmp_path: Path) -> None:
    text = "Account Name,Account ID,City\nTotal,1001,\nTotal,,\nSumme,1003,Ulm\n合计,,\nExample Ltd,1004,London\n"
    _, rows = proposed(tmp_path, "accounts_2025-01-31.csv", text)
    assert [row["account_id"] for row in rows] == ["1001", "1003", "1004"]


def test_the_end_of_a_dos_file_and_a_reports_footer_are_no_rows(tmp_path: Path) -> None:
    text = (
        "Account ID,Account Name,City\n1,Example,Bonn\n2,Sample,Ulm\nGrand Totals (2 records)\nCopyright (c) 2025\n\x1a"
    )
    _, rows = proposed(tmp_path, "accounts_2025-01-31.csv", text)
    assert len(rows) == 2


def test_the_total_of_an_order_is_not_the_amount_of_each_line(tmp_path: Path) -> None:
    text = (
        "Order Reference,Customer,Order Date,Untaxed Amount,Order Lines/Product,Order Lines/Quantity,"
        "Order Lines/Subtotal\nS1,Example,2025-01-05,500.00,Desk,1,300.00\n,,,,Chair,2,200.00\n"
        "S2,Sample,2025-01-31,100.00,Chair,1,100.00\n"
    )
    _, rows = proposed(tmp_path, "sale_orders_2025-01-31.csv", text)
    assert [(row["order_id"], row["amount_net"]) for row in rows] == [
        ("S1", Decimal(300)), ("S1", Decimal(200)), ("S2", Decimal(100)),
    ]  # fmt: skip


def test_the_months_of_a_fiscal_year_run_into_the_next(tmp_path: Path) -> None:
    text = "FY2025 sales plan\nRegion,Oct,Nov,Dec,Jan,Feb\nNorth,1,2,3,4,5\n"
    _, rows = proposed(tmp_path, "sales_plan_2025-10-30.csv", text)
    assert [row["period_start"] for row in rows] == [
        date(2025, 10, 1), date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("Amount (₹ Lakhs)", 100_000), ("Amount (in Cr)", 10_000_000), ("Amount ($000)", 1000), ("Amount (k€)", 1000),
        ("Amount '000", 1000), ("Amount in K", 1000), ("Amount (x1000)", 1000), ("Amount (M)", 1_000_000),
    ],
)  # fmt: skip
def test_a_unit_in_the_header_is_proposed(tmp_path: Path, header: str, unit: int) -> None:
    text = f'Deal ID,Deal Name,Stage,"{header}"\nd1,Alpha,Closed Won,12.5\nd2,Beta,Closed Won,7\n'
    contract, rows = proposed(tmp_path, "deals_2025-01-31.csv", text)
    assert f"unit: {unit}" in contract
    assert [row["amount"] for row in rows] == [Decimal("12.5") * unit, Decimal(7) * unit]


def test_the_sheet_with_the_table_is_proposed_and_the_others_are_named(tmp_path: Path) -> None:
    path = tmp_path / "deals_2025-01-31.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Export Summary").write_row(0, 0, ["Sheet", "Table"])
        sheet = book.add_worksheet("Deals")
        for number, row in enumerate((["Deal ID", "Deal Name", "Stage"], ["d1", "Alpha", "Closed Won"])):
            sheet.write_row(number, 0, row)
    contract, rows = proposed(tmp_path, path.name, path.read_bytes())
    assert '"sheet": "Deals"' in contract
    assert [row["opportunity_id"] for row in rows] == ["d1"]


def test_a_formula_without_a_value_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate((["ID", "X"], ["1", ""])):
            sheet.write_row(number, 0, row)
        sheet.write_formula(1, 1, "=2*600", value="")
    world = World(tmp_path).contract(CONTRACT.replace("*.csv", "*.xlsx") + "      amount_net: X\n")
    world.put("a.xlsx", path.read_bytes())
    row = world.run().files[0]
    assert "1 cells hold a formula and no value" in str(row["warnings"])


SCRIPTS = {
    "cp1251": "ООО Ромашка;Москва\nАО Пример;Тверь\n",
    "cp1253": "Αφοι Παπαδόπουλοι;Αθήνα\nΕλληνικά Πλαστικά;Θεσσαλονίκη\n",
    "cp1255": "חברת הדוגמה;תל אביב\n",
    "cp1256": "شركة المثال;القاهرة\nمؤسسة العينة;دبي\n",
    "cp874": "บริษัท ตัวอย่าง จำกัด;กรุงเทพ\n",
    "mac_roman": "Müller & Söhne;Köln\nCafé Zürich;Zürich\n",
    "cp1252": "Müller & Söhne;Köln\nGroße Straße\nl’été – 5 €\nÅngström 5 m² 20°\nÞórður Ísland\n",
}


@pytest.mark.parametrize("encoding", SCRIPTS)
def test_the_letters_tell_the_encoding(encoding: str) -> None:
    assert single_byte_encoding(SCRIPTS[encoding].encode(encoding)) == encoding


def test_turkish_and_icelandic_share_their_bytes_and_are_asked_about() -> None:
    with pytest.raises(FileRefusedError, match="'Yıldız Gıda' as cp1254"):
        single_byte_encoding("Yıldız Gıda".encode("cp1254"))


@pytest.mark.parametrize(
    "text",
    [
        "Acme,¥500", "Ü30", "¢5", "¥5;Café", "5 ¢;Café", "5 ‰ Rabatt;Müller", "† 2020;Käufer", "Fußball¹", "A×B",
        "Rohr Ø 20 mm", "Ø Umsatz", "500 m ü. M.", "Ä. Müller", "Ü. Kaya", "Ç. Demir", "Š. Novák", "Ñ.", "CaféBar",
        "SociétéGénérale", "GroßHandel", "Hafþór", "Alþingi;Ísland", "Größe A×B", "a¦Café", "5 ÷ 2", "100 cm³", "Ø",
        "Mùsica;Perché;Città", "Dùn;Café\n" + "Café\n" * 20, "Café\n" * 20 + "iÖkonomie",
    ],
)  # fmt: skip
def test_a_sign_or_an_odd_word_does_not_make_western_text_another(text: str) -> None:
    data = text.encode("cp1252")
    assert data.decode(single_byte_encoding(data)) == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Dùn"), ("cp1252", "Mùsica"), ("cp1250", "Důl"), ("cp1250", "Kůň"), ("cp1250", "Kasą"),
        ("mac_roman", "Übung"), ("mac_roman", "Zürich"), ("cp1254", "Beşiktaş"),
    ],
)  # fmt: skip
def test_text_that_two_languages_read_is_asked_about_with_both(encoding: str, text: str) -> None:
    with pytest.raises(FileRefusedError, match=f"'{text}' as {encoding}"):
        single_byte_encoding(text.encode(encoding))


@pytest.mark.parametrize(("encoding", "text"), [("mac_roman", "¥5;Müller & Söhne"), ("cp850", "Ñandú")])
def test_signs_of_another_encoding_do_not_make_text_western(encoding: str, text: str) -> None:
    assert single_byte_encoding(text.encode(encoding)) == encoding
