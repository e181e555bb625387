"""Which canonical object a table is, which column each of its headers feeds, and how surely.

Evidence is the header (words in English, Chinese and German, technical names, the contracts at hand), the values (a
header that promises a date but holds none is not taken) and the file's name. What is not sure is written as a comment.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from pipelines.contracts import CanonicalObject, SourceContract, canonical_objects
from pipelines.home.settings import Settings
from pipelines.ingest.casting.code_lists import SEEDS, Vocabulary, load_vocabulary
from pipelines.ingest.proposals.column_values import ID, Looks, fits
from pipelines.ingest.proposals.header_patterns import compiled, shapes
from pipelines.ingest.proposals.headers import (
    Aliases,
    aliases,
    common_prefix,
    entity_words,
    exact_likenesses,
    forms,
    known_but_unwanted,
    near_likeness,
    plain,
    without_prefix,
)

SURE, PLAUSIBLE = 0.9, 0.6
OVER = ("won", "lost", "void")
NAMED = 4.0  # what a file's name weighs: as four columns do, for `contacts` have addresses as accounts do
LACKING = 0.8  # what a required column that is not found takes from an object; its key, found, gives 1
REFERENCE = 4.0  # what it takes from an object that its key stands beside another one: as much as a file's name gives
LIKELY = 4  # objects whose headers are looked at for words that are merely alike
# A header that is the key's by its name, but repeats, is rather a reference to another object.
REPEATED_KEY = 0.85
ID_AS_TEXT = 0.6


@dataclass(frozen=True)
class Guess:
    """One header's proposed column and how sure it is, 0 to 1. Two headers of one column are joined."""

    header: str
    column: str
    confidence: float


@dataclass(frozen=True)
class Evidence:
    """What is known before a file is looked at: vocabularies by kind, and contracts whose headers are words as well."""

    words: Mapping[str, Vocabulary]
    contracts: tuple[SourceContract, ...] = ()

    @classmethod
    def of(cls, settings: Settings, contracts: Iterable[SourceContract] = ()) -> "Evidence":
        """The evidence of a home: its policy's words for stages, statuses and currencies."""
        return cls({kind: load_vocabulary(settings, kind, "*") for kind in SEEDS}, tuple(contracts))


def best_object(
    frame: pl.DataFrame,
    evidence: Evidence,
    wanted: Sequence[str] | None = None,
    stem: str = "",
    *,
    is_part: bool = False,
) -> tuple[str, list[Guess]]:
    """The canonical object most of whose headers fit, and the guess per header that fits at all.

    wanted: objects to choose from, all by default. stem: the file's name, which often says what its rows are. is_part:
    what the object needs may stand elsewhere, so nothing is missed.
    """
    names = list(wanted or canonical_objects())
    looks = {header: Looks.of(frame[header]) for header in frame.columns}
    stem = f"{stem} {common_prefix(frame.columns)}"
    scored = {name: _weighed(looks, name, evidence, stem, is_near=False, is_part=is_part) for name in names}
    likely = sorted(names, key=lambda name: -scored[name][0])[:LIKELY]
    scored = {name: _weighed(looks, name, evidence, stem, is_near=True, is_part=is_part) for name in likely}
    best = max(scored, key=lambda name: scored[name][0])
    return best, scored[best][1]


def _weighed(
    looks: dict[str, Looks], name: str, evidence: Evidence, stem: str, *, is_near: bool, is_part: bool
) -> tuple[float, list[Guess]]:
    item = canonical_objects()[name]
    guesses = _guesses(looks, item, evidence, is_near=is_near)
    taken = {guess.column for guess in guesses}
    required = [column for column, canonical in item.columns.items() if canonical.required]
    lacking = 0 if is_part else LACKING * sum(column not in taken for column in required)
    fitting = sum(guess.confidence**4 for guess in guesses)  # a hundred headers that are merely alike prove nothing
    fitting -= REFERENCE * _is_referred_to(looks, item, guesses)
    return fitting - lacking + (item.key_column in taken) + _named(stem, entity_words()[name]), guesses


def _is_referred_to(looks: dict[str, Looks], item: CanonicalObject, guesses: list[Guess]) -> bool:
    """Whether the rows have an id of their own and the object's beside it: an `account_id` beside `id` is another's."""
    key = plain(item.key_column)
    own = {guess.header for guess in guesses if guess.column == item.key_column}
    return (
        bool(own) and not any(plain(header) == key for header in own) and any(plain(header) == key for header in looks)
    )


def _named(stem: str, words: frozenset[str]) -> float:
    """Weight of a file name that says the object; the longer the word, the more it says."""
    name = f" {plain(stem)} "
    said = [word for word in words if f" {word} " in name or (not word.isascii() and word in name)]
    return max((NAMED + len(word.encode()) / 20 for word in said), default=0.0)


def _guesses(looks: dict[str, Looks], item: CanonicalObject, evidence: Evidence, *, is_near: bool) -> list[Guess]:
    """At most one header per canonical column but for parts, the surest first; in the order of the file."""
    known = aliases(item.name, evidence.contracts)
    spoken = without_prefix(list(looks))
    candidates = [
        replace(guess, header=header)
        for header in looks
        for guess in _candidates(spoken[header], looks[header], item, known, evidence, is_near)
        if not _has_better_twin(header, guess.column, looks)
    ]
    taken: dict[str, Guess] = {}
    for column, parts in _parts(spoken, item).items():
        if not any(
            guess.column == column and guess.header not in parts and guess.confidence >= SURE for guess in candidates
        ):
            taken |= {part: Guess(part, column, SURE) for part in parts}
    columns = {guess.column for guess in taken.values()}
    for guess in sorted(candidates, key=lambda guess: -guess.confidence):
        if guess.header not in taken and guess.column not in columns:
            taken[guess.header] = guess
            columns.add(guess.column)
    taken |= _complements(candidates, taken, looks)
    taken |= _settled(taken, looks, item, evidence)
    return [taken[header] for header in looks if header in taken]


def _has_better_twin(header: str, column: str, looks: dict[str, Looks]) -> bool:
    """`stage` holds the option's key and `stage__r` its label: the label is wanted, but for ids."""
    label = shapes()["twins"]["label"]
    if column.endswith("_id"):
        return label in header and header.split(label)[0] in looks
    return f"{header}{label}" in looks


def _complements(candidates: list[Guess], taken: dict[str, Guess], looks: dict[str, Looks]) -> dict[str, Guess]:
    """Headers that mean the same as a taken one and are filled just where it is not: `Won time` and `Lost time`."""
    twins = shapes()["twins"]
    first = {guess.column: guess.header for guess in taken.values()}
    added: dict[str, Guess] = {}
    for guess in candidates:
        whole = first.get(guess.column, guess.header)
        rows = looks[guess.header].rows
        is_free = guess.header not in taken and whole != guess.header and guess.confidence >= SURE
        is_other = (
            guess.header == whole.removesuffix(twins["label"]) + twins["other"]
        )  # the free text of the choice "other"
        if is_free and rows and (is_other or not rows & looks[whole].rows):
            added.setdefault(guess.header, guess)
    return added


def _settled(
    taken: dict[str, Guess], looks: dict[str, Looks], item: CanonicalObject, evidence: Evidence
) -> dict[str, Guess]:
    """A close date that stands where a deal is won or lost, and nowhere else, is the day it was closed."""
    by_column = {guess.column: guess for guess in taken.values()}
    close, stage = by_column.get("expected_close_on"), by_column.get("stage") or by_column.get("status")
    if close is None or stage is None or "closed_on" in by_column or "closed_on" not in item.columns:
        return {}
    words = evidence.words["stages" if stage.column == "stage" else "statuses"]
    told = dict(zip(sorted(looks[stage.header].rows), looks[stage.header].texts, strict=True))
    over = {row for row, text in told.items() if words.code(text) in OVER}
    filled = looks[close.header].rows & told.keys()
    if over and len(told) > len(over) and filled == over:
        return {close.header: replace(close, column="closed_on")}
    return {}


def _candidates(
    header: str, seen: Looks, item: CanonicalObject, known: Aliases, evidence: Evidence, is_near: bool
) -> list[Guess]:
    """The columns a header can feed: those it is a word for, or, where it is none, those whose words are like it."""
    entities, said = entity_words()[item.name], {form for form, _ in forms(header)}
    likes = exact_likenesses(header, known, entities)
    if entities & said and seen.texts and seen.share(ID.match) > SURE and seen.distinct == 1:
        likes[item.key_column] = 0.99  # unique ids under the row's own name
    found = _fitting(header, likes, seen, item, evidence)
    if found or not is_near or known_but_unwanted() & said:
        return found
    nearly = {column: near_likeness(header, words) for column, words in known.items()}
    return _fitting(header, nearly, seen, item, evidence)


def _fitting(
    header: str, likes: dict[str, float], looks: Looks, item: CanonicalObject, evidence: Evidence
) -> list[Guess]:
    guesses = []
    for column, like in likes.items():
        if like >= PLAUSIBLE:
            fit = fits(looks, column, item.columns[column], evidence.words) * _as_key(looks, column, item)
            fit *= ID_AS_TEXT if _holds_ids(header) and _is_no_id(column, item) else 1
            guesses += [Guess(header, column, like * fit)] if like * fit >= PLAUSIBLE else []
    return guesses


def _holds_ids(header: str) -> bool:
    spoken = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header.strip())  # `AccountId`, but not `Paid`
    return bool(compiled(shapes()["id_endings"]).search(spoken))


def _is_no_id(column: str, item: CanonicalObject) -> bool:
    """A text that is read by people: no id, no key, and no word that is looked up."""
    canonical = item.columns[column]
    return canonical.type == "text" and not canonical.map and not column.endswith(("_id", "_number", "_by"))


def _as_key(looks: Looks, column: str, item: CanonicalObject) -> float:
    return REPEATED_KEY if column == item.key_column and looks.distinct < 0.7 else 1.0


def _parts(spoken: dict[str, str], item: CanonicalObject) -> dict[str, list[str]]:
    """Columns that the file keeps in parts, with the headers of all the parts."""
    found = {}
    for column, canonical in item.columns.items():
        ending = next((ending for ending in shapes()["parts"] if column.endswith(ending)), None)
        is_own = canonical.pii or column == item.key_column.replace("_id", "_name")
        if ending and (is_own or ending != "_name"):
            parts = [_first(spoken, words) for words in shapes()["parts"][ending]]
            if all(parts):
                found[column] = parts
    return found


def _first(spoken: dict[str, str], words: Iterable[str]) -> str:
    wanted = set(map(plain, words))
    return next((header for header, said in spoken.items() if wanted & {form for form, _ in forms(said)}), "")
