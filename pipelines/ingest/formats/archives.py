"""Packed files (gz, zst, zip), unpacked into the scratch folder up to a limit, so that a zip bomb costs no more.

Names inside an archive only select a member; nothing is written to the path that they spell, such as `../`.
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

MAX_UNPACKED_BYTES = 20 * 1024**3
MAX_RATIO = 1000  # text of repeated rows packs a hundredfold; no export packs a thousandfold
ALWAYS_ALLOWED_BYTES = 64 * 1024**2
BLOCK_BYTES = 1024 * 1024
DESKTOP_FILES = ("Thumbs.db", "desktop.ini")
WORKBOOK_MEMBERS = ("[Content_Types].xml", "mimetype")


def unpack(path: Path, reader: Reader, folder: Path) -> Path:
    """The file itself, or what is packed in it. Raises FileRefusedError for bombs, broken and ambiguous archives."""
    with path.open("rb") as stream:
        head = stream.read(4)
    if head.startswith(b"\x1f\x8b"):
        return _unpacked(path, lambda: cast(IO[bytes], gzip.open(path, "rb")), folder / _inner_name(path))
    if head == b"\x28\xb5\x2f\xfd":
        _refuse_cut_off(path)
        return _unpacked(path, lambda: cast(IO[bytes], zstandard.open(path, "rb")), folder / _inner_name(path))
    if head == b"PK\x03\x04" and not _is_workbook(path):
        return _from_zip(path, reader, folder)
    return path


def _refuse_cut_off(path: Path) -> None:
    """Walk the blocks of a zst file: its decoder raises no error where the file is cut off."""
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
                start_of_block = stream.read(3)
                block = int.from_bytes(start_of_block, "little")
                is_last = len(start_of_block) == 3 and bool(block & 1)
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
            return any(name in WORKBOOK_MEMBERS for name in archive.namelist())
    except zipfile.BadZipFile as error:
        raise FileRefusedError("broken_file", "the zip archive is cut off or damaged: send it again") from error


def _from_zip(path: Path, reader: Reader, folder: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        members = [item for item in archive.infolist() if not item.is_dir() and not _is_desktop_file(item.filename)]
        wanted = [item for item in members if not reader.member or fnmatch.fnmatch(item.filename, reader.member)]
        if len(wanted) != 1:
            names = ", ".join(repr(item.filename) for item in members[:10])
            raise FileRefusedError(
                "ambiguous_archive", f"one file expected, the archive holds {names}: set `member` in the reader"
            )
        if wanted[0].flag_bits & 1:
            raise FileRefusedError("password", "the archive is protected by a password: send it without")
        target = folder / f"unpacked-{Path(wanted[0].filename).name or 'member'}"
        return _unpacked(path, lambda: archive.open(wanted[0]), target)


def _is_desktop_file(name: str) -> bool:
    """Whether a desktop left the file in the archive: `__MACOSX/._deals.csv`, `.DS_Store`, `Thumbs.db`."""
    return name.startswith("__MACOSX") or Path(name).name.startswith(".") or Path(name).name in DESKTOP_FILES


def _unpacked(path: Path, opened: Callable[[], IO[bytes]], target: Path) -> Path:
    allowed = min(MAX_UNPACKED_BYTES, max(ALWAYS_ALLOWED_BYTES, MAX_RATIO * path.stat().st_size))
    try:
        with opened() as stream, target.open("wb") as out:
            _copy(stream, out, allowed)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError, zipfile.BadZipFile, NotImplementedError) as error:
        raise FileRefusedError("broken_file", f"the archive is cut off or damaged: {error}") from error
    return target


def _copy(stream: IO[bytes], out: IO[bytes], allowed: int) -> None:
    written = 0
    while block := stream.read(BLOCK_BYTES):
        written += len(block)
        if written > allowed:
            raise FileRefusedError("too_large", f"unpacks to more than {allowed >> 20} MB: this is no export")
        out.write(block)
