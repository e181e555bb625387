"""One pass over the bytes of a delimited file, which decides whether DuckDB can read it without changing a cell."""

import re
from dataclasses import dataclass
from pathlib import Path

from pipelines.contracts import Reader
from pipelines.ingest.formats.careful_parser import Dialect
from pipelines.ingest.formats.chunks import may_have_blank_lines
from pipelines.ingest.formats.decode import read_blocks
from pipelines.ingest.formats.source import FileRefusedError

MAX_LINE = 16 * 1024 * 1024


@dataclass(frozen=True)
class ByteScan:
    """What one pass over the bytes finds.

    is_plain: DuckDB reads the file unchanged: one kind of line end, no zero bytes, no option that it lacks.
    has_unicode_blanks: cells may be surrounded by blanks other than the space.
    has_excel_guards: cells may stand as `="0010"` or `'0010`, so that Excel does not convert them.
    may_have_blank_lines: a line may be blank. crlf_count: number of CR LF.
    """

    is_plain: bool
    has_unicode_blanks: bool
    has_excel_guards: bool
    may_have_blank_lines: bool
    crlf_count: int


def scan_bytes(path: Path, dialect: Dialect, reader: Reader) -> ByteScan:
    """Scan all bytes once. Raises FileRefusedError for a line longer than MAX_LINE."""
    is_plain = len(dialect.delimiter) == 1 and bool(dialect.quote) and reader.ragged == "refuse" and not reader.comment
    blank_patterns = [
        re.compile(mark.encode())
        for mark in ("\u00a0", "\u00ad", "\u180e", "\u3000", "\ufeff", "\x0b", "\x0c", '\r"', '\n"')
    ]
    # of no width, or marks of direction
    blank_patterns.append(re.compile(b"\xe2(?:\x80[\x8b-\x8f\xaa-\xae]|\x81[\xa0\xa6-\xa9])"))
    blank_patterns += [re.compile(b"\t")] if dialect.delimiter != "\t" else []
    guards = [b'="', *(edge + b"'" for edge in (dialect.delimiter.encode(), b"\n", b"\r", b'"'))]
    crlf_count = lf_count = cr_count = run = 0
    has_unicode_blanks = has_excel_guards = may_be_blank = ended = False
    tail, before = b"", b"\n"
    for block in read_blocks(path):
        is_plain = is_plain and b"\x00" not in block
        has_unicode_blanks = has_unicode_blanks or any(
            mark.pattern[:1] in block and mark.search(block) for mark in blank_patterns
        )
        has_excel_guards = has_excel_guards or any(mark in block for mark in guards)
        may_be_blank = may_be_blank or may_have_blank_lines(block, before)
        run, ended, before = _line_length(block, run), block.endswith(b"\n"), block[-2:]
        block = tail + block if tail else block
        tail = b"\r" if block.endswith(b"\r") else b""  # its line feed may come with the next block
        line_ends = _line_ends(block[:-1] if tail else block)
        crlf_count, lf_count, cr_count = crlf_count + line_ends[0], lf_count + line_ends[1], cr_count + line_ends[2]
    kinds = (crlf_count > 0) + (lf_count > 0) + (cr_count + len(tail) > 0)
    return ByteScan(
        is_plain and kinds <= 1,
        has_unicode_blanks,
        has_excel_guards,
        may_be_blank,
        crlf_count + (crlf_count > 0 and not ended),
    )


def _line_ends(block: bytes) -> tuple[int, int, int]:
    """Number of CR LF, of LF (at most 1 where there is no CR at all) and of CR."""
    if b"\r" not in block:
        return 0, int(b"\n" in block), 0
    pairs = block.count(b"\r\n")
    return pairs, block.count(b"\n") - pairs, block.count(b"\r") - pairs


def _line_length(block: bytes, run: int) -> int:
    """Bytes since the last line end. Raises FileRefusedError beyond MAX_LINE."""
    last = max(block.rfind(b"\n"), block.rfind(b"\r"))
    run = run + len(block) if last < 0 else len(block) - last
    if run > MAX_LINE:
        raise FileRefusedError("line_too_long", f"a line is longer than {MAX_LINE >> 20} MB: this is no table")
    return run
