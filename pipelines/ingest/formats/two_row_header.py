"""Headers of two rows: years over quarters, months over plan and actual. An upper label spans several lower ones.

Rows are joined only if lower labels repeat under different upper ones. Anything else, such as a title above a header,
stays as it is.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

Row = Sequence[str]
_VALUE = re.compile(r"^[-+(]?[\d.,%\s/:￥$€£()-]+[)%]?$")


def two_row_header(rows: Sequence[Row], index: int | None) -> tuple[int, list[str]] | None:
    """Index of the lower row and the joined labels, where the header at `index` is one of two rows; otherwise None."""
    if index is None:
        return None
    for upper in (index, index - 1):
        if 0 <= upper < len(rows) - 1 and (joined := _joined(rows[upper], rows[upper + 1], rows[upper + 2 :])):
            return upper + 1, joined
    return None


def _joined(upper: Row, lower: Row, below: Sequence[Row]) -> list[str] | None:
    """Upper and lower labels as one, `2024 Q1`; None where the rows are not two halves of a header."""
    width = max(len(upper), len(lower))
    above, under = ([cell.strip() for cell in [*row, *[""] * (width - len(row))]] for row in (upper, lower))
    spans = _spans(above, under)
    if len(spans) < 2 or not below or not _are_labels(under, spans):
        return None
    names = [above[index] or under[index] for index in range(width)]
    for first, last in spans:
        names[first:last] = [f"{above[first]} {label}".strip() for label in under[first:last]]
    return names if len(set(filter(None, names))) == len([name for name in names if name]) else None


def _spans(above: list[str], under: list[str]) -> list[tuple[int, int]]:
    """(first, end) columns of each upper label with a label below it: up to the next upper one, or an empty lower."""
    starts = [index for index, cell in enumerate(above) if cell]
    spans = []
    for first, after in pairwise([*starts, len(above)]):
        last = first
        while last < after and under[last]:
            last += 1
        if last > first:
            spans.append((first, last))
    return spans


def _are_labels(under: list[str], spans: list[tuple[int, int]]) -> bool:
    """Whether the lower row is labels, at least two of the spans are wide, and it needs the upper ones."""
    labels = [under[first:last] for first, last in spans]
    wide = [span for span in labels if len(span) > 1]
    texts = [text for span in labels for text in span]
    if len(wide) < 2 or any(_VALUE.match(text) for text in under if text):
        return False
    repeated = {text for text in texts if texts.count(text) > 1}
    return len(repeated) > 1 and all(set(span) & repeated for span in wide)
