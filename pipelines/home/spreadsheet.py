"""The one writer of tables that a person opens: no cell runs as a formula, and nobody else can read the file."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from pipelines.errors import AlmanacError

# What spreadsheets take for the beginning of a formula, in both widths; a tab or line end is skipped before it.
_FORMULA = "^'*[=+\\-@\\t\\r\\n＝＋－＠]"
_QUOTED = re.compile(_FORMULA.replace("'*", "'+", 1))


def write_table(rows: pl.DataFrame | pl.LazyFrame, out: Path) -> None:
    """Write rows as CSV or Parquet by the name's ending, private to the owner. In CSV texts and headers are neutral."""
    frame = rows.lazy()
    kind = out.suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise AlmanacError(f"{out}: write to .csv or .parquet")
    aside = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    aside.touch(mode=0o600)
    if kind == ".parquet":
        frame.sink_parquet(aside)
    else:
        neutralised(frame).sink_csv(aside)
    aside.replace(out)


def write_private(out: Path, text: str) -> None:
    """Write text with a byte-order mark, which spreadsheets need, into a file of the owner alone."""
    aside = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    aside.touch(mode=0o600)
    aside.write_text(text, encoding="utf-8-sig")
    aside.replace(out)


def neutralised(frame: pl.LazyFrame) -> pl.LazyFrame:
    """A quote before each text, and each header, that a spreadsheet would run as a formula; numbers stay."""
    schema = frame.collect_schema()
    texts = [name for name, kind in schema.items() if kind in (pl.String, pl.Categorical)]
    quoted = frame.with_columns(_neutral(name) for name in texts)
    return quoted.rename({name: neutral(name) for name in schema.names()})


def neutral(text: str) -> str:
    """A text as a cell that is shown and not run."""
    return f"'{text}" if re.match(_FORMULA, text) and not _is_number(text) else text


def as_typed(text: str) -> str:
    """The text that `neutral` was given, or that a person has typed into its place."""
    return text[1:] if _QUOTED.match(text) else text


def neutral_row(cells: Iterable[object]) -> list[str]:
    """A row of cells for a CSV file."""
    return [neutral("" if cell is None else str(cell)) for cell in cells]


def _neutral(name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String)
    is_number = text.cast(pl.Float64, strict=False).is_not_null()
    return pl.when(text.str.contains(_FORMULA) & ~is_number).then("'" + text).otherwise(text).alias(name)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
