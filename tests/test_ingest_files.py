"""Whatever the bytes look like, the same rows come out, or the file is refused with the reason."""

import gzip
import io
import json
import zipfile
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
import zstandard
from ingest_world import DEALS, HEADER, World, deals

ROWS = [("1", "Müller, Köln", "Closed Won", "10.50", "2024-01-05"), ("2", '5" pipe\nlong', "Prospecting", "7", "")]
TEXT = 'ID,Title,Stage,Amount,Closed\n1,"Müller, Köln",Closed Won,10.50,2024-01-05\n2,"5"" pipe\nlong",Prospecting,7,\n'
SELECT = "select opportunity_id, opportunity_name, stage_source, amount, closed_on from raw.opportunities order by 1"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path).contract()


def expected() -> list[tuple[object, ...]]:
    return [("1", "Müller, Köln", "Closed Won", 10.5, date(2024, 1, 5)), ("2", '5" pipe\nlong', "Prospecting", 7, None)]


def _zip(text: str, name: str = "x.csv") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return out.getvalue()


SHAPES = {
    "utf8": TEXT.encode(),
    "bom": TEXT.encode("utf-8-sig"),
    "utf16": TEXT.replace(",", "\t").replace("Müller\t Köln", "Müller, Köln").encode("utf-16"),
    "utf16_without_mark": TEXT.encode("utf-16-le"),
    "latin": TEXT.encode("cp1252"),
    "semicolon": TEXT.replace(",", ";").replace("Müller; Köln", "Müller, Köln").encode(),
    "crlf": TEXT.replace("\n", "\r\n").replace("pipe\r\n", "pipe\n").encode(),
    "mixed_line_ends": TEXT.replace("05\n", "05\r\n").encode(),
    "carriage_returns": TEXT.replace("\n", "\r").replace("pipe\r", "pipe\n").encode(),
    "titles": ("Sales report,,,,\nas of 2024,,,,\n\n" + TEXT).encode(),
    "repeated_header": TEXT.replace("\n2,", "\nID,Title,Stage,Amount,Closed\n2,").encode(),
    "total": (TEXT + "Total,,,17.50,\n").encode(),
    "short_total": (TEXT + "合计,,,17.50\n").encode(),
    "german_total": (TEXT + "Summe,,,17.50\n").encode(),
    "blank_lines": ("\n" + TEXT + "\n\n").encode(),
    "spaced_cells": TEXT.replace("1,", " 1 ,", 1).replace(",10.50,", ", 10.50 ,").encode(),
    "gzip": gzip.compress(TEXT.encode()),
    "zstd": zstandard.compress(TEXT.encode()),
    "zip": _zip(TEXT),
    "zip_path_trick": _zip(TEXT, "../../../etc/cron.d/x.csv"),
    "renamed_columns": TEXT.replace("ID,Title", "id , TITLE", 1).encode(),
    "no_final_newline": TEXT.rstrip("\n").encode(),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_same_rows_from_every_shape_of_text(world: World, shape: str) -> None:
    world.put("deals_20240131.csv", SHAPES[shape])
    report = world.run()
    assert [(row["status"], row["reason"]) for row in report.files] == [("loaded", "")]
    assert world.rows(SELECT) == expected()


def test_gb18030_is_found_and_read_strictly(world: World) -> None:
    world.contract(DEALS.replace("const: USD", "const: CNY"))
    text = deals(
        ("1", "北京神州数码有限公司", "赢单", "￥1,234.50", "2024年1月5日"), ("2", "上海电气集团", "赢单", "1.2万", "")
    )
    world.put("deals_20240131.csv", text.replace("￥1,234.50", '"￥1,234.50"').encode("gb18030"))
    world.run()
    assert world.column("select encoding from control.files") == ["gb18030"]
    assert world.rows("select opportunity_name, amount, closed_on from raw.opportunities order by opportunity_id") == [
        ("北京神州数码有限公司", 1234.5, date(2024, 1, 5)),
        ("上海电气集团", 12000, None),
    ]


def test_a_wrong_declared_encoding_refuses_the_file(world: World) -> None:
    world.contract(DEALS.replace("    key:", "    reader: {encoding: utf-8}\n    key:"))
    world.put("deals_20240131.csv", deals(("1", "北京", "赢单", "1", "")).encode("gb18030"))
    row = world.run().files[0]
    assert (row["status"], row["rows_loaded"]) == ("rejected", 0)


@pytest.mark.parametrize("suffix", ["xlsx", "jsonl", "json", "parquet"])
def test_same_rows_from_workbooks_json_and_parquet(world: World, suffix: str) -> None:
    world.contract(DEALS.replace("deals_*.csv", "deals_*.*"))
    path = world.settings.inbox / f"deals_20240131.{suffix}"
    frame = pl.DataFrame(ROWS, schema=HEADER.strip().split(","), orient="row")
    if suffix == "xlsx":
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, ["Pipeline of the month"])
            for number, row in enumerate([frame.columns, *frame.rows()], start=2):
                sheet.write_row(number, 0, row)
    elif suffix == "parquet":
        frame.write_parquet(path)
    else:
        frame.write_ndjson(path) if suffix == "jsonl" else frame.write_json(path)
    world.run()
    assert world.rows(SELECT) == expected()


def test_json_lists_without_names_take_the_contracts_headers(world: World) -> None:
    names = ", ".join(HEADER.strip().split(","))
    world.contract(
        DEALS.replace("deals_*.csv", "deals_*.json").replace(
            "    key:", f"    reader: {{headers: [{names}]}}\n    key:"
        )
    )
    short = ["9", "one value is missing"]
    world.put("deals_20240131.json", json.dumps([*map(list, ROWS), short], ensure_ascii=False))
    world.run()
    assert world.rows(SELECT) == expected()
    assert world.rows("select record, reason_code from quality.quarantine") == [(len(ROWS) + 1, "bad_json")]


def dated(*days: str) -> bytes:
    return deals(*((str(number), "a", "Prospecting", "1", day) for number, day in enumerate(days))).encode()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"   \n\n", "empty_file"),
        (gzip.compress(TEXT.encode())[:-20], "broken_file"),
        (b"PK\x03\x04 not a zip at all", "broken_file"),
        (gzip.compress(b"0" * (80 << 20)), "too_large"),
        ((HEADER + "1,a,Closed Won,1,2024-01-05\n2,b,Clo").encode(), "truncated"),
        (HEADER.encode() + b"1,a," + b"x" * (20 << 20), "line_too_long"),
        (TEXT.replace("Amount", "Amonut").encode(), "missing_header"),
        (deals(("1", "a", "Closed Own", "1", "")).encode(), "unmapped_word"),
        (dated("3/4/2024", "5/6/2024"), "undecidable_date_order"),
        (dated("13/4/2024", "4/13/2024"), "mixed_date_order"),
        (deals(("1", "a", "Prospecting", "x", ""), ("2", "a", "Prospecting", "y", "")).encode(), "all_rows_refused"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_trusted_is_refused_with_a_reason(world: World, content: bytes, code: str) -> None:
    world.put("deals_20240131.csv", content)
    world.put("deals_20240130.csv", TEXT)
    rejected = [row for row in world.run().files if row["status"] == "rejected"]
    assert [row["reason_code"] for row in rejected] == [code]
    assert rejected[0]["reason"]
    assert world.column("select count(*) from raw.opportunities") == [2]


def test_reasons_propose_the_nearest_header_and_word(world: World) -> None:
    world.put("deals_20240130.csv", TEXT.replace("Amount", "Amonut"))
    world.put("deals_20240131.csv", deals(("1", "a", "Closed Own", "1", "")))
    reasons = {row["reason_code"]: row["reason"] for row in world.run().files}
    assert "nearest is 'Amonut'" in reasons["missing_header"]
    assert "'Closed Own' (1 rows)" in reasons["unmapped_word"] and "perhaps won" in reasons["unmapped_word"]


def test_new_columns_are_kept_and_reported(world: World) -> None:
    world.put(
        "deals_20240131.csv",
        "Robert'); drop table x;--," + deals(("1", "a", "Prospecting", "1", "")).replace("\n1", "\nhello,1"),
    )
    row = world.run().files[0]
    assert "drop table" in row["warnings"]
    assert world.column("select _extra from raw.opportunities") == ["""{"Robert'); drop table x;--":"hello"}"""]


def test_a_workbook_bomb_is_refused_before_it_is_unpacked(world: World) -> None:
    world.contract(DEALS.replace("deals_*.csv", "deals_*.xlsx"))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (300 << 20))
    world.put("deals_20240131.xlsx", out.getvalue())
    assert world.run().files[0]["reason_code"] == "too_large"


def test_links_out_of_the_inbox_are_left_alone(world: World, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(TEXT, encoding="utf-8")
    (world.settings.inbox / "deals_20240131.csv").symlink_to(tmp_path / "secret.csv")
    assert world.run().new_files == 0
