"""What a spreadsheet made of cells that it understood: errors in place of texts, ids rounded or turned into dates.

Found in `typed`, on all rows of a column: one id of 1234567890123450000 may be as it was, a column of them is not.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar

import duckdb
import polars as pl

from pipelines.home.warehouse import literal, quoted
from pipelines.ingest.casting.cast import PHONES, Casting, has_digits
from pipelines.ingest.casting.numbers import CAPITALISED_MONTHS, SMALL_MONTHS

_Name = TypeVar("_Name")
ERROR_RULE = "spreadsheet_error_emptied"
# #REF! and its translations, a column too narrow for its number, LibreOffice's codes, a formula in place of its value.
_ERROR = (
    r"#[¡¿]?[\p{Lu}][\p{Lu}0-9_/]{1,14}[!?]|#(?:N/A|NV|N/D|N/B|I/T|YOK|Н/Д|SPILL|CALC|ERROR|SAKNAS)!?|#{4,}|Err:\d{3}"
    r"|=[A-Z][A-Z.]*\(.*\)|=\$?[A-Z]{1,3}\$?\d+(?:[-+*/].*)?"
)
_DAY = r"\d{4}-\d{2}-\d{2}(?:[ T]00:00:00)?|\d{1,2}[./]\d{1,2}[./]\d{4}"
# 5-mars and Mar-05 are days where no other id is spelled like them: beside 10-kit, 2-gen is one.
_DAY_OF_MONTH = rf"\d{{1,2}}(?:-|/|\. ?)(?:{CAPITALISED_MONTHS}|{SMALL_MONTHS})\.?(?:-\d{{2}})?"
_LIKE_A_DAY_OF_MONTH = r"\d{1,2}(?:-|/|\. ?)\p{L}+\.?(?:-\d{2})?"
_MONTH_OF_YEAR = rf"(?:{CAPITALISED_MONTHS})[-. ]\d{{2}}"
_LIKE_A_MONTH_OF_YEAR = r"\p{L}+[-. ]\d{2}"
_MOST_DAYS = 0.5  # a column of which more ids are dates has dates for ids
LONG = 15  # digits that a spreadsheet keeps


def empty_error_words(connection: duckdb.DuckDBPyConnection, casting: Casting) -> pl.DataFrame:
    """Empty the texts of `typed` that are errors of a spreadsheet, but for ids; the corrections, one row per cell."""
    names = [name for name in _texts(casting) if name in PHONES or not has_digits(name, casting)]
    changed: list[pl.DataFrame] = []
    for name in _with(connection, {name: _is_likely_error(quoted(name)) for name in names}):
        cell = quoted(name)
        is_error = f"not _is_control and {_is_error(cell)}"
        changed.append(
            connection.execute(
                f"select _record, source_id, {literal(name)} as column_name, {cell} as old_value, "
                f"cast(null as varchar) as new_value, {literal(ERROR_RULE)} as rule, "
                f"'an error of a spreadsheet is no value' as because from typed where {is_error}"
            ).pl()
        )
        connection.execute(f"update typed set {cell} = null where {is_error}")
    return pl.concat(changed) if changed else pl.DataFrame()


def error_warnings(corrections: pl.DataFrame) -> list[str]:
    """A sentence about the cells that were emptied, if any. corrections: of a file, as logged."""
    errors = corrections.filter(pl.col("rule") == ERROR_RULE)["old_value"]
    words = ", ".join(errors.unique(maintain_order=True).head(3))
    return (
        [f"{errors.len()} cells hold an error of a spreadsheet ({words}) and are read as empty"] if errors.len() else []
    )


def find_damaged_ids(connection: duckdb.DuckDBPyConnection, casting: Casting) -> None:
    """Add the ids of `typed` that a spreadsheet damaged to `faults`."""
    names = [name for name in _texts(casting) if has_digits(name, casting) and name not in PHONES]
    kinds = {"error": _is_likely_error, "column": _is_likely_of_the_column, "word": _is_likely_word}
    likely = {(name, kind): is_likely(quoted(name)) for name in names for kind, is_likely in kinds.items()}
    suspicious = set(_with(connection, likely))
    for name in names:
        cell = quoted(name)
        tests = [_is_error(cell)] if (name, "error") in suspicious else []
        tests += _of_the_column(connection, cell) if (name, "column") in suspicious else ()
        tests += _month_words(connection, cell) if (name, "word") in suspicious else ()
        if tests:
            connection.execute(
                f"insert into faults select _record, {literal(name)}, 'damaged_id', null from typed "
                f"where not _is_control and ({' or '.join(tests)}) "
                f"and _record not in (select _record from faults where column_name = {literal(name)})"
            )


def _of_the_column(connection: duckdb.DuckDBPyConnection, cell: str) -> Iterable[str]:
    """SQL that is true for an id that only its column shows to be damaged."""
    is_long = f"(length({cell}) > {LONG} and regexp_full_match({cell}, '[1-9]\\d+'))"
    is_rounded = f"({is_long} and {_ends_in_zeros(cell)})"
    is_day = f"(length({cell}) in (8, 9, 10, 19) and regexp_full_match({cell}, {literal(_DAY)}))"
    row = connection.execute(
        f"select count(*), count(distinct {cell}) filter ({is_long}), count(distinct {cell}) filter ({is_rounded}), "
        f"coalesce(max(length({cell})) filter ({is_rounded}), 0), count(*) filter ({is_day}) "
        f"from typed where not _is_control and {cell} is not null"
    ).fetchone()
    filled, long_ids, rounded, longest, days = row or (0, 0, 0, 0, 0)
    if rounded and rounded == long_ids and (rounded > 1 or longest > LONG + 2):
        yield is_rounded
    if 0 < days < filled and days <= _MOST_DAYS * filled:
        yield is_day


def _month_words(connection: duckdb.DuckDBPyConnection, cell: str) -> Iterable[str]:
    """SQL that is true for a day or a month in words among ids none of which is spelled like it and is none."""
    for pattern, like in ((_DAY_OF_MONTH, _LIKE_A_DAY_OF_MONTH), (_MONTH_OF_YEAR, _LIKE_A_MONTH_OF_YEAR)):
        is_word, is_like = (
            f"(length({cell}) <= 9 and regexp_full_match({cell}, {literal(item)}))" for item in (pattern, like)
        )
        row = connection.execute(
            f"select count(*), count(*) filter ({is_word}), count(*) filter ({is_like}) "
            f"from typed where not _is_control and {cell} is not null"
        ).fetchone()
        filled, words, alike = row or (0, 0, 0)
        if 0 < words == alike < filled:
            yield is_word


def _ends_in_zeros(cell: str) -> str:
    return f"regexp_full_match({cell}, '[1-9]\\d{{{LONG - 1}}}0+')"


def _is_likely_of_the_column(cell: str) -> str:
    """SQL that is true for an id as long as one that was rounded, or with the marks of a day."""
    return f"length({cell}) > {LONG} or (length({cell}) in (8, 9, 10, 19) and {_has_marks(cell)})"


def _is_likely_word(cell: str) -> str:
    """SQL that is true for an id that begins as 5-Mar does or ends as Mar-05 does."""
    ends = f"{cell} >= '0' and {cell} < ':' or substr({cell}, -3, 1) in ('-', '.', ' ')"
    return f"length({cell}) <= 9 and ({ends}) and {_has_marks(cell)}"


def _has_marks(cell: str) -> str:
    """Without patterns: to prepare one of all months' names for each column took longer than reading its cells."""
    return f"({' or '.join(f'contains({cell}, {literal(mark)})' for mark in '-/. ')})"


def _is_likely_error(cell: str) -> str:
    return f"({cell} >= '#' and {cell} < '$') or ({cell} >= '=' and {cell} < '>') or {cell} like 'Err:%'"


def _is_error(cell: str) -> str:
    return f"(case when {_is_likely_error(cell)} then regexp_full_match({cell}, {literal(_ERROR)}) else false end)"


def _texts(casting: Casting) -> list[str]:
    columns = casting.canonical.columns
    read = (name for name in casting.contract.columns if casting.mapping.columns.get(name))
    return [name for name in read if columns[name].type == "text" and not columns[name].map]


def _with(connection: duckdb.DuckDBPyConnection, tests: Mapping[_Name, str]) -> list[_Name]:
    """The names whose test is true for a cell: one look at all rows."""
    if not tests:
        return []
    counts = ", ".join(f"count(*) filter ({test})" for test in tests.values())
    row = connection.execute(f"select {counts} from typed").fetchone() or ()
    return [name for name, count in zip(tests, row, strict=True) if count]
