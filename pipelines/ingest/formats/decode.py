"""Bytes to text: which encoding a file is in, decided on all of its content, and strict decoding in a stream.

Never `errors="replace"`: a wrong guess must fail, not turn names into question marks.
"""

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import zstandard

from pipelines.home import durable
from pipelines.ingest.formats.cjk_encoding import DOUBLE_BYTE, SAMPLE_BYTES, cjk_encoding
from pipelines.ingest.formats.single_byte_encoding import single_byte_encoding
from pipelines.ingest.formats.source import FileRefusedError

BLOCK_BYTES = 4 * 1024 * 1024
HEAD_BYTES = 256 * 1024
LONGEST_LINE = 32 * 1024 * 1024
_NON_ASCII = re.compile(b"[\x80-\xff]")
# Lead bytes of signs, kana and the 3,755 characters of everyday use; nearly all text in Chinese is made of them.
EVERYDAY, MIN_EVERYDAY_SHARE = {*range(0xA1, 0xA6), *range(0xB0, 0xD8)}, 0.6
BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True)
class Bytes:
    """A file's identity: its content hash and length."""

    sha256: str
    size: int


def read_blocks(path: Path) -> Iterator[bytes]:
    """The file in blocks of a few megabytes."""
    with path.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            yield block


def head_text(path: Path) -> str:
    """The first lines of a file in UTF-8, by which its dialect is found. Raises FileRefusedError for an empty one."""
    with path.open("rb") as stream:
        data = stream.read(HEAD_BYTES)
        is_whole_file = len(data) < HEAD_BYTES
    if not data.strip():
        raise FileRefusedError("empty_file", "the file is empty: export it again")
    if not is_whole_file:
        data = data[: max(data.rfind(b"\n"), data.rfind(b"\r")) + 1] or data
    return data.decode("utf-8", errors="replace")  # only for the dialect; records are decoded strictly


def content_hash(path: Path) -> str:
    """sha256 of the bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def keep_compressed(path: Path, target: Path, sha256: str) -> None:
    """Keep the bytes under their content hash; a file that is already there is the same file.

    Raises FileRefusedError where the bytes are no longer those that were hashed: the file is still being written.
    """
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    aside, digest = target.with_suffix(".tmp"), hashlib.sha256()
    try:
        with aside.open("wb") as out, zstandard.ZstdCompressor(level=1).stream_writer(out) as writer:
            for block in read_blocks(path):
                digest.update(block)
                writer.write(block)
    except OSError:
        aside.unlink(missing_ok=True)  # on a full disk it would take the room that is missing
        raise
    if digest.hexdigest() != sha256:
        aside.unlink()
        raise FileRefusedError("changing", "the file changed while it was read: the next run reads it again")
    durable.flush(aside)
    aside.replace(target)  # no line in SHA256SUMS: its name is its hash


def find_encodings(path: Path) -> list[str]:
    """Candidate encodings of a text file, likeliest first: by byte-order mark, UTF-8, East Asian, then Latin.

    The first that decodes all of the file is its encoding. Several only where deciding would mean decoding.
    """
    with path.open("rb") as stream:
        head = stream.read(65536)
    for mark, name in BOMS.items():
        if head.startswith(mark):
            return [name]
    if utf16 := _utf16_without_bom(head):
        return [utf16]
    if is_utf8(path):
        return ["utf-8"]
    if _mostly_utf8(head):
        return [*(["gb18030"] if _has_gb2312_pairs(path) else []), "utf-8"]
    has_gb2312_pairs = _has_gb2312_pairs(path)
    sample = _first_non_ascii(path)
    if cjk := cjk_encoding(sample, has_gb2312_pairs=has_gb2312_pairs):
        return [cjk, *(["gb18030"] if has_gb2312_pairs else []), "cp1252"]
    try:
        latin = [single_byte_encoding(sample)]
    except FileRefusedError:
        if not has_gb2312_pairs:
            raise
        latin = []  # Chinese bytes stand side by side as those of other scripts do: what they are is no question
    return [*(["gb18030"] if has_gb2312_pairs else []), *latin]


def _first_non_ascii(path: Path) -> bytes:
    """A few hundred kilobytes from the first line on that has a byte above 127."""
    for block in read_blocks(path):
        if match := _NON_ASCII.search(block):
            start = block.rfind(b"\n", 0, match.start()) + 1
            return block[start : start + SAMPLE_BYTES]
    return b""


def _utf16_without_bom(head: bytes) -> str | None:
    """UTF-16 without a byte-order mark: every second byte of Latin text is zero."""
    even_zeros, odd_zeros = head[0:4096:2].count(0), head[1:4096:2].count(0)
    half = max(len(head[:4096]) // 2, 1)
    if odd_zeros > 0.4 * half and even_zeros < 0.05 * half:
        return "utf-16-le"
    return "utf-16-be" if even_zeros > 0.4 * half and odd_zeros < 0.05 * half else None


def is_utf8(path: Path) -> bool:
    """Whether all of the file is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        for block in read_blocks(path):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _has_gb2312_pairs(path: Path) -> bool:
    """Whether double bytes are in the range of GB2312 and most are characters of everyday use.

    Accented Latin letters form other pairs; those of Hebrew or Cyrillic words are rare characters.
    """
    with path.open("rb") as stream:
        data = stream.read(BLOCK_BYTES)
    pairs = [match[0] for match in islice(DOUBLE_BYTE.finditer(data), 4000)]
    common = sum(lead >= 0xA1 and trail >= 0xA1 for lead, trail in pairs)
    everyday = sum(lead in EVERYDAY and trail >= 0xA1 for lead, trail in pairs)
    return not pairs or (common >= 0.8 * len(pairs) and everyday >= MIN_EVERYDAY_SHARE * common)


def _mostly_utf8(head: bytes) -> str | None:
    """Whether the text is UTF-8 with a few broken bytes, whose rows are then refused one by one."""
    text = head.decode("utf-8", errors="ignore")
    foreign = len(text) - len(text.encode("ascii", errors="ignore"))
    lost = len(head) - len(text.encode())
    return "utf-8" if foreign >= lost and foreign > 0 and lost <= max(8, 0.1 * foreign) else None


def to_utf8(path: Path, encoding: str, target: Path) -> Path:
    """A UTF-8 copy of the file, decoded strictly in a stream. UTF-8 files are used as they are."""
    if encoding == "utf-8":
        return path
    try:
        decoder = codecs.getincrementaldecoder(encoding)("strict")
    except LookupError as error:
        raise FileRefusedError("bad_encoding", f"encoding {encoding!r} is not known to Python") from error
    done = 0
    with target.open("wb") as out:
        try:
            for block in read_blocks(path):
                out.write(decoder.decode(block).encode("utf-8"))
                done += len(block)
            out.write(decoder.decode(b"", final=True).encode("utf-8"))
        except (UnicodeDecodeError, UnicodeEncodeError) as error:
            at = done + getattr(error, "start", 0)
            raise FileRefusedError(
                "bad_encoding",
                f"byte {at} is not {encoding}: set the true `encoding` in the contract's reader, or export again",
            ) from error
    return target
