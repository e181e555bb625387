"""Where a large text file is cut: between two records, into pieces that are read one after the other.

A newline may stand inside a cell, so a place is taken for the end of a record only where all that follows it splits
into as many cells as there are headers. Readers are strict: a wrong cut makes the file refused, never misread.
"""

import re
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from pipelines.ingest.records import Dialect, parse

PIECE_BYTES = 96 * 1024 * 1024  # with its typed rows about half of the scratch database's memory
WINDOW = 1024 * 1024
PLACES = 500  # newlines that are tried: more than the lines of any one cell
EVIDENCE = 50  # records that must split well behind a cut
_NEWLINE = re.compile("\r\n|\n|\r")


def cuts(path: Path, dialect: Dialect, width: int) -> list[int]:
    """Byte offsets at which pieces begin, and the end of the file; just the two ends where one piece will do."""
    size = path.stat().st_size
    count = -(-size // PIECE_BYTES)
    places = [0]
    with path.open("rb") as stream:
        for number in range(1, count):
            place = _record_end(stream, size * number // count, dialect, width)
            if place and place > places[-1]:
                places.append(place)
    return [*places, size]


def _record_end(stream: BinaryIO, start: int, dialect: Dialect, width: int) -> int | None:
    """The first offset behind `start` at which a record begins; none where the next lines do not tell."""
    stream.seek(start)
    data = stream.read(WINDOW)
    text = data.decode("latin-1")  # a letter per byte, so that places are offsets
    told = Dialect(*(mark.encode().decode("latin-1") for mark in (dialect.delimiter, dialect.quote, dialect.escape)))
    for newline in islice(_NEWLINE.finditer(text), PLACES):
        if place := _between_good_records(text, newline.end(), told, width):
            return start + place
    return None


def _between_good_records(text: str, place: int, dialect: Dialect, width: int) -> int | None:
    """Where the middle one of the next records begins, if all of them have their cells.

    The last record of the window may be cut off, and says nothing.
    """
    records = [record for record in islice(parse(text, dialect, place), EVIDENCE) if record.end < len(text)]
    is_good = all(len(record.cells) == width and not record.fault for record in records)
    return records[len(records) // 2].start if records and is_good else None


def copy_piece(path: Path, start: int, end: int, target: Path) -> Path:
    """The bytes from start to end in a file of their own."""
    with path.open("rb") as stream, target.open("wb") as out:
        stream.seek(start)
        left = end - start
        while left:
            piece = stream.read(min(left, 4 * WINDOW))
            out.write(piece)
            left -= len(piece)
    return target
