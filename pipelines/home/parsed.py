"""Parsed dbt projects, kept for the next home: one with the same policy takes it whole, another parses what differs.

dbt names the database as seen from the folder it runs in, so what was parsed in one home holds in every other.
"""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

PARSED = ("partial_parse.msgpack", "manifest.json")  # the last one says that all are there
VARIABLE = "ALMANAC_CACHE"
KEPT = 4  # a project is 12 MB
A_DAY = 86_400.0  # seconds
NO_CACHE = (OSError, RuntimeError)  # a user without a home has none


def restore(target: Path, fingerprint: str) -> bool:
    """Fill dbt's target folder with what was parsed from the same files; False where nobody has parsed them yet.

    Then a folder in which nothing was parsed gets the newest project that was: dbt parses only what differs from it.
    """
    with contextlib.suppress(*NO_CACHE):
        _refuse_others()
        if _is_whole(kept := _entry(fingerprint)):
            _copy(kept, target, PARSED)
            os.utime(kept)
            return True
        if not (target / PARSED[0]).is_file():
            for newest in list(_entries())[:1]:
                _copy(newest, target, PARSED[:1])
    return False


def keep(target: Path, fingerprint: str) -> None:
    """Keep what dbt has parsed in this folder. A cache that cannot be written is none: nobody is told."""
    with contextlib.suppress(*NO_CACHE):
        entry = _entry(fingerprint)
        entry.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _refuse_others()
        if _is_whole(entry) or not _is_whole(target):
            return
        shutil.rmtree(entry, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=entry.parent, prefix=".") as half:
            _copy(target, whole := Path(half) / "whole", PARSED)
            whole.replace(entry)
        for old in [*list(_entries())[KEPT:], *_left_behind()]:
            shutil.rmtree(old, ignore_errors=True)


def _is_whole(folder: Path) -> bool:
    """Whether a killed run or a lost power supply has left all of it."""
    with contextlib.suppress(OSError):
        manifest = (folder / PARSED[1]).read_bytes()
        return manifest[:1] + manifest[-1:] == b"{}" and (folder / PARSED[0]).stat().st_size > 0
    return False


def _refuse_others() -> None:
    """What is taken from here decides which SQL runs: nobody else may write into it. Raises PermissionError."""
    facts = _folder().stat()
    if hasattr(os, "getuid") and (facts.st_uid != os.getuid() or facts.st_mode & 0o022):
        raise PermissionError(f"{_folder()}: others may write here")


def _left_behind() -> list[Path]:
    """Half copies of runs that were killed."""
    return [path for path in _folder().glob(".*") if path.is_dir() and time.time() - path.stat().st_mtime > A_DAY]


def _copy(source: Path, target: Path, names: tuple[str, ...]) -> None:
    """Copy files whole or not at all: a killed run leaves no half manifest."""
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        half = target / f".{name}"
        shutil.copyfile(source / name, half)
        half.replace(target / name)


def _entries() -> Iterator[Path]:
    """The kept projects, the one used last first."""
    entries = [path for path in _folder().glob("*") if path.is_dir() and not path.name.startswith(".")]
    yield from sorted(entries, key=lambda path: path.stat().st_mtime, reverse=True)


def _entry(fingerprint: str) -> Path:
    return _folder() / fingerprint


def _folder() -> Path:
    """Below the user's cache, by the versions of dbt: another one parses anew."""
    cache = os.environ.get(VARIABLE) or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "almanac"
    return Path(cache) / f"dbt-{version('dbt-core')}-{version('dbt-duckdb')}"
