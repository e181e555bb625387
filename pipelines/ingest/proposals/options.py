"""Options that a column's values require in a contract: a unit, a format, a normaliser; and its unmapped words."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from pipelines.contracts import CanonicalColumn
from pipelines.ingest.casting.cast_sql import FALSE, TRUE
from pipelines.ingest.casting.code_lists import Vocabulary
from pipelines.ingest.casting.unit_words import stated_unit, unit_of
from pipelines.ingest.proposals.column_values import NUMBER, ColumnSample
from pipelines.ingest.proposals.header_patterns import patterns

_SLASHED = re.compile(r"^(\d{1,2})[/-](\d{1,2})[/-](\d{4})")
_CONTINENTAL = re.compile(r"^-?\d{1,3}(\.\d{3})*,\d+-?$|^-?\d+,\d{1,2}-?$|^-?\d{1,3}(\.\d{3}){2,}-?$")
_ENGLISH = re.compile(r"^-?\d{1,3}(,\d{3})+(\.|$)|^-?\d+\.\d{1,2}$|^-?\d+\.\d{4,}$")
_NOT_NUMERIC = re.compile(r"[^\d.,-]")  # currency and blanks, which do not tell the decimal mark
_MAGNITUDES = {"k": 1000, "m": 1_000_000, "b": 1_000_000_000}
_LETTER = re.compile(r"\d\s*([KkMmB])\s*(?:[A-Z]{3}|[€$£])?$")
SHOWN = 12  # words in a comment of the contract: as many as fit one line
# Formats that are read only if the contract names them.
FORMATS = (
    ("epoch_ms", r"\d{13}"), ("epoch_s", r"\d{10}"), ("excel_serial", r"[2-6]\d{4}(\.\d+)?"), ("%Y年", r"\d{4}年"),
    ("%d/%b/%y %H:%M", r"\d{1,2}/[A-Za-z]{3}/\d{2} \d{1,2}:\d{2}"), ("%d/%b/%Y", r"\d{1,2}/[A-Za-z]{3}/\d{4}"),
    ("%Y年%m月", r"\d{4}年\d{1,2}月"), ("%Y-%m", r"\d{4}-\d{2}"),
)  # fmt: skip


def column_options(
    column: CanonicalColumn, name: str, headers: list[str], samples: list[ColumnSample], titles: list[str] | None = None
) -> tuple[dict[str, object], list[str]]:
    """Options of the contract's column, and remarks for the reviewer. titles: texts above the table."""
    if column.type in ("decimal", "number"):
        return _number(headers[0], samples[0], stated_unit(titles or []) if "currency" in column.unit else None)
    if column.type == "share":
        above = any(_value(text) > 1 for text in samples[0].texts)
        return ({"scale": "percent"} if above else {}), []
    if column.type in ("date", "timestamp"):
        return _moment(samples[0], headers[0])
    if column.type == "boolean":
        return _boolean(samples[0])
    return _text(name, samples[0]) if not column.map else ({}, [])


def is_continental(numbers: Iterable[ColumnSample]) -> bool:
    """Whether the columns use the decimal comma: 1.234,50 for 1,234.50."""
    texts = [
        _NOT_NUMERIC.sub("", text).rstrip(".") for sample in numbers for text in sample.texts if NUMBER.match(text)
    ]
    return any(map(_CONTINENTAL.match, texts)) and not any(map(_ENGLISH.match, texts))


def word_mappings(column: CanonicalColumn, sample: ColumnSample, vocabularies: Mapping[str, Vocabulary]) -> list[str]:
    """Each word of a mapped column with its count and code; for an unmapped one the most similar and its similarity."""
    if not column.map:
        return []
    vocabulary, lines = vocabularies[column.map], []
    for word, count in Counter(sample.texts).most_common(SHOWN):
        code, nearest = vocabulary.code(word), vocabulary.nearest(word)
        guess = f"unmapped, perhaps {nearest[0]} ({nearest[1]:.0%} similar)" if nearest else "unmapped"
        lines.append(f"{word!r} ({count}) -> {code or guess}")
    return lines


def _number(header: str, sample: ColumnSample, stated: tuple[float, str] | None) -> tuple[dict[str, object], list[str]]:
    """The unit stated in the header, else in a title, with the words that state it."""
    unreadable = Counter(text for text in sample.texts if not NUMBER.match(text))
    hints = [f"no number: {', '.join(map(repr, list(unreadable)[:3]))}: null_words, or errors"] if unreadable else []
    if unit := unit_of(header):
        hints.insert(0, "the header states the unit")
    elif stated and sample.texts:
        unit = stated[0]
        hints.insert(0, f"the title states {stated[1]!r}: does it apply to this column?")
    options: dict[str, object] = {"unit": unit} if unit else {}
    if letters := sorted({match[1].upper() for text in sample.texts if (match := _LETTER.search(text))}):
        continental = {"thousands": ".", "decimal": ","} if is_continental([sample]) else {}
        magnitudes = {letter: _MAGNITUDES[letter.lower()] for letter in letters}
        options["number_format"] = {**continental, "magnitudes": magnitudes}
        hints.insert(0, "letters after the numbers: is this their meaning?")
    return options, hints


def _boolean(sample: ColumnSample) -> tuple[dict[str, object], list[str]]:
    unreadable = Counter(text for text in sample.texts if text.casefold() not in (*TRUE, *FALSE))
    if not unreadable:
        return {}, []
    return {"on_error": "empty"}, [f"set `true_words`, of {', '.join(map(repr, list(unreadable)[:4]))}"]


def _moment(sample: ColumnSample, header: str = "") -> tuple[dict[str, object], list[str]]:
    options, hints = _date_options(sample)
    if re.search(r"[(\[ ](UTC|GMT)[)\]]?$", header.strip()):
        return {**options, "timezone": "UTC"}, [*hints, "the header states the zone"]
    return options, hints


def _date_options(sample: ColumnSample) -> tuple[dict[str, object], list[str]]:
    texts = sample.texts
    for form, pattern in FORMATS:
        if texts and sum(bool(re.fullmatch(pattern, text)) for text in texts) > len(texts) / 2:
            return {"formats": [form]}, []
    pairs = [(int(match[1]), int(match[2])) for text in texts if (match := _SLASHED.match(text))]
    days_first, months_first = any(first > 12 for first, _ in pairs), any(second > 12 for _, second in pairs)
    if not pairs or days_first != months_first:
        return {}, []  # the reader detects the order as well, and rejects a later file that contradicts it
    return {}, ["day or month first? The file leaves it open: name the format in `formats`"]


def _text(name: str, sample: ColumnSample) -> tuple[dict[str, object], list[str]]:
    texts = sample.texts
    if name.endswith("_id") and texts:
        for id_format in patterns()["ids"]:
            if sample.share(re.compile(id_format["pattern"]).fullmatch) > id_format["share"]:
                return dict(id_format["options"]), []
        if any(";" in text for text in texts):
            return {"split": ";"}, ["the first of several"]
        if sample.share(lambda text: re.fullmatch(r"0\d{7,}", text)) > 0.8:
            return {}, ["padded with zeros: `normalise: strip_zeros` where other files write it without"]
    if name.endswith("_name") and any(" : " in text for text in texts):
        return {"normalise": "last_segment"}, []
    return {}, []


def _value(text: str) -> float:
    try:
        return float(text.rstrip("%％ ").replace(",", "."))
    except ValueError:
        return 0.0
