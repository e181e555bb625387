"""Countries in any spelling -> ISO 3166-1 codes, and the script that each country writes its companies' names in.

Names and scripts come from the Unicode CLDR as Babel carries it; systems abroad send a country in the language of their
users, or as a code of two or three letters.
"""

from functools import lru_cache

import polars as pl

from pipelines.keys.latin import without_marks

LANGUAGES = ("en", "zh", "zh_Hant", "de", "fr", "es", "it", "nl", "pt", "pl", "cs", "sv", "da", "fi", "hu", "ja", "ko")


def country_keys(values: pl.Series) -> pl.DataFrame:
    """One row per known country as written: `value, country_code` (ISO 3166-1 alpha-2), `script` (ISO 15924)."""
    codes = [country_code(value) for value in values]
    frame = pl.DataFrame(
        {"value": values, "country_code": codes, "script": [script_of(code) if code else None for code in codes]},
        schema={"value": pl.String, "country_code": pl.String, "script": pl.String},
    )
    return frame.drop_nulls("country_code")


def country_code(text: str) -> str | None:
    """The ISO 3166-1 alpha-2 code of a country as written: Deutschland, 德国, DEU and de give DE; None if unknown."""
    codes = _codes()
    code = text.strip().replace(".", "").casefold()
    # a text that only becomes a code without its signs is none: N/A is not Namibia
    return codes.get(code) if len(code) == 2 else codes.get(_folded(text)) if len(_folded(text)) > 2 else None


@lru_cache(maxsize=512)
def script_of(code: str) -> str | None:
    """The ISO 15924 code of the script that a country's main language is written in: CN Hans, TW Hant, DE Latn."""
    from babel.core import get_global

    # where a region has no entry of its own, the entry of the unknown language holds: English in Latin letters
    likely = get_global("likely_subtags").get(f"und_{code}", "en_Latn")
    return next((part for part in likely.split("_") if len(part) == 4), None)


def _folded(text: str) -> str:
    return "".join(letter for letter in without_marks(text.casefold()) if letter.isalnum())


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    from babel import Locale
    from babel.core import get_global

    territories = {code: name for code, name in Locale("en").territories.items() if len(code) == 2 and code.isalpha()}
    # 3166-1 reserves what is no country: EU, UN, outlying areas and CLDR's own codes
    real = {code for code in territories if code not in ("AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "TA", "UN")}
    real -= {code for code in real if code.startswith("X") or code in ("QO", "ZZ")}
    codes: dict[str, str] = {}
    for alias, current in get_global("territory_aliases").items():
        if len(alias) == 3 and alias.isalpha() and len(current) == 1 and current[0] in real:
            codes[_folded(alias)] = current[0]
    for language in LANGUAGES:
        names = Locale.parse(language).territories
        codes.update((_folded(name), code) for code, name in names.items() if code in real)
    # the code itself wins: it means one country in every language
    return {**codes, **_SHORT, **{code.casefold(): code for code in real}}


# Everyday short forms that are in no list of names.
_SHORT = {
    spelling: code
    for code, spellings in {
        "AE": "uae", "CN": "prc mainlandchina peoplesrepublicofchina 中国大陆 中华人民共和国", "CZ": "czechrepublic",
        "GB": "uk greatbritain england", "HK": "hongkong 香港", "KR": "korea southkorea republicofkorea",
        "MO": "macau 澳门", "NL": "holland", "RU": "russianfederation",
        "US": "usa america unitedstatesofamerica", "VN": "vietnam",
    }.items()
    for spelling in spellings.split()
}  # fmt: skip
