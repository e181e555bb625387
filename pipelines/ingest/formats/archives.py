"""Packed files (gz, zst, zip) are unpacked into the scratch folder, with limits: a bomb costs its limit and no more.

Names inside an archive are labels to choose by and never paths to write to, so `../` in one can do nothing.
"""

import fnmatch
import gzip
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

import zstandard

from pipelines.contracts import Reader
from pipelines.ingest.formats.source import FileRefusedError

LARGEST = 20 * 1024**3
RATIO = 1000  # text of repeated rows packs a hundredfold; no export packs a thousandfold
SMALLEST_BOMB = 64 * 1024**2
PIECE = 1024 * 1024
LITTER = ("Thumbs.db", "desktop.ini")
OFFICE = ("[Content_Types].xml", "mimetype")


def unpack(path: Path, reader: Reader, place: Path) -> Path:
    """The file itself, or what is packed in it. Raises FileRefusedError for bombs, broken and ambiguous archives."""
    with path.open("rb") as stream:
        head = stream.read(4)
    if head.startswith(b"\x1f\x8b"):
        return _unpacked(path, lambda: cast(IO[bytes], gzip.open(path, "rb")), place / _inner_name(path))
    if head == b"\x28\xb5\x2f\xfd":
        _refuse_cut_off(path)
        return _unpacked(path, lambda: cast(IO[bytes], zstandard.open(path, "rb")), place / _inner_name(path))
    if head == b"PK\x03\x04" and not _is_workbook(path):
        return _from_zip(path, reader, place)
    return path


def _refuse_cut_off(path: Path) -> None:
    """Walk the blocks of a zst file: its decoder ends without a word where the file does."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        while (start := stream.tell()) < size:
            head = stream.read(18)
            if head[1:4] == b"\x2a\x4d\x18":  # a frame to be skipped, with its length
                stream.seek(start + 8 + int.from_bytes(head[4:8], "little"))
                continue
            try:
                frame = zstandard.get_frame_parameters(head)
                stream.seek(start + zstandard.frame_header_size(head))
            except zstandard.ZstdError as error:
                raise FileRefusedError("broken_file", "the zst archive is cut off or damaged: send it again") from error
            is_last = False
            while not is_last and stream.tell() < size:
                block = int.from_bytes(stream.read(3), "little")
                is_last = bool(block & 1)
                stream.seek(1 if block >> 1 & 3 == 1 else block >> 3, 1)
            stream.seek(4 if frame.has_checksum else 0, 1)
            if not is_last or stream.tell() > size:
                raise FileRefusedError("broken_file", "the zst archive is cut off: send it again")


def _inner_name(path: Path) -> str:
    """`a.csv.gz` holds `a.csv`."""
    return "unpacked-" + (path.name.rsplit(".", 1)[0] if path.suffix.lower() in (".gz", ".zst", ".gzip") else path.name)


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name in OFFICE for name in archive.namelist())
    except zipfile.BadZipFile as error:
        raise FileRefusedError("broken_file", "the zip archive is cut off or damaged: send it again") from error


def _from_zip(path: Path, reader: Reader, place: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        members = [item for item in archive.infolist() if not item.is_dir() and not _is_litter(item.filename)]
        wanted = [item for item in members if not reader.member or fnmatch.fnmatch(item.filename, reader.member)]
        if len(wanted) != 1:
            names = ", ".join(repr(item.filename) for item in members[:10])
            raise FileRefusedError("ambiguous_archive", f"one file expected, found {names}: say `member` in the reader")
        if wanted[0].flag_bits & 1:
            raise FileRefusedError("password", "the archive is protected by a password: send it without")
        target = place / f"unpacked-{Path(wanted[0].filename).name or 'member'}"
        return _unpacked(path, lambda: archive.open(wanted[0]), target)


def _is_litter(name: str) -> bool:
    """What desktops leave in archives: `__MACOSX/._deals.csv`, `.DS_Store`, `Thumbs.db`."""
    return name.startswith("__MACOSX") or Path(name).name.startswith(".") or Path(name).name in LITTER


def _unpacked(path: Path, opened: Callable[[], IO[bytes]], target: Path) -> Path:
    allowed = min(LARGEST, max(SMALLEST_BOMB, RATIO * path.stat().st_size))
    try:
        with opened() as stream, target.open("wb") as out:
            _copy(stream, out, allowed)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError, zipfile.BadZipFile, NotImplementedError) as error:
        raise FileRefusedError("broken_file", f"the archive is cut off or damaged: {error}") from error
    return target


def _copy(stream: IO[bytes], out: IO[bytes], allowed: int) -> None:
    written = 0
    while piece := stream.read(PIECE):
        written += len(piece)
        if written > allowed:
            raise FileRefusedError("too_large", f"unpacks to more than {allowed >> 20} MB: this is no export")
        out.write(piece)
