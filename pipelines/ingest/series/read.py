"""A file as `unique_id, ds, y`, in plain order: table, columns, sums left out, dates, numbers, names, one row each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.errors import AlmanacError
from pipelines.ingest.formats.source import BLANKS
from pipelines.ingest.proposals.column_values import ColumnSample
from pipelines.ingest.proposals.preview import read_table
from pipelines.ingest.series.amounts import amounts_of
from pipelines.ingest.series.columns import Columns, columns_of
from pipelines.ingest.series.controls import summary_mask, without_summaries
from pipelines.ingest.series.moments import clock_of, days_of
from pipelines.ingest.series.names import named, one_spelling
from pipelines.ingest.series.parts import with_joined_date
from pipelines.ingest.series.wide import unpivoted


@dataclass(frozen=True)
class SeriesTable:
    """rows: `unique_id, ds, y`, at most one per series and day. value: the column that `y` is from.

    notes: what was decided on evidence, a line each.
    """

    rows: pl.DataFrame
    value: str
    notes: tuple[str, ...] = ()


def read_series(
    path: Path,
    *,
    unique_id: Sequence[str] = (),
    time: Sequence[str] = (),
    value: str | None = None,
    decimal: str | None = None,
) -> SeriesTable:
    """The file's rows. unique_id: the columns that name a series, joined by `/`; decimal: its decimal mark.

    Columns that are not given are those named `unique_id`, `ds` and `y`, otherwise the only column of dates or periods
    (202401, 2024-W05, 2024Q1, Jan 2024), or a year and a month, and the only numeric one. A column per period becomes
    rows. Empty cells of `y` are gaps. Raises AlmanacError where a choice is open or a cell is unreadable.
    """
    table, about = read_table(path)
    if refused := about["refused"]:
        first = refused[0]
        raise AlmanacError(f"{path}: {len(refused):,} rows cannot be read, first record {first.record}: {first.reason}")
    names, dates = tuple(unique_id), tuple(time)
    notes: list[str] = []
    if not dates and "ds" not in table.columns and (wide := unpivoted(path, table, about["titles"])):
        table, found, period, notes = wide
        names, dates = names or tuple(found), (period,)
    return _long(str(path), table, names, dates, value, decimal, about["delimiter"] or "", notes)


def _long(
    path: str,
    table: pl.DataFrame,
    names: tuple[str, ...],
    time: tuple[str, ...],
    value: str | None,
    decimal: str | None,
    delimiter: str,
    notes: list[str],
) -> SeriesTable:
    records = table.filter(~summary_mask(table))
    samples = {name: ColumnSample.of((records if len(records) else table)[name]) for name in table.columns}
    chosen = columns_of(path, samples, names, time, value)
    if chosen.parts:
        table, remark = with_joined_date(path, table, chosen.parts)
        notes = [*notes, remark]
    table, left_out = without_summaries(table, chosen.time)
    stamps, numbers = _trimmed(table[chosen.time]), _trimmed(table[chosen.value])
    label = chosen.time if not chosen.parts else " and ".join(chosen.parts.values())
    ds, date_notes = days_of(path, label, stamps)
    _all_dated(path, label, stamps, ds)
    y, number_notes = amounts_of(path, chosen.value, numbers, decimal, delimiter)
    ids, merged = named(path, table, list(chosen.names))
    ids, spelled = one_spelling(ids, ds)
    rows = pl.DataFrame(
        {"unique_id": ids, "ds": ds, "y": y}, schema={"unique_id": pl.String, "ds": pl.Date, "y": pl.Float64}
    )
    _one_per_period(path, table, rows, stamps, chosen)
    return SeriesTable(rows, chosen.value, (*notes, *left_out, *date_notes, *number_notes, *merged, *spelled))


def _trimmed(texts: pl.Series) -> pl.Series:
    return texts.str.strip_chars(BLANKS).replace("", None)


def _all_dated(path: str, name: str, texts: pl.Series, days: pl.Series) -> None:
    unread = texts.filter(days.is_null())
    if len(unread):
        shown = repr(unread[0]) if unread[0] else "empty"
        raise AlmanacError(f"{path}: {len(unread):,} cells of {name} are no date, the first is {shown}")


def _one_per_period(path: str, table: pl.DataFrame, rows: pl.DataFrame, stamps: pl.Series, chosen: Columns) -> None:
    """Raise AlmanacError where a series has two rows of one day: hours, or a column that would separate them."""
    is_repeated = rows.select(pl.struct("unique_id", "ds").is_duplicated()).to_series()
    if not is_repeated.any():
        return
    series, day = rows.filter(is_repeated).select("unique_id", "ds").row(0)
    if any(clock_of(text) for text in stamps.filter(is_repeated).to_list() if text):
        raise AlmanacError(f"{path}: series {series!r} has several times of {day}: hours are not forecast; sum to days")
    used = {*chosen.names, chosen.time, chosen.value, *chosen.parts.values()}
    dated = table.with_columns(rows["unique_id"].alias("\0id"), rows["ds"].alias("\0ds"))
    separating = [
        name
        for name in table.columns
        if name not in used
        and not dated.select("\0id", "\0ds", name).is_duplicated().any()
        and 2 * table[name].n_unique() <= len(table)
    ]
    options = " ".join(f"--id {name}" for name in [*chosen.names, *separating[:1]])
    hint = f"separate the series with {options}" if separating else "sum them first"
    raise AlmanacError(f"{path}: series {series!r} has several rows for {day}: {hint}")
