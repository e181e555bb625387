"""How one kind of file is dated, opened and shown."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator

from pipelines.contracts.declared import Declared, Scalar, Word, Words, as_text, as_texts


class ExportedAt(Declared):
    """Where the instant of the export stands: exactly one of filename, column, sidecar, on."""

    filename: str | None = None
    column: str | None = None
    sidecar: bool = False
    on: Word | None = None
    format: str = "%Y-%m-%d"

    @model_validator(mode="after")
    def _exactly_one(self) -> "ExportedAt":
        if sum(bool(way) for way in (self.filename, self.column, self.sidecar, self.on)) != 1:
            raise ValueError("exported_at: say exactly one of filename, column, sidecar: true, on")
        if self.filename and re.compile(self.filename).groups != 1:
            raise ValueError(f"exported_at: filename {self.filename!r} needs exactly one group around the date")
        return self


class Reader(Declared):
    """How the bytes become a table; everything that is not said is found out from the content."""

    format: Literal["auto", "csv", "xlsx", "jsonl", "json", "parquet"] = "auto"
    encoding: str = "auto"
    delimiter: str = "auto"
    quote: str = "auto"
    escape: str = "auto"
    header_row: Literal["auto", "none"] | int = "auto"
    headers: Words = ()
    sheet: int | str = 0
    sheets: str | None = None
    member: str | None = None
    totals: Words = (
        *("合计", "小计", "总计", "总额", "Total", "Totals", "Grand Total", "Subtotal", "Sub-total", "Sum"),
        *("Summe", "Gesamt", "Gesamtsumme", "Zwischensumme"),
    )
    fill_down: Words = ()
    fill_down_within: str = ""  # the header of a document's number: blank cells stay within their document
    ragged: Literal["refuse", "pad"] = "refuse"
    comment: str = ""
    records: str | None = None
    plugin: str = ""  # a reader of another package, by the name of its entry point

    @model_validator(mode="after")
    def _sound(self) -> "Reader":
        if self.fill_down_within and self.fill_down_within not in self.fill_down:
            raise ValueError(f"fill_down_within: {self.fill_down_within!r} must be one of fill_down")
        return self


def _pattern_or_words(value: Any) -> Any:
    return as_texts(value) if isinstance(value, list) else as_text(value)


class Stated(Declared):
    """What is said once for a whole file and holds for each of its rows: exactly one of filename, title, const."""

    filename: str | None = None
    title: str | None = None
    const: Word | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Stated":
        if sum(way is not None for way in (self.filename, self.title, self.const)) != 1:
            raise ValueError("say exactly one of filename, title, const")
        for place, pattern in (("filename", self.filename), ("title", self.title)):
            if pattern is not None and re.compile(pattern).groups != 1:
                raise ValueError(f"{place} {pattern!r} needs exactly one group around what is kept")
        return self


class Unpivot(Declared):
    """Columns that are turned into rows: one per header, which stands under `name`, with its cell under `value`.

    columns: headers, or a pattern that a whole header matches. Its first group, if any, is what stands under `name`;
    with a second one, `2025-01 Plan` and `2025-01 Actual` are one row, and the group's words are the value's headers.
    Groups called `name` and `value` may come in any order. value: the header of cells whose own has no such group.
    optional: a listed header may be missing, and a file without any of them holds no rows and is not refused.
    """

    columns: Annotated[
        str | tuple[str, ...],
        BeforeValidator(
            lambda value: as_texts(value) if isinstance(value, list) else as_text(value),
            json_schema_input_type=Scalar | list[Scalar],
        ),
    ]
    name: str
    value: str | None = None
    optional: bool = False

    @model_validator(mode="after")
    def _sound(self) -> "Unpivot":
        groups = re.compile(self.columns).groups if isinstance(self.columns, str) else 0
        if groups > 2:
            raise ValueError(f"columns {self.columns!r} has {groups} groups: the first is the name, a second the value")
        if groups < 2 and self.value is None:
            raise ValueError("say `value`, the header that the cells get, or a second group in `columns` that names it")
        return self


class Sample(Declared):
    """A small export and what must come of it; one test runs them all."""

    file: str
    expected: tuple[dict[str, Any], ...] = ()
    quarantined: int = 0
    loaded: int | None = None
