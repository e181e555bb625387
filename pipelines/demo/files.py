"""Writing files the way the systems write them, and remembering what was written and which rows in it are bad."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import polars as pl

from pipelines.demo.dirt import Rows

BOM = "\ufeff"
EPOCH_CREATED = datetime(2020, 1, 1)  # a workbook carries its creation time: a fixed one keeps the bytes the same


@dataclass
class Outbox:
    """Where exporters put their files. Paths are relative to the inbox."""

    inbox: Path
    rows: Rows
    written: list[Path] = field(default_factory=list)
    bad: list[dict[str, str]] = field(default_factory=list)

    def csv(
        self,
        path: str,
        frame: pl.DataFrame,
        *,
        encoding: str = "utf-8",
        delimiter: str = ",",
        quote_all: bool = False,
        bom: bool = False,
        totals: list[str] | None = None,
    ) -> None:
        """A delimited file of text columns; null is an empty cell. `totals` is a last row for people."""
        target = self._target(path)
        body = (
            frame if totals is None else pl.concat([frame, pl.DataFrame([totals], schema=frame.schema, orient="row")])
        )
        style: Literal["always", "necessary"] = "always" if quote_all else "necessary"
        if encoding == "utf-8" and not bom:
            body.write_csv(target, separator=delimiter, quote_style=style)
        else:
            text = body.write_csv(separator=delimiter, quote_style=style)
            target.write_bytes(((BOM if bom else "") + text).encode(encoding))
        self.written.append(target)

    def json_lines(self, path: str, frame: pl.DataFrame) -> None:
        """A file of one JSON object per row; a null is left out of none."""
        target = self._target(path)
        frame.write_ndjson(target)
        self.written.append(target)

    def workbook(
        self,
        path: str,
        frame: pl.DataFrame,
        *,
        sheet: str,
        title: list[str] | None = None,
        totals: Sequence[object] | None = None,
    ) -> None:
        """A workbook of one sheet: title rows above, a totals row below; numbers stay numbers, dates become dates."""
        import xlsxwriter

        target = self._target(path)
        book = xlsxwriter.Workbook(
            target, {"constant_memory": True, "strings_to_urls": False, "strings_to_formulas": False}
        )
        book.set_properties({"created": EPOCH_CREATED})
        page = book.add_worksheet(sheet)
        dates = book.add_format({"num_format": "yyyy-mm-dd"})
        row_number = 0
        for line in title or []:
            page.write_string(row_number, 0, line)
            row_number += 1
        for row in [frame.columns, *frame.iter_rows(), *([totals] if totals else [])]:
            for column, value in enumerate(row):
                if isinstance(value, date):
                    page.write_datetime(row_number, column, datetime(value.year, value.month, value.day), dates)
                elif isinstance(value, str):
                    page.write_string(row_number, column, value)
                elif value is not None:
                    page.write_number(row_number, column, value)
            row_number += 1
        book.close()
        self.written.append(target)

    def spoilt(
        self,
        path: str,
        object_name: str,
        frame: pl.DataFrame,
        *,
        keys: list[str],
        key: str,
        day: str | None = None,
        amount: str | None = None,
    ) -> pl.DataFrame:
        """The frame with bad rows appended: copies of its first row under keys of their own, each wrong in one column.

        keys: unused keys, as many as bad rows may need. Every bad row is listed in the truth.
        """
        plan = [
            ("bad_date", day, "2026-02-30", self.rows.bad_dates),
            ("bad_amount", amount, "12O0.00", self.rows.bad_amounts),
            ("missing_key", key, None, self.rows.missing_keys),
        ]
        spare = iter(keys)
        pieces = [frame]
        for kind, column, value, times in plan:
            for _ in range(times if column and len(frame) else 0):
                cells = {key: next(spare), str(column): value}
                wrong = [pl.lit(text, dtype=pl.String).alias(name) for name, text in cells.items()]
                pieces.append(frame.head(1).with_columns(wrong))
                self.bad.append({"path": path, "object": object_name, "kind": kind, "column": str(column)})
        return pl.concat(pieces)

    def manifest(self) -> dict[str, str]:
        """Relative path -> sha256 of every file written."""
        return {str(path.relative_to(self.inbox)): sha256(path) for path in sorted(self.written)}

    def _target(self, path: str) -> Path:
        target = self.inbox / path
        target.parent.mkdir(parents=True, exist_ok=True)
        return target


def sha256(path: Path) -> str:
    """The hash of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
