"""What a spreadsheet made of cells that it understood: errors in place of texts, ids rounded or turned into dates.

Found in `typed`, on all rows of a column: one id of 1234567890123450000 may be as it was, a column of them is not.
"""

from collections.abc import Iterable

import duckdb
import polars as pl

from pipelines.home.warehouse import literal, quoted
from pipelines.ingest.casting.cast import PHONES, Casting, has_digits

ERROR_RULE = "spreadsheet_error_emptied"
# #REF! and its translations, a column too narrow for its number, LibreOffice's codes, a formula in place of its value.
_ERROR = (
    r"#[¡¿]?[\p{Lu}][\p{Lu}0-9_/]{1,14}[!?]|#(?:N/A|NV|N/D|N/B|I/T|YOK|Н/Д|SPILL|CALC|ERROR|SAKNAS)!?|#{4,}|Err:\d{3}"
    r"|=[A-Z][A-Z.]*\(.*\)|=\$?[A-Z]{1,3}\$?\d+(?:[-+*/].*)?"
)
_DAY = r"\d{4}-\d{2}-\d{2}(?:[ T]00:00:00)?|\d{1,2}[./]\d{1,2}[./]\d{4}"
_MOST_DAYS = 0.5  # a column of which more ids are dates has dates for ids
LONG = 15  # digits that a spreadsheet keeps


def empty_error_words(connection: duckdb.DuckDBPyConnection, casting: Casting) -> pl.DataFrame:
    """Empty the texts of `typed` that are errors of a spreadsheet, but for ids; the corrections, one row per cell."""
    names = [name for name in _texts(casting) if name in PHONES or not has_digits(name, casting)]
    changed: list[pl.DataFrame] = []
    for name in _with(connection, names, {name: _is_likely_error(quoted(name)) for name in names}):
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
    likely = {name: f"length({quoted(name)}) > 7 or {_is_likely_error(quoted(name))}" for name in names}
    for name in _with(connection, names, likely):
        cell = quoted(name)
        tests = [_is_error(cell), *_of_the_column(connection, cell)]
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


def _ends_in_zeros(cell: str) -> str:
    return f"regexp_full_match({cell}, '[1-9]\\d{{{LONG - 1}}}0+')"


def _is_likely_error(cell: str) -> str:
    return f"({cell} >= '#' and {cell} < '$') or ({cell} >= '=' and {cell} < '>') or {cell} like 'Err:%'"


def _is_error(cell: str) -> str:
    return f"(case when {_is_likely_error(cell)} then regexp_full_match({cell}, {literal(_ERROR)}) else false end)"


def _texts(casting: Casting) -> list[str]:
    columns = casting.canonical.columns
    read = (name for name in casting.contract.columns if casting.mapping.columns.get(name))
    return [name for name in read if columns[name].type == "text" and not columns[name].map]


def _with(connection: duckdb.DuckDBPyConnection, names: list[str], tests: dict[str, str]) -> list[str]:
    """The columns with a cell for which the test is true: one look at all rows."""
    if not names:
        return []
    counts = ", ".join(f"count(*) filter ({tests[name]})" for name in names)
    row = connection.execute(f"select {counts} from typed").fetchone() or ()
    return [name for name, count in zip(names, row, strict=True) if count]
