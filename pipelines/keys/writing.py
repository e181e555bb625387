"""How a name is written: its script, and whether it was typed as a company writes its name."""

import re

import polars as pl

_HAN = re.compile(r"[㐀-鿿豈-﫿]")
_KANA = re.compile(r"[぀-ヿ]")
_HANGUL = re.compile(r"[가-힯]")
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
_BLANK_IN_HAN = re.compile(r"[㐀-鿿]\s+[㐀-鿿]")
# Of four letters and less a word may be an abbreviation: IBM, SAP, BMW, GmbH.
_LONG_WORD = re.compile(r"[^\W\d_]{5,}")


def writing(names: pl.Series, simplified: list[str]) -> pl.DataFrame:
    """One row per name: `script` (ISO 15924: Hans, Hant, Jpan, Kore, Cyrl, Latn; else null), `is_plain`.

    simplified: the names with simplified characters. Not plain is a name in capitals only, or with blanks between
    Chinese characters: how lists and forms pad and print, not how a company writes its name.
    """
    texts = names.to_list()
    return pl.DataFrame(
        {
            "script": pl.Series(map(_script, texts, simplified), dtype=pl.String),
            "is_plain": pl.Series(map(_is_plain, texts), dtype=pl.Boolean),
        }
    )


def _script(text: str, simplified: str) -> str | None:
    if _KANA.search(text):
        return "Jpan"
    if _HAN.search(text):
        return "Hans" if text == simplified else "Hant"
    scripts = {"Kore": _HANGUL, "Cyrl": _CYRILLIC, "Latn": _LATIN}
    return next((name for name, pattern in scripts.items() if pattern.search(text)), None)


def _is_plain(text: str) -> bool:
    words = _LONG_WORD.findall(text)
    is_shouted = text == text.upper() and any(word.isupper() for word in words)
    return not is_shouted and not _BLANK_IN_HAN.search(text)
