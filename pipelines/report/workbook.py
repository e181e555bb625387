"""The workbook of one run in one language: a sheet per block of the pages, with all its rows, and the contents."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from pipelines.report import cells
from pipelines.report.blocks import Answer, Block
from pipelines.report.cells import Styles
from pipelines.report.served import Row
from pipelines.report.words import Words

HEAD = 4  # row of the heads, from 0: title, note, source and a blank row stand above
MOST_ROWS = 1_000_000  # of a sheet; a format's limit is 1,048,576
FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
TAB_COLOURS = ("#1f5fa8", "#2f855a", "#b45309", "#6b7280")


@dataclass(frozen=True)
class Sheet:
    """One block as a sheet. name: unique in the workbook, at most 31 characters."""

    page: str
    name: str
    title: str
    note: str
    block: Block
    rows: Sequence[Row]


def write_workbook(
    path: Path, pages: Mapping[str, Sequence[Answer]], published: Row, words: Words, made_at: datetime
) -> Path:
    """Write the workbook. pages: the answers of every page; published: the row of `control.published`; made_at: the
    instant that the file says it was made at, UTC. Blocks without rows are named in the contents."""
    sheets = list(_sheets(pages, words))
    path.parent.mkdir(parents=True, exist_ok=True)
    with Workbook(str(path)) as book:
        book.set_properties({"title": words.say("workbook.title"), "created": made_at})
        book.set_custom_property("almanac_run_id", str(published["run_id"]))
        styles = Styles(book)
        contents = book.add_worksheet(words.say("workbook.contents"))
        for sheet in sheets:
            _write_sheet(book, styles, sheet, words, list(pages).index(sheet.page))
        _write_contents(contents, styles, sheets, _left_out(pages, words), published, words)
    return path


def _sheets(pages: Mapping[str, Sequence[Answer]], words: Words) -> Iterator[Sheet]:
    for place, (page, answers) in enumerate(pages.items(), start=1):
        answered = [answer for answer in answers if answer.rows]
        for number, answer in enumerate(answered, start=1):
            title, note = _titles(answer.block, words)
            name = f"{place}.{number} {title}".translate(FORBIDDEN)[:31].strip()
            yield Sheet(page, name, title, note, answer.block, answer.rows[:MOST_ROWS])


def _titles(block: Block, words: Words) -> tuple[str, str]:
    subject = block.subject(words) if block.subject else ""
    title, note = (words.say(f"blocks.{block.key}.{part}", subject=subject) for part in ("title", "note"))
    return title, note


def _left_out(pages: Mapping[str, Sequence[Answer]], words: Words) -> Iterator[tuple[str, str, str]]:
    """Page, block and reason of every block that has no sheet."""
    for page, answers in pages.items():
        for answer in answers:
            if not answer.rows:
                without = words.say("ui.without_rows", tables=", ".join(answer.block.tables))
                yield words.say(f"pages.{page}.title"), _titles(answer.block, words)[0], answer.left_out or without


def _write_sheet(book: Workbook, styles: Styles, sheet: Sheet, words: Words, page: int) -> None:
    target = book.add_worksheet(sheet.name)
    target.set_tab_color(TAB_COLOURS[page % len(TAB_COLOURS)])
    source = f"{words.say('ui.source')} {', '.join(sheet.block.tables)}"
    for row, (text, style) in enumerate(((sheet.title, "title"), (sheet.note, "note"), (source, "note"))):
        target.write_string(row, 0, text, styles.of(style))
    forms = sheet.block.forms
    for column, (name, form) in enumerate(forms.items()):
        _write_column(target, styles, column, name, form, sheet.rows, words)
    last = HEAD + len(sheet.rows)
    target.freeze_panes(HEAD + 1, 1)
    target.autofilter(HEAD, 0, last, len(forms) - 1)
    target.set_landscape()
    target.fit_to_pages(1, 0)
    target.repeat_rows(HEAD)
    if sheet.block.chart:
        _add_chart(book, target, sheet, words)


def _write_column(
    target: Worksheet, styles: Styles, column: int, name: str, form: str, rows: Sequence[Row], words: Words
) -> None:
    head = words.say(f"columns.{name}")
    over = "head_of_numbers" if form in cells.NUMBER_FORMATS else "head"
    target.write_string(HEAD, column, head, styles.of(over))
    style = styles.of(form)
    for row, values in enumerate(rows, start=HEAD + 1):
        value = values[name]
        fitting = styles.of(cells.form_of(value, form)) if form == "share" else style  # a million cells: asked of few
        cells.write_cell(target, row, column, value, form, words, fitting)
    texts = [cells.shown(values[name], form, words) for values in rows[:200] if values[name] is not None]
    target.set_column(column, column, cells.width([head, *texts]))


def _add_chart(book: Workbook, target: Worksheet, sheet: Sheet, words: Words) -> None:
    """The block's chart, drawn by the spreadsheet itself from the cells of the sheet."""
    chart, forms = sheet.block.chart, list(sheet.block.forms)
    if chart is None:
        return
    shown = [name for name in chart.values if any(row[name] is not None for row in sheet.rows)]
    if not shown:  # a chart without a series is no file that a spreadsheet opens
        return
    drawn = book.add_chart({"type": chart.kind})
    first, last, across = HEAD + 1, HEAD + len(sheet.rows), forms.index(chart.across)
    for name in shown:
        column = forms.index(name)
        drawn.add_series(
            {
                "name": [sheet.name, HEAD, column],
                "categories": [sheet.name, first, across, last, across],
                "values": [sheet.name, first, column, last, column],
                **_LINES.get(name, {}),
            }
        )
    drawn.set_title({"name": sheet.title, "name_font": {"size": 11}})
    if sheet.block.forms[chart.across] == "month":
        drawn.set_x_axis({"date_axis": True, "num_format": "yyyy-mm"})
    drawn.set_y_axis({"num_format": cells.NUMBER_FORMATS[sheet.block.forms[chart.values[0]]]})
    if chart.kind == "bar":
        drawn.set_y_axis({"reverse": True})  # the first row on top
    legend: dict[str, object] = {"position": "bottom"} if len(shown) > 1 else {"none": True}
    drawn.set_legend(legend)
    drawn.set_size({"width": 760, "height": 340})
    target.insert_chart(HEAD, len(forms) + 1, drawn, {"description": sheet.title})


_BAND = {"line": {"color": "#a6bbd3", "width": 1, "dash_type": "square_dot"}}
_LINES = {
    "actual": {"line": {"color": "#1b1f24", "width": 2}},
    "yhat": {"line": {"color": "#1f5fa8", "width": 2, "dash_type": "dash"}},
    "target": {"line": {"color": "#b45309", "width": 1.5, "dash_type": "round_dot"}},
    **dict.fromkeys(("lo_80", "hi_80", "lo_95", "hi_95"), _BAND),
}


def _write_contents(
    target: Worksheet,
    styles: Styles,
    sheets: Sequence[Sheet],
    left_out: Iterator[tuple[str, str, str]],
    published: Row,
    words: Words,
) -> None:
    target.write_string(0, 0, words.say("workbook.title"), styles.of("title"))
    values = {"as_of": published["as_of"], "currency": published["base_currency"], "run_id": published["run_id"]}
    run = words.say("ui.run", **values, published_at=f"{published['published_at']:%Y-%m-%d %H:%M}")
    target.write_string(1, 0, run, styles.of("note"))
    heads = ("page", "sheet", "tables", "rows")
    for column, head in enumerate(heads):
        target.write_string(HEAD, column, words.say(f"workbook.{head}"), styles.of("head"))
    for row, sheet in enumerate(sheets, start=HEAD + 1):
        target.write_string(row, 0, words.say(f"pages.{sheet.page}.title"), styles.of("text"))
        target.write_url(row, 1, f"internal:'{sheet.name}'!A1", string=sheet.title, tip=sheet.note[:255])
        target.write_string(row, 2, ", ".join(sheet.block.tables), styles.of("text"))
        target.write_number(row, 3, len(sheet.rows), styles.of("count"))
    after = HEAD + len(sheets) + 2
    target.write_string(after, 0, words.say("ui.left_out"), styles.of("head"))
    for row, texts in enumerate(left_out, start=after + 1):
        for column, text in enumerate(texts):
            target.write_string(row, column, text, styles.of("text"))
    for column, size in enumerate((24, 60, 60, 10)):
        target.set_column(column, column, size)
    target.freeze_panes(HEAD + 1, 0)
    target.set_landscape()
    target.fit_to_pages(1, 0)
