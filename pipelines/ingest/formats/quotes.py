"""Which quotes of a delimited text open and close cells: the careful parser's rules for many bytes at a time.

A quote opens a cell only where a cell begins. The next one that is neither doubled nor escaped closes it only where a
cell ends; otherwise the first was an ordinary character, and the next is examined afresh. Any other quote is an
ordinary character. So a quote that can only open always opens, one that can only close (or do neither) leaves no cell
open, and only those that can do both depend on the state before them. No decision is revised: one pass is exact.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipelines.ingest.formats.careful_parser import Dialect

Flags = NDArray[np.bool_]
Offsets = NDArray[np.int64]
_NO, _YES, _PERHAPS = 0, 1, 2


@dataclass(frozen=True)
class QuoteScan:
    """What the quotes of some lines do.

    starts: offsets of those that can open or close a cell. is_quoted: whether the bytes between each of them and the
    one before it are in a quoted cell. is_open: whether a cell is open after the last, if a later quote closes it.
    """

    starts: Offsets
    is_quoted: Flags
    is_open: bool


@dataclass(frozen=True)
class Quotes:
    """The quotes of one dialect."""

    dialect: Dialect

    @property
    def is_supported(self) -> bool:
        """Whether quote and escape are single bytes or absent; no others are supported."""
        return len(self._quote) <= 1 and len(self._escape) <= 1

    def scan(self, data: bytes, is_open: bool) -> QuoteScan:
        """Scan complete lines. is_open: whether a cell was open before them."""
        if not self._quote or self._quote not in data:
            return QuoteScan(np.empty(0, np.int64), np.empty(0, np.bool_), is_open)
        starts, ends = self._runs(data)
        opens, closes = self._opens(data, starts), self._closes(data, ends)
        after = _open_after(opens, closes, is_open)
        before = np.concatenate(([is_open], after[:-1]))[: len(starts)]
        return QuoteScan(starts, before & closes, bool(after[-1]) if len(after) else is_open)

    @cached_property
    def _quote(self) -> bytes:
        return self.dialect.quote.encode()

    @cached_property
    def _escape(self) -> bytes:
        return b"" if self.dialect.escaping == self.dialect.quote else self.dialect.escape.encode()

    @cached_property
    def _delimiter(self) -> bytes:
        return self.dialect.delimiter.encode()

    @cached_property
    def _blanks(self) -> bytes:
        return b" " if self.dialect.delimiter == "\t" else b" \t"

    def _runs(self, data: bytes) -> tuple[Offsets, Offsets]:
        """Starts and ends of runs of an odd number of quotes: an even number changes nothing."""
        letters = np.frombuffer(data, np.uint8)
        positions = np.flatnonzero(letters == self._quote[0])
        firsts = np.flatnonzero(np.diff(positions, prepend=-2) > 1)
        starts, counts = positions[firsts], np.diff(firsts, append=len(positions))
        ends = starts + counts
        if self._escape:  # an escaped quote does not count
            for number in np.flatnonzero(letters[starts - 1] == self._escape[0]):
                counts[number] -= self._is_escaped(data, int(starts[number]))
        is_odd = counts % 2 == 1
        return starts[is_odd], ends[is_odd]

    def _is_escaped(self, data: bytes, quote: int) -> bool:
        start = quote
        while start and data[start - 1] == self._escape[0]:
            start -= 1
        return (quote - start) % 2 == 1

    def _opens(self, data: bytes, starts: Offsets) -> Flags:
        """Whether a cell begins with each of them, if none is open."""
        answers = self._table(self._delimiter[-1])[np.frombuffer(data, np.uint8)[starts - 1]]
        answers[starts == 0] = _YES
        for number in np.flatnonzero(answers == _PERHAPS):
            answers[number] = self._begins_cell(data, int(starts[number]))
        found: Flags = answers == _YES
        return found

    def _closes(self, data: bytes, ends: Offsets) -> Flags:
        """Whether a cell ends after each of them, if one is open."""
        answers = self._table(self._delimiter[0])[np.frombuffer(data + b"\n", np.uint8)[ends]]
        for number in np.flatnonzero(answers == _PERHAPS):
            answers[number] = self._ends_cell(data, int(ends[number]))
        found: Flags = answers == _YES
        return found

    def _table(self, edge: int) -> NDArray[np.uint8]:
        """By neighbouring byte, whether a cell begins or ends there. edge: the delimiter's byte on that side."""
        table = np.full(256, _NO, np.uint8)
        table[[*b"\r\n"]] = _YES
        table[[*self._blanks]] = _PERHAPS
        table[edge] = _YES if len(self._delimiter) == 1 else _PERHAPS
        return table

    def _begins_cell(self, data: bytes, quote: int) -> bool:
        """Delimiters are read from the left, as a long one may overlap itself: from the line's start, or a quote."""
        line = data.rfind(b"\n", 0, quote) + 1
        line = max(line, data.rfind(b"\r", line, quote) + 1)
        at = max(line, data.rfind(self._quote, line, quote) + 1)
        begins = at == line
        while (delimiter := data.find(self._delimiter, at, quote)) >= 0:
            at, begins = delimiter + len(self._delimiter), True
        return begins and not data[at:quote].strip(self._blanks)

    def _ends_cell(self, data: bytes, position: int) -> bool:
        while position < len(data) and not data.startswith((self._delimiter, b"\n", b"\r"), position):
            if data[position] not in self._blanks:
                return False
            position += 1
        return True


def _open_after(opens: Flags, closes: Flags, is_open: bool) -> Flags:
    """Whether a cell is open after each quote: set by the last that cannot do both, toggled by each that can."""
    can_both = opens & closes
    if not can_both.any():
        return opens
    last = np.maximum.accumulate(np.where(can_both, -1, np.arange(len(opens))))
    turns = np.cumsum(can_both)
    before = np.where(last >= 0, opens[last], is_open)
    since: NDArray[np.int64] = turns - np.where(last >= 0, turns[last], 0)
    return np.asarray(before ^ (since % 2 == 1), np.bool_)
