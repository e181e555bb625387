"""Bytes to text: marks and zeros of Unicode, broken bytes, East Asian pairs by their share, strict decoding."""

import codecs
import hashlib
from pathlib import Path

import pytest
import zstandard

from pipelines.ingest.formats import decode
from pipelines.ingest.formats.cjk_encoding import cjk_encoding
from pipelines.ingest.formats.decode import (
    _first_non_ascii,
    _has_gb2312_pairs,
    _mostly_utf8,
    content_hash,
    find_encodings,
    head_text,
    is_utf8,
    keep_compressed,
    to_utf8,
)
from pipelines.ingest.formats.source import FileRefusedError

pytestmark = pytest.mark.fast
KILOBYTE = 1024


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.csv"


def test_the_head_of_a_large_file_ends_with_a_line(path: Path) -> None:
    line = b"1,2\n" * (64 * KILOBYTE)
    for content, expected in (
        (line[:-1], line[:-1]),  # a byte less than is read: the whole file
        (line[:-1] + b"3", line[:-4]),
        (line + b"3,4\n", line),
        (line.replace(b"\n", b"\r")[:-1] + b"3", line.replace(b"\n", b"\r")[:-4]),
        (b"x" * 300 * KILOBYTE, b"x" * 256 * KILOBYTE),
    ):
        path.write_bytes(content)
        assert head_text(path).encode() == expected


@pytest.mark.parametrize("content", [b"", b" \r\n\n"])
def test_an_empty_file_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(FileRefusedError) as refusal:
        head_text(path)
    assert refusal.value.code == "empty_file"


def test_a_kept_file_is_the_one_that_was_hashed(path: Path, tmp_path: Path) -> None:
    path.write_bytes(b"abc")
    digest = content_hash(path)
    assert digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    kept = tmp_path / "store" / "a.zst"
    with pytest.raises(FileRefusedError) as refusal:
        keep_compressed(path, kept, hashlib.sha256(b"abd").hexdigest())
    assert refusal.value.code == "changing" and list(kept.parent.iterdir()) == []
    keep_compressed(path, kept, digest)
    assert [item.name for item in kept.parent.iterdir()] == ["a.zst"]
    assert zstandard.ZstdDecompressor().stream_reader(kept.read_bytes()).read() == b"abc"
    keep_compressed(tmp_path / "gone", kept, digest)  # what is kept is not read again


def test_a_disk_that_fails_leaves_nothing_beside_what_is_kept(path: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        keep_compressed(path, tmp_path / "a.zst", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
    ],
)
def test_a_byte_order_mark_names_the_encoding(path: Path, mark: bytes, encoding: str) -> None:
    path.write_bytes(mark + "ä".encode(encoding)[len(mark) if encoding != "utf-8-sig" else 3 :])
    assert find_encodings(path) == [encoding]


@pytest.mark.parametrize(
    ("zeros", "others", "is_utf16"), [(41, 0, True), (40, 0, False), (41, 4, True), (41, 5, False), (100, 0, True)]
)
def test_utf16_without_a_mark_has_zeros_in_every_second_byte(
    path: Path, zeros: int, others: int, is_utf16: bool
) -> None:
    letters = [b"\x00" if n < others else b"a" for n in range(100)]
    between = [b"\x00" if n >= 100 - zeros else b"b" for n in range(100)]
    path.write_bytes(b"".join(a + b for a, b in zip(letters, between, strict=True)))
    assert find_encodings(path) == ["utf-16-le" if is_utf16 else "utf-8"]
    path.write_bytes(b"".join(b + a for a, b in zip(letters, between, strict=True)))
    assert find_encodings(path) == ["utf-16-be" if is_utf16 else "utf-8"]


def test_letters_of_utf8_may_lie_over_two_blocks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "BLOCK_BYTES", 2)
    for content, expected in (("aäö€x".encode(), True), ("aäö€".encode()[:-1], False), (b"a\xe9b", False)):
        path.write_bytes(content)
        assert is_utf8(path) is expected


@pytest.mark.parametrize(
    ("letters", "broken", "is_utf8_text"),
    [(10, 8, True), (10, 9, False), (100, 10, True), (100, 11, False), (3, 3, True), (3, 4, False), (0, 0, False)],
)
def test_a_few_broken_bytes_leave_a_text_in_utf8(letters: int, broken: int, is_utf8_text: bool) -> None:
    head = "à;".encode() * letters + b"\xff;" * broken
    assert _mostly_utf8(head) == ("utf-8" if is_utf8_text else None)


EVERYDAY, RARE, LATIN = b"\xb0\xa1", b"\xe0\xa1", b"\xb0a"


@pytest.mark.parametrize(
    ("content", "is_chinese"),
    [
        (EVERYDAY * 8 + LATIN * 2, True),
        (EVERYDAY * 7 + LATIN * 3, False),
        (EVERYDAY * 6 + RARE * 4, True),
        (EVERYDAY * 5 + RARE * 5, False),
        (EVERYDAY * 4 + RARE * 4 + LATIN * 2, False),  # a frequent byte before a letter is no character
        (b"abc", True),
        *((bytes([lead, 0xA1]), True) for lead in (0xA1, 0xA5, 0xB0, 0xD7)),
        *((bytes([lead, 0xA1]), False) for lead in (0xA0, 0xA6, 0xAF, 0xD8, 0xFE)),
        *((bytes([0xB0, trail]), trail == 0xA1) for trail in (0xA0, 0xA1)),
    ],
)
def test_chinese_is_nearly_all_pairs_of_everyday_characters(path: Path, content: bytes, is_chinese: bool) -> None:
    path.write_bytes(content)
    assert _has_gb2312_pairs(path) is is_chinese


def test_a_sample_begins_with_the_first_line_that_is_not_ascii(path: Path) -> None:
    for content, sample in (
        (b"a\nb\xe9\nc", b"b\xe9\nc"),
        (b"\xe9\nc", b"\xe9\nc"),
        (b"abc\n", b""),
        (b"\xe9" * 300 * KILOBYTE, b"\xe9" * 256 * KILOBYTE),
    ):
        path.write_bytes(content)
        assert _first_non_ascii(path) == sample


@pytest.mark.parametrize(
    ("content", "encodings"),
    [
        ("订单编号,客户名称,北京市朝阳区".encode("gb18030"), ["gb18030"]),
        ("こんにちは世界".encode("cp932"), ["cp932", "cp1252"]),
        (b"\xa4\xa2" * 4 + EVERYDAY, ["euc_jp", "gb18030", "cp1252"]),
        ("Müller;Café".encode("cp1252"), ["cp1252"]),
        ("à;".encode() + b"\xff;", ["utf-8"]),
        ("\u00e9;".encode() * 9 + b"\xff;", ["gb18030", "utf-8"]),
    ],
)
def test_candidates_stand_likeliest_first(path: Path, content: bytes, encodings: list[str]) -> None:
    path.write_bytes(content)
    assert find_encodings(path) == encodings


def test_text_is_decoded_strictly_and_the_first_bad_byte_named(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode, "BLOCK_BYTES", 4)
    target = tmp_path / "decoded.csv"
    path.write_bytes("价格,数量\n".encode("gb18030"))
    assert to_utf8(path, "utf-8", target) == path
    assert to_utf8(path, "gb18030", target) == target and target.read_text(encoding="utf-8") == "价格,数量\n"
    path.write_bytes(b"abcdefgh\xe9j\x81")
    with pytest.raises(FileRefusedError, match="byte 10 is not cp1252"):
        to_utf8(path, "cp1252", target)
    path.write_bytes(b"abc\xe4")
    with pytest.raises(FileRefusedError, match="is not gb18030"):
        to_utf8(path, "gb18030", target)
    with pytest.raises(FileRefusedError, match="'klingon' is not known"):
        to_utf8(path, "klingon", target)


NO_KANA, KOREAN = "の".encode("cp932"), bytes(range(0xA1, 0xFF))
SYLLABLES = [bytes([lead, trail]) for lead in (0xB0, 0xB1) for trail in KOREAN]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (NO_KANA * 8 + b"\xe0\x9f" * 2, "cp932"),
        (NO_KANA * 7 + b"\xe0\x9f" * 3, None),
        ((NO_KANA * 2 + b"a") * 5, "cp932"),  # half of them beside each other
        ((NO_KANA * 2 + b"a") * 4 + (NO_KANA + b"a") * 2, None),
        *((bytes([lead, 0x9F]) * 4, "cp932") for lead in (0x82, 0x83, 0x88, 0x97)),
        *((bytes([lead, 0x9F]) * 4, None) for lead in (0x81, 0x98)),
        (NO_KANA * 4 + b"\x82", "cp932"),  # the last one is cut in two
        (NO_KANA * 4 + b"\x82\xff\xff", None),
        (b"\xa4\x40" * 8 + b"\xc9\x40" * 2, "cp950"),
        (b"\xa4\x40" * 7 + b"\xc9\x40" * 3, None),
        *((bytes([lead, 0x40]) * 4, "cp950") for lead in (0xA4, 0xC6)),
        (b"\xa3\x44" * 4, None),
        (b"abc", None),
        (NO_KANA * 128 * KILOBYTE + b"\x82 \x82 ", "cp932"),  # what follows is not looked at
        (NO_KANA * (128 * KILOBYTE - 1) + b"\x82 \x82 ", None),
    ],
)
def test_most_wide_characters_are_common_ones_side_by_side(content: bytes, encoding: str | None) -> None:
    assert cjk_encoding(content, has_gb2312_pairs=False) == encoding


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"\xa4\xa2" + b"\xb0\xa2" * 9, "euc_jp"),  # a tenth are kana
        (b"\xa4\xa2" + b"\xb0\xa2" * 10, None),
        (b"\xa5\xa2" * 2 + b"\xad\xa1" + b"\xf9\xa1", None),  # no EUC-JP
        (b"".join(SYLLABLES[:30]), "euc_kr"),
        (b"".join(SYLLABLES[:29]), None),  # few, and none that words are full of
        (b"".join(SYLLABLES[:99]) + b"\xca\xa1", "euc_kr"),  # one Chinese character among a hundred
        (b"".join(SYLLABLES[:98]) + b"\xca\xa1\xca\xa2", None),
        ("갇갈갉갊갑값갓갔이다".encode("euc_kr"), None),  # two of ten are frequent
        ("이다는".encode("euc_kr") + b"\xca\xa1", None),
        (b"abc", None),
    ],
)
def test_japanese_has_kana_and_korean_has_nothing_but_its_syllables(content: bytes, encoding: str | None) -> None:
    assert cjk_encoding(content, has_gb2312_pairs=True) == encoding


def test_a_few_frequent_syllables_are_asked_about(path: Path) -> None:
    for text in ("갇갈갉갊갑값갓이다는", "김철수"):
        with pytest.raises(FileRefusedError, match=f"'{text}' as euc_kr, '[^']{{{len(text)}}}' as gb18030") as refusal:
            cjk_encoding(b"1," + text.encode("euc_kr"), has_gb2312_pairs=True)
        assert refusal.value.code == "undecided_encoding"
    with pytest.raises(FileRefusedError, match="'이다이다이다이다이다이다' as euc_kr"):  # twelve letters of it
        cjk_encoding("이다".encode("euc_kr") * 9, has_gb2312_pairs=True)
