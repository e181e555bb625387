"""Kinds of fault in other languages, currencies and layouts than those in which they were first met. Values by hand."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from cells import CONTRACT, proposed, read
from ingest_world import World

from pipelines.ingest.casting.unit_words import stated_unit, unit_of
from pipelines.ingest.formats.decode import find_encodings
from pipelines.ingest.formats.source import FileRefusedError

pytestmark = pytest.mark.fast
CONTINENTAL = "amount_net: {from: X, number_format: {thousands: '.', decimal: ','}}"


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (("24.12.31", "24.11.05"), [date(2024, 12, 31), date(2024, 11, 5)]),  # Hungary: years stand together
        (("05.11.24", "31.12.24"), [date(2024, 11, 5), date(2024, 12, 31)]),
        (("24.03.05", "24.04.06"), [date(2005, 3, 24), date(2006, 4, 24)]),  # nothing says that days stand last
        (("01.01.19", "01.04.20", "01.07.24"), [date(2019, 1, 1), date(2020, 4, 1), date(2024, 7, 1)]),
        (("31.12.18", "31.12.24"), [date(2018, 12, 31), date(2024, 12, 31)]),
        (("01.01.24", "01.01.25"), [date(2024, 1, 1), date(2025, 1, 1)]),
        (("01.01.05", "31.12.06", "30.06.31"), [date(2005, 1, 1), date(2006, 12, 31), date(2031, 6, 30)]),
        (("98.12.31", "24.12.31"), [date(1998, 12, 31), date(2024, 12, 31)]),  # no day 98: years stand first
        (("31.02.24", "05.03.24"), ["bad_date", date(2024, 3, 5)]),  # a slip is no evidence
        (("20-3-24", "21-3-24", "5-3-24"), [date(2024, 3, 20), date(2024, 3, 21), date(2024, 3, 5)]),  # Netherlands
    ],
)
def test_of_short_dates_with_points_or_dashes_the_year_is_found(
    tmp_path: Path, cells: tuple[str, ...], values: list[object]
) -> None:
    assert read(tmp_path, "ordered_on: X", *cells) == values


def test_one_slip_among_dates_with_points_changes_no_other(tmp_path: Path) -> None:
    days = [date(2024, 3, day) for day in range(2, 14)]
    cells = [f"{day:%d.%m.%y}" for day in days]
    assert read(tmp_path / "a", "ordered_on: X", "45.03.24", *cells) == ["bad_date", *days]
    hungarian = [f"24.03.{day:02d}" for day in range(2, 31)]  # 45 can be a year there, and a slip elsewhere
    assert read(tmp_path / "b", "ordered_on: X", "45.03.24", *hungarian) == ["undecidable_date_order"]


def test_the_last_day_of_a_systems_calendar_means_none(tmp_path: Path) -> None:
    cells = ("4712-12-31", "31.12.2999", "1601-01-01T00:00:00Z", "2079-06-06 00:00:00", "00.01.1900", "1900-01-00")
    assert read(tmp_path, "ordered_on: X", *cells, "2024-02-29") == [*[None] * 6, date(2024, 2, 29)]


@pytest.mark.parametrize(
    "cells",
    [
        ("1.500 €", "12.000 €"), ("R$ 1.500",), ("kr 1.500", "kr 900"), ("1.500-", "12.000-"), ("(1.500)",),
        ("+1.500",), ("1.500 Tsd.", "3 Tsd."), ("1.500", "1.500,-"), ("1.500", "1.500:-", "12000"),
        ("1.500", "2.500,50"), ("1.500", "0,25"), ("1,500", "12,000"), ("1,500", "2,5"), ("1.500", "2.000.000"),
    ],
)  # fmt: skip
def test_a_mark_before_three_digits_is_asked_about_in_any_dress(tmp_path: Path, cells: tuple[str, ...]) -> None:
    assert read(tmp_path, "amount_net: X", *cells) == ["undecidable_number_format"]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (("1,500", "12.5"), [1500, "12.5"]), (("1,500", "2,000,000"), [1500, 2_000_000]), (("¥1,500",), [1500]),
        (("1.500", "0.250"), ["1.5", "0.25"]), (("1 500", "1'500"), [1500, 1500]),
    ],
)  # fmt: skip
def test_what_else_the_file_holds_settles_the_mark(tmp_path: Path, cells: tuple[str, ...], values: list[str]) -> None:
    assert read(tmp_path, "amount_net: X", *cells) == [Decimal(value) for value in values]


def test_a_comma_between_the_cells_is_no_decimal_mark(tmp_path: Path) -> None:
    world = World(tmp_path).contract(f"{CONTRACT}      amount_net: X\n")
    world.put("a.csv", 'ID,X\n1,"1,500"\n2,1200\n3,800\n')
    assert world.run().files[0]["status"] == "loaded"
    assert world.column("select amount_net from raw.order_lines order by line_id") == [1500, 1200, 800]


def test_a_dash_for_no_cents_is_no_minus(tmp_path: Path) -> None:
    assert read(tmp_path / "a", "amount_net: X", "CHF 5.-", "7:-", "8.--", "5.00-") == [5, 7, 8, -5]
    assert read(tmp_path / "b", CONTINENTAL, "1.500,-", "5,-- €", "1.500,50-") == [1500, 5, Decimal("-1500.5")]


def test_a_dash_for_no_cents_tells_that_the_mark_before_groups(tmp_path: Path) -> None:
    cells = ("1.234,-", "1.234:-", "kr. 1.234.567,--", "(1'234.-)", "-1,234.-", "12000", "12,34,567.-", "1.234.-")
    values = [1234, 1234, 1_234_567, -1234, -1234, 12000, 1_234_567, 1234]
    assert read(tmp_path / "a", "amount_net: X", *cells) == values
    assert read(tmp_path / "b", CONTINENTAL, *cells) == values


def test_a_dash_between_numbers_is_no_amount(tmp_path: Path) -> None:
    cells = ("5.-6", "5, -3", "12:-30", "100.-300", "5.5,-", "0.125,-", ".5.-")
    assert read(tmp_path, "amount_net: X", *cells) == ["bad_number"] * 7


def test_an_amount_with_half_a_bracket_is_none(tmp_path: Path) -> None:
    assert read(tmp_path, "amount_net: X", "(€5", "5)", "(5)") == ["bad_number", "bad_number", -5]


def test_traditional_and_japanese_units_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, "amount_net: X", "3億", "5萬", "2千万", "12億円") == [
        300_000_000, 50_000, 20_000_000, 1_200_000_000,
    ]  # fmt: skip


@pytest.mark.parametrize(("cell", "currency"), [("$900", "EUR"), ("900 CHF", "SEK"), ("£12", "$")])
def test_a_cells_currency_that_is_not_its_rows_is_refused(tmp_path: Path, cell: str, currency: str) -> None:
    columns = "amount_net: X\n      currency: C"
    assert read(tmp_path, columns, f"{cell};{currency}", header="X;C") == ["other_currency"]


def test_a_cells_currency_that_is_its_rows_is_loaded(tmp_path: Path) -> None:
    columns = "amount_net: X\n      currency: C"
    assert read(tmp_path, columns, "$900;USD", "5 kr;SEK", "¥7;CNY", header="X;C") == [900, 5, 7]


def test_a_header_of_another_currency_than_the_contracts_is_refused(tmp_path: Path) -> None:
    column = 'amount_net: "Amount (%s)"\n      currency: {const: EUR}'
    assert read(tmp_path / "a", column % "USD", "5", header="Amount (USD)") == ["other_currency"]
    assert read(tmp_path / "b", column % "EUR", "5", header="Amount (EUR)") == [5]


@pytest.mark.parametrize(
    "header",
    ["Amount (₹ Cr)", "Umsatz (TEUR)", "Importe (k€)", "金额（万元）", "Sales in thousands", "売上 (百万円)"],
)
def test_a_unit_of_the_header_that_the_contract_does_not_state_is_asked_about(tmp_path: Path, header: str) -> None:
    column = f'amount_net: {{from: "{header}"%s}}'
    assert read(tmp_path / "a", column % "", "12.5", header=header) == ["unread_unit"]
    assert read(tmp_path / "b", column % ", unit: 1", "12.5", header=header) == [Decimal("12.5")]


def test_a_unit_in_a_title_is_asked_about_unless_a_column_states_one(tmp_path: Path) -> None:
    for folder, unit, status in (("a", "", "rejected"), ("b", ", unit: 1000", "loaded")):
        world = World(tmp_path / folder).contract(f"{CONTRACT}      amount_net: {{from: X{unit}}}\n")
        world.put("a.csv", "Amounts in thousands EUR;\nID;X\n1;5\n2;6\n")
        assert world.run().files[0]["status"] == status


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("Amount Cr", None), ("Credit (Cr)", None), ("Price per 1 000", None), ("Cost per thousand", None),
        ("金额（元/万件）", None), ("万能险金额", None), ("万科金额", None), ("金额（元）", None),
        ("金额（万元）", 10_000), ("金额(万)", 10_000), ("金额万", 10_000), ("金额 万美元", 10_000),
        ("营收（亿元）", 100_000_000),
        ("金额（单位：万）", 10_000), ("金额（千万元）", 10_000_000),
        ("売上 (百万円)", 1_000_000), ("Rs. Cr", 10_000_000),
        ("Amount (INR Cr)", 10_000_000), ("Amount in Cr", 10_000_000), ("Amount 000", 1000), ("EUR '000", 1000),
    ],
)  # fmt: skip
def test_a_header_states_a_unit_only_where_its_words_mean_money(header: str, unit: float | None) -> None:
    assert unit_of(header) == unit


@pytest.mark.parametrize(
    ("title", "unit"),
    [
        ("编制单位：万科企业", None), ("填报单位：上海万达商业", None), ("使用单位：亿联网络", None),
        ("单位：万元科技", None),
        ("单位：元", None), ("单位：万元", 10_000), ("2025年 单位:人民币万元", 10_000), ("（单位：亿元）", 100_000_000),
        ("金额单位：万元", 10_000), ("单位：千元 币种：人民币", 1000), ("单位：百万美元", 1_000_000),
    ],
)  # fmt: skip
def test_a_title_states_a_unit_only_as_an_amount_of_money(title: str, unit: float | None) -> None:
    stated = stated_unit([title])
    assert (stated[0] if stated else None) == unit


@pytest.mark.parametrize(
    ("wanted", "other", "status"),
    [
        ("Amount", "Amount (万元)", "rejected"), ("Amount (USD)", "Amount (EUR)", "rejected"),
        ("Amount (Net)", "Amount (Foreign Currency)", "loaded"), ("名称(英文)", "名称(中文)", "loaded"),
        ("Amount (Net)", "Amount", "loaded"),
    ],
)  # fmt: skip
def test_only_a_unit_or_a_currency_in_brackets_makes_two_headers_one(
    tmp_path: Path, wanted: str, other: str, status: str
) -> None:
    world = World(tmp_path).contract(f'{CONTRACT}      amount_net: "{wanted}"\n')
    world.put("a.csv", f"ID;{other}\n1;5\n2;6\n")
    assert world.run().files[0]["status"] == status


def test_a_header_without_brackets_that_another_column_reads_is_not_the_one_that_is_missing(tmp_path: Path) -> None:
    columns = '      amount_net: "Amount (USD)"\n      amount_gross: Amount\n'
    world = World(tmp_path).contract(CONTRACT + columns)
    world.put("a.csv", "ID;Amount;Amount (EUR)\n1;5;6\n")
    assert world.run().files[0]["status"] == "loaded"
    assert world.rows("select amount_net, amount_gross from raw.order_lines") == [(None, 5)]


WIDE = """
system: fp
title: FP
objects:
  - object: budgets
    files: "*.csv"
    exported_at: {on: 2025-01-31}
    stated: {Jahr: {title: '(20[0-9]{2})'}}
    unpivot: {columns: 'Jän|Jul|Okt|Apr', name: Monat, value: Wert}
    key: none
    columns:
      region: Region
      budget_line: {const: plan}
      currency: {const: EUR}
      period: {const: month}
      period_start: {join: [Jahr, Monat], separator: "-", formats: ['%Y-%b']}
      amount: Wert
"""


def test_months_that_run_into_the_next_year_are_not_joined_to_one(tmp_path: Path) -> None:
    for months, status in (("Jul;Okt;Jän;Apr", "rejected"), ("Jän;Apr;Jul;Okt", "loaded")):
        world = World(tmp_path / status).contract(WIDE)
        world.put("a.csv", f"Plan 2025;;;;\nRegion;{months}\nNord;1;2;3;4\nSüd;5;6;7;8\n")
        row = world.run().files[0]
        assert (row["status"], row["reason_code"] or "one_year") == (status, "one_year"), row["reason"]


@pytest.mark.parametrize(("second", "status"), [("", "rejected"), ("200", "loaded")])
def test_the_total_of_a_document_is_not_filled_down_to_its_lines(tmp_path: Path, second: str, status: str) -> None:
    contract = CONTRACT.replace("    columns:", "    reader: {fill_down: [Beleg, Netto]}\n    columns:")
    contract = contract.replace("order_id: ID", "order_id: Beleg\n      amount_net: Netto")
    world = World(tmp_path).contract(contract)
    world.put("a.csv", f"ID;Beleg;Netto\n1;B1;500\n2;;{second}\n3;B2;100\n")
    row = world.run().files[0]
    assert row["status"] == status, row["reason"]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("mac_roman", "1;Müller;Köln"), ("mac_roman", "1;São Paulo;Açúcar"), ("mac_roman", "1;Åse;Malmö"),
        ("cp1250", "1;Příklad;Děčín"), ("cp1250", "1;Győri Műhely Kft."), ("cp1250", "1;Łukasz Święty\n2;Zażółć"),
        ("cp1250", "1;Bucureşti\n2;Iaşi"), ("iso8859_2", "1;Zakład Żółć;Łódź"), ("cp1254", "1;Güneş Ağaç"),
        ("cp850", "1;Café;Orléans"), ("cp1251", "1;Киевский завод;Одесса"), ("koi8_r", "1;ООО Пример;Пермь"),
        ("cp866", "1;Название;Город"), ("cp1255", "1;שלום עולם;תל אביב"), ("cp1253", "1;Γιώργος;Πάτρα και Αθήνα"),
        ("cp1252", "1;McDonald’s – 5 €"), ("cp1252", "1;München;Citroën\n2;São Paulo;København"), ("gb18030", "1;张三"),
    ],
)  # fmt: skip
def test_a_file_is_read_in_the_encoding_whose_letters_make_words(tmp_path: Path, encoding: str, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"id;name\n{text}\n".encode(encoding))
    names = find_encodings(path)
    decoded = next(out for name in names if (out := path.read_bytes().decode(name, "replace")) and "\ufffd" not in out)
    assert decoded.splitlines()[1:] == text.splitlines()


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("mac_roman", "Köln"), ("cp1254", "Yıldız"), ("cp1255", "דוד"), ("cp874", "สมชาย"), ("euc_kr", "김철수")],
)
def test_a_word_that_two_encodings_read_is_asked_about(tmp_path: Path, encoding: str, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"id;name\n1;{text}\n".encode(encoding))
    with pytest.raises(FileRefusedError, match=f"'(1;)?{text}' as {encoding}"):
        find_encodings(path)


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


HISTORY = CONTRACT.replace("order_lines", "opportunity_history").replace("line_id", "history_id")
HISTORY = HISTORY.replace("order_id: ID", "opportunity_id: ID\n      stage: {const: Prospecting}")


def changed_at(tmp_path: Path, header: str, *cells: str, zone: str = "Europe/Berlin") -> list[datetime]:
    """The instants of a column of times, in UTC; the system's zone is stated, or not where it is empty."""
    stated = HISTORY.replace("timezone: Europe/Berlin\n", f"timezone: {zone}\n" if zone else "")
    world = World(tmp_path).contract(f'{stated}      changed_at: "{header}"\n')
    world.put("a.csv", "".join([f"ID;{header}\n", *(f"{n};{cell}\n" for n, cell in enumerate(cells))]))
    assert world.run().files[0]["reason_code"] in (None, ""), world.rows("select reason from control.files")
    return list(world.column("select changed_at from raw.opportunity_history order by _record"))


@pytest.mark.parametrize(
    ("header", "instant"),
    [
        ("When (UTC)", datetime(2025, 1, 5, 23, 30)), ("Wann [GMT]", datetime(2025, 1, 5, 23, 30)),
        ("时间 (UTC+08:00)", datetime(2025, 1, 5, 15, 30)), ("When (GMT-5)", datetime(2025, 1, 6, 4, 30)),
        ("When (UTC+05:30)", datetime(2025, 1, 5, 18, 0)), ("When [GMT+05:45]", datetime(2025, 1, 5, 17, 45)),
        ("When (UTC+13)", datetime(2025, 1, 5, 10, 30)), ("时间（UTC±00:00）", datetime(2025, 1, 5, 23, 30)),
        ("When (UTC−0930)", datetime(2025, 1, 6, 9, 0)),
        ("When", datetime(2025, 1, 5, 22, 30)),
    ],
)  # fmt: skip
def test_the_zone_that_a_header_states_is_that_of_its_times(tmp_path: Path, header: str, instant: datetime) -> None:
    assert changed_at(tmp_path, header, "2025-01-05 23:30:00") == [instant]


def test_an_abbreviated_zone_of_a_header_is_asked_about_unless_the_contract_states_one(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="which zone is CST"):
        changed_at(tmp_path / "a", "When (CST)", "2025-01-05 23:30:00", zone="")
    assert changed_at(tmp_path / "b", "When (CST)", "2025-01-05 23:30:00", zone="Asia/Shanghai") == [
        datetime(2025, 1, 5, 15, 30)
    ]


@pytest.mark.parametrize("header", ["When (UTC+03:30)", "When (UTC+25)", "When [GMT-13]", "When (UTC+5.5)"])
def test_an_offset_of_a_header_that_is_not_read_is_asked_about(tmp_path: Path, header: str) -> None:
    with pytest.raises(AssertionError, match="states an offset that is not read"):
        changed_at(tmp_path, header, "2025-01-05 23:30:00")


def test_an_offset_behind_hours_and_minutes_is_read(tmp_path: Path) -> None:
    cells = ("2025-01-05 23:30+01", "2025-01-05T22:30Z", "2025-01-05 17:30 -05:00", "2025-01-05T17:30-0500")
    assert changed_at(tmp_path, "When", *cells) == [datetime(2025, 1, 5, 22, 30)] * 4


def test_the_sources_day_is_the_written_one_where_no_zone_is_stated(tmp_path: Path) -> None:
    contract = CONTRACT.replace("timezone: Europe/Berlin\n", "")
    world = World(tmp_path).contract(f"{contract}      ordered_on: {{from: X, day_of: source}}\n")
    world.put("a.csv", "ID;X\n1;2025-01-05T20:00:00-05:00\n2;2025-01-06T01:00:00+09:00\n")
    world.run()
    assert world.column("select ordered_on from raw.order_lines order by _record") == [
        date(2025, 1, 5), date(2025, 1, 6),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "footer",
    [
        '"Copyright (c) 2000-2025 example.com, inc.",,,', "Anzahl Datensätze: 2,,,", "2 rows,,,",
        "制表：王伟,,,", "打印时间 2025-01-31,,,", "Run on 2025-01-31,,,", "Vertraulich,,,", "Seite 1 von 2,,,",
        "Page 2,,,", "Report run by: A. B.,,,", "Stand 31. Januar 2025,,,", "Run on Jan 31 2025,,,",
        "Vertraulich: intern,,,",
        "Erstellt am 31.01.2025,,,", "Generated By: A. B.,,,", "共 2 条,,,", "Page 1 of 1,,,", "Stand: 31.01.2025,,,",
    ],
)  # fmt: skip
def test_what_a_report_writes_below_its_rows_is_no_row(tmp_path: Path, footer: str) -> None:
    text = f"Account Name,Account ID,City,Phone\nExample,1,Bonn,\nSample,2,,\n{footer}\n"
    _, rows = proposed(tmp_path, "accounts_2025-01-31.csv", text)
    assert [row["account_id"] for row in rows] == ["1", "2"]


@pytest.mark.parametrize(
    "name",
    [
        "打印机",
        "制表科技",
        "Page 1 Solutions",
        "Stand 5 Catering",
        "Run on Sports",
        "Run on Sports & Co",
        "Vertraulich GmbH",
        "Seite 1 AG",
    ],
)
def test_a_name_alone_in_its_row_that_reads_like_a_footer_is_a_row(tmp_path: Path, name: str) -> None:
    world = World(tmp_path).contract(f"{CONTRACT}      product_name: X\n".replace("order_id: ID", "order_id: Y"))
    world.put("a.csv", f"ID;X;Y\n1;a;2\n{name};;\n2;b;3\n")
    file = world.run().files[0]
    assert (file["rows_control"], file["rows_loaded"] + file["rows_quarantined"]) == (1, 3)  # the header alone


def test_a_company_whose_name_reads_like_a_footer_is_an_account(tmp_path: Path) -> None:
    text = "Account Name,Account ID,City\nCopyright Services Ltd,1,Bonn\nStand 12 GmbH,2,\nSeite 1 AG,3,\n"
    _, rows = proposed(tmp_path, "accounts_2025-01-31.csv", text)
    assert [row["account_id"] for row in rows] == ["1", "2", "3"]
