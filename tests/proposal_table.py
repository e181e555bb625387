"""A small table of text as proposals see it: its frame, a sample of each column, what its headers are taken for."""

from collections.abc import Mapping, Sequence

import polars as pl

from pipelines.ingest.casting.code_lists import Vocabulary
from pipelines.ingest.proposals.column_values import ColumnSample
from pipelines.ingest.proposals.guess import Guess
from pipelines.ingest.proposals.number_columns import Guesses, Numbers, Samples

Columns = Mapping[str, Sequence[object]]  # cells by header
WORDS = {
    "stages": Vocabulary("stages", {"won": "won", "lost": "lost", "void": "void", "lead": "lead", "offer": "quoted"}),
    "statuses": Vocabulary("statuses", {"open": "open", "won": "won", "lost": "lost"}),
    "currencies": Vocabulary("currencies", {"dollar": "USD"}),
}


def sample(*texts: str) -> ColumnSample:
    """The sample of one column with these cells."""
    return ColumnSample.of(pl.Series(texts, dtype=pl.String))


def table(columns: Columns) -> pl.DataFrame:
    """A frame of text by header, cells written as text."""
    return pl.DataFrame(
        {
            header: pl.Series([None if cell is None else str(cell) for cell in cells], dtype=pl.String)
            for header, cells in columns.items()
        }
    )


def samples_of(frame: pl.DataFrame) -> Samples:
    """The sample of each column."""
    return {header: ColumnSample.of(frame[header]) for header in frame.columns}


def named(confidence: float = 0.95, /, **headers: str) -> Guesses:
    """What headers are taken for, by the column of each: `order_id="No"`."""
    return {header: Guess(header, column, confidence) for column, header in headers.items()}


def columns_of(guesses: Guesses) -> dict[str, str]:
    """Header to column, without the confidence."""
    return {header: guess.column for header, guess in guesses.items()}


def numbers_of(**columns: list[float]) -> Numbers:
    """Columns of numbers by header, blanks written as `_`."""
    return {name.replace("_", " "): pl.Series(cells) for name, cells in columns.items()}
