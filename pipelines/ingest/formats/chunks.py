"""Splits a large text file between two records into chunks that are read one after the other.

A newline may be inside a quoted cell, and the middle of a file does not show it: text pasted into a cell may look like
records. So quotes are tracked from the beginning of the file, in one pass. A newline outside quoted cells ends a
record, sound or faulty.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.ingest.formats.careful_parser import Dialect
from pipelines.ingest.formats.quotes import Quotes, QuoteScan

CHUNK_BYTES = 96 * 1024 * 1024  # with its typed rows about half of the scratch database's memory
SCANNED_BYTES = 256 * 1024  # scanned at a time: with the offsets of its quotes it fits into the processor's cache
LONGEST_LINE = 32 * 1024 * 1024  # no reader takes a longer one
BLOCK_BYTES = 4 * 1024 * 1024  # copied at a time
_NEWLINE = re.compile(b"\r\n|\n|\r")
_BLANK = re.compile(rb"(?:\A|(?<=\n)|(?<=\r)(?!\n))(?:\r\n|\n|\r)")


def chunk_offsets(path: Path, dialect: Dialect) -> list[int]:
    """Byte offsets at which chunks begin, and the end of the file; only 0 and the end where one chunk suffices."""
    size = path.stat().st_size
    count = -(-size // CHUNK_BYTES)
    cut_search, quotes = CutSearch([size * number // count for number in range(1, count)]), Quotes(dialect)
    is_open = False
    for offset, lines in _blocks(path) if quotes.is_supported and count > 1 else ():
        scan = quotes.scan(lines, is_open)
        cut_search.advance(offset, lines, scan)
        is_open = scan.is_open
        if cut_search.is_done:
            break
    return sorted({0, *cut_search.cuts, *cut_search.tentative, size})


@dataclass
class CutSearch:
    """The search for the first record end after each target offset. cuts: record ends of the first targets.

    tentative: those of the next targets, after a quote that may still open a cell; valid if no later quote closes it.
    """

    targets: list[int]
    cuts: list[int] = field(default_factory=list)
    tentative: list[int] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """Whether every target has its record end."""
        return len(self.cuts) == len(self.targets)

    def advance(self, offset: int, lines: bytes, scan: QuoteScan) -> None:
        """Search the next lines of the file, which begin at `offset`."""
        if len(scan.starts):
            self.cuts += [] if scan.is_quoted[0] else self.tentative
            self.tentative = []
        while (count := len(self.cuts) + len(self.tentative)) < len(self.targets):
            target = max(self.targets[count], *self.cuts[-1:], *self.tentative[-1:], 0)
            if target >= offset + len(lines):
                return
            if target > self.targets[count]:  # one chunk is so long that it includes the next
                (self.tentative or self.cuts).append(target)
                continue
            end, is_sure = _record_end(lines, max(target - offset, 0), scan)
            if end is None:
                return
            (self.cuts if is_sure else self.tentative).append(offset + end)


def _record_end(lines: bytes, start: int, scan: QuoteScan) -> tuple[int | None, bool]:
    """The first offset after `start` at which a record begins, and whether surely no cell is open there."""
    count = len(scan.starts)
    while newline := _NEWLINE.search(lines, start):
        next_quote = int(scan.starts.searchsorted(newline.start()))  # the first quote after it
        if next_quote == count or not scan.is_quoted[next_quote]:
            return newline.end(), next_quote < count or not scan.is_open
        start = int(scan.starts[next_quote])
    return None, False


def _blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Complete lines, many at a time, and the offset of the first; stops at a line longer than LONGEST_LINE."""
    start, size = 0, SCANNED_BYTES
    with path.open("rb") as stream:
        while (data := stream.read(size)) and size <= 2 * LONGEST_LINE:
            end = max(data.rfind(b"\n"), data.rfind(b"\r", 0, -1)) + 1
            is_last = len(data) < size
            if end or is_last:
                yield start, data if is_last else data[:end]
            start, size = (
                (start + (len(data) if is_last else end), SCANNED_BYTES) if end or is_last else (start, 2 * size)
            )
            stream.seek(start)


def blank_lines(path: Path, dialect: Dialect) -> int:
    """Number of empty lines outside quoted cells. The file begins with a line and is well-formed."""
    quotes, count, is_open = Quotes(dialect), 0, False
    for _, lines in _blocks(path):
        scan = quotes.scan(lines, is_open)
        for blank in _BLANK.finditer(lines):
            next_quote = int(scan.starts.searchsorted(blank.start()))
            is_last = next_quote == len(scan.starts)
            count += not (scan.is_open if is_last else scan.is_quoted[next_quote])
        is_open = scan.is_open
    return count


def may_have_blank_lines(block: bytes, before: bytes) -> bool:
    """Whether a line of the next bytes may be blank, quoted or not. before: the two bytes before them."""
    edge = before + block[:2]
    return any(mark in text for text in (edge, block) for mark in (b"\n\n", b"\n\r", b"\r\r"))


def copy_chunk(path: Path, start: int, end: int, target: Path) -> Path:
    """The bytes from start to end in a file of their own."""
    with path.open("rb") as stream, target.open("wb") as out:
        stream.seek(start)
        left = end - start
        while left:
            block = stream.read(min(left, BLOCK_BYTES))
            out.write(block)
            left -= len(block)
    return target
