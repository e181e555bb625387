"""The texts of a file, each worked out once in a column of its own.

SQL that names a text twice would hold its whole expression twice, and what is built on it four times: planning such a
query took ten times as long as reading a thousand rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.contracts import Column
from pipelines.home.warehouse import literal, quoted
from pipelines.ingest.casting.cast_sql import (
    Rules,
    is_trimmed,
    seen_sql,
    trimmed_sql,
    without_excel_guard_sql,
    worded_sql,
)


@dataclass(frozen=True)
class TextCells:
    """The cells that one text is read from: several are joined.

    has_marks: whether marks of no width inside it are removed. is_id: whether joiners are, too.
    """

    headers: tuple[str, ...]
    rules: Rules
    column: Column | None = None
    has_marks: bool = False
    is_id: bool = False


def with_texts(relation: str, texts: Mapping[str, TextCells]) -> tuple[str, dict[str, str]]:
    """SQL for the relation with each text read, and the column that holds it: trimmed, NULL for null words."""
    cells = {name: [quoted(header) for header in text.headers] for name, text in texts.items()}
    for number, step in enumerate((_trimmed, _unguarded, _worded, _joined, _seen)):
        added = []
        for name, text in texts.items():
            values = step(text, cells[name])
            if values != cells[name]:
                cells[name] = [quoted(f"~{number} {name} {part}") for part in range(len(values))]
                added += [f"{value} as {cell}" for value, cell in zip(values, cells[name], strict=True)]
        relation = f"(select *, {', '.join(added)} from {relation})" if added else relation
    return relation, {name: cell for name, (cell,) in cells.items()}


def _trimmed(text: TextCells, cells: list[str]) -> list[str]:
    return list(map(trimmed_sql, cells)) if is_trimmed(text.rules) else cells


def _unguarded(text: TextCells, cells: list[str]) -> list[str]:
    return list(map(without_excel_guard_sql, cells)) if text.rules.has_excel_guards else cells


def _worded(text: TextCells, cells: list[str]) -> list[str]:
    return [worded_sql(cell, text.column, text.rules) for cell in cells]


def _joined(text: TextCells, cells: list[str]) -> list[str]:
    if len(cells) == 1:
        return cells
    separator = text.column.separator if text.column else ""
    return [f"nullif(concat_ws({literal(separator)}, {', '.join(cells)}), '')"]


def _seen(text: TextCells, cells: list[str]) -> list[str]:
    return [seen_sql(cell, is_id=text.is_id) for cell in cells] if text.has_marks else cells
