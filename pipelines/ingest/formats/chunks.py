"""Where a large text file is cut: between two records, into pieces that are read one after the other.

A newline may stand inside a quoted cell, and no look at the middle of a file tells whether it does: text pasted into a
cell may look like records. So the quotes are followed from the beginning of the file, in one pass, and a newline that
no quoted cell holds is the end of a record, whatever that record is worth.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.ingest.formats.careful_parser import Dialect
from pipelines.ingest.formats.quotes import Followed, Quotes

PIECE_BYTES = 96 * 1024 * 1024  # with its typed rows about half of the scratch database's memory
BLOCK = 256 * 1024  # what is followed at a time: with its quotes' places it stays in a processor's cache
LONGEST_LINE = 32 * 1024 * 1024  # no reader takes a longer one
COPIED = 4 * 1024 * 1024
_NEWLINE = re.compile(b"\r\n|\n|\r")
_BLANK = re.compile(rb"(?:\A|(?<=\n)|(?<=\r)(?!\n))(?:\r\n|\n|\r)")


def cuts(path: Path, dialect: Dialect) -> list[int]:
    """Byte offsets at which pieces begin, and the end of the file; just the two ends where one piece will do."""
    size = path.stat().st_size
    count = -(-size // PIECE_BYTES)
    search, quotes = Search([size * number // count for number in range(1, count)]), Quotes(dialect)
    is_open = False
    for offset, lines in _blocks(path) if quotes.are_followed and count > 1 else ():
        followed = quotes.follow(lines, is_open)
        search.go_on(offset, lines, followed)
        is_open = followed.is_open
        if search.is_done:
            break
    return sorted({0, *search.found, *search.unsure, size})


@dataclass
class Search:
    """The search for the first record end behind each target. found: those of the first targets.

    unsure: those of the next, behind a quote that may still turn out to open a cell; where none closes it, they hold.
    """

    targets: list[int]
    found: list[int] = field(default_factory=list)
    unsure: list[int] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """Whether every target has its record end."""
        return len(self.found) == len(self.targets)

    def go_on(self, offset: int, lines: bytes, followed: Followed) -> None:
        """Look through the next lines of the file, which begin at `offset`."""
        if len(followed.starts):
            self.found += [] if followed.is_quoted[0] else self.unsure
            self.unsure = []
        while (done := len(self.found) + len(self.unsure)) < len(self.targets):
            target = max(self.targets[done], *self.found[-1:], *self.unsure[-1:], 0)
            if target >= offset + len(lines):
                return
            if target > self.targets[done]:  # one piece is so long that it takes in the next
                (self.unsure or self.found).append(target)
                continue
            place, is_sure = _record_end(lines, max(target - offset, 0), followed)
            if place is None:
                return
            (self.found if is_sure else self.unsure).append(offset + place)


def _record_end(lines: bytes, start: int, followed: Followed) -> tuple[int | None, bool]:
    """The first place behind `start` at which a record begins, and whether no cell can be open there."""
    count = len(followed.starts)
    while newline := _NEWLINE.search(lines, start):
        behind = int(followed.starts.searchsorted(newline.start()))  # the first quote behind it
        if behind == count or not followed.is_quoted[behind]:
            return newline.end(), behind < count or not followed.is_open
        start = int(followed.starts[behind])
    return None, False


def _blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Whole lines, many at a time, and the offset of the first; nothing from a line on that no reader takes."""
    start, size = 0, BLOCK
    with path.open("rb") as stream:
        while (data := stream.read(size)) and size <= 2 * LONGEST_LINE:
            end = max(data.rfind(b"\n"), data.rfind(b"\r", 0, -1)) + 1
            is_last = len(data) < size
            if end or is_last:
                yield start, data if is_last else data[:end]
            start, size = (start + (len(data) if is_last else end), BLOCK) if end or is_last else (start, 2 * size)
            stream.seek(start)


def blank_lines(path: Path, dialect: Dialect) -> int:
    """How many lines without a letter no quoted cell holds. The file begins a line, and is well-formed."""
    quotes, count, is_open = Quotes(dialect), 0, False
    for _, lines in _blocks(path):
        followed = quotes.follow(lines, is_open)
        for blank in _BLANK.finditer(lines):
            behind = int(followed.starts.searchsorted(blank.start()))
            is_last = behind == len(followed.starts)
            count += not (followed.is_open if is_last else followed.is_quoted[behind])
        is_open = followed.is_open
    return count


def may_have_blank_lines(piece: bytes, before: bytes) -> bool:
    """Whether some line of the next bytes may be blank, quoted or not; before: the two bytes in front of them."""
    edge = before + piece[:2]
    return any(mark in text for text in (edge, piece) for mark in (b"\n\n", b"\n\r", b"\r\r"))


def copy_piece(path: Path, start: int, end: int, target: Path) -> Path:
    """The bytes from start to end in a file of their own."""
    with path.open("rb") as stream, target.open("wb") as out:
        stream.seek(start)
        left = end - start
        while left:
            piece = stream.read(min(left, COPIED))
            out.write(piece)
            left -= len(piece)
    return target
