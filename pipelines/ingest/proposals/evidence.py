"""What values say about a column that its header leaves open: keys, documents, sums, the order of events.

Each function adds guesses for columns that no header names, or moves one that the values contradict. Shares are of all
rows of the file.
"""

from collections.abc import Mapping

import polars as pl

from pipelines.contracts import CanonicalObject
from pipelines.ingest.proposals.documents import (
    DOCUMENTS,
    document_of,
    with_first_event,
    with_name_of_document,
)
from pipelines.ingest.proposals.guess import CONFIDENT, Guess
from pipelines.ingest.proposals.header_patterns import compiled, patterns
from pipelines.ingest.proposals.headers import aliases, entity_words, exact_similarities
from pipelines.ingest.proposals.number_columns import AGREE, BY_VALUES, MANY, Guesses, Samples, plain_numbers
from pipelines.ingest.proposals.repeats import (
    document_totals,
    doubted,
    with_price_of_many,
    without_totals_of,
)
from pipelines.ingest.proposals.sums import with_amounts

MOSTLY_DISTINCT = 0.7
SHARED_ROWS = 0.9  # of distinct numbers to rows: below it, rows share their document's number


def with_evidence(
    frame: pl.DataFrame, samples: Samples, item: CanonicalObject, guesses: Guesses, keys: Mapping[str, frozenset[str]]
) -> Guesses:
    """The guesses by header, with those that the values add. keys: of objects in known files, by key column."""
    guesses = _joins(samples, item, guesses, keys)
    guesses = _document(frame, samples, item, guesses)
    guesses = _without_totals(frame, item, guesses)
    guesses = _with_amounts(frame, samples, item, guesses)
    guesses = _line_number(frame, item, guesses)
    guesses = _only_price(samples, item, guesses)
    guesses = _key(frame, samples, item, guesses)
    guesses = _described(samples, item, guesses)
    guesses = with_name_of_document(frame, samples, item, guesses)
    return with_first_event(frame, samples, item, guesses)


def _joins(samples: Samples, item: CanonicalObject, guesses: Guesses, keys: Mapping[str, frozenset[str]]) -> Guesses:
    """References by what they join to: ids that are all keys of one kind of record in another file, and of no other."""
    columns = {column for column in keys if column in item.columns and column != item.key_column}
    for name, sample in samples.items():
        taken = guesses.get(name)
        if not sample.is_coded or len(sample.values) < MANY or (taken and taken.confidence >= BY_VALUES):
            continue
        held = [column for column in keys if len(sample.values & keys[column]) >= AGREE * len(sample.values)]
        assigned = {
            guess.column for header, guess in guesses.items() if header != name and guess.confidence >= BY_VALUES
        }
        if len(held) == 1 and held[0] in columns - assigned:
            guesses = {h: g for h, g in guesses.items() if g.column != held[0] and h != name}
            guesses[name] = Guess(name, held[0], BY_VALUES)
    return guesses


def _document(frame: pl.DataFrame, samples: Samples, item: CanonicalObject, guesses: Guesses) -> Guesses:
    """The number of a line's document where no header names it: codes that rows share, written once or on each row."""
    wanted = next((name for name in DOCUMENTS if name in item.columns and item.columns[name].required), "")
    if not wanted or any(guess.column == wanted for guess in guesses.values()):
        return guesses
    for name, sample in samples.items():
        is_free = name not in guesses or guesses[name].column in ("product_name", "account_name")
        if is_free and sample.is_coded and sample.date_share != 1:
            runs = frame[name].str.strip_chars().replace("", None).forward_fill()
            if _is_grouping(runs):
                return {h: g for h, g in guesses.items() if h != name} | {name: Guess(name, wanted, CONFIDENT)}
    return guesses


def head_columns(frame: pl.DataFrame, document: str) -> list[str]:
    """Columns that are filled on the first row of each document only, where the document's number is on all rows."""
    numbers = frame[document].str.strip_chars().replace("", None)
    if numbers.null_count() or not _is_grouping(numbers):
        return []
    is_first = (numbers != numbers.shift(1)).fill_null(True)
    filled = {
        name: frame[name].str.strip_chars().replace("", None).is_not_null()
        for name in frame.columns
        if name != document
    }
    return [name for name, cells in filled.items() if (cells & is_first).any() and not (cells & ~is_first).any()]


def _without_totals(frame: pl.DataFrame, item: CanonicalObject, guesses: Guesses) -> Guesses:
    """The guesses without amounts of a document that stand on its first line only: no amount of a line."""
    document = document_of(item, guesses)
    if not document or item.key_column != "line_id":
        return guesses
    heads = set(head_columns(frame, document))
    return {
        h: g for h, g in guesses.items() if not (h in heads and item.columns[g.column].type in ("decimal", "share"))
    }


def _with_amounts(frame: pl.DataFrame, samples: Samples, item: CanonicalObject, guesses: Guesses) -> Guesses:
    """The amounts by what repeats and by equations; of lines without the totals that they share with their document."""
    numbers = plain_numbers(frame, samples)
    document = document_of(item, guesses)
    if document and item.key_column == "line_id":
        totals = document_totals(frame, document, {name: n for name, n in numbers.items() if name != document})
        guesses = without_totals_of(guesses, totals)
        numbers = {name: values for name, values in numbers.items() if name not in totals}
        guesses = with_price_of_many(frame, numbers, item, guesses)
        guesses = doubted(frame, document, numbers, guesses)
    return with_amounts(numbers, item, guesses)


def _line_number(frame: pl.DataFrame, item: CanonicalObject, guesses: Guesses) -> Guesses:
    """The number of a line where no header names it: it counts the rows of each document, by ones or by tens."""
    by_column = {guess.column: header for header, guess in guesses.items() if guess.confidence >= CONFIDENT}
    document = document_of(item, guesses, CONFIDENT)
    if "line_number" not in item.columns or "line_number" in by_column or not document:
        return guesses
    if frame[document].n_unique() > SHARED_ROWS * frame.height:
        return guesses
    position = pl.int_range(pl.len()).over(document) + 1
    product = ("product_id", "product_name")  # `Item` may be either; numbers that count are no product
    for name in frame.columns:
        if name in guesses and guesses[name].confidence >= BY_VALUES and guesses[name].column not in product:
            continue
        number = pl.col(name).cast(pl.Int64, strict=False)
        step = frame.select(number.min()).item()
        if step and step > 0 and frame.select((number == position * step).mean()).item() >= AGREE:
            kept = {h: g for h, g in guesses.items() if h != name and g.column != "line_number"}
            return kept | {name: Guess(name, "line_number", BY_VALUES)}
    return guesses


def _only_price(samples: Samples, item: CanonicalObject, guesses: Guesses) -> Guesses:
    """The only price beside a quantity is that of one piece."""
    sure = {guess.column for guess in guesses.values() if guess.confidence >= BY_VALUES}
    if "unit_price" not in item.columns or "unit_price" in sure or "quantity" not in sure:
        return guesses
    priced = [name for name, s in samples.items() if s.texts and s.number_share == 1 and _names_price(name)]
    priced = [name for name in priced if name not in guesses or guesses[name].confidence < BY_VALUES]
    if len(priced) != 1:
        return guesses
    kept = {header: guess for header, guess in guesses.items() if guess.column != "unit_price"}
    return kept | {priced[0]: Guess(priced[0], "unit_price", BY_VALUES)}


def _names_price(header: str) -> bool:
    is_other = compiled(patterns()["other_amount"]).search(header) is not None
    return compiled(patterns()["price_words"]).search(header) is not None and not is_other


def _is_grouping(runs: pl.Series) -> bool:
    """Whether equal numbers stand together, several rows to some of them."""
    distinct = runs.n_unique()
    changes = int((runs != runs.shift(1)).sum() or 0) + 1
    return 1 < distinct < SHARED_ROWS * len(runs) and changes <= distinct + 1


def _key(frame: pl.DataFrame, samples: Samples, item: CanonicalObject, guesses: Guesses) -> Guesses:
    """The key where no header names it: the first column with an id of each row that is no reference to other rows.

    The first column of a list of records is its key under whatever name; that of lines may be their document's number.
    Lines each with a document of their own need no other id.
    """
    key = item.key_column
    if any(guess.column == key for guess in guesses.values()) or key not in item.columns:
        return guesses
    if key == "line_id" and any(guess.column in DOCUMENTS and samples[h].is_unique for h, guess in guesses.items()):
        return guesses
    for name, sample in samples.items():
        taken = guesses.get(name)
        is_id = compiled(patterns()["key_endings"]).search(name) is not None
        is_first = name == frame.columns[0] and key != "line_id" and sample.date_share < 1
        is_id |= is_first and not _counts_rows(frame[name])
        if taken and (taken.confidence >= BY_VALUES or not taken.column.endswith("_id")):
            continue
        if is_id and sample.is_coded and sample.is_unique and not _names_other_id(name, item, guesses):
            kept = {header: guess for header, guess in guesses.items() if header != name}
            return {name: Guess(name, key, CONFIDENT), **kept}
    return guesses


def _described(samples: Samples, item: CanonicalObject, guesses: Guesses) -> Guesses:
    """The name of a record under `Description`, where none is called its name and nearly each row has its own."""
    column = item.key_column.replace("_id", "_name")
    if column not in item.columns or any(guess.column == column for guess in guesses.values()):
        return guesses
    for name, sample in samples.items():
        is_described = compiled(patterns()["bare_descriptions"]).fullmatch(name.strip()) is not None
        if is_described and sample.texts and sample.distinct_share > MOSTLY_DISTINCT:
            return guesses | {name: Guess(name, column, CONFIDENT)}
    return guesses


def _counts_rows(values: pl.Series) -> bool:
    """Whether a column numbers the rows of this file: 1, 2, 3 under `#` are others in the next one."""
    numbers = values.str.strip_chars(" .").cast(pl.Int64, strict=False)
    return bool((numbers == pl.int_range(1, len(values) + 1, eager=True)).fill_null(False).all())


def _names_other_id(header: str, item: CanonicalObject, guesses: Guesses) -> bool:
    """Whether the header is the name of another record's id: an order number is no line's, however unique.

    Where another column is the document's number, a transaction's that no line shares is the line's.
    """
    named = exact_similarities(header, aliases(item.name), entity_words()[item.name])
    known = {guess.column for guess in guesses.values() if guess.confidence >= BY_VALUES} & set(DOCUMENTS)
    return any(column.endswith("_id") and column not in (item.key_column, *known) for column in named)
