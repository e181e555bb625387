"""One file from which a home can be made again: state, landing, configuration, and a list of hashes over them.

It can be written while a run goes on. Every file has its name only once it is whole, and what tells of another is
copied before it: the log of runs, the rest of state, then landing. What a run adds meanwhile counts as that of a run
that was killed.
"""

import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO

import zstandard

from pipelines.errors import AlmanacError
from pipelines.home import durable, memory
from pipelines.home.access import PRIVATE
from pipelines.home.settings import SHIPPED_SOURCES, Settings

LIST = "backup.json"
FIRST = ("runs", "files")  # of state: what tells that a run was served, and which files are in landing
MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Backup:
    """What a backup holds. bytes: before compression. damaged: files that do not agree with their noted hash."""

    files: int
    bytes: int
    damaged: tuple[str, ...] = ()


def write(settings: Settings, out: Path, made_at: datetime, version: str) -> Backup:
    """Write the home into one file, private to its owner. A damaged file is copied as it is, and named.

    Raises AlmanacError where there is nothing to keep, the file exists, or a file went away while it was copied.
    """
    if out.exists():
        raise AlmanacError(f"{out}: exists: name a new file, no backup is written over another")
    if not settings.state.is_dir():
        raise AlmanacError(f"{settings.home}: has no state to keep: `almanac run` makes the first")
    aside = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    digests: dict[str, str] = {}
    size = 0
    try:
        with _archive(aside) as archive:
            for name, path in _members(settings):
                digests[name], count = _add(archive, name, path)
                size += count
            about = {"version": version, "made_at": str(made_at), "files": digests}
            _add_bytes(archive, LIST, json.dumps(about, indent=1).encode())
        durable.flush(aside)
        aside.replace(out)
    finally:
        aside.unlink(missing_ok=True)
    return Backup(len(digests), size, tuple(_damaged(settings, digests)))


def restore(backup: Path, home: Path) -> Backup:
    """Make the files of a home again, in a folder that does not exist yet; the working file is for `rebuild` to make.

    Nothing gets its name before every hash agrees. Raises AlmanacError for a backup that was cut off, changed, or would
    write outside the folder.
    """
    if home.exists() and any(home.iterdir()):
        raise AlmanacError(f"{home}: not empty: name a new folder, nothing was restored")
    aside = home.with_name(f".{home.name}.{os.getpid()}.restoring")
    try:
        restored = _unpack(backup, aside)
        _relocate(aside)
        home.parent.mkdir(parents=True, exist_ok=True)
        if home.exists():
            home.rmdir()
        aside.replace(home)
        durable.flush(home.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return restored


def _members(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Name in the backup and file, in the order in which they are safe to copy."""
    yield from ((memory.MARKER, path) for path in [settings.home / memory.MARKER] if path.is_file())
    logs = sorted(path.name for path in settings.state.iterdir() if path.is_dir())
    for log in sorted(logs, key=lambda log: (FIRST.index(log) if log in FIRST else len(FIRST), log)):
        yield from _files(settings.state / log, f"state/{log}")
    yield from ((f"state/{path.name}", path) for path in sorted(settings.state.iterdir()) if path.is_file())
    yield from _files(settings.landing, "landing")
    yield from ((path.name, path) for path in settings.scenarios if path.parent == settings.home)
    if settings.config:
        yield from _files(settings.config, "config")
    in_config = settings.config is not None and settings.sources.is_relative_to(settings.config)
    if settings.sources != SHIPPED_SOURCES and not in_config:
        yield from _files(settings.sources, "sources")


def _files(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    """The files of a folder, those that list the others' hashes last; nothing that is still being written.

    What a link of the folder leads to is a file of it: a policy is often put together of links.
    """
    listed = [Path(root) / name for root, _, names in os.walk(folder, followlinks=True) for name in names]
    kept = [path for path in listed if path.is_file() and not path.name.startswith(".")]
    kept = [path for path in kept if ".git" not in path.relative_to(folder).parts]
    for path in sorted(kept, key=lambda path: (path.name == durable.SUMS, path)):
        yield f"{name}/{path.relative_to(folder).as_posix()}", path


@contextmanager
def _archive(path: Path) -> Iterator[tarfile.TarFile]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with (
        os.fdopen(descriptor, "wb") as stream,
        zstandard.ZstdCompressor(level=3).stream_writer(stream) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        yield archive


class _Hashed(io.RawIOBase):
    """A file that is hashed while it is read."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self.stream, self.digest = stream, hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        part = self.stream.read(size)
        self.digest.update(part)
        return part


def _add(archive: tarfile.TarFile, name: str, path: Path) -> tuple[str, int]:
    """Add a file as long as it is now; returns its sha256 and bytes."""
    try:
        with path.open("rb") as stream:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = os.fstat(stream.fileno()).st_size, 0o600
            hashed = _Hashed(stream)
            archive.addfile(entry, hashed)
    except FileNotFoundError as error:
        raise AlmanacError(f"{path}: went away while it was copied: no backup was written, try again") from error
    return hashed.digest.hexdigest(), entry.size


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o600
    archive.addfile(entry, io.BytesIO(content))


def _damaged(settings: Settings, digests: dict[str, str]) -> Iterator[str]:
    """Files of state and landing whose hash is noted and is another."""
    known: dict[str, dict[str, set[str]]] = {}
    for name, digest in digests.items():
        folder = name.rpartition("/")[0]
        if folder.startswith(("state", "landing")):
            noted = known.setdefault(folder, durable.noted(settings.home / folder)).get(Path(name).name)
            if noted and digest not in noted:
                yield name


def _unpack(backup: Path, folder: Path) -> Backup:
    digests: dict[str, str] = {}
    about, size = None, 0
    try:
        for entry, content in _entries(backup):
            if entry.name == LIST:
                about = json.loads(content.read())
                continue
            digests[entry.name] = _write(folder / entry.name, content)
            size += entry.size
    except (tarfile.TarError, zstandard.ZstdError, EOFError, ValueError) as error:
        raise AlmanacError(f"{backup}: damaged or cut off ({error}): nothing was restored") from error
    if about is None or about["files"] != digests:
        raise AlmanacError(f"{backup}: cut off, or changed since it was written: nothing was restored")
    return Backup(len(digests), size)


def _entries(backup: Path) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    """Every entry with its content; raises AlmanacError for what is no plain file inside the folder."""
    with (
        backup.open("rb") as stream,
        zstandard.ZstdDecompressor().stream_reader(stream) as packed,
        tarfile.open(fileobj=packed, mode="r|") as archive,
    ):
        for entry in archive:
            content = archive.extractfile(entry) if entry.isreg() else None
            if content is None or not _is_inside(entry.name):
                raise AlmanacError(f"{backup}: {entry.name!r} is no file of a home: nothing was restored")
            yield entry, content


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _write(target: Path, content: IO[bytes]) -> str:
    before = os.umask(PRIVATE)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with target.open("wb") as stream:
            while part := content.read(MEBIBYTE):
                digest.update(part)
                stream.write(part)
        durable.flush(target)
        return digest.hexdigest()
    finally:
        os.umask(before)


def _relocate(folder: Path) -> None:
    """Let the home remember the configuration and contracts that came with it."""
    config = folder / "config"
    memory.remember(folder, memory.Used(is_known=True, config=config if config.is_dir() else None))
