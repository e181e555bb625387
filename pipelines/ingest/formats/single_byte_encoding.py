"""Which one-byte encoding a file is in that is neither UTF-8 nor East Asian: shown by its letters, or asked.

Every byte is a letter of every one-byte encoding, so decoding proves nothing. Two things do: letters above 127 stand
alone in Latin words and side by side in other scripts; and no word has a capital behind a small letter.
"""

import re
from itertools import pairwise

from charset_normalizer import from_bytes

from pipelines.ingest.formats.source import FileRefusedError

_NON_LATIN = ["cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "cp874"]
MIN_RUN_SHARE = 0.5  # of letters above 127 that stand in runs of three or more; in Latin words such runs are rare
# Hebrew has no capitals: its letters are the small ones of Cyrillic without ы, ь, э, ю and я.
_HEBREW, MIN_HEBREW_LETTERS = range(0xE0, 0xFB), 8
SAMPLE_BYTES = 64 * 1024
_WORD = re.compile(r"[^\W\d_]+")
# Icelandic letters in cp1252, Turkish ones in cp1254: the same bytes. Icelandic has the accents as well, Turkish not.
_TURKISH_OR_ICELANDIC, _ICELANDIC = set("ðþýÐÞÝ"), set("áéíóúæÁÉÍÓÚÆ")


def single_byte_encoding(data: bytes) -> str:
    """The encoding of a file. Raises FileRefusedError where it is open.

    data: from the first line on that has a byte above 127.
    """
    data = data[:SAMPLE_BYTES]
    if not any(byte > 127 for byte in data):
        return "cp1252"
    runs = re.findall(rb"[\x80-\xff]+", data)
    share = sum(len(run) for run in runs if len(run) > 2) / sum(map(len, runs))
    return _other_script(data) if share >= MIN_RUN_SHARE else _latin(data)


def _other_script(data: bytes) -> str:
    letters = [byte for byte in data if byte > 127]
    if len(letters) >= MIN_HEBREW_LETTERS and all(letter in _HEBREW for letter in letters):
        return "cp1255"
    found = [match.encoding for match in from_bytes(data, cp_isolation=_NON_LATIN)]
    if not found:
        raise _undecided(data, ["cp1252", *_NON_LATIN])
    return found[0]


def _latin(data: bytes) -> str:
    breaks = {name: _capitals_inside(_decoded(data, name)) for name in ("cp1252", "mac_roman")}
    text = _decoded(data, "cp1252")
    if breaks["cp1252"] and breaks["mac_roman"]:
        raise _undecided(data, list(breaks))
    if breaks["cp1252"]:
        return "mac_roman"
    if set(text) & _TURKISH_OR_ICELANDIC and not set(text) & _ICELANDIC:
        raise _undecided(data, ["cp1254", "cp1252"])
    return "cp1252"


def _capitals_inside(text: str) -> int:
    """Number of words with an accented capital behind a small letter, or a sign of punctuation between two letters."""
    words = _WORD.findall(text)
    capitals = sum(
        any(one.islower() and other.isupper() and other > "\x7f" for one, other in pairwise(word)) for word in words
    )
    # The apostrophes ' and - between letters are words' own; the other signs above 127 are not.
    return capitals + len(re.findall(r"[^\W\d_][§¶†‡•°¨¬±≤≥∂∑∏π∫ªºΩ√≈∆][^\W\d_]", text))


def _decoded(data: bytes, encoding: str) -> str:
    return data.decode(encoding, errors="replace")


def _undecided(data: bytes, encodings: list[str]) -> FileRefusedError:
    line = next((line for line in data.splitlines() if any(byte > 127 for byte in line)), data)[:40]
    readings = ", ".join(f"{_decoded(line, name).strip()!r} as {name}" for name in encodings[:3])
    return FileRefusedError(
        "undecided_encoding",
        f"the text is not UTF-8 and its encoding is not clear: {readings}. Set `reader: {{encoding: ...}}` in the "
        "contract (`sources new --encoding ...`), or export it as UTF-8",
    )
