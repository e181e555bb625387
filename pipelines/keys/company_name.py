"""One raw name -> its comparable parts: key, core, brand, legal form, place, and whether it reads like a person's."""

import re
import unicodedata
from functools import cache, lru_cache
from typing import NamedTuple

from pipelines.keys.latin import latin_letters
from pipelines.keys.lexicon import (
    CHINESE_BANKS,
    CHINESE_FORMS,
    CHINESE_SURNAMES,
    CHINESE_TRADES,
    COUNTRIES,
    GIVEN_NAMES,
    LATIN_ANDS,
    LATIN_FILLERS,
    LATIN_FORM_WORDS,
    LATIN_FORMS,
    LATIN_GENERIC,
    LATIN_REMARKS,
    LATIN_WORDS,
    NICKNAMES,
)
from pipelines.keys.places import LATIN_PLACES, PLACE_KEYS


class NameKey(NamedTuple):
    """The comparable parts of a name; an empty string where a part is absent.

    name_key: every letter and digit, simplified, lower-case. core: without legal form, place and fillers.
    sorted_core: the words (Chinese: characters) of the core in alphabetical order. brand: the distinctive beginning of
    the core. sound: the brand in Pinyin or Latin letters.
    given, surname: first and last word of a person's name, nicknames resolved. place: key of the place in the name.
    branch: the kind of branch (分公司, 支行, branch office ...), as a branch is not its company; else the country in
    brackets or at the end, because Acme (Singapore) is not Acme; else the words in brackets of a Latin name, after `(`,
    except a place: Acme (Harbour) is not Acme (Foster), and may be Acme.
    """

    name_key: str
    core: str
    sorted_core: str
    brand: str
    sound: str
    legal_form: str
    place: str
    branch: str
    given: str
    surname: str
    is_person: bool


EMPTY = NameKey("", "", "", "", "", "", "", "", "", "", False)

_CJK = re.compile(r"[㐀-鿿豈-﫿]")
_NOT_WORD = re.compile(r"[^0-9a-z]+")
_NOT_WORD_ANY = re.compile(r"[\W_]+")
_DOTS = re.compile(r"['`’.]")
_BRACKET = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|【([^【】]*)】|〔([^〔〕]*)〕")
_FORM = re.compile("(" + "|".join(CHINESE_FORMS) + ")")
# The legal forms with one character missing or two swapped.
_ONE_SLIP = {
    slip
    for form in ("有限公司", "有限责任公司", "股份有限公司")
    for at in range(len(form))
    for slip in (form[:at] + form[at + 1 :], form[:at] + form[at + 1 : at + 2] + form[at] + form[at + 2 :])
} - {*CHINESE_FORMS}
_FORM_ENDS = _ONE_SLIP | {*CHINESE_FORMS}
# Ends that look like a slip and are words before a form: a holding, the state's, last year's.
_NO_SLIPS = (
    *("国有公司", "私有公司", "公有公司"),
    *("控股有限公司", "参股有限公司", "年份有限公司", "月份有限公司", "身份有限公司"),
)
_TRADE_END = re.compile("(?:" + "|".join(sorted(CHINESE_TRADES, key=len, reverse=True)) + ")$")
_TRADES_ONLY = re.compile("(?:" + "|".join(sorted(CHINESE_TRADES, key=len, reverse=True)) + ")*.?$")
_PLACES = sorted((place for place in PLACE_KEYS if place not in ("中国",)), key=len, reverse=True)
_PLACE_START = re.compile(
    "^(" + "|".join(_PLACES) + ")(?:特别行政区|壮族自治区|回族自治区|维吾尔自治区|自治区|省|市|(?=.{2}))"
)
_CITY_MARK = re.compile("(" + "|".join(_PLACES) + ")[省市]")
_FIRST_CITY_MARK = re.compile(r"^([\u4e00-\u9fff]{2,3})市(?=[^场政民区].)")
_COUNTRY_ENDS = frozenset(country[-1] for country in COUNTRIES)
LATIN_BRANCHES = frozenset({"branch", "niederlassung", "zweigniederlassung", "filiale", "sucursal", "succursale"})
_BRANCHES = (
    "分公司",
    "分行",
    "支行",
    "营业部",
    "营业所",
    "办事处",
    "分店",
    "分部",
    "分厂",
    "代表处",
    "分理处",
    "信用社",
)


@lru_cache(maxsize=1)
def _simplifier():
    import opencc

    return opencc.OpenCC("t2s").convert


def simplified(texts: list[str]) -> list[str]:
    """The texts with simplified Chinese characters, all else unchanged."""
    chinese = [index for index, text in enumerate(texts) if not text.isascii() and _CJK.search(text)]
    lines = "\n".join(texts[index].replace("\n", " ") for index in chinese)
    found = dict(zip(chinese, _simplifier()(lines).split("\n"), strict=True)) if chinese else {}
    return [found.get(index, text) for index, text in enumerate(texts)]


def parse_name(text: str | None) -> NameKey:
    """The parts of one name. Never raises: a name without letters or digits gives empty parts."""
    return parse_names([text or ""])[0]


def parse_names(texts: list[str]) -> list[NameKey]:
    """The parts of every name. Traditional characters are simplified in one call for all names, which is expensive."""
    normalised = [text if text.isascii() else unicodedata.normalize("NFKC", text).replace("\n", " ") for text in texts]
    chinese = [index for index, text in enumerate(normalised) if not text.isascii() and _CJK.search(text)]
    simplified = (
        _simplifier()("\n".join(normalised[index].casefold() for index in chinese)).split("\n") if chinese else []
    )
    parsed = dict(zip(chinese, map(_parse_chinese, simplified), strict=True))
    return [parsed[index] if index in parsed else _parse_other(text) for index, text in enumerate(normalised)]


def _parse_other(text: str) -> NameKey:
    if not text.isascii():
        text = latin_letters(text.casefold())
        if any(letter.isalpha() and not letter.isascii() for letter in text):
            return _parse_other_script(text)
    return _parse_latin(text.lower())


def _parse_other_script(text: str) -> NameKey:
    words = _NOT_WORD_ANY.sub(" ", text).split()
    key = "".join(words)
    return EMPTY._replace(name_key=key, core=" ".join(words), sorted_core=" ".join(sorted(words)), brand=key[:12])


def _parse_latin(text: str) -> NameKey:
    bracket_place, remark, country = "", "", ""
    if "(" in text or "[" in text:
        plain, inside = _without_brackets(text)
        bracket_place = next((word for word in inside if word in LATIN_PLACES), "")
        remarks = [_NOT_WORD.sub("", word) for word in inside if word not in LATIN_PLACES]
        country = next((COUNTRIES[word] for word in map(_joined, inside) if word in COUNTRIES), "")
        remark = "".join(word for word in remarks if len(word) > 2 and word not in LATIN_REMARKS)
        remark = f"({remark}" if remark else ""
        text = plain if plain.strip(" .,-") else text
    words = _NOT_WORD.sub(" ", _DOTS.sub("", text).replace("&", " and ")).split()
    if not words:
        return EMPTY
    if not LATIN_ANDS.isdisjoint(words):
        words[1:-1] = ["and" if word in LATIN_ANDS else word for word in words[1:-1]]
    end = next((index for index, word in enumerate(words) if index and word in LATIN_BRANCHES), len(words))
    body, form = _split_legal_form(words[:end])
    core = [LATIN_WORDS.get(word, word) for word in body if word not in LATIN_FILLERS] or body
    name_place = bracket_place or next((word for word in core if word in LATIN_PLACES), "")
    distinctive = [word for word in core if word != name_place] or core
    brand = next((word for word in distinctive if word not in LATIN_GENERIC and len(word) > 1), distinctive[0])
    branch = " ".join(words[end:]) or country or _last_country(body) or remark
    is_person = not form and 2 <= len(words) <= 4 and _is_given(words) and all(w.isalpha() for w in words)
    sound = _latin_sound(brand, distinctive)
    return NameKey(
        "".join(words), " ".join(core), " ".join(sorted(core)), brand, sound, form, name_place, branch,
        NICKNAMES.get(words[0], words[0]), words[-1] if len(words) > 1 else "", is_person,
    )  # fmt: skip


def _split_legal_form(words: list[str]) -> tuple[list[str], str]:
    """The words before the legal form, and the form: GmbH & Co. KG in full, and S. A. and A/S as one word."""
    body, form = words, ""
    while len(body) > 1:
        if body[-1] in LATIN_FORMS or (form and body[-1] in LATIN_FORM_WORDS):
            body, form = body[:-1], f"{body[-1]} {form}".strip()
        elif form and body[-1] in ("and", "de") and body[-2] in LATIN_FORMS and len(body) > 2:
            body = body[:-1]
        elif parts_count := _legal_form_parts(body):
            body, form = body[:-parts_count], f"{''.join(body[-parts_count:])} {form}".strip()
        else:
            break
    return body, form


def _legal_form_parts(words: list[str]) -> int:
    """The number of words of a spelled-out legal form at the end: 2 for `s a`, 4 for `sp z o o`; 0 if there is none."""
    if len(words[-1]) > 2:
        return 0
    for parts_count in range(min(4, len(words) - 1), 1, -1):
        end = words[-parts_count:]
        if all(len(word) <= 2 for word in end) and min(map(len, end)) == 1 and "".join(end) in LATIN_FORMS:
            return parts_count
    return 0


def _joined(text: str) -> str:
    return _NOT_WORD.sub("", text)


def _last_country(words: list[str]) -> str:
    """The country at the end of a name of several words; abbreviations only if they are not ordinary words."""
    if len(words) > 1 and (len(words[-1]) > 2 or words[-1] == "uk"):
        return COUNTRIES.get(words[-1], "")
    return ""


def _is_given(words: list[str]) -> bool:
    return (words[0] in GIVEN_NAMES or words[0] in NICKNAMES) and not any(
        word in LATIN_GENERIC or word in LATIN_WORDS for word in words[1:]
    )


def _without_brackets(text: str) -> tuple[str, list[str]]:
    inside = [next(filter(None, groups), "").strip() for groups in _BRACKET.findall(text)]
    return _BRACKET.sub(" ", text), inside


def _parse_chinese(text: str) -> NameKey:
    # most names have no punctuation, and each search that is skipped saves time a million times
    if text.isalnum():
        key = body = text
        name_place, country = "", ""
    else:
        plain, inside = _without_brackets(text)
        key = _NOT_WORD_ANY.sub("", text)
        body = _NOT_WORD_ANY.sub("", plain) or key
        words = (word.removesuffix("市") for word in inside)
        name_place = next((PLACE_KEYS[word] for word in words if word in PLACE_KEYS), "")
        country = next((COUNTRIES[word] for word in inside if word in COUNTRIES and word not in PLACE_KEYS), "")
    if "市" in body or "省" in body:
        body = _CITY_MARK.sub(r"\1", body)
    branch = next(word for word in _BRANCHES if body.endswith(word)) if body.endswith(_BRANCHES) else ""
    parts = _FORM.split(_without_slipped_form(body))
    form = "".join(parts[1::2])
    core = "".join(_FORM.split(body.removesuffix(branch))[::2] if branch else parts[::2]) or body
    core, start_place = _without_place(_branch_core(core) if branch else _FIRST_CITY_MARK.sub(r"\1", core))
    name_place, branch = name_place or start_place, branch or country or _country_at_end(core)
    brand = _brand(core)
    is_person = not form and len(key) in (2, 3) and key[0] in CHINESE_SURNAMES and not _TRADE_END.search(key)
    return NameKey(
        key, core, "".join(sorted(core)), brand, _sound(brand), form, name_place, branch,
        key[1:] if is_person else "", key[:1] if is_person else "", is_person,
    )  # fmt: skip


def _without_slipped_form(body: str) -> str:
    """The name without a legal form at its end in which a character is missing or two are swapped.

    Such a form is none of the name's: it would be preferred to the right spelling of another record.
    """
    ending = next((body[-n:] for n in (6, 5, 4, 3) if body[-n:] in _FORM_ENDS), "")
    is_slip = ending in _ONE_SLIP and len(body) > len(ending) + 1 and not body.endswith(_NO_SLIPS)
    return body[: -len(ending)] if is_slip else body


def _country_at_end(core: str) -> str:
    if core[-1:] not in _COUNTRY_ENDS:
        return ""
    ending = next((core[-n:] for n in (2, 3, 4) if len(core) > n + 1 and core[-n:] in COUNTRIES), "")
    return "" if ending in PLACE_KEYS else COUNTRIES.get(ending, "")


def _branch_core(core: str) -> str:
    """The core of a bank branch, whose name may have or omit 市 after the city and 分行 after the parent branch."""
    bank = CHINESE_BANKS.get(core[:2])
    core = bank + core[2:] if bank else core
    return core.replace("分行", "").replace("市", "")


def _without_place(core: str) -> tuple[str, str]:
    place_key = ""
    if core.startswith("中国") and len(core) > 4 and core[2:4] not in ("银行", "人民", "人寿"):
        core = core[2:]
    while (match := _PLACE_START.match(core)) and not _TRADES_ONLY.match(core, match.end()):
        core, place_key = core[match.end() :], PLACE_KEYS[match.group(1)]
    return core, place_key


def _sound(brand: str) -> str:
    return "".join(map(_syllable, brand)) if len(brand) <= 6 else ""


@cache
def _syllable(character: str) -> str:
    from pypinyin import lazy_pinyin

    return lazy_pinyin(character)[0]


def _latin_sound(brand: str, words: list[str]) -> str:
    """The brand, with the syllables after it where it is written apart as Pinyin: Li Yi Trading sounds like liyi."""
    if len(brand) > 6 or brand not in _syllables():
        return brand
    start = words.index(brand)
    end = next((at for at in range(start, len(words)) if words[at] not in _syllables()), len(words))
    return "".join(words[start : min(end, start + 4)])


@lru_cache(maxsize=1)
def _syllables() -> frozenset[str]:
    from pypinyin import lazy_pinyin

    common = [chr(code) for code in range(0x4E00, 0x9FA6)]
    return frozenset(syllable for syllable in lazy_pinyin(common) if syllable.isascii() and len(syllable) > 1)


def _brand(core: str) -> str:
    brand = core
    while (match := _TRADE_END.search(brand)) and match.start() >= 2:
        brand = brand[: match.start()]
    return brand
