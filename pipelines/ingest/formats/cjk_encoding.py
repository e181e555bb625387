"""Which East Asian encoding double bytes are in: decided by where the common characters of each script lie.

Strict decoding alone tells little: nearly any pair of bytes is some rare character in Big5 or Shift-JIS. So most
characters must be common ones, and stand in runs: in Latin text the bytes above 127 stand alone among letters.
"""

from itertools import pairwise

SAMPLE_BYTES = 256 * 1024
MOST, ALONE = 0.8, 0.5
FEWEST_HANGUL = 30
# Lead bytes of kana and the kanji of everyday use; of the 5,401 frequent characters; of Hangul syllables.
_COMMON = {"cp932": {0x82, 0x83, *range(0x88, 0x98)}, "cp950": set(range(0xA4, 0xC7))}
_KANA, _HANGUL = {0xA4, 0xA5}, range(0xB0, 0xC9)


def eastern_encoding(data: bytes, *, looks_chinese: bool) -> str | None:
    """`cp950`, `cp932`, `euc_jp` or `euc_kr` where the bytes are that rather than GB18030 or Latin; otherwise None.

    looks_chinese: whether the double bytes lie where GB2312 has its characters, as those of EUC do.
    """
    data = data[:SAMPLE_BYTES]
    if looks_chinese:
        return _extended_unix(data)
    shares = {name: _share(data, name, leads) for name, leads in _COMMON.items()}
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] >= MOST else None


def _share(data: bytes, encoding: str, leads: set[int]) -> float:
    """Share of common characters among all wide ones; 0 where they stand alone or the bytes are not that encoding."""
    text = _decoded(data, encoding)
    wide = [place for place, letter in enumerate(text) if letter > "\x7f"]
    if not wide:
        return 0.0
    neighbours = sum(second - first == 1 for first, second in pairwise(wide))
    common = sum(text[place].encode(encoding)[0] in leads for place in wide)
    return common / len(wide) if neighbours >= ALONE * len(wide) else 0.0


def _decoded(data: bytes, encoding: str) -> str:
    """The text, empty where the bytes are not in the encoding; the last character may be cut in two."""
    for cut in (0, 1):
        try:
            return data[: len(data) - cut].decode(encoding)
        except UnicodeDecodeError:
            continue
    return ""


def _extended_unix(data: bytes) -> str | None:
    """Japanese has kana, which Chinese never writes; Korean nothing but Hangul, while Chinese spreads over all rows."""
    pairs = set[tuple[int, int]]()
    count = kana = place = 0
    while place < len(data) - 1:
        if data[place] < 0x80:
            place += 1
            continue
        count, kana = count + 1, kana + (data[place] in _KANA)
        pairs.add((data[place], data[place + 1]))
        place += 2
    if count and kana >= 0.1 * count and _decoded(data, "euc_jp"):
        return "euc_jp"
    letters = [lead for lead, _ in pairs if lead >= 0xB0]
    is_korean = len(letters) >= FEWEST_HANGUL and sum(lead in _HANGUL for lead in letters) >= 0.99 * len(letters)
    return "euc_kr" if is_korean and _decoded(data, "euc_kr") else None
