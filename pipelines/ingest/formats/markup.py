"""Tables saved as `.xls` that are no workbooks: an HTML page, or Excel's XML of 2003. Cells are text.

Of an HTML page the largest table is read: smaller ones hold the logo and the menu.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import polars as pl

from pipelines.contracts import Reader
from pipelines.ingest.formats.decode import find_encodings
from pipelines.ingest.formats.source import FileRefusedError

MAX_BYTES = 128 * 1024**2  # parsed at once, it takes several times its size in memory
MAX_SPAN = 1000  # cells: a page that claims more would fill the memory with blanks
_PAGE = re.compile(rb"(?i)<(!doctype html|html|table|head|meta|body)\b")
_SHEET = re.compile(rb"(?i)urn:schemas-microsoft-com:office:spreadsheet")
_XMLNS = "{urn:schemas-microsoft-com:office:spreadsheet}"
_MIDNIGHT = re.compile(r"(\d{4}-\d\d-\d\d)T00:00:00(\.0+)?")
_ZEROS = re.compile(r"^(-?\d+)(?:(\.\d*?[1-9])0*|\.0*)$")
Rows = list[list[str]]


def markup_kind(head: bytes) -> str:
    """`html` or `xml` by the first bytes of a file, empty for anything else."""
    text = head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if not text.startswith(b"<"):
        return ""
    if text.startswith(b"<?xml") and _SHEET.search(text):
        return "xml"
    return "html" if _PAGE.match(text) or (_PAGE.search(text) and text.startswith((b"<?xml", b"<!--"))) else ""


def markup_frame(path: Path, reader: Reader, kind: str) -> pl.DataFrame:
    """The table as text, NULL for empty cells. Raises FileRefusedError where there is none."""
    if path.stat().st_size > MAX_BYTES:
        raise FileRefusedError("too_large", f"a {kind} table of more than {MAX_BYTES >> 20} MB: export it as CSV")
    rows = _sheet(path, reader) if kind == "xml" else _page(path)
    width = max(map(len, rows), default=0)
    if not width:
        raise FileRefusedError("empty_file", "the file holds no table with cells: export it again")
    cells = [[cell.strip() or None for cell in [*row, *[""] * (width - len(row))]] for row in rows]
    return pl.DataFrame(cells, schema={f"column_{n}": pl.String for n in range(width)}, orient="row")


def _page(path: Path) -> Rows:
    parser = _Tables()
    parser.feed(_text(path))
    parser.close()
    return max(parser.tables, key=lambda rows: sum(map(len, rows)), default=[])


def _text(path: Path) -> str:
    data = path.read_bytes()
    declared = re.search(rb"(?i)charset=[\"']?([\w-]+)", data[:4096])
    for name in [*([declared[1].decode()] if declared else []), *find_encodings(path)]:
        try:
            return data.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    raise FileRefusedError("bad_encoding", "no detected encoding decodes the page: save it as UTF-8")


class _Tables(HTMLParser):
    """Every table of a page. A table in a cell counts separately; a cell over several columns fills the first."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[Rows] = []
        self.open: list[Rows] = []
        self.cell: list[list[str] | None] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self.hidden += 1
        elif tag == "table":
            self.open.append([])
            self.cell.append(None)
            self.tables.append(self.open[-1])
        elif self.open and tag == "tr":
            self._end_cell()
            self.open[-1].append([])
        elif self.open and tag in ("td", "th"):
            self._end_cell()
            self.cell[-1] = []
            spanned = dict(attrs).get("colspan") or ""
            self.spanned = min(int(spanned), MAX_SPAN) if spanned.isdigit() else 1
        elif tag in ("br", "p", "div") and self.open and self.cell[-1]:
            self.cell[-1].append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self.hidden = max(self.hidden - 1, 0)
        elif self.open and tag in ("td", "th", "tr", "table"):
            self._end_cell()
            if tag == "table":
                self.open.pop()
                self.cell.pop()

    def handle_data(self, data: str) -> None:
        if self.open and not self.hidden and self.cell[-1] is not None:
            self.cell[-1].append(data)

    def _end_cell(self) -> None:
        if (parts := self.cell[-1]) is not None:
            if not self.open[-1]:
                self.open[-1].append([])
            self.open[-1][-1] += [" ".join("".join(parts).split()), *[""] * (self.spanned - 1)]
            self.cell[-1] = None


def _sheet(path: Path, reader: Reader) -> Rows:
    sheets: dict[str, Rows] = {}
    try:
        for name, row in _sheet_rows(path):
            rows = sheets.setdefault(name, [])
            rows += [row] if row is not None else []
    except ElementTree.ParseError as error:
        raise FileRefusedError("broken_file", f"not a complete XML spreadsheet: {error}") from error
    names = list(sheets)
    if not names or (isinstance(reader.sheet, str) and reader.sheet not in names):
        raise FileRefusedError("no_sheet", f"no sheet {reader.sheet!r}; the workbook has: {', '.join(names)}")
    index = names.index(reader.sheet) if isinstance(reader.sheet, str) else min(reader.sheet, len(names) - 1)
    return sheets[names[index]]


def _sheet_rows(path: Path) -> Iterator[tuple[str, list[str] | None]]:
    """(sheet, cells) of every row, and (sheet, None) where a sheet begins; rows and cells may state their index."""
    name, number = "", 0
    for event, item in ElementTree.iterparse(path, events=("start", "end")):
        if event == "start" and item.tag == f"{_XMLNS}Worksheet":
            name, number = item.get(f"{_XMLNS}Name") or "", 0
            yield name, None
        elif event == "end" and item.tag == f"{_XMLNS}Row":
            index = min(int(item.get(f"{_XMLNS}Index") or number + 1), number + 1 + MAX_SPAN)
            yield from ((name, []) for _ in range(index - number - 1))
            number = index
            yield name, _cells(item)
            item.clear()


def _cells(row: ElementTree.Element) -> list[str]:
    cells: list[str] = []
    for cell in row.iter(f"{_XMLNS}Cell"):
        index = min(int(cell.get(f"{_XMLNS}Index") or len(cells) + 1), len(cells) + 1 + MAX_SPAN)
        cells += [""] * (index - len(cells) - 1)
        data = cell.find(f"{_XMLNS}Data")
        text = "" if data is None else "".join(data.itertext())
        cells.append(text if data is None else _plain(text, data.get(f"{_XMLNS}Type")))
        cells += [""] * min(int(cell.get(f"{_XMLNS}MergeAcross") or 0), MAX_SPAN)
    return cells


def _plain(text: str, kind: str | None) -> str:
    """A day without midnight, a number as a workbook holds it: the point of 1.500 begins decimals, and 1.5 says so."""
    if kind == "DateTime":
        return _MIDNIGHT.sub(r"\1", text)
    return _ZEROS.sub(r"\1\2", text.strip()) if kind == "Number" else text
