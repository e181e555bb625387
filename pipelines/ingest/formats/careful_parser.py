"""A tolerant parser of delimited text: every record with its offset, its cells, and what is wrong with it.

DuckDB reads well-formed files far faster. This parser reads the head of a file, where the dialect is decided, and
malformed files, in which every refused record needs its reason.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Dialect:
    """How cells are separated and quoted. An empty quote: quotes are ordinary characters."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""

    @property
    def escaping(self) -> str:
        """The character that makes a quote part of a cell; the quote itself by default."""
        return self.escape or self.quote


@dataclass(frozen=True)
class Record:
    """One record: its start and end in characters, its cells, and the fault for which it is refused."""

    start: int
    end: int
    cells: list[str]
    fault: str = ""


@cache
def _cell_pattern(dialect: Dialect) -> re.Pattern[str]:
    mark = re.escape(dialect.delimiter)
    plain = rf"(?P<plain>(?:(?!{mark})[^\r\n])*)" if len(dialect.delimiter) > 1 else rf"(?P<plain>[^{mark}\r\n]*)"
    if not dialect.quote:
        return re.compile(plain)
    quote, escape = re.escape(dialect.quote), re.escape(dialect.escaping)
    inner = (
        rf"[^{quote}]|{quote}{quote}"
        if dialect.escaping == dialect.quote
        else rf"[^{quote}{escape}]|{escape}.|{quote}{quote}"
    )
    blanks = r"[ \t]*" if dialect.delimiter != "\t" else "[ ]*"
    return re.compile(
        rf"{blanks}{quote}(?P<quoted>(?:{inner})*+){quote}{blanks}(?={mark}|[\r\n]|\Z)|{plain}", re.DOTALL
    )


def parse(text: str, dialect: Dialect, start: int = 0) -> Iterator[Record]:
    """Every record of the text from `start` on; blank lines are records of one empty cell."""
    position, length = start, len(text)
    while position < length:
        record, position = _record(text, position, dialect)
        yield record


def _record(text: str, start: int, dialect: Dialect) -> tuple[Record, int]:
    end = _line_end(text, start)
    line = text[start:end]
    if not dialect.quote or dialect.quote not in line:
        return Record(start, end, line.split(dialect.delimiter)), _after_newline(text, end)
    return _quoted_record(text, start, dialect)


def _quoted_record(text: str, start: int, dialect: Dialect) -> tuple[Record, int]:
    pattern, cells, fault, position = _cell_pattern(dialect), [], "", start
    while True:
        match = pattern.match(text, position)
        assert match is not None  # the plain alternative matches the empty string
        cell = match[match.lastgroup or "plain"]
        if match.lastgroup != "quoted":
            if cell.lstrip(" \t").startswith(dialect.quote):
                fault = "stray_quote"
        else:
            cell = _unescaped(cell, dialect)
        cells.append(cell)
        position = match.end()
        if not text.startswith(dialect.delimiter, position):
            return Record(start, position, cells, fault), _after_newline(text, position)
        position += len(dialect.delimiter)


def _unescaped(cell: str, dialect: Dialect) -> str:
    if dialect.escaping != dialect.quote and dialect.escaping in cell:
        cell = re.sub(re.escape(dialect.escaping) + "(.)", r"\1", cell, flags=re.DOTALL)
    return cell.replace(dialect.quote * 2, dialect.quote)


_NEWLINE = re.compile(r"[\r\n]")


def _line_end(text: str, start: int) -> int:
    newline = _NEWLINE.search(text, start)
    return newline.start() if newline else len(text)


def _after_newline(text: str, end: int) -> int:
    return end + 2 if text.startswith("\r\n", end) else end + 1
