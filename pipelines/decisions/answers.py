"""A filled-in review workbook as answers, each cell with its place; what a cell may say is checked here."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import md5
from pathlib import Path

import fastexcel
import polars as pl

from pipelines.decisions.approvals import amount_of, subject_of
from pipelines.decisions.refusal import CellRefusedError
from pipelines.home.answer_files import MARKER_SHEET
from pipelines.report.forecast_sheet import FORECAST_COLUMNS, FORECASTS
from pipelines.report.review_book import ANSWERS, CHOICES, OTHER_KIND, REVIEW_COLUMNS, REVIEWS, STAGE_WORDS
from pipelines.report.review_book import WORD_COLUMNS as ASKED_WORDS
from pipelines.report.words import languages, load_words

ASKED = {REVIEWS: REVIEW_COLUMNS, STAGE_WORDS: ASKED_WORDS, FORECASTS: FORECAST_COLUMNS}
COLUMNS = {key: (*columns, *ANSWERS[key]) for key, columns in ASKED.items()}
DECIDES = ("same", "not_same", "closed")  # decisions that need a reason


@dataclass(frozen=True)
class AnsweredRow:
    """One row in which something was answered. texts: column to its trimmed text; row: number in the sheet, from 1;
    letters: column to its letter."""

    key: str
    sheet: str
    row: int
    texts: Mapping[str, str]
    letters: Mapping[str, str]

    @property
    def first(self) -> str:
        """The column of its first answer."""
        return ANSWERS[self.key][0]

    def cell(self, column: str) -> str:
        """The place of a column, H5 for one."""
        return f"{self.letters.get(column, '')}{self.row}"


@dataclass(frozen=True)
class Decision:
    """What one row decides. kind: that of the question, `words` or `forecasts`; subject: its records, system|list|word,
    or metric|month."""

    kind: str
    subject: str
    decision: str
    owner: str
    reason: str
    decided_by: str
    decided_on: date


def read_answers(path: Path) -> Iterator[AnsweredRow]:
    """Every row of the workbook with an answer. Raises CellRefusedError without a column for a file that is no longer
    a review workbook: a sheet is gone, or its heads are."""
    try:
        reader = fastexcel.read_excel(path)
    except Exception as error:  # the library's own errors have no common parent
        raise CellRefusedError("", f"cannot be opened: {str(error).splitlines()[0]}") from error
    marker = dict(_texts(reader, MARKER_SHEET))
    for key in ANSWERS:
        if key == FORECASTS and key not in marker:  # written by a version before it
            continue
        sheet = marker.get(key, "")
        if sheet not in reader.sheet_names:
            raise CellRefusedError("", f"sheet {sheet or key!r} is missing: rename it back")
        yield from _rows(key, sheet, list(_texts(reader, sheet)))


def _texts(reader: fastexcel.ExcelReader, sheet: str) -> Iterator[list[str]]:
    """All cells as trimmed text; the first row of the sheet comes first, even where it is empty."""
    loaded = reader.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string")
    for row in pl.DataFrame(loaded).iter_rows():
        yield [(value or "").strip() for value in row]


def _rows(key: str, sheet: str, rows: Sequence[Sequence[str]]) -> Iterator[AnsweredRow]:
    labels = _labels()
    heads = [labels.get(text, "") for text in rows[0]] if rows else []
    if missing := [name for name in COLUMNS[key] if name not in heads]:
        raise CellRefusedError("", f"sheet {sheet!r} has no column {', '.join(missing)}: its heads must stay in row 1")
    letters = {name: _letter(heads.index(name)) for name in COLUMNS[key]}
    for number, cells in enumerate(rows[1:], start=2):
        texts = {name: cells[heads.index(name)] for name in COLUMNS[key]}
        if any(texts[name] for name in ANSWERS[key]):
            yield AnsweredRow(key, sheet, number, texts, letters)


@cache
def _labels() -> dict[str, str]:
    """The heads of all languages to their columns."""
    names = {name for columns in COLUMNS.values() for name in columns}
    return {load_words(language).say(f"columns.{name}"): name for language in languages() for name in names}


@cache
def _codes(group: str, codes: tuple[str, ...]) -> dict[str, str]:
    """The words of all languages, and the codes themselves, in small letters, to the codes of a group of terms."""
    found = {code: code for code in codes}
    for language in languages():
        words = load_words(language)
        found |= {words.term(group, code).casefold(): code for code in codes}
    return found


def decision_of(answer: AnsweredRow, today: date) -> Decision:
    """What the row decides. Raises CellRefusedError, naming the column, for the first cell that cannot be followed."""
    return _DECIDERS[answer.key](answer, today)


def _review(answer: AnsweredRow, today: date) -> Decision:
    texts = answer.texts
    kinds = _codes("review", tuple(name for name in CHOICES if name != STAGE_WORDS))
    kind = kinds.get(texts["kind"].casefold(), texts["kind"])
    if md5(f"{kind}|{texts['subject']}".encode()).hexdigest() != texts["review_id"]:
        raise CellRefusedError("review_id", "id, kind and records do not belong together: answer in a fresh workbook")
    given = texts["decision"] or ("open" if texts["owner"] else "")
    decision = _chosen(given, CHOICES.get(kind, OTHER_KIND))
    if decision == "open" and not texts["owner"]:
        raise CellRefusedError("owner", "is empty: a question that stays open needs an owner")
    if decision in DECIDES and not texts["reason"]:
        raise CellRefusedError("reason", "is empty: say why")
    return Decision(kind, texts["subject"], decision, texts["owner"], texts["reason"], *_who_and_when(texts, today))


def _words(answer: AnsweredRow, today: date) -> Decision:
    """A word's decision is the code that it gets; whether the code exists is for the policy to say."""
    texts = answer.texts
    choice = _chosen(texts["decision"] or ("other" if texts["code"] else ""), CHOICES[STAGE_WORDS])
    column = "proposed_code" if choice == "accept" else "code"
    if not texts[column]:
        raise CellRefusedError(column, "is empty: name the code that the word means")
    vocabulary = _codes("vocabulary", ("stages", "statuses", "currencies")).get(texts["vocabulary"].casefold(), "")
    if not vocabulary or not texts["word"]:
        raise CellRefusedError("vocabulary", "was changed: answer in a fresh workbook")
    subject = "|".join((texts["source_system"], vocabulary, texts["word"]))
    return Decision(STAGE_WORDS, subject, texts[column], "", "", *_who_and_when(texts, today))


def _forecast(answer: AnsweredRow, today: date) -> Decision:
    """A forecast's decision is the amount that is approved."""
    texts = answer.texts
    subject = subject_of(texts["metric"], _day(texts["period_start"], "period_start"), today)
    amount = amount_of(texts["approved_amount"])
    return Decision(FORECASTS, subject, amount, "", texts["reason"], *_who_and_when(texts, today))


def _chosen(text: str, choices: tuple[str, ...]) -> str:
    if not text:
        raise CellRefusedError("decision", "is empty, though the row has other answers")
    found = _codes("decision", choices).get(text.casefold())
    if found is None:
        raise CellRefusedError("decision", f"{text!r} is none of {', '.join(choices)}, nor a word of the drop-down")
    return found


def _who_and_when(texts: Mapping[str, str], today: date) -> tuple[str, date]:
    if not texts["decided_by"]:
        raise CellRefusedError("decided_by", "is empty: say who decided")
    day = _day(texts["decided_on"]) if texts["decided_on"] else today
    if day > today:
        raise CellRefusedError("decided_on", f"{day} is later than today, {today}")
    return texts["decided_by"], day


def _day(text: str, column: str = "decided_on") -> date:
    """A day as a spreadsheet gives it (2026-03-01 00:00:00) or as people type it, year first."""
    try:
        year, month, day = text.split(" ")[0].split("T")[0].replace("/", "-").split("-")
        if len(year) != 4:
            raise ValueError(text)
        return date(int(year), int(month), int(day))
    except ValueError:
        raise CellRefusedError(column, f"{text!r} is not a day: write it as 2026-03-01") from None


def _letter(column: int) -> str:
    return (chr(64 + column // 26) if column >= 26 else "") + chr(65 + column % 26)


_DECIDERS: dict[str, Callable[[AnsweredRow, date], Decision]] = {
    REVIEWS: _review,
    STAGE_WORDS: _words,
    FORECASTS: _forecast,
}
