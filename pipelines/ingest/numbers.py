"""SQL that reads a number as people write it. Input is trimmed text, output DECIMAL(28,8) or NULL for no number.

Clean numbers take the first branch, a plain cast; the rest go through one regular expression that knows currency marks,
brackets, a minus behind the number, 万 and 亿, full-width digits and the thousands separators of the contract.
"""

from pipelines.contracts import NumberFormat

FULL_WIDTH = dict(zip("０１２３４５６７８９．，－＋（）％￥　−", "0123456789.,-+()%¥ -", strict=True))
CURRENCY = r"(?:US\$|HK\$|NT\$|R\$|A\$|C\$|S\$|RMB|[A-Z]{3}|[$¥€£₹₩元]|人民币|美元|欧元|kr\.?|zł)"
SCALES = {"万元": 10**4, "万": 10**4, "亿元": 10**8, "亿": 10**8, "千": 10**3, "百万": 10**6}
EXACT = "decimal(28,8)"


def number_sql(text: str, form: NumberFormat) -> str:
    """SQL for the number in the SQL expression `text`; NULL where the text is not one number of that format."""
    careful = _careful(text, form)
    if form.decimal == "." and form.thousands != ".":
        return f"coalesce(case when not contains({text}, '_') then try_cast({text} as {EXACT}) end, {careful})"
    return careful


def damaged_id_sql(text: str) -> str:
    """SQL that is true for an id a spreadsheet turned into 1.23E+17: its last digits are lost."""
    return rf"regexp_full_match({text}, '\d(\.\d+)?[eE]\+\d+')"


def _careful(text: str, form: NumberFormat) -> str:
    narrow = text
    for wide, plain in FULL_WIDTH.items():
        narrow = f"replace({narrow}, '{wide}', '{plain}')"
    narrow = rf"case when regexp_matches({text}, '[^\x20-\x7e]') then {narrow} else {text} end"
    marks = "".join(dict.fromkeys([form.thousands, " ", "\u00a0", "\u202f", "'"]))
    group = "[" + marks.replace("'", "''").replace(".", r"\.") + "]"
    point = r"\." if form.decimal == "." else ","
    whole = rf"\d{{1,3}}(?:{group}\d{{3}})+|\d{{1,2}}(?:{group}\d{{2}})+{group}\d{{3}}|\d+"
    pattern = (
        rf"^\(?\s*([-+]?)\s*{CURRENCY}?\s*([-+]?)\s*((?:{whole})?(?:{point}\d*)?(?:[eE][-+]?\d+)?)"
        rf"\s*({'|'.join(SCALES)})?\s*{CURRENCY}?\s*([-+]?)\s*{CURRENCY}?\s*\)?$"
    )
    parts = f"regexp_extract({narrow}, '{pattern}', ['before', 'inside', 'digits', 'scale', 'behind'])"
    return f"{_assembled(parts, text, marks, form)}"


def _assembled(parts: str, text: str, marks: str, form: NumberFormat) -> str:
    digits = "part.digits"
    for mark in marks:
        digits = f"replace({digits}, '{mark if mark != chr(39) else chr(39) * 2}', '')"
    if form.decimal == ",":
        digits = f"replace({digits}, ',', '.')"
    scale = " ".join(f"when '{word}' then {size}" for word, size in SCALES.items())
    value = (
        f"try_cast({digits} as {EXACT}) * cast(case part.scale {scale} else 1 end as decimal(10,0))"
        f" * cast(case when (part.before = '-' or part.inside = '-' or part.behind = '-')"
        f" <> ({text} like '(%)' or {text} like '（%）') then -1 else 1 end as decimal(1,0))"
    )
    return f"list_transform([{parts}], lambda part: try_cast({value} as {EXACT}))[1]"
