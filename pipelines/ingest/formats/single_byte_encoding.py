"""Which one-byte encoding a file is in that is neither UTF-8 nor East Asian: shown by its letters, or asked.

Every byte is a letter of every one-byte encoding, so decoding proves nothing. Right is the reading that keeps to the
alphabet of one language, with no capital behind a small letter and no sign inside a word; where two do, it is asked.
"""

import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import yaml
from charset_normalizer import from_bytes

from pipelines.ingest.formats.source import FileRefusedError

ALPHABETS = Path(__file__).with_name("alphabets.yml")
# Encoding to the group of its languages. Of those that read a text alike the first is named.
_LATIN = {
    "cp1252": "western", "iso8859_15": "western", "cp1250": "central", "cp1254": "turkish", "cp1257": "baltic",
    "mac_roman": "western", "iso8859_2": "central", "cp850": "western",
}  # fmt: skip
_OTHER = {
    "cp1251": "cyrillic", "cp1253": "greek", "cp1255": "hebrew", "cp1256": "arabic", "cp874": "thai",
    "koi8_r": "cyrillic", "cp866": "cyrillic",
}  # fmt: skip
MIN_RUN_SHARE = 0.5  # of letters above 127 that stand in runs of three or more; in Latin words such runs are rare
MIN_HEBREW_LETTERS = 8  # as Cyrillic they would be small ones alone, and none of ы, ь, э, ю and я
MIN_LETTERS = 12  # fewer letters of another script than that prove none, where several scripts read them
SAMPLE_BYTES = 8 * 1024
_WORD = re.compile(r"[^\W\d_]+")
TOLERATED_LINES = 10  # that have a letter above 127, for one broken word: a slip decides nothing
_TYPOGRAPHY = set("’‘“”„‚–—…«»‹›·•€£¥¢¤°§†‡¶‰¦¬¹²³½¼¾®©™´¨¿¡×÷±µ№ªº\u00a0\u00ad\u200e\u200f")
_VOWELS = r"\u064b-\u0652\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"  # signs of Arabic and Thai that follow a letter
_MARK_FIRST = re.compile(rf"(?<![\w{_VOWELS}])[{_VOWELS}]")
# Apostrophes between letters are words' own; other signs above 127 are not, nor is a dash between small letters.
# Nor do signs of other encodings' letters begin a word, or end one: †bung is Übung on a Mac. Bars may part cells.
_SIGN = rf"(?:[^\w\s’‘´·–—×¦¬\u00ad\x00-\x7f{_VOWELS}]|[ªº¹²³])"
_INSIDE = re.compile(
    rf"[^\W\d_]{_SIGN}[^\W\d_]|[^\W\d_A-Z][–—][a-z]|[a-z][‚„†‡ˆ‰‹˜¢¤]|[†‡‰¤¶÷¢][A-Za-z]|[¥×][^\W\d_A-Z]|Ÿ[a-z]"
)
_NO_INITIAL = re.compile(r"(?<!\w)[à-ÿ]\.")  # initials are capitals
_FOOTNOTE = re.compile(r"[^\W\d_]{2}¹(?!\w)")  # or a Polish word that ends with ą
_MIXED = re.compile(r"[A-Za-z][\u0370-\u0e7f]|[\u0370-\u0e7f][A-Za-z]")  # a word is of one script
_ALONE = set("àÀâÂéÉèÈêòóÓöÖåÅôÔíÍúÚæÆýа-яА-Я")
# Italian ì and ù end a word; elsewhere they are Gaelic, of dialects, or Czech ě and ů in the wrong encoding.
_MISPLACED = re.compile(r"[ìùÌÙ](?=[^\W\d_])")
_TURKISH_OR_ICELANDIC, _ICELANDIC = set("ðþýÐÞÝ"), set("áéíóúæÁÉÍÓÚÆ")


def single_byte_encoding(data: bytes) -> str:
    """The encoding of a file. Raises FileRefusedError where it is open.

    data: from the first line on that has a byte above 127.
    """
    data = b"\n".join(line for line in data.splitlines() if not line.isascii())[:SAMPLE_BYTES]
    if not data:
        return "cp1252"
    runs = re.findall(rb"[\x80-\xff]+", data)
    share = sum(len(run) for run in runs if len(run) > 2) / sum(map(len, runs))
    latin, other = _readings(data, _LATIN), _readings(data, _OTHER) if share >= MIN_RUN_SHARE else {}
    return _other_script(data, latin, other) if other else _latin(data, latin)


def _readings(data: bytes, encodings: dict[str, str]) -> dict[str, str]:
    """The encodings under which the text keeps to one language, each with its text; alike texts only once."""
    texts: dict[str, str] = {}
    for name, group in encodings.items():
        text = _decoded(data, name)
        if _is_of_one_language(text, group, is_usual=name == "cp1252") and text not in texts.values():
            texts[name] = text
    return texts


def _is_of_one_language(text: str, group: str, *, is_usual: bool) -> bool:
    """is_usual: for cp1252, which signs alone and letters that stand alone speak for as well."""
    letters = _letters(text)
    small = {letter.lower() for letter in letters} - {"i̇"}
    is_latin = group in _LATIN.values()
    if _breaks(text) or (not is_latin and ("µ" in text or _MIXED.search(text))):
        return False
    if not is_usual and (not letters or _is_odd(text)):
        return False
    return any(small <= alphabet for alphabet in _alphabets()[group])


@cache
def _alphabets() -> dict[str, list[frozenset[str]]]:
    listed = yaml.safe_load(ALPHABETS.read_text(encoding="utf-8"))
    return {group: [frozenset(letters) for letters in languages.values()] for group, languages in listed.items()}


def _letters(text: str) -> set[str]:
    return {letter for letter in text if letter > "\x7f" and letter not in _TYPOGRAPHY}


def _is_odd(text: str) -> bool:
    """Whether a small letter stands alone that is no word, or a letter where only another encoding has it."""
    alone = (word for word in _WORD.findall(text) if len(word) == 1 and "\x7f" < word < "\u0250" and word.islower())
    return any(word not in _ALONE | _TYPOGRAPHY for word in alone) or bool(
        _NO_INITIAL.search(text) or _MISPLACED.search(text)
    )


def _latin(data: bytes, readings: dict[str, str]) -> str:
    text = _decoded(data, "cp1252")
    central = [name for name in ("cp1250", "iso8859_2") if name in readings]
    if "cp1252" in readings and central and _is_open(text):
        raise _undecided(data, ["cp1252", *central])
    if "cp1252" in readings:
        if set(text) & _TURKISH_OR_ICELANDIC and not set(text) & _ICELANDIC:
            raise _undecided(data, ["cp1254", "cp1252"])
        return "cp1252"
    if len(readings) == 1:
        return next(iter(readings))
    if readings or _breaks(text) or not _is_of_the_west(text):
        raise _undecided(data, [*readings, "cp1252", "mac_roman"])
    return "cp1252"  # names of several languages


def _is_open(text: str) -> bool:
    """Whether what is written like Gaelic Dùn may be Czech Důn, or a footnote's ¹ a Polish ą."""
    is_misplaced = len(_MISPLACED.findall(text)) > len(text.splitlines()) // TOLERATED_LINES
    return is_misplaced or (not _letters(text) and bool(_FOOTNOTE.search(text)))


def _is_of_the_west(text: str) -> bool:
    """Whether each letter is of some Western language; ð, þ, ý without Icelandic accents are Baltic or Turkish."""
    known = frozenset[str]().union(*_alphabets()["western"])
    known -= frozenset() if set(text) & _ICELANDIC else {"ð", "þ", "ý"}
    return {letter.lower() for letter in _letters(text)} - {"š", "ž"} <= known


def _other_script(data: bytes, latin: dict[str, str], readings: dict[str, str]) -> str:
    letters = sum(byte > 127 for byte in data)
    if len(readings) == 1 and (letters >= MIN_LETTERS or not latin):
        return next(iter(readings))
    if "cp1255" in readings and letters >= MIN_HEBREW_LETTERS:
        return "cp1255"
    found = [match.encoding for match in from_bytes(data, cp_isolation=list(readings))]
    if not found or letters < MIN_LETTERS:
        raise _undecided(data, [*readings, *latin, "cp1252", "cp1251"])
    return found[0]


def _breaks(text: str) -> bool:
    """Whether words hold what no word does, a capital behind a small letter or a sign, in more than a few lines."""
    broken = sum(_is_broken(word) for word in _WORD.findall(text) if not word.isascii())
    broken += sum(1 for pattern in (_INSIDE, _MARK_FIRST) for _ in pattern.finditer(text))
    return broken > len(text.splitlines()) // TOLERATED_LINES


def _is_broken(word: str) -> bool:
    """Whether a capital above 127 stands behind a small letter; CaféBar and GroßHandel are names."""
    return any(one.islower() and other.isupper() and other > "\x7f" for one, other in pairwise(word))


def _decoded(data: bytes, encoding: str) -> str:
    return data.decode(encoding, errors="replace")


def _undecided(data: bytes, encodings: list[str]) -> FileRefusedError:
    line = next((line for line in data.splitlines() if any(byte > 127 for byte in line)), data)[:40]
    names = list(dict.fromkeys(encodings))[:3]
    readings = ", ".join(f"{_decoded(line, name).strip()!r} as {name}" for name in names)
    return FileRefusedError(
        "undecided_encoding",
        f"the text is not UTF-8 and its encoding is not clear: {readings}. Set `reader: {{encoding: ...}}` in the "
        "contract (`sources new --encoding ...`), or export it as UTF-8",
    )
