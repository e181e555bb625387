"""A person in the files of one contract: matched by personal columns or the record's id, complete cells only.

Contracts without personal columns are skipped: an order with the same number as a contact stays.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from pipelines.contracts import ObjectContract, canonical_objects
from pipelines.ingest.formats.careful_parser import Dialect, parse
from pipelines.ingest.formats.source import folded


def personal_columns(contract: ObjectContract) -> list[str]:
    """The record's id and every personal column that the contract fills; empty where it fills none."""
    columns = canonical_objects()[contract.object].columns
    marked = {name for name, column in columns.items() if column.pii} | set(contract.pii)
    filled = sorted(marked & set(contract.columns))
    return ["source_id", *filled] if filled else []


def contract_of(canonical: str) -> ObjectContract:
    """Replacement for a contract that no longer exists: the object's personal columns, without known headers."""
    columns = canonical_objects()[canonical].columns
    personal = [name for name, column in columns.items() if column.pii] or [canonical_objects()[canonical].key_column]
    return ObjectContract.model_validate(
        {"object": canonical, "files": ["*"], "exported_at": {"on": "1970-01-01"}, "key": ["none"]}
        | {"columns": {name: {"const": ""} for name in personal}}
    )


def normal(text: str) -> str:
    """A cell as it is compared, here and by tombstones: trimmed and in lower case."""
    return text.strip().lower()


@dataclass(frozen=True)
class Person:
    """A person's id, e-mail, telephone or name, and the contract whose files are searched for it."""

    name: str
    contract: ObjectContract

    @property
    def headers(self) -> set[str]:
        """The folded source headers of columns that may hold the person."""
        columns = self.contract.columns
        read = [columns[name] for name in (*personal_columns(self.contract), *self.contract.key) if name in columns]
        words = {word for column in read for word in (*column.source, *column.join)}
        return {folded(word) for word in words | {key for key in self.contract.key if key not in columns}}

    def in_rows(self, frame: pl.DataFrame) -> pl.Expr:
        """Expression that is true for accepted rows of the person."""
        wanted = normal(self.name)
        names = [name for name in personal_columns(self.contract) if name in frame.columns]
        cells = (pl.col(name).cast(pl.String).str.strip_chars().str.to_lowercase() for name in names)
        return pl.any_horizontal(pl.lit(False), *(cell.eq(wanted).fill_null(False) for cell in cells))

    def positions(self, records: Iterable[Sequence[str]]) -> tuple[int, list[int]]:
        """Width of the header and positions of the columns that may hold the person; (0, []) without a header."""
        wanted = self.headers
        for cells in records:
            if matches := [position for position, cell in enumerate(cells) if folded(cell) in wanted]:
                return len(cells), matches
        return 0, []

    def in_cells(self, cells: Sequence[str], header: tuple[int, list[int]]) -> bool:
        """Whether a source record is the person's. In a record of another width than the header, every cell counts."""
        width, columns = header
        searched = [cells[position] for position in columns] if len(cells) == width else cells
        return normal(self.name) in map(normal, searched)

    def in_line(self, line: str | None, dialect: Dialect, header: tuple[int, list[int]]) -> bool:
        """The same for the raw text of one record, in the dialect of its file or quoted as quarantine writes it."""
        dialects = dict.fromkeys((dialect, Dialect(dialect.delimiter)))
        return any(self.in_cells(record.cells, header) for kind in dialects for record in parse(line or "", kind))

    def in_object(self, text: str) -> bool:
        """The same for cells under their headers, as JSON."""
        wanted = self.headers
        return any(
            folded(header) in wanted and normal(cell or "") == normal(self.name)
            for header, cell in json.loads(text).items()
        )
