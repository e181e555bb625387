"""Review workbooks that have come back: known in the inbox by a hidden sheet, whatever they are called."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

from pipelines.home.settings import Settings

MARKER_SHEET = "_almanac_reviews"


def is_answer_file(path: Path) -> bool:
    """Whether the file is a review workbook; a file that cannot be opened is none."""
    if path.suffix.lower() != ".xlsx" or path.name.startswith((".", "~$")):
        return False
    try:
        with zipfile.ZipFile(path) as parts:
            return f'name="{MARKER_SHEET}"'.encode() in parts.read("xl/workbook.xml")
    except (OSError, KeyError, zipfile.BadZipFile, RuntimeError):
        return False


def answer_files(settings: Settings) -> Iterator[Path]:
    """The review workbooks of the inbox, by name."""
    if settings.inbox.is_dir():
        yield from (path for path in sorted(settings.inbox.rglob("*.xlsx")) if is_answer_file(path))
