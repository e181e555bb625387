"""The numbers of a column: one unit, one decimal mark, gaps by the null words of all files."""

import re

import duckdb
import polars as pl

from pipelines.contracts import NumberFormat
from pipelines.errors import AlmanacError
from pipelines.ingest.casting.cast_sql import STANDARD_NULLS
from pipelines.ingest.casting.currency_marks import MARK, shared_currency
from pipelines.ingest.casting.numbers import number_sql, plain_sql
from pipelines.ingest.proposals.column_values import ColumnSample
from pipelines.ingest.proposals.options import is_continental

NULLS = frozenset(word.casefold() for word in (*STANDARD_NULLS, "NA"))
POINT, COMMA = NumberFormat(), NumberFormat(thousands=".", decimal=",")
MARKS = {".": POINT, ",": COMMA}
_MARK = re.compile(rf"(?<![A-Za-z]){MARK}(?![A-Za-z])")
_OPEN = {".": re.compile(r"-?[1-9]\d{0,2}\.\d{3}"), ",": re.compile(r"-?[1-9]\d{0,2},\d{3}")}
JUMP = 30.0  # a decimal reading that makes a series span this many times more than the reading in thousands is wrong


def amounts_of(
    path: str, name: str, texts: pl.Series, decimal: str | None, delimiter: str
) -> tuple[pl.Series, list[str]]:
    """Numbers in double precision, NULL where a cell is empty or a null word, and notes. texts: trimmed.

    decimal: the mark that the user names. Raises AlmanacError for a cell that is no number, for several currencies, and
    where the file leaves open what a mark before three digits is.
    """
    words = {text: text.casefold() in NULLS for text in texts.unique().to_list() if text}
    is_null = texts.replace_strict(words, default=True, return_dtype=pl.Boolean)
    cells = pl.select(pl.when(~is_null).then(texts)).to_series()
    counts = texts.filter(is_null & (texts.fill_null("") != "")).value_counts(sort=True)
    notes = [f"{name}: {count:,} cells are {word!r}: gaps" for word, count in counts.rows()]
    distinct = cells.unique().drop_nulls().sort()
    _refuse_currencies(path, name, distinct)
    form, remark = _format(path, name, distinct, decimal, delimiter)
    numbers = _numbers(cells, form)
    unread = cells.filter(numbers.is_null() & cells.is_not_null())
    if len(unread):
        raise AlmanacError(f"{path}: {len(unread):,} cells of {name} are no number, the first is {unread[0]!r}")
    return numbers, notes + remark


def as_numbers(texts: pl.Series) -> pl.Series:
    """Numbers as people write them (1,234.50, 1.234,50, 1.2万, €): double precision, NULL where a cell is none."""
    trimmed = texts.cast(pl.String).str.strip_chars().replace("", None)
    return _numbers(trimmed, COMMA if is_continental([ColumnSample.of(trimmed)]) else POINT)


def _numbers(texts: pl.Series, form: NumberFormat) -> pl.Series:
    """Plain numbers with all their digits, other notations to eight decimals."""
    with duckdb.connect() as connection:
        connection.register("cells", pl.DataFrame({"cell": texts.cast(pl.String)}).to_arrow())
        plain, careful = plain_sql("cell", form, "double"), number_sql("cell", form, "double")
        number = f"coalesce({plain}, {careful})" if plain else careful
        return connection.execute(f"select {number} as number from cells").pl()["number"]


def _refuse_currencies(path: str, name: str, texts: pl.Series) -> None:
    examples: dict[str, str] = {}
    for text in texts.to_list():
        for mark in _MARK.findall(text):
            examples.setdefault(mark, text)
    if len(examples) > 1 and not shared_currency(examples):
        shown = " and ".join(repr(text) for text in list(examples.values())[:3])
        raise AlmanacError(
            f"{path}: {name} holds amounts of several currencies ({shown}): convert them, or split the file"
        )


def _format(
    path: str, name: str, texts: pl.Series, decimal: str | None, delimiter: str
) -> tuple[NumberFormat, list[str]]:
    """The notation of distinct cells: as the user says, as the cells show, or by what makes them one series."""
    if decimal:
        return MARKS[decimal], []
    cells = texts.to_list()
    usual = COMMA if is_continental([ColumnSample(tuple(cells))]) else POINT
    mark = _open_mark(cells, delimiter)
    if mark is None:
        return usual, []
    example = next(cell for cell in cells if mark in cell)
    grouped = COMMA if mark == "." else POINT
    spans = {str(form.decimal): _span(_numbers(texts, form)) for form in (POINT, COMMA)}
    if spans[mark] > JUMP * spans[grouped.decimal]:
        return grouped, [f"{name}: the {mark!r} of {example!r} groups thousands, as the other cells show"]
    raise AlmanacError(
        f"{path}: {name}: is {example!r} {example.replace(mark, '')}, or a number with three decimals? "
        "Say it with --decimal , or --decimal ."
    )


def _open_mark(cells: list[str], delimiter: str) -> str | None:
    """The mark that stands before exactly three digits in every cell that has one, and so may group them.

    A comma is the mark of thousands, unless a file whose cells are apart by semicolons is from where it is not.
    """
    for mark in (".", ",") if delimiter == ";" else "." if delimiter else "":
        marked = [cell for cell in cells if mark in cell]
        if marked and all(_OPEN[mark].fullmatch(cell) for cell in marked):
            return mark
    return None


def _span(numbers: pl.Series) -> float:
    """Largest over smallest absolute value other than 0."""
    sizes = numbers.abs().filter(numbers != 0).to_numpy()
    return float(sizes.max() / sizes.min()) if len(sizes) else 1.0
