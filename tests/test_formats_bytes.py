"""One pass over the bytes of a file: what it finds, wherever it stands, and however the file is cut into blocks."""

from pathlib import Path

import pytest

from pipelines.contracts import Reader
from pipelines.ingest.formats import byte_scan, decode
from pipelines.ingest.formats.byte_scan import ByteScan, scan_bytes
from pipelines.ingest.formats.careful_parser import Dialect
from pipelines.ingest.formats.source import FileRefusedError

pytestmark = pytest.mark.fast
COMMA = Dialect()
TAB = Dialect("\t")
REFUSED = "longer than 16 MB"


def scanned(folder: Path, text: str | bytes, dialect: Dialect = COMMA, reader: Reader | None = None) -> ByteScan:
    path = folder / "a.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return scan_bytes(path, dialect, reader or Reader())


@pytest.mark.parametrize(
    ("dialect", "reader", "is_plain"),
    [
        (COMMA, Reader(), True),
        (TAB, Reader(), True),
        (Dialect(", "), Reader(), False),
        (Dialect(",", ""), Reader(), False),
        (COMMA, Reader(ragged="pad"), False),
        (COMMA, Reader(comment="#"), False),
    ],
)
def test_what_duckdb_has_no_option_for_is_not_plain(
    tmp_path: Path, dialect: Dialect, reader: Reader, is_plain: bool
) -> None:
    assert scanned(tmp_path, "a\n1\n", dialect, reader).is_plain is is_plain


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("other", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("block_bytes", [1, 2, 3, 5, 4096])
def test_line_ends_are_counted_across_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, other: str, block_bytes: int
) -> None:
    monkeypatch.setattr(decode, "BLOCK_BYTES", block_bytes)
    pairs = 2 * (end == "\r\n") + 2 * (other == "\r\n")
    whole, cut = f"a,b{end}1,2{other}3,4{end}5,6{other}", f"a,b{end}1,2{other}3,4{end}5,6{other}7,8"
    assert scanned(tmp_path, whole).is_plain is scanned(tmp_path, cut).is_plain is (end == other)
    assert scanned(tmp_path, cut).crlf_count == pairs + (pairs > 0)  # the last line counts as if it ended
    assert scanned(tmp_path, whole).crlf_count == pairs + (pairs > 0 and other == "\r")


@pytest.mark.parametrize(
    "mark", [*"\u00a0\u00ad\u180e\u3000\ufeff\u200b\u200f\u202a\u202e\u2060\u2066\u2069\x0b\x0c\t"]
)
@pytest.mark.parametrize("block_bytes", [12, 4096])
def test_a_blank_other_than_the_space_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str, block_bytes: int
) -> None:
    monkeypatch.setattr(decode, "BLOCK_BYTES", block_bytes)
    assert scanned(tmp_path, f"a,b\n1,{mark}2\n3,4\n5,6\n").has_unicode_blanks
    assert scanned(tmp_path, f"a,b\n1,2\n3,4\n5,{mark}6\n").has_unicode_blanks


@pytest.mark.parametrize("text", ["a,b\n1,2 \n", "a,b\n€,…\n", "a,b\n’,é\n", '"a","b"\n'])
def test_signs_and_spaces_are_no_such_blanks(tmp_path: Path, text: str) -> None:
    assert not scanned(tmp_path, text).has_unicode_blanks


@pytest.mark.parametrize(("text", "has_blanks"), [('a,"b\n"\n', True), ('a,"b\r"\r', True), ('a,"b\nc"\n', False)])
def test_a_cell_that_ends_with_a_line_end_has_a_blank(tmp_path: Path, text: str, has_blanks: bool) -> None:
    assert scanned(tmp_path, text).has_unicode_blanks is has_blanks


def test_a_tab_between_cells_is_no_blank(tmp_path: Path) -> None:
    assert not scanned(tmp_path, "a\tb\n1\t2\n", TAB).has_unicode_blanks
    assert scanned(tmp_path, "a\tb\n1\t\u00a02\n", TAB).has_unicode_blanks


@pytest.mark.parametrize(
    ("dialect", "text", "has_guards"),
    [
        (COMMA, 'a,b\n="0010",2\n', True),
        (COMMA, "a,b\n1,'0010\n", True),
        (COMMA, "a,b\n'0010,2\n", True),
        (COMMA, "a,b\r'0010,2\r", True),
        (COMMA, 'a,b\n"\'0010",2\n', True),
        (TAB, "a\tb\n1\t'0010\n", True),
        (TAB, "a\tb\n1\t2,'0010\n", False),
        (COMMA, "a,b\nit's,2 '3'\n", False),
        (COMMA, "a,b\n1=2,3\n", False),
    ],
)
def test_guards_against_a_spreadsheet_stand_where_a_cell_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dialect: Dialect, text: str, has_guards: bool
) -> None:
    assert scanned(tmp_path, text + "5,6\n" * 9, dialect).has_excel_guards is has_guards
    monkeypatch.setattr(decode, "BLOCK_BYTES", len(text))  # the guard in the first block, or in the last
    assert scanned(tmp_path, text + "5,6\n" * 9, dialect).has_excel_guards is has_guards
    assert scanned(tmp_path, "5,6\n" * len(text) + text, dialect).has_excel_guards is has_guards


@pytest.mark.parametrize("block_bytes", [2, 3, 4, 5, 6, 7, 4096])
@pytest.mark.parametrize(
    ("text", "may_be_blank"),
    [
        ("a,b\n\n1,2\n", True),
        ("a,b\r\n\r\n1,2\r\n", True),
        ("a,b\r\r1,2\r", True),
        ("\na,b\n1,2\n", True),
        ("a,b\n1,2\n\n", True),
        ("a,b\n1,2\n", False),
        ("a,b\r\n1,2\r\n3,4\r\n", False),
        ("a,b\r1,2\r", False),
    ],
)
def test_a_blank_line_is_suspected_wherever_blocks_meet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, may_be_blank: bool, block_bytes: int
) -> None:
    monkeypatch.setattr(decode, "BLOCK_BYTES", block_bytes)
    assert scanned(tmp_path, text).may_have_blank_lines is may_be_blank


@pytest.mark.parametrize(
    ("text", "longest", "is_refused"),
    [
        ("aaaaaaaa", 8, False),
        ("aaaaaaaa", 7, True),
        ("aaaa\nbbbbbbbbb\n", 10, False),  # a line end that begins a block ends the line before it
        ("aaa\naaa\naaa\n", 4, False),
        ("aaaa\rbbbbbbbbb\r", 10, False),
        ("aaaa\nbbbbbbbbbbb\n", 10, True),
    ],
)
def test_a_line_over_several_blocks_has_its_length_in_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, longest: int, is_refused: bool
) -> None:
    monkeypatch.setattr(decode, "BLOCK_BYTES", 4)
    monkeypatch.setattr(byte_scan, "MAX_LINE", longest)
    if is_refused:
        with pytest.raises(FileRefusedError) as refusal:
            scanned(tmp_path, text)
        assert refusal.value.code == "line_too_long"
    else:
        assert scanned(tmp_path, text).is_plain


def test_a_line_of_16_mb_is_read_and_none_that_is_longer(tmp_path: Path) -> None:
    assert scanned(tmp_path, b"x" * 16_777_216).is_plain
    with pytest.raises(FileRefusedError, match=REFUSED):
        scanned(tmp_path, b"x" * 16_777_217)


def test_a_zero_byte_in_any_block_is_not_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "BLOCK_BYTES", 4)
    for text in ("a\x00,b\n1,2\n", "a,b\n1,\x002\n", "a,b\n1,2\n\x00"):
        assert not scanned(tmp_path, text).is_plain
