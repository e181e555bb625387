"""Translates month names of other languages to English, so that one list of formats reads them all.

DuckDB's `%b` and `%B` know English names only. Chinese numerals before 月 become digits, which `%m月` reads.
"""

import re
from functools import cache
from pathlib import Path

import yaml

WORDS = Path(__file__).with_name("month_words.yml")
ENGLISH: tuple[str, ...] = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
)
ENGLISH += ("November", "December")
# The longer first: 十一月 ends in 一月.
CHINESE = {"十二月": 12, "十一月": 11, "十月": 10, **{f"{mark}月": n for n, mark in enumerate("一二三四五六七八九", 1)}}
_LETTER = "A-Za-zÀ-ÿ"


@cache
def month_words() -> dict[int, tuple[str, ...]]:
    """Month to its names, the longest first."""
    listed = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    return {number: tuple(sorted(map(str, words), key=len, reverse=True)) for number, words in listed.items()}


def month_number(word: str) -> int | None:
    """1 to 12 for a month as a word of any known language, a number or 三月; None for other text."""
    text = word.strip().rstrip(".").casefold()
    if (digits := text.removesuffix("月")).isdigit():
        return int(digits) if 1 <= int(digits) <= 12 else None
    if text in CHINESE:
        return CHINESE[text]
    english = {name.casefold(): number for number, name in enumerate(ENGLISH, 1)}
    english |= {name[:3]: number for name, number in english.items()} | {"sept": 9}
    if text in english:
        return english[text]
    return next(
        (n for n, names in month_words().items() if any(re.fullmatch(name, text, re.I) for name in names)), None
    )


def english_sql(text: str, *, is_short: bool) -> str:
    """SQL for the text with its month in English, shortened to three letters or in full; other text stays."""
    worded = text
    for number, words in month_words().items():
        name = ENGLISH[number - 1][:3] if is_short else ENGLISH[number - 1]
        pattern = rf"(?i)(^|[^{_LETTER}])(?:{'|'.join(words)})\.?($|[^{_LETTER}])"
        worded = rf"regexp_replace({worded}, '{pattern}', '\1{name}\2')"
    return f"case when regexp_matches({text}, '[{_LETTER}]{{3}}') then {worded} else {text} end"


def digits_sql(text: str) -> str:
    """SQL for the text with 三月 as 3月; other text stays."""
    worded = text
    for name, number in CHINESE.items():
        worded = f"replace({worded}, '{name}', '{number}月')"
    return f"case when regexp_matches({text}, '[一二三四五六七八九十]月') then {worded} else {text} end"
