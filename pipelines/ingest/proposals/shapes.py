"""Columns whose values have one reading under any header: currencies, addresses of mail, stages, statuses.

Belongs here: single columns. What columns say together is `evidence.py`.
"""

from collections.abc import Callable, Mapping

from pipelines.contracts import CanonicalObject
from pipelines.ingest.casting.code_lists import Vocabulary
from pipelines.ingest.proposals.column_values import ColumnSample
from pipelines.ingest.proposals.guess import CONFIDENT, Guess
from pipelines.ingest.proposals.number_columns import Guesses, Samples, is_open

NEARLY_ALL = 0.95
MOST_WORDS = 15  # that a list of stages or statuses has; one word alone may mean anything
CODE_LENGTH = 3


def with_shapes(
    samples: Samples, item: CanonicalObject, guesses: Guesses, vocabularies: Mapping[str, Vocabulary]
) -> Guesses:
    """The guesses with columns that no header names and that one column only can be by its values."""
    taken = {guess.column for header, guess in guesses.items() if not is_open(header, guesses)}
    for column, is_shaped in _shapes(vocabularies).items():
        if column not in item.columns or column in taken:
            continue
        shaped = [header for header, sample in samples.items() if sample.texts and is_shaped(sample)]
        if len(shaped) == 1 and is_open(shaped[0], guesses):
            kept = {h: g for h, g in guesses.items() if g.column != column and h != shaped[0]}
            guesses = kept | {shaped[0]: Guess(shaped[0], column, CONFIDENT)}
    return guesses


def _shapes(vocabularies: Mapping[str, Vocabulary]) -> dict[str, Callable[[ColumnSample], bool]]:
    return {
        "currency": lambda sample: _is_currency(sample, vocabularies["currencies"]),
        "email": lambda sample: sample.is_email,
        "stage": lambda sample: _is_listed(sample, vocabularies["stages"]),
        "status": lambda sample: _is_listed(sample, vocabularies["statuses"]),
    }


def _is_currency(sample: ColumnSample, words: Vocabulary) -> bool:
    """Whether the cells are codes of currencies: three capitals each."""
    share = sample.share(lambda text: len(text) == CODE_LENGTH and text.isupper() and bool(words.code(text)))
    return share >= NEARLY_ALL


def _is_listed(sample: ColumnSample, words: Vocabulary) -> bool:
    """Whether nearly all cells are words of a list, and they are several."""
    return 1 < len(sample.values) <= MOST_WORDS and sample.share(words.code) >= NEARLY_ALL
