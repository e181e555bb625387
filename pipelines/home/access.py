"""Who may read a home: everything is its owner's alone, but for `published/`, which `published_for` opens."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.home.company import PublishedFor
from pipelines.home.settings import Settings

PRIVATE = 0o077  # what a new file or folder does not grant
# Bits for those who may read what is published; a folder can be passed through without being listed.
_READERS: dict[PublishedFor, int] = {"owner": 0, "group": 0o040, "everyone": 0o044}


@contextmanager
def private_files(settings: Settings) -> Iterator[None]:
    """Whatever is made inside is its owner's alone, by this process and by those it starts; so is what is old."""
    before = os.umask(PRIVATE)
    try:
        _close(settings)
        yield
    finally:
        open_published(settings)
        os.umask(before)


def published_mode(settings: Settings) -> int:
    """The mode of a published file: read-only, for those whom `published_for` names."""
    return 0o400 | _READERS[settings.company.published_for]


def open_published(settings: Settings) -> None:
    """Let those read `published/` whom `published_for` names, and no others."""
    if not settings.published.is_dir():
        return
    readers = _READERS[settings.company.published_for]
    _set(settings.home, 0o700 | _passing(readers))
    for path in (settings.published, *settings.published.rglob("*")):
        if not path.is_symlink():
            _set(path, 0o700 | readers | _passing(readers) if path.is_dir() else published_mode(settings))


def _close(settings: Settings) -> None:
    """Close the folders that hold what nobody else may read: their content is then closed too."""
    for folder in (settings.landing, settings.state, settings.warehouse, settings.dagster_home):
        folder.mkdir(parents=True, exist_ok=True)
        _set(folder, 0o700)


def _passing(readers: int) -> int:
    return readers >> 2


def _set(path: Path, mode: int) -> None:
    """Change the mode of what is ours; what belongs to somebody else is theirs to open or close."""
    try:
        if path.stat().st_mode & 0o777 != mode:
            path.chmod(mode)
    except (PermissionError, FileNotFoundError):
        return
