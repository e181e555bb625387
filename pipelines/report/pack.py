"""All pages and workbooks of one run, in every language, into folders of their own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from pipelines.report import sections
from pipelines.report.blocks import Answer, Block
from pipelines.report.editions import Edition, edition_of
from pipelines.report.forecast_sheet import open_forecasts
from pipelines.report.repeats import without_repeats
from pipelines.report.review_book import open_reviews, write_review_book
from pipelines.report.served import Row, Served, opened
from pipelines.report.unmapped_words import unmapped_words
from pipelines.report.words import NUMERIC, Words, languages, load_words
from pipelines.report.workbook import write_workbook

TEMPLATES = Path(__file__).with_name("templates")
FIRST_PAGE = "index.html"
LETTERS = {"key": "k", "evidence": "s"}  # classes of cells that need room: keys broken anywhere, sentences


@dataclass(frozen=True)
class Shown:
    """What a page says for a block: its markup, or the reason why it is left out."""

    title: str
    markup: Markup
    left_out: str


@dataclass(frozen=True)
class Pack:
    """What the pages and workbooks of one run say, before it is said in a language."""

    pages: Mapping[str, list[Answer]]
    published: Row
    languages: Mapping[str, Words]
    reviews: list[Row]
    unmapped: list[Row]
    forecasts: list[Row]
    edition: Edition | None = None


def read_pack(file: Path, status: Path | None = None) -> Pack:
    """All answers for the run of a published file. status: the status file, for data quality. Reads the two files and
    nothing else; a table or column that is not there leaves its block out."""
    with opened(file, status) as served:
        return _read(served, tuple(sections.PAGES))


def read_edition(edition: Edition, file: Path, status: Path | None = None) -> Pack:
    """The pages of a role with the rows of its recipient, and no other row."""
    with edition_of(edition, file, status) as served:
        return _read(served, edition.pages, edition)


def _read(served: Served, pages: Sequence[str], edition: Edition | None = None) -> Pack:
    return Pack(
        pages={name: list(_answers(served, sections.PAGES[name])) for name in pages},
        published=served.rows("from control.published")[0],
        languages={language: load_words(language, _names(served, language)) for language in languages()},
        reviews=open_reviews(served),
        unmapped=unmapped_words(served),
        forecasts=open_forecasts(served),
        edition=edition,
    )


def write_pack(folder: Path, file: Path, status: Path | None = None) -> list[Path]:
    """Write the pages for the run of a published file; returns the pages written."""
    return write_pages(folder, read_pack(file, status))


def write_pages(folder: Path, pack: Pack) -> list[Path]:
    """Write `<language>/<page>.html`, and `index.html` that leads to the languages. Returns the pages written.

    A page names what it leaves out.
    """
    kept = {name: answers for name, answers in pack.pages.items() if any(answer.rows for answer in answers)}
    names = {name: f"{name}.html" if number else FIRST_PAGE for number, name in enumerate(kept)}
    common: dict[str, Any] = {
        "languages": pack.languages,
        "published": pack.published,
        "pages": names,
        "edition": pack.edition,
    }
    common["without"] = [name for name in pack.pages if name not in kept]
    written = [_write(folder / FIRST_PAGE, "languages.html", common)]
    for language, words in pack.languages.items():
        for name, answers in kept.items():
            shown = [_shown(answer, number, words) for number, answer in enumerate(answers)]
            path = folder / language / names[name]
            written.append(_write(path, "page.html", {**common, "words": words, "page": name, "blocks": shown}))
    return written


def write_workbooks(folder: Path, pack: Pack, codes: Mapping[str, Sequence[str]]) -> list[Path]:
    """Write `almanac_<language>.xlsx` with all that the pages show, and `reviews_<language>.xlsx` to be filled in.

    codes: by vocabulary, what an unmapped word may mean. Returns the workbooks written.
    """
    made_at, run_id = pack.published["published_at"], str(pack.published["run_id"])
    written = []
    for language, words in pack.languages.items():
        book, reviews = (folder / f"{name}_{language}.xlsx" for name in ("almanac", "reviews"))
        written.append(write_workbook(book, pack.pages, pack.published, words, made_at))
        asked = (pack.reviews, pack.unmapped, pack.forecasts)
        written.append(write_review_book(reviews, *asked, codes, run_id, words, made_at))
    return written


def _answers(served: Served, make: Callable[[Served], Iterator[Block]]) -> Iterator[Answer]:
    for block in make(served):
        if absent := block.missing(served):
            yield Answer(block, [], ", ".join(absent))
            continue
        try:
            yield Answer(block, served.rows(block.query))
        except duckdb.Error as error:  # a column of another type than a query knows: the figures still go out
            yield Answer(block, [], f"{', '.join(block.tables)}: {str(error).splitlines()[0]}")


def _names(served: Served, language: str) -> Mapping[str, Mapping[str, str]]:
    """Words for codes that the tables bring along: the company's own labels of its stages."""
    column = f"label_{language}"
    if not served.has("marts.stages", "stage_code", column):
        return {}
    stages = served.rows(f"select stage_code, {column} as label from marts.stages where {column} is not null")
    return {"stage": {row["stage_code"]: row["label"] for row in stages}}


def _shown(answer: Answer, number: int, words: Words) -> Shown:
    """One block in one language. What cannot be drawn is left out and named: the tables must go out in any case."""
    block = answer.block
    subject = block.subject(words) if block.subject else ""
    title = words.say(f"blocks.{block.key}.title", subject=subject)
    if answer.left_out:
        return Shown(title, Markup(), answer.left_out)
    if not answer.rows and not block.is_news_when_empty:
        return Shown(title, Markup(), words.say("ui.without_rows", tables=", ".join(block.tables)))
    try:
        picture = Markup(block.draw(answer.rows, words)) if block.draw and answer.rows else None
        table = without_repeats(block.forms, answer.rows[: block.shown])
        values = {"words": words, "block": block, "rows": answer.rows, "number": number, "title": title, "table": table}
        markup = _template("block.html").render(**values, subject=subject, picture=picture)
        return Shown(title, Markup(markup), "")
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        return Shown(title, Markup(), f"{', '.join(block.tables)}: {type(error).__name__}: {error}")


def _write(path: Path, template: str, values: Mapping[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_template(template).render(**values), encoding="utf-8")
    return path


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(cell=_cell, numeric=NUMERIC)
    return environment.get_template(name)


def _cell(value: object, form: str, words: Words) -> Markup:
    """A table cell: numbers to the right, words of the tables marked as English where this language has no others."""
    letter = "n" if form in NUMERIC else "d" if _is_short(form) else LETTERS.get(form, "")
    kind = f' class="{letter}"' if letter else ""
    shown = words.shown(value, form)
    english = ' lang="en"' if form == "source" and words.language != "en" and shown == value else ""
    return Markup(f"<td{kind}{english}>{escape(shown)}</td>")


def _is_short(form: str) -> bool:
    """Whether values of the form must not be broken over lines."""
    long = ("term:outlook", "term:factor", "term:step", "term:model", "term:stage")
    return form in ("code", "day", "month") or (form.startswith("term:") and form not in long)
