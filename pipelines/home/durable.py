"""Writes that outlive a power cut: the file, then its name, then its folder; whoever relies on it comes after.

Each kept file is noted in the `SHA256SUMS` of its folder before it gets its name. A name may be written again, so it
may have several lines: a file that agrees with none of them is damaged.
"""

import hashlib
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SUMS = "SHA256SUMS"


def keep(temporary: Path, target: Path) -> None:
    """Give a finished file its name. The folder is not flushed: `settle` does it, once for many files."""
    flush(temporary)
    _note(temporary, target)
    temporary.replace(target)


def flush(path: Path) -> None:
    """Wait until the content of a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def settle(folders: Iterable[Path], root: Path) -> None:
    """Flush folders and all those between them and `root`, which may be new themselves; and what they note."""
    all_folders = {parent for folder in folders for parent in (folder, *folder.parents) if parent.is_relative_to(root)}
    sums = [folder / SUMS for folder in all_folders if (folder / SUMS).exists()]
    with ThreadPoolExecutor(8) as pool:  # the disk writes several at the cost of one
        list(pool.map(flush, sums))
        list(pool.map(flush, sorted(path for path in all_folders if path.exists())))


def noted(folder: Path) -> dict[str, set[str]]:
    """File name to the hashes under which it was ever kept in this folder; a line cut off by a crash is left out."""
    digests: dict[str, set[str]] = {}
    path = folder / SUMS
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        digest, separator, name = line.partition("  ")
        if separator and len(digest) == 64:
            digests.setdefault(name, set()).add(digest)
    return digests


def sha256_of(path: Path) -> str:
    """sha256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _note(temporary: Path, target: Path) -> None:
    line = f"{sha256_of(temporary)}  {target.name}\n".encode()
    descriptor = os.open(target.parent / SUMS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)
