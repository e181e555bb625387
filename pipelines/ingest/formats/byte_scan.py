"""What the bytes of a delimited file tell before it is read: whether DuckDB reads it as it is meant."""

import re
from dataclasses import dataclass
from pathlib import Path

from pipelines.contracts import Reader
from pipelines.ingest.formats.careful_parser import Dialect
from pipelines.ingest.formats.chunks import may_have_blank_lines
from pipelines.ingest.formats.decode import chunks
from pipelines.ingest.formats.source import FileRefusedError

MAX_LINE = 16 * 1024 * 1024


@dataclass(frozen=True)
class Seen:
    """What one pass over the bytes tells.

    is_plain: whether DuckDB reads the file as it is meant: one kind of line end, no zero bytes, no option it lacks.
    has_odd_blanks: whether blanks other than the space may surround cells.
    is_dressed: whether cells may begin with what keeps a spreadsheet from reading them.
    may_be_blank: whether some line may be. pairs: how many CR LF there are.
    """

    is_plain: bool
    has_odd_blanks: bool
    is_dressed: bool
    may_be_blank: bool
    pairs: int


def look_through(path: Path, dialect: Dialect, reader: Reader) -> Seen:
    """Look through all bytes once. Raises FileRefusedError for a line that is longer than any table's."""
    is_plain = len(dialect.delimiter) == 1 and bool(dialect.quote) and reader.ragged == "refuse" and not reader.comment
    odd = [re.compile(mark.encode()) for mark in ("\u00a0", "\u3000", "\ufeff", "\x0b", "\x0c", '\r"', '\n"')]
    odd += [re.compile(b"\t")] if dialect.delimiter != "\t" else []
    dress = [b'="', *(edge + b"'" for edge in (dialect.delimiter.encode(), b"\n", b"\r", b'"'))]
    pairs = lines = backs = run = 0
    has_odd = is_dressed = may_be_blank = ended = False
    tail, before = b"", b"\n"
    for piece in chunks(path):
        is_plain = is_plain and b"\x00" not in piece
        has_odd = has_odd or any(mark.pattern[:1] in piece and mark.search(piece) for mark in odd)
        is_dressed = is_dressed or any(mark in piece for mark in dress)
        may_be_blank = may_be_blank or may_have_blank_lines(piece, before)
        run, ended, before = _longest_allowed(piece, run), piece.endswith(b"\n"), piece[-2:]
        piece = tail + piece if tail else piece
        tail = b"\r" if piece.endswith(b"\r") else b""  # its line feed may come with the next piece
        found = _line_ends(piece[:-1] if tail else piece)
        pairs, lines, backs = pairs + found[0], lines + found[1], backs + found[2]
    kinds = (pairs > 0) + (lines > 0) + (backs + len(tail) > 0)
    return Seen(is_plain and kinds <= 1, has_odd, is_dressed, may_be_blank, pairs + (pairs > 0 and not ended))


def _line_ends(piece: bytes) -> tuple[int, int, int]:
    """How many CR LF, LF (one stands for many where there is no CR at all) and CR."""
    if b"\r" not in piece:
        return 0, int(b"\n" in piece), 0
    pairs = piece.count(b"\r\n")
    return pairs, piece.count(b"\n") - pairs, piece.count(b"\r") - pairs


def _longest_allowed(piece: bytes, run: int) -> int:
    """Bytes since the last line end, refusing a file whose lines are longer than any table's."""
    last = max(piece.rfind(b"\n"), piece.rfind(b"\r"))
    run = run + len(piece) if last < 0 else len(piece) - last
    if run > MAX_LINE:
        raise FileRefusedError("line_too_long", f"a line is longer than {MAX_LINE >> 20} MB: this is no table")
    return run
