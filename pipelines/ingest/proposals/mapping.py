"""Which canonical object a table is, which column each of its headers feeds, and with what confidence.

Evidence is the header (words in English, Chinese and German, technical names, existing contracts), the values (a date
column needs dates) and the file's name. What is not certain is written as a comment.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from pipelines.contracts import CanonicalObject, SourceContract, canonical_objects
from pipelines.home.settings import Settings
from pipelines.ingest.casting.code_lists import SEEDS, Vocabulary, load_vocabulary
from pipelines.ingest.proposals.column_values import ID, ColumnSample, fit_score
from pipelines.ingest.proposals.evidence import DOCUMENTS, with_evidence
from pipelines.ingest.proposals.guess import Guess
from pipelines.ingest.proposals.header_patterns import compiled, patterns
from pipelines.ingest.proposals.headers import (
    Aliases,
    aliases,
    common_prefix,
    entity_words,
    exact_similarities,
    forms,
    near_similarity,
    plain,
    unmapped_headers,
    without_prefix,
)

SURE, PLAUSIBLE = 0.9, 0.6
CLOSED_CODES = ("won", "lost", "void")
FILE_NAME_WEIGHT = 4.0  # as much as four columns: contacts have addresses as accounts do
MISSING_PENALTY = 0.8  # deducted for each missing required column; the key column adds 1
REFERENCE_PENALTY = 4.0  # deducted where the object's key is only a reference: as much as a file's name adds
SHORTLIST = 4  # objects whose headers are also compared by similar words
# A header with the key's name whose values repeat is likely a reference to another object.
REPEATED_KEY_FACTOR = 0.85
ID_AS_TEXT_FACTOR = 0.6  # numbers under a header of text are ids, seldom the text itself
MORE_HEADERS = 4  # by which one object must explain a file better than the one that the file is named after
OWN_WORD = 0.03  # more than the ranks of two names of one column differ
MOMENTS = ("date", "timestamp")
# A file of goods: at least two of these are named, and an object without any of them explains it badly.
GOODS = ("quantity", "unit_price", "product_id", "product_name")
MIN_GOODS = 2
GOODS_PENALTY = 8.0  # more than a file's name adds: shops call their sales receipts
PAYMENTS = ("receipts", "targets", "budgets")


@dataclass(frozen=True)
class ProposalContext:
    """What is known before a file is read: vocabularies by kind, and contracts, whose headers are known names too."""

    vocabularies: Mapping[str, Vocabulary]
    contracts: tuple[SourceContract, ...] = ()
    base_currency: str = ""
    keys: Mapping[str, frozenset[str]] = field(default_factory=dict)  # of records in files that are known, by column

    @classmethod
    def of(cls, settings: Settings, contracts: Iterable[SourceContract] = ()) -> "ProposalContext":
        """The context of a home: its policy's words for stages, statuses and currencies."""
        return cls(
            {kind: load_vocabulary(settings, kind, "*") for kind in SEEDS},
            tuple(contracts),
            settings.company.base_currency,
        )


def best_object(
    frame: pl.DataFrame,
    context: ProposalContext,
    wanted: Sequence[str] | None = None,
    stem: str = "",
    *,
    is_part: bool = False,
) -> tuple[str, list[Guess]]:
    """The canonical object with the highest score, and a guess per header that fits one of its columns.

    wanted: objects to choose from, all by default. stem: the file's name, which often names its rows. is_part: required
    columns may come from elsewhere, so missing ones are not deducted.
    """
    names = list(wanted or canonical_objects())
    samples = {header: ColumnSample.of(frame[header]) for header in frame.columns}
    stem = f"{stem} {common_prefix(frame.columns)}"
    scored = {name: _score(samples, name, context, stem, is_near=False, is_part=is_part) for name in names}
    likely = sorted(names, key=lambda name: -scored[name][0])[:SHORTLIST]
    scored = {name: _score(samples, name, context, stem, is_near=True, is_part=is_part) for name in likely}
    best = _of_headers(scored, max(scored, key=lambda name: scored[name][0]))
    by_header = {guess.header: guess for guess in scored[best][1]}
    by_header = with_evidence(frame, samples, canonical_objects()[best], by_header, context.keys)
    return best, [by_header[header] for header in frame.columns if header in by_header]


def _of_headers(scored: Mapping[str, tuple[float, list[Guess]]], best: str) -> str:
    """The best object, or the one that explains twice as many headers: a file may be named after something else."""
    sure = {name: sum(guess.confidence >= SURE for guess in guesses) for name, (_, guesses) in scored.items()}
    rival = max(sure, key=lambda name: (sure[name], scored[name][0]))
    return rival if sure[rival] >= max(2 * sure[best], sure[best] + MORE_HEADERS) else best


def _score(
    samples: dict[str, ColumnSample], name: str, context: ProposalContext, stem: str, *, is_near: bool, is_part: bool
) -> tuple[float, list[Guess]]:
    item = canonical_objects()[name]
    guesses = _guesses(samples, item, context, is_near=is_near)
    assigned = {guess.column for guess in guesses}
    required = [column for column, canonical in item.columns.items() if canonical.required]
    missing = 0 if is_part else MISSING_PENALTY * sum(column not in assigned for column in required)
    total = sum(guess.confidence**4 for guess in guesses)  # a hundred weak similarities prove nothing
    total -= REFERENCE_PENALTY * _is_referred_to(samples, item, guesses)
    total -= GOODS_PENALTY * (item.name in PAYMENTS and _names_goods(samples))
    return total - missing + (item.key_column in assigned) + _file_name_weight(stem, entity_words()[name]), guesses


def _is_referred_to(samples: dict[str, ColumnSample], item: CanonicalObject, guesses: list[Guess]) -> bool:
    """Whether the rows have another id than the object's key: with `id`, an `account_id` is a reference."""
    key = plain(item.key_column)
    own = {guess.header for guess in guesses if guess.column == item.key_column}
    return (
        bool(own)
        and not any(plain(header) == key for header in own)
        and any(plain(header) == key for header in samples)
    )


def _names_goods(samples: dict[str, ColumnSample]) -> bool:
    """Whether headers name quantities, prices or products of goods, as no list of payments does."""
    words, entities = aliases("order_lines"), entity_words()["order_lines"]
    named = {column for header in samples for column in exact_similarities(header, words, entities)}
    has_quantity = any(compiled(patterns()["quantity_words"]).search(header) for header in samples)
    return has_quantity and len(named.intersection(GOODS) | {"quantity"}) >= MIN_GOODS


def is_named_after(stem: str, name: str) -> bool:
    """Whether a file's name says what its rows are."""
    return _file_name_weight(stem, entity_words()[name]) > 0


def _file_name_weight(stem: str, words: frozenset[str]) -> float:
    """Weight of a file name that names the object; the longer the word, the higher."""
    name = f" {plain(stem)} "
    name += "".join(name.replace(*pair) for pair in (("ae", "ä"), ("oe", "ö"), ("ue", "ü")) if pair[0] in name)
    matches = [word for word in words if f" {word} " in name or (not word.isascii() and word in name)]
    return max((FILE_NAME_WEIGHT + len(word.encode()) / 20 for word in matches), default=0.0)


def _guesses(
    samples: dict[str, ColumnSample], item: CanonicalObject, context: ProposalContext, *, is_near: bool
) -> list[Guess]:
    """At most one header per canonical column except for parts, the most confident; in the order of the file."""
    words_by_column = aliases(item.name, context.contracts)
    shortened = without_prefix(list(samples))
    candidates = [
        replace(guess, header=header)
        for header in samples
        for guess in _candidates(shortened[header], samples[header], item, words_by_column, context, is_near=False)
        # `Order Reference` beside `Order Date` is a name of its own, and not the reference of an order.
        or _candidates(header, samples[header], item, words_by_column, context, is_near=False)
        or _candidates(shortened[header], samples[header], item, words_by_column, context, is_near)
        if not _has_label_column(header, guess.column, samples)
    ]
    assigned: dict[str, Guess] = {}
    for column, parts in _parts(shortened, item).items():
        if not any(
            guess.column == column and guess.header not in parts and guess.confidence >= SURE for guess in candidates
        ):
            assigned |= {part: Guess(part, column, SURE) for part in parts}
    columns = {guess.column for guess in assigned.values()}
    for guess in sorted(candidates, key=lambda guess: -guess.confidence - OWN_WORD * _names_document(guess, item)):
        if guess.header not in assigned and guess.column not in columns:
            assigned[guess.header] = guess
            columns.add(guess.column)
    assigned |= _complements(candidates, assigned, samples)
    assigned |= _closing_date(assigned, samples, item, context)
    return [assigned[header] for header in samples if header in assigned]


def _names_document(guess: Guess, item: CanonicalObject) -> bool:
    """Whether a document's header says whose it is: of Order Number and Transaction ID the first is the order's."""
    return (
        guess.column in DOCUMENTS
        and guess.column != item.key_column
        and guess.column.removesuffix("_id") in plain(guess.header).split()
    )


def _has_label_column(header: str, column: str, samples: dict[str, ColumnSample]) -> bool:
    """Whether another column has the label of this one: `stage__r` is preferred to `stage`, except for ids."""
    label = patterns()["option_suffixes"]["label"]
    if column.endswith("_id"):
        return label in header and header.split(label)[0] in samples
    return f"{header}{label}" in samples


def _complements(
    candidates: list[Guess], assigned: dict[str, Guess], samples: dict[str, ColumnSample]
) -> dict[str, Guess]:
    """Headers of the same meaning as an assigned one, filled only where it is not: `Won time` and `Lost time`."""
    suffixes = patterns()["option_suffixes"]
    first = {guess.column: guess.header for guess in assigned.values()}
    added: dict[str, Guess] = {}
    for guess in candidates:
        main = first.get(guess.column, guess.header)
        rows = samples[guess.header].rows
        is_unused = guess.header not in assigned and main != guess.header and guess.confidence >= SURE
        # the free text of the option "other"
        is_free_text = guess.header == main.removesuffix(suffixes["label"]) + suffixes["other"]
        if is_unused and rows and (is_free_text or not rows & samples[main].rows):
            added.setdefault(guess.header, guess)
    return added


def _closing_date(
    assigned: dict[str, Guess], samples: dict[str, ColumnSample], item: CanonicalObject, context: ProposalContext
) -> dict[str, Guess]:
    """A close date that is filled exactly for won, lost or void deals is the day on which they were closed."""
    by_column = {guess.column: guess for guess in assigned.values()}
    close, stage = by_column.get("expected_close_on"), by_column.get("stage") or by_column.get("status")
    if close is None or stage is None or "closed_on" in by_column or "closed_on" not in item.columns:
        return {}
    vocabulary = context.vocabularies["stages" if stage.column == "stage" else "statuses"]
    stage_by_row = dict(zip(sorted(samples[stage.header].rows), samples[stage.header].texts, strict=True))
    closed = {row for row, text in stage_by_row.items() if vocabulary.code(text) in CLOSED_CODES}
    filled = samples[close.header].rows & stage_by_row.keys()
    if closed and len(stage_by_row) > len(closed) and filled == closed:
        return {close.header: replace(close, column="closed_on")}
    return {}


def _candidates(
    header: str,
    sample: ColumnSample,
    item: CanonicalObject,
    words_by_column: Aliases,
    context: ProposalContext,
    is_near: bool,
) -> list[Guess]:
    """The columns that a header can feed: those with its name, otherwise those with a similar name."""
    entities, texts = entity_words()[item.name], {form for form, _ in forms(header)}
    exact = exact_similarities(header, words_by_column, entities)
    if entities & texts and sample.texts and sample.share(ID.match) > SURE and sample.is_unique:
        exact[item.key_column] = 0.99  # unique ids under the row's own name
    guesses = _fitting(header, exact, sample, item, context) or _of_moment(
        header, sample, item, words_by_column, context
    )
    if guesses or not is_near or unmapped_headers() & texts:
        return guesses
    near = {column: near_similarity(header, words) for column, words in words_by_column.items()}
    return _fitting(header, near, sample, item, context)


def _of_moment(
    header: str, sample: ColumnSample, item: CanonicalObject, words_by_column: Aliases, context: ProposalContext
) -> list[Guess]:
    """A column of dates is known without its last word: `Closed time` and `Closed at` are the day it was closed."""
    bare = compiled(patterns()["moment_words"]).sub("", header.strip())
    if not sample.texts or sample.date_share < SURE or bare == header or not bare:
        return []
    similarities = exact_similarities(bare, words_by_column, entity_words()[item.name])
    dated = {name: value - 0.04 for name, value in similarities.items() if item.columns[name].type in MOMENTS}
    return _fitting(header, dated, sample, item, context)


def _fitting(
    header: str, similarities: dict[str, float], sample: ColumnSample, item: CanonicalObject, context: ProposalContext
) -> list[Guess]:
    guesses = []
    for column, similarity in similarities.items():
        if similarity >= PLAUSIBLE and not (sample.is_email and _is_name(column)):
            score = fit_score(sample, column, item.columns[column], context.vocabularies) * _as_key(
                sample, column, item
            )
            score *= ID_AS_TEXT_FACTOR if _holds_ids(header) and _is_no_id(column, item) else 1
            score *= ID_AS_TEXT_FACTOR if item.columns[column].type == "decimal" and _ends_as_key(header) else 1
            guesses += [Guess(header, column, similarity * score)] if similarity * score >= PLAUSIBLE else []
    return guesses


def _is_name(column: str) -> bool:
    """Whether the column holds a name that is no address; some systems name their own people by address."""
    return column.endswith("_name") and column != "owner_name"


def _holds_ids(header: str) -> bool:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header.strip())  # `AccountId`, but not `Paid`
    return bool(compiled(patterns()["id_endings"]).search(words))


def _ends_as_key(header: str) -> bool:
    """Whether the header is that of a record's number, which is no amount."""
    return bool(compiled(patterns()["number_endings"]).search(header.strip())) and plain(header) != "number"


def _is_no_id(column: str, item: CanonicalObject) -> bool:
    """Whether the column is free text: no id, no key, no code list."""
    canonical = item.columns[column]
    return canonical.type == "text" and not canonical.map and not column.endswith(("_id", "_number", "_by"))


def _as_key(sample: ColumnSample, column: str, item: CanonicalObject) -> float:
    return REPEATED_KEY_FACTOR if column == item.key_column and sample.distinct_share < 0.7 else 1.0


def _parts(shortened: dict[str, str], item: CanonicalObject) -> dict[str, list[str]]:
    """Columns that the file splits into parts, with the headers of all parts."""
    parts_by_column = {}
    for column, canonical in item.columns.items():
        ending = next((ending for ending in patterns()["parts"] if column.endswith(ending)), None)
        is_own = canonical.pii or column == item.key_column.replace("_id", "_name")
        if ending and (is_own or ending != "_name"):
            parts = [_first(shortened, words) for words in patterns()["parts"][ending]]
            if all(parts):
                parts_by_column[column] = parts
    return parts_by_column


def _first(shortened: dict[str, str], words: Iterable[str]) -> str:
    wanted = set(map(plain, words))
    return next((header for header, short in shortened.items() if wanted & {form for form, _ in forms(short)}), "")
