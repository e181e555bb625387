"""The words of a header without affixes, and how similar they are to the known names of a canonical column.

Words come from `header_aliases.yml` (columns), `entity_words.yml` (what one row is called) and the contracts at hand.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from pipelines.contracts import SourceContract, canonical_objects
from pipelines.ingest.formats.source import folded
from pipelines.ingest.proposals.guess import ASKED
from pipelines.ingest.proposals.header_patterns import compiled, patterns
from pipelines.keys.company_name import simplified

ALIASES = Path(__file__).with_name("header_aliases.yml")
ENTITIES = Path(__file__).with_name("entity_words.yml")
CONTAINED, HEAD_NOUN, TYPO = 0.6, 0.06, 0.88
CJK_HEAD_NOUN = 0.12  # 商品单价 is a 单价: in Chinese the noun ends the name
REORDERED = 0.93
LAST_RANK, COMPOUND_RANK = 20, 10
SHORT = ("id", "no", "qty")  # of two letters
CONTRACT_RANK = LAST_RANK
MOST_PARTS = 4  # of a word that is written without separators
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
    for affix in patterns()["affixes"]:
        text = re.sub(affix, "", text)
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    text = re.sub(r"^\W*\d+\s*[、.．)）]\s*", "", folded(text))
    return " ".join(re.findall(r"[^\W_]+", text))


@cache
def forms(header: str) -> tuple[tuple[str, float], ...]:
    """Forms of the header as words, each with its deduction from the similarity: as it is; `金额(原币)` as 原币金额;
    without brackets (a small deduction where they hold a unit); without `Deal - ` or `Address 1:`.
    """
    inside = [text[1:-1] for text in re.findall(_BRACKETS, header)]
    bare = re.sub(_BRACKETS, " ", header)
    reordered = " ".join([*inside, bare])
    parts = {header: 0.0, reordered.replace(" ", "") if _CJK.search(reordered) else reordered: 0.01}
    parts |= {bare: 0.02 if all(map(_UNIT.fullmatch, inside)) else 0.07}
    parts |= dict.fromkeys(
        (without for unit in patterns()["units"] if (without := compiled(unit["pattern"]).sub(" ", bare)) != bare), 0.03
    )
    parts |= dict.fromkeys(re.split(r"\s[-–]\s|[:：]\s", bare, maxsplit=1)[1:], 0.03)
    either = re.split(r"\s+/\s+|\s+or\s+", bare)  # Company / Account; Order Lines/Product is a path
    parts |= dict.fromkeys(either if len(either) > 1 else (), 0.05)
    if compiled(patterns()["tax_words"]).search(bare):
        parts |= {re.sub(r"(?<![^\W\d_])\d+(?:[.,]\d+)?\s*%?", " ", bare): 0.03}  # MwSt_19
    rest = compiled(patterns()["leading_date"]).sub("", bare.strip())
    parts |= {f"{rest} date": 0.03} if rest != bare.strip() else {}
    deductions: dict[str, float] = {}
    for part, deduction in parts.items():
        if words := plain(part):
            deductions.setdefault(words, deduction)
    for words, deduction in list(deductions.items()):
        deductions.setdefault(" ".join(abbreviations().get(word, word) for word in words.split()), deduction + 0.04)
        deductions.setdefault(_split_words(words), deduction + 0.03)
        deductions.setdefault(without_accents(words), deduction + 0.01)
        deductions.setdefault(simplified([words])[0], deduction + 0.01)  # 商機編號 is 商机编号
        deductions.setdefault(_without_particles(words), deduction + 0.02)
        deductions.setdefault(re.sub(rf" (?:{'|'.join(patterns()['currency_codes'])})$", "", words), deduction + 0.02)
    return tuple(deductions.items())


@cache
def _aliases_file() -> dict[str, Any]:
    """The alias file with `order (date|time)` written out as two names."""
    listed: dict[str, Any] = yaml.safe_load(ALIASES.read_text(encoding="utf-8"))
    for scope, columns in listed.items():
        if isinstance(columns, list):
            listed[scope] = _written_out(columns)
        elif scope != "abbreviations":
            listed[scope] = {column: _written_out(names) for column, names in columns.items()}
    return listed


def _written_out(names: Iterable[object]) -> list[str]:
    return list(dict.fromkeys(name for listed in names for name in _alternatives(str(listed))))


def _alternatives(name: str) -> list[str]:
    """`(下单|成交)(时间|日期)` is four names; brackets without a bar are part of a name."""
    parts = re.split(r"\(([^()]*\|[^()]*)\)", name)
    choices = [part.split("|") if place % 2 else [part] for place, part in enumerate(parts)]
    return [" ".join("".join(chosen).split()) for chosen in product(*choices)]


@cache
def _known_words() -> frozenset[str]:
    """Every word of the alias files in Latin letters."""
    listed = _aliases_file()
    names = [word for scope in listed.values() if isinstance(scope, dict) for words in scope.values() for word in words]
    texts = [*names, *listed["-"], *(word for words in entity_words().values() for word in words)]
    words = {word for text in map(str, texts) for word in plain(text).split()}
    words |= set(patterns()["compound_words"])
    return frozenset(word for word in words if word.isascii() and word.isalpha() and (len(word) > 2 or word in SHORT))


@cache
def is_known(header: str) -> bool:
    """Whether a word of the header is one of the alias files, in any script."""
    listed = _aliases_file()
    names = [word for scope in listed.values() if isinstance(scope, dict) for words in scope.values() for word in words]
    return _has_known_word(plain(header), _all_words(tuple(map(str, names))))


@cache
def _all_words(names: tuple[str, ...]) -> frozenset[str]:
    texts = [*map(plain, names), *(word for words in entity_words().values() for word in words), *unmapped_headers()]
    words = {word for text in texts for word in text.split()}
    # In Chinese two letters are a word: 金额
    return frozenset(word for word in words if len(word) > 2 or word in SHORT or (len(word) > 1 and _CJK.search(word)))


def _has_known_word(words: str, known: frozenset[str]) -> bool:
    if _CJK.search(words):
        return any(word in words for word in known if _CJK.search(word))
    return any(word in known or abbreviations().get(word) for word in _split_words(words).split())


@cache
def _split_words(words: str) -> str:
    """`ordernumber` and `quantityordered` as the known words that they are written of; others as they are."""
    return " ".join(_split_one(word) for word in words.split())


def _split_one(word: str) -> str:
    """The fewest known words that make a long one; the word itself where there are none."""
    vocabulary = _known_words()
    if len(word) < 7 or word in vocabulary or not word.isascii() or not word.isalpha():
        return word
    best: list[list[str] | None] = [[]] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - 12), end):
            before, part = best[start], word[start:end]
            if (
                before is not None
                and part in vocabulary
                and (best[end] is None or len(before) + 1 < len(best[end] or ()))
            ):
                best[end] = [*before, part]
    found = best[-1]
    return " ".join(found) if found and 1 < len(found) <= MOST_PARTS else word


@cache
def without_accents(words: str) -> str:
    """`número` as people write it in a hurry; letters that are no Latin ones with a mark stay."""
    letters = (unicodedata.normalize("NFD", letter) for letter in words)
    return "".join(parts[0] if parts[0].isascii() else unicodedata.normalize("NFC", parts) for parts in letters)


@cache
def _without_particles(words: str) -> str:
    """`numéro d ordre` as `numero ordre`; names of one word stay, as do those that begin with such a word."""
    bare = " ".join(re.sub(patterns()["particles"], " ", without_accents(words)).split())
    return bare if " " in bare and bare.split()[0] == without_accents(words).split()[0] else words


def abbreviations() -> dict[str, str]:
    """`ord num` is order number."""
    words: dict[str, str] = _aliases_file()["abbreviations"]
    return words


def without_prefix(headers: list[str]) -> dict[str, str]:
    """Each header without the first word that most of them share: a table's short name, as in `sls_ord_num`."""
    words, prefix = {header: plain(header).split(" ", 1) for header in headers}, _prefix(headers)
    if not prefix:
        return {header: header for header in headers}
    return {header: parts[1] if parts[0] == prefix and len(parts) > 1 else header for header, parts in words.items()}


def common_prefix(headers: list[str]) -> str:
    """That word in full, which often names the rows: columns of customers begin with `cst_`."""
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
    """Canonical column to {known name: rank}, the likeliest first, with the headers of contracts for the object."""
    words_by_column = {column: dict(words) for column, words in _names_by_column(name).items()}
    for contract in (item for system in contracts for item in system.objects if item.object == name):
        for column, declared in contract.columns.items():
            # `is_deep_contact: {from: Type, true_words: [visit]}` does not make `type` a name of the column
            # Its later aliases are the names of one system's variants, and tell less than the words of the alias file.
            for rank, word in enumerate(map(plain, () if declared.true_words else declared.source)):
                words_by_column[column].setdefault(word, rank and CONTRACT_RANK + rank)
    return words_by_column


@cache
def _names_by_column(name: str) -> Aliases:
    """The column's own name, then the alias file: its words for the object before those for every object."""
    listed = _aliases_file()
    words_by_column: Aliases = {}
    for column in canonical_objects()[name].columns:
        own, general = ((listed.get(scope) or {}).get(column) or () for scope in (name, "*"))
        words_by_column[column] = {}
        for rank, word in enumerate(map(plain, map(str, (*own, column, *general)))):
            words_by_column[column].setdefault(word, min(rank, LAST_RANK))
            words_by_column[column].setdefault(without_accents(word), min(rank, LAST_RANK))
            words_by_column[column].setdefault(_without_particles(word), min(rank, LAST_RANK))
            words_by_column[column].setdefault(word.replace(" ", ""), min(rank, LAST_RANK) + COMPOUND_RANK)
    return words_by_column


def exact_similarities(header: str, words_by_column: Aliases, entities: frozenset[str]) -> dict[str, float]:
    """Nearly 1 for each column that has the header among its names, with or without the words for the row itself."""
    texts: dict[str, float] = {}
    for form, deduction in forms(header):
        bare, split = without_entity(form, entities), _split_compound(form, entities)
        for text, extra in ((form, 0.0), (bare, 0.03), (_without_capital_prefix(header, form), 0.03), (split, 0.04)):
            texts.setdefault(text, deduction + extra)
            texts.setdefault(text.replace(" ", ""), deduction + extra + 0.01)
    return {
        column: max(1.0 - deduction - 0.001 * words[text] for text, deduction in texts.items() if text in words)
        for column, words in words_by_column.items()
        if not words.keys().isdisjoint(texts)
    }


def _split_compound(form: str, entities: frozenset[str]) -> str:
    """`dealname` is the name of a deal."""
    fitting = (entity for entity in entities if entity.isascii() and form.startswith(entity))
    return form.removeprefix(max(fitting, key=len, default="")).strip() or form


def _without_capital_prefix(header: str, form: str) -> str:
    """The form without the prefix that a system adds to names in capitals: FDATE is a date."""
    match = re.match(patterns()["capital_prefix"], header)
    return form[match.end() :] if match else form


def near_similarity(header: str, words: Words) -> float:
    """Similarity of the header to the most similar of the words, below 0.95."""
    return max((_near(form, word) - deduction for form, deduction in forms(header) for word in words), default=0.0)


@cache
def unmapped_headers() -> frozenset[str]:
    """Common headers that no canonical column takes: the exchange rate of an amount, a checksum."""
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
    """Similarity of two names: the same words in another order, or at most what is asked about."""
    if not _CJK.search(form + word) and set(form.split()) == set(word.split()):
        return REORDERED
    return min(_contained(form, word), ASKED)


def _contained(form: str, word: str) -> float:
    """Similarity of a word contained in the header (higher at the end, where the head noun is) or misspelt in it."""
    if _CJK.search(form) and _CJK.search(word):
        part, longer = sorted((form, word), key=len)
        if len(part) < 2 or part not in longer or compiled(patterns()["kind_words"]).fullmatch(part):
            return 0.0
        is_head = longer.endswith(part) and part != form and not compiled(patterns()["other_kind"]).match(form)
        ending = CJK_HEAD_NOUN if is_head else HEAD_NOUN * longer.endswith(part)
        return CONTAINED + 0.3 * len(part) / len(longer) + ending - 0.15 * (part == form)
    ours, theirs = form.split(), word.split()
    short, long = sorted((ours, theirs), key=len)
    if len(short) == 1 and compiled(patterns()["kind_words"]).fullmatch(short[0]):
        return 0.0  # a code of something
    if len(ours) == 1 and len(theirs) > 1:
        return 0.0  # `Name` may be the name of anything
    if long[-1] == "by" and short[-1] != "by":
        return 0.0  # `Cancelled by` is a person
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
