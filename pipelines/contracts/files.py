"""How one kind of file is dated, opened and shown."""

import re
from typing import Any, Literal

from pydantic import model_validator

from pipelines.contracts.declared import Declared, Word, Words


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
    ragged: Literal["refuse", "pad"] = "refuse"
    comment: str = ""
    records: str | None = None


class Sample(Declared):
    """A small export and what must come of it; one test runs them all."""

    file: str
    expected: tuple[dict[str, Any], ...] = ()
    quarantined: int = 0
    loaded: int | None = None
