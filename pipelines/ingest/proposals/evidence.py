"""What values say about a column that its header leaves open: keys, documents, sums, the order of events.

Each function adds guesses for columns that no header names, or moves one that the values contradict. Shares are of all
rows of the file.
"""

from collections.abc import Mapping

import polars as pl

from pipelines.contracts import CanonicalObject
from pipelines.ingest.proposals.guess import Guess
from pipelines.ingest.proposals.header_patterns import compiled, patterns
from pipelines.ingest.proposals.headers import aliases, entity_words, exact_similarities, forms, unmapped_headers
from pipelines.ingest.proposals.sums import AGREE, BY_VALUES, MANY, Guesses, Samples, with_amounts

LIKELY = 0.8  # proposed with its confidence
OPEN = 0.75  # asked about
SHARED_ROWS = 0.9  # of distinct numbers to rows: below it, rows share their document's number
DOCUMENTS = ("order_id", "invoice_id")
# As strptime reads them whole; a column that two of them read stays open.
DAYS = ["%Y-%m-%d", "%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y"]
DAYS += ["%b-%d-%y", "%d-%b-%Y", "%d %b %Y"]


def with_evidence(
    frame: pl.DataFrame, samples: Samples, item: CanonicalObject, guesses: Guesses, keys: Mapping[str, frozenset[str]]
) -> Guesses:
    """The guesses by header, with those that the values add. keys: of objects in known files, by key column."""
    guesses = _joins(samples, item, guesses, keys)
    guesses = with_amounts(frame, samples, item, guesses)
    guesses = _document(frame, samples, item, guesses)
    guesses = _without_totals(frame, item, guesses)
    guesses = _line_number(frame, item, guesses)
    guesses = _only_price(samples, item, guesses)
    guesses = _key(frame, samples, item, guesses)
    return _first_event(frame, samples, item, guesses)


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
                return {h: g for h, g in guesses.items() if h != name} | {name: Guess(name, wanted, LIKELY)}
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
    document = next(
        (h for h, guess in guesses.items() if guess.column in DOCUMENTS and guess.column in item.columns), ""
    )
    if not document or item.key_column != "line_id":
        return guesses
    heads = set(head_columns(frame, document))
    return {
        h: g for h, g in guesses.items() if not (h in heads and item.columns[g.column].type in ("decimal", "share"))
    }


def _line_number(frame: pl.DataFrame, item: CanonicalObject, guesses: Guesses) -> Guesses:
    """The number of a line where no header names it: it counts the rows of each document, by ones or by tens."""
    by_column = {guess.column: header for header, guess in guesses.items() if guess.confidence >= LIKELY}
    document = next((by_column[name] for name in DOCUMENTS if name in by_column), "")
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
    return compiled(patterns()["price_words"]).search(header) is not None


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
        is_id |= name == frame.columns[0] and key != "line_id" and sample.date_share < 1
        if taken and (taken.confidence >= BY_VALUES or not taken.column.endswith("_id")):
            continue
        if is_id and sample.is_coded and sample.is_unique and not _names_other_id(name, item):
            kept = {header: guess for header, guess in guesses.items() if header != name}
            return {name: Guess(name, key, LIKELY), **kept}
    return guesses


def _names_other_id(header: str, item: CanonicalObject) -> bool:
    """Whether the header is the name of another record's id: an order number is no line's, however unique."""
    named = exact_similarities(header, aliases(item.name), entity_words()[item.name])
    return any(column.endswith("_id") and column != item.key_column for column in named)


def _first_event(frame: pl.DataFrame, samples: Samples, item: CanonicalObject, guesses: Guesses) -> Guesses:
    """The day of a document where no header names it: of its days the one that comes first on nearly every row.

    Of a file with one column of days it is asked whether that is the document's.
    """
    wanted = next((name for name in ("ordered_on", "invoiced_on") if name in item.columns), "")
    if not wanted or wanted in {guess.column for guess in guesses.values()}:
        return guesses
    read = {name: _days(frame[name]) for name, sample in samples.items() if sample.date_share == 1}
    days = {name: values for name, values in read.items() if values is not None}
    if not days or (len(days) == 1 and len(read) > 1):
        return guesses
    table = pl.DataFrame(days).with_columns(pl.min_horizontal(pl.all()).alias("~first"))
    first = {name: float((table[name] == table["~first"]).mean() or 0) for name in days}  # type: ignore[arg-type]
    best = max(first, key=lambda name: first[name])
    if first[best] < AGREE or (best in guesses and guesses[best].confidence >= BY_VALUES):
        return guesses
    is_known_otherwise = unmapped_headers() & {form for form, _ in forms(best)}
    return guesses if is_known_otherwise else {**guesses, best: Guess(best, wanted, LIKELY if len(days) > 1 else OPEN)}


def _days(values: pl.Series) -> pl.Series | None:
    """A column of days, None where it is none or where days and months cannot be told apart."""
    texts = values.str.strip_chars().replace("", None).str.replace(r"^(\S*\d{2,4})[ T]\d{1,2}:.*$", "$1")
    if len(texts.drop_nulls()) <= MANY:
        return None
    read = [texts.str.to_date(form, strict=False) for form in DAYS]
    whole = [days for days in read if days.null_count() == texts.null_count()]
    return whole[0] if len(whole) == 1 else None
