"""The review workbook: every open question with cells to answer in. Filled in and put into the inbox, it is read by
`pipelines/decisions`; both sides find their columns here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from pipelines.home.answer_files import MARKER_SHEET
from pipelines.report import cells
from pipelines.report.cells import Styles
from pipelines.report.forecast_sheet import FORECAST_ANSWERS, FORECAST_COLUMNS, FORECASTS
from pipelines.report.served import Row, Served
from pipelines.report.words import Words

VERSION = "1"
REVIEWS, STAGE_WORDS = "reviews", "words"
# Column to its form, in the order of the sheet; the answers are the columns that people fill in.
REVIEW_COLUMNS = {
    "review_id": "text",
    "kind": "term:review",
    "question": "source",
    "priority": "money",
    "subject": "text",
    "suggested_owner": "source",
    "evidence": "evidence",
}
WORD_COLUMNS = {
    "source_system": "text",
    "vocabulary": "term:vocabulary",
    "word": "text",
    "row_count": "count",
    "proposed_code": "text",
}
REVIEW_ANSWERS = ("decision", "owner", "reason", "decided_by", "decided_on")
WORD_ANSWERS = ("decision", "code", "decided_by", "decided_on")
ANSWERS = {REVIEWS: REVIEW_ANSWERS, STAGE_WORDS: WORD_ANSWERS, FORECASTS: FORECAST_ANSWERS}
# What may be answered, by kind of question; the words for them are the catalogue's terms `decision`.
CHOICES = {
    "same_customer": ("same", "not_same", "open"),
    "duplicate_deal": ("closed", "open"),
    "forecast_deviation": ("closed", "open"),
    "contradictory_status": ("closed", "open"),
    STAGE_WORDS: ("accept", "other"),
}
OTHER_KIND = ("closed", "open")
ANSWER_FORMS = {"decided_on": "day", "approved_amount": "money"}
LISTS = "_lists"
# A missed forecast is ranked by its miss, which is no amount of money.
_QUEUE = """select review_id, kind, question, if(kind = 'forecast_deviation', null, priority) as priority, subject,
    owner as suggested_owner, evidence
from outlook.review_queue
where status = 'open'
order by priority desc nulls last, kind, subject"""
_NEEDS = ("review_id", "kind", "question", "priority", "subject", "owner", "evidence", "status")


def open_reviews(served: Served) -> list[Row]:
    """The open questions of the queue, the most money first; none where it is not served."""
    return served.rows(_QUEUE) if served.has("outlook.review_queue", *_NEEDS) else []


def write_review_book(
    path: Path,
    reviews: Sequence[Row],
    unmapped: Sequence[Row],
    forecasts: Sequence[Row],
    codes: Mapping[str, Sequence[str]],
    run_id: str,
    words: Words,
    made_at: datetime,
) -> Path:
    """Write the workbook. Cells outside the answers are locked, without a password.

    reviews: those of `open_reviews`; unmapped, forecasts: rows with the columns of WORD_COLUMNS and FORECAST_COLUMNS;
    codes: by vocabulary, what a word may mean.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with Workbook(str(path)) as book:
        book.set_properties({"title": words.say("workbook.reviews"), "created": made_at})
        book.set_custom_property("almanac_run_id", run_id)
        styles = Styles(book)
        named = _define_lists(book, codes, words)
        asked = ((REVIEWS, REVIEW_COLUMNS, reviews), (STAGE_WORDS, WORD_COLUMNS, unmapped))
        for key, columns, rows in (*asked, (FORECASTS, FORECAST_COLUMNS, forecasts)):
            sheet = book.add_worksheet(words.say(f"workbook.{key}"))
            _write_rows(sheet, styles, columns, ANSWERS[key], rows, words)
            for row, values in enumerate(rows, start=1):
                _offer(sheet, row, list(columns), key, values, named)
        _write_marker(book, run_id, words)
        book.get_worksheet_by_name(words.say("workbook.reviews")).activate()
    return path


def _define_lists(book: Workbook, codes: Mapping[str, Sequence[str]], words: Words) -> dict[str, str]:
    """A hidden sheet with a column per list, and its name: a list written into a cell may have 255 characters only."""
    sheet = book.add_worksheet(LISTS)
    offered = {kind: [words.term("decision", choice) for choice in choices] for kind, choices in CHOICES.items()}
    offered["other_kind"] = [words.term("decision", choice) for choice in OTHER_KIND]
    offered |= {f"codes_{vocabulary}": list(listed) for vocabulary, listed in codes.items() if listed}
    for column, (name, texts) in enumerate(offered.items()):
        for row, text in enumerate(texts):
            sheet.write_string(row, column, text)
        letter = _letter(column)
        book.define_name(f"list_{name}", f"={LISTS}!${letter}$1:${letter}${len(texts)}")
    sheet.hide()
    return {name: f"=list_{name}" for name in offered}


def _letter(column: int) -> str:
    return (chr(64 + column // 26) if column >= 26 else "") + chr(65 + column % 26)


def _write_rows(
    sheet: Worksheet,
    styles: Styles,
    columns: Mapping[str, str],
    answers: Sequence[str],
    rows: Sequence[Row],
    words: Words,
) -> None:
    """The questions from A1 on, so that a row of the file that comes back is a row of the sheet."""
    for column, name in enumerate([*columns, *answers]):
        sheet.write_string(0, column, words.say(f"columns.{name}"), styles.of("head"))
        is_open = name in answers
        form = ANSWER_FORMS.get(name, "text") if is_open else columns[name]
        for row, values in enumerate(rows, start=1):
            value = None if is_open else values[name]
            cells.write_cell(sheet, row, column, value, form, words, styles.of(cells.form_of(value, form), is_open))
        texts = [cells.shown(values[name], form, words) for values in rows if not is_open and values[name] is not None]
        sheet.set_column(column, column, 18 if is_open else cells.width([words.say(f"columns.{name}"), *texts]))
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.autofilter(0, 0, max(len(rows), 1), len(columns) + len(answers) - 1)
    unlocked = ("autofilter", "sort", "format_columns", "format_rows", "select_locked_cells", "select_unlocked_cells")
    sheet.protect("", dict.fromkeys(unlocked, True))


def _offer(sheet: Worksheet, row: int, columns: Sequence[str], key: str, values: Row, named: Mapping[str, str]) -> None:
    """The drop-downs of one row, and the check that the day is one."""
    kind = str(values["kind"]) if key == REVIEWS else key
    offers = {} if key == FORECASTS else {"decision": named.get(kind, named["other_kind"])}
    if key == STAGE_WORDS and f"codes_{values['vocabulary']}" in named:
        offers["code"] = named[f"codes_{values['vocabulary']}"]
    rules: dict[str, dict[str, object]] = {
        column: {"validate": "list", "source": source} for column, source in offers.items()
    }
    rules["decided_on"] = {"validate": "date", "criteria": ">=", "value": datetime(2000, 1, 1)}
    if key == FORECASTS:
        rules["approved_amount"] = {"validate": "decimal", "criteria": ">=", "value": -1e15}
    for name, rule in rules.items():
        column = len(columns) + ANSWERS[key].index(name)
        sheet.data_validation(row, column, row, column, rule)


def _write_marker(book: Workbook, run_id: str, words: Words) -> None:
    """By this hidden sheet the file is known when it comes back, whatever it is called then."""
    sheet = book.add_worksheet(MARKER_SHEET)
    rows = (("version", VERSION), ("run_id", run_id), *((key, words.say(f"workbook.{key}")) for key in ANSWERS))
    for row, pair in enumerate(rows):
        for column, text in enumerate(pair):
            sheet.write_string(row, column, text)
    sheet.hide()
