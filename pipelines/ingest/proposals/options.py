"""What the values of a column ask a contract to say: a unit, a format, a normaliser, words nobody has mapped yet."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from pipelines.contracts import CanonicalColumn
from pipelines.ingest.casting.cast_sql import FALSE, TRUE
from pipelines.ingest.casting.code_lists import Vocabulary
from pipelines.ingest.proposals.column_values import NUMBER, Looks
from pipelines.ingest.proposals.header_patterns import shapes, stated_unit, unit_of

_SLASHED = re.compile(r"^(\d{1,2})[/-](\d{1,2})[/-](\d{4})")
_CONTINENTAL = re.compile(r"^-?\d{1,3}(\.\d{3})*,\d+-?$|^-?\d+,\d{1,2}-?$|^-?\d{1,3}(\.\d{3}){2,}-?$")
_ENGLISH = re.compile(r"^-?\d{1,3}(,\d{3})+(\.|$)|^-?\d+\.\d{1,2}$|^-?\d+\.\d{4,}$")
_BESIDE = re.compile(r"[^\d.,-]")  # a currency and blanks say nothing about the comma
_MAGNITUDES = {"k": 1000, "m": 1_000_000, "b": 1_000_000_000}
_LETTER = re.compile(r"\d\s*([KkMmB])\s*(?:[A-Z]{3}|[€$£])?$")
SHOWN = 12
# Shapes that a reader does not know unless it is told.
FORMATS = (
    ("epoch_ms", r"\d{13}"), ("epoch_s", r"\d{10}"), ("excel_serial", r"[2-6]\d{4}(\.\d+)?"), ("%Y年", r"\d{4}年"),
    ("%Y年%m月", r"\d{4}年\d{1,2}月"), ("%Y-%m", r"\d{4}-\d{2}"),
)  # fmt: skip


def column_options(
    column: CanonicalColumn, name: str, headers: list[str], looks: list[Looks], titles: list[str] | None = None
) -> tuple[dict[str, object], list[str]]:
    """Options of the contract's column, and remarks for who checks it. titles: what stands above the table."""
    if column.type in ("decimal", "number"):
        return _number(headers[0], looks[0], stated_unit(titles or []) if "currency" in column.unit else None)
    if column.type == "share":
        above = any(_value(text) > 1 for text in looks[0].texts)
        return ({"scale": "percent"} if above else {}), []
    if column.type in ("date", "timestamp"):
        return _moment(looks[0])
    if column.type == "boolean":
        return _boolean(looks[0])
    return _text(name, looks[0]) if not column.map else ({}, [])


def is_continental(numbers: Iterable[Looks]) -> bool:
    """Whether the columns write 1.234,50 for what others write as 1,234.50."""
    texts = [_BESIDE.sub("", text).rstrip(".") for look in numbers for text in look.texts if NUMBER.match(text)]
    return any(map(_CONTINENTAL.match, texts)) and not any(map(_ENGLISH.match, texts))


def words_found(column: CanonicalColumn, looks: Looks, words: Mapping[str, Vocabulary]) -> list[str]:
    """Each word of a mapped column with its count and code; for an unknown one the nearest, with how near it is."""
    if not column.map:
        return []
    vocabulary, lines = words[column.map], []
    for word, count in Counter(looks.texts).most_common(SHOWN):
        code, near = vocabulary.code(word), vocabulary.nearest(word)
        guess = f"unmapped, perhaps {near[0]} ({near[1]:.0%} alike)" if near else "unmapped"
        lines.append(f"{word!r} ({count}) -> {code or guess}")
    return lines


def _number(header: str, looks: Looks, stated: tuple[float, str] | None) -> tuple[dict[str, object], list[str]]:
    """The unit that the header says, else the one that a title says, always with the words that say it."""
    odd = Counter(text for text in looks.texts if not NUMBER.match(text))
    hints = [f"no number: {', '.join(map(repr, list(odd)[:3]))}: null_words, or faults"] if odd else []
    if unit := unit_of(header):
        hints.insert(0, "the header says the unit")
    elif stated and looks.texts:
        unit = stated[0]
        hints.insert(0, f"the title says {stated[1]!r}: holds for this column too?")
    options: dict[str, object] = {"unit": unit} if unit else {}
    if letters := sorted({found[1].upper() for text in looks.texts if (found := _LETTER.search(text))}):
        continental = {"thousands": ".", "decimal": ","} if is_continental([looks]) else {}
        meant = {letter: _MAGNITUDES[letter.lower()] for letter in letters}
        options["number_format"] = {**continental, "magnitudes": meant}
        hints.insert(0, "letters behind the numbers: is that what they mean?")
    return options, hints


def _boolean(looks: Looks) -> tuple[dict[str, object], list[str]]:
    odd = Counter(text for text in looks.texts if text.casefold() not in (*TRUE, *FALSE))
    if not odd:
        return {}, []
    return {"on_error": "empty"}, [f"say `true_words`, of {', '.join(map(repr, list(odd)[:4]))}"]


def _moment(looks: Looks) -> tuple[dict[str, object], list[str]]:
    texts = looks.texts
    for form, pattern in FORMATS:
        if texts and sum(bool(re.fullmatch(pattern, text)) for text in texts) > len(texts) / 2:
            return {"formats": [form]}, []
    pairs = [(int(found[1]), int(found[2])) for text in texts if (found := _SLASHED.match(text))]
    days_first, months_first = any(first > 12 for first, _ in pairs), any(second > 12 for _, second in pairs)
    if not pairs or days_first != months_first:
        return {}, []  # the reader finds the order out as well, and says so when a later file contradicts it
    return {}, ["day or month first? The file does not tell: name the format in `formats`"]


def _text(name: str, looks: Looks) -> tuple[dict[str, object], list[str]]:
    texts = looks.texts
    if name.endswith("_id") and texts:
        for known in shapes()["ids"]:
            if looks.share(re.compile(known["pattern"]).fullmatch) > known["share"]:
                return dict(known["options"]), []
        if any(";" in text for text in texts):
            return {"split": ";"}, ["the first of several"]
        if looks.share(lambda text: re.fullmatch(r"0\d{7,}", text)) > 0.8:
            return {}, ["padded with zeros: `normalise: strip_zeros` where other files write it without"]
    if name.endswith("_name") and any(" : " in text for text in texts):
        return {"normalise": "last_segment"}, []
    return {}, []


def _value(text: str) -> float:
    try:
        return float(text.rstrip("%％ ").replace(",", "."))
    except ValueError:
        return 0.0
