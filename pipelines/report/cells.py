"""Values of served tables as cells of a workbook: numbers as numbers, days as days, words always as text."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from unicodedata import east_asian_width

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from pipelines.report.words import NEAR, NUMERIC, Words

TEXT = ("text", "code", "key")
NUMBER_FORMATS = {
    "money": "#,##0",
    "compact": "#,##0",
    "signed": "[>=100]+#,##0;[<=-100]-#,##0;General",
    "figure": "[>=100]#,##0;[<=-100]-#,##0;General",
    "count": "#,##0",
    "number": "#,##0.00",
    "share": "0.0%",
    "share_near_none": '"< 0.1%"',  # the number stays in the cell
    "share_near_all": '"> 99.9%"',
    "points": "+0.0%;-0.0%;0.0%",
    "day": "yyyy-mm-dd",
    "month": "yyyy-mm",
}
HEAD = {"bold": True, "bottom": 1, "bg_color": "#e8eef6", "text_wrap": True, "valign": "top"}
WIDEST, NARROWEST = 60, 8  # characters of a column
LONGEST_CELL = 32_767  # characters that a cell may hold


class Styles:
    """The formats of one workbook, each made once."""

    def __init__(self, book: Workbook) -> None:
        """Formats belong to the workbook that made them."""
        self.book, self._made = book, dict[str, Format]()

    def of(self, form: str, is_open: bool = False) -> Format:
        """The format of a form of `words.FORMS`; `head` (or `head_of_numbers`), `title`, `note`: of headings.

        is_open: for a cell that people fill in.
        """
        key = f"{form} {is_open}"
        if key not in self._made:
            self._made[key] = self.book.add_format(_properties(form, is_open))
        return self._made[key]


def _properties(form: str, is_open: bool) -> dict[str, Any]:
    fixed: dict[str, dict[str, Any]] = {
        "head": HEAD,
        "head_of_numbers": {**HEAD, "align": "right"},  # over what the spreadsheet puts to the right
        "title": {"bold": True, "font_size": 14},
        "note": {"font_color": "#4b5563"},
    }
    properties: dict[str, Any] = {"valign": "top", **fixed.get(form, {})}
    if form in NUMBER_FORMATS:
        properties["num_format"] = NUMBER_FORMATS[form]
    if is_open:
        properties |= {"locked": False, "bg_color": "#fff8dc", "border": 1, "border_color": "#c9b458"}
    return properties


def write_cell(sheet: Worksheet, row: int, column: int, value: object, form: str, words: Words, style: Format) -> None:
    """One value in its form. Text is never taken for a formula, a number or a link, whatever it begins with."""
    if value is None or value == "":
        sheet.write_blank(row, column, None, style)
    elif form in ("day", "month") and isinstance(value, (date, datetime)):
        day = value.date() if isinstance(value, datetime) else value
        sheet.write_datetime(row, column, datetime(day.year, day.month, day.day), style)
    elif form in NUMERIC:
        sheet.write_number(row, column, float(str(value)), style)
    else:
        sheet.write_string(row, column, shown(value, form, words)[:LONGEST_CELL], style)


def form_of(value: object, form: str) -> str:
    """The form of one value: a share that is neither none nor all must not read 0.0% or 100.0%, as on the pages."""
    if form != "share" or value is None or value == "":
        return form
    share = float(str(value))
    return "share_near_none" if 0 < share < NEAR else "share_near_all" if 1 - NEAR <= share < 1 else form


def shown(value: object, form: str, words: Words) -> str:
    """A value as the text of a cell."""
    return str(value) if form in TEXT else words.shown(value, form)


def width(texts: Sequence[str]) -> int:
    """The width of a column that holds these texts, in characters; a Chinese one counts two."""
    longest = max((sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text) for text in texts), default=0)
    return min(max(longest + 2, NARROWEST), WIDEST)
