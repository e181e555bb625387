"""Rows of a table that repeat what the others say: totals, averages, notes under the table."""

import re

import polars as pl

from pipelines.contracts import Reader
from pipelines.ingest.formats.source import BLANKS

SUMMARIES = ("Average", "Avg", "Mean", "Median", "Durchschnitt", "Mittelwert", "Moyenne", "Promedio", "平均", "平均值")
_WORDS = "|".join(re.escape(word) for word in (*Reader().totals, *SUMMARIES))
SUMMARY = re.compile(rf"(?i)\s*({_WORDS})\s*([:：(（\d].*)?")


def summary_mask(table: pl.DataFrame) -> pl.Series:
    """True for rows whose first filled cell is a word for a total or an average."""
    cells = [pl.col(name).str.strip_chars(BLANKS).replace("", None) for name in table.columns]
    first = table.select(pl.coalesce(cells).alias("first"))["first"]
    words = {text: bool(SUMMARY.fullmatch(text)) for text in first.unique().to_list() if text}
    return first.replace_strict(words, default=False, return_dtype=pl.Boolean)


def without_summaries(table: pl.DataFrame, time: str) -> tuple[pl.DataFrame, list[str]]:
    """The table without rows that sum the others, and a note. Only a row without a date can be one."""
    undated = table[time].str.strip_chars(BLANKS).fill_null("")
    is_word = pl.Series([not text or bool(SUMMARY.fullmatch(text)) for text in undated.to_list()], dtype=pl.Boolean)
    is_summary = summary_mask(table) & is_word
    if not is_summary.any():
        return table, []
    words = table.filter(is_summary).row(0)
    shown = next(text for text in words if text and text.strip())
    return table.filter(~is_summary), [f"{is_summary.sum()} rows without a date are no periods, as {shown!r}: left out"]
