"""A column per month, quarter, week or year becomes a row per period."""

import re
from pathlib import Path

import polars as pl

from pipelines.errors import AlmanacError
from pipelines.ingest.proposals.column_values import ColumnSample
from pipelines.ingest.proposals.wide_sheets import MEASURE, YEAR, WideTable, find_wide
from pipelines.ingest.series.period_words import period_days

PLACEHOLDER = "period {}"


def unpivoted(
    path: Path, table: pl.DataFrame, titles: list[str]
) -> tuple[pl.DataFrame, list[str], str, list[str]] | None:
    """The long table, the columns that name its series, that of its dates, and notes; None where it is not wide.

    Raises AlmanacError where months stand under no year.
    """
    spelled = _as_known_spelling(table)
    wide = find_wide(spelled, titles, path.stem)
    if wide is None:
        return None
    if len(wide.next_year):
        raise AlmanacError(
            f"{path}: {wide.months[0]} to {wide.months[-1]} run over two years: name them {wide.months[0]} 2024 ..."
        )
    sums = [name for name in spelled.columns if name not in wide.headers and wide.totals.fullmatch(name)]
    long = wide.long(spelled.drop(sums))
    long, year_column = _with_years(path, long, wide, titles)
    names = [name for name in long.columns if name not in (*wide.measures, wide.name, year_column)]
    names = [name for name in names if ColumnSample.of(long[name]).number_share < 1 or _tells_apart(table, name)]
    notes = [f"{len(wide.headers)} columns, {wide.months[0]} to {wide.months[-1]}, are periods: a row was made of each"]
    notes += [f"{', '.join(sums)} sum the periods: left out"] if sums else []
    notes += [f"series are named by {' and '.join(names)}"] if names else []
    return long.rename({MEASURE: "y"} if MEASURE in long.columns else {}), names, wide.name, notes


def _as_known_spelling(table: pl.DataFrame) -> pl.DataFrame:
    """Headers as 2024-01 where one spelling of period_words.py reads at least three of them."""
    read = {name: days[name] for name in table.columns if (days := period_days([name]))}
    return table.rename({name: f"{day:%Y-%m}" for name, day in read.items()}) if len(set(read.values())) >= 3 else table


def _with_years(path: Path, long: pl.DataFrame, wide: WideTable, titles: list[str]) -> tuple[pl.DataFrame, str | None]:
    if not wide.lacks_year:
        return long, None
    period = pl.col(wide.name)
    if column := wide.year.get("column"):
        return long.with_columns((pl.col(column).str.strip_chars() + " " + period).alias(wide.name)), column
    where = {"title": " ".join(titles), "filename": path.stem}.get(next(iter(wide.year), ""), "")
    years = set(re.findall(YEAR, where))
    if len(years) != 1:
        raise AlmanacError(f"{path}: {wide.months[0]} ... {wide.months[-1]} have no year: name them as in 2024-01")
    return long.with_columns((pl.lit(f"{years.pop()} ") + period).alias(wide.name)), None


def _tells_apart(table: pl.DataFrame, name: str) -> bool:
    """Whether a column of numbers names the rows: an id, and no further measure."""
    return name == table.columns[0] and table[name].n_unique() == len(table)
