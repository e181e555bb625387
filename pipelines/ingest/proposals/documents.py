"""What the lines of a document share: its number, its day, its customer's name.

Belongs here: columns that are one cell per document. Amounts that lines share are `repeats.py`.
"""

import polars as pl

from pipelines.contracts import CanonicalObject
from pipelines.ingest.proposals.guess import CONFIDENT, Guess
from pipelines.ingest.proposals.header_patterns import compiled, patterns
from pipelines.ingest.proposals.headers import forms, unmapped_headers
from pipelines.ingest.proposals.number_columns import AGREE, BY_VALUES, MANY, Guesses, Samples
from pipelines.ingest.proposals.repeats import is_shared

OPEN = 0.75  # asked about
DOCUMENTS = ("order_id", "invoice_id")
# As strptime reads them whole; a column that two of them read stays open.
DAYS = ["%Y-%m-%d", "%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y"]
DAYS += ["%b-%d-%y", "%d-%b-%Y", "%d %b %Y"]


def document_of(item: CanonicalObject, guesses: Guesses, confidence: float = 0.0) -> str:
    """The header of the number that the rows' document has, that of its own kind before that of an order behind it."""
    known = {guess.column: header for header, guess in guesses.items() if guess.confidence >= confidence}
    names = sorted(DOCUMENTS, key=lambda name: not (name in item.columns and item.columns[name].required))
    return next((known[name] for name in names if name in known and name in item.columns), "")


def with_first_event(frame: pl.DataFrame, samples: Samples, item: CanonicalObject, guesses: Guesses) -> Guesses:
    """The day of a document where no header names it: of its days the one that comes first on nearly every row.

    Of a file with one column of days it is asked whether that is the document's, unless its lines share it.
    """
    wanted = next((name for name in ("ordered_on", "invoiced_on") if name in item.columns), "")
    if not wanted or wanted in {guess.column for guess in guesses.values() if guess.confidence >= CONFIDENT}:
        return guesses
    read = {name: _days(frame[name]) for name, sample in samples.items() if sample.date_share == 1}
    days = {name: values for name, values in read.items() if values is not None}
    document = document_of(item, guesses, CONFIDENT)
    shared = [name for name in days if document and is_shared(frame, document, name)]
    days = {name: days[name] for name in shared or days}
    if not days or (len(days) == 1 and len(read) > 1 and not shared):
        return guesses
    best, share = _earliest(days)
    if share < AGREE or (best in guesses and guesses[best].confidence >= BY_VALUES):
        return guesses
    if unmapped_headers() & {form for form, _ in forms(best)}:
        return guesses
    kept = {h: g for h, g in guesses.items() if g.column != wanted}
    return {**kept, best: Guess(best, wanted, CONFIDENT if len(days) > 1 or shared else OPEN)}


def _earliest(days: dict[str, pl.Series]) -> tuple[str, float]:
    """The column of days that is first on most rows, and the share of these."""
    table = pl.DataFrame(days).with_columns(pl.min_horizontal(pl.all()).alias("~first"))
    first = {name: float((table[name] == table["~first"]).mean() or 0) for name in days}  # type: ignore[arg-type]
    best = max(first, key=lambda name: first[name])
    return best, first[best]


def _days(values: pl.Series) -> pl.Series | None:
    """A column of days, None where it is none or where days and months cannot be told apart."""
    texts = values.str.strip_chars().replace("", None).str.replace(r"^(\S*\d{2,4})[ T]\d{1,2}:.*$", "$1")
    if len(texts.drop_nulls()) <= MANY:
        return None
    read = [texts.str.to_date(form, strict=False) for form in DAYS]
    whole = [days for days in read if days.null_count() == texts.null_count()]
    return whole[0] if len(whole) == 1 else None


def with_name_of_document(frame: pl.DataFrame, samples: Samples, item: CanonicalObject, guesses: Guesses) -> Guesses:
    """The customer under a header that is no more than `Name`: all lines of a document share it, as no product's."""
    by_column = {guess.column: header for header, guess in guesses.items() if guess.confidence >= CONFIDENT}
    document = document_of(item, guesses, CONFIDENT)
    named = [name for name in frame.columns if compiled(patterns()["bare_names"]).fullmatch(name.strip())]
    named = [name for name in named if name not in guesses or guesses[name].confidence < BY_VALUES]
    if not document or "account_name" not in item.columns or "account_name" in by_column or len(named) != 1:
        return guesses
    if not is_shared(frame, document, named[0]) or samples[named[0]].is_coded:
        return guesses
    kept = {h: g for h, g in guesses.items() if g.column != "account_name" and h != named[0]}
    return kept | {named[0]: Guess(named[0], "account_name", CONFIDENT)}
