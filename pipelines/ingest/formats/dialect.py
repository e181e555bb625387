"""Which delimiter, and which row is the header, decided from the first records of a file.

A delimiter scores by how many of the first records have the same number of cells, more than one. So a comma inside
prose loses to the semicolon that splits every line.
"""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice, pairwise

from pipelines.contracts import Reader
from pipelines.ingest.formats.careful_parser import Dialect, Record, parse
from pipelines.ingest.formats.two_row_header import two_row_header

DELIMITERS = (",", ";", "\t", "|", "~", "^", ":", " ")
UNLIKELY = {":": 0.4, " ": 0.5}  # weights of delimiters that also occur in times and in prose
MIN_SPLIT_SHARE = 0.9  # of records with as many cells as the first: titles and totals differ
HEAD_RECORDS = 100  # of the head of a file: more do not change which delimiter wins, and each is parsed per candidate
_IN_VALUES = re.compile(r"(?<=\d):(?=\d\d)|:(?=//)")  # colons of times and addresses separate no cells
_DIGITS = re.compile(r"\d+")
_PERIOD = re.compile(r"(?:19|20)\d\d(?:[-/.](?:0?[1-9]|1[0-2])(?:[-/.](?:0?1)(?:[ T]00:00:00)?)?)?")
_VALUE = re.compile(r"^[-+(]?[\d.,%\s/:￥$€£()-]+[)%]?$")


def find_dialect(head: str, reader: Reader) -> Dialect:
    """The dialect under which the head of the file is most regular; what the reader declares is taken as given."""
    lines = head.count("\n") or head.count("\r")
    without_values = _IN_VALUES.sub("", head)
    marks = [mark for mark in DELIMITERS if without_values.count(mark) >= max(1, lines / 4)]
    marks = marks or [mark for mark in DELIMITERS if mark in head] or [","]
    if reader.delimiter != "auto":
        marks = [_delimiter(reader.delimiter)]
    candidates = [
        Dialect(mark, quote, escape)
        for mark in marks
        for quote in _quotes(head, mark, reader)
        for escape in _escapes(head, quote, reader)
    ]
    best = _most_regular(head, candidates)
    if reader.delimiter == "auto" and best.delimiter in UNLIKELY and not _splits_all(head, best):
        likely = [dialect for dialect in candidates if dialect.delimiter not in UNLIKELY]
        best = _most_regular(head, likely or [Dialect(",", best.quote, best.escape)])
    spaced = best.delimiter + " "
    if reader.delimiter == "auto" and best.delimiter in ",;|" and head.count(spaced) == head.count(best.delimiter) > 0:
        return Dialect(spaced, best.quote, best.escape)
    return best


def _quotes(head: str, mark: str, reader: Reader) -> list[str]:
    """The double quote, or the single one where more cells begin and end with it: apostrophes are within words."""
    if reader.quote != "auto":
        return [reader.quote]
    single, double = (min(head.count(f"{mark}{quote}"), head.count(f"{quote}{mark}")) for quote in ("'", '"'))
    return ["'"] if single >= 2 and single > double else ['"']


def _escapes(head: str, quote: str, reader: Reader) -> list[str]:
    """A doubled quote, or the backslash or double quote where one stands before a quote."""
    if reader.escape != "auto":
        return [reader.escape]
    others = ["\\"] if quote == '"' else ["\\", '"']
    return ["", *(mark for mark in others if quote and f"{mark}{quote}" in head)]


def _delimiter(declared: str) -> str:
    return {"\\t": "\t", "tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}.get(declared, declared)


def _regularity(head: str, dialect: Dialect) -> float:
    """Share of records with the commonest width above one, weighted by that width; faults count against it."""
    records = [record for record in islice(parse(head, dialect), HEAD_RECORDS) if record.cells != [""]]
    widths = Counter(len(record.cells) for record in records)
    wide = {width: count for width, count in widths.items() if width > 1}
    if not wide:
        return 0.0
    width, count = max(wide.items(), key=lambda item: (item[1], item[0]))
    faults = sum(bool(record.fault) for record in records)
    return (count - faults) / len(records) * (1 + min(width, 20) / 20) * UNLIKELY.get(dialect.delimiter, 1)


def _most_regular(head: str, candidates: Sequence[Dialect]) -> Dialect:
    return max(candidates, key=lambda dialect: _regularity(head, dialect)) if len(candidates) > 1 else candidates[0]


def _splits_all(head: str, dialect: Dialect) -> bool:
    """Whether the first record and nearly all others have the same number of cells, unlike one column of names."""
    widths = [len(record.cells) for record in islice(parse(head, dialect), HEAD_RECORDS) if record.cells != [""]]
    return bool(widths) and widths.count(widths[0]) >= MIN_SPLIT_SHARE * len(widths)


def find_header(rows: Sequence[Sequence[str]]) -> int | None:
    """Index of the header among the first rows: the first row as wide as the table whose cells are words.

    None where no row qualifies.
    """
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    if not filled:
        return None
    usual = Counter(len(row) for row in rows if len(row) > 1).most_common(1)
    width = usual[0][0] if usual else 1
    for index, row in enumerate(rows):
        words = [cell.strip() for cell in row if cell.strip()]
        is_wide = len(row) >= width and filled[index] >= max(1, 0.6 * width)
        if is_wide and (not any(map(_VALUE.match, words)) or _names_periods(words, rows[index + 1 :])):
            return index
    return None


def _names_periods(words: list[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a row has words, and months or years in ascending order that no row below repeats."""
    periods = [word for word in words if _VALUE.match(word)]
    if len(periods) < 2 or len(periods) == len(words) or not all(map(_PERIOD.fullmatch, periods)):
        return False
    ordered = [[int(part) for part in _DIGITS.findall(period)] for period in periods]
    is_ascending = all(first < second for first, second in pairwise(ordered))
    return is_ascending and not any(cell.strip() in periods for row in below for cell in row if "-" in cell)


def header_names(rows: Sequence[Sequence[str]], index: int, reader: Reader) -> tuple[int, int, list[str]]:
    """Indices of the first and last row of the header at `index`, and its column names."""
    if reader.header_row == "auto" and not reader.headers and (joined := two_row_header(rows, index)):
        return joined[0] - 1, *joined
    return index, index, list(reader.headers) or list(rows[index])


def header_index(records: Sequence[Record] | Sequence[Sequence[str]], reader: Reader) -> int | None:
    """The header's index among the first rows: declared (1-based in the contract), detected, or none."""
    if reader.header_row == "none":
        return None
    if isinstance(reader.header_row, int):
        return reader.header_row - 1
    rows = [row.cells if isinstance(row, Record) else row for row in records]
    guess = find_header(rows)
    if guess is not None:
        return guess
    first = next((index for index, row in enumerate(rows) if any(cell.strip() for cell in row)), 0)
    return None if _is_data(rows[first:]) else first


def _is_data(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row is data: it has a date, an amount or a time in the format of the rows below it.

    Whole numbers alone decide nothing: years and months occur in headers too.
    """
    if len(rows) < 2:
        return False
    for position, cell in enumerate(rows[0]):
        pattern = _pattern(cell)
        if _VALUE.match(cell.strip()) and pattern != "9":
            below = [_pattern(row[position]) for row in rows[1:] if position < len(row)]
            if below.count(pattern) > len(below) / 2:
                return True
    return False


def _pattern(cell: str) -> str:
    return _DIGITS.sub("9", cell.strip())


def title_texts(rows: Sequence[Sequence[str]]) -> list[str]:
    """The text above the header, one per row that is not empty."""
    texts = (" ".join(cell.strip() for cell in row if cell.strip()) for row in rows)
    return [text for text in texts if text]
