"""What a header means: its words without dress, and how like they are to the words a column is known under.

Words come from `header_aliases.yml` (columns), `entity_words.yml` (what one row is called) and the contracts at hand.
"""

import difflib
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

from pipelines.contracts import SourceContract, canonical_objects
from pipelines.ingest.formats.source import folded
from pipelines.ingest.proposals.header_patterns import shapes

ALIASES = Path(__file__).with_name("header_aliases.yml")
ENTITIES = Path(__file__).with_name("entity_words.yml")
CONTAINED, HEAD_NOUN, TYPO = 0.6, 0.06, 0.88
LAST_RANK, SQUEEZED = 20, 10
_BRACKETS = r"[(（\[【].*?[)）\]】]"
_UNIT = re.compile(
    r"(?i)\s*(单位[:：])?(万|亿|千)?(元|台|个|套|件|天|人|%|％|stk|pcs|usd|eur|cny|rmb|min|kg|[$€￥])?\s*"
)
_CJK = re.compile(r"[\u3400-\u9fff]")

Words = dict[str, int]
Aliases = dict[str, Words]


@cache
def plain(header: str) -> str:
    """`OpportunityId`, `Opportunity ID`, `opportunity_id__c` and `Opportunity-ID*` are the same words."""
    text = header
    for dress in shapes()["dress"]:
        text = re.sub(dress, "", text)
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    text = re.sub(r"^\W*\d+\s*[、.．)）]\s*", "", folded(text))
    return " ".join(re.findall(r"[^\W_]+", text))


@cache
def forms(header: str) -> tuple[tuple[str, float], ...]:
    """The header as words, each form with what it costs in sureness: whole; `金额(原币)` as 原币金额; brackets dropped
    (free of charge where they hold a unit); `Deal - ` or `Address 1:` taken off.
    """
    inside = [found[1:-1] for found in re.findall(_BRACKETS, header)]
    bare = re.sub(_BRACKETS, " ", header)
    turned = " ".join([*inside, bare])
    parts = {header: 0.0, turned.replace(" ", "") if _CJK.search(turned) else turned: 0.01}
    parts |= {bare: 0.02 if all(map(_UNIT.fullmatch, inside)) else 0.07}
    parts |= dict.fromkeys(re.split(r"\s[-–]\s|[:：]\s", bare, maxsplit=1)[1:], 0.03)
    found: dict[str, float] = {}
    for part, price in parts.items():
        if words := plain(part):
            found.setdefault(words, price)
    for words, price in list(found.items()):
        found.setdefault(" ".join(abbreviations().get(word, word) for word in words.split()), price + 0.04)
    return tuple(found.items())


@cache
def _aliases_file() -> dict[str, Any]:
    return dict(yaml.safe_load(ALIASES.read_text(encoding="utf-8")))


def abbreviations() -> dict[str, str]:
    """`ord num` is order number."""
    found: dict[str, str] = _aliases_file()["abbreviations"]
    return found


def without_prefix(headers: list[str]) -> dict[str, str]:
    """Each header without the word that most of them begin with: the short name of a table, as in `sls_ord_num`."""
    words, prefix = {header: plain(header).split(" ", 1) for header in headers}, _prefix(headers)
    if not prefix:
        return {header: header for header in headers}
    return {header: parts[1] if parts[0] == prefix and len(parts) > 1 else header for header, parts in words.items()}


def common_prefix(headers: list[str]) -> str:
    """The same word in full, which often is what the rows are: `cst_` stands before what is known of a customer."""
    prefix = _prefix(headers)
    return abbreviations().get(prefix, prefix)


def _prefix(headers: list[str]) -> str:
    words = [plain(header).split(" ", 1) for header in headers]
    firsts = [parts[0] for parts in words if len(parts) > 1 and len(parts[0]) > 1]
    prefix = max(sorted(set(firsts)), key=firsts.count, default="")
    is_common = len(headers) >= 3 and firsts.count(prefix) > 0.6 * len(headers)
    return prefix if is_common and "." not in "".join(headers) else ""


@cache
def entity_words() -> dict[str, frozenset[str]]:
    """What one row of a canonical object is called, by object."""
    listed = yaml.safe_load(ENTITIES.read_text(encoding="utf-8"))
    return {name: frozenset(plain(str(word)) for word in words) for name, words in listed.items()}


def aliases(name: str, contracts: Iterable[SourceContract] = ()) -> Aliases:
    """Canonical column to the words it is known under, the likeliest first; with those of contracts for the object."""
    known = {column: dict(words) for column, words in _listed(name).items()}
    for contract in (item for system in contracts for item in system.objects if item.object == name):
        for column, declared in contract.columns.items():
            # `is_deep_contact: {from: Type, true_words: [visit]}` makes no word for deep contacts of `type`
            for word in map(plain, () if declared.true_words else declared.source):
                known[column].setdefault(word, 0)
    return known


@cache
def _listed(name: str) -> Aliases:
    """The column's own name, then the alias file: its words for the object before those for every object."""
    listed = _aliases_file()
    known: Aliases = {}
    for column in canonical_objects()[name].columns:
        own, general = ((listed.get(scope) or {}).get(column) or () for scope in (name, "*"))
        known[column] = {}
        for rank, word in enumerate(map(plain, map(str, (*own, column, *general)))):
            known[column].setdefault(word, min(rank, LAST_RANK))
            known[column].setdefault(word.replace(" ", ""), min(rank, LAST_RANK) + SQUEEZED)
    return known


def exact_likenesses(header: str, known: Aliases, entities: frozenset[str]) -> dict[str, float]:
    """Nearly 1 for each column of which the header is one of the words, the words for the row itself left out."""
    texts: dict[str, float] = {}
    for form, price in forms(header):
        bare, squeezed = without_entity(form, entities), _unsqueezed(form, entities)
        for text, extra in ((form, 0.0), (bare, 0.03), (_field(header, form), 0.03), (squeezed, 0.04)):
            texts.setdefault(text, price + extra)
            texts.setdefault(text.replace(" ", ""), price + extra + 0.01)
    return {
        column: max(1.0 - price - 0.001 * words[text] for text, price in texts.items() if text in words)
        for column, words in known.items()
        if not words.keys().isdisjoint(texts)
    }


def _unsqueezed(form: str, entities: frozenset[str]) -> str:
    """`dealname` is the name of a deal."""
    fitting = (entity for entity in entities if entity.isascii() and form.startswith(entity))
    return form.removeprefix(max(fitting, key=len, default="")).strip() or form


def _field(header: str, form: str) -> str:
    """The form without what a system puts before names in capitals: FDATE is a date."""
    found = re.match(shapes()["capital_prefix"], header)
    return form[found.end() :] if found else form


def near_likeness(header: str, words: Words) -> float:
    """How like a form of the header is to the likest of the words, below 0.95."""
    return max((_near(form, word) - price for form, price in forms(header) for word in words), default=0.0)


@cache
def known_but_unwanted() -> frozenset[str]:
    """Headers that everybody knows and no canonical column takes: an exchange rate beside an amount, a checksum."""
    return frozenset(plain(str(word)) for word in _aliases_file()["-"])


@lru_cache(maxsize=100_000)
def without_entity(form: str, entities: frozenset[str]) -> str:
    """`ticket status` is `status` where the rows are tickets; a header that is nothing but the entity stays."""
    for entity in sorted(entities, key=len, reverse=True):
        if form.startswith(entity) and form != entity:
            if _CJK.search(entity):
                return form.removeprefix(entity)
            if form.startswith(f"{entity} "):
                return form.removeprefix(f"{entity} ")
    return form


@lru_cache(maxsize=400_000)
def _near(form: str, word: str) -> float:
    """A word that stands in the header, best at its end where the head noun is, or one that is misspelt."""
    if _CJK.search(form) and _CJK.search(word):
        part, whole = sorted((form, word), key=len)
        if len(part) < 2 or part not in whole:
            return 0.0
        return CONTAINED + 0.3 * len(part) / len(whole) + HEAD_NOUN * whole.endswith(part) - 0.15 * (part == form)
    ours, theirs = form.split(), word.split()
    if set(ours) == set(theirs):
        return 0.93
    short, long = sorted((ours, theirs), key=len)
    if len(ours) == 1 and len(theirs) > 1:
        return 0.0  # `Name` may be the name of anything
    if len("".join(short)) > 2 and set(short) < set(long):
        return (
            CONTAINED
            + 0.3 * len(short) / len(long)
            + HEAD_NOUN * (long[-len(short) :] == short)
            - 0.15 * (short == ours)
        )
    if abs(len(form) - len(word)) <= 3 and form[:2] == word[:2] and len(form) > 4:
        ratio = difflib.SequenceMatcher(None, form, word).ratio()
        return ratio * TYPO if ratio >= TYPO else 0.0
    return 0.0
