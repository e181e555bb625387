"""Parts of reading, each at its bound: bytes, archives, quotes, months, and what values say about columns."""

from pathlib import Path

import duckdb
import polars as pl
import pytest
import zstandard
from ingest_world import World

from pipelines.contracts import Reader, canonical_objects
from pipelines.ingest.casting.months import ENGLISH, digits_sql, english_sql, month_number
from pipelines.ingest.formats.archives import unpack
from pipelines.ingest.formats.byte_scan import scan_bytes
from pipelines.ingest.formats.careful_parser import Dialect
from pipelines.ingest.formats.quotes import Quotes
from pipelines.ingest.formats.source import FileRefusedError
from pipelines.ingest.proposals.column_values import ColumnSample
from pipelines.ingest.proposals.evidence import with_evidence
from pipelines.ingest.proposals.guess import Guess

pytestmark = pytest.mark.fast
COMMA = Dialect(",", '"', "")
ORDERS = """
system: shop
title: Shop
timezone: UTC
objects:
  - object: order_lines
    files: "lines_*.csv"
    exported_at: {filename: 'lines_(\\d{8})', format: "%Y%m%d"}
    key: [order_id, line_number]
    columns: {order_id: Order, line_number: {from: [No, _position]}, product_name: Item}
"""


@pytest.mark.parametrize(
    ("data", "is_plain", "pairs"),
    [
        (b"a,b\n1,2\n", True, 0),
        (b"a,b\r\n1,2\r\n", True, 2),
        (b"a,b\r\n1,2", True, 2),
        (b"a,b\r1,2\r", True, 0),
        (b"a,b\r\n1,2\n", False, 1),
        (b"a,b\n1,2\r", False, 0),
        (b"a,b\n1,\x002\n", False, 0),
    ],
)
def test_a_file_with_one_kind_of_line_end_is_plain(tmp_path: Path, data: bytes, is_plain: bool, pairs: int) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    scan = scan_bytes(tmp_path / "a.csv", COMMA, Reader())
    assert scan.is_plain is is_plain
    assert scan.crlf_count == pairs


@pytest.mark.parametrize(
    ("quote", "escape", "is_supported"),
    [('"', "", True), ("", "", True), ('"', "\\", True), ('"', "\\\\", False), ("“", "", False), ("“", "“", False)],
)
def test_a_quote_and_an_escape_of_one_byte_are_supported(quote: str, escape: str, is_supported: bool) -> None:
    assert Quotes(Dialect(",", quote, escape)).is_supported is is_supported


def test_frames_of_a_zst_archive_that_hold_no_rows_are_skipped(tmp_path: Path) -> None:
    note = b"made by x"
    skipped = b"\x50\x2a\x4d\x18" + len(note).to_bytes(4, "little") + note
    frames = [zstandard.ZstdCompressor(write_checksum=True).compress(text) for text in (b"a,b\n", b"1,2\n" * 9)]
    whole = frames[0] + skipped + frames[1]
    path = tmp_path / "a.csv.zst"
    path.write_bytes(whole)
    unpack(path, Reader(), tmp_path)
    for cut in (len(whole) - 1, len(whole) - 5, len(frames[0]) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(FileRefusedError, match="cut off"):
            unpack(path, Reader(), tmp_path)


@pytest.mark.parametrize(
    ("text", "short", "full"),
    [
        ("3. März 2024", "3. Mar 2024", "3. March 2024"),
        ("12 janv. 2024", "12 Jan 2024", "12 January 2024"),
        ("31-dic-2024", "31-Dec-2024", "31-December-2024"),
        ("2024-03-01", "2024-03-01", "2024-03-01"),
    ],
)
def test_months_of_other_languages_are_written_in_english(text: str, short: str, full: str) -> None:
    for is_short, expected in ((True, short), (False, full)):
        sql = f"select {english_sql('t', is_short=is_short)} from (select ? as t)"
        assert duckdb.execute(sql, [text]).fetchall() == [(expected,)]


def test_a_month_is_its_number_in_words_and_digits() -> None:
    for number, name in enumerate(ENGLISH, start=1):
        assert month_number(name) == month_number(name[:3].upper()) == month_number(f"{number}月") == number
    assert [month_number(word) for word in ("十二月", "Dezember", "sept.", "0", "13", "12", "1")] == [
        *(12, 12, 9, None, None, 12, 1),
    ]
    assert duckdb.execute(f"select {digits_sql('t')} from (select '十一月3日' as t)").fetchall() == [("11月3日",)]


def test_a_line_without_a_number_is_counted_within_its_document(tmp_path: Path) -> None:
    world = World(tmp_path).contract(ORDERS)
    world.put("lines_20240101.csv", "Order,Item\nA,x\nA,y\nB,z\nA,w\n")
    world.run()
    rows = world.rows("select order_id, line_number::int, product_name from raw.order_lines order by all")
    assert rows == [("A", 1, "x"), ("A", 2, "y"), ("A", 3, "w"), ("B", 1, "z")]


@pytest.mark.parametrize(("third", "found"), [(None, True), ("7.02", False), ("", True)])
def test_a_column_that_is_quantity_times_price_in_nearly_all_rows_is_the_amount(third: str | None, found: bool) -> None:
    quantity, price = ["1", "2", "3", "4", "5", "6"], ["2.50", "1.00", "2.00", "0.50", "9.99", "3.00"]
    total = ["2.50", "2.00", "6.00", "2.00", "49.95", "18.00"]
    total[2] = total[2] if third is None else third
    frame = pl.DataFrame({"Qty": quantity, "Price": price, "X": total, "Y": ["7.77"] * 6})
    samples = {name: ColumnSample.of(frame[name]) for name in frame.columns}
    named = {"Qty": Guess("Qty", "quantity", 1.0), "Price": Guess("Price", "unit_price", 1.0)}
    item = canonical_objects()["order_lines"]
    guesses = with_evidence(frame, samples, item, named, {})
    assert {h for h, guess in guesses.items() if guess.column == "amount_net"} == ({"X"} if found else set())
