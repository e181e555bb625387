"""Which East Asian encoding a file is in, decided by the byte ranges of the common characters of each script.

Strict decoding alone is weak evidence: nearly any pair of bytes is a rare character in Big5 or Shift-JIS. So most
characters must be common ones and adjacent to each other: in Latin text, bytes above 127 stand alone among letters.
"""

import re
from collections import Counter
from itertools import pairwise

from pipelines.ingest.formats.source import FileRefusedError

SAMPLE_BYTES = 256 * 1024
MIN_COMMON_SHARE, MIN_NEIGHBOUR_SHARE = 0.8, 0.5
MIN_HANGUL = 30  # letters: fewer bytes of Chinese text may look Korean by chance
# The syllables of names, towns and firms that Korean text is full of; Chinese bytes are others when read as Korean.
_FREQUENT = set(
    "이다는에의가을를로고하지사기스인어자나서시대정한도리일아수보있주그해제전부장원은과여구연상성소세산오동신만영공조국라거모비"
    "화회선업김박최강윤임철민준현진우호식품자건유물류통광경남북충청울천안양평포항중학교무역객명번름주문금액처담당날짜계약"
)
MIN_FREQUENT_SHARE = 0.3
DOUBLE_BYTE = re.compile(rb"[\x80-\xff].", re.DOTALL)  # any byte above 127 takes the next one with it
# Lead bytes of kana and the kanji of everyday use; of the 5,401 frequent characters; of Hangul syllables.
_COMMON = {"cp932": {0x82, 0x83, *range(0x88, 0x98)}, "cp950": set(range(0xA4, 0xC7))}
_KANA, _HANGUL = {0xA4, 0xA5}, range(0xB0, 0xC9)


def cjk_encoding(data: bytes, *, has_gb2312_pairs: bool) -> str | None:
    """`cp950`, `cp932`, `euc_jp` or `euc_kr` where the bytes are that rather than GB18030 or Latin; otherwise None.

    has_gb2312_pairs: whether the double bytes are in the range of GB2312, as those of EUC are.
    """
    data = data[:SAMPLE_BYTES]
    if has_gb2312_pairs:
        return _euc_encoding(data)
    shares = {name: _share(data, name, leads) for name, leads in _COMMON.items()}
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] >= MIN_COMMON_SHARE else None


def _share(data: bytes, encoding: str, leads: set[int]) -> float:
    """Share of common characters among all wide ones; 0 where they are isolated or the bytes are not that encoding."""
    text = _decoded(data, encoding)
    wide = [position for position, letter in enumerate(text) if letter > "\x7f"]
    if not wide:
        return 0.0
    neighbours = sum(second - first == 1 for first, second in pairwise(wide))
    common = sum(text[position].encode(encoding)[0] in leads for position in wide)
    return common / len(wide) if neighbours >= MIN_NEIGHBOUR_SHARE * len(wide) else 0.0


def _decoded(data: bytes, encoding: str) -> str:
    """The text, empty where the bytes are not in the encoding; the last character may be cut in two."""
    for cut in (0, 1):
        try:
            return data[: len(data) - cut].decode(encoding)
        except UnicodeDecodeError:
            continue
    return ""


def _euc_encoding(data: bytes) -> str | None:
    """EUC-JP where there are kana, which Chinese lacks; EUC-KR where all is Hangul, while Chinese uses all rows."""
    pairs = Counter(DOUBLE_BYTE.findall(data))
    count, kana = pairs.total(), sum(times for pair, times in pairs.items() if pair[0] in _KANA)
    if count and kana >= 0.1 * count and _decoded(data, "euc_jp"):
        return "euc_jp"
    letters = [pair[0] for pair in pairs if pair[0] >= 0xB0]
    hangul = sum(lead in _HANGUL for lead in letters)
    if not (korean := _decoded(data, "euc_kr")):
        return None
    frequent = sum(letter in _FREQUENT for letter in set(korean))
    if 0 < hangul == len(letters) < MIN_HANGUL and frequent >= MIN_FREQUENT_SHARE * len(letters):
        raise FileRefusedError(
            "undecided_encoding",
            f"the text is Korean or Chinese: {_shown(korean)!r} as euc_kr, {_shown(_decoded(data, 'gb18030'))!r} as "
            "gb18030. Set `reader: {encoding: ...}` in the contract (`sources new --encoding ...`), or export UTF-8",
        )
    return "euc_kr" if len(letters) >= MIN_HANGUL and hangul >= 0.99 * len(letters) else None


def _shown(text: str) -> str:
    """The first wide characters of a text."""
    return "".join(letter for letter in text if letter > "\x7f")[:12]
