"""Packed files: what is unpacked and under which name, what an archive may grow to, and where one is cut off."""

import gzip
import io
import random
import zipfile
from pathlib import Path

import pytest
import zstandard

from pipelines.contracts import Reader
from pipelines.ingest.formats.archives import unpack
from pipelines.ingest.formats.source import FileRefusedError

pytestmark = pytest.mark.fast
MEGABYTE = 2**20
TEXT = b"a,b\n1,2\n"


def code_of(path: Path, reader: Reader | None = None) -> str:
    """The code of the refusal, or empty."""
    try:
        unpack(path, reader or Reader(), path.parent)
    except FileRefusedError as refusal:
        return refusal.code
    return ""


def zipped(path: Path, *names: str, text: bytes = TEXT) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, text)
    return path


@pytest.mark.parametrize(
    ("name", "unpacked"),
    [
        ("deals.csv.gz", "unpacked-deals.csv"),
        ("deals.2024.csv.GZ", "unpacked-deals.2024.csv"),
        ("deals.csv.gzip", "unpacked-deals.csv"),
        ("deals.csv", "unpacked-deals.csv"),  # packed, and named as if it were not
    ],
)
def test_a_packed_file_keeps_its_name(tmp_path: Path, name: str, unpacked: str) -> None:
    (tmp_path / "out").mkdir()
    for packed in (gzip.compress(TEXT), zstandard.compress(TEXT)):
        (tmp_path / name).write_bytes(packed)
        target = unpack(tmp_path / name, Reader(), tmp_path / "out")
        assert (target.name, target.read_bytes()) == (unpacked, TEXT)


def test_a_file_that_is_not_packed_is_read_where_it_stands(tmp_path: Path) -> None:
    plain = tmp_path / "a.csv.gz"
    plain.write_bytes(TEXT)
    assert unpack(plain, Reader(), tmp_path) == plain
    for member in ("[Content_Types].xml", "mimetype"):
        book = zipped(tmp_path / "a.zip", member, "a.csv")
        assert unpack(book, Reader(), tmp_path) == book


class Stream(io.RawIOBase):
    """So many zero bytes, given in large blocks."""

    def __init__(self, size: int) -> None:
        self.left, self.block = size, bytes(min(size, 64 * MEGABYTE))

    def read(self, size: int = -1) -> bytes:
        given = self.block[: min(self.left, len(self.block))]
        self.left -= len(given)
        return given


@pytest.mark.parametrize(
    ("packed", "most"),
    [
        (10, 64 * MEGABYTE),  # any file may unpack to as much
        (67_109, 67_109_000),  # a thousandfold, where that is more
        (21_474_837, 20_480 * MEGABYTE),  # 20 GB at most
    ],
)
def test_an_archive_unpacks_to_its_bound_and_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: int, most: int
) -> None:
    path = tmp_path / "a.csv.gz"
    with path.open("wb") as out:
        out.write(b"\x1f\x8b")
        out.truncate(packed)
    (tmp_path / "unpacked-a.csv").symlink_to("/dev/null")
    monkeypatch.setattr(gzip, "open", lambda *_: Stream(most))
    assert code_of(path) == ""
    monkeypatch.setattr(gzip, "open", lambda *_: Stream(most + 1))
    with pytest.raises(FileRefusedError, match=f"unpacks to more than {most // MEGABYTE} MB") as refusal:
        unpack(path, Reader(), tmp_path)
    assert refusal.value.code == "too_large"


@pytest.mark.parametrize("has_checksum", [True, False])
@pytest.mark.parametrize(
    "text", [TEXT, b"", bytes(400_000), random.Random(1).randbytes(300_000)], ids=["short", "empty", "runs", "blocks"]
)
def test_a_zst_file_is_whole_or_refused(tmp_path: Path, text: bytes, has_checksum: bool) -> None:
    packed = zstandard.ZstdCompressor(write_checksum=has_checksum).compress(text)
    path = tmp_path / "a.csv.zst"
    path.write_bytes(packed)
    assert unpack(path, Reader(), tmp_path).read_bytes() == text
    first_blocks = range(131_072, 131_092)  # where the first block of many ends
    for cut in {*range(4, 30), *first_blocks, *range(len(packed) - 8, len(packed))} & {*range(4, len(packed))}:
        path.write_bytes(packed[:cut])
        assert code_of(path) == "broken_file", cut


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(TEXT)[:-9])
    assert code_of(path) == "broken_file"
    path = zipped(tmp_path / "a.zip", "a.csv")
    path.write_bytes(path.read_bytes()[:-9])
    assert code_of(path) == "broken_file"


def test_the_only_file_of_a_zip_is_read_beside_folders_and_what_a_desktop_left(tmp_path: Path) -> None:
    rest = ("out/", "__MACOSX/._a.csv", "out/.DS_Store", "Thumbs.db", "out/desktop.ini")
    path = zipped(tmp_path / "a.zip", *rest, "out/报价.csv")
    target = unpack(path, Reader(), tmp_path)
    assert (target.parent, target.name, target.read_bytes()) == (tmp_path, "unpacked-报价.csv", TEXT)


def test_one_of_several_files_is_named_in_the_contract(tmp_path: Path) -> None:
    names = [f"{n:02}.csv" for n in range(1, 12)]
    path = zipped(tmp_path / "a.zip", *names)
    assert unpack(path, Reader(member="*03.csv"), tmp_path).name == "unpacked-03.csv"
    with pytest.raises(FileRefusedError, match=r"'01\.csv', .*'10\.csv': set `member`") as refusal:
        unpack(path, Reader(), tmp_path)
    assert refusal.value.code == "ambiguous_archive"
    assert code_of(path, Reader(member="0*.csv")) == code_of(path, Reader(member="x")) == "ambiguous_archive"
    assert code_of(zipped(tmp_path / "b.zip", ".DS_Store")) == "ambiguous_archive"


def test_an_archive_with_a_password_is_refused_as_such(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", "a.csv")
    packed = bytearray(path.read_bytes())
    packed[6] |= 1  # the flag stands in the member's own head and in the directory
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(packed)
    assert code_of(path) == "password"
