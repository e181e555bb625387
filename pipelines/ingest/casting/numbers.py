"""Numbers as people write them: currency symbols, brackets, trailing minus, 万 and 亿, full width, any separators.

The careful patterns are slow: they run once per distinct text that a plain cast does not read.
"""

from collections.abc import Iterable

from pipelines.contracts import NumberFormat
from pipelines.home.warehouse import literal
from pipelines.ingest.casting.currency_marks import MARK
from pipelines.ingest.formats.source import BLANKS

FULL_WIDTH = dict(zip("０１２３４５６７８９．，－＋（）％￥\u3000−–", "0123456789.,-+()%¥ --", strict=True))
FULL_WIDTH |= {"\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2019": "''"}
CURRENCY = MARK
SCALES = {"万元": 10**4, "万": 10**4, "亿元": 10**8, "亿": 10**8, "千": 10**3, "百万": 10**6}
SCALES |= {
    "萬元": 10**4,
    "萬": 10**4,
    "億元": 10**8,
    "億": 10**8,
    "百萬": 10**6,
    "千万": 10**7,
    "万円": 10**4,
    "億円": 10**8,
}
# A bare K, M or B is read only where the contract defines it: M can be a thousand, B a million million.
SCALES |= {"mio.": 10**6, "mio": 10**6, "mrd.": 10**9, "mrd": 10**9, "tsd.": 10**3, "tsd": 10**3}
SCALES |= {"million": 10**6, "thousand": 10**3, "mln": 10**6, "mld": 10**9, "bln": 10**9, "bio": 10**12}
# Months as spreadsheets abbreviate them, in their own case: 12-SET is a set of twelve.
CAPITALISED_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec|Jän|Mär|Mrz|Mai|Okt|Dez"
SMALL_MONTHS = (
    "jan|janv|feb|févr|fev|mar|mars|mrt"
    "|apr|avr|abr|may|maj|mag|mai|mei|jun|juin|giu|jul|juil|lug|aug|août|ago|sep|sept|set|okt|oct|ott|out|nov|dec|déc|dic"
    "|dez|ene|gen|янв|фев|мар|апр|май|июн|июл|авг|сен|окт|ноя|дек|sty|lut|kwi|cze|lip|sie|wrz|paź|lis|gru"
)
# CHF 5.- and 5,-- and 5:- are amounts without cents, no negative ones: nothing but a currency or bracket follows, and
# marks before three digits are groups (1.234,- is 1234).
_INTEGER = r"[1-9]\d{0,2}(?:[ ']+\d{3})+|[1-9]\d{0,2}(?:\.\d{3})+|[1-9]\d{0,2}(?:,\d{2,3})*,\d{3}|\d+"
NO_CENTS = rf"^((?:\D*[^\d.,]\.?)?(?:{_INTEGER}))\s?[.,:]\s?[-—]{{1,2}}([^-—\d]*)$"
# 128-bit decimals would hold everything, but parsing them takes a hundred times as long as 64-bit ones.
FINE, WIDE = "decimal(18,8)", "decimal(18,4)"


def plain_sql(cell: str, form: NumberFormat, kind: str) -> str | None:
    """SQL for the number by a plain cast, NULL where the cast fails; None for formats that a cast would misread."""
    if form.decimal != "." or form.thousands == ".":
        return None
    finite = f" and isfinite(try_cast({cell} as double))" if kind == "double" else ""  # `NaN` and `inf` are no numbers
    # With a blank behind them the cast reads a dash, which stands for no amount, as 0, and `1e` as 1. Few cells end so,
    # and trimming all of them would take five times as long as the cast.
    ends_blank = " or ".join(f"suffix({cell}, {literal(blank)})" for blank in " \t\r\n\v\f")
    is_whole = f"(not ({ends_blank}) or substr(trim({cell}, {literal(BLANKS)}), -1, 1) not in ('-', '+', 'e', 'E'))"
    return f"case when not contains({cell}, '_') and {is_whole}{finite} then try_cast({cell} as {kind}) end"


def scales(form: NumberFormat) -> dict[str, int]:
    """The factor of each word after a number, in lower case, the longest first."""
    sizes = SCALES | {word.lower(): size for word, size in form.magnitudes.items()}
    return {word: sizes[word] for word in sorted(sizes, key=len, reverse=True)}


def states_scale_sql(text: str, form: NumberFormat) -> str:
    """SQL that is true for a text with a unit after a digit."""
    return rf"regexp_matches({text}, '(?i)\d\s*(?:{_either(scales(form))})|[千万亿萬億]')"


def _either(words: Iterable[str]) -> str:
    return "|".join(word.replace(".", r"\.") for word in words)


def careful_sql(text: str, form: NumberFormat, kind: str) -> str:
    """SQL for the number in trimmed text that a plain cast does not read, the commonest format first."""
    careful = number_sql(text, form, kind)
    if form.decimal != "." or form.thousands != ",":
        return careful
    return f"coalesce({grouped_sql(text, form, kind)}, {careful})"


def grouped_sql(text: str, form: NumberFormat, kind: str) -> str | None:
    """SQL for a number in groups of three, as most are written; NULL for other text. None: not for this format."""
    if form.decimal == "." and form.thousands == ",":
        is_grouped = rf"regexp_full_match({text}, '(-?[$￥¥€£]? ?|[$￥¥€£] ?-)\d{{1,3}}(,\d{{3}})*(\.\d*)?')"
        bare = f"try_cast(replace(ltrim({text}, '-$￥¥€£ '), ',', '') as {kind})"
    elif form.decimal == "," and form.thousands == "." and kind in (FINE, WIDE):
        # More decimals are rounded twice by the careful patterns.
        is_grouped = rf"regexp_full_match({text}, '-?\d{{1,3}}(\.\d{{3}})*(,\d{{1,4}})?')"
        bare = f"try_cast(replace(replace(ltrim({text}, '-'), '.', ''), ',', '.') as {kind})"
    else:
        return None
    return f"case when {is_grouped} then {bare} * case when contains({text}, '-') then -1 else 1 end end"


def damaged_id_sql(text: str) -> str:
    """SQL that is true for an id that a spreadsheet turned into 1.23E+17 or 5-Mar: what it was is lost.

    5-mars and Mar-05 are so only beside ids of another shape: damaged_cells.py.
    """
    is_likely = f"contains({text}, '+') or substr({text}, 2, 1) in ('.', ',')"
    power = r"\d([.,]\d+)?[eE]\+\d+|\d[.,]\d+[eE]\d{2,}"
    rounded = f"case when {is_likely} then regexp_full_match({text}, '{power}') else false end"
    day = rf"\d{{1,2}}(?:(?:-|/|\. ?)(?:{CAPITALISED_MONTHS})\.?(?:-\d{{2}})?|月\d{{1,2}}日|월 ?\d{{1,2}}일)"
    return f"coalesce({rounded} or (length({text}) <= 9 and regexp_full_match({text}, '{day}')), false)"


def number_sql(text: str, form: NumberFormat, kind: str = WIDE) -> str:
    """SQL for the number in `text` as `kind`; NULL where the text is not one number of that format."""
    narrow = text
    for wide, plain in FULL_WIDTH.items():
        narrow = f"replace({narrow}, '{wide}', '{plain}')"
    narrow = rf"case when regexp_matches({text}, '[^\x20-\x7e]') then {narrow} else {text} end"
    narrow = _without_cents(narrow)
    marks = "".join(dict.fromkeys([form.thousands, " ", "\u00a0", "\u202f", "'"]))
    group = "[" + marks.replace("'", "''").replace(".", r"\.") + "]"
    point = r"\." if form.decimal == "." else ","
    integer = rf"\d{{1,3}}(?:{group}\d{{3}})+|\d{{1,2}}(?:{group}\d{{2}})+{group}\d{{3}}|\d+"
    pattern = (
        rf"^\(?\s*([-+]?)\s*{CURRENCY}?\s*([-+]?)\s*((?:{integer})?(?:{point}\d*)?(?:[eE][-+]?\d+)?)"
        rf"\s*((?i:{_either(scales(form))}))?\s*{CURRENCY}?\s*([-+]?)\s*{CURRENCY}?\s*\)?$"
    )
    parts = f"regexp_extract({narrow}, '{pattern}', ['before', 'inside', 'digits', 'scale', 'after'])"
    return f"list_transform([{parts}], lambda part: {_assembled(text, marks, form, kind)})[1]"


def _without_cents(text: str) -> str:
    """SQL for text without the dash in place of cents, and then without the marks of its groups."""
    whole = rf"regexp_replace({text}, {literal(NO_CENTS)}, '\1\2')"
    grouped = rf"regexp_replace({whole}, '[.,](\d)', '\1', 'g')"
    return f"case when regexp_matches({text}, {literal(NO_CENTS)}) then {grouped} else {text} end"


def _assembled(text: str, marks: str, form: NumberFormat, kind: str) -> str:
    digits = "part.digits"
    for mark in marks:
        digits = f"replace({digits}, '{mark if mark != chr(39) else chr(39) * 2}', '')"
    if form.decimal == ",":
        digits = f"replace({digits}, ',', '.')"
    scale = " ".join(f"when '{word}' then {size}" for word, size in scales(form).items())
    bracketed = f"({text} like '(%)' or {text} like '（%）')"
    # Brackets around a signed number are its format in spreadsheets, not a second minus: ($-450.00) is -450.
    negative = f"(part.before = '-' or part.inside = '-' or part.after = '-' or {bracketed})"
    sign = f"cast(case when {negative} then -1 else 1 end as decimal(1,0))"
    # Twenty digits make DuckDB multiply in 128 bits: in 64, 120亿 overflows.
    scaled = f"try_cast({digits} as {FINE}) * cast(case lower(part.scale) {scale} else 1 end as decimal(20,0)) * {sign}"
    large = f"case when part.scale = '' then try_cast({digits} as {kind}) * {sign} end"
    value = f"coalesce(try_cast({scaled} as {kind}), try_cast({large} as {kind}))"
    is_balanced = rf"regexp_matches({text}, '^[(（]') = regexp_matches({text}, '[)）]$')"  # `($5` was cut off
    return f"case when (part.before = '' or part.inside = '') and {is_balanced} then {value} end"
