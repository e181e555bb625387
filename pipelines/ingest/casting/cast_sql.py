"""SQL that turns one canonical column's cells into its type, by its contract.

Values are read from trimmed text in which null words already are NULL. Where a text that is not NULL gives NULL, the
value is unreadable: the row is refused, or the value emptied where the contract allows it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from pipelines.contracts import CanonicalColumn, Column, NumberFormat
from pipelines.home.warehouse import literal, quoted
from pipelines.ingest.casting.dates import (
    NULL_DATES,
    SPECIAL,
    day_of_instant_sql,
    likely_year_sql,
    moment_sql,
    no_day_sql,
    utc_sql,
)
from pipelines.ingest.casting.numbers import FINE, WIDE, careful_sql, grouped_sql, plain_sql, states_scale_sql
from pipelines.ingest.formats.source import BLANKS, JOINERS, UNSEEN

STANDARD_NULLS = (
    "",
    "-",
    "--",
    "—",
    "N/A",
    "n/a",
    "#N/A",
    "NULL",
    "null",
    "(null)",
    r"\N",
    "NaN",
    "nan",
    "TBD",
    "tbd",
    "待定",
)
TRUE: tuple[str, ...] = ("true", "1", "yes", "y", "t", "是", "x", "真", "on", "1.0", "✓", "√")
TRUE += ("ja", "wahr", "oui", "vrai", "sí", "si", "verdadero", "sim", "vero")
FALSE: tuple[str, ...] = ("false", "0", "no", "n", "f", "否", "假", "off", "0.0", "✗", "×")
FALSE += ("nein", "falsch", "non", "faux", "falso", "não")
CODES = {
    "decimal": "bad_number", "rate": "bad_number", "number": "bad_number", "integer": "bad_integer",
    "share": "bad_share", "date": "bad_date", "timestamp": "bad_date", "boolean": "bad_boolean", "text": "bad_text",
}  # fmt: skip


@dataclass(frozen=True)
class Rules:
    """What a column inherits from its object and system, and what its cells show.

    order: dmy, mdy, or None where the dates are unambiguous. is_padded: cells may have blanks around them.
    has_excel_guards: cells may stand as `="0010"` or `'0010`. has_marks: cells may hold marks that nobody sees.
    is_plain: a plain cast reads every cell that is no null word. is_looked_up: the value of every other cell is in the
    column `~value <name>` of the cells. has_bad: `~bad <name>` is true where it could not be read.
    has_zone: whether the contract states the zone of its times.
    day_zone: whose day an instant in a column of dates becomes; empty for that of its zone.
    """

    zone: str
    number_format: NumberFormat
    null_words: tuple[str, ...] = ()
    order: str | None = None
    is_plain: bool = False
    is_padded: bool = True
    has_excel_guards: bool = False
    is_looked_up: bool = False
    has_bad: bool = False
    day_zone: str = ""
    has_marks: bool = False
    has_zone: bool = False


_NUMBERED = r"'[-+]?\d[\w.,/-]*"
# A plain cast would read such a null word, for example `9999-12-31`, as a value.
_LIKE_A_VALUE = re.compile(r"[-+.]?\d")


def cell_sql(header: str, column: Column | None, rules: Rules, kind: str = "text") -> str:
    """SQL for one cell as trimmed text, NULL for null words."""
    cell = quoted(header)
    if not is_trimmed(rules):
        return worded_sql(cell, column, rules, kind)
    trimmed = trimmed_sql(cell)
    return worded_sql(without_excel_guard_sql(trimmed) if rules.has_excel_guards else trimmed, column, rules, kind)


def is_trimmed(rules: Rules) -> bool:
    """Whether cells are trimmed before they are compared with null words."""
    return rules.is_padded or rules.has_excel_guards


def trimmed_sql(cell: str) -> str:
    """SQL for a cell without blanks around it."""
    return f"trim({cell}, {literal(BLANKS)})"


def worded_sql(cell: str, column: Column | None, rules: Rules, kind: str = "text") -> str:
    """SQL for a cell, NULL for null words; `cell` is trimmed where the rules ask for it."""
    words = [*STANDARD_NULLS, *rules.null_words, *(column.null_words if column else ())]
    if kind in ("date", "timestamp"):
        words += NULL_DATES
    words = list(dict.fromkeys(words))
    # `in` with as many words would be planned as a join over all rows.
    is_null = f"list_contains([{', '.join(map(literal, words))}], {cell})"
    if is_trimmed(rules):
        if kind in ("date", "timestamp"):
            is_null += f" or {no_day_sql(cell)}"
    else:
        is_null = f"strlen({cell}) <= {max(len(word.encode()) for word in words)} and {is_null}"
    return f"case when {is_null} then null else {cell} end"


def without_excel_guard_sql(text: str) -> str:
    """SQL for trimmed text without what keeps Excel from converting it: 0010 for `="0010"` and `'0010`."""
    inner = f"""replace(substr({text}, 3, length({text}) - 3), '""', '"')"""
    numbered = rf"regexp_full_match({text}, {literal(_NUMBERED)})"
    return f"""case when {text} like '="%"' then {inner} when {numbered} then substr({text}, 2) else {text} end"""


def seen_sql(text: str, *, is_id: bool) -> str:
    """SQL for a text without marks of no width inside it: an id that was copied from a page is the same id."""
    marks = f"[{UNSEEN}{JOINERS if is_id else ''}]"
    return f"case when strlen({text}) > length({text}) then regexp_replace({text}, '{marks}', '', 'g') else {text} end"


def joined_sql(column: Column, headers: tuple[str, ...]) -> str:
    """SQL for the raw cell of a typed column; several cells are joined."""
    if len(headers) == 1:
        return quoted(headers[0])
    parts = [f"nullif(trim({quoted(header)}, {literal(BLANKS)}), '')" for header in headers]
    return f"nullif(concat_ws({literal(column.separator)}, {', '.join(parts)}), '')"


def is_padded_sql(cell: str) -> str:
    """SQL that is true for a cell with spaces around it: cheaper than trimming every cell."""
    return f"(({cell} < '!' and {cell} <> '') or suffix({cell}, ' '))"


def is_plain_sql(cell: str, column: Column, canonical: CanonicalColumn, rules: Rules) -> str | None:
    """SQL that is true for an empty cell and one that a plain cast reads correctly; None where no cast is possible.

    Never NULL: such a cell would be counted nowhere.
    """
    plain = plain_value_sql(cell, column, canonical, rules)
    return f"{cell} is null or ({plain}) is not null" if plain else None


def plain_value_sql(cell: str, column: Column, canonical: CanonicalColumn, rules: Rules) -> str | None:
    """SQL for a cell's date, timestamp or number by a plain cast, NULL for other cells; None where none is possible."""
    if canonical.type == "boolean" or any(
        _LIKE_A_VALUE.match(word) for word in (*rules.null_words, *column.null_words)
    ):
        return None
    if canonical.type in ("date", "timestamp"):
        if column.formats and any(form in SPECIAL for form in column.formats):
            return None
        kind, length = ("date", 10) if canonical.type == "date" else ("timestamp", 19)
        dashes = f"length({cell}) <= {length} and substr({cell}, 5, 1) = '-' and {likely_year_sql(cell)}"
        if canonical.type == "timestamp":  # the cast drops the offset of `2025-01-31 23:30+01`
            dashes += f" and not (contains({cell}, '+') or contains(substr({cell}, 11), '-') or suffix({cell}, 'Z'))"
        return f"case when {dashes} then try_cast({cell} as {kind}) end"
    return plain_sql(cell, column.number_format or rules.number_format, number_kind(column, canonical))


def number_kind(column: Column, canonical: CanonicalColumn) -> str:
    """The SQL type in which a number is read: with more decimals where it will be multiplied by a unit."""
    if canonical.type in ("number", "share"):
        return "double"
    return FINE if canonical.type == "rate" or column.unit > 1 else WIDE


def read_sql(text: str, column: Column, canonical: CanonicalColumn, rules: Rules) -> str:
    """SQL for the value of trimmed text by the careful patterns; for numbers before unit and tax are applied."""
    if canonical.type == "share":
        digits = f"rtrim(replace({text}, '％', '%'), '% ')"
        number = careful_sql(digits, column.number_format or rules.number_format, "double")
        return _share(number, column, f"contains({text}, '%') or contains({text}, '％')")
    if canonical.type in NUMERIC and column.unit > 1:
        # 8万 in a column of 万元: one of the two is a mistake, by a factor of 10,000.
        form = column.number_format or rules.number_format
        number = careful_sql(text, form, number_kind(column, canonical))
        return f"case when not {states_scale_sql(text, form)} then {number} end"
    if canonical.type in NUMERIC:
        return careful_sql(text, column.number_format or rules.number_format, number_kind(column, canonical))
    return _READERS[canonical.type](text, column, canonical, rules)


def quick_sql(text: str, column: Column, canonical: CanonicalColumn, rules: Rules) -> str | None:
    """SQL for the value of trimmed text by the commonest patterns of `read_sql`, NULL for other text.

    None where those are all that it has. To prepare the rest takes longer than reading a few hundred texts.
    """
    if canonical.type in ("date", "timestamp") and not column.formats:
        return _moment(text, column, canonical, rules, is_worded=False)
    if canonical.type in ("decimal", "rate", "number", "integer") and column.unit <= 1:
        return grouped_sql(text, column.number_format or rules.number_format, number_kind(column, canonical))
    return None


def typed_sql(name: str, cell: str, column: Column, canonical: CanonicalColumn, rules: Rules) -> str:
    """SQL for the typed value of a cell: by a plain cast, or looked up where the cast does not apply."""
    if canonical.type == "text":
        return _text(cell, column, canonical, rules)
    plain = plain_value_sql(cell, column, canonical, rules)
    value = quoted(f"~value {name}") if rules.is_looked_up else None
    if canonical.type == "timestamp" and plain:
        plain = utc_sql(plain, column.timezone or rules.zone, is_date=False)
    if canonical.type == "share" and plain:
        plain = _share(plain, column)
    either = f"coalesce({value}, {plain})" if value and plain else value or plain or "null"
    if canonical.type in ("decimal", "rate", "number", "integer"):
        return scaled_sql(either, column, canonical)
    return f"cast({either} as {canonical.sql_type})"


def const_sql(text: str, column: Column, canonical: CanonicalColumn, rules: Rules) -> str:
    """SQL for a constant of the contract."""
    if canonical.type in ("decimal", "rate", "number", "integer"):
        return scaled_sql(f"try_cast({text} as {number_kind(column, canonical)})", column, canonical)
    if canonical.type == "share":
        return _share(f"try_cast({text} as double)", column)
    return _READERS[canonical.type](text, column, canonical, rules)


def _text(text: str, column: Column, canonical: CanonicalColumn, rules: Rules) -> str:
    if column.split:
        text = f"trim(split_part({text}, {literal(column.split)}, 1))"
    if column.pattern:
        text = f"nullif(regexp_extract({text}, {literal(column.pattern)}, 1), '')"
    normalisers: dict[str, Callable[[str], str]] = {
        "none": lambda sql: sql,
        "upper": lambda sql: f"upper({sql})",
        "strip_zeros": lambda sql: f"coalesce(nullif(ltrim({sql}, '0'), ''), case when {sql} is not null then '0' end)",
        "last_segment": lambda sql: f"trim(list_last(string_split({sql}, ' : ')))",
        "salesforce_id": salesforce_id_sql,
    }
    return normalisers[column.normalise](text)


def _boolean(text: str, column: Column, canonical: CanonicalColumn, rules: Rules) -> str:
    true_words = [word.casefold() for word in column.true_words] or list(TRUE)
    false_words = [word.casefold() for word in column.false_words] or list(FALSE)
    true_list = ", ".join(map(literal, true_words))
    otherwise = f"when lower({text}) in ({', '.join(map(literal, false_words))}) then false"
    if column.true_words and not column.false_words:
        otherwise = f"when {text} is not null then false"
    return f"case when lower({text}) in ({true_list}) then true {otherwise} end"


def _moment(text: str, column: Column, canonical: CanonicalColumn, rules: Rules, *, is_worded: bool = True) -> str:
    is_date = canonical.type == "date"
    zone = column.timezone or rules.zone
    as_written = column.day_of == "source" and column.timezone is None and not rules.has_zone
    sql = moment_sql(
        text, column.formats, rules.order, zone, is_date=is_date, as_written=as_written, is_worded=is_worded
    )
    if not is_date:
        return sql
    return f"cast({day_of_instant_sql(sql, zone, '' if column.day_of == 'source' else rules.day_zone)} as date)"


def scaled_sql(number: str, column: Column, canonical: CanonicalColumn) -> str:
    """SQL for the canonical value of a number: unit and tax applied; NULL for a fraction in an integer column."""
    if canonical.type == "integer":
        return f"case when {number} = trunc({number}) then try_cast({number} as bigint) end"
    return f"try_cast({_scaled(number, column)} as {canonical.sql_type})"


def _scaled(value: str, column: Column) -> str:
    """Multiply by the unit (10000 for 万元) and remove tax where the source's amount includes it.

    Twenty digits make DuckDB multiply in 128 bits: two numbers of at most 18 digits overflow at 11,698.03 million.
    """
    if column.unit != 1:
        unit = f"cast({column.unit!r} as decimal(20,{0 if column.unit == int(column.unit) else 6}))"
        value = f"({value}) * {unit}"
    if column.tax == "included":
        rate = repr(column.tax_rate) if isinstance(column.tax_rate, float | int) else _rate_of(str(column.tax_rate))
        value = f"cast(({value}) as double) / (1 + {rate})"
    return value


def _rate_of(header: str) -> str:
    """A tax rate from another column of the row: `13%`, `13` or `0.13`."""
    text = f"trim({quoted(header)})"
    number = f"try_cast(rtrim({text}, '% ') as double)"
    return f"(case when {text} like '%\\%' escape '\\' or {number} >= 1 then {number} / 100 else {number} end)"


def _share(number: str, column: Column, has_sign: str = "false") -> str:
    """A share, 0 to 1. A % sign in the cell decides; otherwise the contract says whether 45 means 0.45."""
    most = 100 if column.scale == "percent" else 1
    divisor = f"case when {has_sign} then 100 else {most} end" if has_sign != "false" else str(most)
    # systems that compute with binary fractions write 0.35000000000000003
    return f"case when {number} between 0 and {divisor} then round(cast({number} as double) / {divisor}, 12) end"


NUMERIC = ("decimal", "rate", "number", "integer", "share")
_READERS: dict[str, Callable[[str, Column, CanonicalColumn, Rules], str]] = {
    "text": _text, "boolean": _boolean, "date": _moment, "timestamp": _moment,
}  # fmt: skip


def salesforce_id_sql(text: str) -> str:
    """SQL for the 18-character form of a Salesforce id; other lengths stay as they are.

    A 15-character id is case-sensitive. The suffix holds, for each block of five, a bit per upper-case letter, written
    in the alphabet A-Z0-5, so that ids survive tools that ignore case.
    """
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    blocks = []
    for block in range(3):
        bits = " + ".join(
            f"case when substr({text}, {block * 5 + letter + 1}, 1) between 'A' and 'Z' then {1 << letter} else 0 end"
            for letter in range(5)
        )
        blocks.append(f"substr('{alphabet}', 1 + {bits}, 1)")
    valid = f"regexp_full_match({text}, '[A-Za-z0-9]{{15}}')"
    return f"case when {valid} then {text} || {' || '.join(blocks)} else {text} end"
