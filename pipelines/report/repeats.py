"""Columns of a page's table that say the same in every row, or nothing in any: they are said once, above the table.

A workbook keeps them, since people filter and paste its columns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.report.served import Row
from pipelines.report.words import NUMERIC

FEWEST_ROWS = 5  # a shorter table is read faster than a sentence about it
FEWEST_COLUMNS = 3  # so many stay, whatever they say


@dataclass(frozen=True)
class Table:
    """forms: the columns that are written out. same: the others, to their one value. empty: those without a value."""

    forms: Mapping[str, str]
    same: Mapping[str, object]
    empty: Sequence[str]


def without_repeats(forms: Mapping[str, str], rows: Sequence[Row]) -> Table:
    """The columns of a table, apart from those that repeat themselves. Numbers stay: equal ones are findings."""
    if len(rows) < FEWEST_ROWS:
        return Table(forms, {}, [])
    values = {name: {row[name] for row in rows} for name in forms}
    empty = [name for name in forms if values[name] <= {None, ""}]
    alike = [name for name, form in forms.items() if name not in empty and form not in NUMERIC]
    same = {name: rows[0][name] for name in alike if len(values[name]) == 1}
    kept = {name: form for name, form in forms.items() if name not in same and name not in empty}
    return Table(kept, same, empty) if len(kept) >= FEWEST_COLUMNS else Table(forms, {}, [])
