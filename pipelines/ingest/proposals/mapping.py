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
from pipelines.ingest.proposals.documents import DOCUMENTS
from pipelines.ingest.proposals.doubts import (
    as_key,
    as_product,
    ends_as_key,
    holds_ids,
    is_money_for_share,
    is_name,
    is_no_id,
    is_other_amount,
    is_rate,
)
from pipelines.ingest.proposals.evidence import with_evidence
from pipelines.ingest.proposals.guess import SURE, Guess
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
from pipelines.ingest.proposals.object_choice import file_name_weight, of_headers, penalty, possible
from pipelines.ingest.proposals.shapes import with_shapes

PLAUSIBLE = 0.6
CLOSED_CODES = ("won", "lost", "void")
MISSING_PENALTY = 0.8  # deducted for each missing required column; the key column adds 1
SHORTLIST = 4  # objects whose headers are also compared by similar words
ID_AS_TEXT_FACTOR = 0.6  # numbers under a header of text are ids, seldom the text itself
OWN_WORD = 0.03  # more than the ranks of two names of one column differ
MOMENTS = ("date", "timestamp")
RATE_FACTOR = 0.6  # per cent under an amount's name


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
    names = names if wanted else possible(names, frame, samples)
    stem = f"{stem} {common_prefix(frame.columns)}"
    scored = {name: _score(samples, name, context, stem, is_near=False, is_part=is_part) for name in names}
    likely = sorted(names, key=lambda name: -scored[name][0])[:SHORTLIST]
    scored = {name: _score(samples, name, context, stem, is_near=True, is_part=is_part) for name in likely}
    best = of_headers(scored, max(scored, key=lambda name: scored[name][0]))
    by_header = {guess.header: guess for guess in scored[best][1]}
    by_header = with_evidence(frame, samples, canonical_objects()[best], by_header, context.keys)
    by_header = with_shapes(samples, canonical_objects()[best], by_header, context.vocabularies)
    return best, [by_header[header] for header in frame.columns if header in by_header]


def _score(
    samples: dict[str, ColumnSample], name: str, context: ProposalContext, stem: str, *, is_near: bool, is_part: bool
) -> tuple[float, list[Guess]]:
    item = canonical_objects()[name]
    guesses = _guesses(samples, item, context, is_near=is_near)
    assigned = {guess.column for guess in guesses}
    required = [column for column, canonical in item.columns.items() if canonical.required]
    missing = 0 if is_part else MISSING_PENALTY * sum(column not in assigned for column in required)
    total = sum(guess.confidence**4 for guess in guesses)  # a hundred weak similarities prove nothing
    total -= penalty(samples, item, guesses, stem)
    return total - missing + (item.key_column in assigned) + file_name_weight(stem, entity_words()[name]), guesses


def _guesses(
    samples: dict[str, ColumnSample], item: CanonicalObject, context: ProposalContext, *, is_near: bool
) -> list[Guess]:
    """At most one header per canonical column except for parts, the most confident; in the order of the file."""
    words_by_column = aliases(item.name, context.contracts)
    shortened = without_prefix(list(samples))
    candidates = [
        replace(guess, header=header)
        for header in samples
        for guess in _surest(header, shortened[header], samples[header], item, words_by_column, context)
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


def _surest(
    header: str, short: str, sample: ColumnSample, item: CanonicalObject, words: Aliases, context: ProposalContext
) -> list[Guess]:
    """The columns by the whole header or without its table's short name, whichever says it more surely.

    `Order Reference` beside `Order Date` is a name of its own, and not a reference.
    """
    texts = dict.fromkeys((header, short))
    guesses = [_candidates(text, sample, item, words, context, is_near=False) for text in texts]
    return max(guesses, key=lambda found: max((guess.confidence for guess in found), default=0.0))


def _names_document(guess: Guess, item: CanonicalObject) -> bool:
    """Whether a document's header says whose it is: of Order Number and Transaction ID the first is the order's."""
    return (
        guess.column in DOCUMENTS
        and guess.column != item.key_column
        and compiled(patterns()["document_words"][guess.column]).search(guess.header) is not None
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
    exact = _of_words(header, sample, item, words_by_column, exact)
    if entities & texts and sample.texts and sample.share(ID.match) > SURE and sample.is_unique:
        exact[item.key_column] = 0.99  # unique ids under the row's own name
    guesses = _fitting(header, exact, sample, item, context) or _of_moment(
        header, sample, item, words_by_column, context
    )
    if guesses or not is_near or unmapped_headers() & texts:
        return guesses
    near = {column: near_similarity(header, words) for column, words in words_by_column.items()}
    near = {name: value for name, value in near.items() if not is_other_amount(header, item, name)}
    return _fitting(header, near, sample, item, context)


def _of_words(
    header: str, sample: ColumnSample, item: CanonicalObject, words_by_column: Aliases, exact: dict[str, float]
) -> dict[str, float]:
    """The columns of a list's words under `Status Id`, where the values are the words and no ids."""
    bare = re.sub(r"(?i)[ _]*\b(?:id|code)$", "", header.strip())
    if exact or not bare or bare == header.strip() or not sample.texts or sample.share(ID.match) > PLAUSIBLE:
        return exact
    named = exact_similarities(bare, words_by_column, entity_words()[item.name])
    return {column: value - OWN_WORD for column, value in named.items() if item.columns[column].map}


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
        if similarity >= PLAUSIBLE and not (sample.is_email and is_name(column)):
            score = fit_score(sample, column, item.columns[column], context.vocabularies) * as_key(sample, column, item)
            score *= ID_AS_TEXT_FACTOR if holds_ids(header) and is_no_id(column, item) else 1
            score *= ID_AS_TEXT_FACTOR if item.columns[column].type == "decimal" and ends_as_key(header) else 1
            score *= RATE_FACTOR if item.columns[column].type == "decimal" and is_rate(header) else 1
            score *= RATE_FACTOR if is_money_for_share(header, column, item) else 1
            score *= as_product(sample, column, item)
            guesses += [Guess(header, column, similarity * score)] if similarity * score >= PLAUSIBLE else []
    return guesses


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
