"""Which quotes of a delimited text open and close cells: the careful parser's rules for many bytes at a time.

A quote opens a cell only where a cell begins, and the next one that is neither doubled nor escaped closes it only where
a cell ends: otherwise the first was a letter, and the next is looked at anew. Any other quote is a letter. So a quote
that can only open opens whatever was before it, one that can only close or do nothing leaves no cell open, and only
those that can do both depend on what was before: no quote is ever taken back, and one pass is sure.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipelines.ingest.formats.careful_parser import Dialect

Flags = NDArray[np.bool_]
Places = NDArray[np.int64]
_NO, _YES, _PERHAPS = 0, 1, 2


@dataclass(frozen=True)
class Followed:
    """What the quotes of some lines do.

    starts: where those stand that can open or close a cell. is_quoted: whether the bytes between each of them and the
    one before it lie in a quoted cell. is_open: whether a cell is open behind the last, if anything closes it.
    """

    starts: Places
    is_quoted: Flags
    is_open: bool


@dataclass(frozen=True)
class Quotes:
    """The quotes of one dialect."""

    dialect: Dialect

    @property
    def are_followed(self) -> bool:
        """Whether quote and escape are single bytes, or there are none: all that is followed here."""
        return len(self._quote) <= 1 and len(self._escape) <= 1

    def follow(self, data: bytes, is_open: bool) -> Followed:
        """Follow whole lines. is_open: whether a cell was open in front of them."""
        if not self._quote or self._quote not in data:
            return Followed(np.empty(0, np.int64), np.empty(0, np.bool_), is_open)
        starts, ends = self._runs(data)
        opens, closes = self._opens(data, starts), self._closes(data, ends)
        behind = _open_behind(opens, closes, is_open)
        before = np.concatenate(([is_open], behind[:-1]))[: len(starts)]
        return Followed(starts, before & closes, bool(behind[-1]) if len(behind) else is_open)

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

    def _runs(self, data: bytes) -> tuple[Places, Places]:
        """Where quotes begin and end that stand in an odd number side by side: an even number changes nothing."""
        letters = np.frombuffer(data, np.uint8)
        places = np.flatnonzero(letters == self._quote[0])
        firsts = np.flatnonzero(np.diff(places, prepend=-2) > 1)
        starts, counts = places[firsts], np.diff(firsts, append=len(places))
        ends = starts + counts
        if self._escape:  # one that is escaped counts for nothing
            for number in np.flatnonzero(letters[starts - 1] == self._escape[0]):
                counts[number] -= self._is_escaped(data, int(starts[number]))
        is_odd = counts % 2 == 1
        return starts[is_odd], ends[is_odd]

    def _is_escaped(self, data: bytes, place: int) -> bool:
        bare = place
        while bare and data[bare - 1] == self._escape[0]:
            bare -= 1
        return (place - bare) % 2 == 1

    def _opens(self, data: bytes, starts: Places) -> Flags:
        """Whether a cell begins with each of them, if none is open."""
        said = self._table(self._delimiter[-1])[np.frombuffer(data, np.uint8)[starts - 1]]
        said[starts == 0] = _YES
        for number in np.flatnonzero(said == _PERHAPS):
            said[number] = self._begins_cell(data, int(starts[number]))
        return said == _YES

    def _closes(self, data: bytes, ends: Places) -> Flags:
        """Whether a cell ends behind each of them, if one is open."""
        said = self._table(self._delimiter[0])[np.frombuffer(data + b"\n", np.uint8)[ends]]
        for number in np.flatnonzero(said == _PERHAPS):
            said[number] = self._ends_cell(data, int(ends[number]))
        return said == _YES

    def _table(self, edge: int) -> NDArray[np.uint8]:
        """By neighbouring byte, whether a cell begins or ends there. edge: the delimiter's byte on that side."""
        table = np.full(256, _NO, np.uint8)
        table[[*b"\r\n"]] = _YES
        table[[*self._blanks]] = _PERHAPS
        table[edge] = _YES if len(self._delimiter) == 1 else _PERHAPS
        return table

    def _begins_cell(self, data: bytes, place: int) -> bool:
        """Delimiters are read from the left, since a long one may overlap itself: from the line's begin, or a quote."""
        line = data.rfind(b"\n", 0, place) + 1
        line = max(line, data.rfind(b"\r", line, place) + 1)
        at = max(line, data.rfind(self._quote, line, place) + 1)
        begins = at == line
        while (found := data.find(self._delimiter, at, place)) >= 0:
            at, begins = found + len(self._delimiter), True
        return begins and not data[at:place].strip(self._blanks)

    def _ends_cell(self, data: bytes, place: int) -> bool:
        while place < len(data) and not data.startswith((self._delimiter, b"\n", b"\r"), place):
            if data[place] not in self._blanks:
                return False
            place += 1
        return True


def _open_behind(opens: Flags, closes: Flags, is_open: bool) -> Flags:
    """Whether a cell is open behind each quote: as the last one said that cannot do both, turned by each that can."""
    can_both = opens & closes
    if not can_both.any():
        return opens
    last = np.maximum.accumulate(np.where(can_both, -1, np.arange(len(opens))))
    turns = np.cumsum(can_both)
    said = np.where(last >= 0, opens[last], is_open)
    since: NDArray[np.int64] = turns - np.where(last >= 0, turns[last], 0)
    return np.asarray(said ^ (since % 2 == 1), np.bool_)
