"""QuickBooks' IIF: a TRNS line is the head of a document, the SPL lines after it are its lines, ENDTRNS ends it.

Each kind of line has a header of its own, which begins with `!`. No contract can describe that, so a reader does.
"""

from collections.abc import Iterator
from pathlib import Path


def read(path: Path) -> Iterator[dict[str, str]]:
    """A record per SPL line: its cells, and those of its head as `TRNS.<name>`. Raises ValueError for a line without
    a header."""
    headers: dict[str, list[str]] = {}
    head: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="cp1252").splitlines(), start=1):
        kind, *cells = (cell.strip('" ') for cell in line.split("\t"))
        if kind.startswith("!"):
            headers[kind[1:]] = cells
        elif kind in ("TRNS", "SPL"):
            if kind not in headers:
                raise ValueError(f"line {number} is a {kind}, and no !{kind} names its cells")
            named = dict(zip(headers[kind], cells, strict=False))
            if kind == "TRNS":
                head = {f"TRNS.{name}": value for name, value in named.items()}
            else:
                yield {**head, **named}
